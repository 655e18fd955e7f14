//! Keys of what an auditor keeps: public keys, findings, outcomes and attestations.

use super::{ATTEST, BatchId, FINDINGS, KEYS, OUTCOMES, Partition};

/// Whether an attestation may be followed by another one of the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttestationKind {
    /// Issued the day after.
    Provisional,
    /// Issued 31 days after: CloudTrail retries for 30.
    Final,
}

impl AttestationKind {
    /// As in keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Final => "final",
        }
    }

    /// The kind that keys spell so.
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Provisional, Self::Final].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Which attestation a key below `attest/` or `outcomes/` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attested {
    /// The delivery day as a number, `20251009`.
    pub day: u32,
    /// Number in the archive's chain of attestations, from 1.
    pub sequence: u64,
    /// Provisional or final.
    pub kind: AttestationKind,
}

impl Attested {
    fn name(self, prefix: &str, rest: &str) -> String {
        format!("{prefix}day={:08}/{:012}-{}{rest}", self.day, self.sequence, self.kind.as_str())
    }

    fn parse(day: &str, file: &str) -> Option<Self> {
        let day = Partition::parse_day(day.strip_prefix("day=")?).ok()?;
        let (sequence, kind) = file.split_once('-')?;
        let digits = sequence.len() == 12 && sequence.bytes().all(|byte| byte.is_ascii_digit());
        let sequence = digits.then(|| sequence.parse().ok()).flatten().filter(|sequence| *sequence > 0)?;
        Some(Self { day, sequence, kind: AttestationKind::from_text(kind)? })
    }

    pub(super) fn parse_attest(day: &str, file: &str) -> Option<Self> {
        Self::parse(day, file.strip_suffix(".json")?)
    }

    pub(super) fn parse_outcomes(day: &str, file: &str) -> Option<(Self, u64)> {
        let (name, root) = file.strip_suffix(".parquet")?.rsplit_once('-')?;
        let digits = root.len() == 16 && root.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let root = digits.then(|| u64::from_str_radix(root, 16).ok()).flatten()?;
        Some((Self::parse(day, name)?, root))
    }
}

/// `attest/day=<YYYYMMDD>/<12 digits>-<provisional|final>.json`.
pub fn attest_key(attested: Attested) -> String {
    attested.name(ATTEST, ".json")
}

/// `outcomes/day=<YYYYMMDD>/<12 digits>-<provisional|final>-<16 hex>.parquet`: leaves for the attestation of that name. `root` is the first eight bytes of
/// their Merkle root, the first byte the highest: leaves that a maker left who never signed them are not in the way of others for the same number, and
/// the attestation tells by its root which are its own.
pub fn outcomes_key(attested: Attested, root: u64) -> String {
    attested.name(OUTCOMES, &format!("-{root:016x}.parquet"))
}

/// `findings/day=<YYYYMMDD>/<YYYYMMDDTHHMMSSmmmZ>-<16 hex>.parquet`: when the changes were found, and a random number.
pub fn findings_key(at_ms: i64, random: u64) -> String {
    let id = BatchId::new(at_ms, random);
    format!("{FINDINGS}day={}/{id}.parquet", id.day())
}

/// `keys/<YYYYMMDDTHHMMSSmmmZ>.json`: when CloudTrail's public keys were got, milliseconds since 1970. Later ones sort later.
pub fn public_keys_key(got_ms: i64) -> String {
    format!("{KEYS}{}.json", stamp(got_ms))
}

/// The time in a key below `keys/`; `None` for any other key.
pub fn parse_public_keys_key(key: &str) -> Option<i64> {
    let got_ms = parse_stamp(key.strip_prefix(KEYS)?.strip_suffix(".json")?)?;
    (public_keys_key(got_ms) == key).then_some(got_ms)
}

/// `YYYYMMDDTHHMMSSmmmZ`.
pub(super) fn stamp(unix_ms: i64) -> String {
    let mut stamp = BatchId::new(unix_ms, 0).to_string();
    stamp.truncate(stamp.find('-').unwrap_or(stamp.len()));
    stamp
}

