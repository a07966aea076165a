//! Bodies with a content coding, decoded as a whole.

use bytes::Bytes;
use http::HeaderMap;

use super::limits::{BodyError, NoRoom, Share};
use crate::coding::{Coding, CodingError, Decoder};

/// What a body is once its codings are undone.
#[derive(Debug)]
pub(super) enum Plain {
    /// It had none.
    Same,
    /// This.
    Decoded(Bytes),
    /// It is not what `content-encoding` says.
    Unreadable(CodingError),
}

impl Plain {
    /// What there is to read of a body that came as `coded`.
    pub(super) fn readable(&self, coded: &Bytes) -> Bytes {
        if let Plain::Decoded(plain) = self { plain.clone() } else { coded.clone() }
    }
}

/// Decodes a body: `max` bytes at most, all of them and what decoding takes counted in `share`.
pub(super) async fn decode(
    headers: &HeaderMap,
    coded: &Bytes,
    max: usize,
    share: &mut Share,
) -> Result<Plain, BodyError> {
    let codings = match Coding::of(headers) {
        Ok(codings) if codings.is_empty() || coded.is_empty() => return Ok(Plain::Same),
        Ok(codings) => codings,
        Err(error) => return Ok(Plain::Unreadable(error)),
    };
    let held = share.bytes();
    share.grow(codings.iter().map(|coding| coding.memory()).sum())?;
    let decoded = run(&codings, coded, max, share).await;
    share.shrink(held + decoded.as_ref().map_or(0, Vec::len));
    match decoded {
        Ok(plain) => Ok(Plain::Decoded(plain.into())),
        Err(Fault::Coding(error)) if error.is_bound() => Err(BodyError::Grows(error)),
        Err(Fault::Coding(error)) => Ok(Plain::Unreadable(error)),
        Err(Fault::TooLong) => Err(BodyError::TooLong(max)),
        Err(Fault::NoRoom) => Err(BodyError::NoRoom),
    }
}

async fn run(codings: &[Coding], coded: &[u8], max: usize, share: &mut Share) -> Result<Vec<u8>, Fault> {
    let mut decoder = Decoder::new(codings);
    let mut plain = Vec::new();
    let mut rested = 0;
    for slice in coded.chunks(SLICE) {
        decoder.push(slice, &mut |piece| {
            if plain.len() + piece.len() > max {
                return Err(Fault::TooLong);
            }
            share.grow(piece.len())?;
            plain.extend_from_slice(piece);
            Ok(())
        })?;
        if plain.len() - rested > REST {
            rested = plain.len();
            tokio::task::yield_now().await;
        }
    }
    decoder.finish()?;
    Ok(plain)
}

/// Why decoding stopped.
#[derive(Debug)]
enum Fault {
    Coding(CodingError),
    TooLong,
    NoRoom,
}

impl From<CodingError> for Fault {
    fn from(error: CodingError) -> Fault {
        Fault::Coding(error)
    }
}

impl From<NoRoom> for Fault {
    fn from(_: NoRoom) -> Fault {
        Fault::NoRoom
    }
}

/// Coded bytes that are decoded at a time: even a bomb leaves others their turn.
const SLICE: usize = 4 << 10;

/// Decoded bytes after which others get theirs.
const REST: usize = 256 << 10;
