//! What is read of every recorded message, and as which kind: one reviewed snapshot for each API. Snapshots say where text
//! stood and how long it was, never what it said: the recordings stay where they are.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/recordings.rs"]
#[expect(dead_code, reason = "what judges a recording is not needed here")]
mod recordings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use palisade::protocol::Protocol;
use palisade::protocol::json::Json;
use palisade::protocol::walk::{self, Extent, LeafRole, Walked, walk, walk_unknown};
use palisade::segment::{Direction, Kind};
use recordings::{Recording, Sort, recordings};

#[test]
fn segments_are_as_reviewed() {
    let mut apis: BTreeMap<String, String> = BTreeMap::new();
    let recordings = recordings();
    for recording in &recordings {
        let (folder, file) = recording.name.split_once('/').unwrap();
        let out = apis.entry(folder.to_owned()).or_default();
        let protocol = recording.protocol.map_or("walked whole", |protocol| protocol.name());
        writeln!(out, "{file} ({protocol})").unwrap();
        *out += &segments(recording);
        out.push('\n');
    }
    for (folder, segments) in &apis {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("segments-{folder}"), segments);
        });
    }
    let counts = apis.keys().map(|folder| {
        let of = recordings.iter().filter(|recording| recording.name.starts_with(&format!("{folder}/"))).count();
        format!("{folder} {of}")
    });
    println!("segments of {} recordings: {}", recordings.len(), counts.collect::<Vec<_>>().join(", "));
}

/// One text of a message; in a stream what its events add up to.
struct Line {
    kind: Kind,
    pointer: String,
    role: &'static str,
    bytes: usize,
    pieces: usize,
    repeats: usize,
}

fn segments(recording: &Recording) -> String {
    let mut lines: Vec<Line> = Vec::new();
    let mut channels: BTreeMap<(u64, &str), usize> = BTreeMap::new();
    let (mut media, mut unknown, mut echoes) = (BTreeSet::new(), Vec::new(), 0);
    let streams = recording.sort == Sort::Stream;
    for text in recording.texts() {
        let json = Json::parse(text.as_bytes()).unwrap();
        let walked = walked(&json, recording.protocol, recording.direction(), streams);
        let pointer = |node| match recording.protocol {
            Some(protocol) if streams => protocol.joined_pointer(&json, node),
            _ => walk::pointer(&json, node, false),
        };
        for leaf in walked.texts.iter().filter(|leaf| leaf.role != LeafRole::Key) {
            let known = channels.get(&(leaf.channel, leaf.kind.name())).copied().filter(|_| streams);
            let line = known.unwrap_or_else(|| {
                let (kind, pointer, role) = (leaf.kind, pointer(leaf.node), role(leaf.role));
                lines.push(Line { kind, pointer, role, bytes: 0, pieces: 0, repeats: 0 });
                channels.insert((leaf.channel, leaf.kind.name()), lines.len() - 1);
                lines.len() - 1
            });
            let bytes = leaf.text(&json).len();
            if leaf.extent == Extent::Repeat && lines[line].bytes == bytes {
                lines[line].repeats += 1;
            } else {
                lines[line].bytes += bytes;
                lines[line].pieces += 1;
            }
        }
        for &(kind, node) in &walked.unscannable {
            media.insert(format!("{} {}", kind.name(), pointer(node)));
        }
        unknown.extend(walked.unknown.iter().map(|&node| pointer(node)));
        echoes += walked.echoes.len();
    }
    let mut out = String::new();
    for line in lines.iter().filter(|line| line.bytes > 0) {
        write!(out, "  {} {}{}: {} bytes", line.kind, line.pointer, line.role, line.bytes).unwrap();
        if streams {
            write!(out, " in {}", line.pieces).unwrap();
        }
        if line.repeats > 0 {
            write!(out, ", said again {} times", line.repeats).unwrap();
        }
        out.push('\n');
    }
    for place in &media {
        writeln!(out, "  unscannable: {place}").unwrap();
    }
    for place in &unknown {
        writeln!(out, "  unknown type: {place}").unwrap();
    }
    if echoes > 0 {
        writeln!(out, "  echoes: {echoes}").unwrap();
    }
    out
}

fn walked(json: &Json<'_>, protocol: Option<&'static dyn Protocol>, direction: Direction, event: bool) -> Walked {
    let Some(protocol) = protocol else { return walk_unknown(json, direction) };
    let (shape, kind) = match direction {
        Direction::Request => protocol.request(),
        Direction::Response if event => protocol.event(),
        Direction::Response => protocol.response(),
    };
    walk(json, shape, direction, kind).unwrap()
}

fn role(role: LeafRole) -> &'static str {
    match role {
        LeafRole::Arguments => " (arguments)",
        LeafRole::Signed => " (signed)",
        LeafRole::Encoded => " (encoded)",
        _ => "",
    }
}
