//! Writes gzip: usual members, and members far larger than what they cost to write.

use std::io::Write;

use flate2::{Compress, Compression, Crc, FlushCompress, Status, write::GzEncoder};

/// Magic, deflate, no flags, no time, no extra flags, written on Unix (RFC 1952, section 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
/// A last deflate block without content.
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// One member.
///
/// # Panics
/// Never: a vector takes all bytes.
pub fn member(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).and_then(|()| encoder.finish()).expect("a vector takes all bytes")
}

/// One clean member that inflates to `head`, `times` times `unit`, then `tail`. `unit` is compressed once: deflate blocks that end on a
/// byte's edge and look back no further than themselves may stand one after the other any number of times.
///
/// # Panics
/// Never.
pub fn repeated(head: &[u8], unit: &[u8], times: u64, tail: &[u8]) -> Vec<u8> {
    let (first, again, last) = (blocks(head), blocks(unit), blocks(tail));
    let mut member = HEADER.to_vec();
    member.extend_from_slice(&first);
    for _ in 0..times {
        member.extend_from_slice(&again);
    }
    member.extend_from_slice(&last);
    member.extend_from_slice(&LAST_BLOCK);
    let mut crc = checksum(head);
    crc.combine(&power(&checksum(unit), times));
    crc.combine(&checksum(tail));
    member.extend_from_slice(&crc.sum().to_le_bytes());
    // The length field holds the length modulo 2^32.
    let length = head.len() as u64 + unit.len() as u64 * times + tail.len() as u64;
    member.extend_from_slice(&(length as u32).to_le_bytes());
    member
}

/// Deflate blocks without a last one, ending on a byte's edge.
fn blocks(content: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut deflated = Vec::with_capacity(content.len() + 1024);
    let status = compress.compress_vec(content, &mut deflated, FlushCompress::Full).expect("a fresh compressor takes all bytes");
    assert_eq!((status, compress.total_in()), (Status::Ok, content.len() as u64), "the buffer has room for everything");
    deflated
}

fn checksum(content: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(content);
    crc
}

/// Checksum of `times` repetitions, by doubling.
fn power(unit: &Crc, times: u64) -> Crc {
    let mut result = Crc::new();
    for bit in (0..u64::BITS - times.leading_zeros()).rev() {
        let so_far = copy(&result);
        result.combine(&so_far);
        if times >> bit & 1 == 1 {
            result.combine(unit);
        }
    }
    result
}

/// `Crc` is not `Clone`: the empty checksum combined with another is that other.
fn copy(crc: &Crc) -> Crc {
    let mut same = Crc::new();
    same.combine(crc);
    same
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    #[test]
    fn a_repeated_member_inflates_to_what_it_says() {
        let member = super::repeated(b"<", b"abcabc--", 1000, b">");
        let mut inflated = Vec::with_capacity(16_384);
        let deflated = member.get(10..member.len() - 8).expect("a header and a trailer");
        Decompress::new(false).decompress_vec(deflated, &mut inflated, FlushDecompress::Finish).expect("it inflates");
        let expected = [b"<".as_slice(), &b"abcabc--".repeat(1000), b">"].concat();
        assert_eq!(inflated, expected);
        let mut crc = flate2::Crc::new();
        crc.update(&expected);
        assert_eq!(member.get(member.len() - 8..member.len() - 4), Some(crc.sum().to_le_bytes().as_slice()));
    }
}
