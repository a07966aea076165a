//! `OpenAI` Responses: requests, whole answers, and what else lies below `/responses`.
//!
//! Source: the provider's API reference and SDK types (November 2026). Events and endings are in
//! `openai_responses_stream`, the shapes of items in `openai_responses_items`.

use super::framing::Frames;
use super::json::{Json, NodeId, NodeKind};
use super::openai_responses_ending as ending;
use super::openai_responses_items::{CONTENT, INPUT, INSTRUCTIONS, OUTPUT, TOOL, TOOLS};
use super::openai_responses_stream as stream;
use super::walk::{Index, Shape};
use super::{Answer, Asked, Ending, Keeps, Mark, Problem, Protocol, StreamView};
use crate::segment::{Kind, Media};

/// The adapter.
pub(super) struct OpenAiResponses {
    /// Of what is no answer of a model: `compact`, `input_tokens`, `{id}/input_items`.
    pub(super) aside: bool,
}

impl Protocol for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai-responses"
    }

    fn recognises(&self, path: &str) -> bool {
        let Some((_, rest)) = path.rsplit_once("/responses") else { return false };
        let aside = match rest.strip_prefix('/') {
            None => rest.is_empty().then_some(false),
            Some("compact" | "input_tokens") => Some(true),
            Some(id) if !id.is_empty() && !id.contains('/') => Some(false),
            Some(rest) if rest.split('/').count() == 2 => Some(!rest.ends_with("/cancel")),
            Some(_) => None,
        };
        aside == Some(self.aside)
    }

    fn request(&self) -> (&'static Shape, Kind) {
        (&REQUEST, Kind::User)
    }

    fn response(&self) -> (&'static Shape, Kind) {
        (&stream::ANSWER_OR_EVENT, Kind::Completion)
    }

    /// A stored answer is asked for by its target alone.
    fn asked(&self, json: &Json<'_>, target: &http::Uri) -> Asked {
        let mut asked = Asked::in_openai_style(json);
        if target.query().is_some_and(|query| query.split('&').any(|pair| pair == "stream=true")) {
            asked.stream = Some(Frames::Sse);
        }
        asked
    }

    fn repeats(&self) -> bool {
        true
    }

    fn mark(&self, event: &Json<'_>) -> Mark {
        stream::mark(event)
    }

    fn joined_pointer(&self, event: &Json<'_>, node: NodeId) -> String {
        stream::joined_pointer(event, node)
    }

    fn keeps(&self) -> Keeps {
        if self.aside { Keeps::Never } else { Keeps::UnlessToldNot }
    }

    fn kept_as(&self, message: &Json<'_>) -> Vec<String> {
        let root = message.get(0, "response").unwrap_or(0);
        let output = message.get(root, "output").map(|output| message.elements(output)).into_iter().flatten();
        let item = message.get(0, "item");
        let own = [root].into_iter().chain(item).chain(output).filter_map(|node| message.get(node, "id"));
        strings(message, own.chain(conversation(message, root)))
    }

    fn goes_on_from(&self, request: &Json<'_>) -> Vec<String> {
        let input = request.get(0, "input").map(|input| request.elements(input)).into_iter().flatten();
        // A lone id names an item that is stored.
        let named = input.filter(|&item| {
            let kind = request.get(item, "type").map(|kind| request.string(kind));
            kind.as_deref() == Some("item_reference") || request.get(item, "role").is_none()
        });
        let items = named.filter_map(|item| request.get(item, "id"));
        let previous = request.get(0, "previousresponseid");
        strings(request, items.chain(previous).chain(conversation(request, 0)))
    }

    fn resumes_by(&self) -> Option<&'static str> {
        Some("startingafter")
    }

    fn error_body(&self, problem: &Problem<'_>) -> String {
        super::openai_problem(problem)
    }

    fn can_refuse(&self) -> bool {
        !self.aside
    }

    fn refusal_body(&self, answer: &Answer<'_>) -> String {
        ending::refused(answer.id, answer.created, answer.model, answer.message).to_string()
    }

    fn refusal_stream(&self, answer: &Answer<'_>) -> String {
        let view = StreamView { model: Some(answer.model.to_owned()), kept: Some(Vec::new()), ..StreamView::default() };
        let end = Ending {
            message: answer.message,
            id: answer.id,
            created: answer.created,
            choices: &[],
            refusal: Some(answer.message),
            usage: false,
            last: true,
            frames: answer.frames,
        };
        ending::ending(&view, &end)
    }

    fn ending(&self, view: &StreamView, end: &Ending<'_>) -> String {
        ending::ending(view, end)
    }

    /// In the nested form: the flat one that the reference shows is handed on by clients and not raised.
    fn failure(&self, message: &str, _frames: Frames) -> String {
        ending::failure(message)
    }
}

