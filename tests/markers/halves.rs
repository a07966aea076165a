//! The marker cut in two: over the parts of a message, over messages of one role, over the events of a stream. Whoever reads
//! them on as one text reads the marker, and so must a rule.

use std::collections::BTreeMap;

use palisade::protocol::json::Json;
use palisade::protocol::walk::{self, Extent, LeafRole, TextLeaf, Walked};
use palisade::segment::Kind;

use super::*;

const HALVES: [&str; 2] = ["zqmark", "erzq"];

/// Where a half goes: into which text of the recording, and at which byte of it.
type Spot = (usize, usize);

#[test]
fn a_marker_in_two_halves_is_found() {
    let context = context(POLICY);
    let mut tried: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut missed = Vec::new();
    for recording in recordings().iter().filter(|recording| recording.protocol.is_some()) {
        let texts = recording.texts();
        let counts = tried.entry(recording.protocol.unwrap().name()).or_default();
        for (sort, first, second) in pairs(recording, &texts) {
            counts[sort as usize] += 1;
            let mut marked = texts.clone();
            // From the back, so that the places stay.
            for ((text, at), half) in [(second, HALVES[1]), (first, HALVES[0])] {
                marked[text].insert_str(at, half);
            }
            if !is_found_in(&context, recording, &marked) {
                missed.push(format!("{} {sort:?} {first:?} {second:?}", recording.name));
            }
        }
    }
    for (protocol, [parts, messages, events]) in &tried {
        println!("{protocol}: cut over parts {parts}, over messages {messages}, over events {events}");
    }
    assert!(missed.is_empty(), "{} halves that nobody put together:\n{}", missed.len(), missed.join("\n"));
}

#[derive(Clone, Copy, Debug)]
enum Over {
    Parts,
    Messages,
    Events,
}

fn pairs(recording: &Recording, texts: &[String]) -> Vec<(Over, Spot, Spot)> {
    let mut out = Vec::new();
    let mut last: BTreeMap<(u64, &str), Spot> = BTreeMap::new();
    for (number, text) in texts.iter().enumerate() {
        let json = Json::parse(text.as_bytes()).unwrap();
        let walked = walked(&json, recording);
        let spot = |leaf: &TextLeaf, end: bool| {
            let node = json.node(leaf.node);
            (number, if end { node.end } else { node.start } as usize)
        };
        let is_said = |leaf: &&TextLeaf| {
            let whole = recording.sort != Sort::Stream || leaf.extent == Extent::Piece;
            let string = json.kind(leaf.node) == palisade::protocol::json::NodeKind::String;
            whole
                && string
                && !json.raw(leaf.node).is_empty()
                && !matches!(leaf.role, LeafRole::Key | LeafRole::Encoded)
        };
        let said: Vec<&TextLeaf> = walked.texts.iter().filter(is_said).collect();
        if recording.sort == Sort::Stream {
            // Calls come one after the other at one place of Gemini's events; nobody reads two of them on as one.
            let of_call = |leaf: &&&TextLeaf| walk::pointer(&json, leaf.node, false).contains("/functionCall/");
            for leaf in said.iter().filter(|leaf| !of_call(leaf)) {
                let channel = (leaf.channel, leaf.kind.name());
                if let Some(before) = last.insert(channel, spot(leaf, true)).filter(|before| before.0 < number) {
                    out.push((Over::Events, before, spot(leaf, false)));
                }
            }
            continue;
        }
        let content = |leaf: &&&TextLeaf| leaf.role == LeafRole::Part && !matches!(leaf.kind, Kind::Reasoning);
        let content: Vec<&&TextLeaf> = said.iter().filter(content).collect();
        for two in content.windows(2) {
            let (first, second) = (two[0], two[1]);
            let same = first.kind == second.kind && first.choice == second.choice;
            let over = if first.message == second.message { Over::Parts } else { Over::Messages };
            if same && second.message - first.message <= 1 && first.message > 0 {
                out.push((over, spot(first, true), spot(second, false)));
            }
        }
    }
    out
}

fn walked(json: &Json<'_>, recording: &Recording) -> Walked {
    let protocol = recording.protocol.unwrap();
    let (shape, kind) = match recording.sort {
        Sort::Request => protocol.request(),
        Sort::Response => protocol.response(),
        Sort::Stream => protocol.event(),
    };
    walk::walk(json, shape, recording.direction(), kind).unwrap()
}

fn is_found_in(context: &Context, recording: &Recording, texts: &[String]) -> bool {
    let judged = if recording.sort == Sort::Stream {
        let stream = framed(recording.frames, texts);
        judge_stream(context, stream.as_bytes(), recording.protocol, recording.frames, usize::MAX)
    } else {
        judge(context, texts[0].as_bytes(), recording.protocol, recording.direction(), usize::MAX)
    };
    judged.report.unreadable.is_some() || !judged.report.findings.is_empty()
}

fn framed(frames: Frames, texts: &[String]) -> String {
    match frames {
        Frames::Sse => texts.iter().fold(String::new(), |stream, text| stream + "data: " + text + "\n\n"),
        Frames::Ndjson => texts.join("\n") + "\n",
        Frames::Array => format!("[{}]", texts.join(",")),
    }
}
