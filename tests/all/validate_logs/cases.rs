//! Every corruption, and some that are none.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;
use trailkeep_tests::gzip;

use super::forge::{HOUR, ORGANIZATION, Object, SigningKey, T0, Trail};

/// A bucket, and what is said of it.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) trail: Trail,
    /// The end of what is verified, milliseconds since 1970.
    pub(super) until_ms: i64,
    /// Encrypted with KMS.
    pub(super) kms: bool,
    /// The AWS command line is told the bucket, rather than asking CloudTrail for it.
    pub(super) told_bucket: bool,
    /// What the AWS command line says, in short.
    pub(super) theirs: &'static str,
    /// Our findings by name; none: verified.
    pub(super) ours: &'static [(&'static str, u64)],
    /// One of the reasons of these findings; empty for none.
    pub(super) reason: &'static str,
}

/// The keys that chains are signed with.
pub(super) struct Keys {
    pub(super) usual: Arc<SigningKey>,
    pub(super) next: Arc<SigningKey>,
    pub(super) early: Arc<SigningKey>,
}

impl Keys {
    pub(super) fn new() -> Result<Self> {
        let month = 720 * HOUR;
        Ok(Self {
            usual: SigningKey::new((T0 - month, T0 + month))?,
            next: SigningKey::new((T0 - month, T0 + month))?,
            early: SigningKey::new((T0 - month, T0 + 2 * HOUR))?,
        })
    }
}

/// What is done to a trail, in the order in which it is told.
type Make = fn(&mut Trail, &Keys) -> Result<()>;

/// Five hours, and something done to them.
fn corrupted(trail: &mut Trail, corrupt: impl FnOnce(&mut Trail) -> Result<()>) -> Result<()> {
    trail.hours(0..5)?;
    corrupt(trail)
}

fn digest(trail: &Trail, hour: usize) -> Result<String> {
    trail.digests.get(hour).cloned().context("a digest")
}

fn log(trail: &Trail, hour: usize) -> Result<String> {
    trail.logs.get(hour).cloned().context("a log file")
}

fn object<'t>(trail: &'t mut Trail, key: &str) -> Result<&'t mut Object> {
    trail.objects.get_mut(key).context("an object")
}

#[expect(clippy::disallowed_types, reason = "an object of our own making")]
fn inflated(stored: &[u8]) -> Result<String> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(stored), &mut text)?;
    Ok(text)
}

/// Replaces a text in what an object inflates to; its metadata stays.
fn alter(trail: &mut Trail, key: &str, from: &str, to: &str) -> Result<()> {
    let object = object(trail, key)?;
    let text = inflated(&object.bytes)?;
    anyhow::ensure!(text.contains(from), "{from} is not in {text}");
    object.bytes = gzip::member(text.replacen(from, to, 1).as_bytes());
    Ok(())
}

fn append(trail: &mut Trail, key: &str, more: &[u8]) -> Result<()> {
    object(trail, key)?.bytes.extend_from_slice(more);
    Ok(())
}

fn swap(trail: &mut Trail, one: &str, other: &str) -> Result<()> {
    let (first, second) = (object(trail, one)?.clone(), object(trail, other)?.clone());
    *object(trail, one)? = second;
    *object(trail, other)? = first;
    Ok(())
}

/// Gives the gzip header of an object a CRC of its own, and a wrong one (RFC 1952, FHCRC).
fn break_header(trail: &mut Trail, key: &str) -> Result<()> {
    let object = object(trail, key)?;
    let (header, rest) = object.bytes.split_at(10);
    let mut header = header.to_vec();
    *header.get_mut(3).context("flags")? |= 2;
    object.bytes = [header.as_slice(), &[0x12, 0x34], rest].concat();
    Ok(())
}

fn cut(trail: &mut Trail, key: &str) -> Result<()> {
    let bytes = &mut object(trail, key)?.bytes;
    bytes.truncate(bytes.len() - 4);
    Ok(())
}

fn delete(trail: &mut Trail, hours: &[usize]) -> Result<()> {
    for hour in hours {
        let key = digest(trail, *hour)?;
        trail.objects.remove(&key).context("a digest")?;
    }
    Ok(())
}

