//! From JSON to [`Digest`], without a tree: each member goes to its place, and what is wrong with it becomes a reason.

use std::{borrow::Cow, fmt, mem};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use trailkeep_records::time::parse_iso;

use crate::{Digest, LogFile, MAX_LOG_FILES, Member, Previous, Reason, Reasons, SIGNATURE_ALGORITHM};

/// The name of the hash of log files and of previous Digests.
const HASH_ALGORITHM: &str = "SHA-256";
/// Longest text that is looked at, in bytes: a signature of 8,192 bits has 2,048 digits.
const MAX_TEXT_BYTES: usize = 2048;
/// Longest bucket name in bytes; AWS allows 63 today and allowed 255 once.
const MAX_BUCKET_BYTES: usize = 255;

/// A value where a text is expected.
#[derive(Debug, Default)]
enum Raw<'a> {
    #[default]
    Absent,
    Null,
    Text(Cow<'a, str>),
    Odd,
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Raw<'de>, E> {
        Ok(Raw::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw<'de>, E> {
        Ok(if text.len() > MAX_TEXT_BYTES { Raw::Odd } else { Raw::Text(Cow::Owned(text.to_owned())) })
    }

    fn visit_unit<E>(self) -> Result<Raw<'de>, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw<'de>, E> {
        Ok(Raw::Odd)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw<'de>, E> {
        Ok(Raw::Odd)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw<'de>, E> {
        Ok(Raw::Odd)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw<'de>, E> {
        Ok(Raw::Odd)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Raw::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Raw::Odd)
    }
}

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

/// The name of a member.
struct Name(fn(&str) -> Option<Member>);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<Member>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<Member>, E> {
        Ok((self.0)(name))
    }
}

/// Texts of one object, by member.
struct Texts<'a, const N: usize> {
    first: Member,
    raw: [Raw<'a>; N],
}

impl<'a, const N: usize> Texts<'a, N> {
    fn new(first: Member) -> Self {
        Self { first, raw: std::array::from_fn(|_| Raw::Absent) }
    }

    fn place(&mut self, member: Member) -> Option<&mut Raw<'a>> {
        self.raw.get_mut((member as usize).checked_sub(self.first as usize)?)
    }

    /// Keeps what stands at a member.
    fn put(&mut self, member: Member, value: Raw<'a>, reasons: &mut Reasons) {
        if let Some(place) = self.place(member) {
            if !matches!(place, Raw::Absent) {
                reasons.add(Reason::RepeatedMember);
            }
            *place = value;
        }
    }

    /// Takes a text that must be there and may be null: [`Raw::Text`], [`Raw::Null`], or [`Raw::Absent`] where there is a reason now.
    fn nullable(&mut self, member: Member, reasons: &mut Reasons) -> Raw<'a> {
        match self.place(member).map(mem::take) {
            Some(Raw::Text(text)) if !text.is_empty() && text.len() <= MAX_TEXT_BYTES => return Raw::Text(text),
            Some(Raw::Null) => return Raw::Null,
            Some(Raw::Absent) | None => reasons.add(Reason::Missing(member)),
            Some(Raw::Text(_) | Raw::Odd) => reasons.add(Reason::Odd(member)),
        }
        Raw::Absent
    }

    /// A text that must be there.
    fn text(&mut self, member: Member, reasons: &mut Reasons) -> Option<Cow<'a, str>> {
        match self.nullable(member, reasons) {
            Raw::Text(text) => return Some(text),
            Raw::Null => reasons.add(Reason::Odd(member)),
            Raw::Absent | Raw::Odd => {}
        }
        None
    }

    /// A text that must be there and be what `read` reads.
    fn read<T>(&mut self, member: Member, reasons: &mut Reasons, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = read(&self.text(member, reasons)?);
        if value.is_none() {
            reasons.add(Reason::Odd(member));
        }
        value
    }

    /// A time that must be there and may be null; `None` as well where it is odd, which has its reason then.
    fn event_time(&mut self, member: Member, reasons: &mut Reasons) -> Option<i64> {
        let Raw::Text(text) = self.nullable(member, reasons) else { return None };
        let time = time_ms(&text);
        if time.is_none() {
            reasons.add(Reason::Odd(member));
        }
        time
    }

    fn bucket(&mut self, member: Member, reasons: &mut Reasons) -> Option<Cow<'a, str>> {
        let text = self.text(member, reasons)?;
        checked(text, member, reasons, |text| text.len() <= MAX_BUCKET_BYTES && !text.contains('/'))
    }

    fn key(&mut self, member: Member, reasons: &mut Reasons) -> Option<Cow<'a, str>> {
        let text = self.text(member, reasons)?;
        checked(text, member, reasons, |text| text.len() <= trailkeep_keys::MAX_KEY_BYTES)
    }

    /// The name of an algorithm, which must be there and be this one.
    fn algorithm(&mut self, member: Member, expected: &str, wrong: Reason, reasons: &mut Reasons) {
        if self.text(member, reasons).is_some_and(|text| text != expected) {
            reasons.add(wrong);
        }
    }
}

