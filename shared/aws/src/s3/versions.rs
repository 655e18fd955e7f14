//! Listing all versions of objects, delete markers among them.

use aws_sdk_s3::types::{DeleteMarkerEntry, ObjectVersion as S3Version};
use trailkeep_pipeline::ports::bucket::{BucketError, ObjectVersion, VersionPage};

use super::{
    S3Bucket,
    error::{Action, explain},
    read::{real_version, unix_ms},
};

impl S3Bucket {
    /// One page of at most 1,000 versions. The token of the next is S3's two markers, the version id first: it holds no line break.
    pub(super) async fn version_page(&self, prefix: &str, page: Option<&str>) -> Result<VersionPage, BucketError> {
        let mut call = self.client.list_object_versions().bucket(&self.bucket).prefix(self.full_key(prefix));
        if let Some((version, key)) = page.and_then(|page| page.split_once('\n')) {
            call = call.key_marker(key).set_version_id_marker(Some(version.to_owned()).filter(|version| !version.is_empty()));
        }
        let answer = call.send().await.map_err(|error| explain(Action::ListBucketVersions, self.what(prefix), &error))?;
        let next = match (answer.is_truncated, answer.next_key_marker) {
            (Some(true), Some(key)) => Some(format!("{}\n{key}", answer.next_version_id_marker.unwrap_or_default())),
            _ => None,
        };
        let versions = answer.versions.unwrap_or_default().into_iter().filter_map(|version| self.version(version));
        let markers = answer.delete_markers.unwrap_or_default().into_iter().filter_map(|marker| self.marker(marker));
        let mut versions: Vec<ObjectVersion> = versions.chain(markers).collect();
        versions.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(VersionPage { versions, next })
    }

    fn version(&self, version: S3Version) -> Option<ObjectVersion> {
        Some(ObjectVersion {
            key: version.key?.strip_prefix(&self.prefix)?.to_owned(),
            version: real_version(version.version_id),
            is_latest: version.is_latest.unwrap_or_default(),
            is_delete_marker: false,
            size_bytes: version.size.unwrap_or_default().max(0).cast_unsigned(),
            modified_ms: unix_ms(version.last_modified),
        })
    }

    fn marker(&self, marker: DeleteMarkerEntry) -> Option<ObjectVersion> {
        Some(ObjectVersion {
            key: marker.key?.strip_prefix(&self.prefix)?.to_owned(),
            version: real_version(marker.version_id),
            is_latest: marker.is_latest.unwrap_or_default(),
            is_delete_marker: true,
            size_bytes: 0,
            modified_ms: unix_ms(marker.last_modified),
        })
    }
}
