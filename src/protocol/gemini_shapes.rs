//! Where text stands in Gemini's messages. JSON of protocol buffers has two spellings of every name, which fold to one.

use super::json::{Json, NodeId, NodeKind};
use super::walk::{Index, Shape};
use crate::segment::{Kind, Media};

/// Of a prompt, to be answered or to be counted.
pub(super) static REQUEST: Shape = Shape::Object(&[
    ("model", Shape::Harmless),
    ("contents", CONTENTS),
    ("systeminstruction", Shape::Prompt(Kind::System, &SYSTEM)),
    ("tools", Shape::Each(Index::Position, &TOOL)),
    ("toolconfig", Shape::Within(Kind::ToolDefinition, &TOOL_CONFIG)),
    ("safetysettings", Shape::Each(Index::Position, &SAFETY_SETTING)),
    ("cachedcontent", Shape::Media(Media::ServerState)),
    ("generationconfig", GENERATION_CONFIG),
    ("labels", Shape::Deep(Kind::Metadata)),
    ("modelarmorconfig", Shape::Within(Kind::Metadata, &Shape::Harmless)),
    ("servicetier", Shape::Harmless),
    ("store", Shape::Harmless),
    // Token counting takes all of the above in this.
    ("generatecontentrequest", Shape::Each(Index::Position, &REQUEST)),
]);

/// Of one text or several to be turned into numbers.
pub(super) static EMBED: Shape = Shape::Object(&[
    ("model", Shape::Harmless),
    ("content", Shape::Prompt(Kind::User, &TURN)),
    ("tasktype", Shape::Harmless),
    ("title", Shape::Text(Kind::Document)),
    ("outputdimensionality", Shape::Harmless),
    ("autotruncate", Shape::Harmless),
    ("requests", Shape::Each(Index::Position, &EMBED)),
]);

/// Of any other model: its own fields in each instance.
pub(super) static PREDICT: Shape = Shape::Object(&[
    ("instances", Shape::Deep(Kind::User)),
    ("parameters", Shape::Deep(Kind::Metadata)),
    ("labels", Shape::Deep(Kind::Metadata)),
]);

/// Whose words a turn holds; an unknown or missing role is the user's.
fn role_kind(role: &str) -> Kind {
    match role {
        "model" => Kind::Assistant,
        "function" => Kind::ToolResult,
        "system" => Kind::System,
        _ => Kind::User,
    }
}

const CONTENTS: Shape = Shape::Each(Index::Position, &Shape::Message(role_kind, &Shape::By("role", turn)));

/// Only a model thinks: what a client calls a thought is read like the rest of what it says.
fn turn(role: &str) -> &'static Shape {
    if role == "model" { &MODEL_TURN } else { &TURN }
}

const ROLE: Shape = Shape::OneOf(&["user", "model", "function", "system"]);

static TURN: Shape = Shape::Object(&[("role", ROLE), ("parts", Shape::Content(&PART))]);
static SYSTEM: Shape = Shape::Object(&[("role", ROLE), ("parts", Shape::Content(&PART))]);
static MODEL_TURN: Shape = Shape::Object(&[("role", ROLE), ("parts", Shape::Content(&MODEL_PART))]);

static MODEL_PART: Shape = Shape::By("thought", part);

fn part(thought: &str) -> &'static Shape {
    if thought == "true" { &THOUGHT } else { &PART }
}

static THOUGHT: Shape = Shape::Within(Kind::Reasoning, &Shape::Part(&PART));

