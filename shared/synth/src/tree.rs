//! Writes the tree: every account and Region, hour by hour, its objects and then the hour's Digest.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use libdeflater::{CompressionLvl, Compressor};
use sha2::{Digest as _, Sha256};
use trailkeep_keys::{AccountId, FileName, LogClass, LogKey, OrganizationId, Region, Stamp};

use crate::{
    ORGANIZATION, REGIONS, Scale, SynthConfig, SynthError,
    chance::{Chance, mix},
    config::HOUR_MS,
    digest::{Chain, HOME_REGION, Listed, Signed},
    object::Author,
    plan::{Planned, STAMPS_AN_HOUR, plan},
    side::{Episode, aggregated, network},
    signing::{Signer, public_keys},
    time,
};

/// Where the public keys of all Regions lie, below the tree's root.
pub const PUBLIC_KEYS_FILE: &str = "public-keys.json";

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Log objects of all classes, without Digests.
    pub objects: u64,
    /// Digests.
    pub digests: u64,
    /// Records in the log objects, copies included.
    pub records: u64,
    /// Records that are copies of one in the object delivered before.
    pub duplicates: u64,
    /// Bytes of the log objects before compression.
    pub inflated_bytes: u64,
    /// Bytes of the log objects as stored.
    pub stored_bytes: u64,
    /// Accounts.
    pub accounts: u32,
    /// Regions.
    pub regions: u32,
}

/// Fills `out` with a trail's objects, Digests and public keys. The directory is made if it is not there. Accounts and
/// Regions are spread over the processor's cores; the bytes do not depend on how many there are.
///
/// # Errors
/// A value outside its limits, a directory that is not empty, or a file system that refuses.
pub fn generate(config: &SynthConfig, out: &Path) -> Result<Summary, SynthError> {
    config.check()?;
    prepare(out)?;
    let signers = in_parallel(config.regions, || (), |(), index| Signer::new(config.seed, REGIONS[index as usize], index))?;
    let first_ms = config.first_hour_ms();
    let keys = public_keys(&signers, first_ms, first_ms + i64::from(config.hours) * HOUR_MS);
    Store::new(out).put(PUBLIC_KEYS_FILE, format!("{keys:#}\n").as_bytes())?;
    let planned = plan(config);
    let summaries = in_parallel(
        config.accounts * config.regions,
        || Store::new(out),
        |store, index| {
            let (account_index, region_index) = (index / config.regions, index % config.regions);
            store.summary = Summary::default();
            Group::new(config, account_index, region_index, &signers[region_index as usize])?.write(&planned[index as usize], store)?;
            Ok(store.summary)
        },
    )?;
    let whole = Summary { accounts: config.accounts, regions: config.regions, ..Summary::default() };
    Ok(summaries.into_iter().fold(whole, Summary::plus))
}

/// Makes the directory, or sees that it is empty.
fn prepare(root: &Path) -> Result<(), SynthError> {
    let failed = |source: io::Error| SynthError::Write { path: root.to_owned(), source };
    fs::create_dir_all(root).map_err(failed)?;
    match fs::read_dir(root).map_err(failed)?.next() {
        Some(_) => Err(SynthError::NotEmpty { path: root.to_owned() }),
        None => Ok(()),
    }
}

/// Runs `step` for every index below `count` on all cores, each with a state of its own; gives the results in order.
fn in_parallel<T: Send, S>(
    count: u32,
    state: impl Fn() -> S + Sync,
    step: impl Fn(&mut S, u32) -> Result<T, SynthError> + Sync,
) -> Result<Vec<T>, SynthError> {
    let next = AtomicU32::new(0);
    let work = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok(done);
            }
            // After an error nobody needs the rest.
            done.push((index, step(&mut state, index).inspect_err(|_| next.store(count, Ordering::Relaxed))?));
        }
    };
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get).min(count as usize);
    let mut done = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join() {
                Ok(result) => done.extend(result?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(())
    })?;
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

impl Summary {
    fn plus(self, other: Self) -> Self {
        Self {
            objects: self.objects + other.objects,
            digests: self.digests + other.digests,
            records: self.records + other.records,
            duplicates: self.duplicates + other.duplicates,
            inflated_bytes: self.inflated_bytes + other.inflated_bytes,
            stored_bytes: self.stored_bytes + other.stored_bytes,
            ..self
        }
    }
}

