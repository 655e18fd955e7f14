//! Files of which something landed, but not what landed first: that is what is held against the Digests.

use std::{collections::BTreeMap, sync::Arc};

use trailkeep_archive::SourceRow;
use trailkeep_keys::{AccountId, Region};
use trailkeep_pipeline::ports::bucket::AuditBucket;

use crate::{error::VerifyError, findings::Findings, sources::Files, verdict::Finding};

/// Later revisions of files, by bucket and key.
#[derive(Debug, Default)]
pub(crate) struct Later(BTreeMap<(String, String), (AccountId, Region)>);

impl Later {
    /// Takes down a row, where it is not its file's first.
    pub(crate) fn take(&mut self, row: &SourceRow, place: (AccountId, Region)) {
        if row.revision != 1 {
            self.0.insert((row.bucket.clone(), row.key.clone()), place);
        }
    }

    /// Tells those whose first revision is in no row. Reads `sources/` once more where there are any at all.
    pub(crate) async fn tell(self, bucket: &dyn AuditBucket, files: &Files, findings: &mut Findings) -> Result<(), VerifyError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut missing = self.0.clone();
        let all = Arc::new(self.0);
        let pick = move |row: SourceRow| {
            let name = (row.bucket, row.key);
            (row.revision == 1 && all.contains_key(&name)).then_some(name)
        };
        let take = |_, firsts: Vec<(String, String)>| {
            for first in firsts {
                missing.remove(&first);
            }
            Ok(())
        };
        files.each(bucket, None, pick, take).await?;
        for ((bucket, key), (account, region)) in missing {
            findings.add(Finding {
                name: "revision_missing",
                account: Some(account.to_string()),
                region: Some(region.to_string()),
                bucket: Some(bucket),
                key: Some(key),
                detail: "a later revision of it is there, and the one that landed first is not".to_owned(),
                ..Finding::default()
            });
        }
        Ok(())
    }
}
