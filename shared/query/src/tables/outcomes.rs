//! What came of each source, by attestation, for the rows of `events`: the day in a source's key tells which file of `outcomes/` has it, so that
//! only the days are read whose sources are met.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use arrow_array::{Array, RecordBatch, cast::AsArray, types::Int32Type};
use datafusion::{
    common::{DataFusionError, Result, exec_datafusion_err},
    execution::{
        TaskContext,
        memory_pool::{MemoryConsumer, MemoryReservation},
    },
};
use futures::TryStreamExt;
use tokio::sync::OnceCell;
use trailkeep_keys::{KeyKind, LogKey};

use super::{
    QueryScope,
    auditor_files::{AuditorFile, outcome_files},
    auditor_table::AuditorTableKind,
    named_files::FileReading,
};

/// Outcomes that are known, the best first. Where a file contradicts itself the worst counts.
const KNOWN: [&str; 11] = [
    VERIFIED,
    "not_covered",
    "unlisted_within_grace",
    "missing_within_grace",
    "missing",
    "quarantined",
    REVISION_DIFFERS,
    "no_digest",
    "unlisted",
    "listed_differently",
    "altered",
];
/// The source is what CloudTrail signed.
pub(super) const VERIFIED: &str = "verified";
/// The file is verified and a later revision of it has other content: a row does not say which of the two it is from.
const REVISION_DIFFERS: &str = "revision_differs";
/// An outcome whose name is none.
const UNKNOWN: &str = "unknown";
/// Names of outcomes in a file; later releases may have more than are known here.
const MAX_NAMES: usize = 64;
/// Longest name of an outcome, in bytes.
const MAX_NAME_BYTES: usize = 64;
/// Bits of an entry that tell the outcome.
const CODE_BITS: u32 = 8;

/// Outcomes of the days that a question meets, within its memory.
#[derive(Debug)]
pub(super) struct Outcomes {
    reading: FileReading,
    files: BTreeMap<u32, AuditorFile>,
    context: Arc<TaskContext>,
    days: Mutex<HashMap<u32, Arc<OnceCell<Arc<Day>>>>>,
    hashers: [RandomState; 2],
}

impl Outcomes {
    /// Lists the days.
    pub(super) async fn list(scope: &Arc<QueryScope>) -> Result<BTreeMap<u32, AuditorFile>> {
        outcome_files(scope).await.map_err(|error| DataFusionError::External(Box::new(error)))
    }

    pub(super) fn new(scope: &Arc<QueryScope>, files: BTreeMap<u32, AuditorFile>, context: Arc<TaskContext>) -> Self {
        let mut reading = AuditorTableKind::Outcomes.reading(Arc::clone(scope));
        let columns = reading.schema.table_schema();
        reading.projection = Some(
            ["bucket", "key", "revision", "inflated_sha256", "outcome"].map(|name| columns.index_of(name)).into_iter().flatten().collect(),
        );
        Self { reading, files, context, days: Mutex::default(), hashers: [RandomState::new(), RandomState::new()] }
    }

    /// What came of a source; none where its day is not attested yet, or its attestation does not know it.
    ///
    /// # Errors
    /// A file that cannot be read, and memory that does not suffice for one day.
    pub(super) async fn of(&self, bucket: &str, key: &str) -> Result<Option<Arc<str>>> {
        let mut worst: Option<(u8, Arc<str>)> = None;
        for day in delivery_days(key).into_iter().flatten() {
            let Some(file) = self.files.get(&day) else { continue };
            let found = self.day(day, file).await?.find(self.hash(bucket, key));
            worst = worst.into_iter().chain(found).max_by_key(|(code, _)| *code);
        }
        Ok(worst.map(|(_, name)| name))
    }

    async fn day(&self, day: u32, file: &AuditorFile) -> Result<Arc<Day>> {
        let cell = Arc::clone(self.lock().entry(day).or_default());
        cell.get_or_try_init(|| async { Ok(Arc::new(self.read(day, file).await?)) }).await.cloned()
    }

    async fn read(&self, day: u32, file: &AuditorFile) -> Result<Day> {
        self.reading.scope.io.outcome_day_read();
        let mut reading = DayReading::new(MemoryConsumer::new("outcomes of a day").register(self.context.memory_pool()));
        let mut rows = self.reading.rows(file, Arc::clone(&self.context))?;
        while let Some(batch) = rows.try_next().await? {
            if reading.reserve(batch.num_rows()).is_err() {
                // Other days are read again should they be met again.
                self.lock().retain(|held, _| *held == day);
                reading.reserve(batch.num_rows())?;
            }
            reading
                .add(&batch, |bucket, key| self.hash(bucket, key))
                .ok_or_else(|| exec_datafusion_err!("cannot read {}: other columns than outcomes have", file.key))?;
        }
        Ok(reading.finish())
    }

