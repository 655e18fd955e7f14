//! PEM around one key (RFC 7468), for keys as files; what is inside is DER.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What a file of a key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Armoured {
    /// The label, as `PUBLIC KEY`; none where the file is DER.
    pub(crate) label: Option<String>,
    /// The bytes inside.
    pub(crate) der: Vec<u8>,
}

/// Why a file is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PemError {
    #[error("it has a line BEGIN and no line END of the same label")]
    NoEnd,
    #[error("it holds more than one PEM block; leave the one key in it")]
    Several,
    #[error("what stands between BEGIN and END is not base64")]
    Base64,
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Takes DER out of a file that is DER or PEM.
pub(crate) fn unarmoured(bytes: &[u8]) -> Result<Armoured, PemError> {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.contains(BEGIN)) else {
        return Ok(Armoured { label: None, der: bytes.to_vec() });
    };
    let (_, text) = text.split_once(BEGIN).ok_or(PemError::NoEnd)?;
    let (label, text) = text.split_once(DASHES).ok_or(PemError::NoEnd)?;
    let (body, rest) = text.split_once(&format!("-----END {label}-----")).ok_or(PemError::NoEnd)?;
    if rest.contains(BEGIN) {
        return Err(PemError::Several);
    }
    let body: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    // Old forms of encrypted keys have headers here; they hold a colon, which is no base64.
    let der = STANDARD.decode(body).map_err(|_| PemError::Base64)?;
    Ok(Armoured { label: Some(label.to_owned()), der })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_and_der_give_the_same_bytes() {
        let inside = |label: Option<&str>| Ok(Armoured { label: label.map(str::to_owned), der: b"key".to_vec() });
        assert_eq!(unarmoured(b"key"), inside(None));
        assert_eq!(
            unarmoured(b"note\r\n-----BEGIN PUBLIC KEY-----\r\na2\r\nV5\r\n-----END PUBLIC KEY-----\r\n"),
            inside(Some("PUBLIC KEY"))
        );
    }

    #[test]
    fn what_is_no_pem_has_a_reason() {
        let block = "-----BEGIN A-----\na2V5\n-----END A-----\n";
        for (text, reason) in [
            ("-----BEGIN A-----\na2V5\n".to_owned(), PemError::NoEnd),
            ("-----BEGIN A".to_owned(), PemError::NoEnd),
            (block.replace("END A", "END B"), PemError::NoEnd),
            (block.repeat(2), PemError::Several),
            (block.replace("a2V5", "Proc-Type: 4,ENCRYPTED"), PemError::Base64),
        ] {
            assert_eq!(unarmoured(text.as_bytes()), Err(reason), "{text}");
        }
    }
}
