//! `deflate`: zlib (RFC 1950) by the book, bare deflate (RFC 1951) by the habit of many servers.
//!
//! Which one it is shows in the first two bytes. A body could be made to be both, one text to this reader and another
//! to the next: such bytes are refused.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Coding, CodingError, Step};

/// Reads deflate data.
#[derive(Debug)]
pub(super) struct Deflate {
    /// `None` until the first two bytes have come.
    inflate: Option<Decompress>,
    /// The first bytes, and how many of them have come.
    head: [u8; 5],
    seen: usize,
    /// How many of the first bytes the inflater has had, up to two.
    fed: usize,
    zlib: bool,
    done: bool,
}

impl Deflate {
    pub(super) fn new() -> Deflate {
        Deflate { inflate: None, head: [0; 5], seen: 0, fed: 0, zlib: false, done: false }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        if self.done {
            return Ok(Step::default());
        }
        let taken = if self.inflate.is_some() { 0 } else { self.note(input, 2) };
        if self.seen < 2 {
            return Ok(Step { read: taken, written: 0 });
        }
        let [first, second, ..] = self.head;
        self.zlib = first & 0x0f == 8 && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31);
        let mut inflate = self.inflate.take().unwrap_or_else(|| Decompress::new(self.zlib));
        while self.fed < 2 && !self.done {
            let (read, written, end) = inflated(&mut inflate, self.head.get(self.fed..2).unwrap_or_default(), output)?;
            self.fed += read;
            self.done = end;
            if written > 0 {
                self.inflate = Some(inflate);
                return Ok(Step { read: taken, written });
            }
        }
        if self.done {
            return Ok(Step { read: taken, written: 0 });
        }
        let input = input.get(taken..).unwrap_or_default();
        let (read, written, end) = inflated(&mut inflate, input, output)?;
        self.inflate = Some(inflate);
        self.done = end;
        self.note(input.get(..read).unwrap_or_default(), 5);
        let [_, second, length, low, high] = self.head;
        // To a reader of bare deflate a zlib header begins a stored block, whose length comes twice, once inverted.
        if self.zlib && self.seen == 5 && second == !low && length == !high {
            return Err(CodingError::Ambiguous);
        }
        Ok(Step { read: taken + read, written })
    }

    /// Notes the first bytes, up to `most` of them in all; gives how many it took.
    fn note(&mut self, bytes: &[u8], most: usize) -> usize {
        let slots = self.head.iter_mut().take(most).skip(self.seen);
        let taken = slots.zip(bytes).map(|(slot, &byte)| *slot = byte).count();
        self.seen += taken;
        taken
    }
}

/// Inflates once: bytes read, bytes written, whether that was the end.
fn inflated(inflate: &mut Decompress, input: &[u8], output: &mut [u8]) -> Result<(usize, usize, bool), CodingError> {
    let (came, went) = (inflate.total_in(), inflate.total_out());
    let status = inflate
        .decompress(input, output, FlushDecompress::None)
        .map_err(|_| CodingError::Malformed(Coding::Deflate))?;
    let (read, written) = (inflate.total_in() - came, inflate.total_out() - went);
    Ok((read as usize, written as usize, status == Status::StreamEnd))
}
