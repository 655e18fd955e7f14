//! The whole way: what CloudTrail signed, what landed outside it, and the chains that list that.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_digests::{
    CADENCE_MS, ChainId, Period,
    write::{Destination, Listed, Writer, unsigned_hours},
};
use trailkeep_keys::{AccountId, Region};
use trailkeep_pipeline::{ingest::Surroundings as _, ports::bucket::AuditBucket};
use trailkeep_restore::Archive;
use trailkeep_verification::OPEN_END_MS;

use super::{
    Write,
    destination::Out,
    files::{File, Found, Sources},
    put::put,
    signed::Signed,
    signing_key::SigningKey,
    summary::Summary,
};
use crate::{cli::Globals, location::Location, outside::Machine, target::Target};

/// Digests that are put at once.
const PUTS_AT_ONCE: usize = 16;

/// What the chains of a run share.
struct Run<'a> {
    write: &'a Write,
    out: &'a Out,
    key: &'a SigningKey,
    signed: &'a Signed,
    /// None: nothing is written.
    target: Option<&'a dyn AuditBucket>,
    until_ms: i64,
}

/// One account and Region.
type Place = (AccountId, Region);

impl Write {
    pub(super) async fn write(&self, globals: &Globals) -> anyhow::Result<Summary> {
        let (archive_at, out_at, key_file) = self.places()?;
        let (out, key) = (Out::of(self, out_at)?, SigningKey::read(key_file)?);
        Location::check_apart(out_at, archive_at)?;
        if let Some(file) = &self.public_key_to {
            // What a run before wrote may be there, since the same arguments give the same bytes; a file that is not about this key is not ours.
            let fingerprint = key.fingerprint()?.to_string();
            if !std::fs::read_to_string(file).is_ok_and(|there| there.contains(&fingerprint)) {
                Target::check(file, &archive_at.to_string())?;
            }
        }
        let now_ms = Machine::new().now().unix_ms;
        // The hour that is still going on, and those that files still come for, are not signed unless they are asked for.
        let until_ms = self.until.unwrap_or_else(|| (now_ms - OPEN_END_MS).div_euclid(CADENCE_MS) * CADENCE_MS);
        let archive = Archive::open(archive_at.open_archive(globals).await?).await?;
        let signed = Signed::find(self, &archive, until_ms, now_ms).await?;
        let sources = Sources::list(archive.bucket().as_ref()).await?;
        let opened = if self.dry_run { None } else { Some(out.open(globals).await?) };
        let mut summary = Summary::new(self, &out, matches!(signed, Signed::Proven(_)), key.fingerprint()?);
        let run = Run { write: self, out: &out, key: &key, signed: &signed, target: opened.as_deref(), until_ms };
        for number in 0..sources.rounds {
            let found = sources.round(number, self, &out.prefix).await?;
            run.round(found, &mut summary).await?;
        }
        self.give_key(&key, &summary)?;
        Ok(summary)
    }

    /// Writes our public key where it was asked for.
    fn give_key(&self, key: &SigningKey, summary: &Summary) -> anyhow::Result<()> {
        let Some(file) = self.public_key_to.as_ref().filter(|_| !self.dry_run) else { return Ok(()) };
        let regions: BTreeSet<Region> = summary.regions();
        let list = key.public_list(&regions)?;
        // The same arguments give the same bytes: what a run before wrote may be there.
        if std::fs::read(file).is_ok_and(|there| there == list.as_bytes()) {
            return Ok(());
        }
        let mut target = Target::open(Some(file.clone()))?;
        std::io::Write::write_all(&mut target, list.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
        target.finish()
    }
}

impl Run<'_> {
    async fn round(&self, found: Found, summary: &mut Summary) -> anyhow::Result<()> {
        let logs_bucket = self.logs_bucket(&found, summary)?;
        let destination = Destination {
            bucket: self.out.bucket.clone().unwrap_or_else(|| logs_bucket.clone()),
            prefix: self.out.prefix.clone(),
            logs_bucket,
            fingerprint: self.key.fingerprint()?,
        };
        for (place, files) in found.files {
            let signed = self.signed.of(&found.claimed, &place);
            let mut files: Vec<File> = files.into_values().collect();
            files.sort_by(|a, b| (a.stamp_ms, &a.key).cmp(&(b.stamp_ms, &b.key)));
            let Some(window) = self.window(&files) else { continue };
            let hours = unsigned_hours(window, signed);
            let listed = listed(&hours, files, summary);
            let written = self.chain(place, &destination, &hours, &listed).await?;
            summary.add(place, &hours, &listed, written);
        }
        Ok(())
    }

