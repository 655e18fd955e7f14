//! What a run tells while it runs. The command line draws a progress bar from it; tests count with it.

/// Hears of progress, from several threads at once. All amounts are increments.
pub trait Observer: Send + Sync {
    /// The listing went on: `objects` more were seen, and `taken` of them with `bytes` stored bytes will be landed or recognised.
    fn listed(&self, objects: u64, taken: u64, bytes: u64) {
        let _ = (objects, taken, bytes);
    }

    /// One object is done with.
    fn settled(&self, object: Settled) {
        let _ = object;
    }

    /// A Batch was published, with so many landed objects and their Records.
    fn published(&self, batch: &str, objects: u64, records: u64) {
        let _ = (batch, objects, records);
    }
}

/// What became of one object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Its stored size in bytes.
    pub stored_bytes: u64,
    /// Inflated bytes that were read; 0 for a duplicate.
    pub inflated_bytes: u64,
}

/// Hears and says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
