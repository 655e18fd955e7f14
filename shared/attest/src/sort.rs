//! Leaves into their order, whatever their number: sorted runs in temporary files, merged.
//!
//! A run is sorted in memory and written; at the end all runs are read side by side. Memory is one run, or a buffer for each run while they are
//! merged. Blocking: callers run it on threads for that.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    fs::File,
    io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _},
};

use trailkeep_audit::{Sha256, attestation::Leaf};

use crate::error::AttestError;

/// Bytes of leaves that one run holds in memory, about: 64 MiB.
const RUN_BYTES: usize = 64 << 20;
/// Most runs that are read side by side: 128. More are merged into one first.
const RUNS: usize = 128;
/// Buffer of a run that is read: 128 KiB.
const BUFFER_BYTES: usize = 128 << 10;
/// What a leaf takes beside its texts, about.
const LEAF_BYTES: usize = size_of::<Leaf>() + 48;
/// Longest text of a leaf that is read back, in bytes: 1 MiB. S3's keys have 1,024.
const MAX_TEXT_BYTES: u32 = 1 << 20;

/// Takes leaves in any order.
#[derive(Debug)]
pub(crate) struct Sorter {
    held: Vec<Leaf>,
    held_bytes: usize,
    run_bytes: usize,
    runs: Vec<File>,
}

impl Default for Sorter {
    fn default() -> Self {
        Self::with_runs_of(RUN_BYTES)
    }
}

impl Sorter {
    fn with_runs_of(run_bytes: usize) -> Self {
        Self { held: Vec::new(), held_bytes: 0, run_bytes, runs: Vec::new() }
    }

    /// Takes a leaf.
    pub(crate) fn push(&mut self, leaf: Leaf) -> Result<(), AttestError> {
        let texts = leaf.bucket.len() + leaf.key.len() + leaf.outcome.len() + leaf.version.as_ref().map_or(0, String::len);
        self.held_bytes += texts + LEAF_BYTES;
        self.held.push(leaf);
        if self.held_bytes >= self.run_bytes { self.spill() } else { Ok(()) }
    }

    /// All leaves in order. Those that are the same in everything come once.
    pub(crate) fn sorted(mut self) -> Result<Sorted, AttestError> {
        self.held.sort_unstable_by(total);
        Sorted::new(self.runs, self.held)
    }

    fn spill(&mut self) -> Result<(), AttestError> {
        self.held.sort_unstable_by(total);
        self.runs.push(written(self.held.drain(..).map(Ok))?);
        self.held_bytes = 0;
        if self.runs.len() == RUNS {
            let merged = written(Sorted::new(std::mem::take(&mut self.runs), Vec::new())?)?;
            self.runs.push(merged);
        }
        Ok(())
    }
}

/// The order of leaves, and one for those that contradict each other: it does not depend on how they came.
fn total(a: &Leaf, b: &Leaf) -> Ordering {
    a.order(b).then_with(|| (&a.version, a.inflated_sha256, &a.outcome).cmp(&(&b.version, b.inflated_sha256, &b.outcome)))
}

/// Leaves in order.
#[derive(Debug)]
pub(crate) struct Sorted {
    runs: Vec<Run>,
    next: BinaryHeap<Reverse<Next>>,
    last: Option<Leaf>,
}

#[derive(Debug)]
enum Run {
    File(BufReader<File>),
    Memory(std::vec::IntoIter<Leaf>),
}

/// The next leaf of a run.
#[derive(Debug)]
struct Next {
    leaf: Leaf,
    run: usize,
}

impl Sorted {
    fn new(files: Vec<File>, held: Vec<Leaf>) -> Result<Self, AttestError> {
        let mut runs = Vec::with_capacity(files.len() + 1);
        for mut file in files {
            file.rewind().map_err(|source| AttestError::Temporary { operation: "read", source })?;
            runs.push(Run::File(BufReader::with_capacity(BUFFER_BYTES, file)));
        }
        runs.push(Run::Memory(held.into_iter()));
        let mut sorted = Self { next: BinaryHeap::with_capacity(runs.len()), runs, last: None };
        for run in 0..sorted.runs.len() {
            sorted.refill(run)?;
        }
        Ok(sorted)
    }

    fn refill(&mut self, run: usize) -> Result<(), AttestError> {
        let leaf = match self.runs.get_mut(run) {
            Some(Run::File(file)) => read(file).map_err(|source| AttestError::Temporary { operation: "read", source })?,
            Some(Run::Memory(held)) => held.next(),
            None => None,
        };
        if let Some(leaf) = leaf {
            self.next.push(Reverse(Next { leaf, run }));
        }
        Ok(())
    }
}