    /// The bucket that the log files stand in: as said, as `--out` says, or the one that they came from.
    fn logs_bucket(&self, found: &Found, summary: &mut Summary) -> anyhow::Result<String> {
        summary.buckets.extend(found.buckets.iter().cloned());
        if summary.buckets.len() > 1 && self.write.from_bucket.is_none() {
            let names: Vec<&str> = summary.buckets.iter().map(String::as_str).collect();
            bail!("the archive's files came from several buckets ({}): say which ones are meant with --from-bucket", names.join(", "));
        }
        let given = self.write.bucket.clone().or_else(|| self.out.bucket.clone());
        Ok(given.or_else(|| summary.buckets.first().cloned()).unwrap_or_default())
    }

    /// From the first file's hour to the last one's end, as far as is asked.
    fn window(&self, files: &[File]) -> Option<Period> {
        let within = |file: &&File| self.write.since.is_none_or(|since| since <= file.stamp_ms) && file.stamp_ms < self.until_ms;
        let first_ms = files.iter().find(within)?.stamp_ms;
        let last_ms = files.iter().rev().find(within)?.stamp_ms;
        let hour = |ms: i64| ms.div_euclid(CADENCE_MS) * CADENCE_MS;
        let from_ms = self.write.since.unwrap_or_else(|| hour(first_ms));
        let to_ms = if self.write.until.is_some() { self.until_ms } else { (hour(last_ms) + CADENCE_MS).min(self.until_ms) };
        Some(Period { from_ms, to_ms })
    }

    /// Writes the chain of a place; says how many Digests were written now and how many were there.
    async fn chain(&self, place: Place, destination: &Destination, hours: &[Period], listed: &[Vec<Listed>]) -> anyhow::Result<(u64, u64)> {
        let Some(target) = self.target else { return Ok((0, 0)) };
        let chain = ChainId {
            organization: None,
            account: place.0,
            region: place.1,
            trail: self.write.trail.clone(),
            home_region: self.write.home_region,
        };
        let mut writer = Writer::new(chain, destination);
        let signed = hours.iter().zip(listed).map(|(hour, files)| writer.close(*hour, files, |text| self.key.sign(text)));
        let put = |written| async move { put(target, &written?).await };
        let outcomes = stream::iter(signed).map(put).buffer_unordered(PUTS_AT_ONCE);
        outcomes.try_fold((0, 0), |(new, old), is_new| async move { Ok(if is_new { (new + 1, old) } else { (new, old + 1) }) }).await
    }
}

/// The files of each hour. Those that cannot be listed are told.
fn listed(hours: &[Period], files: Vec<File>, summary: &mut Summary) -> Vec<Vec<Listed>> {
    let mut all: Vec<Vec<Listed>> = hours.iter().map(|_| Vec::new()).collect();
    for file in files {
        let at = hours.partition_point(|hour| hour.to_ms <= file.stamp_ms);
        let (Some(hour), Some(list)) = (hours.get(at), all.get_mut(at)) else { continue };
        if hour.from_ms > file.stamp_ms {
            continue;
        }
        summary.revised += u64::from(file.revised);
        match file.listed {
            Ok(listed) => list.push(listed),
            Err(reason) => summary.leave_out(file.key, reason),
        }
    }
    all
}