/// The id of a conversation, which stands by itself or in an object.
fn conversation(json: &Json<'_>, root: NodeId) -> Option<NodeId> {
    let conversation = json.get(root, "conversation")?;
    Some(json.get(conversation, "id").unwrap_or(conversation))
}

fn strings(json: &Json<'_>, nodes: impl Iterator<Item = NodeId>) -> Vec<String> {
    let strings = nodes.filter(|&node| json.kind(node) == NodeKind::String);
    strings.map(|node| json.string(node).into_owned()).filter(|id| !id.is_empty()).collect()
}

static REQUEST: Shape = Shape::Object(&[
    ("input", INPUT),
    ("instructions", INSTRUCTIONS),
    ("model", Shape::Harmless),
    ("stream", Shape::Harmless),
    ("streamoptions", Shape::Object(&[("includeobfuscation", Shape::Harmless)])),
    ("store", Shape::Harmless),
    ("include", Shape::Harmless),
    ("temperature", Shape::Harmless),
    ("topp", Shape::Harmless),
    ("toplogprobs", Shape::Harmless),
    ("maxoutputtokens", Shape::Harmless),
    ("maxtoolcalls", Shape::Harmless),
    ("paralleltoolcalls", Shape::Harmless),
    ("presencepenalty", Shape::Harmless),
    ("frequencypenalty", Shape::Harmless),
    ("truncation", Shape::Harmless),
    ("servicetier", Shape::Harmless),
    ("promptcacheretention", Shape::Harmless),
    ("reasoning", REASONING),
    ("text", TEXT),
    ("tools", TOOLS),
    ("toolchoice", TOOL_CHOICE),
    ("prompt", PROMPT),
    ("previousresponseid", STATE),
    ("conversation", STATE),
    // The answer is fetched later.
    ("background", STATE),
    ("contextmanagement", CONTEXT_MANAGEMENT),
    ("moderation", Shape::Within(Kind::Metadata, &Shape::Harmless)),
    ("metadata", Shape::Deep(Kind::Metadata)),
    ("user", Shape::Text(Kind::Metadata)),
    ("safetyidentifier", Shape::Text(Kind::Metadata)),
    ("promptcachekey", Shape::Text(Kind::Metadata)),
]);

const STATE: Shape = Shape::Media(Media::ServerState);