/// A Digest whose content is changed before it is signed, in the middle of a chain that goes on.
fn changed(trail: &mut Trail, name: &str, value: impl Into<serde_json::Value>) -> Result<()> {
    trail.hours(0..3)?;
    trail.period(T0 + 3 * HOUR, T0 + 4 * HOUR, |content| content[name] = value.into())?;
    trail.hours(4..5)
}

/// Name, what is done, what the AWS command line says, what we find, one of its reasons.
type Row = (&'static str, Make, &'static str, &'static [(&'static str, u64)], &'static str);

const LOGS: [Row; 8] = [
    (
        "altered log",
        |t, _| {
            corrupted(t, |t| {
                let key = log(t, 2)?;
                alter(t, &key, "DescribeInstances", "TerminateInstances")
            })
        },
        "exit 1, digests 5/5, logs 4/5",
        &[("altered", 1)],
        "",
    ),
    (
        "swapped logs",
        |t, _| {
            corrupted(t, |t| {
                let (one, other) = (log(t, 1)?, log(t, 3)?);
                swap(t, &one, &other)
            })
        },
        "exit 1, digests 5/5, logs 3/5",
        &[("altered", 2)],
        "",
    ),
    (
        "deleted log",
        |t, _| {
            corrupted(t, |t| {
                let key = log(t, 2)?;
                t.objects.remove(&key).context("a log").map(drop)
            })
        },
        "exit 1, digests 5/5, logs 4/5, 1 not found",
        &[("missing", 1)],
        "",
    ),
    (
        "second gzip member after a log",
        |t, _| {
            corrupted(t, |t| {
                let key = log(t, 2)?;
                append(t, &key, &gzip::member(b"{\"Records\":[]}"))
            })
        },
        "exit 0, digests 5/5, logs 5/5",
        &[("altered", 1), ("not_one_member", 1)],
        "several_members",
    ),
    (
        "cut trailer of a log",
        |t, _| {
            corrupted(t, |t| {
                let key = log(t, 2)?;
                cut(t, &key)
            })
        },
        "exit 0, digests 5/5, logs 5/5",
        &[("not_one_member", 1)],
        "cut_trailer",
    ),
    (
        "wrong CRC of a log's gzip header",
        |t, _| {
            corrupted(t, |t| {
                let key = log(t, 2)?;
                break_header(t, &key)
            })
        },
        "exit 1, digests 5/5, logs 4/5",
        &[("not_one_member", 1)],
        "bad_crc",
    ),
    (
        "listed log whose key is none",
        |t, _| {
            t.hours(0..2)?;
            t.period(T0 + 2 * HOUR, T0 + 3 * HOUR, |content| {
                for file in content.get_mut("logFiles").and_then(Value::as_array_mut).into_iter().flatten() {
                    let renamed = file["s3Object"].as_str().unwrap_or_default().replace(".json.gz", ".txt");
                    file["s3Object"] = renamed.into();
                }
            })?;
            t.hours(3..5)
        },
        "exit 1, digests 5/5, logs 4/5, 1 not found",
        &[("digest_refused", 1), ("no_digest", 1)],
        "odd_log_file_s3_object",
    ),
    (
        "forged extra log",
        |t, _| {
            corrupted(t, |t| {
                t.unlisted(2);
                Ok(())
            })
        },
        "exit 0, digests 5/5, logs 5/5",
        &[("unlisted", 1)],
        "",
    ),
];

