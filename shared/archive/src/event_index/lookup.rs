//! Finds ids in an index that somebody else reads: says which bytes it wants, takes them, says where the rows are.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{
    END, HEADER, HEADER_BYTES, PLACE_BITS, WORD_BYTES,
    entry::{EventPlace, hash_of},
};

/// Hash values are below this.
const HASHES: u128 = 1 << 40;
/// Most bytes of one window: 1 MiB. The first window among 260 million words is as long.
const MAX_WINDOW_BYTES: u64 = 1 << 20;

/// Why an index object tells nothing: it was cut, damaged, or is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventIndexError {
    /// No index has this size.
    #[error("{object_bytes} bytes are no header and whole words, or too many")]
    Size {
        /// The object's size.
        object_bytes: u64,
    },
    /// A window is not as long as was asked for.
    #[error("{found} bytes came where {wanted} were asked for")]
    Short {
        /// Bytes asked for.
        wanted: u64,
        /// Bytes that came.
        found: u64,
    },
    /// It does not begin as version 1 does.
    #[error("it does not begin with the header of version 1")]
    Header,
    /// It does not end as an index does.
    #[error("its last word is not the end mark")]
    End,
    /// Words are not in strictly ascending order.
    #[error("its words are not in ascending order")]
    Unsorted,
    /// Hashes are not spread as those of SHA-256 are.
    #[error("its hashes are not uniform")]
    Skewed,
}

/// Looks event ids up in one index object.
///
/// Read [`EventLookup::ranges`], give the bytes to [`EventLookup::take`], and again until there are no more ranges; then
/// [`EventLookup::places`] is complete. One round is enough but for a chance in millions of millions.
#[derive(Debug, Clone)]
pub struct EventLookup {
    /// Words, the end mark included.
    words: u64,
    open: Vec<Probe>,
    places: Vec<EventPlace>,
}

/// One hash that is looked for, and how far around its expected place.
#[derive(Debug, Clone, Copy)]
struct Probe {
    hash: u64,
    margin: u64,
}

impl EventLookup {
    /// Begins to look for some event ids in an object of this size.
    ///
    /// # Errors
    /// [`EventIndexError::Size`].
    pub fn new<I: AsRef<str>>(object_bytes: u64, event_ids: impl IntoIterator<Item = I>) -> Result<Self, EventIndexError> {
        let refused = EventIndexError::Size { object_bytes };
        let body = object_bytes.checked_sub(HEADER_BYTES).filter(|body| *body > 0 && body.is_multiple_of(WORD_BYTES)).ok_or(refused)?;
        let words = body / WORD_BYTES;
        let margin = 4 * (words - 1).isqrt() + 16;
        let hash = |id: I| hash_of(&Sha256::digest(id.as_ref().as_bytes()).into());
        let open = event_ids.into_iter().map(|id| Probe { hash: hash(id), margin }).collect();
        let lookup = Self { words, open, places: Vec::new() };
        if lookup.is_within_cap() { Ok(lookup) } else { Err(EventIndexError::Size { object_bytes }) }
    }

    fn is_within_cap(&self) -> bool {
        self.ranges().iter().all(|range| range.end - range.start <= MAX_WINDOW_BYTES)
    }

    /// Byte ranges of the object to read next, one for each id that is not settled; none at the end.
    pub fn ranges(&self) -> Vec<Range<u64>> {
        self.open.iter().map(|probe| bytes_of(&probe.window(self.words))).collect()
    }

    /// Takes the bytes of the ranges, in their order.
    ///
    /// # Errors
    /// [`EventIndexError`]: the object must not be relied on, whatever was found in it.
    pub fn take<B: AsRef<[u8]>>(&mut self, windows: &[B]) -> Result<(), EventIndexError> {
        let mut unsettled = Vec::new();
        for (index, probe) in std::mem::take(&mut self.open).into_iter().enumerate() {
            let bytes = windows.get(index).map(AsRef::as_ref).unwrap_or_default();
            if !self.settle(probe, bytes)? {
                unsettled.push(Probe { margin: probe.margin.saturating_mul(2), ..probe });
            }
        }
        self.open = unsettled;
        if self.is_within_cap() { Ok(()) } else { Err(EventIndexError::Skewed) }
    }

    /// Where rows with one of the ids can be; empty where there is none.
    pub fn places(&self) -> &[EventPlace] {
        &self.places
    }

    /// Judges a window: whether all words with the hash are in it. Those are noted.
    fn settle(&mut self, probe: Probe, bytes: &[u8]) -> Result<bool, EventIndexError> {
        let window = probe.window(self.words);
        let words = words_of(&window, self.words, bytes)?;
        let first = words.first().is_some_and(|word| word >> PLACE_BITS < probe.hash);
        let last = words.last().is_some_and(|word| word >> PLACE_BITS > probe.hash);
        if (window.start > 0 && !first) || (window.end < self.words && !last) {
            return Ok(false);
        }
        let found = words.iter().filter(|word| **word >> PLACE_BITS == probe.hash && **word != END);
        self.places.extend(found.map(|word| EventPlace::of_word(*word)));
        Ok(true)
    }
}

impl Probe {
    /// Numbers of the words around the place that the hash should have.
    fn window(&self, words: u64) -> Range<u64> {
        let expected = (u128::from(self.hash) * u128::from(words) / HASHES) as u64;
        expected.saturating_sub(self.margin)..expected.saturating_add(self.margin).saturating_add(1).min(words)
    }
}

/// Bytes of some words; from the first word on, the header's too.
fn bytes_of(window: &Range<u64>) -> Range<u64> {
    let start = if window.start == 0 { 0 } else { HEADER_BYTES + window.start * WORD_BYTES };
    start..HEADER_BYTES + window.end * WORD_BYTES
}

/// The words of a window, checked: their number and order, the header before the first and the mark at the end.
fn words_of(window: &Range<u64>, words: u64, bytes: &[u8]) -> Result<Vec<u64>, EventIndexError> {
    let range = bytes_of(window);
    let (wanted, found) = (range.end - range.start, bytes.len() as u64);
    if wanted != found {
        return Err(EventIndexError::Short { wanted, found });
    }
    let body = if window.start == 0 { bytes.strip_prefix(&HEADER).ok_or(EventIndexError::Header)? } else { bytes };
    let (chunks, _) = body.as_chunks::<8>();
    let read: Vec<u64> = chunks.iter().map(|word| u64::from_be_bytes(*word)).collect();
    if !read.is_sorted_by(|a, b| a < b) {
        return Err(EventIndexError::Unsorted);
    }
    if window.end == words && read.last() != Some(&END) {
        return Err(EventIndexError::End);
    }
    Ok(read)
}
