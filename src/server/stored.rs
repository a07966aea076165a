//! What providers keep: a route may forbid it (`store: force_off`), and an answer that is asked for again from its middle
//! is fetched from its start.

use bytes::Bytes;
use http::Uri;

use super::error::RequestError;
use crate::protocol::json::{Json, NodeKind, fold_key};
use crate::protocol::{Keeps, Protocol};

/// The request with `store` off, if it has to change for that. Only for bodies that have been read.
pub(super) fn store_off(body: &Bytes, keeps: Keeps) -> Option<Bytes> {
    let json = Json::parse(body).ok().filter(|json| json.kind(0) == NodeKind::Object)?;
    let mut out = Vec::with_capacity(body.len() + 16);
    match (json.get(0, "store"), keeps) {
        (_, Keeps::Never) | (None, Keeps::IfAsked) => return None,
        (Some(store), _) if json.kind(store) == NodeKind::False => return None,
        (Some(store), _) => {
            let range = json.whole(store);
            out.extend_from_slice(&body[..range.start]);
            out.extend_from_slice(b"false");
            out.extend_from_slice(&body[range.end..]);
        }
        (None, Keeps::UnlessToldNot) => {
            let inside = json.node(0).start as usize + 1;
            out.extend_from_slice(&body[..inside]);
            out.extend_from_slice(b"\"store\":false");
            out.extend(json.members(0).next().map(|_| b','));
            out.extend_from_slice(&body[inside..]);
        }
    }
    Some(out.into())
}

/// Where a request wants a stream that it has had in part to go on. That part is taken from the target: what is fetched
/// is fetched, and read, from its start.
pub(super) fn resumed(protocol: &dyn Protocol, target: &mut Uri) -> Result<Option<u64>, RequestError> {
    let (Some(name), Some(query)) = (protocol.resumes_by(), target.query()) else { return Ok(None) };
    let is_it = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        fold_key(&super::query::percent_decode(key)) == *name
    };
    let mut found = query.split('&').filter(is_it);
    let Some(pair) = found.next() else { return Ok(None) };
    let number = pair.split_once('=').map(|(_, number)| number).filter(|_| found.next().is_none());
    let plain = number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let after = plain.and_then(|number| number.parse().ok()).ok_or(RequestError::Resumed)?;
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_it(pair)).collect();
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    let mut parts = target.clone().into_parts();
    let whole = format!("{}{query}", target.path());
    parts.path_and_query = Some(whole.parse().map_err(|_| RequestError::Resumed)?);
    *target = Uri::from_parts(parts).map_err(|_| RequestError::Resumed)?;
    Ok(Some(after))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use crate::protocol::{Recognised, recognise};

    #[test]
    fn store_goes_off_and_nothing_else_changes() {
        let off = |body: &'static str, keeps| {
            store_off(&Bytes::from_static(body.as_bytes()), keeps).map(|body| String::from_utf8(body.to_vec()).unwrap())
        };
        let both = [Keeps::IfAsked, Keeps::UnlessToldNot];
        for keeps in both {
            assert_eq!(off(r#"{"a": 1, "store" : true}"#, keeps).unwrap(), r#"{"a": 1, "store" : false}"#);
            assert_eq!(off(r#"{"Store":"yes"}"#, keeps).unwrap(), r#"{"Store":false}"#);
            assert_eq!(off(r#"{"store":null,"a":[]}"#, keeps).unwrap(), r#"{"store":false,"a":[]}"#);
            assert_eq!(off(r#"{"store":false}"#, keeps), None);
            assert_eq!(off("[]", keeps), None);
        }
        assert_eq!(off(r#"{"a":1}"#, Keeps::IfAsked), None);
        assert_eq!(off(r#" { "a":1}"#, Keeps::UnlessToldNot).unwrap(), r#" {"store":false, "a":1}"#);
        assert_eq!(off("{ }", Keeps::UnlessToldNot).unwrap(), r#"{"store":false }"#);
        assert_eq!(off(r#"{"store":true}"#, Keeps::Never), None);
    }

    #[test]
    fn a_resumed_stream_is_asked_for_from_its_start() {
        let Recognised::Known(protocol) = recognise("/v1/responses/resp_1") else { panic!("no protocol") };
        let resumed = |target: &str| {
            let mut uri: Uri = target.parse().unwrap();
            resumed(protocol, &mut uri).map(|after| (after, uri.to_string())).ok()
        };
        let path = "/v1/responses/resp_1";
        let told = |rest: &str| format!("{path}{rest}");
        assert_eq!(resumed(path), Some((None, told(""))));
        assert_eq!(resumed(&told("?stream=true")), Some((None, told("?stream=true"))));
        assert_eq!(resumed(&told("?stream=true&starting_after=7")), Some((Some(7), told("?stream=true"))));
        assert_eq!(resumed(&told("?starting%5Fafter=7")), Some((Some(7), told(""))));
        for odd in ["?starting_after", "?starting_after=", "?starting_after=-1", "?starting_after=1&startingAfter=2"] {
            assert_eq!(resumed(&told(odd)), None, "{odd}");
        }
    }
}
