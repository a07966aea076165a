//! The noun that every module shares: a piece of text and where in a message it stood.
//!
//! A protocol adapter makes segments, the policy engine reads them. Neither knows the other; both know this file.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use serde::Serialize;

/// Which way a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the client to the provider.
    Request,
    /// From the provider to the client.
    Response,
}

/// What a piece of text is to the model that reads or writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The operator's instructions (`system`, `developer`).
    System,
    /// What the person says; also any text whose role is unknown or missing.
    User,
    /// Earlier answers that the client sends back as history.
    Assistant,
    /// Retrieved text that the client adds to the prompt.
    Document,
    /// Names, descriptions and schemas of the tools on offer.
    ToolDefinition,
    /// A call of a tool, in either direction.
    ToolCall,
    /// What a tool returned.
    ToolResult,
    /// The model's thinking.
    Reasoning,
    /// The model's answer.
    Completion,
    /// Fields that the provider stores but the model may never see.
    Metadata,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Kind; 10] = [
        Kind::System,
        Kind::User,
        Kind::Assistant,
        Kind::Document,
        Kind::ToolDefinition,
        Kind::ToolCall,
        Kind::ToolResult,
        Kind::Reasoning,
        Kind::Completion,
        Kind::Metadata,
    ];

    /// The name that policies use.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::System => "system",
            Kind::User => "user",
            Kind::Assistant => "assistant",
            Kind::Document => "document",
            Kind::ToolDefinition => "tool_definition",
            Kind::ToolCall => "tool_call",
            Kind::ToolResult => "tool_result",
            Kind::Reasoning => "reasoning",
            Kind::Completion => "completion",
            Kind::Metadata => "metadata",
        }
    }

    /// Whether a model, or a tool that it called, says it. What an answer holds of other kinds, it repeats from the request.
    pub const fn is_answered(self) -> bool {
        matches!(self, Kind::Completion | Kind::Reasoning | Kind::ToolCall | Kind::ToolResult)
    }

    /// The kind with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The direction that this kind has when nothing else says so (`scan --as`).
    pub const fn usual_direction(self) -> Direction {
        match self {
            Kind::Completion | Kind::Reasoning => Direction::Response,
            _ => Direction::Request,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of (direction, kind) pairs: what a rule's `scope` selects and what a channel belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(u32);

impl Scope {
    /// Selects nothing.
    pub const EMPTY: Scope = Scope(0);
    /// All that the client sends.
    pub const INPUT: Scope = Scope(0x0000_03ff);
    /// All that the model sends.
    pub const OUTPUT: Scope = Scope(0x03ff_0000);
    /// Everything.
    pub const ALL: Scope = Scope(0x03ff_03ff);
    /// What a model's answer is made of. Other kinds count as output only in bodies that no protocol knows.
    pub const ANSWER: Scope = Scope::one(Direction::Response, Kind::Completion)
        .union(Scope::one(Direction::Response, Kind::Reasoning))
        .union(Scope::one(Direction::Response, Kind::ToolCall));
    /// Text that strangers can write: user, document, `tool_result`.
    pub const UNTRUSTED: Scope =
        Scope::kind(Kind::User).union(Scope::kind(Kind::Document)).union(Scope::kind(Kind::ToolResult));

    /// One kind in one direction.
    pub const fn one(direction: Direction, kind: Kind) -> Scope {
        let bit = 1u32 << (kind as u32);
        match direction {
            Direction::Request => Scope(bit),
            Direction::Response => Scope(bit << 16),
        }
    }

    /// One kind in both directions.
    pub const fn kind(kind: Kind) -> Scope {
        Scope::one(Direction::Request, kind).union(Scope::one(Direction::Response, kind))
    }

    /// The scope that a policy names: a kind or one of the groups `input`, `output`, `untrusted`, `all`.
    pub fn from_name(name: &str) -> Option<Scope> {
        match name {
            "input" => Some(Scope::INPUT),
            "output" => Some(Scope::OUTPUT),
            "untrusted" => Some(Scope::UNTRUSTED),
            "all" => Some(Scope::ALL),
            _ => Kind::from_name(name).map(Scope::kind),
        }
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Scope) -> Scope {
        Scope(self.0 | other.0)
    }

    /// Whether the two have a pair in common.
    pub const fn meets(self, other: Scope) -> bool {
        self.0 & other.0 != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn common(self, other: Scope) -> Scope {
        Scope(self.0 & other.0)
    }

    /// Whether every pair of the other is in this one.
    pub const fn includes(self, other: Scope) -> bool {
        self.0 & other.0 == other.0
    }

    /// Of exactly one pair: its place among all pairs, those of requests first, kinds as in [`Kind::ALL`].
    pub const fn index(self) -> Option<usize> {
        let bit = self.0.trailing_zeros() as usize;
        match self.0.count_ones() {
            1 if bit < 16 => Some(bit),
            1 => Some(Kind::ALL.len() + bit - 16),
            _ => None,
        }
    }

    /// Whether nothing is selected.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Scope {
    type Output = Scope;
    fn bitor(self, other: Scope) -> Scope {
        self.union(other)
    }
}

impl BitOrAssign for Scope {
    fn bitor_assign(&mut self, other: Scope) {
        *self = self.union(other);
    }
}

/// What Palisade cannot look into; the policy's `unscannable` decides per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// A picture, by URL or inline.
    Image,
    /// Recorded or generated speech.
    Audio,
    /// A document or any other file.
    File,
    /// Reasoning that only the provider can read.
    EncryptedReasoning,
    /// State kept at the provider, named by an id.
    ServerState,
}

impl Media {
    /// Every kind of unscannable content.
    pub const ALL: [Media; 5] =
        [Media::Image, Media::Audio, Media::File, Media::EncryptedReasoning, Media::ServerState];

    /// The name that policies use.
    pub const fn name(self) -> &'static str {
        match self {
            Media::Image => "image",
            Media::Audio => "audio",
            Media::File => "file",
            Media::EncryptedReasoning => "encrypted_reasoning",
            Media::ServerState => "server_state",
        }
    }
}

/// Where a piece of text stood in its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which way the message travels.
    pub direction: Direction,
    /// The kind shown in verdicts.
    pub kind: Kind,
    /// Every (direction, kind) the text counts as; more than one on bodies that no protocol knows.
    pub scope: Scope,
    /// JSON pointer (RFC 6901) into the body; for a stream, into the message that its events add up to.
    pub pointer: String,
    /// How many messages of the same role came after this one in the request.
    pub age: u32,
}

impl Segment {
    /// A segment that belongs to exactly one kind.
    pub fn new(direction: Direction, kind: Kind, pointer: impl Into<String>) -> Segment {
        Segment { direction, kind, scope: Scope::one(direction, kind), pointer: pointer.into(), age: 0 }
    }
}
