//! What a provider says that an answer took: how many tokens it read and wrote.
//!
//! The places are those of all protocols at once; no two mean different things by one name. What is no count, or one that no
//! call comes to, is as if it were not there.

use super::json::{Json, NodeId, NodeKind};

/// Counts of tokens, as far as they are said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the request, cached or not.
    pub input: Option<u64>,
    /// Tokens of the answer, with those of reasoning.
    pub output: Option<u64>,
}

impl Usage {
    /// What an answer, or an event of one, says. Events say it as it stands, not what came on top.
    pub fn of(message: &Json<'_>) -> Usage {
        let mut usage = Usage::default();
        // Of a whole answer; in Anthropic's and Cohere's events; in OpenAI's events of responses; Groq's.
        let inside = ["message", "delta", "response", "xgroq"].into_iter().filter_map(|name| message.get(0, name));
        for holder in std::iter::once(0).chain(inside) {
            let objects = ["usage", "usagemetadata"].into_iter().filter_map(|name| message.get(holder, name));
            objects.for_each(|object| usage.add(count(message, object)));
        }
        usage.add(Usage {
            // Ollama.
            input: number(message, 0, "promptevalcount"),
            output: number(message, 0, "evalcount").or_else(|| {
                // Text Generation Inference.
                number(message, message.get(0, "details")?, "generatedtokens")
            }),
        });
        usage
    }

    /// Takes in what was said elsewhere, or later: the higher count.
    pub fn add(&mut self, other: Usage) {
        self.input = self.input.max(other.input);
        self.output = self.output.max(other.output);
    }
}

/// What an object with counts says.
fn count(json: &Json<'_>, object: NodeId) -> Usage {
    let all = |names: &[&str]| sum(names.iter().map(|name| number(json, object, name)));
    // Cohere has them one deeper.
    let deeper = json.get(object, "tokens").map(|tokens| count(json, tokens)).unwrap_or_default();
    let input = all(&["prompttokens"])
        .or_else(|| all(&["prompttokencount", "tooluseprompttokencount"]))
        // Anthropic does not count what was cached, and nobody else has these.
        .or_else(|| all(&["inputtokens", "cachecreationinputtokens", "cachereadinputtokens"]));
    let output = all(&["completiontokens"])
        .or_else(|| all(&["candidatestokencount", "thoughtstokencount"]))
        .or_else(|| all(&["outputtokens"]));
    Usage { input: input.or(deeper.input), output: output.or(deeper.output) }
}

/// `None`: none of them is there.
fn sum(parts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    parts.flatten().reduce(u64::saturating_add)
}

fn number(json: &Json<'_>, object: NodeId, name: &str) -> Option<u64> {
    let node = json.get(object, name).filter(|&node| json.kind(node) == NodeKind::Number)?;
    json.raw(node).parse().ok().filter(|count| *count <= MOST)
}

/// More tokens than any call takes.
const MOST: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_provider_is_understood() {
        for (message, input, output) in [
            (
                r#"{"usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4}}}"#,
                Some(12),
                Some(5),
            ),
            (r#"{"object":"list","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}"#, Some(8), None),
            (r#"{"id":"c","choices":[],"usage":null}"#, None, None),
            (
                r#"{"id":"c","choices":[],"x_groq":{"usage":{"prompt_tokens":1,"completion_tokens":2}}}"#,
                Some(1),
                Some(2),
            ),
            (
                r#"{"usage":{"input_tokens":10,"cache_creation_input_tokens":100,"cache_read_input_tokens":1000,"output_tokens":7}}"#,
                Some(1110),
                Some(7),
            ),
            (
                r#"{"type":"message_start","message":{"usage":{"input_tokens":25,"output_tokens":1}}}"#,
                Some(25),
                Some(1),
            ),
            (
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}"#,
                None,
                Some(15),
            ),
            (
                r#"{"type":"response.completed","response":{"usage":{"input_tokens":3,"output_tokens":4,"output_tokens_details":{"reasoning_tokens":2}}}}"#,
                Some(3),
                Some(4),
            ),
            (
                r#"{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,"thoughtsTokenCount":30,"totalTokenCount":43}}"#,
                Some(9),
                Some(34),
            ),
            (r#"{"usage_metadata":{"prompt_token_count":9,"tool_use_prompt_token_count":2}}"#, Some(11), None),
            (r#"{"model":"m","done":true,"prompt_eval_count":26,"eval_count":298}"#, Some(26), Some(298)),
            (
                r#"{"usage":{"billed_units":{"input_tokens":1},"tokens":{"input_tokens":5,"output_tokens":6}}}"#,
                Some(5),
                Some(6),
            ),
            (
                r#"{"type":"message-end","delta":{"usage":{"tokens":{"input_tokens":5,"output_tokens":6}}}}"#,
                Some(5),
                Some(6),
            ),
            (r#"{"generated_text":"x","details":{"generated_tokens":20}}"#, None, Some(20)),
            (r#"[{"usage":{"prompt_tokens":1}}]"#, None, None),
            (r#""usage""#, None, None),
        ] {
            assert_eq!(Usage::of(&Json::parse(message.as_bytes()).unwrap()), Usage { input, output }, "{message}");
        }
    }

    #[test]
    fn what_is_no_count_is_not_there() {
        for count in [
            "-5",
            "1.5",
            "\"12\"",
            "1e30",
            "99999999999999999999999",
            "18446744073709551615",
            "true",
            "null",
            "[1]",
            "{}",
        ] {
            let message = format!(r#"{{"usage":{{"prompt_tokens":{count},"completion_tokens":3}}}}"#);
            let usage = Usage::of(&Json::parse(message.as_bytes()).unwrap());
            assert_eq!(usage, Usage { input: None, output: Some(3) }, "{count}");
        }
    }
}