/// One account in one Region.
struct Group<'a> {
    config: &'a SynthConfig,
    author: Author<'a>,
    chain: Chain<'a>,
    /// When the first hour of this trail begins: not on the hour, as trails are switched on at any time.
    first_ms: i64,
    /// Chooses what does not belong to records.
    chance: Chance,
    number: u64,
    /// A backfill Digest is still to come.
    backfills: bool,
}

/// Groups that have a backfill Digest: the first ones.
const GROUPS_WITH_BACKFILL: u64 = 2;
/// How long after the end of its hour a backfill Digest is made, in milliseconds: 95 minutes.
const BACKFILL_AFTER_MS: i64 = 95 * 60_000;

impl<'a> Group<'a> {
    fn new(config: &'a SynthConfig, account_index: u32, region_index: u32, signer: &'a Signer) -> Result<Self, SynthError> {
        let region_name = REGIONS[region_index as usize];
        // The names are ours and fit; an error here would be one of this crate.
        let invented = |what: &str| SynthError::BucketName { bucket: what.to_owned() };
        let account: AccountId = SynthConfig::account(account_index).parse().map_err(|_| invented("account"))?;
        let organization: OrganizationId = ORGANIZATION.parse().map_err(|_| invented(ORGANIZATION))?;
        let region: Region = region_name.parse().map_err(|_| invented(region_name))?;
        let home: Region = HOME_REGION.parse().map_err(|_| invented(HOME_REGION))?;
        let mut chance = Chance::new(config.seed, &[5, u64::from(account_index), u64::from(region_index)]);
        Ok(Self {
            config,
            author: Author::new(config, account_index, region_name, region_index),
            chain: Chain::new(&config.bucket, (organization, account, region), home, signer),
            first_ms: config.first_hour_ms() + chance.below(300) as i64 * 1000,
            chance,
            number: u64::from(account_index * config.regions + region_index),
            backfills: u64::from(account_index * config.regions + region_index) < GROUPS_WITH_BACKFILL,
        })
    }

    fn write(&mut self, planned: &[Planned], store: &mut Store) -> Result<(), SynthError> {
        let mut rest = planned;
        for hour in 0..self.config.hours {
            let (now, later) = rest.split_at(rest.partition_point(|object| object.hour <= hour));
            rest = later;
            self.author.pass_to(hour);
            let mut listed = now.iter().map(|object| self.log(*object, store)).collect::<Result<Vec<_>, _>>()?;
            if !matches!(self.config.scale, Scale::TinyObjects(_)) {
                self.rarities(hour, store)?;
            }
            let start_ms = self.first_ms + i64::from(hour) * HOUR_MS;
            let hour_ms = (start_ms, start_ms + HOUR_MS);
            // An hour that does not look empty without it: its Digest misses the last object, and another one says so later.
            if self.backfills
                && listed.len() > 1
                && let Some(missed) = listed.pop()
            {
                self.backfills = false;
                store.put_digest(&self.chain.backfill(hour_ms, hour_ms.1 + BACKFILL_AFTER_MS, &[missed])?)?;
            }
            store.put_digest(&self.chain.close(hour_ms.0, hour_ms.1, &listed)?)?;
        }
        Ok(())
    }

    /// A multiple of five minutes within the hour that the Digest covers.
    fn stamp_ms(&self, hour: u32, slot: u64) -> i64 {
        let five_minutes = HOUR_MS / STAMPS_AN_HOUR as i64;
        let start_ms = self.first_ms + i64::from(hour) * HOUR_MS;
        let first = (start_ms + five_minutes - 1).div_euclid(five_minutes);
        (first + slot as i64) * five_minutes
    }

    fn log(&mut self, object: Planned, store: &mut Store) -> Result<Listed, SynthError> {
        let stamp_ms = self.stamp_ms(object.hour, u64::from(object.slot));
        let mut json = std::mem::take(&mut store.json);
        let content = self.author.write(object, stamp_ms, &mut json);
        let key = self.key(LogClass::CloudTrail, stamp_ms);
        let hash = hex::encode(Sha256::digest(&json));
        store.put_log(&key, &json, content.records)?;
        store.summary.duplicates += content.copies;
        store.json = json;
        Ok(Listed { key, hash, oldest_ms: content.oldest_ms, newest_ms: content.newest_ms })
    }

