//! The segments that hold what is asked: whether each stands, asked once and from outside. Nothing is restored, nothing downloaded.

mod versions;

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_pipeline::ports::bucket::{AuditBucket, ObjectInfo};
use trailkeep_records::time::to_rfc3339;

use self::versions::{Odd, Versions};
use crate::{
    error::VerifyError,
    ranges::may_be_a_segment,
    row::Lying,
    verdict::{Evidence, Finding},
};

/// Segments that are asked for at once.
const HEADS_AT_ONCE: usize = 16;

/// The segments that were met, by numbers.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    numbers: HashMap<String, u32>,
    all: Vec<Segment>,
    versions: Versions,
}

/// One segment.
#[derive(Debug, Default)]
pub(crate) struct Segment {
    pub(crate) key: String,
    version: Option<String>,
    /// As it was known when its Batch was sealed.
    checksum: Option<String>,
    /// Where the last range ends that a row names.
    end: u64,
    /// How many sources lie in it.
    pub(crate) sources: u64,
    /// When the newest of them was delivered, milliseconds since 1970.
    newest_ms: Option<i64>,
    /// Once it was asked for.
    state: Option<State>,
    /// What its rows say of it and what was found, where it does not stand.
    pub(crate) evidence: Evidence,
}

/// Whether a segment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Stands,
    Fell(Fall),
}

/// What is wrong with a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fall {
    /// Stable name of the finding.
    pub(crate) name: &'static str,
    /// One sentence.
    pub(crate) detail: String,
}

impl Segments {
    /// Takes a source's segment down and gives its number.
    pub(crate) fn of(&mut self, lying: &Lying) -> u32 {
        let end = lying.offset.saturating_add(lying.length);
        let number = match self.numbers.get(&*lying.segment) {
            Some(number) => *number,
            None => {
                let number = self.all.len() as u32;
                let key = lying.segment.to_string();
                self.numbers.insert(key.clone(), number);
                let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
                self.all.push(Segment { key, version: text(&lying.version), checksum: text(&lying.checksum), ..Segment::default() });
                number
            }
        };
        if let Some(segment) = self.all.get_mut(number as usize) {
            // What was asked before a longer row came is asked again.
            if end > segment.end {
                (segment.end, segment.state) = (end, None);
            }
            segment.sources += 1;
            segment.newest_ms = segment.newest_ms.max(lying.delivered_at);
        }
        number
    }

    /// Takes back what was said of sources that will be read once more: how many of each segment.
    pub(crate) fn take_back(&mut self, sources: &HashMap<u32, u64>) {
        for (number, sources) in sources {
            if let Some(segment) = self.all.get_mut(*number as usize) {
                segment.sources = segment.sources.saturating_sub(*sources);
            }
        }
    }

    pub(crate) fn key(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", |segment| &segment.key)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Those that do not stand, with what is wrong.
    pub(crate) fn fallen(&self) -> impl Iterator<Item = (&Segment, &Fall)> {
        self.all.iter().filter_map(|segment| match segment.state.as_ref()? {
            State::Stands => None,
            State::Fell(fall) => Some((segment, fall)),
        })
    }

    /// Those that do not stand, as findings.
    pub(crate) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.fallen().map(|(segment, fall)| Finding {
            name: fall.name,
            key: Some(segment.key.clone()),
            count: Some(segment.sources),
            detail: fall.detail.clone(),
            evidence: segment.evidence.clone(),
            ..Finding::default()
        })
    }

    /// Asks for those that were not asked for yet: what stands there, and how many versions of it there are.
    pub(crate) async fn ask(&mut self, bucket: &dyn AuditBucket) -> Result<(), VerifyError> {
        let Self { all, versions, .. } = self;
        let unasked: Vec<(usize, &str)> =
            all.iter().enumerate().filter(|(_, s)| s.state.is_none()).map(|(number, s)| (number, s.key.as_str())).collect();
        let folders = versions.unlisted(unasked.iter().map(|(_, key)| *key).filter(|key| may_be_a_segment(key)));
        versions.list(bucket, folders).await?;
        let ask = |(number, key)| async move {
            let info = if may_be_a_segment(key) { bucket.head(key).await? } else { None };
            Ok::<_, VerifyError>((number, info))
        };
        let answers: Vec<(usize, Option<ObjectInfo>)> =
            stream::iter(unasked).map(ask).buffer_unordered(HEADS_AT_ONCE).try_collect().await?;
        for (number, info) in answers {
            if let Some(segment) = all.get_mut(number) {
                let fall = segment.judge(info.as_ref(), versions.odd(&segment.key));
                segment.evidence = if fall.is_some() { segment.evidence(info.as_ref()) } else { Evidence::new() };
                segment.state = Some(fall.map_or(State::Stands, State::Fell));
            }
        }
        Ok(())
    }
}

impl Segment {
    /// What its rows say of it, and what was found.
    fn evidence(&self, info: Option<&ObjectInfo>) -> Evidence {
        let facts = [
            ("newest_source_at", self.newest_ms.and_then(to_rfc3339)),
            ("expected_size", Some(self.end.to_string())),
            ("expected_version", self.version.clone()),
            ("expected_checksum", self.checksum.clone()),
            ("found_size", info.map(|info| info.size_bytes.to_string())),
            ("found_version", info.and_then(|info| info.version.clone())),
            ("found_checksum", info.and_then(|info| info.checksum.clone())),
        ];
        facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
    }