/// Parts have no type: the member that they have says what they are.
static PART: Shape = Shape::Union(&[
    ("text", Shape::Inherit),
    ("thought", Shape::Harmless),
    ("thoughtsignature", Shape::Opaque),
    ("inlinedata", Shape::By("mimetype", inline_data)),
    ("filedata", Shape::By("mimetype", file_data)),
    ("functioncall", Shape::Within(Kind::ToolCall, &Shape::Chosen(function_call))),
    ("functionresponse", Shape::Within(Kind::ToolResult, &FUNCTION_RESPONSE)),
    ("executablecode", Shape::Within(Kind::ToolCall, &CODE)),
    ("codeexecutionresult", Shape::Within(Kind::ToolResult, &CODE_RESULT)),
    ("toolcall", Shape::Within(Kind::ToolCall, &SERVER_CALL)),
    ("toolresponse", Shape::Within(Kind::ToolResult, &SERVER_RESULT)),
    ("videometadata", Shape::Harmless),
    ("mediaresolution", Shape::Harmless),
    ("partmetadata", Shape::Deep(Kind::Metadata)),
]);

fn media(mime_type: &str) -> Media {
    match mime_type.split('/').next().unwrap_or_default() {
        kind if kind.eq_ignore_ascii_case("image") => Media::Image,
        kind if kind.eq_ignore_ascii_case("audio") => Media::Audio,
        _ => Media::File,
    }
}

fn inline_data(mime_type: &str) -> &'static Shape {
    match media(mime_type) {
        _ if is_text(mime_type) => &INLINE_TEXT,
        Media::Image => &INLINE_IMAGE,
        Media::Audio => &INLINE_AUDIO,
        _ => &INLINE_FILE,
    }
}

fn file_data(mime_type: &str) -> &'static Shape {
    match media(mime_type) {
        Media::Image => &STORED_IMAGE,
        Media::Audio => &STORED_AUDIO,
        _ => &STORED_FILE,
    }
}

/// Whether a file is read by the model as it is, byte by byte. In RTF, words can be spelled in other bytes.
fn is_text(mime_type: &str) -> bool {
    let (kind, parameters) = mime_type.split_once(';').unwrap_or((mime_type, ""));
    // Of another charset every word is spelled in other bytes.
    let parameters = parameters.to_ascii_lowercase();
    let charset = parameters.split("charset").skip(1).map(|rest| rest.trim_start_matches([' ', '=', '"']));
    if !charset.into_iter().all(|name| ["utf-8", "utf8", "us-ascii"].iter().any(|known| name.starts_with(known))) {
        return false;
    }
    let kind = kind.trim().to_ascii_lowercase();
    match kind.split_once('/') {
        Some(("text", kind)) => kind != "rtf",
        Some(("application", kind)) => TEXT_APPLICATIONS.contains(&kind),
        _ => false,
    }
}

const TEXT_APPLICATIONS: &[&str] = &[
    "json",
    "javascript",
    "typescript",
    "x-javascript",
    "x-python",
    "x-python-code",
    "x-typescript",
    "x-yaml",
    "xml",
    "yaml",
];

/// A file in a part. Its data is the second member here.
macro_rules! file {
    ($data:literal, $shape:expr) => {
        Shape::Object(&[("mimetype", Shape::Harmless), ($data, $shape), ("displayname", Shape::Inherit)])
    };
}

static INLINE_TEXT: Shape = file!("data", Shape::Encoded);
static INLINE_IMAGE: Shape = file!("data", Shape::Media(Media::Image));
static INLINE_AUDIO: Shape = file!("data", Shape::Media(Media::Audio));
static INLINE_FILE: Shape = file!("data", Shape::Media(Media::File));
static STORED_IMAGE: Shape = file!("fileuri", Shape::Media(Media::Image));
static STORED_AUDIO: Shape = file!("fileuri", Shape::Media(Media::Audio));
static STORED_FILE: Shape = file!("fileuri", Shape::Media(Media::File));