const DIGESTS: [Row; 10] = [
    (
        "altered digest",
        |t, _| {
            corrupted(t, |t| {
                let key = digest(t, 2)?;
                alter(t, &key, "main", "maim")
            })
        },
        "exit 1, digests 4/5, logs 4/4",
        &[("digest_refused", 1), ("no_digest", 1)],
        "signature_invalid",
    ),
    (
        "swapped digests",
        |t, _| {
            corrupted(t, |t| {
                let (one, other) = (digest(t, 1)?, digest(t, 3)?);
                swap(t, &one, &other)
            })
        },
        "exit 1, digests 3/5, logs 3/3",
        &[("digest_refused", 2), ("no_digest", 1)],
        "moved",
    ),
    (
        "deleted digest",
        |t, _| corrupted(t, |t| delete(t, &[2])),
        "exit 1, digests 4/5, logs 4/4, 1 not found",
        &[("missing_digests", 1), ("no_digest", 1)],
        "",
    ),
    (
        "deleted two digests in a row",
        |t, _| corrupted(t, |t| delete(t, &[1, 2])),
        "exit 1, digests 3/4, logs 3/3, 1 not found",
        &[("missing_digests", 1), ("no_digest", 1)],
        "",
    ),
    (
        "deleted newest digest",
        |t, _| corrupted(t, |t| delete(t, &[4])),
        "exit 0, digests 4/4, logs 4/4",
        &[("missing_newest", 1), ("no_digest", 1)],
        "",
    ),
    (
        "duplicated stamp",
        |t, _| corrupted(t, |t| t.second_of(2)),
        "exit 0, digests 3/3, logs 3/3, 1 gap",
        &[("digest_refused", 1), ("duplicated_stamp", 1), ("unlisted", 1)],
        "duplicated_stamp",
    ),
    (
        "second gzip member after a digest",
        |t, _| {
            corrupted(t, |t| {
                let key = digest(t, 2)?;
                append(t, &key, &gzip::member(b"{}"))
            })
        },
        "exit 0, digests 5/5, logs 5/5",
        &[("digest_refused", 1), ("no_digest", 1)],
        "several_members",
    ),
    (
        "cut trailer of a digest",
        |t, _| {
            corrupted(t, |t| {
                let key = digest(t, 2)?;
                cut(t, &key)
            })
        },
        "exit 1, digests 4/5, logs 4/4",
        &[("digest_refused", 1), ("no_digest", 1)],
        "cut_trailer",
    ),
    (
        "wrong CRC of a digest's gzip header",
        |t, _| {
            corrupted(t, |t| {
                let key = digest(t, 2)?;
                break_header(t, &key)
            })
        },
        "exit 1, digests 4/5, logs 4/4",
        &[("digest_refused", 1), ("no_digest", 1)],
        "bad_crc",
    ),
    (
        "digest moved",
        |t, _| {
            corrupted(t, |t| {
                let key = digest(t, 2)?;
                let moved = t.objects.remove(&key).context("a digest")?;
                t.objects.insert(key.replace("T030000Z", "T023000Z"), moved);
                Ok(())
            })
        },
        "exit 1, digests 4/6, logs 4/4, 1 not found",
        &[("digest_refused", 1), ("missing_digests", 1), ("no_digest", 1)],
        "moved",
    ),
];

const SIGNED: [Row; 7] = [
    (
        "wrong previous hash, good signature",
        |t, _| changed(t, "previousDigestHashValue", "07".repeat(32)),
        "exit 0, digests 5/5, logs 5/5",
        &[("digest_refused", 1), ("no_digest", 1)],
        "previous_hash_differs",
    ),
    (
        "wrong previous signature, good signature",
        |t, _| changed(t, "previousDigestSignature", "07".repeat(256)),
        "exit 0, digests 5/5, logs 5/5",
        &[("digest_refused", 1), ("no_digest", 1)],
        "previous_signature_differs",
    ),
    (
        "signature of another digest",
        |t, _| {
            corrupted(t, |t| {
                let (one, other) = (digest(t, 1)?, digest(t, 3)?);
                let metadata = object(t, &one)?.metadata.clone();
                object(t, &other)?.metadata = metadata;
                Ok(())
            })
        },
        "exit 1, digests 4/5, logs 4/4",
        &[("digest_refused", 1), ("no_digest", 1)],
        "signature_invalid",
    ),
    (
        "key rotated mid-chain",
        |t, keys| {
            t.hours(0..3)?;
            t.key = Arc::clone(&keys.next);
            t.hours(3..5)
        },
        "exit 0, digests 5/5, logs 5/5",
        &[],
        "",
    ),
    (
        "key outside its window",
        |t, keys| {
            t.key = Arc::clone(&keys.early);
            t.hours(0..5)
        },
        "exit 0, digests 5/5, logs 5/5",
        &[("digest_refused", 3), ("no_digest", 1)],
        "key_outside_validity",
    ),
    (
        "signature with SHA-512",
        |t, _| {
            t.hours(0..4)?;
            t.sign_with_sha512();
            t.hours(4..5)
        },
        "exit 0, digests 5/5, logs 5/5",
        &[("digest_refused", 1), ("no_digest", 1)],
        "signature_invalid",
    ),
    (
        "bogus algorithm name",
        |t, _| changed(t, "digestSignatureAlgorithm", "MD5withRSA"),
        "exit 0, digests 5/5, logs 5/5",
        &[("digest_refused", 1), ("no_digest", 1)],
        "wrong_signature_algorithm",
    ),
];

