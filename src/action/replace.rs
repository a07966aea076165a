//! `replace`: a text of the author's in place of the found one.

use std::sync::Arc;

use super::{Action, ActionKind, Found, Rewrite};
use crate::config::value::string;
use crate::config::{MapReader, Node, Problem, did_you_mean};

pub(super) const KIND: ActionKind = ActionKind {
    name: "replace",
    summary: "put a text in place of the found one; `{entity}` and `{rule}` stand for their names",
    example: r#"{ replace: "<{entity}>" }"#,
    build,
};

fn build(reader: &mut MapReader<'_>) -> Option<Action> {
    if reader.node("value").is_none() {
        reader.problem(
            Problem::error(reader.head(), "`replace` without the new text")
                .label("expected a text")
                .help(format!("for example `action: {}`", KIND.example)),
        );
    }
    let pieces = reader.optional("value", |node| parse(&string(node)?, node))?;
    let with = move |found: &Found<'_>| pieces.iter().map(|piece| piece.text(found)).collect();
    Some(Action::Rewrite(Rewrite { name: KIND.name, fill: None, restore: None, with: Arc::new(with) }))
}

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Entity,
    Rule,
}

impl Piece {
    fn text<'a>(&'a self, found: &Found<'a>) -> &'a str {
        match self {
            Piece::Text(text) => text,
            Piece::Entity => found.entity,
            Piece::Rule => found.rule,
        }
    }
}

fn parse(mut rest: &str, node: &Node) -> Result<Vec<Piece>, Problem> {
    let length = rest.len();
    let mut pieces = Vec::new();
    while let Some(brace) = rest.find(['{', '}']) {
        let (before, at) = rest.split_at(brace);
        let start = length - at.len();
        let end = at.find('}').map_or(length, |end| start + end + 1);
        pieces.push(Piece::Text(before.to_owned()));
        let name = at.strip_prefix('{').and_then(|at| at.split_once('}'));
        rest = match name {
            Some(("entity", after)) => {
                pieces.push(Piece::Entity);
                after
            }
            Some(("rule", after)) => {
                pieces.push(Piece::Rule);
                after
            }
            other => {
                let problem = Problem::error(&node.within(start, end), "unknown placeholder")
                    .label("expected `{entity}` or `{rule}`");
                let help = other.and_then(|(name, _)| did_you_mean(name, ["entity", "rule"]));
                return Err(problem.help(help.unwrap_or_else(|| "braces always mark a placeholder".to_owned())));
            }
        };
    }
    pieces.push(Piece::Text(rest.to_owned()));
    Ok(pieces)
}
