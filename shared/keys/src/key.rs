//! Whole keys: from text to [`LogKey`] and back, and a name for everything that is none.

use std::fmt;

use crate::{
    AccountId, FileName, LogClass, OrganizationId, Region,
    locate::{self, Below},
    stamp,
};

/// Longest key that S3 takes, in bytes of UTF-8.
/// Source: S3 User Guide, "Naming Amazon S3 objects".
pub const MAX_KEY_BYTES: usize = 1024;

/// A text that cannot be an S3 key at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing there.
    #[error("the key is empty")]
    Empty,
    /// Longer than [`MAX_KEY_BYTES`].
    #[error("the key has {bytes} bytes, more than the 1024 that S3 takes")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// What a key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// A log object of CloudTrail: any class but the Digest.
    Log(LogKey),
    /// A Digest.
    Digest(LogKey),
    /// An object that another service, or CloudTrail Lake, wrote into the same bucket.
    OtherService {
        /// The service as its folder names it: `Config`, `vpcflowlogs`, `CloudTrail-Lake`, …
        service: String,
    },
    /// A placeholder that stands for a folder.
    FolderMarker,
    /// None of these.
    Unrecognised {
        /// Why, as a stable name: `no_awslogs_segment`, `no_account`, `bad_path`, `bad_date`, `not_json`,
        /// `metadata_sidecar`, `zero_size`, `empty_key`, `key_too_long`.
        reason: &'static str,
    },
}

/// The key of an object that CloudTrail wrote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// What stands before `AWSLogs`, without the slash between them; `""` for none. It may hold slashes and even `AWSLogs`.
    pub prefix: String,
    /// The organization, for an organization's trail.
    pub organization: Option<OrganizationId>,
    /// The account whose events these are.
    pub account: AccountId,
    /// The class folder.
    pub class: LogClass,
    /// The Region in the path, which wins over the one in the name.
    pub region: Region,
    /// The UTC day of delivery in the path, as `yyyymmdd`. Events in the object may be from any earlier day.
    pub delivery_day: u32,
    /// The last segment.
    pub name: FileName,
}

impl LogKey {
    /// Reads a key.
    ///
    /// # Errors
    /// Only for what S3 itself would not take as a key; everything else is a [`KeyKind`].
    pub fn parse(key: &str) -> Result<KeyKind, KeyError> {
        if key.is_empty() {
            return Err(KeyError::Empty);
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(KeyError::TooLong { bytes: key.len() });
        }
        if key.ends_with('/') || key.ends_with("_$folder$") {
            return Ok(KeyKind::FolderMarker);
        }
        if key.ends_with(".metadata.json") {
            return Ok(KeyKind::Unrecognised { reason: "metadata_sidecar" });
        }
        Ok(match locate::anchor(key) {
            None => KeyKind::Unrecognised { reason: "no_awslogs_segment" },
            Some((prefix, below)) => read_below(prefix, below),
        })
    }

    /// The key as text, equal to what was parsed.
    pub fn to_key(&self) -> String {
        let mut key = String::with_capacity(160);
        self.write(&mut key).unwrap_or_default();
        key
    }

    fn write(&self, key: &mut String) -> fmt::Result {
        use fmt::Write;
        key.push_str(&self.prefix);
        // Nothing but slashes is kept whole as the prefix: the last of them has no text before it.
        if self.prefix.bytes().any(|byte| byte != b'/') {
            key.push('/');
        }
        key.push_str(locate::AWS_LOGS);
        if let Some(organization) = &self.organization {
            write!(key, "/{organization}")?;
        }
        let (year, month, day) = (self.delivery_day / 10_000, self.delivery_day / 100 % 100, self.delivery_day % 100);
        write!(key, "/{}/{}/{}/{year:04}/{month:02}/{day:02}/", self.account, self.class, self.region)?;
        self.name.write(self.account, self.class, key);
        Ok(())
    }

    /// When the name says that the object was written, in milliseconds since 1970.
    pub fn delivered_ms(&self) -> Option<i64> {
        self.name.stamp().map(|stamp| stamp.unix_ms())
    }

    /// Path and name disagree about the Region: worth a warning; the path is believed.
    /// Source: an example of the CloudTrail User Guide has `us-east-2` in the path and `us-west-2` in the name.
    pub fn region_mismatch(&self) -> bool {
        self.name.region().is_some_and(|region| region != self.region)
    }

    /// Whether the name ends in `.gz`; the bytes may say otherwise.
    pub fn is_gzip_named(&self) -> bool {
        self.name.is_gzip_named()
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_key())
    }
}

/// Names what stands under a key; never fails. An object of zero bytes is never a log, whatever its name.
pub fn classify(key: &str, size_bytes: Option<u64>) -> KeyKind {
    match LogKey::parse(key) {
        Err(KeyError::Empty) => KeyKind::Unrecognised { reason: "empty_key" },
        Err(KeyError::TooLong { .. }) => KeyKind::Unrecognised { reason: "key_too_long" },
        Ok(KeyKind::Log(_) | KeyKind::Digest(_)) if size_bytes == Some(0) => KeyKind::Unrecognised { reason: "zero_size" },
        Ok(kind) => kind,
    }
}

/// Reads what follows the chosen `AWSLogs` segment.
fn read_below(prefix: &str, below: Below<'_>) -> KeyKind {
    let Some(account) = below.account else {
        return match locate::hive_service(below.rest) {
            Some(service) => KeyKind::OtherService { service: service.to_owned() },
            None => KeyKind::Unrecognised { reason: "no_account" },
        };
    };
    let (folder, rest) = below.rest.split_once('/').unwrap_or((below.rest, ""));
    let Some(class) = LogClass::from_folder(folder) else {
        return match folder {
            "" => KeyKind::Unrecognised { reason: "bad_path" },
            // Elastic Load Balancing tries whether it may write with a file directly below the account.
            "ELBAccessLogTestFile" => KeyKind::OtherService { service: "elasticloadbalancing".to_owned() },
            service => KeyKind::OtherService { service: service.to_owned() },
        };
    };
    match read_path(rest, account, class) {
        Err(reason) => KeyKind::Unrecognised { reason },
        Ok((region, delivery_day, name)) => {
            let key = LogKey { prefix: prefix.to_owned(), organization: below.organization, account, class, region, delivery_day, name };
            if class == LogClass::Digest { KeyKind::Digest(key) } else { KeyKind::Log(key) }
        }
    }
}

/// `<region>/YYYY/MM/DD/<file>`.
pub(crate) fn read_path(path: &str, account: AccountId, class: LogClass) -> Result<(Region, u32, FileName), &'static str> {
    let mut segments = path.split('/');
    let mut next = || segments.next().ok_or("bad_path");
    let region: Region = next()?.parse().map_err(|_| "bad_path")?;
    let (year, month, day, file) = (next()?, next()?, next()?, next()?);
    if segments.next().is_some() {
        return Err("bad_path");
    }
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return Err("bad_date");
    }
    let number = |text: &str| stamp::digits(text).ok_or("bad_date");
    let day = number(year)? * 10_000 + number(month)? * 100 + number(day)?;
    stamp::split_day(day).ok_or("bad_date")?;
    let name = FileName::parse(file, account, class).ok_or("not_json")?;
    Ok((region, day, name))
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