    /// What is wrong with it, the worst first.
    fn judge(&self, info: Option<&ObjectInfo>, odd: Option<&Odd>) -> Option<Fall> {
        let Some(info) = info else { return Some(gone(odd)) };
        if info.size_bytes < self.end {
            let detail = format!("the segment has {} bytes, and its sources say {} or more", info.size_bytes, self.end);
            return Some(Fall { name: "segment_cut", detail: detail + &told(odd) });
        }
        let replaced = |detail: String| Some(Fall { name: "segment_replaced", detail: detail + &told(odd) });
        if let (Some(landed), Some(found)) = (&self.checksum, &info.checksum)
            && algorithm(landed) == algorithm(found)
            && landed != found
        {
            return replaced(format!("the segment has the checksum {found}, and {landed} when it landed"));
        }
        if let (Some(landed), Some(found)) = (&self.version, &info.version)
            && landed != found
        {
            return replaced(format!("the segment has the version {found}, and {landed} when it landed"));
        }
        odd.and_then(|odd| {
            let how = if odd.count > 1 { "the segment was written again" } else { "the segment had been deleted" };
            replaced(how.to_owned())
        })
    }
}

fn gone(odd: Option<&Odd>) -> Fall {
    match odd.filter(|odd| odd.hidden) {
        Some(_) => Fall { name: "segment_deleted", detail: format!("the segment was deleted: a delete marker hides it{}", told(odd)) },
        None => Fall { name: "segment_missing", detail: format!("the segment that holds these sources is not there{}", told(odd)) },
    }
}

/// Which versions are there, as the end of a sentence.
fn told(odd: Option<&Odd>) -> String {
    odd.map(|odd| format!("; {odd}")).unwrap_or_default()
}

/// `crc32` of `crc32:…`. Checksums of different algorithms say nothing of one another: a copied archive may have others.
fn algorithm(checksum: &str) -> &str {
    checksum.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(version: Option<&str>, checksum: Option<&str>) -> Segment {
        let (version, checksum) = (version.map(str::to_owned), checksum.map(str::to_owned));
        Segment { version, checksum, end: 10, sources: 1, ..Segment::default() }
    }

    fn info(size_bytes: u64, version: &str, checksum: Option<&str>) -> ObjectInfo {
        let checksum = checksum.map(str::to_owned);
        ObjectInfo { size_bytes, version: Some(version.to_owned()), checksum, ..ObjectInfo::default() }
    }

    fn name(segment: &Segment, info: Option<&ObjectInfo>, odd: Option<&Odd>) -> Option<&'static str> {
        segment.judge(info, odd).map(|fall| fall.name)
    }

    #[test]
    fn a_segment_is_judged_by_presence_size_checksum_and_version() {
        let plain = segment(None, None);
        assert_eq!(name(&plain, None, None), Some("segment_missing"));
        assert_eq!(name(&plain, Some(&info(9, "a", None)), None), Some("segment_cut"));
        assert_eq!(name(&plain, Some(&info(10, "a", None)), None), None);
        let known = segment(Some("a"), None);
        assert_eq!(name(&known, Some(&info(12, "a", None)), None), None);
        assert_eq!(name(&known, Some(&info(12, "b", None)), None), Some("segment_replaced"));
        let summed = segment(None, Some("crc32:AAAAAA=="));
        assert_eq!(name(&summed, Some(&info(12, "a", None)), None), None, "directories tell none");
        assert_eq!(name(&summed, Some(&info(12, "a", Some("crc32:AAAAAA=="))), None), None);
        assert_eq!(name(&summed, Some(&info(12, "a", Some("crc32:AAAAAQ=="))), None), Some("segment_replaced"));
        assert_eq!(name(&summed, Some(&info(12, "a", Some("sha256:00"))), None), None, "a copy may have another algorithm");
    }

    #[test]
    fn versions_that_should_not_be_there_are_told_and_named() {
        let odd = Odd { versions: vec![Some("v2".to_owned()), Some("v1".to_owned())], count: 2, markers: 0, hidden: false };
        let fall = segment(None, None).judge(Some(&info(10, "v2", None)), Some(&odd));
        assert!(fall.as_ref().is_some_and(|fall| fall.name == "segment_replaced" && fall.detail.contains("v2, v1")), "{fall:?}");
        let hidden = Odd { versions: vec![Some("v1".to_owned())], count: 1, markers: 1, hidden: true };
        let fall = segment(None, None).judge(None, Some(&hidden));
        assert!(fall.as_ref().is_some_and(|fall| fall.name == "segment_deleted" && fall.detail.contains("v1")), "{fall:?}");
        let lost = Odd { versions: vec![], count: 0, markers: 1, hidden: true };
        let fall = segment(None, None).judge(None, Some(&lost));
        assert!(fall.as_ref().is_some_and(|fall| fall.name == "segment_deleted" && fall.detail.contains("no version")), "{fall:?}");
    }
}