const REASONING: Shape = Shape::Object(&[
    ("effort", Shape::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    ("summary", Shape::OneOf(&["auto", "concise", "detailed"])),
    ("generatesummary", Shape::OneOf(&["auto", "concise", "detailed"])),
    ("context", Shape::Harmless),
    ("mode", Shape::Harmless),
]);

const TEXT: Shape = Shape::Object(&[
    (
        "format",
        Shape::Within(
            Kind::ToolDefinition,
            &Shape::Object(&[
                ("type", Shape::OneOf(&["text", "json_schema", "json_object"])),
                ("name", Shape::Inherit),
                ("description", Shape::Inherit),
                ("schema", Shape::Deep(Kind::ToolDefinition)),
                ("strict", Shape::Harmless),
            ]),
        ),
    ),
    ("verbosity", Shape::OneOf(&["low", "medium", "high"])),
]);

const TOOL_CHOICE: Shape = Shape::Within(Kind::ToolDefinition, &TOOL);

/// A template that is kept at the provider, and what is put into it.
const PROMPT: Shape = Shape::Object(&[
    ("id", STATE),
    ("version", Shape::Id),
    ("variables", Shape::Within(Kind::User, &Shape::Map(&CONTENT))),
]);

const CONTEXT_MANAGEMENT: Shape = Shape::Within(
    Kind::System,
    &Shape::Each(
        Index::Position,
        &Shape::Object(&[("type", Shape::OneOf(&["compaction"])), ("compactthreshold", Shape::Harmless)]),
    ),
);

/// A whole answer, an error, or a list of items.
pub(super) static RESPONSE: Shape = Shape::Object(&[
    ("id", Shape::Harmless),
    ("object", Shape::Harmless),
    ("createdat", Shape::Harmless),
    ("completedat", Shape::Harmless),
    ("expiresat", Shape::Harmless),
    ("status", Shape::Harmless),
    ("statusdetails", Shape::Text(Kind::Completion)),
    ("background", Shape::Harmless),
    ("billing", Shape::Harmless),
    ("error", ERROR),
    ("incompletedetails", Shape::Harmless),
    ("instructions", INSTRUCTIONS),
    ("maxoutputtokens", Shape::Harmless),
    ("maxtoolcalls", Shape::Harmless),
    ("model", Shape::Harmless),
    ("output", OUTPUT),
    ("outputtext", Shape::Text(Kind::Completion)),
    ("paralleltoolcalls", Shape::Harmless),
    ("presencepenalty", Shape::Harmless),
    ("frequencypenalty", Shape::Harmless),
    ("previousresponseid", Shape::Harmless),
    ("conversation", Shape::Harmless),
    ("prompt", Shape::Object(&[("id", Shape::Harmless), ("version", Shape::Harmless), ("variables", VARIABLES)])),
    ("promptcacheretention", Shape::Harmless),
    ("reasoning", REASONING),
    ("servicetier", Shape::Harmless),
    ("store", Shape::Harmless),
    ("temperature", Shape::Harmless),
    ("text", TEXT),
    ("tools", TOOLS),
    ("toolchoice", TOOL_CHOICE),
    ("tooluse", Shape::Harmless),
    ("toolusage", Shape::Harmless),
    ("toplogprobs", Shape::Harmless),
    ("topp", Shape::Harmless),
    ("truncation", Shape::Harmless),
    ("usage", Shape::Harmless),
    ("moderation", Shape::Harmless),
    // Azure's.
    ("contentfilters", Shape::Harmless),
    ("metadata", Shape::Deep(Kind::Metadata)),
    ("user", Shape::Text(Kind::Metadata)),
    ("safetyidentifier", Shape::Text(Kind::Metadata)),
    ("promptcachekey", Shape::Text(Kind::Metadata)),
    // Of lists, of deletions and of counts.
    ("data", OUTPUT),
    ("firstid", Shape::Harmless),
    ("lastid", Shape::Harmless),
    ("hasmore", Shape::Harmless),
    ("deleted", Shape::Harmless),
    ("inputtokens", Shape::Harmless),
]);

const VARIABLES: Shape = Shape::Within(Kind::User, &Shape::Map(&CONTENT));

pub(super) const ERROR: Shape = Shape::Object(&[
    ("message", Shape::Text(Kind::Completion)),
    ("type", Shape::Harmless),
    ("param", Shape::Harmless),
    ("code", Shape::Harmless),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_responses_are_told_apart() {
        let of = |path: &str| [false, true].map(|aside| OpenAiResponses { aside }.recognises(path));
        for answer in ["/v1/responses", "/responses", "/v1/responses/resp_1", "/v1/responses/resp_1/cancel"] {
            assert_eq!(of(answer), [true, false], "{answer}");
        }
        for aside in ["/v1/responses/compact", "/v1/responses/input_tokens", "/v1/responses/resp_1/input_items"] {
            assert_eq!(of(aside), [false, true], "{aside}");
        }
        for other in ["/v1/responses/a/b/c", "/v1/response", "/v1/responsesx", "/v1/chat/completions"] {
            assert_eq!(of(other), [false, false], "{other}");
        }
    }
}
