//! What ends an answer of `OpenAI` Responses so that official clients finish cleanly: all that stands open is closed with
//! what was sent of it, and the last event says again what was sent, and nothing else.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Ending, StreamView};
use crate::segment::Kind;

/// A whole answer in which the model declines.
pub(super) fn refused(id: &str, created: u64, model: &str, message: &str) -> Value {
    let mut response = begun(id, created, model);
    let part = json!({ "type": "refusal", "refusal": message });
    response["status"] = "completed".into();
    response["output"] = json!([said(&format!("msg_{id}"), "completed", &[part])]);
    response
}

/// Ends an answer as the provider ends one that its filter stops; with a refusal, as one in which the model declines.
pub(super) fn ending(view: &StreamView, ending: &Ending<'_>) -> String {
    if view.over {
        return String::new();
    }
    let Some(kept) = &view.kept else { return failure(ending.refusal.unwrap_or("The answer was blocked.")) };
    let mut out = Out { text: String::new(), sequence: view.sequence.map_or(0, |last| last.saturating_add(1)) };
    let mut answer = Answer::read(kept);
    for (pointer, text) in &view.texts {
        answer.take_text(pointer, text);
    }
    // What was sent of them is not known.
    answer.items.retain(|_, item| !item.open || !view.unread.contains(&item.says()));
    if answer.response.is_null() {
        let id = view.id.clone().unwrap_or_else(|| format!("resp_{}", ending.id));
        answer.response = begun(&id, ending.created, view.model.as_deref().unwrap_or_default());
        for name in ["response.created", "response.in_progress"] {
            out.event(name, json!({ "response": answer.response }));
        }
    }
    let last = answer.items.last_key_value().map(|(&index, _)| index);
    let next = last.map_or(0, |last| last + 1);
    let goes_on = |index: u64, item: &Item| ending.refusal.is_some() && Some(index) == last && item.kind() == "message";
    let mut declines = None;
    for (&index, item) in answer.items.iter_mut().filter(|(_, item)| item.open && item.is_said()) {
        item.close_parts(index, &mut out);
        if goes_on(index, item) {
            declines = Some(index);
        } else {
            item.close(index, "incomplete", &mut out);
        }
    }
    if let Some(message) = ending.refusal {
        let index = declines.unwrap_or(next);
        let item = answer.items.entry(index).or_insert_with(|| {
            let item = Item::new(said(&format!("msg_{}", ending.id), "in_progress", &[]));
            out.event("response.output_item.added", json!({ "output_index": index, "item": item.value }));
            item
        });
        item.decline(index, message, &mut out);
    }
    let (name, status) = match ending.refusal {
        Some(_) => ("response.completed", "completed"),
        None => ("response.incomplete", "incomplete"),
    };
    let mut response = answer.response;
    if let Some(response) = response.as_object_mut() {
        // A call that is not whole is of no use to anybody.
        let output = answer.items.into_values().filter(|item| !item.open).map(|item| item.value);
        response.insert("status".to_owned(), status.into());
        response.insert("output".to_owned(), output.collect());
        if ending.refusal.is_none() {
            response.insert("incomplete_details".to_owned(), json!({ "reason": "content_filter" }));
        }
    }
    out.event(name, json!({ "response": response }));
    out.text
}

/// The nested form of an error: the flat one that the reference shows is handed on by clients and not raised.
pub(super) fn failure(message: &str) -> String {
    let error = json!({ "type": "server_error", "code": "upstream_error", "message": message, "param": null });
    format!("data: {}\n\n", json!({ "error": error }))
}

/// An answer that has just begun.
fn begun(id: &str, created: u64, model: &str) -> Value {
    let id = if id.starts_with("resp_") { id.to_owned() } else { format!("resp_{id}") };
    json!({
        "id": id,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": true,
        "temperature": null,
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "usage": null,
    })
}

fn said(id: &str, status: &str, content: &[Value]) -> Value {
    json!({ "id": id, "type": "message", "status": status, "role": "assistant", "content": content })
}

/// Events, numbered.
struct Out {
    text: String,
    sequence: u64,
}

impl Out {
    fn event(&mut self, name: &str, rest: Value) {
        let mut data = json!({ "type": name, "sequence_number": self.sequence });
        if let (Some(data), Value::Object(rest)) = (data.as_object_mut(), rest) {
            data.extend(rest);
        }
        self.sequence = self.sequence.saturating_add(1);
        self.text += &format!("event: {name}\ndata: {data}\n\n");
    }
}

/// What the client knows of the answer.
#[derive(Default)]
struct Answer {
    /// Null before the answer began.
    response: Value,
    items: BTreeMap<u64, Item>,
}

struct Item {
    value: Value,
    open: bool,
    /// By whether they are of the summary, and number.
    parts: BTreeMap<(bool, u64), Part>,
}

struct Part {
    value: Value,
    open: bool,
    /// Its text was said whole.
    done: bool,
}

impl Answer {
    /// Puts together what events said, of those that began and ended something.
    fn read(kept: &[Vec<u8>]) -> Answer {
        let mut answer = Answer::default();
        for mut event in kept.iter().filter_map(|data| serde_json::from_slice::<Value>(data).ok()) {
            answer.take(&mut event);
        }
        answer
    }

