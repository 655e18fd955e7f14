//! What killed processes staged and no manifest names is thrown away by the next process that writes here alone. Who writes holds a shared lock on
//! the root directory for as long as the bucket lives, and the system lets it go however the process ends; so whoever gets it exclusively knows that
//! nobody stages anything now. Where a filesystem has no such locks nothing is swept.

use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use trailkeep_pipeline::protocol::Manifest;

use super::key::{TEMPORARY, UPLOADS};

/// Enters as a writer, sweeping first if there is no other. Answers the lock to be kept.
pub(super) fn enter(root: &Path) -> Option<File> {
    let lock = File::open(root).ok()?;
    if lock.try_lock().is_ok()
        && let Err(error) = sweep(root)
    {
        tracing::warn!(root = %root.display(), %error, "left-over staged files stay where they are");
    }
    lock.lock_shared().ok()?;
    Some(lock)
}

/// Whether somebody writes here now, this process included once it has written. `false` where the filesystem has no such locks.
pub(super) fn has_writer(root: &Path) -> bool {
    File::open(root).is_ok_and(|root| matches!(root.try_lock(), Err(TryLockError::WouldBlock)))
}

fn sweep(root: &Path) -> io::Result<()> {
    let named = named_uploads(&root.join("staging"))?;
    for folder in [TEMPORARY, UPLOADS] {
        for entry in entries(&root.join(folder))? {
            let entry = entry?;
            let upload_id = format!("{folder}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_file() && !named.contains(&upload_id) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Uploads that a manifest names: of Batches that are committed, or that recovery throws away itself. A manifest that cannot be read
/// stops the sweep.
fn named_uploads(staging: &Path) -> io::Result<HashSet<String>> {
    let mut named = HashSet::new();
    for entry in entries(staging)? {
        let bytes = match fs::read(entry?.path().join("manifest.json")) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(error),
        };
        let manifest = Manifest::parse_unverified(&bytes).map_err(io::Error::other)?;
        named.extend(manifest.uploads.into_iter().map(|upload| upload.upload_id));
    }
    Ok(named)
}

/// A directory's entries; none where it is not there.
fn entries(directory: &Path) -> io::Result<impl Iterator<Item = io::Result<fs::DirEntry>>> {
    match fs::read_dir(directory) {
        Ok(entries) => Ok(Some(entries).into_iter().flatten()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None.into_iter().flatten()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use trailkeep_archive::{BatchId, layout};
    use trailkeep_pipeline::ports::bucket::{AuditBucket, PutPolicy, StagedUpload};

    use super::{super::DirectoryBucket, *};

    async fn staged(bucket: &DirectoryBucket, key: &str) -> StagedUpload {
        let mut writer = bucket.stage(key, &PutPolicy::default()).await.unwrap();
        writer.write(b"bytes").await.unwrap();
        writer.finish().await.unwrap()
    }

    async fn put_manifest(bucket: &DirectoryBucket, uploads: Vec<StagedUpload>) {
        let batch = BatchId::new(1_760_000_000_000, 1);
        let (bytes, _) = Manifest::new(batch, 1, vec![], uploads, |upload| &upload.key).to_bytes().unwrap();
        bucket.put(&layout::manifest_key(&batch), bytes.into(), &PutPolicy::default()).await.unwrap();
    }

    #[tokio::test]
    async fn what_a_dead_process_staged_goes_unless_a_manifest_names_it() {
        let root = tempfile::tempdir().unwrap();
        let dead = DirectoryBucket::open(root.path()).unwrap();
        let (named, orphan) = (staged(&dead, "raw/named").await, staged(&dead, "raw/orphan").await);
        put_manifest(&dead, vec![named.clone()]).await;
        drop(dead);

        let next = DirectoryBucket::open(root.path()).unwrap();
        assert!(root.path().join(&orphan.upload_id).exists(), "reading sweeps nothing");
        let own = staged(&next, "raw/own").await;
        assert!(!root.path().join(&orphan.upload_id).exists());
        for kept in [named, own] {
            next.publish(&kept).await.unwrap();
        }
    }

    #[tokio::test]
    async fn nothing_is_swept_while_another_process_writes() {
        let root = tempfile::tempdir().unwrap();
        let one = DirectoryBucket::open(root.path()).unwrap();
        let theirs = staged(&one, "raw/theirs").await;
        let other = DirectoryBucket::open(root.path()).unwrap();
        staged(&other, "raw/ours").await;
        one.publish(&theirs).await.unwrap();
    }

    #[tokio::test]
    async fn a_writer_is_seen_as_long_as_it_lives() {
        let root = tempfile::tempdir().unwrap();
        let (one, other) = (DirectoryBucket::open(root.path()).unwrap(), DirectoryBucket::open(root.path()).unwrap());
        assert!(!other.has_writer());
        staged(&one, "raw/theirs").await;
        assert!(other.has_writer());
        drop(one);
        assert!(!other.has_writer());
    }

    #[tokio::test]
    async fn a_manifest_that_cannot_be_read_stops_the_sweep() {
        let root = tempfile::tempdir().unwrap();
        let dead = DirectoryBucket::open(root.path()).unwrap();
        let unknown = staged(&dead, "raw/unknown").await;
        let key = layout::manifest_key(&BatchId::new(1_760_000_000_000, 1));
        dead.put(&key, "{".into(), &PutPolicy::default()).await.unwrap();
        drop(dead);
        let next = DirectoryBucket::open(root.path()).unwrap();
        staged(&next, "raw/own").await;
        next.publish(&unknown).await.unwrap();
    }
}
