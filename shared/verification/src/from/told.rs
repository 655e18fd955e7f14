//! What an investigator needs about the files of one place: their names, found by a second look at its listings and Digests, and what the bucket
//! says of them now.

use std::collections::{BTreeSet, HashMap};

use trailkeep_audit::completeness::{FileId, FindingKind, Report};
use trailkeep_pipeline::ports::bucket::{BucketError, Standing};
use trailkeep_records::time::to_rfc3339;

use super::{
    FromError, Run,
    folders::{Folder, PlaceId, days},
    place::Object,
};
use crate::{evidence::SecondLook, findings::Findings, round::Concluded, verdict::Finding};

impl Run<'_> {
    /// Names what findings are about and gathers their evidence, as many as are told.
    pub(super) async fn told(
        &self,
        place: PlaceId,
        folders: &[Folder],
        concluded: &mut Concluded,
        paths: &[String],
        most: usize,
    ) -> Result<Vec<Finding>, FromError> {
        let report = &mut concluded.report;
        let told = report.findings.len().min(most);
        let listing: BTreeSet<usize> =
            report.findings.iter().take(told).flat_map(|finding| finding.listed.iter().map(|listed| listed.digest as usize)).collect();
        let numbers: Vec<usize> = listing.into_iter().collect();
        let mut look = SecondLook::default();
        if !numbers.is_empty() {
            let (read, _) = self.read_digests(&numbers, &concluded.rows, paths).await?;
            for file in &read.listed {
                report.name(file.bucket.as_deref().unwrap_or_else(|| self.delivered_to()), &file.key);
            }
            read.events.iter().for_each(|(digest, events)| look.listed(*digest, *events));
        }
        let objects = self.objects_of(place, folders, report, told).await?;
        let mut findings = Vec::with_capacity(told);
        for finding in report.findings.iter().take(told) {
            let mut one = look.told(finding, &concluded.rows, &concluded.chains.verified, None);
            self.found(&mut one, finding.kind, objects.get(&finding.id)).await?;
            if let Some(hash) = finding.landed.first().and_then(|landed| landed.hash) {
                one.evidence.insert("landed_sha256", hash.to_string());
            }
            findings.push(one);
        }
        Ok(findings)
    }

    /// Lists again what findings are about that is there, and names it.
    async fn objects_of(
        &self,
        place: PlaceId,
        folders: &[Folder],
        report: &mut Report,
        told: usize,
    ) -> Result<HashMap<FileId, Object>, FromError> {
        let there = report.findings.iter().take(told).filter(|finding| !finding.landed.is_empty());
        let wanted: BTreeSet<FileId> = there.map(|finding| finding.id).collect();
        let classes: BTreeSet<_> = report.findings.iter().take(told).map(|finding| finding.class).collect();
        let mut objects = HashMap::new();
        if wanted.is_empty() {
            return Ok(objects);
        }
        for folder in folders.iter().filter(|folder| classes.contains(&folder.class)) {
            for day in days(self.objects.bucket.as_ref(), &folder.path, self.asked.window()).await? {
                let mut page = None;
                loop {
                    let listed = self.objects.bucket.list(&day, page).await?;
                    for object in self.named(place, folder, listed.objects, &mut Findings::new(0)) {
                        let id = FileId::of(self.delivered_to(), &object.key);
                        if wanted.contains(&id) {
                            report.name(self.delivered_to(), &object.key);
                            objects.insert(id, object);
                        }
                    }
                    page = listed.next;
                    if page.is_none() || objects.len() == wanted.len() {
                        break;
                    }
                }
            }
        }
        Ok(objects)
    }

    /// What the bucket says of the object that a finding is about.
    async fn found(&self, finding: &mut Finding, kind: FindingKind, object: Option<&Object>) -> Result<(), FromError> {
        let bucket = &self.objects.bucket;
        if let Some(object) = object {
            let version = match bucket.head(&object.path, None).await {
                Ok(info) => info.version,
                Err(BucketError::NotFound { .. }) => None,
                Err(error) => return Err(error.into()),
            };
            let facts = [
                ("found_size", Some(object.size_bytes.to_string())),
                ("found_version", version),
                ("found_written_at", object.modified_ms.and_then(to_rfc3339)),
            ];
            finding.evidence.extend(facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))));
        } else if matches!(kind, FindingKind::Missing | FindingKind::MissingWithinGrace)
            && let Some(path) = finding.key.as_deref().and_then(|key| self.names.path(key))
        {
            let standing = match bucket.standing(&path).await? {
                // In a folder of another day than its name's, or since a moment ago.
                Standing::There => "there",
                Standing::NotThere => "not_there",
                Standing::Deleted => "deleted",
            };
            finding.evidence.insert("found", standing.to_owned());
        }
        Ok(())
    }
}
