//! The one form of a signature of ECDSA that is written and taken.
//!
//! Where (r, s) is a signature, (r, n − s) is one as well, which anybody computes without the key. An envelope signed so would have another hash and still
//! be well signed: the chain could be told apart from itself. Of the two the one with the lower s is written, and the other one is refused. KMS may answer
//! with either.

/// The order of P-256, big end first. Source: SEC 2, version 2.0, section 2.4.2.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
    0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// Half of it, rounded down: the highest s that is taken.
const HALF: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b,
    0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

/// Whether it is an `Ecdsa-Sig-Value` on P-256 whose s is the lower one.
pub(super) fn is_low(signature: &[u8]) -> bool {
    parts(signature).is_some_and(|(_, s)| s <= HALF)
}

/// The same signature with the lower s; none where it is no `Ecdsa-Sig-Value` on P-256 in DER.
pub(super) fn lowered(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = parts(signature)?;
    if s <= HALF {
        return Some(signature.to_vec());
    }
    let content = [integer(&r), integer(&below_order(&s)?)].concat();
    // Two integers of at most 35 bytes: the length takes one byte.
    Some([&[SEQUENCE, content.len() as u8], content.as_slice()].concat())
}

/// n − s; none where s is no number below n.
fn below_order(s: &[u8; 32]) -> Option<[u8; 32]> {
    let mut difference = [0; 32];
    let mut borrow = false;
    for ((place, n), s) in difference.iter_mut().zip(ORDER).zip(*s).rev() {
        let (without, under) = n.overflowing_sub(s);
        let (left, under_again) = without.overflowing_sub(u8::from(borrow));
        (*place, borrow) = (left, under || under_again);
    }
    (!borrow).then_some(difference)
}

/// r and s of a signature in DER, each in its shortest form and positive.
fn parts(signature: &[u8]) -> Option<([u8; 32], [u8; 32])> {
    let (content, rest) = element(signature, SEQUENCE)?;
    let (r, content) = element(content, INTEGER)?;
    let (s, after) = element(content, INTEGER)?;
    (rest.is_empty() && after.is_empty()).then_some((magnitude(r)?, magnitude(s)?))
}

/// One element of this tag, shorter than 128 bytes, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = bytes.split_first_chunk::<2>()?;
    if found == tag && length < 0x80 { rest.split_at_checked(usize::from(length)) } else { None }
}

fn magnitude(integer: &[u8]) -> Option<[u8; 32]> {
    let digits = match integer {
        [0, digits @ ..] if digits.first().is_some_and(|digit| *digit > 0x7f) => digits,
        [1..=0x7f, ..] => integer,
        _ => return None,
    };
    let mut padded = [0; 32];
    padded.get_mut(32_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(padded)
}

fn integer(number: &[u8; 32]) -> Vec<u8> {
    let digits = number.iter().position(|digit| *digit != 0).and_then(|first| number.get(first..)).unwrap_or(&[0]);
    let sign: &[u8] = if digits.first().is_some_and(|digit| *digit > 0x7f) { &[0] } else { &[] };
    [&[INTEGER, (sign.len() + digits.len()) as u8], sign, digits].concat()
}

/// The same signature with the higher s: for tests.
#[cfg(test)]
pub(super) fn raised(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = parts(signature).filter(|(_, s)| *s <= HALF)?;
    let content = [integer(&r), integer(&below_order(&s)?)].concat();
    Some([&[SEQUENCE, content.len() as u8], content.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn signature(s: &[u8; 32]) -> Vec<u8> {
        let content = [integer(&[7; 32]), integer(s)].concat();
        [&[SEQUENCE, content.len() as u8], content.as_slice()].concat()
    }

    #[test]
    fn half_of_the_order_is_half_of_it() {
        let mut carried = 0;
        for (whole, half) in ORDER.iter().zip(HALF) {
            assert_eq!(u16::from(half), (carried << 8 | u16::from(*whole)) >> 1);
            carried = u16::from(whole & 1);
        }
    }

    #[test]
    fn of_two_signatures_the_one_with_the_lower_s_is_taken() {
        let mut above = HALF;
        above[31] += 1;
        assert!(is_low(&signature(&HALF)) && !is_low(&signature(&above)));
        // n is odd: the one beside its half is the other of the two.
        assert_eq!(lowered(&signature(&above)).unwrap(), signature(&HALF));
        assert_eq!(lowered(&signature(&HALF)).unwrap(), signature(&HALF));
        assert_eq!(raised(&signature(&HALF)).unwrap(), signature(&above));
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(lowered(&raised(&signature(&one)).unwrap()).unwrap(), signature(&one));
    }

    #[test]
    fn what_is_no_signature_in_der_is_neither() {
        let good = signature(&HALF);
        let mut longer = good.clone();
        longer.push(0);
        let padded = [&[0x30, 8, 2, 2, 0, 1, 2, 2, 0, 1][..]].concat();
        for wrong in [
            &[][..],
            &[0x30],
            &[0x30, 0],
            &good[1..],
            &good[..10],
            &longer,
            &padded,
            &signature(&[0; 32]),
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1],
        ] {
            assert!(!is_low(wrong) && lowered(wrong).is_none(), "{wrong:02x?}");
        }
        assert!(lowered(&signature(&[0xff; 32])).is_none(), "s is not below the order");
    }
}
