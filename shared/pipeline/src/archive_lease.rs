//! The lease object of an S3 archive whose ledger is a SQLite file: two machines with copies of one ledger must not write one archive.
//!
//! Only "write if nothing is there" is asked of the store. Each taking of the lease makes an object with the next number, `lease/<number>.json`: the
//! greatest number is the lease, and exactly one can make it. The holder moves the counter inside; who sees it stand still for a lease length of its own
//! monotonic clock takes over by making the next number. Giving it back is said inside the object, never by deleting the greatest, so that
//! numbers only grow.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    ports::{
        bucket::{AuditBucket, BucketError, PutOutcome, PutPolicy},
        ledger::WorkerId,
    },
    protocol::{Moment, Stillness},
};

const PREFIX: &str = "lease/";
const MAX_LEASE_BYTES: u64 = 64 << 10;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    holder: String,
    counter: u64,
    released: bool,
}

/// The lease, held. Beat it four times a lease length; give it back with [`ArchiveLease::release`].
#[derive(Debug)]
pub struct ArchiveLease {
    bucket: Arc<dyn AuditBucket>,
    number: u64,
    content: Content,
}

/// What asking for the lease came to.
#[derive(Debug)]
pub enum Taking {
    /// It is the asker's.
    Taken(ArchiveLease),
    /// Another holds it; ask again until its counter has stood still for a lease length.
    HeldBy {
        /// Who.
        holder: String,
    },
}

impl ArchiveLease {
    /// Takes the lease if nobody has it, if it was given back, or if `watch` saw it stand still. Ask with the same `watch` again and again.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn take(
        bucket: Arc<dyn AuditBucket>,
        holder: &WorkerId,
        watch: &mut Stillness<u64>,
        now: Moment,
    ) -> Result<Taking, BucketError> {
        let last = newest(bucket.as_ref()).await?;
        if let Some((number, Some(there))) = &last
            && !there.released
            && !watch.is_dead(*number, there.counter, now)
        {
            return Ok(Taking::HeldBy { holder: there.holder.clone() });
        }
        let number = last.map_or(1, |(number, _)| number + 1);
        let content = Content { holder: holder.to_string(), counter: 0, released: false };
        let lease = Self { bucket, number, content };
        match lease.write(true).await? {
            PutOutcome::AlreadyThere => Ok(Taking::HeldBy { holder: "another process that was faster".to_owned() }),
            PutOutcome::Written => {
                if number > 1 {
                    lease.bucket.delete(&key(number - 1)).await?;
                }
                Ok(Taking::Taken(lease))
            }
        }
    }

    /// Moves the counter. `false` if another took the lease over: stop writing.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn beat(&mut self) -> Result<bool, BucketError> {
        if self.bucket.head(&key(self.number + 1)).await?.is_some() {
            return Ok(false);
        }
        self.content.counter += 1;
        self.write(false).await?;
        Ok(self.bucket.head(&key(self.number + 1)).await?.is_none())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// [`BucketError`]; it runs out by itself then.
    pub async fn release(mut self) -> Result<(), BucketError> {
        self.content.released = true;
        self.write(false).await.map(|_| ())
    }

    async fn write(&self, if_absent: bool) -> Result<PutOutcome, BucketError> {
        let body = serde_json::to_vec(&self.content).expect("two numbers and a string always serialise");
        let policy = PutPolicy { content_type: Some("application/json".to_owned()), if_absent, ..PutPolicy::default() };
        self.bucket.put(&key(self.number), Bytes::from(body), &policy).await
    }
}

fn key(number: u64) -> String {
    format!("{PREFIX}{number:012}.json")
}

/// The greatest number, with its content unless that cannot be read (then it is nobody's).
async fn newest(bucket: &dyn AuditBucket) -> Result<Option<(u64, Option<Content>)>, BucketError> {
    let mut greatest = None;
    let mut page = None;
    loop {
        let listed = bucket.list(PREFIX, page).await?;
        let numbers =
            listed.objects.iter().filter_map(|object| object.key.strip_prefix(PREFIX)?.strip_suffix(".json")?.parse::<u64>().ok());
        greatest = greatest.max(numbers.max());
        page = listed.next;
        if page.is_none() {
            break;
        }
    }
    let Some(number) = greatest else { return Ok(None) };
    let content = bucket.get(&key(number), MAX_LEASE_BYTES).await?;
    Ok(Some((number, content.and_then(|bytes| serde_json::from_slice(&bytes).ok()))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::time::Duration;

    use super::*;
    use crate::memory::MemoryBucket;

    fn at(seconds: u64) -> Moment {
        Moment { unix_ms: 0, monotonic_ms: seconds * 1_000 }
    }

    async fn take(bucket: &MemoryBucket, who: &str, watch: &mut Stillness<u64>, seconds: u64) -> Option<ArchiveLease> {
        match ArchiveLease::take(Arc::new(bucket.clone()), &WorkerId::new(who, 0), watch, at(seconds)).await.unwrap() {
            Taking::Taken(lease) => Some(lease),
            Taking::HeldBy { .. } => None,
        }
    }

    #[tokio::test]
    async fn one_of_two_machines_gets_the_lease_and_the_other_only_once_it_is_given_back() {
        let bucket = MemoryBucket::named("audit");
        let (mut ours, mut theirs) = (Stillness::new(Duration::from_mins(1)), Stillness::new(Duration::from_mins(1)));
        let lease = take(&bucket, "a", &mut ours, 0).await.unwrap();
        assert!(take(&bucket, "b", &mut theirs, 0).await.is_none());
        lease.release().await.unwrap();
        let mut lease = take(&bucket, "b", &mut theirs, 1).await.unwrap();
        assert!(lease.beat().await.unwrap());
        assert_eq!(bucket.objects().len(), 1, "older numbers are deleted");
    }

    #[tokio::test]
    async fn a_lease_that_stands_still_is_taken_over_and_its_holder_learns_of_it() {
        let bucket = MemoryBucket::named("audit");
        let (mut ours, mut theirs) = (Stillness::new(Duration::from_mins(1)), Stillness::new(Duration::from_mins(1)));
        let mut sleeper = take(&bucket, "a", &mut ours, 0).await.unwrap();
        assert!(take(&bucket, "b", &mut theirs, 0).await.is_none());
        assert!(sleeper.beat().await.unwrap());
        assert!(take(&bucket, "b", &mut theirs, 59).await.is_none());
        assert!(take(&bucket, "b", &mut theirs, 118).await.is_none(), "it had moved meanwhile");
        let mut taker = take(&bucket, "b", &mut theirs, 119).await.unwrap();
        assert!(!sleeper.beat().await.unwrap());
        assert!(taker.beat().await.unwrap());
    }
}
