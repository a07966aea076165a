//! The texts of a body as they came, for those who need them after it was judged: offsets in other units, the decision
//! log's texts.

use super::Body;
use crate::protocol::Protocol;
use crate::protocol::json::Json;
use crate::protocol::walk::{pointer, walk, walk_unknown};
use crate::segment::{Direction, Kind, Scope};

/// Every text of a body that can be read, with its JSON pointer. A response that is no JSON is one text.
pub fn originals(bytes: &[u8], protocol: Option<&dyn Protocol>, direction: Direction) -> Vec<(String, String)> {
    let Ok(json) = Json::parse(bytes) else {
        let plain = (direction == Direction::Response).then(|| std::str::from_utf8(bytes).ok()).flatten();
        return plain.map(|text| vec![(String::new(), text.to_owned())]).unwrap_or_default();
    };
    let walked = match (protocol, direction) {
        (Some(protocol), Direction::Request) => {
            let (shape, kind) = protocol.request();
            walk(&json, shape, direction, kind).ok()
        }
        (Some(protocol), Direction::Response) => {
            let (shape, kind) = protocol.response();
            walk(&json, shape, direction, kind).ok()
        }
        (None, _) => Some(walk_unknown(&json, direction)),
    };
    let texts = walked.iter().flat_map(|walked| &walked.texts);
    texts.map(|leaf| (pointer(&json, leaf.node, false), leaf.text(&json).into_owned())).collect()
}

/// The texts of a request that are its system prompt.
pub fn system_texts(body: &Body<'_>) -> Vec<String> {
    let Body::Json(json, walked) = body else { return Vec::new() };
    let system = Scope::one(Direction::Request, Kind::System);
    walked.texts.iter().filter(|leaf| leaf.scope == system).map(|leaf| leaf.text(json).into_owned()).collect()
}
