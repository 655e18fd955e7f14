//! One account in one Region: its Digests read, then its log files listed and read as they are listed, so that of a log file nothing is held but
//! what the join holds.

use std::collections::{BTreeSet, HashMap};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use trailkeep_audit::{
    RETRY_MS, Sha256,
    completeness::{Completeness, FileId, LandedFile},
};
use trailkeep_digests::{CADENCE_MS, Period};
use trailkeep_keys::LogClass;
use trailkeep_pipeline::ports::bucket::ObjectSummary;
use trailkeep_records::inflate::Shape;

use super::{
    FromError, Run,
    folders::{Folder, PlaceId, days},
    read::{Content, OBJECTS_AT_ONCE},
};
use crate::{
    Progress,
    digests::{DigestRow, ReadDigests},
    findings::Findings,
    hashing::Inflated,
    named::Named,
    round::not_one_member,
    verdict::{Finding, ReadAgain},
};

/// Most Digests, and most log files that are not read, of one account in one Region.
const MAX_HELD: usize = 4_000_000;

/// An object that CloudTrail could have delivered.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) path: String,
    /// As CloudTrail called it.
    pub(super) key: String,
    pub(super) named: Named,
    pub(super) size_bytes: u64,
    pub(super) modified_ms: Option<i64>,
}

/// What was gathered of one place.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) rows: Vec<DigestRow>,
    /// Where the rows' Digests lie.
    pub(super) paths: Vec<String>,
    pub(super) read: ReadDigests,
    pub(super) join: Completeness,
    pub(super) findings: Findings,
    pub(super) told: ReadAgain,
    /// Log files that are there and were not read, and were taken for what Digests say of them.
    pub(super) unread: Vec<Unread>,
}

/// A log file that was not read.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) id: FileId,
    /// It was to be read, and lies in an archived tier.
    pub(super) archived: bool,
}

/// A log file of the window.
struct File {
    id: FileId,
    object: Object,
    at_ms: i64,
    archived: bool,
}

