//! The outermost structure of a public key: what must be told before a library that is more lenient reads it.

use super::KeyReason;

/// Fewest bits of a key that is taken. CloudTrail's have 2,048.
const MIN_BITS: usize = 2048;
/// Most bits of a key that is taken: verification grows with their square.
const MAX_BITS: usize = 8192;

/// Tags of DER (ITU-T X.690).
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

/// Checks that these bytes are exactly one PKCS#1 `RSAPublicKey` (RFC 8017, A.1.1) of a sound size.
pub(super) fn check(der: &[u8]) -> Result<(), KeyReason> {
    let (content, rest) = element(der, SEQUENCE).ok_or(KeyReason::NotPkcs1)?;
    if !rest.is_empty() {
        return Err(KeyReason::NotPkcs1);
    }
    if element(content, SEQUENCE).is_some() {
        return Err(KeyReason::IsSpki);
    }
    let (modulus, rest) = element(content, INTEGER).ok_or(KeyReason::NotPkcs1)?;
    let (exponent, rest) = element(rest, INTEGER).ok_or(KeyReason::NotPkcs1)?;
    let (Some(modulus), Some(exponent)) = (positive(modulus), positive(exponent)) else { return Err(KeyReason::NotPkcs1) };
    if !rest.is_empty() || exponent.len() > 8 {
        return Err(KeyReason::NotPkcs1);
    }
    let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    match bits {
        ..MIN_BITS => Err(KeyReason::TooWeak),
        MIN_BITS..=MAX_BITS => Ok(()),
        _ => Err(KeyReason::TooLong),
    }
}

/// One element of this tag, with a length in its shortest form, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[first, length], rest) = bytes.split_first_chunk::<2>()?;
    if first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => rest.split_first().filter(|(length, _)| **length > 0x7f).map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The magnitude of a positive integer in its shortest form.
fn positive(integer: &[u8]) -> Option<&[u8]> {
    match integer {
        [0, next @ ..] if next.first().is_some_and(|byte| *byte > 0x7f) => Some(next),
        [1..=0x7f, ..] => Some(integer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![INTEGER, 0x82];
        out.extend(((bytes.len() + 1) as u16).to_be_bytes());
        out.push(0);
        out.extend(bytes);
        out
    }

    fn key(modulus_bytes: usize) -> Vec<u8> {
        let mut content = integer(&vec![0xc5; modulus_bytes]);
        content.extend([INTEGER, 3, 1, 0, 1]);
        let mut out = vec![SEQUENCE, 0x82];
        out.extend((content.len() as u16).to_be_bytes());
        out.extend(content);
        out
    }

    #[test]
    fn keys_are_taken_by_structure_and_size() {
        assert_eq!(check(&key(256)), Ok(()));
        assert_eq!(check(&key(1024)), Ok(()));
        assert_eq!(check(&key(128)), Err(KeyReason::TooWeak));
        assert_eq!(check(&key(255)), Err(KeyReason::TooWeak));
        assert_eq!(check(&key(1025)), Err(KeyReason::TooLong));
        let mut longer = key(256);
        longer.push(0);
        for wrong in [&[][..], &[0x30], &[0x30, 0x80], b"garbage", &longer, longer.get(..200).unwrap_or_default()] {
            assert_eq!(check(wrong), Err(KeyReason::NotPkcs1), "{wrong:?}");
        }
    }
}
