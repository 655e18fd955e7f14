//! Whole-buffer inflation with libdeflate, which is twice as fast as the streaming decoders; anything but one clean
//! member goes through the stream, which knows where a member ends.

use memchr::memmem;

use super::{GzipStream, HEADER_CRC, InflateLimits, Inflation, Shape, StreamError, is_gzip};

/// Header and trailer of a gzip member take at least this many bytes (RFC 1952).
const MIN_MEMBER_BYTES: usize = 18;

/// Inflates `stored` and appends the bytes to `out`. Bytes that are no gzip are appended as they are.
pub fn inflate_into(stored: &[u8], out: &mut Vec<u8>, limits: &InflateLimits) -> Inflation {
    if !is_gzip(stored) {
        if stored.len() > limits.whole_buffer_bytes {
            return Inflation::TooLargeForMemory;
        }
        out.extend_from_slice(stored);
        return Inflation::Done { shape: Shape::Plain, inflated_bytes: stored.len() as u64 };
    }
    inflate_clean(stored, out, limits).unwrap_or_else(|| inflate_slowly(stored, out, limits))
}

/// The fast path; `None` where the bytes are anything but one clean member that fits.
fn inflate_clean(stored: &[u8], out: &mut Vec<u8>, limits: &InflateLimits) -> Option<Inflation> {
    // libdeflate passes over a header's own CRC.
    if stored.get(3)? & HEADER_CRC != 0 {
        return None;
    }
    let trailer: &[u8; 8] = stored.get(MIN_MEMBER_BYTES - 8..)?.last_chunk()?;
    let [.., a, b, c, d] = *trailer;
    let size = u32::from_le_bytes([a, b, c, d]) as usize;
    if size > limits.whole_buffer_bytes || size as u64 > limits.ratio_from_bytes || size as u64 > limits.inflated_bytes {
        return None;
    }
    let start = out.len();
    out.resize(start + size, 0);
    #[expect(clippy::disallowed_types, reason = "this is the capped reader: the output buffer is the cap")]
    let inflated = libdeflater::Decompressor::new().gzip_decompress(stored, out.get_mut(start..)?);
    // libdeflate has checked CRC and length at the member's end, but not that the input ends there. If it ended
    // earlier, the same eight bytes would stand there as well: they must occur at the very end only.
    let ends_here = || trailer.starts_with(&libdeflater::crc32(out.get(start..).unwrap_or_default()).to_le_bytes());
    let clean = inflated == Ok(size) && ends_here() && memmem::find(stored, trailer) == Some(stored.len() - 8);
    if !clean {
        out.truncate(start);
        return None;
    }
    Some(Inflation::Done { shape: Shape::CleanMember, inflated_bytes: size as u64 })
}

fn inflate_slowly(stored: &[u8], out: &mut Vec<u8>, limits: &InflateLimits) -> Inflation {
    let start = out.len();
    let mut stream = GzipStream::new(stored, *limits);
    let mut chunk = vec![0; 64 << 10];
    let outcome = loop {
        match stream.read(&mut chunk) {
            Ok(0) => break Inflation::Done { shape: stream.shape(), inflated_bytes: stream.inflated_bytes() },
            Ok(n) if out.len() - start + n <= limits.whole_buffer_bytes => out.extend_from_slice(chunk.get(..n).unwrap_or_default()),
            Ok(_) => break Inflation::TooLargeForMemory,
            Err(StreamError::OverLimit { reason, .. }) => break Inflation::OverLimit { reason },
            Err(StreamError::Source(_)) => break Inflation::OverLimit { reason: "inflated_too_large" },
        }
    };
    if !matches!(outcome, Inflation::Done { .. }) {
        out.truncate(start);
    }
    outcome
}