impl Run<'_> {
    /// Gathers what is there of one place.
    pub(super) async fn gather(&self, place: PlaceId, folders: &[Folder]) -> Result<Gathered, FromError> {
        let mut all = Gathered {
            rows: Vec::new(),
            paths: Vec::new(),
            read: ReadDigests::default(),
            join: Completeness::new(),
            findings: Findings::new(self.options.findings_kept),
            told: ReadAgain::default(),
            unread: Vec::new(),
        };
        let (digests, logs): (Vec<&Folder>, Vec<&Folder>) = folders.iter().partition(|folder| folder.class == LogClass::Digest);
        self.digests(place, &digests, &mut all).await?;
        self.logs(place, &logs, &mut all).await?;
        Ok(all)
    }

    async fn digests(&self, place: PlaceId, folders: &[&Folder], all: &mut Gathered) -> Result<(), FromError> {
        let window = self.asked.window();
        let late = Period { to_ms: window.to_ms.saturating_add(RETRY_MS + 2 * CADENCE_MS), ..window };
        for folder in folders {
            for day in days(self.objects.bucket.as_ref(), &folder.path, late).await? {
                let mut page = None;
                loop {
                    let listed = self.objects.bucket.list(&day, page).await?;
                    for object in self.named(place, folder, listed.objects, &mut all.findings) {
                        if self.asked.wants_digest(&object.key, &object.named) {
                            all.rows.push(DigestRow::of_an_object(&self.names.bucket, &object.key));
                            all.paths.push(object.path);
                        }
                    }
                    held(all.rows.len(), "Digests")?;
                    page = listed.next;
                    if page.is_none() {
                        break;
                    }
                }
            }
        }
        (self.options.progress)(Progress::Digests(all.rows.len() as u64));
        let numbers: Vec<usize> = (0..all.rows.len()).collect();
        let (read, lost) = self.read_digests(&numbers, &all.rows, &all.paths).await?;
        all.read = read;
        for (digest, name, detail) in lost {
            all.findings.add(Finding {
                name,
                account: Some(place.0.to_string()),
                region: Some(place.1.to_string()),
                bucket: Some(self.names.bucket.clone()),
                key: all.rows.get(digest).map(|row| row.key.to_string()),
                detail: detail.to_owned(),
                ..Finding::default()
            });
        }
        Ok(())
    }

    /// Reads Digests by their numbers. What could not be read comes with a finding's name and detail.
    pub(super) async fn read_digests(
        &self,
        numbers: &[usize],
        rows: &[DigestRow],
        paths: &[String],
    ) -> Result<(ReadDigests, Vec<(usize, &'static str, &'static str)>), FromError> {
        let window = self.asked.window();
        let wants = move |key: &str| Named::of(key).is_some_and(|named| named.delivered_in(window).is_some());
        let step = |digest: usize| async move {
            let (path, row) = (paths.get(digest).map_or("", String::as_str), rows.get(digest));
            let name = (self.names.bucket.as_str(), row.map_or("", |row| &*row.key));
            Ok::<_, FromError>((digest, self.objects.digest((digest, path), name, &self.trust, wants).await?))
        };
        let (mut all, mut lost) = (ReadDigests::default(), Vec::new());
        let mut reading = stream::iter(numbers.iter().copied()).map(step).buffer_unordered(OBJECTS_AT_ONCE);
        while let Some((digest, content)) = reading.try_next().await? {
            (self.options.progress)(Progress::DigestsRead(1));
            match content {
                Content::Read(read) => all.extend(read),
                Content::Gone => lost.push((digest, "digest_lost", "this Digest was listed, and was gone when it was to be read")),
                Content::Archived => lost.push((digest, "archived_not_read", "this Digest lies in an archived tier: restore it first")),
            }
        }
        Ok((all, lost))
    }

    async fn logs(&self, place: PlaceId, folders: &[&Folder], all: &mut Gathered) -> Result<(), FromError> {
        // Of classes for which Digests are not documented only what one lists is read.
        let id = |bucket: Option<&str>, key: &str| FileId::of(bucket.unwrap_or_else(|| self.delivered_to()), key);
        let others = all.read.listed.iter().filter(|file| Named::of(&file.key).is_some_and(|named| named.class != LogClass::CloudTrail));
        let others: BTreeSet<FileId> = others.map(|file| id(file.bucket.as_deref(), &file.key)).collect();
        let mut unread: Vec<File> = Vec::new();
        let mut archived = 0;
        for folder in folders {
            for day in days(self.objects.bucket.as_ref(), &folder.path, self.asked.window()).await? {
                let mut page = None;
                loop {
                    let listed = self.objects.bucket.list(&day, page).await?;
                    page = listed.next;
                    let found = self.named(place, folder, listed.objects, &mut all.findings);
                    let (mut to_read, mut left) = (Vec::new(), Vec::new());
                    for object in found {
                        let Some(at_ms) = object.named.delivered_in(self.asked.window()) else { continue };
                        let file = File { id: id(None, &object.key), object, at_ms, archived: false };
                        if file.object.named.class != LogClass::CloudTrail && !others.contains(&file.id) {
                            all.join.landed(&self.landed(&file, None));
                        } else if self.depth.takes(self.delivered_to(), &file.object.key) {
                            to_read.push(file);
                        } else {
                            left.push(file);
                        }
                    }
                    archived += self.read_logs(to_read, &mut left, all).await?;
                    unread.append(&mut left);
                    held(unread.len(), "log files that are not read")?;
                    if page.is_none() {
                        break;
                    }
                }
            }
        }
        all.told.archived = archived;
        self.take_unread(unread, all);
        Ok(())
    }

    /// Reads log files of one page of a listing, and tells how many lie in an archived tier: those are left.
    async fn read_logs(&self, files: Vec<File>, left: &mut Vec<File>, all: &mut Gathered) -> Result<u64, FromError> {
        let step = |file: File| async move {
            let content = self.objects.log(&file.object.path, file.object.size_bytes).await?;
            Ok::<_, FromError>((file, content))
        };
        let (before, mut reading) = (left.len(), stream::iter(files).map(step).buffer_unordered(OBJECTS_AT_ONCE));
        while let Some((file, content)) = reading.try_next().await? {
            match content {
                // It was deleted since it was listed. If a Digest lists it, it is missing.
                Content::Gone => {}
                Content::Archived => left.push(File { archived: true, ..file }),
                Content::Read(inflated) => {
                    self.take_read(&file, inflated, all);
                    (self.options.progress)(Progress::ReadAgain { sources: 1, bytes: file.object.size_bytes });
                }
            }
        }
        Ok((left.len() - before) as u64)
    }

    fn take_read(&self, file: &File, inflated: Option<Inflated>, all: &mut Gathered) {
        let object = &file.object;
        (all.told.sources, all.told.bytes) = (all.told.sources + 1, all.told.bytes + object.size_bytes);
        let shape = inflated.map(|(_, shape)| shape);
        if object.named.class == LogClass::CloudTrail
            && let Some(shape) = shape.filter(|shape| *shape != Shape::CleanMember)
        {
            all.findings.add(Finding {
                account: Some(object.named.account.to_string()),
                region: Some(object.named.region.to_string()),
                ..not_one_member(self.delivered_to(), &object.key, shape.flags())
            });
        }
        all.join.landed(&self.landed(file, inflated.map(|(hash, _)| Sha256(hash))));
    }

    /// Takes what was not read for what Digests say of it, where they do: its outcome is then counted as not read.
    fn take_unread(&self, unread: Vec<File>, all: &mut Gathered) {
        if unread.is_empty() {
            return;
        }
        let listed = all.read.listed.iter();
        let listed: HashMap<FileId, [u8; 32]> =
            listed.map(|file| (FileId::of(file.bucket.as_deref().unwrap_or_else(|| self.delivered_to()), &file.key), file.hash)).collect();
        for file in unread {
            all.join.landed(&self.landed(&file, listed.get(&file.id).map(|hash| Sha256(*hash))));
            all.unread.push(Unread { id: file.id, archived: file.archived });
        }
    }

    fn landed<'a>(&'a self, file: &'a File, hash: Option<Sha256>) -> LandedFile<'a> {
        let named = &file.object.named;
        LandedFile {
            bucket: self.delivered_to(),
            key: &file.object.key,
            revision: 1,
            class: named.class,
            account: named.account,
            region: named.region,
            delivered_ms: file.at_ms,
            inflated_sha256: hash,
            quarantined: false,
            source: 0,
        }
    }

    /// The objects of a listing that CloudTrail could have delivered to this place, by their own names. Tells those whose name is of later than they were
    /// written, where the store says when: a directory says what whoever copied it wants.
    pub(super) fn named(&self, place: PlaceId, folder: &Folder, listed: Vec<ObjectSummary>, findings: &mut Findings) -> Vec<Object> {
        let tells_when = self.objects.bucket.bucket_name().is_some();
        let mut found = Vec::with_capacity(listed.len());
        for summary in listed {
            let Some(key) = self.names.key(folder.root, &summary.key) else { continue };
            let Some(named) = Named::of(&key).filter(|named| (named.account, named.region) == place && named.class == folder.class) else {
                continue;
            };
            if tells_when && summary.modified_ms.is_some_and(|modified_ms| named.is_ahead_of(modified_ms)) {
                findings.add(Finding {
                    name: "name_from_the_future",
                    account: Some(place.0.to_string()),
                    region: Some(place.1.to_string()),
                    bucket: Some(self.names.bucket.clone()),
                    key: Some(key.clone()),
                    detail: "it was written more than a day before the time in its name".to_owned(),
                    ..Finding::default()
                });
            }
            found.push(Object { path: summary.key, key, named, size_bytes: summary.size_bytes, modified_ms: summary.modified_ms });
        }
        found
    }

    /// The bucket that CloudTrail delivered to.
    pub(super) fn delivered_to(&self) -> &str {
        self.asked.delivered_to(&self.names.bucket)
    }
}

fn held(number: usize, what: &'static str) -> Result<(), FromError> {
    if number > MAX_HELD { Err(FromError::TooMany { what, limit: MAX_HELD }) } else { Ok(()) }
}
