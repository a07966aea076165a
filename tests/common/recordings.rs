//! Recorded traffic of real APIs, and the two ways of putting a message under rules without a socket.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use palisade::config::Source;
use palisade::inspect::{Body, Buffered, Cause, Notice, Report, Stream, StreamEnd, StreamOptions, Ticket};
use palisade::policy::file::load_policy_source;
use palisade::policy::{Answer, Context, LabelInfo, RuleSet, Scored};
use palisade::protocol::json::Json;
use palisade::protocol::walk::{Walked, walk, walk_unknown};
use palisade::protocol::{Protocol, Recognised, recognise};
use palisade::segment::Direction;
use serde_json::Value;

/// The folders of recordings that are read.
const FOLDERS: [&str; 6] =
    ["openai-chat", "openai-compatible", "azure-openai", "anthropic", "anthropic-count-tokens", "robustness"];

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
    pub(crate) fn texts(&self) -> Vec<&str> {
        let text = std::str::from_utf8(&self.bytes).unwrap();
        match self.sort {
            Sort::Stream => datas(text).filter(|data| *data != "[DONE]").collect(),
            _ => vec![text],
        }
    }
}

/// The `data` of a stream's events; the recordings have one line of it each.
pub(crate) fn datas(stream: &str) -> impl Iterator<Item = &str> {
    stream.lines().filter_map(|line| line.strip_prefix("data:")).map(|data| data.strip_prefix(' ').unwrap_or(data))
}

/// Every recording, or nothing where the folder is missing, which is said.
pub(crate) fn recordings() -> Vec<Recording> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    if !root.is_dir() {
        println!("skipped: no recordings at {}", root.display());
        return Vec::new();
    }
    let mut out = Vec::new();
    for folder in FOLDERS {
        let mut files: Vec<_> = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        out.extend(files.iter().filter_map(|file| recording(folder, file)));
    }
    assert!(!out.is_empty());
    out
}

fn recording(folder: &str, file: &Path) -> Option<Recording> {
    let name = file.file_name().unwrap().to_str().unwrap();
    if BROKEN.contains(&name) {
        return None;
    }
    let kinds = [(".request.json", Sort::Request), (".response.json", Sort::Response), (".sse", Sort::Stream)];
    let (stem, sort) = kinds.iter().find_map(|(end, sort)| Some((name.strip_suffix(end)?, *sort)))?;
    let bytes = fs::read(file).unwrap();
    let meta = fs::read(file.with_file_name(format!("{stem}.meta.json"))).ok();
    let meta: Option<Value> = meta.map(|meta| serde_json::from_slice(&meta).unwrap());
    let mut recording =
        Recording { name: format!("{folder}/{name}"), sort, bytes, path: String::new(), protocol: None, status: 200 };
    let path = match &meta {
        Some(meta) => meta["path"].as_str().unwrap().split('?').next().unwrap().to_owned(),
        None => match folder {
            "anthropic" => "/v1/messages".to_owned(),
            "anthropic-count-tokens" => "/v1/messages/count_tokens".to_owned(),
            _ if recording.looks_like_chat() => "/v1/chat/completions".to_owned(),
            _ => "/unknown".to_owned(),
        },
    };
    if let Recognised::Known(protocol) = recognise(&path) {
        recording.protocol = Some(protocol);
    }
    recording.path = path;
    recording.status = meta.and_then(|meta| meta["status"].as_u64()).unwrap_or(200).try_into().unwrap();
    Some(recording)
}

impl Recording {
    fn looks_like_chat(&self) -> bool {
        let first: Value = serde_json::from_str(self.texts()[0]).unwrap();
        first.get("messages").or(first.get("choices")).is_some()
    }
}

/// A policy, ready to run. Its classifier rules have a model that the test plays.
pub(crate) fn context(policy: &str) -> Context {
    let source = Source::new("test.yaml", policy);
    let (spec, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now())
        .map_err(|problems| problems.to_string())
        .unwrap();
    let label = |model: &str, _: &str| Ok(LabelInfo { model: model.into(), index: 0, calibration: None });
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
    step: usize,
) -> Judged {
    let notice = |_: &Cause| Notice { message: "blocked".to_owned(), refusal: false, status: 400 };
    let options =
        StreamOptions { id: "test".to_owned(), created: 0, choices: 1, usage: false, notice: Arc::new(notice) };
    let (mut stream, mut out) = (Stream::new(context, protocol, options), Vec::new());
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
    Answer::Scores(vec![Scored { range: 0..ticket.job.text.len(), scores: [0.0].into() }])
}

/// Whether there is anything to read.
pub(crate) fn present() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures").is_dir()
}