const WHOLE: [Row; 9] = [
    (
        "altered digest of t1, beside t1_us-east-1",
        |t, _| {
            beside(t)?;
            let key = digest(t, 2)?;
            alter(t, &key, "t1_us-east-1_", "t2_us-east-1_")
        },
        "exit 0, digests 5/5, logs 5/5",
        &[("digest_refused", 1), ("unlisted", 1)],
        "signature_invalid",
    ),
    ("untouched", |t, _| t.hours(0..5), "exit 0, digests 5/5, logs 5/5", &[], ""),
    ("trail t1_us-east-1 beside t1", |t, _| beside(t), "exit 0, digests 5/5, logs 5/5", &[], ""),
    ("organization trail", |t, _| organizations(t), "exit 0, digests 5/5, logs 5/5", &[], ""),
    ("organization trail, told the bucket", |t, _| organizations(t), "exit 0, digests 0/0, logs 0/0", &[], ""),
    ("backfill", |t, _| corrupted(t, |t| t.backfill(2, T0 + 40 * HOUR)), "exit 0, digests 5/5, backfill 1/1, logs 6/6", &[], ""),
    (
        "restart after StopLogging",
        |t, _| {
            t.hours(0..2)?;
            t.begin_anew();
            let restart = T0 + 3 * HOUR + HOUR / 3;
            t.period(restart, restart + HOUR, |_| {})?;
            t.period(restart + HOUR, restart + 2 * HOUR, |_| {})
        },
        "exit 0, digests 4/4, logs 4/4, 1 gap",
        &[("not_proven", 1)],
        "stopped",
    ),
    (
        "empty digests only",
        |t, _| {
            t.files = 0;
            t.hours(0..5)
        },
        "exit 0, digests 5/5, logs 0/0",
        &[],
        "",
    ),
    ("KMS-encrypted", |t, _| t.hours(0..5), "exit 0, digests 5/5, logs 5/5", &[], ""),
];

/// Another trail's chain stands in the same folder, and its names are longer.
fn beside(trail: &mut Trail) -> Result<()> {
    "t1".clone_into(&mut trail.name);
    let mut other = trail.clone();
    "t1_us-east-1".clone_into(&mut other.name);
    trail.hours(0..5)?;
    other.hours(0..5)?;
    trail.objects.extend(other.objects);
    Ok(())
}

fn organizations(trail: &mut Trail) -> Result<()> {
    trail.folder = trail.folder.replace("AWSLogs/", &format!("AWSLogs/{ORGANIZATION}/"));
    trail.hours(0..5)
}

/// All of them.
pub(super) fn all(keys: &Keys) -> Result<Vec<Case>> {
    let rows = WHOLE.into_iter().chain(LOGS).chain(DIGESTS).chain(SIGNED);
    let case = |(number, (name, make, theirs, ours, reason)): (usize, Row)| {
        let mut trail = Trail::new(&format!("case-{number:02}"), &keys.usual);
        make(&mut trail, keys).with_context(|| format!("{name} could not be made"))?;
        let until_ms = if name.starts_with("restart") { T0 + 5 * HOUR + HOUR / 3 } else { T0 + 5 * HOUR };
        Ok(Case {
            name,
            trail,
            until_ms,
            kms: name.starts_with("KMS"),
            told_bucket: name.ends_with("told the bucket"),
            theirs,
            ours,
            reason,
        })
    };
    rows.enumerate().map(case).collect()
}