impl Iterator for Sorted {
    type Item = Result<Leaf, AttestError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Reverse(Next { leaf, run }) = self.next.pop()?;
            if let Err(error) = self.refill(run) {
                return Some(Err(error));
            }
            if self.last.as_ref() != Some(&leaf) {
                self.last = Some(leaf.clone());
                return Some(Ok(leaf));
            }
        }
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        total(&self.leaf, &other.leaf).then(self.run.cmp(&other.run))
    }
}

/// Leaves as a run in a temporary file that nobody else can open.
fn written(leaves: impl Iterator<Item = Result<Leaf, AttestError>>) -> Result<File, AttestError> {
    let failed = |source| AttestError::Temporary { operation: "write", source };
    let file = tempfile::tempfile().map_err(failed)?;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
    for leaf in leaves {
        write(&mut out, &leaf?).map_err(failed)?;
    }
    out.into_inner().map_err(|error| failed(error.into_error()))
}

fn write(out: &mut BufWriter<File>, leaf: &Leaf) -> io::Result<()> {
    let mut text = |text: &str| {
        out.write_all(&(text.len() as u32).to_le_bytes())?;
        out.write_all(text.as_bytes())
    };
    text(&leaf.bucket)?;
    text(&leaf.key)?;
    text(&leaf.outcome)?;
    text(leaf.version.as_deref().unwrap_or_default())?;
    let has = u8::from(leaf.version.is_some()) | u8::from(leaf.inflated_sha256.is_some()) << 1;
    let Sha256(hash) = leaf.inflated_sha256.unwrap_or(Sha256([0; 32]));
    out.write_all(&leaf.revision.to_le_bytes())?;
    out.write_all(&[has])?;
    out.write_all(&hash)
}

fn read(from: &mut BufReader<File>) -> io::Result<Option<Leaf>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let bucket = text(from, length)?;
    let mut another = || {
        from.read_exact(&mut length)?;
        text(from, length)
    };
    let (key, outcome, version) = (another()?, another()?, another()?);
    let (mut revision, mut has, mut hash) = ([0; 4], [0; 1], [0; 32]);
    from.read_exact(&mut revision)?;
    from.read_exact(&mut has)?;
    from.read_exact(&mut hash)?;
    let [has] = has;
    Ok(Some(Leaf {
        bucket,
        key,
        revision: u32::from_le_bytes(revision),
        version: (has & 1 != 0).then_some(version),
        inflated_sha256: (has & 2 != 0).then_some(Sha256(hash)),
        outcome,
    }))
}

fn text(from: &mut BufReader<File>, length: [u8; 4]) -> io::Result<String> {
    let length = u32::from_le_bytes(length);
    if length > MAX_TEXT_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a text that is longer than any that was written"));
    }
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use proptest::prelude::*;

    use super::*;

    fn leaf(key: &str, revision: u32, outcome: &str) -> Leaf {
        Leaf {
            bucket: "logs".to_owned(),
            key: key.to_owned(),
            revision,
            version: revision.is_multiple_of(2).then(String::new),
            inflated_sha256: (!revision.is_multiple_of(3)).then(|| Sha256::of(key.as_bytes())),
            outcome: outcome.to_owned(),
        }
    }

    fn sorted(leaves: &[Leaf], run_bytes: usize) -> Vec<Leaf> {
        let mut sorter = Sorter::with_runs_of(run_bytes);
        leaves.iter().cloned().try_for_each(|leaf| sorter.push(leaf)).unwrap();
        sorter.sorted().unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn more_runs_than_are_read_at_once_come_out_in_order() {
        let leaves: Vec<Leaf> = (0..1_000_u32).map(|n| leaf(&format!("{}", n.wrapping_mul(2_654_435_761)), n, "verified")).collect();
        let once = sorted(&leaves, 1);
        assert!(once.is_sorted_by(|a, b| a.order(b) == Ordering::Less));
        assert_eq!(once.len(), leaves.len());
        assert_eq!(once, sorted(&leaves, RUN_BYTES));
    }

    proptest! {
        #[test]
        fn runs_of_any_size_give_the_same(
            picks in prop::collection::vec(("[a-cé]{0,3}", 0..4_u32, 0..2_u8), 0..200), run_bytes in 1..4_000_usize,
        ) {
            let leaves: Vec<Leaf> =
                picks.iter().map(|(key, revision, outcome)| leaf(key, *revision, if *outcome == 0 { "verified" } else { "altered" })).collect();
            let mut expected = leaves.clone();
            expected.sort_by(total);
            expected.dedup();
            prop_assert_eq!(sorted(&leaves, run_bytes), expected);
        }
    }
}
