//! Content codings (RFC 9110, section 8.4.1): what `content-encoding` names, undone piece by piece.
//!
//! A [`Decoder`] takes coded bytes as they come and hands on plain ones in small pieces, so that a few bytes that stand
//! for gigabytes never become them: windows, members, layers and the growth over what came in are all bounded. All
//! members of a gzip body and all frames of a zstd one are read; anything after the end is a fault, never ignored.
//! Nothing here knows bodies, their lengths or whose they are.

mod brotli;
mod deflate;
mod gzip;
mod zstd;

use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// One content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip` or `x-gzip` (RFC 1952).
    Gzip,
    /// `deflate`: zlib (RFC 1950), or what many servers send by this name, bare deflate (RFC 1951).
    Deflate,
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878), with the window that RFC 9659 allows.
    Zstd,
}

/// Why coded bytes are not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodingError {
    /// No coding that is known here.
    #[error("its content coding is none of gzip, deflate, br and zstd")]
    Unknown,
    /// Codings upon codings.
    #[error("it has more than {MAX_LAYERS} content codings")]
    TooDeep,
    /// Not what `content-encoding` says, or something comes after its end.
    #[error("it is not well-formed {}", .0.name())]
    Malformed(Coding),
    /// Bare deflate and zlib in one.
    #[error("its deflate data can be read in two ways")]
    Ambiguous,
    /// It ends before its end.
    #[error("its {} data ends early", .0.name())]
    Truncated(Coding),
    /// A few bytes that stand for very many.
    #[error("it grows more than {MAX_GROWTH}-fold when decoded")]
    Grows,
    /// Members or frames without end.
    #[error("it has more than {MAX_MEMBERS} compressed members")]
    Members,
}

impl CodingError {
    /// Whether decoding was given up for a bound, and not because the bytes are wrong.
    pub fn is_bound(self) -> bool {
        matches!(self, CodingError::Grows | CodingError::Members)
    }
}

/// Undoes the codings of one body, the last first.
#[derive(Debug)]
pub struct Decoder {
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    codec: Codec,
    came: u64,
    went: u64,
    /// What is decoded at a time.
    piece: Box<[u8]>,
}

#[derive(Debug)]
enum Codec {
    Gzip(gzip::Gzip),
    Deflate(deflate::Deflate),
    Brotli(brotli::Brotli),
    Zstd(zstd::Zstd),
}

/// How far one step of a codec got.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    read: usize,
    written: usize,
}

impl Coding {
    /// Its name in `content-encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// The codings of a body, in the order in which they were applied. `identity` is none.
    pub fn of(headers: &HeaderMap) -> Result<Vec<Coding>, CodingError> {
        let mut codings = Vec::new();
        let names = headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|&b| b == b','));
        for name in names {
            let known = match &*name.trim_ascii().to_ascii_lowercase() {
                b"" | b"identity" => continue,
                b"gzip" | b"x-gzip" => Coding::Gzip,
                b"deflate" => Coding::Deflate,
                b"br" => Coding::Brotli,
                b"zstd" => Coding::Zstd,
                _ => return Err(CodingError::Unknown),
            };
            if codings.len() == MAX_LAYERS {
                return Err(CodingError::TooDeep);
            }
            codings.push(known);
        }
        Ok(codings)
    }

    /// Most memory that decoding takes, in bytes.
    pub fn memory(self) -> usize {
        PIECE
            + match self {
                Coding::Gzip | Coding::Deflate => 48 << 10,
                Coding::Brotli => brotli::MAX_WINDOW + (1 << 20),
                Coding::Zstd => zstd::MAX_WINDOW + (512 << 10),
            }
    }
}

impl Decoder {
    /// For a body with these codings, in the order in which they were applied.
    pub fn new(codings: &[Coding]) -> Decoder {
        let layer = |coding: &Coding| Layer {
            codec: match coding {
                Coding::Gzip => Codec::Gzip(gzip::Gzip::new()),
                Coding::Deflate => Codec::Deflate(deflate::Deflate::new()),
                Coding::Brotli => Codec::Brotli(brotli::Brotli::new()),
                Coding::Zstd => Codec::Zstd(zstd::Zstd::new()),
            },
            came: 0,
            went: 0,
            piece: vec![0; PIECE].into(),
        };
        Decoder { layers: codings.iter().rev().map(layer).collect() }
    }

    /// Decodes all that `input` gives; what it gives goes to `sink` in pieces. After an error nothing more can be had.
    pub fn push<E: From<CodingError>>(
        &mut self,
        input: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        run(&mut self.layers, input, sink)
    }

    /// Whether what came was whole.
    pub fn finish(&self) -> Result<(), CodingError> {
        let torn = self.layers.iter().find(|layer| !layer.codec.is_done());
        torn.map_or(Ok(()), |layer| Err(CodingError::Truncated(layer.codec.coding())))
    }
}

/// Runs `input` through the first layer and what comes out of it through the others.
fn run<E: From<CodingError>>(
    layers: &mut [Layer],
    input: &[u8],
    sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let Some((layer, others)) = layers.split_first_mut() else { return sink(input) };
    let mut rest = input;
    loop {
        let Step { read, written } = layer.step(rest)?;
        rest = rest.get(read..).unwrap_or_default();
        if written > 0 {
            run(others, layer.piece.get(..written).unwrap_or_default(), sink)?;
        } else if read == 0 {
            // Bytes that nobody wants come after the end.
            return if rest.is_empty() { Ok(()) } else { Err(CodingError::Malformed(layer.codec.coding()).into()) };
        }
    }
}

impl Layer {
    fn step(&mut self, input: &[u8]) -> Result<Step, CodingError> {
        let step = match &mut self.codec {
            Codec::Gzip(codec) => codec.step(input, &mut self.piece),
            Codec::Deflate(codec) => codec.step(input, &mut self.piece),
            Codec::Brotli(codec) => codec.step(input, &mut self.piece),
            Codec::Zstd(codec) => codec.step(input, &mut self.piece),
        }?;
        self.came += step.read as u64;
        self.went += step.written as u64;
        if self.went > FREE_GROWTH && self.went > self.came.saturating_mul(MAX_GROWTH) {
            return Err(CodingError::Grows);
        }
        Ok(step)
    }
}

impl Codec {
    fn coding(&self) -> Coding {
        match self {
            Codec::Gzip(_) => Coding::Gzip,
            Codec::Deflate(_) => Coding::Deflate,
            Codec::Brotli(_) => Coding::Brotli,
            Codec::Zstd(_) => Coding::Zstd,
        }
    }

    fn is_done(&self) -> bool {
        match self {
            Codec::Gzip(codec) => codec.is_done(),
            Codec::Deflate(codec) => codec.is_done(),
            Codec::Brotli(codec) => codec.is_done(),
            Codec::Zstd(codec) => codec.is_done(),
        }
    }
}

/// Most codings upon one another.
const MAX_LAYERS: usize = 3;

/// Most members of a gzip body, or frames of a zstd one: each costs a new start, also when it is empty.
const MAX_MEMBERS: usize = 4096;

/// How many times longer decoded bytes may be. Chats and their JSON stay below 100, also when they repeat themselves.
const MAX_GROWTH: u64 = 250;

/// Bytes that may come out before growth counts.
const FREE_GROWTH: u64 = 1 << 20;

/// Bytes decoded at a time.
const PIECE: usize = 16 << 10;

#[cfg(test)]
mod tests;