/// A text of a place; line breaks and other control characters would make the signed text ambiguous.
fn checked<'a>(text: Cow<'a, str>, member: Member, reasons: &mut Reasons, fits: impl FnOnce(&str) -> bool) -> Option<Cow<'a, str>> {
    if fits(&text) && !text.contains(|c: char| c.is_control()) {
        return Some(text);
    }
    reasons.add(Reason::Odd(member));
    None
}

/// A time as Digests have them: UTC, ending in `Z`.
fn time_ms(text: &str) -> Option<i64> {
    parse_iso(text).filter(|_| text.ends_with('Z'))
}

/// Collects the members of a Digest.
struct DigestVisitor<'r, 'a> {
    texts: &'r mut Texts<'a, { Member::DIGEST_TEXTS }>,
    files: &'r mut Option<Vec<LogFile<'a>>>,
    reasons: &'r mut Reasons,
}

impl<'de> DeserializeSeed<'de> for DigestVisitor<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DigestVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut lists = 0;
        while let Some(name) = map.next_key_seed(Name(Member::of_digest))? {
            match name {
                Some(Member::LogFiles) => {
                    lists += 1;
                    let list = map.next_value_seed(FilesVisitor { reasons: self.reasons })?;
                    *self.files = Some(list);
                }
                Some(member) => self.texts.put(member, map.next_value()?, self.reasons),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if lists > 1 {
            self.reasons.add(Reason::RepeatedMember);
        }
        Ok(())
    }
}

/// Reads `logFiles`.
struct FilesVisitor<'r> {
    reasons: &'r mut Reasons,
}

impl<'de> DeserializeSeed<'de> for FilesVisitor<'_> {
    type Value = Vec<LogFile<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! odd_list {
    ($($visit:ident($type:ty))*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            self.reasons.add(Reason::Odd(Member::LogFiles));
            Ok(Vec::new())
        })*
    };
}

impl<'de> Visitor<'de> for FilesVisitor<'_> {
    type Value = Vec<LogFile<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of log files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut files = Vec::new();
        while let Some(file) = seq.next_element_seed(FileVisitor { reasons: &mut *self.reasons })? {
            if files.len() == MAX_LOG_FILES {
                self.reasons.add(Reason::TooManyLogFiles);
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Vec::new());
            }
            files.extend(file);
        }
        Ok(files)
    }

    odd_list!(visit_str(&str) visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64));

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        self.reasons.add(Reason::Odd(Member::LogFiles));
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.reasons.add(Reason::Odd(Member::LogFiles));
        Ok(Vec::new())
    }
}

/// Reads one element of `logFiles`.
struct FileVisitor<'r> {
    reasons: &'r mut Reasons,
}

impl<'de> DeserializeSeed<'de> for FileVisitor<'_> {
    type Value = Option<LogFile<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! odd_file {
    ($($visit:ident($type:ty))*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            self.reasons.add(Reason::Odd(Member::LogFiles));
            Ok(None)
        })*
    };
}

impl<'de> Visitor<'de> for FileVisitor<'_> {
    type Value = Option<LogFile<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts = Texts::<{ Member::FILE_TEXTS }>::new(Member::FileBucket);
        while let Some(name) = map.next_key_seed(Name(Member::of_file))? {
            match name {
                Some(member) => texts.put(member, map.next_value()?, self.reasons),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(log_file(&mut texts, self.reasons))
    }

    odd_file!(visit_str(&str) visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64));

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        self.reasons.add(Reason::Odd(Member::LogFiles));
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.reasons.add(Reason::Odd(Member::LogFiles));
        Ok(None)
    }
}

fn log_file<'a>(texts: &mut Texts<'a, { Member::FILE_TEXTS }>, reasons: &mut Reasons) -> Option<LogFile<'a>> {
    texts.algorithm(Member::FileHashAlgorithm, HASH_ALGORITHM, Reason::WrongLogFileHashAlgorithm, reasons);
    let newest_event_ms = texts.event_time(Member::FileNewestEventTime, reasons);
    let oldest_event_ms = texts.event_time(Member::FileOldestEventTime, reasons);
    in_order(oldest_event_ms, newest_event_ms, reasons);
    let bucket = texts.bucket(Member::FileBucket, reasons);
    let key = texts.key(Member::FileObject, reasons);
    let hash = texts.read(Member::FileHashValue, reasons, |text| text.parse().ok());
    Some(LogFile { bucket: bucket?, key: key?, hash: hash?, newest_event_ms, oldest_event_ms })
}

