//! What must hold for every input, whoever made it up. Shared by the fuzz targets and `tests/hostile.rs`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use palisade::classifier::{InferenceError, Windower};
use palisade::condition::{About, Condition, Facts};
use palisade::config::Source;
use palisade::inspect::{Body, Buffered, Cause, Notice, Stream, StreamOptions};
use palisade::policy::file::load_policy_source;
use palisade::policy::{Channel, Context, RuleSet};
use palisade::protocol::framing::{Frames, Framing};
use palisade::protocol::json::{Json, NodeKind, RawOffsets, escape};
use palisade::protocol::sse::{Decoder, Event};
use palisade::protocol::walk::walk;
use palisade::protocol::{Protocol, Recognised, json_array, ndjson, recognise};
use palisade::segment::{Direction, Kind, Scope};

/// Finds nothing that anybody would write, but has to look.
const QUIET: &str = r"
version: 1
name: quiet
unreadable: log
over_limit: log
rules:
  - { id: block, detect: { regex: { pattern: '\x{E000}[a-z]{1,9}\x{E001}' } }, action: block }
  - { id: mask, detect: { keywords: { words: [zqxjkvbpt] } }, action: mask }
";

/// Finds something nearly everywhere.
const EAGER: &str = r"
version: 1
name: eager
unreadable: log
over_limit: log
rules:
  - { id: word, detect: { regex: { pattern: '[a-e]{2,5}|é.|.é' } }, action: { replace: '«\n#»' }, unrewritable: log }
  - { id: long, detect: { regex: { pattern: '[g-k]{3}(?: [g-k]{1,3})?' } }, action: redact, unrewritable: log }
";

/// Detectors that read texts as a whole.
const WHOLE: &str = r"
version: 1
name: whole
rules:
  - { id: language, detect: { language: { allow: [en] } }, action: log }
  - { id: code, detect: { code: {} }, action: mask }
  - { id: length, detect: { length: { max_tokens: 20, min_tokens: 3 } }, action: block }
  - { id: similarity, detect: { similarity: { texts: ['a b a c a b a d', 'b a c b'], min_words: 3 } }, action: mask }
  - id: schema
    action: block
    detect:
      json_schema:
        schema:
          type: [object, array]
          uniqueItems: true
          maxProperties: 3
          patternProperties: { '^a+$': { $ref: '#' } }
          items: { anyOf: [{ type: number, multipleOf: 0.1 }, { type: string, format: email }, { $ref: '#' }] }
";

/// The shipped tokenizer with the shipped windows.
static WINDOWER: LazyLock<Windower> = LazyLock::new(|| {
    let mut files =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("models/guard/tokenizer.json"));
    let file = files.find(|file| file.is_file()).unwrap();
    Windower::from_json(&std::fs::read(file).unwrap(), 128, 32).unwrap()
});

static QUIET_CONTEXT: LazyLock<Context> = LazyLock::new(|| context(QUIET));
static EAGER_CONTEXT: LazyLock<Context> = LazyLock::new(|| context(EAGER));
static WHOLE_CONTEXT: LazyLock<Context> = LazyLock::new(|| context(WHOLE));

fn context(policy: &str) -> Context {
    let source = Source::new("invariants.yaml", policy);
    let (spec, _) = load_policy_source(&source, Path::new("policies"), jiff::Timestamp::now())
        .map_err(|problems| problems.to_string())
        .unwrap();
    let rules = RuleSet::compile(vec![Arc::new(spec)], &|_, _| Err("no models".to_owned()), false).unwrap();
    Context::new(Arc::new(rules), Arc::from(&b"key"[..]))
}

/// The strict parser.
pub(crate) fn json(data: &[u8]) {
    let Ok(json) = Json::parse(data) else { return };
    let strings = (0..json.len()).filter(|&node| json.kind(node) == NodeKind::String);
    for node in strings {
        let (raw, text) = (json.raw(node), json.string(node));
        let again = format!("\"{}\"", escape(&text));
        assert_eq!(Json::parse(again.as_bytes()).unwrap().string(0), text);
        let mut offsets = RawOffsets::new(raw);
        for (at, _) in text.char_indices() {
            assert!(raw.is_char_boundary(offsets.at(at)));
        }
        assert_eq!(offsets.at(text.len()), raw.len());
    }
    // serde_json bounds numbers (some 300 digits) and depth, and refuses halves of surrogate pairs.
    let comparable = !json.text().contains("\\u") && !json.text().contains(['e', 'E']);
    if comparable && json.text().len() < 300 {
        assert!(serde_json::from_slice::<serde_json::Value>(data).is_ok());
    }
}

