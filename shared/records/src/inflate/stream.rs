//! Streaming inflation that knows where each member ends, what is wrong with it, and when to stop.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

use super::{GzipFlags, HEADER_CRC, InflateLimits, Shape, StreamError, is_gzip, read_full};

const INPUT_BYTES: usize = 64 << 10;
/// Longest gzip header that is read, in bytes: the fixed part with an extra field and two names of usual length.
const MAX_HEADER_BYTES: usize = 32 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Body,
    Trailer,
    Plain,
    Ended,
}

/// Inflates a stored object as it is read. Not gzip is passed through.
#[derive(Debug)]
pub struct GzipStream<R> {
    source: R,
    limits: InflateLimits,
    input: Vec<u8>,
    at: usize,
    source_ended: bool,
    state: State,
    inflater: Decompress,
    crc: crc32fast::Hasher,
    member_bytes: u64,
    members: u64,
    stored_bytes: u64,
    inflated_bytes: u64,
    flags: GzipFlags,
}

impl<R: Read> GzipStream<R> {
    /// A stream over stored bytes.
    pub fn new(source: R, limits: InflateLimits) -> Self {
        Self {
            source,
            limits,
            input: Vec::with_capacity(INPUT_BYTES),
            at: 0,
            source_ended: false,
            state: State::Header,
            inflater: Decompress::new(false),
            crc: crc32fast::Hasher::new(),
            member_bytes: 0,
            members: 0,
            stored_bytes: 0,
            inflated_bytes: 0,
            flags: GzipFlags::default(),
        }
    }

    /// What the bytes were, once the stream has ended.
    pub fn shape(&self) -> Shape {
        match (self.members, self.flags.clean()) {
            (0, true) => Shape::Plain,
            (_, true) => Shape::CleanMember,
            (_, false) => Shape::Irregular(self.flags),
        }
    }

    /// Bytes that have come out.
    pub const fn inflated_bytes(&self) -> u64 {
        self.inflated_bytes
    }

    /// Stored bytes that have been read.
    pub const fn stored_bytes(&self) -> u64 {
        self.stored_bytes
    }

    /// Reads inflated bytes; 0 = the end.
    ///
    /// # Errors
    /// [`StreamError`]; broken gzip is no error, see [`GzipStream::shape`].
    pub fn read(&mut self, out: &mut [u8]) -> Result<usize, StreamError> {
        loop {
            let produced = match self.state {
                State::Header => self.header()?,
                State::Body => self.body(out)?,
                State::Trailer => self.trailer()?,
                State::Plain => self.plain(out)?,
                State::Ended => return Ok(0),
            };
            if produced > 0 {
                self.inflated_bytes += produced as u64;
                self.check_limits()?;
                return Ok(produced);
            }
        }
    }

    fn check_limits(&self) -> Result<(), StreamError> {
        let over = |reason| Err(StreamError::OverLimit { reason, inflated_bytes: self.inflated_bytes });
        if self.inflated_bytes > self.limits.inflated_bytes {
            return over("inflated_too_large");
        }
        let consumed = self.stored_bytes - (self.input.len() - self.at) as u64;
        if self.state != State::Plain
            && self.inflated_bytes > self.limits.ratio_from_bytes
            && self.inflated_bytes / consumed.max(1) > self.limits.ratio
        {
            return over("inflation_ratio");
        }
        Ok(())
    }