fn in_order(oldest_ms: Option<i64>, newest_ms: Option<i64>, reasons: &mut Reasons) {
    if let (Some(oldest), Some(newest)) = (oldest_ms, newest_ms)
        && newest < oldest
    {
        reasons.add(Reason::EventTimesOutOfOrder);
    }
}

/// Reads the inflated bytes of a Digest.
pub(crate) fn digest(inflated: &[u8]) -> Result<Digest<'_>, Reasons> {
    let (mut texts, mut files, mut reasons) = (Texts::new(Member::AwsAccountId), None, Reasons::default());
    // All of it is text, members that nobody reads included.
    let Ok(text) = std::str::from_utf8(inflated) else { return Err(Reason::NotJson.into()) };
    let mut json = serde_json::Deserializer::from_str(text);
    let visitor = DigestVisitor { texts: &mut texts, files: &mut files, reasons: &mut reasons };
    if visitor.deserialize(&mut json).and_then(|()| json.end()).is_err() {
        return Err(Reason::NotJson.into());
    }
    if files.is_none() {
        reasons.add(Reason::Missing(Member::LogFiles));
    }
    match assemble(&mut texts, files.unwrap_or_default(), &mut reasons) {
        Some(digest) if reasons.is_empty() => Ok(digest),
        _ => Err(reasons),
    }
}

/// `None` only with a reason.
fn assemble<'a>(texts: &mut Texts<'a, { Member::DIGEST_TEXTS }>, log_files: Vec<LogFile<'a>>, reasons: &mut Reasons) -> Option<Digest<'a>> {
    texts.algorithm(Member::DigestSignatureAlgorithm, SIGNATURE_ALGORITHM, Reason::WrongSignatureAlgorithm, reasons);
    let account = texts.read(Member::AwsAccountId, reasons, |text| text.parse().ok());
    let start_ms = texts.read(Member::DigestStartTime, reasons, time_ms);
    let end_text = texts.text(Member::DigestEndTime, reasons);
    let end_ms = end_text.as_deref().and_then(time_ms);
    if end_text.is_some() && end_ms.is_none() {
        reasons.add(Reason::Odd(Member::DigestEndTime));
    }
    if let (Some(start), Some(end)) = (start_ms, end_ms)
        && end <= start
    {
        reasons.add(Reason::TimesOutOfOrder);
    }
    let newest_event_ms = texts.event_time(Member::NewestEventTime, reasons);
    let oldest_event_ms = texts.event_time(Member::OldestEventTime, reasons);
    in_order(oldest_event_ms, newest_event_ms, reasons);
    let bucket = texts.bucket(Member::DigestS3Bucket, reasons);
    let key = texts.key(Member::DigestS3Object, reasons);
    let fingerprint = texts.read(Member::DigestPublicKeyFingerprint, reasons, |text| text.parse().ok());
    let previous = previous(texts, reasons);
    Some(Digest {
        account: account?,
        start_ms: start_ms?,
        end_ms: end_ms?,
        end_text: end_text?,
        bucket: bucket?,
        key: key?,
        fingerprint: fingerprint?,
        newest_event_ms,
        oldest_event_ms,
        previous,
        log_files,
    })
}

/// The five members about the Digest before: all null, or all there. `None` without a reason is a starting Digest.
fn previous<'a>(texts: &mut Texts<'a, { Member::DIGEST_TEXTS }>, reasons: &mut Reasons) -> Option<Previous<'a>> {
    let nulls = Member::PREVIOUS.into_iter().filter(|member| matches!(texts.place(*member), Some(Raw::Null))).count();
    if nulls == Member::PREVIOUS.len() {
        return None;
    }
    if nulls > 0 {
        reasons.add(Reason::PartialPrevious);
        return None;
    }
    texts.algorithm(Member::PreviousDigestHashAlgorithm, HASH_ALGORITHM, Reason::WrongPreviousHashAlgorithm, reasons);
    let bucket = texts.bucket(Member::PreviousDigestS3Bucket, reasons);
    let key = texts.key(Member::PreviousDigestS3Object, reasons);
    let hash = texts.read(Member::PreviousDigestHashValue, reasons, |text| text.parse().ok());
    let signature = texts.read(Member::PreviousDigestSignature, reasons, |text| text.parse().ok());
    Some(Previous { bucket: bucket?, key: key?, hash: hash?, signature: signature? })
}
