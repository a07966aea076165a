//! `GET /v1/decisions`: what was decided lately. A stream's late verdict is read here by the request's id.

use serde_json::{Value, json};

use super::answer::Fault;
use super::query::Query;
use crate::decisions::{Decisions, KEPT};

/// The verdicts on the messages of one request, oldest first.
pub(super) fn of(decisions: &Decisions, id: &str) -> Result<Value, Fault> {
    let found = decisions.of(id);
    if found.is_empty() {
        return Err(Fault::NotFound);
    }
    Ok(json!({ "decisions": found.iter().map(AsRef::as_ref).collect::<Vec<_>>() }))
}

/// The latest verdicts, latest first: `?limit=50&verdict=block&tenant=acme`.
pub(super) fn latest(decisions: &Decisions, query: &Query) -> Result<Value, Fault> {
    query.takes(&["limit", "verdict", "tenant"])?;
    let limit = query.value("limit").map_or(Ok(USUAL), str::parse).ok().filter(|limit| *limit <= KEPT);
    let limit = limit.ok_or_else(|| Fault::Bad(format!("`limit` is a number up to {KEPT}")))?;
    let (verdict, tenant) = (query.value("verdict"), query.value("tenant"));
    if verdict.is_some_and(|verdict| !matches!(verdict, "allow" | "rewrite" | "block")) {
        return Err(Fault::Bad("`verdict` is allow, rewrite or block".to_owned()));
    }
    let found = decisions.latest(limit, |decided| {
        verdict.is_none_or(|wanted| decided.verdict == wanted)
            && tenant.is_none_or(|wanted| decided.tenant.as_deref() == Some(wanted))
    });
    Ok(json!({ "decisions": found.iter().map(AsRef::as_ref).collect::<Vec<_>>() }))
}

/// How many are shown unless asked.
const USUAL: usize = 100;