    fn take(&mut self, event: &mut Value) {
        let name = event["type"].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| event[name].as_u64().unwrap_or(0);
        let index = number("output_index");
        let part = match (event.get("content_index"), event.get("summary_index")) {
            (_, Some(_)) => (true, number("summary_index")),
            _ => (false, number("content_index")),
        };
        match name.as_str() {
            "response.created" => *self = Answer { response: event["response"].take(), items: BTreeMap::new() },
            "response.output_item.added" => {
                self.items.insert(index, Item::new(event["item"].take()));
            }
            "response.output_item.done" => {
                self.items.insert(index, Item { open: false, ..Item::new(event["item"].take()) });
            }
            "response.content_part.added" | "response.reasoning_summary_part.added" => {
                let value = event["part"].take();
                if let Some(item) = self.items.get_mut(&index) {
                    item.parts.insert(part, Part { value, open: true, done: false });
                }
            }
            "response.content_part.done" | "response.reasoning_summary_part.done" => {
                let value = event["part"].take();
                if let Some(item) = self.items.get_mut(&index) {
                    item.parts.insert(part, Part { value, open: false, done: true });
                }
            }
            _ => {
                if let Some(part) = self.items.get_mut(&index).and_then(|item| item.parts.get_mut(&part)) {
                    part.done = true;
                }
            }
        }
    }

    /// What was sent of a text.
    fn take_text(&mut self, pointer: &str, text: &str) {
        let mut steps = pointer.split('/').skip(1);
        let (Some("output"), Some(item), Some(list), Some(part), Some(field), None) =
            (steps.next(), steps.next(), steps.next(), steps.next(), steps.next(), steps.next())
        else {
            return;
        };
        let (Ok(item), Ok(part)) = (item.parse::<u64>(), part.parse::<u64>()) else { return };
        let Some(item) = self.items.get_mut(&item).filter(|item| item.open) else { return };
        let kind = match (list, field) {
            ("content", "refusal") => "refusal",
            ("content", "text") if item.kind() == "reasoning" => "reasoning_text",
            ("content", "text") => "output_text",
            ("summary", "text") => "summary_text",
            _ => return,
        };
        // Some servers do not announce parts.
        let part = item.parts.entry((list == "summary", part)).or_insert_with(|| {
            let value = match kind {
                "output_text" => json!({ "type": kind, "annotations": [], "logprobs": [] }),
                _ => json!({ "type": kind }),
            };
            Part { value, open: true, done: false }
        });
        if let (true, Some(part)) = (part.open, part.value.as_object_mut()) {
            part.insert(field.to_owned(), text.into());
        }
    }
}

impl Item {
    fn new(value: Value) -> Item {
        Item { value, open: true, parts: BTreeMap::new() }
    }

    fn kind(&self) -> &str {
        self.value["type"].as_str().unwrap_or_default()
    }

    /// The kind of its text.
    fn says(&self) -> Kind {
        if self.kind() == "reasoning" { Kind::Reasoning } else { Kind::Completion }
    }

    /// Whether it is made of parts, so that a piece of it is of use.
    fn is_said(&self) -> bool {
        matches!(self.kind(), "message" | "reasoning")
    }

    fn close_parts(&mut self, index: u64, out: &mut Out) {
        let id = self.value["id"].clone();
        for (&(summary, number), part) in self.parts.iter_mut().filter(|(_, part)| part.open) {
            part.open = false;
            let kind = part.value["type"].as_str().unwrap_or_default();
            let (done, field) = match kind {
                "refusal" => ("response.refusal.done", "refusal"),
                "reasoning_text" => ("response.reasoning_text.done", "text"),
                "summary_text" => ("response.reasoning_summary_text.done", "text"),
                _ => ("response.output_text.done", "text"),
            };
            let (number_name, part_done) = if summary {
                ("summary_index", "response.reasoning_summary_part.done")
            } else {
                ("content_index", "response.content_part.done")
            };
            let head = || {
                let mut head = Map::new();
                head.insert("item_id".to_owned(), id.clone());
                head.insert("output_index".to_owned(), index.into());
                head.insert(number_name.to_owned(), number.into());
                head
            };
            if !part.done {
                let mut event = head();
                event.insert(field.to_owned(), part.value[field].clone());
                if kind == "output_text" {
                    event.insert("logprobs".to_owned(), json!([]));
                }
                out.event(done, event.into());
            }
            let mut event = head();
            event.insert("part".to_owned(), part.value.clone());
            out.event(part_done, event.into());
        }
    }

    fn close(&mut self, index: u64, status: &str, out: &mut Out) {
        let parts = |summary: bool| {
            let own = self.parts.iter().filter(move |((of_summary, _), _)| *of_summary == summary);
            own.map(|(_, part)| part.value.clone()).collect::<Vec<_>>()
        };
        let (content, summary) = (parts(false), parts(true));
        if let Some(value) = self.value.as_object_mut() {
            for (name, parts) in [("content", content), ("summary", summary)] {
                if !parts.is_empty() {
                    value.insert(name.to_owned(), parts.into());
                }
            }
            value.insert("status".to_owned(), status.into());
        }
        self.open = false;
        out.event("response.output_item.done", json!({ "output_index": index, "item": self.value }));
    }

    /// Says in a part of its own that the model declines, and closes.
    fn decline(&mut self, index: u64, message: &str, out: &mut Out) {
        let (id, number) = (self.value["id"].clone(), self.parts.len() as u64);
        let at = |rest: Value| {
            let mut event = json!({ "item_id": id, "output_index": index, "content_index": number });
            if let (Some(event), Value::Object(rest)) = (event.as_object_mut(), rest) {
                event.extend(rest);
            }
            event
        };
        let part = |text: &str| json!({ "type": "refusal", "refusal": text });
        out.event("response.content_part.added", at(json!({ "part": part("") })));
        out.event("response.refusal.delta", at(json!({ "delta": message })));
        out.event("response.refusal.done", at(json!({ "refusal": message })));
        out.event("response.content_part.done", at(json!({ "part": part(message) })));
        self.parts.insert((false, number), Part { value: part(message), open: false, done: true });
        self.close(index, "completed", out);
    }
}
