//! Event streams of `OpenAI` Responses: where each event's strings stand in the whole answer, and which blocks it begins
//! and ends. What ends a stream is in `openai_responses_ending`.
//!
//! A text comes up to five times: in pieces, whole when it is done, in its part, in its item and in the answer. All but the
//! pieces are repeats.

use super::Mark;
use super::json::{Json, NodeId, fold_key};
use super::openai_responses::{ERROR, RESPONSE};
use super::openai_responses_items::{ANNOTATION, OUTPUT_ITEM, PART};
use super::walk::{self, Shape, Way};
use crate::segment::{Kind, Media};

/// A whole answer has no `type`.
pub(super) static ANSWER_OR_EVENT: Shape = Shape::Tagged(|tag| match tag {
    "" => &RESPONSE,
    _ => event(tag).map_or(&OTHER, |event| event.shape),
});

/// What is known of an event.
struct Event {
    name: &'static str,
    shape: &'static Shape,
    place: Place,
    does: Does,
}

/// Which block of the answer an event is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Answer,
    Item,
    Part,
    Summary,
}

/// What it does to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Begin,
    GoOn,
    End,
    Nothing,
}

fn event(name: &str) -> Option<&'static Event> {
    EVENTS.iter().find(|event| event.name == name)
}

const fn new(name: &'static str, shape: &'static Shape, place: Place, does: Does) -> Event {
    Event { name, shape, place, does }
}

