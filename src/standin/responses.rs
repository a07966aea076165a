//! `OpenAI` Responses: answers, and what may be asked of an answer that was stored.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::api::{Answer, Asked, CREATED, Problem, SSE, named, said, words};

/// The answers that may be asked for again, the newest last.
#[derive(Debug, Default)]
pub(super) struct Store(Mutex<VecDeque<Stored>>);

#[derive(Debug)]
struct Stored {
    response: Value,
    events: Vec<Value>,
    input: Vec<Value>,
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    if asked.posts_to("/responses") {
        return create(asked).map(Some);
    }
    if asked.posts_to("/responses/input_tokens") {
        let count = words(&said_in(&asked.json()?["input"]));
        return Ok(Some(Answer::Whole(json!({"object": "response.input_tokens", "input_tokens": count}))));
    }
    match asked.path.rsplit_once("/responses/") {
        Some((_, rest)) => of_stored(asked, rest),
        None => Ok(None),
    }
}

fn create(asked: &Asked<'_>) -> Result<Answer, Problem> {
    let request = asked.json()?;
    let response = Response { asked, model: asked.model(&request), said: said_in(&request["input"]), request };
    let items = response.items();
    let (whole, events) = (response.object("completed", &items), response.events(&items));
    let answer = if response.request["stream"] == true {
        Answer::Stream(SSE, events.iter().map(named).collect())
    } else if response.request["background"] == true {
        Answer::Whole(response.object("queued", &[]))
    } else {
        Answer::Whole(whole.clone())
    };
    if response.request["store"] != false {
        asked.store.keep(Stored { response: whole, events, input: response.input() });
    }
    Ok(answer)
}

/// An answer to be.
struct Response<'a> {
    asked: &'a Asked<'a>,
    model: String,
    said: String,
    request: Value,
}

impl Response<'_> {
    /// The response as it is while it has come so far. What was asked for is said again.
    fn object(&self, status: &str, output: &[Value]) -> Value {
        let asked = |field: &str, otherwise: Value| match &self.request[field] {
            Value::Null => otherwise,
            value => value.clone(),
        };
        let usage = if status == "completed" { self.usage() } else { Value::Null };
        json!({
            "id": format!("resp_standin_{}", self.asked.call), "object": "response", "created_at": CREATED,
            "status": status, "background": self.request["background"] == true, "error": null,
            "incomplete_details": null, "instructions": self.request["instructions"],
            "max_output_tokens": self.request["max_output_tokens"], "model": self.model, "output": output,
            "parallel_tool_calls": asked("parallel_tool_calls", true.into()),
            "previous_response_id": self.request["previous_response_id"],
            "reasoning": asked("reasoning", json!({"effort": null, "summary": null})),
            "store": self.request["store"] != false, "temperature": asked("temperature", 1.0.into()),
            "text": asked("text", json!({"format": {"type": "text"}})),
            "tool_choice": asked("tool_choice", "auto".into()), "tools": asked("tools", json!([])),
            "top_p": asked("top_p", 1.0.into()), "truncation": "disabled", "usage": usage, "user": null,
            "metadata": asked("metadata", json!({})),
        })
    }

    fn usage(&self) -> Value {
        let (input, output) = (words(&self.said), words(&self.asked.script.text(&self.said)));
        json!({
            "input_tokens": input, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input + output,
        })
    }

    fn items(&self) -> Vec<Value> {
        let script = self.asked.script;
        let mut items = Vec::new();
        if let Some(thought) = &script.think {
            let mut item = json!({
                "id": self.id("rs", 0), "type": "reasoning", "summary": [{"type": "summary_text", "text": thought}],
            });
            let wanted = self.request["include"].as_array();
            if wanted.is_some_and(|all| all.iter().any(|one| one == "reasoning.encrypted_content")) {
                item["encrypted_content"] = ENCRYPTED.into();
            }
            items.push(item);
        }
        items.push(if let Some((name, arguments)) = &script.tool {
            json!({
                "id": self.id("fc", items.len()), "type": "function_call", "status": "completed",
                "call_id": "call_standin_0", "name": name, "arguments": arguments,
            })
        } else {
            json!({
                "id": self.id("msg", items.len()), "type": "message", "status": "completed",
                "content": [text_part(&self.text())], "role": "assistant",
            })
        });
        items
    }

    /// In a stream what its deltas add up to.
    fn text(&self) -> String {
        let script = self.asked.script;
        if self.request["stream"] == true { script.deltas(&self.said).concat() } else { script.text(&self.said) }
    }

    fn id(&self, kind: &str, index: usize) -> String {
        format!("{kind}_standin_{}_{index}", self.asked.call)
    }

    /// Every event of the answer as a stream, numbered.
    fn events(&self, items: &[Value]) -> Vec<Value> {
        let now = |kind: &str, status| json!({"type": kind, "response": self.object(status, &[])});
        let mut events = vec![now("response.created", "in_progress"), now("response.in_progress", "in_progress")];
        for (index, item) in items.iter().enumerate() {
            events.push(json!({"type": "response.output_item.added", "output_index": index, "item": begun(item)}));
            for mut event in self.inside(item) {
                event["item_id"] = item["id"].clone();
                event["output_index"] = index.into();
                events.push(event);
            }
            events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
        }
        events.push(json!({"type": "response.completed", "response": self.object("completed", items)}));
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = number.into();
        }
        events
    }

    /// The events between an item's beginning and its end.
    fn inside(&self, item: &Value) -> Vec<Value> {
        let script = self.asked.script;
        let text = |pointer| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        match item["type"].as_str() {
            Some("reasoning") => {
                let text = text("/summary/0/text");
                let event = |kind: &str, field: &str, value: Value| json!({"type": format!("response.reasoning_summary_{kind}"), "summary_index": 0, field: value});
                let part = |text: &str| json!({"type": "summary_text", "text": text});
                let deltas = script.chunks(text).into_iter();
                let mut events = vec![event("part.added", "part", part(""))];
                events.extend(deltas.map(|delta| event("text.delta", "delta", delta.into())));
                events.push(event("text.done", "text", text.into()));
                events.push(event("part.done", "part", part(text)));
                events
            }
            Some("function_call") => {
                let arguments = text("/arguments");
                let event = |kind: &str, field: &str, value: String| json!({"type": format!("response.function_call_arguments.{kind}"), field: value});
                let deltas = script.chunks(arguments).into_iter();
                let mut events: Vec<Value> = deltas.map(|delta| event("delta", "delta", delta)).collect();
                let mut done = event("done", "arguments", arguments.to_owned());
                done["name"] = item["name"].clone();
                events.push(done);
                events
            }
            _ => {
                let text = text("/content/0/text");
                let event = |kind: &str| json!({"type": format!("response.{kind}"), "content_index": 0});
                let part = |kind: &str, text: &str| {
                    let mut event = event(kind);
                    event["part"] = text_part(text);
                    event
                };
                let said = |kind: &str, field: &str, text: String| {
                    let mut event = event(kind);
                    event[field] = text.into();
                    event["logprobs"] = json!([]);
                    event
                };
                let deltas = script.deltas(&self.said).into_iter();
                let mut events = vec![part("content_part.added", "")];
                events.extend(deltas.map(|delta| said("output_text.delta", "delta", delta)));
                events.push(said("output_text.done", "text", text.to_owned()));
                events.push(part("content_part.done", text));
                events
            }
        }
    }

    /// What was asked, as the list of input items shows it.
    fn input(&self) -> Vec<Value> {
        let one = match &self.request["input"] {
            Value::Array(items) => items.clone(),
            text => vec![json!({"type": "message", "role": "user", "content": text})],
        };
        let item = |(index, mut item): (usize, Value)| {
            if item["type"].is_null() {
                item["type"] = "message".into();
            }
            if item["id"].is_null() {
                item["id"] = self.id("in", index).into();
            }
            if let Value::String(text) = &item["content"] {
                let kind = if item["role"] == "assistant" { "output_text" } else { "input_text" };
                item["content"] = json!([{"type": kind, "text": text}]);
            }
            item
        };
        one.into_iter().enumerate().map(item).collect()
    }
}

