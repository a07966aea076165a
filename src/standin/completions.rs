//! `OpenAI`'s legacy completions: a text and what follows it.

use bytes::Bytes;
use serde_json::{Value, json};

use super::api::{Answer, Asked, CREATED, DONE, Problem, SSE, event, strings, words};
use super::script::Script;

/// What of a request the answer depends on.
struct Completions<'a> {
    script: &'a Script,
    id: String,
    model: String,
    /// One for each choice.
    prompts: Vec<String>,
    echo: bool,
    usage: bool,
}

pub(super) fn answer(asked: &Asked<'_>) -> Result<Option<Answer>, Problem> {
    let others = ["/chat/completions", "/fim/completions", "/agents/completions"];
    if !asked.posts_to("/completions") || others.iter().any(|other| asked.posts_to(other)) {
        return Ok(None);
    }
    let request = asked.json()?;
    let each = usize::try_from(request["n"].as_u64().unwrap_or(1)).unwrap_or(1);
    let mut prompts = strings(&request["prompt"]);
    if prompts.is_empty() {
        // Token ids, which nobody here can read.
        prompts.push(String::new());
    }
    let prompts = prompts.iter().flat_map(|prompt| std::iter::repeat_n(prompt.clone(), each)).take(MAX_CHOICES);
    let completions = Completions {
        script: asked.script,
        id: format!("cmpl-standin-{}", asked.call),
        model: asked.model(&request),
        prompts: prompts.collect(),
        echo: request["echo"] == true,
        usage: request["stream_options"]["include_usage"] == true,
    };
    let stream = request["stream"] == true;
    Ok(Some(if stream { Answer::Stream(SSE, completions.events()) } else { Answer::Whole(completions.whole()) }))
}

impl Completions<'_> {
    fn whole(&self) -> Value {
        let choice = |(index, prompt): (usize, &String)| {
            let before = if self.echo { prompt.as_str() } else { "" };
            choice(index, &format!("{before}{}", self.script.text(prompt)), Some("stop"))
        };
        let mut whole = self.chunk(self.prompts.iter().enumerate().map(choice).collect());
        whole["usage"] = self.tokens();
        whole
    }

    /// `[DONE]` included. Choices take turns.
    fn events(&self) -> Vec<Bytes> {
        let mut columns: Vec<std::vec::IntoIter<String>> = Vec::new();
        for prompt in &self.prompts {
            let before = self.echo.then(|| prompt.clone());
            columns.push(before.into_iter().chain(self.script.deltas(prompt)).collect::<Vec<_>>().into_iter());
        }
        let mut events = Vec::new();
        loop {
            let before = events.len();
            for (index, column) in columns.iter_mut().enumerate() {
                events.extend(column.next().map(|text| event(&self.chunk(vec![choice(index, &text, None)]))));
            }
            if events.len() == before {
                break;
            }
        }
        let end = |index| event(&self.chunk(vec![choice(index, "", Some("stop"))]));
        events.extend((0..columns.len()).map(end));
        if self.usage {
            let mut chunk = self.chunk(Vec::new());
            chunk["usage"] = self.tokens();
            events.push(event(&chunk));
        }
        events.push(Bytes::from_static(DONE));
        events
    }

    fn chunk(&self, choices: Vec<Value>) -> Value {
        json!({
            "id": self.id, "object": "text_completion", "created": CREATED, "model": self.model, "choices": choices,
        })
    }

    fn tokens(&self) -> Value {
        let prompt: usize = self.prompts.iter().map(|prompt| words(prompt)).sum();
        let completion: usize = self.prompts.iter().map(|prompt| words(&self.script.text(prompt))).sum();
        json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
    }
}

fn choice(index: usize, text: &str, finish: Option<&str>) -> Value {
    json!({"text": text, "index": index, "logprobs": null, "finish_reason": finish})
}

/// Most choices in one answer.
const MAX_CHOICES: usize = 128;