/// Conditions: the first line is the source, the rest are values for it.
pub(crate) fn cel(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (source, values) = text.split_once('\n').unwrap_or((&text, "{}"));
    let values: serde_json::Value = serde_json::from_str(values).unwrap_or_default();
    let facts = Facts { request: &values, segment: &values, tenant: &values, args: &values };
    for about in [About::When, About::Require] {
        match Condition::new(source, about) {
            Ok(condition) => assert_eq!(condition.holds(&facts), condition.holds(&facts)),
            Err(fault) => assert!(source.get(fault.range.clone()).is_some(), "{fault:?}"),
        }
    }
}

/// Checks of whole texts: the first byte is the size of the pieces.
pub(crate) fn whole(data: &[u8]) {
    let Some((&step, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let found = |step: usize| {
        let plan = WHOLE_CONTEXT.rules.plan_for(Scope::one(Direction::Response, Kind::Completion));
        let mut channel = Channel::new(&WHOLE_CONTEXT, Arc::clone(plan));
        let chars: Vec<char> = text.chars().collect();
        let mut open = 0;
        for piece in chars.chunks(step) {
            channel.feed(&piece.iter().collect::<String>());
            assert!(channel.open() >= open);
            open = channel.open();
        }
        channel.finish();
        let findings = channel.findings().iter();
        let mut found: Vec<_> = findings.map(|found| (found.rule, found.range.clone(), found.label.clone())).collect();
        found.sort_by_key(|(rule, range, _)| (*rule, range.start, range.end));
        assert!(found.iter().all(|(_, range, _)| text.get(range.clone()).is_some()));
        found
    };
    assert_eq!(found(usize::from(step).max(1)), found(usize::MAX));
}

/// The framing of event streams.
pub(crate) fn sse(data: &[u8]) {
    let Some((&step, stream)) = data.split_first() else { return };
    let lines = |step: usize| {
        let (mut decoder, mut out) = (ndjson::Decoder::default(), Vec::new());
        stream.chunks(step).for_each(|piece| decoder.feed(piece, |event| out.push(event)).unwrap());
        out.extend(decoder.finish());
        out
    };
    assert_eq!(lines(usize::from(step).max(1)), lines(usize::MAX));
    assert_eq!(lines(usize::MAX).iter().flat_map(|line| line.raw.clone()).collect::<Vec<u8>>(), stream);
    let pieces = events(stream, usize::from(step).max(1));
    let whole = events(stream, usize::MAX);
    let bytes = |events: &[Event]| events.iter().flat_map(|event| event.raw.clone()).collect::<Vec<u8>>();
    let texts = |events: &[Event]| {
        let filled = events.iter().filter(|event| !event.is_empty());
        filled.map(|event| event.data().into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(bytes(&pieces), stream);
    assert_eq!(bytes(&whole), stream);
    assert_eq!(texts(&pieces), texts(&whole));
    assert_eq!(pieces.iter().any(Event::is_odd), whole.iter().any(Event::is_odd));
    for event in whole.iter().filter(|event| !event.is_empty() && !event.is_odd()) {
        let again = events(&event.with_data(b"x\ny"), usize::MAX);
        assert_eq!(texts(&again), [b"x\ny".to_vec()]);
    }
}

fn events(stream: &[u8], step: usize) -> Vec<Event> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for piece in stream.chunks(step) {
        decoder.feed(piece, |event| out.push(event)).unwrap();
    }
    out.extend(decoder.finish());
    out
}

fn protocol(path: &str) -> &'static dyn Protocol {
    match recognise(path) {
        Recognised::Known(protocol) => protocol,
        Recognised::NotBuilt | Recognised::Unknown => unreachable!("no protocol for {path}"),
    }
}

/// Whole bodies.
pub(crate) fn chat_request(data: &[u8]) {
    request(protocol("/chat/completions"), data);
}

/// The same of Anthropic Messages, where arguments are no strings.
pub(crate) fn anthropic_request(data: &[u8]) {
    request(protocol("/v1/messages"), data);
}

/// The framing of streams that are JSON arrays, and what a quiet inspection makes of them.
pub(crate) fn json_array(data: &[u8]) {
    let Some((&step, stream)) = data.split_first() else { return };
    let step = usize::from(step).max(1);
    let elements = |step: usize| {
        let (mut decoder, mut out) = (json_array::Decoder::default(), Vec::new());
        stream.chunks(step).for_each(|piece| decoder.feed(piece, |event| out.push(event)).unwrap());
        out.extend(decoder.finish());
        out
    };
    let (pieces, whole) = (elements(step), elements(usize::MAX));
    let values = |events: &[Event]| {
        let filled = events.iter().filter(|event| !event.is_empty());
        filled.map(|event| event.data().into_owned()).collect::<Vec<_>>()
    };
    for events in [&pieces, &whole] {
        assert_eq!(events.iter().flat_map(|event| event.raw.clone()).collect::<Vec<u8>>(), stream);
        assert!(events.iter().all(|event| event.with_data(&event.data()) == event.raw));
    }
    assert_eq!(values(&pieces), values(&whole));
    assert_eq!(pieces.iter().any(Event::is_odd), whole.iter().any(Event::is_odd));
    let is_array = |json: &Json<'_>| json.kind(0) == NodeKind::Array;
    if let Some(json) = Json::parse(stream).ok().filter(is_array) {
        assert!(!whole.iter().any(Event::is_odd));
        let read = json.elements(0).map(|element| json.after(element) - element);
        let told = values(&whole).into_iter().map(|value| Json::parse(&value).unwrap().len());
        assert!(read.eq(told));
    }
    let protocol = protocol("/v1beta/models/m:streamGenerateContent");
    for step in [step, usize::MAX] {
        let (blocked, out) = streamed(Frames::Array, protocol, &QUIET_CONTEXT, stream, step);
        assert!(blocked || stream.len() >= 256 || out == stream);
    }
}

/// The same of Gemini, where names have two spellings and files may be text.
pub(crate) fn gemini_request(data: &[u8]) {
    request(protocol("/v1beta/models/m:generateContent"), data);
}

/// The same of Gemini; and a stream that is cut has a filtered candidate or an error, and nothing that is no data.
pub(crate) fn gemini_stream(data: &[u8]) {
    for (blocked, out) in stream(protocol("/v1beta/models/m:streamGenerateContent"), data) {
        let ends = |event: &Event| {
            let data = event.data();
            Json::parse(&data).is_ok_and(|json| json.get(0, "error").is_some() || json.get(0, "candidates").is_some())
        };
        assert!(!blocked || out.is_empty() || events(&out, usize::MAX).iter().any(ends));
    }
}

/// The same of Responses.
pub(crate) fn responses_request(data: &[u8]) {
    request(protocol("/v1/responses"), data);
}

/// The same of Responses, whose events say again what others said.
pub(crate) fn responses_stream(data: &[u8]) {
    for (blocked, out) in stream(protocol("/v1/responses"), data) {
        let ends = |event: &Event| {
            let data = event.data();
            Json::parse(&data).is_ok_and(|json| {
                let last = ["response.completed", "response.incomplete", "response.failed", "response.cancelled"];
                json.get(0, "error").is_some()
                    || json.get(0, "type").is_some_and(|kind| last.contains(&&*json.string(kind)))
            })
        };
        assert!(!blocked || out.is_empty() || events(&out, usize::MAX).iter().any(ends));
    }
}

/// The same of whichever of the smaller protocols the first byte names.
pub(crate) fn other_request(data: &[u8]) {
    let Some((&which, body)) = data.split_first() else { return };
    let paths = ["/api/chat", "/api/generate", "/api/embed", "/v2/chat", "/v2/embed", "/fim/completions", "/generate"];
    request(protocol(paths[usize::from(which) % paths.len()]), body);
}

fn request(protocol: &dyn Protocol, data: &[u8]) {
    let Ok(json) = Json::parse(data) else { return };
    if let Some(bytes) = judged(protocol, &QUIET_CONTEXT, data) {
        assert_eq!(bytes, data);
    }
    let Some(bytes) = judged(protocol, &EAGER_CONTEXT, data) else { return };
    let after = Json::parse(&bytes).unwrap();
    assert_eq!(after.len(), json.len());
    for node in 0..json.len() {
        assert_eq!(after.kind(node), json.kind(node));
        if !matches!(json.kind(node), NodeKind::String | NodeKind::Object | NodeKind::Array) {
            assert_eq!(after.raw(node), json.raw(node));
        }
    }
}

fn judged(protocol: &dyn Protocol, context: &Context, body: &[u8]) -> Option<Vec<u8>> {
    let json = Json::parse(body).ok()?;
    let (shape, kind) = protocol.request();
    let walked = walk(&json, shape, Direction::Request, kind).ok()?;
    let mut buffered = Buffered::new(context, Body::Json(json, walked), Direction::Request);
    while buffered.scan(64) {}
    let concluded = buffered.conclude(true);
    concluded.block.is_none().then(|| concluded.rewritten(body, None, |_| None))
}

/// Streams.
pub(crate) fn chat_stream(data: &[u8]) {
    stream(protocol("/chat/completions"), data);
}

/// The same of Anthropic Messages; and a stream that is cut tells so to the end.
pub(crate) fn anthropic_stream(data: &[u8]) {
    for (blocked, out) in stream(protocol("/v1/messages"), data) {
        let ends = |event: &Event| {
            let data = event.data();
            Json::parse(&data).is_ok_and(|json| {
                json.get(0, "type").is_some_and(|kind| matches!(&*json.string(kind), "message_stop" | "error"))
            })
        };
        assert!(!blocked || out.is_empty() || events(&out, usize::MAX).iter().any(ends));
    }
}

/// Lines of Ollama's; a stream that is cut has a line that says so.
pub(crate) fn ollama_stream(data: &[u8]) {
    for (blocked, out) in stream_in(Frames::Ndjson, protocol("/api/chat"), data) {
        let ends = |line: &[u8]| {
            Json::parse(line).is_ok_and(|json| {
                let is_over = json.get(0, "done").is_some_and(|done| json.kind(done) == NodeKind::True);
                is_over || json.get(0, "error").is_some()
            })
        };
        assert!(!blocked || out.is_empty() || out.split(|&byte| byte == b'\n').any(ends));
    }
}

/// Events of Cohere's; one that is cut has the provider's last event.
pub(crate) fn cohere_stream(data: &[u8]) {
    for (blocked, out) in stream(protocol("/v2/chat"), data) {
        let ends = |event: &Event| {
            Json::parse(&event.data())
                .is_ok_and(|json| json.get(0, "type").is_some_and(|kind| json.string(kind) == "message-end"))
        };
        assert!(!blocked || out.is_empty() || events(&out, usize::MAX).iter().any(ends));
    }
}

/// Events of TGI's, which say the text twice; one that is cut ends with an error.
pub(crate) fn tgi_stream(data: &[u8]) {
    for (blocked, out) in stream(protocol("/generate_stream"), data) {
        let ends = |event: &Event| Json::parse(&event.data()).is_ok_and(|json| json.get(0, "error").is_some());
        assert!(!blocked || out.is_empty() || events(&out, usize::MAX).iter().any(ends));
    }
}

/// What becomes of a stream in two ways of arriving: whether it is blocked, and what comes out.
fn stream(protocol: &'static dyn Protocol, data: &[u8]) -> Vec<(bool, Vec<u8>)> {
    stream_in(Frames::Sse, protocol, data)
}

fn stream_in(frames: Frames, protocol: &'static dyn Protocol, data: &[u8]) -> Vec<(bool, Vec<u8>)> {
    let Some((&step, stream)) = data.split_first() else { return Vec::new() };
    let step = usize::from(step).max(1);
    for step in [step, usize::MAX] {
        let (blocked, out) = streamed(frames, protocol, &QUIET_CONTEXT, stream, step);
        if !blocked {
            assert_eq!(texts(frames, protocol, &out), texts(frames, protocol, stream));
            // Of much text what is decided goes ahead.
            if stream.len() < 256 {
                assert_eq!(out, stream);
            }
        }
    }
    let (blocked, out) = streamed(frames, protocol, &EAGER_CONTEXT, stream, step);
    let (blocked_whole, whole) = streamed(frames, protocol, &EAGER_CONTEXT, stream, usize::MAX);
    assert_eq!(blocked, blocked_whole);
    if !blocked {
        assert_eq!(texts(frames, protocol, &out), texts(frames, protocol, &whole));
    }
    let readable = |stream: &[u8]| framed(frames, stream).iter().all(|event| Json::parse(&event.data()).is_ok());
    if readable(stream) {
        assert!(readable(&out) || blocked);
    }
    vec![(blocked, out), (blocked_whole, whole)]
}

/// All text of a stream: for each place what its events add up to, as it is spelled.
fn texts(frames: Frames, protocol: &dyn Protocol, stream: &[u8]) -> BTreeMap<String, String> {
    let (shape, kind) = protocol.response();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for event in framed(frames, stream) {
        let data = event.data();
        let Ok(json) = Json::parse(&data) else { continue };
        let Ok(walked) = walk(&json, shape, Direction::Response, kind) else { continue };
        for leaf in &walked.texts {
            let place = protocol.joined_pointer(&json, leaf.node);
            texts.entry(place).or_default().push_str(json.raw(leaf.node));
        }
    }
    texts
}

fn framed(frames: Frames, stream: &[u8]) -> Vec<Event> {
    let (mut framing, mut out) = (Framing::from(frames), Vec::new());
    framing.feed(stream, |event| out.push(event)).unwrap();
    out.extend(framing.finish());
    out
}

fn streamed(
    frames: Frames,
    protocol: &'static dyn Protocol,
    context: &Context,
    stream: &[u8],
    step: usize,
) -> (bool, Vec<u8>) {
    let notice = |_: &Cause| Notice { message: "blocked".to_owned(), refusal: false, status: 400 };
    let options = StreamOptions { id: "id".to_owned(), created: 0, choices: 1, usage: false, notice: Arc::new(notice) };
    let (mut inspection, mut out) = (Stream::new(context, Some(protocol), options).framed(frames), Vec::new());
    for piece in stream.chunks(step) {
        inspection.push(piece, &mut out);
    }
    inspection.finish(&mut out);
    (inspection.blocked().is_some(), out)
}

/// Policy files: every problem is told with a place in the file, and what loads compiles or says which rule does not.
pub(crate) fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source::new("fuzzed.yaml", text);
    let read = || load_policy_source(&source, Path::new("policies"), jiff::Timestamp::UNIX_EPOCH);
    match read() {
        Err(problems) => assert!(problems.to_string().contains("fuzzed.yaml"), "a problem without its file"),
        Ok((spec, _)) => {
            assert_eq!(read().unwrap().0.version(), spec.version());
            // Patterns may be too large, models are not there; either way it is said whose fault it is.
            if let Err(error) = RuleSet::compile(vec![Arc::new(spec)], &|_, _| Err("no models".to_owned()), false) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// Windows of a classifier: in order, overlapping or touching, on the borders of characters, over all of the text, and
/// never with a special token that the text spelled.
pub(crate) fn windows(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let windows = match WINDOWER.cut(text) {
        Ok(windows) => windows,
        Err(InferenceError::TooLong) => return,
        Err(error) => panic!("{error}"),
    };
    let frame = WINDOWER.frame();
    let (first, last) = (frame[0], frame[frame.len() - 1]);
    let mut views: Vec<_> = windows.iter().map(|window| window.view).collect();
    views.dedup();
    for view in views {
        let mut covered = 0;
        for window in windows.iter().filter(|window| window.view == view) {
            assert!(window.range.start <= covered && text.get(window.range.clone()).is_some());
            assert!(window.ids.len() <= 128 && window.ids[0] == first && window.ids[window.ids.len() - 1] == last);
            assert!(!window.ids[1..window.ids.len() - 1].iter().any(|id| *id == first || *id == last));
            covered = covered.max(window.range.end);
        }
        assert_eq!(covered, text.len());
    }
}
