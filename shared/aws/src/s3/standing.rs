//! Whether an object is there, was deleted, or never was as far as S3 tells.
//! Source: S3 API Reference, HeadObject, "x-amz-delete-marker"; S3 User Guide, "Working with delete markers".

use trailkeep_pipeline::ports::bucket::{BucketError, Standing};

use super::{
    S3Bucket,
    error::{Action, explain},
};

impl S3Bucket {
    /// What HEAD tells of the newest version.
    pub(super) async fn standing_of(&self, key: &str) -> Result<Standing, BucketError> {
        let call = self.client.head_object().bucket(&self.bucket).key(self.full_key(key));
        let Err(error) = call.send().await else { return Ok(Standing::There) };
        let deleted = error.raw_response().is_some_and(|response| response.headers().get("x-amz-delete-marker") == Some("true"));
        match explain(Action::HeadObject, self.what(key), &error) {
            BucketError::NotFound { .. } if deleted => Ok(Standing::Deleted),
            BucketError::NotFound { .. } => Ok(Standing::NotThere),
            error => Err(error),
        }
    }
}
