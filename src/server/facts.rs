//! What conditions may ask about a request: `request` and `tenant`. Made only where some rule asks.

use std::net::IpAddr;

use http::request::Parts;
use serde_json::{Map, Value, json};

use crate::policy::Facts;
use crate::protocol::json::{Json, NodeKind};
use crate::protocol::{Asked, Protocol};

/// What is known before the body is read.
pub(super) fn of_head(
    parts: &Parts,
    peer: IpAddr,
    tenant: Option<&str>,
    vars: Option<&Value>,
    protocol: Option<&dyn Protocol>,
) -> Facts {
    let mut headers: Map<String, Value> = Map::new();
    // The names of a header map are in lower case.
    for name in parts.headers.keys() {
        let values = parts.headers.get_all(name).iter();
        let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        headers.insert(name.as_str().to_owned(), values.join(", ").into());
    }
    let request = json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path(),
        "model": "",
        "tenant": tenant.unwrap_or_default(),
        "user": "",
        "headers": headers,
        "stream": false,
        "protocol": protocol.map_or("", Protocol::name),
        "source_ip": peer.to_canonical().to_string(),
    });
    let vars = vars.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    Facts { request, tenant: json!({ "vars": vars }) }
}

/// The same with what the body says.
pub(super) fn with_body(head: &Facts, asked: &Asked, body: Option<&Json<'_>>) -> Facts {
    let mut facts = head.clone();
    if let Some(request) = facts.request.as_object_mut() {
        let mut say = |name: &str, value: Value| request.insert(name.to_owned(), value);
        say("model", asked.model.as_deref().unwrap_or_default().into());
        say("stream", asked.stream.is_some().into());
        say("user", body.map(user).unwrap_or_default().into());
    }
    facts
}

/// Whom the client says that it asks for, in the members that providers have for this.
fn user(json: &Json<'_>) -> String {
    let metadata = json.get(0, "metadata").filter(|&metadata| json.kind(metadata) == NodeKind::Object);
    let members = [json.get(0, "user"), json.get(0, "safetyidentifier")];
    let members = members.into_iter().chain([metadata.and_then(|metadata| json.get(metadata, "userid"))]);
    let mut named = members.flatten().filter(|&member| json.kind(member) == NodeKind::String);
    named.next().map(|member| json.string(member).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use http::Request;

    use super::*;
    use crate::protocol::framing::Frames;

    #[test]
    fn facts_are_what_the_request_says() {
        let request = Request::post("/v1/chat/completions?a=b").header("X-Team", "blue").header("accept", "a");
        let (parts, ()) = request.header("x-team", "green").body(()).unwrap().into_parts();
        let vars = json!({ "limit": 100 });
        let head = of_head(&parts, "::ffff:10.0.0.1".parse().unwrap(), Some("acme"), Some(&vars), None);
        let asked = Asked { model: Some("gpt-5".into()), stream: Some(Frames::Sse), ..Asked::default() };
        for (body, user) in [
            (r#"{"user": "u-1", "metadata": {"user_id": "u-2"}}"#, "u-1"),
            (r#"{"metadata": {"user_id": "u-2"}}"#, "u-2"),
            (r#"{"user": 5, "safety_identifier": "u-3"}"#, "u-3"),
            (r#"{"metadata": "user_id"}"#, ""),
        ] {
            let facts = with_body(&head, &asked, Some(&Json::parse(body.as_bytes()).unwrap()));
            let expected = json!({
                "method": "POST", "path": "/v1/chat/completions", "model": "gpt-5", "tenant": "acme", "user": user,
                "headers": { "x-team": "blue, green", "accept": "a" }, "stream": true, "protocol": "",
                "source_ip": "10.0.0.1",
            });
            assert_eq!((facts.request, facts.tenant), (expected, json!({ "vars": { "limit": 100 } })));
        }
        assert_eq!(with_body(&head, &Asked::default(), None).request["stream"], false);
    }
}