/// Every event that the provider documents. Others are text, and told of.
static EVENTS: &[Event] = &[
    // The most frequent first.
    new("response.output_text.delta", &TEXT, Place::Part, Does::GoOn),
    new("response.function_call_arguments.delta", &ARGUMENTS, Place::Item, Does::GoOn),
    new("response.reasoning_summary_text.delta", &SUMMARY_TEXT, Place::Summary, Does::GoOn),
    new("response.reasoning_text.delta", &REASONING_TEXT, Place::Part, Does::GoOn),
    new("response.custom_tool_call_input.delta", &INPUT, Place::Item, Does::GoOn),
    new("response.mcp_call_arguments.delta", &ARGUMENTS, Place::Item, Does::GoOn),
    new("response.code_interpreter_call_code.delta", &CODE, Place::Item, Does::GoOn),
    new("response.refusal.delta", &REFUSAL, Place::Part, Does::GoOn),
    new("response.created", &WHOLE, Place::Answer, Does::Begin),
    new("response.queued", &WHOLE, Place::Answer, Does::Nothing),
    new("response.in_progress", &WHOLE, Place::Answer, Does::Nothing),
    new("response.completed", &WHOLE, Place::Answer, Does::End),
    new("response.incomplete", &WHOLE, Place::Answer, Does::End),
    new("response.failed", &WHOLE, Place::Answer, Does::End),
    new("response.cancelled", &WHOLE, Place::Answer, Does::End),
    new("response.output_item.added", &ITEM, Place::Item, Does::Begin),
    new("response.output_item.done", &ITEM, Place::Item, Does::End),
    new("response.content_part.added", &PARTS, Place::Part, Does::Begin),
    new("response.content_part.done", &PARTS, Place::Part, Does::End),
    new("response.output_text.done", &TEXT, Place::Part, Does::End),
    new("response.output_text.annotation.added", &ANNOTATION_EVENT, Place::Part, Does::Nothing),
    new("response.refusal.done", &REFUSAL, Place::Part, Does::End),
    new("response.reasoning_text.done", &REASONING_TEXT, Place::Part, Does::End),
    new("response.reasoning_summary_part.added", &SUMMARY_PARTS, Place::Summary, Does::Begin),
    new("response.reasoning_summary_part.done", &SUMMARY_PARTS, Place::Summary, Does::End),
    new("response.reasoning_summary_text.done", &SUMMARY_TEXT, Place::Summary, Does::End),
    new("response.function_call_arguments.done", &ARGUMENTS, Place::Item, Does::End),
    new("response.custom_tool_call_input.done", &INPUT, Place::Item, Does::End),
    new("response.mcp_call_arguments.done", &ARGUMENTS, Place::Item, Does::End),
    new("response.code_interpreter_call_code.done", &CODE, Place::Item, Does::End),
    new("response.apply_patch_call_operation_diff.delta", &DIFF, Place::Item, Does::GoOn),
    new("response.apply_patch_call_operation_diff.done", &DIFF, Place::Item, Does::End),
    new("response.shell_call_command.added", &COMMAND, Place::Item, Does::GoOn),
    new("response.shell_call_command.delta", &COMMAND, Place::Item, Does::GoOn),
    new("response.shell_call_command.done", &COMMAND, Place::Item, Does::Nothing),
    new("response.shell_call_output_content.delta", &SHELL_OUTPUT, Place::Item, Does::GoOn),
    new("response.shell_call_output_content.done", &SHELL_OUTPUT, Place::Item, Does::Nothing),
    new("response.audio.delta", &AUDIO, Place::Answer, Does::Nothing),
    new("response.audio.done", &AUDIO, Place::Answer, Does::Nothing),
    new("response.audio.transcript.delta", &TRANSCRIPT, Place::Answer, Does::Nothing),
    new("response.audio.transcript.done", &TRANSCRIPT, Place::Answer, Does::Nothing),
    new("response.code_interpreter_call.in_progress", &STATUS, Place::Item, Does::Nothing),
    new("response.code_interpreter_call.interpreting", &STATUS, Place::Item, Does::Nothing),
    new("response.code_interpreter_call.completed", &STATUS, Place::Item, Does::Nothing),
    new("response.file_search_call.in_progress", &STATUS, Place::Item, Does::Nothing),
    new("response.file_search_call.searching", &STATUS, Place::Item, Does::Nothing),
    new("response.file_search_call.completed", &STATUS, Place::Item, Does::Nothing),
    new("response.web_search_call.in_progress", &STATUS, Place::Item, Does::Nothing),
    new("response.web_search_call.searching", &STATUS, Place::Item, Does::Nothing),
    new("response.web_search_call.completed", &STATUS, Place::Item, Does::Nothing),
    new("response.image_generation_call.in_progress", &STATUS, Place::Item, Does::Nothing),
    new("response.image_generation_call.generating", &STATUS, Place::Item, Does::Nothing),
    new("response.image_generation_call.partial_image", &STATUS, Place::Item, Does::Nothing),
    new("response.image_generation_call.completed", &STATUS, Place::Item, Does::Nothing),
    new("response.mcp_call.in_progress", &STATUS, Place::Item, Does::Nothing),
    new("response.mcp_call.completed", &STATUS, Place::Item, Does::Nothing),
    new("response.mcp_call.failed", &STATUS, Place::Item, Does::Nothing),
    new("response.mcp_list_tools.in_progress", &STATUS, Place::Item, Does::Nothing),
    new("response.mcp_list_tools.completed", &STATUS, Place::Item, Does::Nothing),
    new("response.mcp_list_tools.failed", &STATUS, Place::Item, Does::Nothing),
    new("error", &FAILURE, Place::Answer, Does::Nothing),
    new("keepalive", &STATUS, Place::Answer, Does::Nothing),
];

/// The shape of an event: what every event has, and what this one has, at this place of the answer.
macro_rules! at {
    (call, $($own:expr),+ $(,)?) => {
        Shape::Stands(ITEM_WAY, &Shape::Call(&at!(fields, $($own),+)))
    };
    (fields, $($own:expr),+ $(,)?) => {
        Shape::Object(&[
            ("type", Shape::Harmless),
            ("sequencenumber", Shape::Harmless),
            ("responseid", Shape::Harmless),
            ("itemid", Shape::Harmless),
            ("outputindex", Shape::Harmless),
            ("contentindex", Shape::Harmless),
            ("summaryindex", Shape::Harmless),
            ("obfuscation", Shape::Harmless),
            ("logprobs", Shape::Echo),
            $($own),+
        ])
    };
    ($way:expr, $($own:expr),+ $(,)?) => {
        Shape::Stands($way, &at!(fields, $($own),+))
    };
}

