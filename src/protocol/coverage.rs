//! What is covered: every protocol by what can be done with its traffic, each cell with the test that shows it.
//!
//! A protocol is expected to do everything, but for what its API lacks ([`super::Protocol::lacks`]). `tests/coverage` holds the
//! tests and sees to it that there is one for every cell.

use super::{GENERIC, PROTOCOLS};

/// Something that can be done with a protocol's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text of a request is found.
    Request,
    /// Text of a whole answer is found.
    Response,
    /// Text of a streamed answer is found, wherever it is cut.
    Stream,
    /// Calls of tools are judged, and held until they are whole.
    Tools,
    /// Reasoning is judged.
    Reasoning,
    /// A blocked request is an error in the API's own shape, and never reaches the upstream.
    Block,
    /// A blocked message is an answer in which the model declines.
    Refuse,
    /// A stream that is blocked midway ends as the API ends filtered answers.
    Cut,
    /// A rewrite changes the bytes of what it rewrites and no others.
    Rewrite,
    /// Placeholders in an answer are turned back.
    Restore,
}

impl Cell {
    /// Every one, in the order of tables.
    pub const ALL: [Cell; 10] = [
        Cell::Request,
        Cell::Response,
        Cell::Stream,
        Cell::Tools,
        Cell::Reasoning,
        Cell::Block,
        Cell::Refuse,
        Cell::Cut,
        Cell::Rewrite,
        Cell::Restore,
    ];

    /// The name of its column, and of its test.
    pub fn name(self) -> &'static str {
        match self {
            Cell::Request => "request",
            Cell::Response => "response",
            Cell::Stream => "stream",
            Cell::Tools => "tools",
            Cell::Reasoning => "reasoning",
            Cell::Block => "block",
            Cell::Refuse => "refuse",
            Cell::Cut => "cut",
            Cell::Rewrite => "rewrite",
            Cell::Restore => "restore",
        }
    }
}

/// One protocol's cells.
#[derive(Clone, Copy)]
pub struct Row {
    /// The protocol's name.
    pub protocol: &'static str,
    lacks: &'static [(Cell, &'static str)],
}

impl Row {
    /// The test that shows a cell, as `FILE::NAME`; or why the API lacks it.
    pub fn cell(&self, cell: Cell) -> Result<String, &'static str> {
        match self.lacks.iter().find(|(lacking, _)| *lacking == cell) {
            Some((_, why)) => Err(why),
            None => Ok(format!("tests/coverage/{}.rs::{}", self.protocol.replace('-', "_"), cell.name())),
        }
    }
}

/// Every protocol that this version has, and what a route may describe itself. Adapters of one name are one protocol: the
/// first stands for it.
pub fn rows() -> impl Iterator<Item = Row> {
    let is_first = |at, name| PROTOCOLS.iter().take(at).all(|earlier| earlier.name() != name);
    let firsts = PROTOCOLS.iter().enumerate().filter(move |(at, protocol)| is_first(*at, protocol.name()));
    let built = firsts.map(|(_, protocol)| Row { protocol: protocol.name(), lacks: protocol.lacks() });
    built.chain([Row { protocol: GENERIC, lacks: GENERIC_LACKS }])
}

/// What an API lacks that answers without text, and why it does.
pub(super) const fn no_text(why: &'static str) -> [(Cell, &'static str); 7] {
    [
        (Cell::Response, why),
        (Cell::Stream, why),
        (Cell::Tools, why),
        (Cell::Reasoning, why),
        (Cell::Refuse, why),
        (Cell::Cut, why),
        (Cell::Restore, why),
    ]
}

/// What an API lacks whose answers do hold text, but whole, and not that of a model that talks.
pub(super) const fn no_talk(stream: &'static str, model: &'static str) -> [(Cell, &'static str); 5] {
    [(Cell::Stream, stream), (Cell::Tools, model), (Cell::Reasoning, model), (Cell::Refuse, model), (Cell::Cut, stream)]
}

/// A description says what is reasoning; nothing in it is signed or special.
const GENERIC_LACKS: &[(Cell, &str)] = &[];

/// The matrix as a table in Markdown: `yes`, or `–` where the API has no such thing.
pub fn table() -> String {
    let mut out = String::from("| protocol |");
    out.extend(Cell::ALL.map(|cell| format!(" {} |", cell.name())));
    out.push_str("\n|---|");
    out.extend(Cell::ALL.map(|_| "---|"));
    for row in rows() {
        out.extend(["\n| `", row.protocol, "` |"]);
        out.extend(Cell::ALL.map(|cell| if row.cell(cell).is_ok() { " yes |" } else { " – |" }));
    }
    out.push('\n');
    out
}

/// The matrix with the test of every cell, and why a cell is empty.
pub fn json() -> serde_json::Value {
    let row = |row: Row| {
        let of = |keep: fn(Result<String, &'static str>) -> Option<String>| {
            let cells =
                Cell::ALL.into_iter().filter_map(|cell| Some((cell.name().to_owned(), keep(row.cell(cell))?.into())));
            serde_json::Value::Object(cells.collect())
        };
        serde_json::json!({
            "protocol": row.protocol,
            "covered": of(Result::ok),
            "lacks": of(|cell| cell.err().map(str::to_owned)),
        })
    };
    serde_json::json!({ "protocols": rows().map(row).collect::<Vec<_>>() })
}