/// What comes whole is a call of its own, wherever it stands in the next event.
fn function_call(json: &Json<'_>, call: NodeId) -> &'static Shape {
    let goes_on = |name| json.get(call, name).is_some_and(|node| json.kind(node) != NodeKind::False);
    if goes_on("willcontinue") || goes_on("partialargs") || json.get(call, "name").is_none() {
        &CALL_IN_PIECES
    } else {
        &WHOLE_CALL
    }
}

static WHOLE_CALL: Shape = Shape::Whole(&Shape::Call(&FUNCTION_CALL));
static CALL_IN_PIECES: Shape = Shape::Call(&FUNCTION_CALL);

/// A call comes whole in one part, or its arguments come value by value: each in pieces, told apart by their path.
static FUNCTION_CALL: Shape = Shape::Object(&[
    ("name", Shape::Whole(&Shape::Inherit)),
    ("id", Shape::Id),
    ("args", Shape::Whole(&Shape::Arguments)),
    ("partialargs", Shape::Each(Index::Name("jsonpath"), &Shape::Last("willcontinue", &PARTIAL_ARGUMENT))),
    ("willcontinue", Shape::Harmless),
]);

static PARTIAL_ARGUMENT: Shape = Shape::Object(&[
    ("jsonpath", Shape::Whole(&Shape::Inherit)),
    ("stringvalue", Shape::Inherit),
    ("numbervalue", Shape::Harmless),
    ("boolvalue", Shape::Harmless),
    ("nullvalue", Shape::Harmless),
    ("willcontinue", Shape::Harmless),
]);

static FUNCTION_RESPONSE: Shape = Shape::Object(&[
    ("name", Shape::Whole(&Shape::Inherit)),
    ("id", Shape::Id),
    ("response", Shape::Whole(&Shape::Deep(Kind::ToolResult))),
    ("parts", Shape::Content(&PART)),
    ("scheduling", Shape::Id),
    ("willcontinue", Shape::Harmless),
]);

static CODE: Shape =
    Shape::Object(&[("language", Shape::OneOf(&["PYTHON"])), ("code", Shape::Inherit), ("id", Shape::Id)]);

static CODE_RESULT: Shape = Shape::Object(&[
    ("outcome", Shape::OneOf(&["OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED"])),
    ("output", Shape::Inherit),
    ("id", Shape::Id),
]);

/// What the provider itself runs.
static SERVER_CALL: Shape =
    Shape::Object(&[("tooltype", Shape::Id), ("id", Shape::Id), ("args", Shape::Whole(&Shape::Arguments))]);

static SERVER_RESULT: Shape = Shape::Object(&[
    ("tooltype", Shape::Id),
    ("id", Shape::Id),
    ("response", Shape::Whole(&Shape::Deep(Kind::ToolResult))),
]);

static TOOL: Shape = Shape::Within(
    Kind::ToolDefinition,
    &Shape::Object(&[("functiondeclarations", Shape::Each(Index::Position, &FUNCTION))]),
);

static FUNCTION: Shape = Shape::Object(&[
    ("name", Shape::Inherit),
    ("description", Shape::Inherit),
    ("parameters", SCHEMA),
    ("parametersjsonschema", SCHEMA),
    ("response", SCHEMA),
    ("responsejsonschema", SCHEMA),
    ("behavior", Shape::Harmless),
]);

const SCHEMA: Shape = Shape::Deep(Kind::ToolDefinition);

static TOOL_CONFIG: Shape = Shape::Object(&[
    (
        "functioncallingconfig",
        Shape::Object(&[
            ("mode", Shape::OneOf(&["AUTO", "ANY", "NONE", "VALIDATED"])),
            ("allowedfunctionnames", Shape::Inherit),
        ]),
    ),
    ("includeserversidetoolinvocations", Shape::Harmless),
]);

static SAFETY_SETTING: Shape = Shape::Within(
    Kind::Metadata,
    &Shape::Object(&[("category", Shape::Harmless), ("threshold", Shape::Harmless), ("method", Shape::Harmless)]),
);

const GENERATION_CONFIG: Shape = Shape::Object(&[
    ("candidatecount", Shape::Harmless),
    ("maxoutputtokens", Shape::Harmless),
    ("temperature", Shape::Harmless),
    ("topp", Shape::Harmless),
    ("topk", Shape::Harmless),
    ("seed", Shape::Harmless),
    ("presencepenalty", Shape::Harmless),
    ("frequencypenalty", Shape::Harmless),
    ("responselogprobs", Shape::Harmless),
    ("logprobs", Shape::Harmless),
    ("mediaresolution", Shape::Harmless),
    ("responsemodalities", Shape::Harmless),
    ("responsemimetype", Shape::Harmless),
    ("responseschema", SCHEMA),
    ("responsejsonschema", SCHEMA),
    ("stopsequences", Shape::Text(Kind::Metadata)),
    (
        "thinkingconfig",
        Shape::Object(&[
            ("includethoughts", Shape::Harmless),
            ("thinkingbudget", Shape::Harmless),
            ("thinkinglevel", Shape::Harmless),
        ]),
    ),
]);

/// A whole answer, or an event: of a candidate's text it says what comes next.
pub(super) static RESPONSE: Shape = Shape::Each(Index::Position, &RESPONSE_FIELDS);

static RESPONSE_FIELDS: Shape = Shape::Object(&[
    ("candidates", Shape::Each(Index::Choice, &CANDIDATE)),
    (
        "promptfeedback",
        Shape::Object(&[
            ("blockreason", Shape::Harmless),
            ("blockreasonmessage", TEXT),
            ("safetyratings", Shape::Harmless),
        ]),
    ),
    ("usagemetadata", Shape::Harmless),
    ("modelversion", Shape::Harmless),
    ("responseid", Shape::Harmless),
    ("createtime", Shape::Harmless),
    // Of the other calls.
    ("prompttokensdetails", Shape::Harmless),
    ("predictions", Shape::Text(Kind::Completion)),
    (
        "error",
        Shape::Whole(&Shape::Object(&[
            ("code", Shape::Harmless),
            ("message", Shape::Text(Kind::Completion)),
            ("status", Shape::Harmless),
        ])),
    ),
]);

static CANDIDATE: Shape = Shape::Object(&[
    ("index", Shape::Harmless),
    ("content", Shape::Prompt(Kind::Completion, &ANSWER)),
    ("finishreason", Shape::Harmless),
    ("finishmessage", TEXT),
    ("safetyratings", Shape::Harmless),
    ("citationmetadata", TEXT),
    ("groundingmetadata", Shape::Object(GROUNDING)),
    ("urlcontextmetadata", TEXT),
    ("logprobsresult", Shape::Echo),
]);

static ANSWER: Shape = Shape::Object(&[("role", Shape::Harmless), ("parts", Shape::Content(&MODEL_PART))]);

/// What a search has found. The supports say which words of the answer each of it stands behind.
const GROUNDING: &[(&str, Shape)] = &[
    ("websearchqueries", TEXT),
    ("imagesearchqueries", TEXT),
    ("groundingchunks", TEXT),
    ("groundingsupports", Shape::Echo),
    ("searchentrypoint", SEARCH_ENTRY_POINT),
    ("retrievalmetadata", Shape::Harmless),
];

const SEARCH_ENTRY_POINT: Shape = Shape::Object(&[("renderedcontent", TEXT), ("sdkblob", Shape::Opaque)]);

/// Comes whole in one event.
const TEXT: Shape = Shape::Whole(&Shape::Text(Kind::Completion));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_type() {
        for text in [
            "text/plain",
            "Text/HTML; charset=utf-8",
            "text/csv;header=present; charset=\"UTF-8\"",
            "application/json",
            "text/x-python",
        ] {
            assert!(is_text(text), "{text}");
        }
        for other in [
            "text/rtf",
            "application/pdf",
            "image/png",
            "text",
            "",
            "text/plain; charset=utf-16le",
            "text/csv;charset=\"utf-7\"",
        ] {
            assert!(!is_text(other), "{other}");
        }
        assert_eq!(
            ["IMAGE/png", "audio/wav", "video/mp4", ""].map(media),
            [Media::Image, Media::Audio, Media::File, Media::File]
        );
    }
}