    /// Bits by which sources are told apart; nobody can choose keys that have the same.
    fn hash(&self, bucket: &str, key: &str) -> u128 {
        let [high, low] = self.hashers.each_ref().map(|hasher| u128::from(hasher.hash_one((bucket, key))));
        ((high << 64) | low) >> CODE_BITS << CODE_BITS
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Arc<OnceCell<Arc<Day>>>>> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The delivery days that a key names: in its path, and in its file name, should they differ.
fn delivery_days(key: &str) -> [Option<u32>; 2] {
    match LogKey::parse(key) {
        Ok(KeyKind::Log(key) | KeyKind::Digest(key)) => {
            let in_name = key.name.stamp().map(|stamp| stamp.day_number());
            [Some(key.delivery_day), in_name.filter(|day| *day != key.delivery_day)]
        }
        _ => [None, None],
    }
}

/// The outcomes of a day: hashes of sources, ascending, the outcome's number in the low bits.
#[derive(Debug)]
struct Day {
    entries: Vec<u128>,
    names: Vec<Arc<str>>,
    _held: MemoryReservation,
}

impl Day {
    fn find(&self, hash: u128) -> Option<(u8, Arc<str>)> {
        let at = self.entries.partition_point(|entry| *entry < hash);
        let entry = *self.entries.get(at).filter(|entry| **entry >> CODE_BITS == hash >> CODE_BITS)?;
        let code = (entry & 0xff) as u8;
        Some((code, Arc::clone(self.names.get(usize::from(code))?)))
    }
}

/// A day that is being read.
struct DayReading {
    entries: Vec<u128>,
    names: Vec<Arc<str>>,
    held: MemoryReservation,
    last: Option<Last>,
}

/// The source of the row before: rows of its revisions stand together.
struct Last {
    bucket: String,
    key: String,
    hash: u128,
    code: u8,
    content: Option<String>,
    differs: bool,
}

impl DayReading {
    fn new(held: MemoryReservation) -> Self {
        Self { entries: Vec::new(), names: KNOWN.map(Arc::from).to_vec(), held, last: None }
    }

    fn reserve(&mut self, rows: usize) -> Result<()> {
        if self.entries.capacity() - self.entries.len() < rows + 1 {
            let more = (rows + 1).max(self.entries.len() / 2);
            self.held.try_grow(more * size_of::<u128>())?;
            self.entries.reserve_exact(more);
        }
        Ok(())
    }

    /// Takes rows; none where the columns are not those of the table.
    fn add(&mut self, batch: &RecordBatch, hash: impl Fn(&str, &str) -> u128) -> Option<()> {
        let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        let (buckets, keys, contents, outcomes) = (text("bucket")?, text("key")?, text("inflated_sha256")?, text("outcome")?);
        let revisions = batch.column_by_name("revision")?.as_primitive_opt::<Int32Type>()?;
        for row in 0..batch.num_rows() {
            // Revision 0 is listed and did not land, so no event is from it.
            if revisions.value(row) == 0 {
                continue;
            }
            let (bucket, key) = (buckets.value(row), keys.value(row));
            let content = contents.is_valid(row).then(|| contents.value(row));
            let code = self.code(outcomes.value(row));
            match &mut self.last {
                Some(last) if last.bucket == bucket && last.key == key => {
                    last.differs |= last.content.as_deref() != content;
                    last.code = last.code.max(code);
                }
                _ => {
                    self.close();
                    let (bucket, key, hash) = (bucket.to_owned(), key.to_owned(), hash(bucket, key));
                    self.last = Some(Last { bucket, key, hash, code, content: content.map(str::to_owned), differs: false });
                }
            }
        }
        Some(())
    }

    fn close(&mut self) {
        let entry = |last: Last| last.hash | u128::from(if last.differs { doubted(last.code) } else { last.code });
        self.entries.extend(self.last.take().map(entry));
    }

    fn code(&mut self, name: &str) -> u8 {
        let position = |names: &[Arc<str>], name: &str| names.iter().position(|known| **known == *name);
        let name = if name.len() <= MAX_NAME_BYTES { name } else { UNKNOWN };
        if let Some(code) = position(&self.names, name) {
            return code as u8;
        }
        let name = if self.names.len() < MAX_NAMES { name } else { UNKNOWN };
        let code = position(&self.names, name).unwrap_or_else(|| {
            self.names.push(Arc::from(name));
            self.names.len() - 1
        });
        code as u8
    }

    fn finish(mut self) -> Day {
        self.close();
        self.entries.sort_unstable();
        // Rows of one source that do not stand together contradict the table's order: not even equal ones are believed to be one revision's.
        let mut entries: Vec<u128> = Vec::new();
        std::mem::swap(&mut entries, &mut self.entries);
        entries.dedup_by(|later, kept| {
            let same = *later >> CODE_BITS == *kept >> CODE_BITS;
            if same {
                let worst = (*later & 0xff).max(*kept & 0xff) as u8;
                *kept = (*kept >> CODE_BITS << CODE_BITS) | u128::from(doubted(worst));
            }
            same
        });
        Day { entries, names: self.names, _held: self.held }
    }
}

/// The outcome of a file of which it is not known that all rows are of what was verified.
fn doubted(code: u8) -> u8 {
    if code == code_of(VERIFIED) { code_of(REVISION_DIFFERS) } else { code }
}

/// How bad an outcome is: the greater, the worse; none at all is the least.
pub(super) fn badness(outcome: Option<&str>) -> usize {
    outcome.map_or(0, |outcome| 1 + KNOWN.iter().position(|known| *known == outcome).unwrap_or(KNOWN.len()))
}

fn code_of(name: &str) -> u8 {
    KNOWN.iter().position(|known| *known == name).unwrap_or_default() as u8
}
