//! gzip (RFC 1952): members one after the other, each with a header, deflate data, a checksum and a length.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{Coding, CodingError, MAX_MEMBERS, Step};

/// Reads gzip.
#[derive(Debug)]
pub(super) struct Gzip {
    state: State,
    inflate: Decompress,
    check: Crc,
    /// Members begun.
    members: usize,
    flags: u8,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// This byte of the ten that every member begins with.
    Fixed(usize),
    /// This byte of the length of the extra field, and the length so far.
    ExtraLength(usize, u16),
    /// So many bytes of the extra field.
    Extra(u16),
    /// A name, up to its zero byte.
    Name,
    /// A comment, up to its zero byte.
    Comment,
    /// This byte of the header's checksum. It says nothing that the members' own does not.
    HeaderCheck(usize),
    Data,
    /// This byte of the eight that every member ends with.
    Trailer(usize),
}

impl Gzip {
    pub(super) fn new() -> Gzip {
        Gzip { state: State::Fixed(0), inflate: Decompress::new(false), check: Crc::new(), members: 0, flags: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.state == State::Fixed(0) && self.members > 0
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, CodingError> {
        let mut read = 0;
        while self.state != State::Data {
            let Some(&byte) = input.get(read) else { return Ok(Step { read, written: 0 }) };
            self.state = self.around(byte)?;
            read += 1;
        }
        let (came, went) = (self.inflate.total_in(), self.inflate.total_out());
        let input = input.get(read..).unwrap_or_default();
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::None)
            .map_err(|_| CodingError::Malformed(Coding::Gzip))?;
        let written = (self.inflate.total_out() - went) as usize;
        read += (self.inflate.total_in() - came) as usize;
        self.check.update(output.get(..written).unwrap_or_default());
        if status == Status::StreamEnd {
            self.state = State::Trailer(0);
        }
        Ok(Step { read, written })
    }

    /// Reads one byte before or after a member's data.
    fn around(&mut self, byte: u8) -> Result<State, CodingError> {
        let fault = Err(CodingError::Malformed(Coding::Gzip));
        Ok(match self.state {
            State::Fixed(at) => {
                match (at, byte) {
                    (0, 0x1f) => self.begin()?,
                    (1, 0x8b) | (2, 8) | (4.., _) => {}
                    // Reserved bits must be zero.
                    (3, flags) if flags & 0xe0 == 0 => self.flags = flags,
                    _ => return fault,
                }
                if at < 9 { State::Fixed(at + 1) } else { self.after_fixed() }
            }
            State::ExtraLength(0, _) => State::ExtraLength(1, byte.into()),
            State::ExtraLength(_, low) => match low | u16::from(byte) << 8 {
                0 => self.after_extra(),
                length => State::Extra(length),
            },
            State::Extra(1) => self.after_extra(),
            State::Extra(left) => State::Extra(left - 1),
            State::Name if byte == 0 => self.after_name(),
            State::Comment if byte == 0 => self.after_comment(),
            State::HeaderCheck(0) => State::HeaderCheck(1),
            State::HeaderCheck(_) => State::Data,
            State::Trailer(at) => {
                let ends = [self.check.sum().to_le_bytes(), self.check.amount().to_le_bytes()];
                if ends.as_flattened().get(at) != Some(&byte) {
                    return fault;
                }
                if at < 7 { State::Trailer(at + 1) } else { State::Fixed(0) }
            }
            same @ (State::Name | State::Comment | State::Data) => same,
        })
    }

    fn begin(&mut self) -> Result<(), CodingError> {
        if self.members == MAX_MEMBERS {
            return Err(CodingError::Members);
        }
        self.members += 1;
        self.inflate.reset(false);
        self.check.reset();
        Ok(())
    }

    fn after_fixed(&self) -> State {
        if self.flags & 4 != 0 { State::ExtraLength(0, 0) } else { self.after_extra() }
    }

    fn after_extra(&self) -> State {
        if self.flags & 8 != 0 { State::Name } else { self.after_name() }
    }

    fn after_name(&self) -> State {
        if self.flags & 16 != 0 { State::Comment } else { self.after_comment() }
    }

    fn after_comment(&self) -> State {
        if self.flags & 2 != 0 { State::HeaderCheck(0) } else { State::Data }
    }
}