const ITEM_WAY: &[Way] = &[Way::Member("output"), Way::Number("outputindex")];
const PART_WAY: &[Way] =
    &[Way::Member("output"), Way::Number("outputindex"), Way::Member("content"), Way::Number("contentindex")];
const SUMMARY_WAY: &[Way] =
    &[Way::Member("output"), Way::Number("outputindex"), Way::Member("summary"), Way::Number("summaryindex")];
const ANNOTATION_WAY: &[Way] = &[
    Way::Member("output"),
    Way::Number("outputindex"),
    Way::Member("content"),
    Way::Number("contentindex"),
    Way::Member("annotations"),
    Way::Number("annotationindex"),
];
const COMMAND_WAY: &[Way] = &[
    Way::Member("output"),
    Way::Number("outputindex"),
    Way::Member("action"),
    Way::Member("commands"),
    Way::Number("commandindex"),
];
const OPERATION_WAY: &[Way] = &[Way::Member("output"), Way::Number("outputindex"), Way::Member("operation")];

const SHELL_OUTPUT_WAY: &[Way] =
    &[Way::Member("output"), Way::Number("outputindex"), Way::Member("output"), Way::Number("commandindex")];

static WHOLE: Shape = at!(&[], ("response", Shape::Alias("", &Shape::Repeat(&RESPONSE))));
static ITEM: Shape = at!(ITEM_WAY, ("item", Shape::Alias("", &Shape::Repeat(&OUTPUT_ITEM))));
static PARTS: Shape = at!(PART_WAY, ("part", PART_AGAIN));
static SUMMARY_PARTS: Shape = at!(SUMMARY_WAY, ("part", PART_AGAIN));
static TEXT: Shape = at!(PART_WAY, ("delta", Shape::Alias("text", &SAID)), ("text", Shape::Repeat(&SAID)));
static REFUSAL: Shape = at!(PART_WAY, ("delta", Shape::Alias("refusal", &SAID)), ("refusal", Shape::Repeat(&SAID)));
static REASONING_TEXT: Shape =
    at!(PART_WAY, ("delta", Shape::Alias("text", &THOUGHT)), ("text", Shape::Repeat(&THOUGHT)));
static SUMMARY_TEXT: Shape =
    at!(SUMMARY_WAY, ("delta", Shape::Alias("text", &THOUGHT)), ("text", Shape::Repeat(&THOUGHT)));
static ANNOTATION_EVENT: Shape = at!(
    ANNOTATION_WAY,
    ("annotationindex", Shape::Harmless),
    ("annotation", Shape::Alias("", &Shape::Repeat(&ANNOTATION)))
);
static ARGUMENTS: Shape = at!(
    call,
    ("delta", Shape::Alias("arguments", &Shape::Arguments)),
    ("arguments", Shape::Repeat(&Shape::Arguments)),
    ("name", Shape::Repeat(&CALLED))
);
static INPUT: Shape = at!(call, ("delta", Shape::Alias("input", &CALLED)), ("input", Shape::Repeat(&CALLED)));
static CODE: Shape = at!(ITEM_WAY, ("delta", Shape::Alias("code", &CALLED)), ("code", Shape::Repeat(&CALLED)));
static DIFF: Shape = at!(OPERATION_WAY, ("delta", Shape::Alias("diff", &CALLED)), ("diff", Shape::Repeat(&CALLED)));
static COMMAND: Shape = at!(
    COMMAND_WAY,
    ("commandindex", Shape::Harmless),
    ("delta", Shape::Alias("", &CALLED)),
    ("command", Shape::Alias("", &Shape::Repeat(&CALLED)))
);
static SHELL_OUTPUT: Shape = at!(
    SHELL_OUTPUT_WAY,
    ("commandindex", Shape::Harmless),
    ("delta", Shape::Alias("", &Shape::Within(Kind::ToolResult, &SHELL_TEXTS))),
    ("output", Shape::Whole(&Shape::Text(Kind::ToolResult)))
);
static AUDIO: Shape = at!(&[], ("delta", Shape::Media(Media::Audio)));
static TRANSCRIPT: Shape = at!(AUDIO_WAY, ("delta", Shape::Alias("transcript", &SAID)));
static STATUS: Shape = at!(
    ITEM_WAY,
    ("partialimageb64", Shape::Media(Media::Image)),
    ("partialimageindex", Shape::Harmless),
    ("size", Shape::Harmless),
    ("quality", Shape::Harmless),
    ("background", Shape::Harmless),
    ("outputformat", Shape::Harmless),
);
static FAILURE: Shape = at!(
    &[],
    ("message", Shape::Whole(&Shape::Text(Kind::Completion))),
    ("code", Shape::Harmless),
    ("param", Shape::Harmless),
    ("error", Shape::Whole(&ERROR))
);
/// Of an event that nobody knows yet.
static OTHER: Shape = Shape::Object(&[("type", Shape::Type(&[])), ("sequencenumber", Shape::Harmless)]);

