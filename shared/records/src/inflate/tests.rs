//! Every way in which a stored object may be odd.

use std::io::Write;

use flate2::{Compression, GzBuilder, write::GzEncoder};
use proptest::prelude::*;

use super::*;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).and_then(|()| encoder.finish()).expect("memory")
}

fn inflate(stored: &[u8]) -> (Inflation, Vec<u8>) {
    let mut out = b"before".to_vec();
    let outcome = inflate_into(stored, &mut out, &InflateLimits::default());
    assert!(out.starts_with(b"before"));
    (outcome, out.split_off(6))
}

fn shape(stored: &[u8]) -> (Option<Shape>, Vec<u8>) {
    let (outcome, out) = inflate(stored);
    let Inflation::Done { shape, inflated_bytes } = outcome else { return (None, out) };
    assert_eq!(inflated_bytes, out.len() as u64);
    (Some(shape), out)
}

#[expect(clippy::unnecessary_wraps, reason = "what it is compared with")]
fn irregular(flags: GzipFlags) -> Option<Shape> {
    Some(Shape::Irregular(flags))
}

#[test]
fn one_clean_member_is_clean() {
    assert_eq!(shape(&gzip(b"hello")), (Some(Shape::CleanMember), b"hello".to_vec()));
    assert_eq!(shape(&gzip(b"")), (Some(Shape::CleanMember), Vec::new()));
    let mut named = GzBuilder::new().filename("a.json").comment("c").extra(vec![1, 2, 3]).mtime(1).write(Vec::new(), Compression::fast());
    named.write_all(b"hello").expect("memory");
    assert_eq!(shape(&named.finish().expect("memory")), (Some(Shape::CleanMember), b"hello".to_vec()));
}

#[test]
fn what_is_no_gzip_is_taken_as_it_is() {
    assert_eq!(shape(b"{}"), (Some(Shape::Plain), b"{}".to_vec()));
    assert_eq!(shape(b""), (Some(Shape::Plain), Vec::new()));
}

#[test]
fn members_and_what_trails_them_are_told() {
    let two = [gzip(b"one"), gzip(b"two")].concat();
    assert_eq!(shape(&two), (irregular(GzipFlags { several_members: true, ..GzipFlags::default() }), b"onetwo".to_vec()));
    for tail in [&b"garbage"[..], &[0; 512], b"\x1f\x8b", b"\x1f"] {
        let trailing = [&gzip(b"one")[..], tail].concat();
        assert_eq!(shape(&trailing), (irregular(GzipFlags { trailing_bytes: true, ..GzipFlags::default() }), b"one".to_vec()), "{tail:?}");
    }
}

#[test]
fn a_forged_trailer_at_the_end_does_not_pass_for_clean() {
    let member = gzip(b"one");
    let trailer = member[member.len() - 8..].to_vec();
    let forged = [&member[..], b"anything", &trailer].concat();
    assert_eq!(shape(&forged).0, irregular(GzipFlags { trailing_bytes: true, ..GzipFlags::default() }));
}

#[test]
fn cut_and_damaged_members_give_what_they_can() {
    let content: Vec<u8> = (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let member = gzip(&content);
    let (cut, out) = shape(&member[..member.len() / 2]);
    assert_eq!(cut, irregular(GzipFlags { truncated: true, ..GzipFlags::default() }));
    assert!(!out.is_empty() && content.starts_with(&out));
    for missing in 1..=8 {
        let (cut, out) = shape(&member[..member.len() - missing]);
        assert_eq!(cut, irregular(GzipFlags { cut_trailer: true, ..GzipFlags::default() }), "{missing}");
        assert_eq!(out, content);
    }
    let mut bad = member.clone();
    let at = bad.len() - 8;
    bad[at] ^= 1;
    assert_eq!(shape(&bad), (irregular(GzipFlags { bad_crc: true, ..GzipFlags::default() }), content));
    assert_eq!(shape(b"\x1f\x8b\x08").0, irregular(GzipFlags { truncated: true, ..GzipFlags::default() }));
}

#[test]
fn large_objects_are_streamed_and_bombs_are_stopped() {
    let limits = InflateLimits { inflated_bytes: 10_000, whole_buffer_bytes: 1000, ..InflateLimits::default() };
    let mut out = Vec::new();
    assert_eq!(inflate_into(&gzip(&[b' '; 1001]), &mut out, &limits), Inflation::TooLargeForMemory);
    assert_eq!(inflate_into(&[b' '; 1001], &mut out, &limits), Inflation::TooLargeForMemory);
    assert!(out.is_empty());
    let read_all = |stored: &[u8], limits| {
        let mut stream = GzipStream::new(stored, limits);
        let mut chunk = [0; 700];
        loop {
            match stream.read(&mut chunk) {
                Ok(0) => return Ok((stream.inflated_bytes(), stream.shape())),
                Ok(_) => {}
                Err(StreamError::OverLimit { reason, .. }) => return Err(reason),
                Err(StreamError::Source(_)) => return Err("source"),
            }
        }
    };
    assert_eq!(read_all(&gzip(&[b' '; 10_000]), limits), Ok((10_000, Shape::CleanMember)));
    assert_eq!(read_all(&gzip(&[b' '; 10_001]), limits), Err("inflated_too_large"));
    let ratio = InflateLimits { ratio: 100, ratio_from_bytes: 5000, ..InflateLimits::default() };
    assert_eq!(read_all(&gzip(&vec![b' '; 1 << 20]), ratio), Err("inflation_ratio"));
    // A lie in the length field neither allocates nor passes.
    let mut lie = gzip(b"one");
    let at = lie.len() - 4;
    lie[at..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(shape(&lie).0, irregular(GzipFlags { bad_crc: true, ..GzipFlags::default() }));
}

#[test]
fn a_header_with_a_crc_of_its_own_must_have_the_right_one() {
    let member = gzip(b"one");
    let (header, rest) = member.split_at(10);
    let mut header = header.to_vec();
    header[3] |= 2;
    let right = (crc32fast::hash(&header) as u16).to_le_bytes();
    assert_eq!(shape(&[&header, &right[..], rest].concat()), (Some(Shape::CleanMember), b"one".to_vec()));
    let wrong = [right[0] ^ 1, right[1]];
    assert_eq!(shape(&[&header, &wrong[..], rest].concat()).0, irregular(GzipFlags { bad_crc: true, ..GzipFlags::default() }));
    assert_eq!(shape(&[&header, &right[..1]].concat()).0, irregular(GzipFlags { truncated: true, ..GzipFlags::default() }));
}

proptest! {
    #[test]
    fn whole_and_stream_agree(content in prop::collection::vec(any::<u8>(), 0..3000), tail in prop::collection::vec(any::<u8>(), 0..30), cut in 0_usize..40, chunk in 1_usize..500) {
        let mut stored = [&gzip(&content)[..], &tail].concat();
        stored.truncate(stored.len().saturating_sub(cut));
        let (whole, out) = shape(&stored);
        let mut stream = GzipStream::new(&stored[..], InflateLimits::default());
        let (mut streamed, mut buffer) = (Vec::new(), vec![0; chunk]);
        while let Ok(n @ 1..) = stream.read(&mut buffer) { streamed.extend_from_slice(&buffer[..n]); }
        prop_assert_eq!(out, streamed);
        prop_assert_eq!(whole, Some(stream.shape()));
    }

    #[test]
    fn any_bytes_after_the_magic_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = inflate(&[&[0x1f, 0x8b, 8][..], &bytes].concat());
        let _ = inflate(&[&[0x1f, 0x8b][..], &bytes].concat());
    }
}
