//! Files of which something landed, but not what landed first: that is what is held against the Digests.

use std::{collections::BTreeMap, sync::Arc};

use trailkeep_keys::{AccountId, Region};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_restore::SourceColumns;

use crate::{error::VerifyError, findings::Findings, row::revision, sources::Files, verdict::Finding};

/// What is read of each row.
const COLUMNS: &[&str] = &["bucket", "key", "revision"];

/// Later revisions of files, by bucket and key.
#[derive(Debug, Default)]
pub(crate) struct Later(BTreeMap<(String, String), (AccountId, Region)>);

impl Later {
    /// Takes down a file, by bucket and key.
    pub(crate) fn take(&mut self, name: (String, String), place: (AccountId, Region)) {
        self.0.insert(name, place);
    }

    /// Tells those whose first revision is in no row. Reads `sources/` once more where there are any at all.
    pub(crate) async fn tell(self, bucket: &dyn AuditBucket, files: &Files, findings: &mut Findings) -> Result<(), VerifyError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut missing = self.0.clone();
        let all = Arc::new(self.0);
        let pick = move |row: SourceColumns<'_>| {
            if revision(&row)? != 1 {
                return Ok(None);
            }
            let name = (row.required_text("bucket")?.to_owned(), row.required_text("key")?.to_owned());
            Ok(all.contains_key(&name).then_some(name))
        };
        let take = |_, firsts: Vec<(String, String)>| {
            for first in firsts {
                missing.remove(&first);
            }
            Ok::<_, VerifyError>(())
        };
        files.each_of(bucket, None, COLUMNS, pick, take).await?;
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
