//! Puts the token of a conversation behind its system prompt.

use super::Body;
use super::splice::Splice;
use crate::detector::Canary;
use crate::policy::Context;
use crate::protocol::json::{NodeKind, escape};
use crate::protocol::walk::LeafRole;
use crate::segment::{Direction, Kind, Scope};

/// A token, and where it goes in a request's body.
#[derive(Debug)]
pub struct Planted {
    /// The token, for the context of the answer.
    pub canary: Canary,
    pub(super) splice: Splice,
}

/// The token of a request, if a rule looks for it and the request has a system prompt.
///
/// It goes behind the longest text of the prompt. That is a function of the prompt, as the token is: what the provider has
/// cached stays as it was, and short texts that APIs compare word for word stay alone.
pub fn plant(context: &Context, tenant: Option<&str>, body: &Body<'_>) -> Option<Planted> {
    let Body::Json(json, walked) = body else { return None };
    if !context.plants_canary() {
        return None;
    }
    let system = Scope::one(Direction::Request, Kind::System);
    let all = || walked.texts.iter().filter(|leaf| leaf.scope == system);
    let is_prompt = |role: LeafRole, message: u32| role == LeafRole::Part && message > 0;
    let prompts = all().filter(|leaf| is_prompt(leaf.role, leaf.message) && json.kind(leaf.node) == NodeKind::String);
    let filled = prompts.filter(|leaf| !json.string(leaf.node).trim().is_empty());
    // Of several that are as long as each other the first.
    let longest = filled.rev().max_by_key(|leaf| json.raw(leaf.node).len())?;
    let texts: Vec<_> = all().map(|leaf| leaf.text(json)).collect();
    let canary = Canary::new(&context.key, tenant, texts.iter().map(AsRef::as_ref));
    let end = json.node(longest.node).start as usize + json.raw(longest.node).len();
    let splice = Splice { range: end..end, text: escape(&canary.mark()) };
    Some(Planted { canary, splice })
}
