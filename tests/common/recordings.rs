//! Recorded traffic of real APIs, and the two ways of putting a message under rules without a socket.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use palisade::config::Source;
use palisade::inspect::{Body, Buffered, Cause, Notice, Report, Stream, StreamEnd, StreamOptions, Ticket};
use palisade::policy::file::load_policy_source;
use palisade::policy::{Answer, Context, LabelInfo, RuleSet, Scored};
use palisade::protocol::framing::{Frames, Framing};
use palisade::protocol::json::Json;
use palisade::protocol::walk::{Walked, walk, walk_unknown};
use palisade::protocol::{Asked, Protocol, Recognised, recognise};
use palisade::segment::Direction;
use serde_json::Value;

/// The folders of recordings that are read, and where what a recording without a note of its path was sent to.
const FOLDERS: &[(&str, UsualPath)] = &[
    ("openai-chat", openai),
    ("openai-compatible", openai),
    ("azure-openai", openai),
    ("openai-responses", |_| "/v1/responses"),
    ("openai-completions", |_| "/v1/completions"),
    ("openai-embeddings", |_| "/v1/embeddings"),
    ("openai-moderations", |_| "/v1/moderations"),
    ("anthropic", |_| "/v1/messages"),
    ("anthropic-count-tokens", |_| "/v1/messages/count_tokens"),
    ("gemini", google),
    ("vertex", google),
    ("ollama", |_| "/api/chat"),
    ("cohere", |_| "/v2/chat"),
    ("mistral", openai),
    ("hf-tgi", tgi),
    ("robustness", openai),
];

type UsualPath = fn(&Recording) -> &'static str;

fn openai(recording: &Recording) -> &'static str {
    let first: Value = serde_json::from_str(&recording.texts()[0]).unwrap();
    let is_event = first["type"].as_str().is_some_and(|name| name.starts_with("response."));
    if first.get("messages").or(first.get("choices")).is_some() {
        "/v1/chat/completions"
    } else if is_event || first["object"] == "response" {
        "/v1/responses"
    } else {
        "/unknown"
    }
}

fn tgi(recording: &Recording) -> &'static str {
    let first: Value = serde_json::from_str(&recording.texts()[0]).unwrap();
    let is_own = first.get("generated_text").or(first.get("token")).or(first.get("inputs")).is_some();
    let is_completion = first.get("object").is_some_and(|object| object == "text_completion");
    if is_own {
        "/generate"
    } else if is_completion {
        "/v1/completions"
    } else {
        openai(recording)
    }
}

fn google(recording: &Recording) -> &'static str {
    match recording.sort {
        Sort::Stream => "/v1beta/models/m:streamGenerateContent",
        _ if recording.texts()[0].contains("\"predictions\"") => "/v1/publishers/google/models/m:predict",
        _ => "/v1beta/models/m:generateContent",
    }
}

/// Recordings that are no JSON; tests that want those read them by name.
const BROKEN: [&str; 1] = ["agw-broken-sse.sse"];

/// One recorded body.
pub(crate) struct Recording {
    /// Folder and file.
    pub(crate) name: String,
    pub(crate) sort: Sort,
    pub(crate) bytes: Vec<u8>,
    /// Where it was sent to.
    pub(crate) path: String,
    /// `None`: none of this version's protocols, so it is walked whole.
    pub(crate) protocol: Option<&'static dyn Protocol>,
    /// Of the answer.
    pub(crate) status: u16,
    /// How a stream is cut into events.
    pub(crate) frames: Frames,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Request,
    Response,
    Stream,
}

impl Recording {
    pub(crate) fn direction(&self) -> Direction {
        if self.sort == Sort::Request { Direction::Request } else { Direction::Response }
    }

    /// The JSON texts in it: the body, or the data of each event.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self.sort {
            Sort::Stream => datas(&self.bytes, self.frames),
            _ => vec![String::from_utf8(self.bytes.clone()).unwrap()],
        }
    }
}

/// The data of a stream's events.
pub(crate) fn datas(stream: &[u8], frames: Frames) -> Vec<String> {
    let mut events = Vec::new();
    let mut framing = Framing::from(frames);
    framing.feed(stream, |event| events.push(event)).unwrap();
    events.extend(framing.finish());
    let datas = events.iter().filter(|event| !event.is_empty());
    let datas = datas.map(|event| String::from_utf8(event.data().into_owned()).unwrap());
    datas.filter(|data| data != "[DONE]").collect()
}

/// Every recording, or nothing where the folder is missing, which is said.
pub(crate) fn recordings() -> Vec<Recording> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    if !root.is_dir() {
        println!("skipped: no recordings at {}", root.display());
        return Vec::new();
    }
    let mut out = Vec::new();
    for (folder, path) in FOLDERS {
        let mut files: Vec<_> = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        out.extend(files.iter().filter_map(|file| recording(folder, *path, file)));
    }
    assert!(!out.is_empty());
    out
}