pub(super) fn parse_stamp(text: &str) -> Option<i64> {
    Some(format!("{text}-{:016x}", 0).parse::<BatchId>().ok()?.unix_ms())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::ArchiveKey;

    #[test]
    fn keys_of_the_auditor_read_as_the_format_says_and_back() {
        let at_ms = 1_760_000_000_123;
        let attested = Attested { day: 20_251_009, sequence: 42, kind: AttestationKind::Provisional };
        let last = Attested { day: 20_251_009, sequence: 999_999_999_999, kind: AttestationKind::Final };
        for (key, text, parsed) in [
            (public_keys_key(at_ms), "keys/20251009T085320123Z.json", ArchiveKey::PublicKeys { got_ms: at_ms }),
            (
                findings_key(at_ms, 0xdead_beef),
                "findings/day=20251009/20251009T085320123Z-00000000deadbeef.parquet",
                ArchiveKey::Findings { at_ms, random: 0xdead_beef },
            ),
            (
                outcomes_key(attested, 0xdead_beef),
                "outcomes/day=20251009/000000000042-provisional-00000000deadbeef.parquet",
                ArchiveKey::Outcomes { attested, root: 0xdead_beef },
            ),
            (attest_key(last), "attest/day=20251009/999999999999-final.json", ArchiveKey::Attest(last)),
        ] {
            assert_eq!(key, text);
            assert_eq!(ArchiveKey::parse(text), Some(parsed.clone()));
            assert_eq!((parsed.to_key().as_str(), parsed.batch()), (text, None));
        }
        assert!([0, 1, 999, at_ms, at_ms + 1].map(public_keys_key).is_sorted());
        assert!([(at_ms, u64::MAX), (at_ms + 1, 0)].map(|(at, random)| findings_key(at, random)).is_sorted());
    }

    #[test]
    fn anything_that_is_not_of_exactly_that_form_is_passed_over() {
        for key in [
            "keys/",
            "keys/20251009T085320123Z.parquet",
            "keys/20251009T085320123Z-0000000000000000.json",
            "keys/20251340T085320123Z.json",
            "keys/20251009T085320Z.json",
            "keys/x/20251009T085320123Z.json",
            "findings/20251009T085320123Z-00000000deadbeef.parquet",
            "findings/day=20251008/20251009T085320123Z-00000000deadbeef.parquet",
            "findings/day=20251009/20251009T085320123Z-00000000DEADBEEF.parquet",
            "findings/day=20251009/20251009T085320123Z.parquet",
            "outcomes/day=20251009/42-provisional-00000000deadbeef.parquet",
            "outcomes/day=20251009/000000000000-provisional-00000000deadbeef.parquet",
            "outcomes/day=20251009/0000000000042-provisional-00000000deadbeef.parquet",
            "outcomes/day=20251009/00000000004٢-provisional-00000000deadbeef.parquet",
            "outcomes/day=20251009/000000000042-later-00000000deadbeef.parquet",
            "outcomes/day=20251009/000000000042-final-00000000deadbeef.json",
            "outcomes/day=20251009/000000000042-final.parquet",
            "outcomes/day=20251009/000000000042-final-deadbeef.parquet",
            "outcomes/day=20251009/000000000042-final-00000000DEADBEEF.parquet",
            "outcomes/day=20251009/000000000042-00000000deadbeef.parquet",
            "outcomes/day=20250230/000000000042-final-00000000deadbeef.parquet",
            "attest/day=20251009/000000000042-final.parquet",
            "attest/day=20251009/000000000042-final.json.tmp",
            "attest/day=20251009/000000000042.json",
            "attest/000000000042-final.json",
            "attest/day=20251009/x/000000000042-final.json",
        ] {
            assert_eq!(ArchiveKey::parse(key), None, "{key}");
        }
        assert_eq!(parse_public_keys_key("attest/20251009T085320123Z.json"), None);
    }
}
