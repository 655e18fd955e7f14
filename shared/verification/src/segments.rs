//! The segments that hold what is asked: whether each stands, asked once and from outside. Nothing is restored, nothing downloaded.

use std::collections::HashMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_archive::SourceRow;
use trailkeep_pipeline::ports::bucket::{AuditBucket, ObjectInfo};

use crate::error::VerifyError;

/// Segments that are asked for at once.
const HEADS_AT_ONCE: usize = 16;

/// The segments that were met, by numbers.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    numbers: HashMap<String, u32>,
    all: Vec<Segment>,
}

/// One segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) key: String,
    version: Option<String>,
    /// Where the last range ends that a row names.
    end: u64,
    /// How many sources lie in it.
    pub(crate) sources: u64,
    /// Once it was asked for.
    state: Option<State>,
}

/// Whether a segment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// There, and long enough.
    Stands,
    /// `segment_missing`.
    Missing,
    /// `segment_cut`: shorter than its rows say.
    Cut,
    /// `segment_replaced`: of another version.
    Replaced,
}

impl State {
    /// Its stable name; none where nothing is wrong.
    pub(crate) fn finding(self) -> Option<&'static str> {
        match self {
            Self::Stands => None,
            Self::Missing => Some("segment_missing"),
            Self::Cut => Some("segment_cut"),
            Self::Replaced => Some("segment_replaced"),
        }
    }
}

impl Segments {
    /// Takes a row's segment down and gives its number.
    pub(crate) fn of(&mut self, row: &SourceRow) -> u32 {
        let end = row.segment_offset.saturating_add(row.segment_length);
        let number = match self.numbers.get(&row.segment) {
            Some(number) => *number,
            None => {
                let number = self.all.len() as u32;
                self.numbers.insert(row.segment.clone(), number);
                self.all.push(Segment { key: row.segment.clone(), version: row.segment_version.clone(), end: 0, sources: 0, state: None });
                number
            }
        };
        if let Some(segment) = self.all.get_mut(number as usize) {
            // What was asked before a longer row came is asked again.
            if end > segment.end {
                (segment.end, segment.state) = (end, None);
            }
            segment.sources += 1;
        }
        number
    }

    pub(crate) fn key(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", |segment| &segment.key)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Those that do not stand, with what is wrong.
    pub(crate) fn fallen(&self) -> impl Iterator<Item = (&Segment, &'static str)> {
        self.all.iter().filter_map(|segment| Some((segment, segment.state?.finding()?)))
    }

    /// Asks for those that were not asked for yet.
    pub(crate) async fn ask(&mut self, bucket: &dyn AuditBucket) -> Result<(), VerifyError> {
        let unasked: Vec<(usize, &str)> =
            self.all.iter().enumerate().filter(|(_, s)| s.state.is_none()).map(|(number, s)| (number, s.key.as_str())).collect();
        let ask = |(number, key)| async move { Ok::<_, VerifyError>((number, bucket.head(key).await?)) };
        let answers: Vec<(usize, Option<ObjectInfo>)> =
            stream::iter(unasked).map(ask).buffer_unordered(HEADS_AT_ONCE).try_collect().await?;
        for (number, info) in answers {
            if let Some(segment) = self.all.get_mut(number) {
                segment.state = Some(segment.judge(info.as_ref()));
            }
        }
        Ok(())
    }
}

impl Segment {
    fn judge(&self, info: Option<&ObjectInfo>) -> State {
        match info {
            None => State::Missing,
            Some(info) if info.size_bytes < self.end => State::Cut,
            Some(info) if self.version.is_some() && info.version.is_some() && self.version != info.version => State::Replaced,
            Some(_) => State::Stands,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_judged_by_presence_size_and_version() {
        let segment =
            |version: Option<&str>| Segment { key: String::new(), version: version.map(str::to_owned), end: 10, sources: 1, state: None };
        let info = |size_bytes, version: &str| ObjectInfo { size_bytes, version: Some(version.to_owned()), ..ObjectInfo::default() };
        assert_eq!(segment(None).judge(None), State::Missing);
        assert_eq!(segment(None).judge(Some(&info(9, "a"))), State::Cut);
        assert_eq!(segment(None).judge(Some(&info(10, "a"))), State::Stands);
        assert_eq!(segment(Some("a")).judge(Some(&info(12, "a"))), State::Stands);
        assert_eq!(segment(Some("a")).judge(Some(&info(12, "b"))), State::Replaced);
    }
}
