//! From what was said to what is done: checked once, before anything is asked of AWS.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};
use trailkeep_collector::{AdmissionRules, Bounds, BreakerSettings, QueueTimes, SealPolicy, Settings, Timeouts};
use trailkeep_ocsf::Redaction;
use trailkeep_pipeline::{
    batch::{BatchSettings, Retention},
    ingest::EncodingConfig,
    ports::bucket,
};
use trailkeep_records::InflateLimits;

use super::args::{Arguments, Classes, LockMode};

/// Age of Batches with `--low-latency`.
const LOW_LATENCY: std::time::Duration = std::time::Duration::from_secs(15);

/// An S3 address taken apart: bucket, and prefix without `/` at either end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct S3Place {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

/// Takes `s3://bucket/prefix` apart.
pub(crate) fn s3_place(text: &str) -> anyhow::Result<S3Place> {
    let rest = text.strip_prefix("s3://").with_context(|| format!("{text:?} is no S3 address: give s3://bucket or s3://bucket/prefix"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let sound = !bucket.is_empty() && (prefix.is_empty() || prefix.split('/').all(|segment| !matches!(segment, "" | "." | "..")));
    ensure!(sound, "{text:?} names no bucket, or has an empty segment, `.` or `..` in its prefix");
    Ok(S3Place { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// The table behind `dynamodb://TABLE`.
pub(crate) fn table(text: &str) -> anyhow::Result<&str> {
    match text.strip_prefix("dynamodb://") {
        Some(table) if !table.is_empty() && !table.contains('/') => Ok(table),
        _ => bail!("{text:?} is no ledger of a fleet: give dynamodb://TABLE"),
    }
}

impl Arguments {
    /// Every log bucket with the name that its objects land under.
    ///
    /// # Errors
    /// Where a replica is given two origins.
    pub(crate) fn log_buckets(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut buckets: BTreeMap<String, String> = self.admission.buckets.iter().map(|name| (name.clone(), name.clone())).collect();
        let mut aliased = BTreeSet::new();
        for (replica, origin) in &self.admission.bucket_aliases {
            ensure!(aliased.insert(replica), "{replica} is given two origins with --bucket-alias");
            ensure!(
                !self.admission.buckets.contains(replica),
                "{replica} is named with --bucket and as a replica with --bucket-alias: an object would land under two names; leave --bucket out for it"
            );
            buckets.insert(replica.clone(), origin.clone());
        }
        for (replica, origin) in &self.admission.bucket_aliases {
            ensure!(
                !aliased.contains(origin),
                "{replica} replicates {origin}, which is a replica itself: name the bucket at the beginning of the chain"
            );
        }
        let archive = s3_place(&self.places.archive)?.bucket;
        ensure!(
            !buckets.contains_key(&archive),
            "{archive} is a log bucket and the archive's: what lands would be announced and landed again; give the archive a bucket of its own"
        );
        Ok(buckets)
    }

    /// What the collector is told.
    ///
    /// # Errors
    /// Where options contradict each other.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let (bounds, times) = (&self.bounds, &self.times);
        ensure!(times.receive_wait <= trailkeep_pipeline::ports::queue::MAX_WAIT, "--receive-wait is at most 20 s");
        let least = (times.receive_wait / 4).max(std::time::Duration::from_secs(2));
        ensure!(
            times.visibility >= least,
            "--visibility is at least 2 s, and at least a quarter of --receive-wait: here {} ms",
            least.as_millis()
        );
        ensure!(times.lease >= std::time::Duration::from_secs(1), "--lease is at least 1 s");
        ensure!(times.retry_first <= times.retry_longest, "--retry-first is at most --retry-longest");
        let hour = std::time::Duration::from_mins(60);
        ensure!(self.batches.seal_age <= hour && self.batches.seal_small_age <= hour, "--seal-age and --seal-small-age are at most 1 h");
        ensure!(times.visibility < trailkeep_pipeline::ports::queue::MAX_HIDDEN, "--visibility is below 12 h");
        table(&self.places.ledger)?;
        let heard = !self.places.announce_digests || self.places.topic_arn.is_some();
        ensure!(heard, "--announce-digests says what to announce, and nobody is told: name the topic with --topic-arn");
        self.log_buckets()?;
        Ok(Settings {
            batch: self.batch_settings()?,
            seal: self.seal_policy(),
            bounds: Bounds {
                messages: bounds.max_messages as usize,
                deliveries: bounds.max_deliveries as usize,
                stored_bytes: bounds.max_stored_bytes as usize,
                fetches: bounds.fetches.into(),
                receivers: bounds.receivers.into(),
                landers: bounds.landers.map_or(Bounds::default().landers, usize::from),
                object_bytes: bounds.max_object_bytes,
                whole_object_bytes: Bounds::default().whole_object_bytes.min(bounds.max_object_bytes),
                ..Bounds::default()
            },
            times: QueueTimes {
                wait: times.receive_wait,
                hidden: times.visibility,
                retry_first: times.retry_first,
                retry_longest: times.retry_longest,
                reject: times.reject_wait,
            },
            admission: self.rules(),
            breaker: BreakerSettings { distinct_keys: times.breaker_keys.into(), probe_every: times.breaker_probe },
            timeouts: Timeouts::default(),
            beat: times.lease / 4,
            recover_every: times.recover_every,
            look_again: times.look_again,
            drain: times.drain,
            remembered_days: Some(trailkeep_aws::REMEMBERED_DAYS),
        })
    }

    fn seal_policy(&self) -> SealPolicy {
        let batches = &self.batches;
        let policy = SealPolicy {
            encoded_bytes: batches.seal_bytes,
            age: batches.seal_age,
            small_bytes: batches.seal_small_bytes,
            small_age: batches.seal_small_age,
            objects: batches.seal_objects as usize,
            ..SealPolicy::default()
        };
        if batches.low_latency { policy.with_age(LOW_LATENCY) } else { policy }
    }

    fn rules(&self) -> AdmissionRules {
        let set = |of: &[String]| of.iter().cloned().collect();
        let admission = &self.admission;
        AdmissionRules {
            organizations: set(&admission.organizations),
            accounts: set(&admission.accounts),
            only_accounts: set(&admission.only_accounts),
            without_accounts: set(&admission.without_accounts),
            only_regions: set(&admission.only_regions),
            without_regions: set(&admission.without_regions),
        }
    }

    fn batch_settings(&self) -> anyhow::Result<BatchSettings> {
        let rows = &self.rows;
        let mut redaction = if rows.no_redact { Redaction::none() } else { Redaction::default() };
        for path in &rows.redact_paths {
            redaction = redaction.with_path(path).with_context(|| format!("--redact-path {path}"))?;
        }
        let classes = match rows.classes {
            Classes::Lake => trailkeep_ocsf::Classes::Lake,
            Classes::Fine => trailkeep_ocsf::Classes::Fine,
        };
        let retention = self.protection.object_lock_mode.zip(self.protection.object_lock_days).map(|(mode, days)| Retention {
            mode: match mode {
                LockMode::Governance => bucket::LockMode::Governance,
                LockMode::Compliance => bucket::LockMode::Compliance,
            },
            days,
        });
        Ok(BatchSettings {
            encoding: EncodingConfig { classes, redaction, raw_data_inline: rows.raw_data, zstd_level: rows.zstd_level },
            class: self.protection.class_label.clone(),
            retention,
            inflate: InflateLimits::default(),
            builder_bytes: self.bounds.max_inflated_bytes as usize,
            audit_bucket: Some(s3_place(&self.places.archive)?.bucket),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use clap::Parser as _;

    use super::*;

    fn parse(words: &[&str]) -> Arguments {
        let needed = ["trailkeep-collector", "--queue", "q", "--bucket", "logs", "--archive", "s3://audit", "--ledger", "dynamodb://t"];
        Arguments::try_parse_from(needed.iter().chain(words)).unwrap()
    }

    #[test]
    fn defaults_are_the_library_s() {
        let settings = parse(&[]).settings().unwrap();
        assert_eq!(settings.seal, SealPolicy::default());
        assert_eq!(settings.bounds, Bounds::default());
        assert_eq!(settings.times, QueueTimes::default());
        assert_eq!(settings.breaker, BreakerSettings::default());
        assert_eq!(settings.admission, AdmissionRules::default());
    }

    #[test]
    fn a_replica_lands_under_its_origin_and_has_one_only() {
        let buckets = parse(&["--bucket-alias", "replica=origin"]).log_buckets().unwrap();
        assert_eq!(
            buckets.into_iter().collect::<Vec<_>>(),
            [("logs".to_owned(), "logs".to_owned()), ("replica".to_owned(), "origin".to_owned())]
        );
        for contradicting in ["replica=a,replica=b", "logs=other", "replica=other,other=third", "a=b,b=a", "audit=logs"] {
            assert!(parse(&["--bucket-alias", contradicting]).log_buckets().is_err(), "{contradicting}");
        }
    }

    #[test]
    fn places_are_told_apart() {
        assert_eq!(s3_place("s3://audit/org/").unwrap(), S3Place { bucket: "audit".to_owned(), prefix: "org".to_owned() });
        assert!(["audit", "s3://", "s3://a//b", "s3://a/../b"].iter().all(|text| s3_place(text).is_err()));
        assert_eq!(table("dynamodb://t").unwrap(), "t");
        assert!(["t", "dynamodb://", "dynamodb://a/b", "sqlite://x"].iter().all(|text| table(text).is_err()));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert!(parse(&["--receive-wait", "21s"]).settings().is_err());
        assert!(parse(&["--visibility", "1s"]).settings().is_err());
        assert!(parse(&["--visibility", "12h"]).settings().is_err());
        assert!(parse(&["--announce-digests"]).settings().is_err());
        let topic = ["--announce-digests", "--topic-arn", "arn:aws:sns:eu-central-1:111122223333:landed"];
        assert!(parse(&topic).settings().is_ok());
        let quick = parse(&["--low-latency"]).settings().unwrap();
        assert_eq!(quick.seal.age_of(0), LOW_LATENCY);
    }
}