    fn unread(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    /// Makes at least `wanted` bytes readable, if the source has them.
    fn fill(&mut self, wanted: usize) -> Result<(), StreamError> {
        if self.source_ended || self.unread().len() >= wanted {
            return Ok(());
        }
        self.input.drain(..self.at);
        self.at = 0;
        let kept = self.input.len();
        self.input.resize(kept.max(wanted).max(INPUT_BYTES), 0);
        let read = read_full(&mut self.source, self.input.get_mut(kept..).unwrap_or_default()).map_err(StreamError::Source)?;
        self.source_ended = kept + read < self.input.len();
        self.input.truncate(kept + read);
        self.stored_bytes += read as u64;
        Ok(())
    }

    fn header(&mut self) -> Result<usize, StreamError> {
        self.fill(MAX_HEADER_BYTES)?;
        let first = self.members == 0;
        if !is_gzip(self.unread()) {
            if first {
                self.state = State::Plain;
            } else {
                self.flags.trailing_bytes |= !self.unread().is_empty();
                self.state = State::Ended;
            }
            return Ok(0);
        }
        if let Some((len, checks)) = header_len(self.unread()) {
            self.at += len;
            self.flags.bad_crc |= !checks;
            self.members += 1;
            self.flags.several_members |= !first;
            self.inflater.reset(false);
            self.crc = crc32fast::Hasher::new();
            self.member_bytes = 0;
            self.state = State::Body;
        } else {
            self.members += u64::from(first);
            self.flags.truncated |= first;
            self.flags.trailing_bytes |= !first;
            self.state = State::Ended;
        }
        Ok(0)
    }

    fn body(&mut self, out: &mut [u8]) -> Result<usize, StreamError> {
        self.fill(1)?;
        let (before_in, before_out) = (self.inflater.total_in(), self.inflater.total_out());
        let input = self.input.get(self.at..).unwrap_or_default();
        let status = self.inflater.decompress(input, out, FlushDecompress::None);
        let used = (self.inflater.total_in() - before_in) as usize;
        let produced = (self.inflater.total_out() - before_out) as usize;
        self.at += used;
        self.crc.update(out.get(..produced).unwrap_or_default());
        self.member_bytes += produced as u64;
        match status {
            Ok(Status::StreamEnd) => self.state = State::Trailer,
            Ok(Status::Ok | Status::BufError) if used > 0 || produced > 0 || !self.source_ended => {}
            Ok(_) | Err(_) => {
                self.flags.truncated = true;
                self.state = State::Ended;
            }
        }
        Ok(produced)
    }

    fn trailer(&mut self) -> Result<usize, StreamError> {
        self.fill(8)?;
        let Some(trailer) = self.unread().first_chunk::<8>() else {
            self.flags.cut_trailer = true;
            self.state = State::Ended;
            return Ok(0);
        };
        let [c0, c1, c2, c3, l0, l1, l2, l3] = *trailer;
        let crc = std::mem::take(&mut self.crc).finalize();
        let length_fits = u32::from_le_bytes([l0, l1, l2, l3]) == self.member_bytes as u32;
        self.flags.bad_crc |= u32::from_le_bytes([c0, c1, c2, c3]) != crc || !length_fits;
        self.at += 8;
        self.fill(1)?;
        self.state = if self.unread().is_empty() { State::Ended } else { State::Header };
        Ok(0)
    }

    fn plain(&mut self, out: &mut [u8]) -> Result<usize, StreamError> {
        self.fill(1)?;
        let n = self.unread().len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), self.input.get(self.at..self.at + n)) {
            to.copy_from_slice(from);
        }
        self.at += n;
        if n == 0 {
            self.state = State::Ended;
        }
        Ok(n)
    }
}

/// The length of a gzip header, and whether its own CRC fits, where it has one (RFC 1952, section 2.3); `None` where it is cut, unknown or longer than
/// [`MAX_HEADER_BYTES`].
fn header_len(bytes: &[u8]) -> Option<(usize, bool)> {
    let bytes = bytes.get(..bytes.len().min(MAX_HEADER_BYTES))?;
    let (&method, &flags) = (bytes.get(2)?, bytes.get(3)?);
    if method != 8 || flags & 0xe0 != 0 {
        return None;
    }
    let mut at = 10;
    if flags & 4 != 0 {
        at += 2 + usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    }
    for name in [8, 16] {
        if flags & name != 0 {
            at += memchr::memchr(0, bytes.get(at..)?)? + 1;
        }
    }
    if flags & HEADER_CRC == 0 {
        return (at <= bytes.len()).then_some((at, true));
    }
    let stated = u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
    Some((at + 2, crc32fast::hash(bytes.get(..at)?) as u16 == stated))
}