fn recording(folder: &str, usual: UsualPath, file: &Path) -> Option<Recording> {
    let name = file.file_name().unwrap().to_str().unwrap();
    if BROKEN.contains(&name) {
        return None;
    }
    let kinds = [
        (".request.json", Sort::Request, Frames::Sse),
        (".response.json", Sort::Response, Frames::Sse),
        (".sse", Sort::Stream, Frames::Sse),
        (".ndjson", Sort::Stream, Frames::Ndjson),
    ];
    let (stem, sort, frames) =
        kinds.iter().find_map(|(end, sort, frames)| Some((name.strip_suffix(end)?, *sort, *frames)))?;
    let bytes = fs::read(file).unwrap();
    let meta = fs::read(file.with_file_name(format!("{stem}.meta.json"))).ok();
    let meta: Option<Value> = meta.map(|meta| serde_json::from_slice(&meta).unwrap());
    let mut recording = Recording {
        name: format!("{folder}/{name}"),
        sort,
        bytes,
        path: String::new(),
        protocol: None,
        status: 200,
        frames,
    };
    let path = match &meta {
        // One recorder wrote the first slash twice.
        Some(meta) => meta["path"].as_str().unwrap().split(['?', '#']).next().unwrap().replace("//", "/"),
        None => usual(&recording).to_owned(),
    };
    if let Recognised::Known(protocol) = recognise(&path) {
        recording.protocol = Some(protocol);
        // Nothing in its name tells a stream that is a JSON array from an answer that is none.
        if sort == Sort::Response && protocol.frames(b"application/json", &Asked::default()) == Some(Frames::Array) {
            (recording.sort, recording.frames) = (Sort::Stream, Frames::Array);
        }
    }
    recording.path = path;
    recording.status = meta.and_then(|meta| meta["status"].as_u64()).unwrap_or(200).try_into().unwrap();
    Some(recording)
}

/// A policy, ready to run. Its classifier rules have a model that the test plays.
pub(crate) fn context(policy: &str) -> Context {
    let source = Source::new("test.yaml", policy);
    let (spec, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now())
        .map_err(|problems| problems.to_string())
        .unwrap();
    let label =
        |model: &str, _: &str| Ok(LabelInfo { model: model.into(), index: 0, calibration: None, entity: false });
    let rules = RuleSet::compile(vec![Arc::new(spec)], &label, false).unwrap();
    Context::new(Arc::new(rules), Arc::from(&b"key of the tests"[..]))
}

/// What became of a message.
pub(crate) struct Judged {
    pub(crate) block: Option<Cause>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) report: Report,
}

/// Walks a JSON text as the proxy does.
pub(crate) fn walked(json: &Json<'_>, protocol: Option<&'static dyn Protocol>, direction: Direction) -> Walked {
    let Some(protocol) = protocol else { return walk_unknown(json, direction) };
    let (shape, kind) = match direction {
        Direction::Request => protocol.request(),
        Direction::Response => protocol.response(),
    };
    walk(json, shape, direction, kind).unwrap()
}

/// Puts a whole body under rules, `step` bytes of text at a time.
pub(crate) fn judge(
    context: &Context,
    bytes: &[u8],
    protocol: Option<&'static dyn Protocol>,
    direction: Direction,
    step: usize,
) -> Judged {
    let json = Json::parse(bytes).unwrap();
    let walked = walked(&json, protocol, direction);
    let mut buffered = Buffered::new(context, Body::Json(json, walked), direction);
    while buffered.scan(step) {}
    for ticket in buffered.take_tickets() {
        buffered.answer(&ticket, &calm(&ticket));
    }
    let mut concluded = buffered.conclude(false);
    let (block, report) = (concluded.block.clone(), std::mem::take(&mut concluded.report));
    let bytes = if concluded.changes() { concluded.rewritten(bytes, protocol, |_| None) } else { bytes.to_vec() };
    Judged { block, bytes, report }
}

/// Puts a stream under rules, `step` bytes at a time.
pub(crate) fn judge_stream(
    context: &Context,
    bytes: &[u8],
    protocol: Option<&'static dyn Protocol>,
    frames: Frames,
    step: usize,
) -> Judged {
    let notice = |_: &Cause| Notice { message: "blocked".to_owned(), refusal: false, status: 400 };
    let options =
        StreamOptions { id: "test".to_owned(), created: 0, choices: 1, usage: false, notice: Arc::new(notice) };
    let (mut stream, mut out) = (Stream::new(context, protocol, options).framed(frames), Vec::new());
    for piece in bytes.chunks(step) {
        stream.push(piece, &mut out);
        answer_all(&mut stream, &mut out);
    }
    stream.finish(&mut out);
    answer_all(&mut stream, &mut out);
    stream.settle();
    assert_ne!(*stream.end(), StreamEnd::Open);
    Judged { block: stream.blocked().cloned(), bytes: out, report: stream.report() }
}

fn answer_all(stream: &mut Stream, out: &mut Vec<u8>) {
    for ticket in stream.take_tickets() {
        stream.answer(&ticket, &calm(&ticket), out);
    }
}

/// A classifier that finds nothing.
fn calm(ticket: &Ticket) -> Answer {
    Answer::Scores(vec![Scored {
        range: 0..ticket.job.text.len(),
        scores: [0.0].into(),
        words: Arc::default(),
        vector: Arc::default(),
    }])
}

/// Whether there is anything to read.
pub(crate) fn present() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures").is_dir()
}
