//! Footers of Parquet files, kept for the life of an engine: a file of an archive never changes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaData;

/// Footers and tails are dropped, all of them, past this many bytes.
const CAP_BYTES: usize = 256 * 1024 * 1024;

/// What the end of a file says.
#[derive(Debug)]
pub(crate) struct Footer {
    /// The decoded footer, without the page index.
    pub(crate) metadata: Arc<ParquetMetaData>,
    /// The file's last bytes as they were read; the page index and small blooms often lie in them.
    pub(crate) tail: Bytes,
    /// Offset of the tail in the file.
    pub(crate) tail_start: u64,
}

/// Footers by key.
#[derive(Debug, Default)]
pub(crate) struct Footers {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    by_key: HashMap<String, Arc<Footer>>,
    bytes: usize,
}

impl Footers {
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Footer>> {
        self.lock().by_key.get(key).cloned()
    }

    pub(crate) fn put(&self, key: &str, footer: &Arc<Footer>) {
        let size = footer.metadata.memory_size() + footer.tail.len();
        let mut held = self.lock();
        if held.bytes + size > CAP_BYTES {
            *held = Held::default();
        }
        if held.by_key.insert(key.to_owned(), Arc::clone(footer)).is_none() {
            held.bytes += size;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