const AUDIO_WAY: &[Way] = &[Way::Member("audio")];

static SAID: Shape = Shape::Part(&Shape::Inherit);
static THOUGHT: Shape = Shape::Within(Kind::Reasoning, &SAID);
static CALLED: Shape = Shape::Within(Kind::ToolCall, &Shape::Inherit);
static SHELL_TEXTS: Shape = Shape::Object(&[("stdout", Shape::Inherit), ("stderr", Shape::Inherit)]);

/// Whose part it is, events say by its type alone.
const PART_AGAIN: Shape = Shape::Alias(
    "",
    &Shape::Repeat(&Shape::Tagged(|tag| match tag {
        "reasoning_text" | "summary_text" => &THOUGHT_PART,
        _ => &SAID_PART,
    })),
);
static SAID_PART: Shape = Shape::Part(&PART);
static THOUGHT_PART: Shape = Shape::Within(Kind::Reasoning, &SAID_PART);

fn number(event: &Json<'_>, name: &str) -> u64 {
    event.get(0, name).and_then(|number| event.raw(number).parse().ok()).unwrap_or(0)
}

/// What an event does to its stream.
pub(super) fn mark(json: &Json<'_>) -> Mark {
    let Some(event) = json.get(0, "type").and_then(|name| event(&json.string(name))) else { return Mark::None };
    if event.place == Place::Answer {
        return match event.does {
            Does::Begin => Mark::Message,
            Does::End => Mark::Over,
            Does::GoOn | Does::Nothing => Mark::None,
        };
    }
    let inner = match event.place {
        Place::Answer | Place::Item => 0,
        Place::Part => 1 << 30 | (number(json, "contentindex") & INDEX),
        Place::Summary => 1 << 31 | (number(json, "summaryindex") & INDEX),
    };
    // Each block its own number, as long as there are fewer than 2^30 of a sort.
    let block = (number(json, "outputindex") & INDEX) << 32 | inner;
    match event.does {
        Does::Begin => Mark::Begin(block),
        Does::GoOn => Mark::GoOn(block),
        Does::End => Mark::End(block),
        Does::Nothing => Mark::None,
    }
}

const INDEX: u64 = (1 << 30) - 1;

/// Where a string of an event stands in the whole answer.
pub(super) fn joined_pointer(json: &Json<'_>, node: NodeId) -> String {
    let own = walk::pointer(json, node, false);
    let name = json.get(0, "type").map(|name| json.string(name));
    let Some(Shape::Stands(ways, Shape::Object(fields))) = name.and_then(|name| event(&name)).map(|event| event.shape)
    else {
        return own;
    };
    let step = own.strip_prefix('/').unwrap_or_default();
    let (first, rest) = step.split_at(step.find('/').unwrap_or(step.len()));
    let folded = fold_key(first);
    let mut out = String::new();
    for way in *ways {
        match way {
            Way::Member(name) => out.extend(["/", name]),
            Way::Number(name) => out.extend(["/", &number(json, name).to_string()]),
        }
    }
    match fields.iter().find(|(name, _)| folded == **name) {
        Some((_, Shape::Alias("", _))) => {}
        Some((_, Shape::Alias(name, _))) => out.extend(["/", name]),
        _ => out.extend(["/", first]),
    }
    out + rest
}
