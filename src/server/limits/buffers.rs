//! Memory for bodies, over all requests: what is read ahead of its judgement, and what decoding takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that bodies take, over all runtimes.
#[derive(Clone, Debug)]
pub struct Buffers {
    taken: Arc<AtomicUsize>,
    max: usize,
}

/// One request's share. It is free again when this is dropped.
#[derive(Debug)]
pub struct Share {
    buffers: Buffers,
    bytes: usize,
}

/// `max_buffered` is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Buffers {
    /// Room for `max` bytes.
    pub fn new(max: usize) -> Buffers {
        Buffers { taken: Arc::new(AtomicUsize::new(0)), max }
    }

    /// The same memory under another bound.
    #[must_use]
    pub fn resized(&self, max: usize) -> Buffers {
        Buffers { taken: Arc::clone(&self.taken), max }
    }

    /// A share of nothing yet.
    pub fn share(&self) -> Share {
        Share { buffers: self.clone(), bytes: 0 }
    }

    /// Bytes taken now.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Takes more, if there is room.
    pub fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let before = self.buffers.taken.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.buffers.max {
            self.buffers.taken.fetch_sub(bytes, Ordering::Relaxed);
            return Err(NoRoom);
        }
        self.bytes += bytes;
        Ok(())
    }

    /// Gives all but `bytes` back.
    pub fn shrink(&mut self, bytes: usize) {
        let more = self.bytes.saturating_sub(bytes);
        self.bytes -= more;
        self.buffers.taken.fetch_sub(more, Ordering::Relaxed);
    }

    /// What is taken now.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_pass_the_whole() {
        let buffers = Buffers::new(10);
        let (mut one, mut two) = (buffers.share(), buffers.share());
        assert_eq!(one.grow(6), Ok(()));
        assert_eq!(two.grow(5), Err(NoRoom));
        assert_eq!(two.grow(4), Ok(()));
        assert_eq!(buffers.taken(), 10);
        one.shrink(2);
        assert_eq!((one.bytes(), buffers.taken()), (2, 6));
        assert_eq!(two.grow(usize::MAX), Err(NoRoom));
        drop(one);
        drop(two);
        assert_eq!(buffers.taken(), 0);
    }
}