    /// Insights, network activity and summaries of data events: a few in a tree, and at least one of each.
    fn rarities(&mut self, hour: u32, store: &mut Store) -> Result<(), SynthError> {
        let draw = mix(self.config.seed ^ mix(self.number * 10_007 + u64::from(hour)));
        let first = self.number == 0 && hour == 0;
        let mut json = Vec::new();
        if first || draw.is_multiple_of(60) {
            let episode = Episode::new(&mut self.author);
            let start_ms = self.stamp_ms(hour, 1);
            // The End is delivered within this tree, even where the episode outlasts it.
            let end_ms = self.stamp_ms(hour, 10);
            for (end, stamp_ms, event_ms) in
                [(false, start_ms, start_ms - 240_000), (true, end_ms, (start_ms - 240_000 + episode.length_ms()).min(end_ms - 60_000))]
            {
                episode.write(end, event_ms, &self.author.estate, &mut self.chance, &mut json);
                let key = self.key(LogClass::Insight, stamp_ms);
                store.put_log(&key, &json, 1)?;
            }
        }
        if first || (draw / 60).is_multiple_of(40) {
            let slot = self.chance.below(STAMPS_AN_HOUR);
            let stamp_ms = self.stamp_ms(hour, slot);
            let records = network(self.config, &mut self.author, stamp_ms, &mut json);
            let key = self.key(LogClass::NetworkActivity, stamp_ms);
            store.put_log(&key, &json, records)?;
        }
        if first || (draw / 2_400).is_multiple_of(80) {
            // A stream of their own: the rest of a tree is the same with and without them.
            let mut chance = Chance::new(self.config.seed, &[7, self.number, u64::from(hour)]);
            let stamp_ms = self.stamp_ms(hour, 3);
            let records = aggregated(&self.author, stamp_ms, &mut chance, &mut json);
            let key = self.key_with(LogClass::Aggregated, stamp_ms, chance.text(16, Chance::word));
            store.put_log(&key, &json, records)?;
        }
        Ok(())
    }

    fn key(&mut self, class: LogClass, stamp_ms: i64) -> String {
        let unique = self.chance.text(16, Chance::word);
        self.key_with(class, stamp_ms, unique)
    }

    fn key_with(&self, class: LogClass, stamp_ms: i64, unique: String) -> String {
        let Chain { organization, account, region, .. } = self.chain;
        let stamp = Stamp { second: None, ..time::stamp(stamp_ms) };
        let name = FileName::Log { region, stamp, unique, joined: false, gzip: true };
        LogKey { prefix: String::new(), organization: Some(organization), account, class, region, delivery_day: time::day(stamp_ms), name }
            .to_key()
    }
}

/// The directory, and what has gone into it.
struct Store {
    root: PathBuf,
    made: HashSet<PathBuf>,
    compressor: Compressor,
    packed: Vec<u8>,
    /// Kept between objects for its room.
    json: Vec<u8>,
    summary: Summary,
}

impl Store {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            made: HashSet::new(),
            compressor: Compressor::new(CompressionLvl::new(6).unwrap_or_default()),
            packed: Vec::new(),
            json: Vec::new(),
            summary: Summary::default(),
        }
    }

    fn put(&mut self, key: &str, bytes: &[u8]) -> Result<(), SynthError> {
        let path = self.root.join(key);
        write(&path, bytes, &mut self.made)
    }

    /// One gzip member, without name and time.
    fn put_gzip(&mut self, key: &str, bytes: &[u8]) -> Result<u64, SynthError> {
        let path = self.root.join(key);
        self.packed.resize(self.compressor.gzip_compress_bound(bytes.len()), 0);
        let length = self
            .compressor
            .gzip_compress(bytes, &mut self.packed)
            .map_err(|source| SynthError::Write { path: path.clone(), source: io::Error::other(source) })?;
        write(&path, &self.packed[..length], &mut self.made)?;
        Ok(length as u64)
    }

    fn put_digest(&mut self, digest: &Signed) -> Result<(), SynthError> {
        self.put_gzip(&digest.key, &digest.json)?;
        self.put(&format!("{}.metadata.json", digest.key), digest.metadata.as_bytes())?;
        self.summary.digests += 1;
        Ok(())
    }

    fn put_log(&mut self, key: &str, json: &[u8], records: u64) -> Result<(), SynthError> {
        self.summary.stored_bytes += self.put_gzip(key, json)?;
        self.summary.inflated_bytes += json.len() as u64;
        self.summary.objects += 1;
        self.summary.records += records;
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8], made: &mut HashSet<PathBuf>) -> Result<(), SynthError> {
    let failed = |source| SynthError::Write { path: path.to_owned(), source };
    if let Some(folder) = path.parent()
        && !made.contains(folder)
    {
        fs::create_dir_all(folder).map_err(failed)?;
        made.insert(folder.to_owned());
    }
    fs::write(path, bytes).map_err(failed)
}
