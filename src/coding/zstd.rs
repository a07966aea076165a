//! `zstd` (RFC 8878): frames one after the other.

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::{Coding, CodingError, MAX_MEMBERS, Step};

/// Reads zstd.
pub(super) struct Zstd {
    /// `None` if there was no memory for it.
    context: Option<DCtx<'static>>,
    /// Frames ended.
    frames: usize,
    /// Between frames.
    done: bool,
}

impl Zstd {
    pub(super) fn new() -> Zstd {
        let context = DCtx::try_create().and_then(|mut context| {
            let bounded = context.set_parameter(DParameter::WindowLogMax(MAX_WINDOW.ilog2()));
            bounded.is_ok().then_some(context)
        });
        Zstd { context, frames: 0, done: false }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        if self.done && input.is_empty() {
            return Ok(Step::default());
        }
        let malformed = CodingError::Malformed(Coding::Zstd);
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let context = self.context.as_mut().ok_or(malformed)?;
        let hint = context.decompress_stream(&mut to, &mut from).map_err(|_| malformed)?;
        // Nothing is left of the frame: neither to read nor to write.
        self.done = hint == 0;
        if self.done {
            self.frames += 1;
            if self.frames > MAX_MEMBERS {
                return Err(CodingError::Members);
            }
        }
        Ok(Step { read: from.pos(), written: to.pos() })
    }
}

impl std::fmt::Debug for Zstd {
    /// Says nothing of what is in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zstd").field("frames", &self.frames).finish_non_exhaustive()
    }
}

/// The largest window that a frame sent over HTTP may ask for (RFC 9659).
pub(super) const MAX_WINDOW: usize = 8 << 20;