/// What a response says to a request about it; `rest` is what its path has behind `/responses/`.
fn of_stored(asked: &Asked<'_>, rest: &str) -> Result<Option<Answer>, Problem> {
    let (id, what) = rest.split_once('/').unwrap_or((rest, ""));
    let mut all = asked.store.0.lock().unwrap_or_else(PoisonError::into_inner);
    let place = all.iter().position(|stored| stored.response["id"] == id);
    let place = place.ok_or_else(|| Problem {
        status: StatusCode::NOT_FOUND,
        message: format!("Response with id '{id}' not found."),
    });
    Ok(match (asked.method, what) {
        (&Method::GET, "") => {
            let stored = &all[place?];
            Some(if asked.parameter("stream") == Some("true") {
                let after = asked.parameter("starting_after").and_then(|number| number.parse().ok());
                let first = after.map_or(0, |number: usize| number.saturating_add(1));
                Answer::Stream(SSE, stored.events.iter().skip(first).map(named).collect())
            } else {
                Answer::Whole(stored.response.clone())
            })
        }
        (&Method::GET, "input_items") => {
            let input = &all[place?].input;
            let id = |item: Option<&Value>| item.map(|item| item["id"].clone());
            Some(Answer::Whole(json!({
                "object": "list", "data": input, "first_id": id(input.first()), "last_id": id(input.last()),
                "has_more": false,
            })))
        }
        (&Method::POST, "cancel") => {
            let response = &mut all[place?].response;
            response["status"] = "cancelled".into();
            Some(Answer::Whole(response.clone()))
        }
        (&Method::DELETE, "") => {
            all.remove(place?);
            Some(Answer::Whole(json!({"id": id, "object": "response", "deleted": true})))
        }
        _ => None,
    })
}

impl Store {
    fn keep(&self, stored: Stored) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == MAX_STORED {
            all.pop_front();
        }
        all.push_back(stored);
    }
}

/// What the user said last: the whole input, or a message of it.
fn said_in(input: &Value) -> String {
    input.as_str().map_or_else(|| said(input), str::to_owned)
}

/// An item as it is before anything of it has come.
fn begun(item: &Value) -> Value {
    let mut item = item.clone();
    for (field, empty) in [("summary", json!([])), ("content", json!([])), ("arguments", "".into())] {
        if !item[field].is_null() {
            item[field] = empty;
        }
    }
    if !item["status"].is_null() {
        item["status"] = "in_progress".into();
    }
    item
}

fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}

/// Reasoning that only its maker can read.
const ENCRYPTED: &str = "c2VhbGVkIGJ5IHRoZSBzdGFuZC1pbg==";

/// Most answers kept.
const MAX_STORED: usize = 64;
