//! What a collector is told, apart from its ports. Defaults are those of the command line.

use std::time::Duration;

use trailkeep_pipeline::batch::BatchSettings;

use crate::admission::AdmissionRules;

/// Everything that a collector is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How objects become files. `builder_bytes` is for the whole process and shared by the landers.
    pub batch: BatchSettings,
    /// When a Batch is sealed.
    pub seal: SealPolicy,
    /// Bounds of what is in hand.
    pub bounds: Bounds,
    /// How long messages are hidden, and how they come back.
    pub times: QueueTimes,
    /// What is let in.
    pub admission: AdmissionRules,
    /// When reading is taken for forbidden.
    pub breaker: BreakerSettings,
    /// Timeouts of the stages.
    pub timeouts: Timeouts,
    /// How often an open Batch's heartbeat counter is moved: a quarter of the lease or less. 15 s.
    pub beat: Duration,
    /// How often what dead workers left is brought to an end. 60 s.
    pub recover_every: Duration,
    /// How long to wait before an object that another worker's open Batch holds is looked at again. 15 s.
    pub look_again: Duration,
    /// Days for which the ledger remembers what landed; `None` = for good. Older Deliveries are looked for in `sources/`.
    pub remembered_days: Option<u32>,
    /// How long draining may take after the collector was asked to stop. 100 s: below the 120 s that ECS allows at most.
    pub drain: Duration,
}

/// When a Batch is sealed: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealPolicy {
    /// Encoded output in bytes. 128 MiB.
    pub encoded_bytes: u64,
    /// Age of a Batch that holds `small_bytes` or more. 300 s.
    pub age: Duration,
    /// Encoded output in bytes below which a Batch may grow older. 16 MiB.
    pub small_bytes: u64,
    /// Age of a Batch that holds less. 900 s: a small organization gets few files a day that are not tiny.
    pub small_age: Duration,
    /// LogObjects. 10,000.
    pub objects: usize,
    /// Partitions of `events/`. 64.
    pub partitions: usize,
}

impl Default for SealPolicy {
    fn default() -> Self {
        Self {
            encoded_bytes: 128 << 20,
            age: Duration::from_mins(5),
            small_bytes: 16 << 20,
            small_age: Duration::from_mins(15),
            objects: 10_000,
            partitions: 64,
        }
    }
}

impl SealPolicy {
    /// Batches of at most `age`, however small.
    #[must_use]
    pub fn with_age(self, age: Duration) -> Self {
        Self { age, small_age: age, ..self }
    }

    /// How old a Batch with so much in it may become.
    pub fn age_of(&self, encoded_bytes: u64) -> Duration {
        if encoded_bytes >= self.small_bytes { self.age.min(self.small_age) } else { self.small_age }
    }
}

/// Bounds of what is in hand at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Messages that were received and not deleted. 20,000; all workers of a queue together stay below SQS's 120,000.
    pub messages: usize,
    /// Objects that these announce. 50,000; one message of ten thousand fits.
    pub deliveries: usize,
    /// Stored bytes that were fetched and not decoded. 32 MiB.
    pub stored_bytes: usize,
    /// Fetches at a time. 64.
    pub fetches: usize,
    /// Receives at a time. 8.
    pub receivers: usize,
    /// Batches that are gathered at a time, each with a thread of its own: the processors.
    pub landers: usize,
    /// Deliveries that must wait, for each lander before it, so that another one begins. 1,000.
    pub another_lander_over: usize,
    /// Largest stored object that is held whole, in bytes. 16 MiB; larger ones are streamed.
    pub whole_object_bytes: u64,
    /// Largest stored object that is landed, in bytes. 4 GiB.
    pub object_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            messages: 20_000,
            deliveries: 50_000,
            stored_bytes: 32 << 20,
            fetches: 64,
            receivers: 8,
            landers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            another_lander_over: 1_000,
            whole_object_bytes: 16 << 20,
            object_bytes: 4 << 30,
        }
    }
}

/// How long messages are hidden, and how they come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueTimes {
    /// Longest wait of one receive. 20 s.
    pub wait: Duration,
    /// How long a received message is hidden; renewed after half of it. 600 s: longer than most Batches live, so that few need renewing.
    pub hidden: Duration,
    /// How long what is to be retried is hidden, the first time; doubled each time. 10 s.
    pub retry_first: Duration,
    /// ... and at most. 15 min.
    pub retry_longest: Duration,
    /// How long what is rejected is hidden until it is received again on its way to the dead-letter queue. 30 s.
    pub reject: Duration,
}

impl Default for QueueTimes {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(20),
            hidden: Duration::from_mins(10),
            retry_first: Duration::from_secs(10),
            retry_longest: Duration::from_mins(15),
            reject: Duration::from_secs(30),
        }
    }
}

impl QueueTimes {
    /// How long a message that was received `count` times is hidden before it is tried again.
    pub fn backoff(&self, count: u32) -> Duration {
        let doublings = count.saturating_sub(1).min(16);
        self.retry_first.saturating_mul(1 << doublings).min(self.retry_longest)
    }
}

/// When reading is taken for forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Distinct keys of one bucket that must be denied in a row. 5.
    pub distinct_keys: usize,
    /// How often it is tried whether reading works again. 30 s.
    pub probe_every: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { distinct_keys: 5, probe_every: Duration::from_secs(30) }
    }
}

/// Longest time of one call of a stage, retries of the AWS SDK included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Admitting a chunk. 60 s.
    pub admit: Duration,
    /// Fetching one object that is held whole. 120 s.
    pub fetch: Duration,
    /// Committing and publishing a Batch. 300 s; whoever comes next finishes what is committed.
    pub publish: Duration,
    /// Deleting or hiding ten messages. 30 s.
    pub acknowledge: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            admit: Duration::from_mins(1),
            fetch: Duration::from_mins(2),
            publish: Duration::from_mins(5),
            acknowledge: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_again_and_again_waits_longer_and_longer() {
        let times = QueueTimes::default();
        let waits: Vec<u64> = [1, 2, 3, 8, 40].map(|count| times.backoff(count).as_secs()).to_vec();
        assert_eq!(waits, [10, 20, 40, 900, 900]);
    }

    #[test]
    fn a_small_batch_may_grow_older_and_a_short_age_holds_for_all() {
        let policy = SealPolicy::default();
        assert_eq!((policy.age_of(1 << 20).as_secs(), policy.age_of(16 << 20).as_secs()), (900, 300));
        let quick = policy.with_age(Duration::from_secs(15));
        assert_eq!((quick.age_of(0).as_secs(), quick.age_of(100 << 20).as_secs()), (15, 15));
    }
}
