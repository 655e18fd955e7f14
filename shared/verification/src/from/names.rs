//! What the objects are called that CloudTrail delivered: in a bucket their own names, in a copied tree what its Digests say.

use trailkeep_keys::KeyKind;
use trailkeep_pipeline::ports::bucket::LogBucket;
use trailkeep_records::{
    digest::DigestHead,
    inflate::{InflateLimits, Inflation, inflate_into},
};

use super::{FromError, LogSource, folders::Folders};
use crate::verdict::LogBucketName;

/// Digests that are asked of one root.
const MAX_ASKED: usize = 3;
/// Largest stored Digest that is asked: 16 MiB.
const MAX_DIGEST_BYTES: u64 = 16 << 20;

/// The bucket's name, and for each root what stands there and what stood there in the bucket.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The bucket; empty where nothing was found.
    pub(super) bucket: String,
    named_by: &'static str,
    roots: Vec<Root>,
}

#[derive(Debug, Clone)]
struct Root {
    path: String,
    prefix: String,
}

/// What a Digest says of itself. It is not verified yet: one that lies makes all others be found elsewhere than they say.
struct Told {
    bucket: String,
    prefix: String,
}

impl Names {
    /// Finds out what is called how.
    pub(super) async fn find(source: &LogSource, folders: &Folders) -> Result<Self, FromError> {
        let roots = folders.roots.iter().map(|path| Root { path: path.clone(), prefix: path.clone() }).collect();
        let mut names = Self { roots, ..Self::default() };
        if let Some(bucket) = source.bucket.bucket_name() {
            (names.bucket, names.named_by) = (bucket.to_owned(), "s3");
            return Ok(names);
        }
        let mut told_bucket: Option<String> = None;
        for number in 0..names.roots.len() {
            let Some(told) = ask(source.bucket.as_ref(), folders, number).await? else { continue };
            if let Some(other) = told_bucket.as_ref().filter(|other| source.name.is_none() && **other != told.bucket) {
                return Err(FromError::BucketAmbiguous { address: source.bucket.address(), first: other.clone(), other: told.bucket });
            }
            told_bucket = Some(told.bucket);
            if let Some(root) = names.roots.get_mut(number) {
                root.prefix = told.prefix;
            }
        }
        (names.bucket, names.named_by) = match (&source.name, told_bucket) {
            (Some(name), _) => (name.clone(), "option"),
            (None, Some(told)) => (told, "digests"),
            (None, None) if names.roots.is_empty() => (String::new(), "digests"),
            (None, None) => return Err(FromError::BucketUnknown { address: source.bucket.address() }),
        };
        Ok(names)
    }

    /// The key that an object had when it was delivered, of its path and its root.
    pub(super) fn key(&self, root: usize, path: &str) -> Option<String> {
        let root = self.roots.get(root)?;
        Some(format!("{}{}", root.prefix, path.strip_prefix(&root.path)?))
    }

    /// Where an object of that key would lie.
    pub(super) fn path(&self, key: &str) -> Option<String> {
        let root = self.roots.iter().filter(|root| key.starts_with(&root.prefix)).max_by_key(|root| root.prefix.len())?;
        Some(format!("{}{}", root.path, key.strip_prefix(&root.prefix)?))
    }

    /// For the verdict.
    pub(super) fn told(&self) -> LogBucketName {
        LogBucketName { name: Some(self.bucket.clone()).filter(|name| !name.is_empty()), named_by: self.named_by }
    }
}

/// Asks some Digests of a root.
async fn ask(bucket: &dyn LogBucket, folders: &Folders, root: usize) -> Result<Option<Told>, FromError> {
    let mut asked = 0;
    for folder in folders.of_digests().filter(|folder| folder.root == root) {
        let page = bucket.list(&folder.path, None).await?;
        for object in page.objects {
            if asked == MAX_ASKED {
                return Ok(None);
            }
            asked += 1;
            // One that cannot be read tells nothing here, and is told of later.
            if let Ok(fetched) = bucket.get(&object.key, None, MAX_DIGEST_BYTES).await
                && let Some(told) = told(&fetched.body)
            {
                return Ok(Some(told));
            }
        }
    }
    Ok(None)
}

fn told(stored: &[u8]) -> Option<Told> {
    let mut inflated = Vec::new();
    let Inflation::Done { .. } = inflate_into(stored, &mut inflated, &InflateLimits::default()) else { return None };
    let head = DigestHead::parse(&inflated).ok().filter(|head| !head.digest_s3_bucket.is_empty())?;
    let Ok(KeyKind::Digest(key)) = trailkeep_keys::LogKey::parse(&head.digest_s3_object) else { return None };
    // What stands before `AWSLogs` may be nothing but slashes, which are kept whole.
    let slash = if key.prefix.bytes().any(|byte| byte != b'/') { "/" } else { "" };
    Some(Told { bucket: head.digest_s3_bucket, prefix: format!("{}{slash}", key.prefix) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_paths_of_a_copied_tree_are_found_from_one_another() {
        let root = |path: &str, prefix: &str| Root { path: path.to_owned(), prefix: prefix.to_owned() };
        let names = Names { roots: vec![root("copy/", ""), root("other/", "org/")], ..Names::default() };
        assert_eq!(names.key(1, "other/AWSLogs/x").as_deref(), Some("org/AWSLogs/x"));
        assert_eq!(names.path("org/AWSLogs/x").as_deref(), Some("other/AWSLogs/x"));
        assert_eq!(names.path("AWSLogs/x").as_deref(), Some("copy/AWSLogs/x"));
        assert_eq!(names.key(0, "elsewhere/AWSLogs/x"), None);
    }
}
