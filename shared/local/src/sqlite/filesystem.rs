//! SQLite's locks and its shared-memory file work on filesystems of this machine only: a ledger on any other is refused before it is opened.

use std::path::Path;

use trailkeep_pipeline::ports::ledger::LedgerError;

/// Filesystems on which two machines (or a program in user space) may answer for the same file, by the magic number that `statfs` reports.
/// Source: Linux man-pages, `statfs(2)`, and `include/uapi/linux/magic.h`.
#[cfg(target_os = "linux")]
const REFUSED: [(u32, &str); 14] = [
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB2"),
    (0xFF53_4D42, "CIFS"),
    (0x6573_5546, "FUSE"),
    (0x0102_1997, "9p"),
    (0x0BD0_0BD0, "Lustre"),
    (0x00C3_6400, "Ceph"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x4750_4653, "GPFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
];

/// Refuses a directory on a network or user-space filesystem.
///
/// # Errors
/// [`LedgerError::NotLocal`]; `Failed` where the system does not say.
#[cfg(target_os = "linux")]
pub(super) fn require_local(directory: &Path, ledger: &str) -> Result<(), LedgerError> {
    let stat = rustix::fs::statfs(directory).map_err(|error| super::error::from_io("look at the filesystem of", ledger, error.into()))?;
    refused(stat.f_type as u32).map_or(Ok(()), |filesystem| Err(LedgerError::NotLocal { ledger: ledger.to_owned(), filesystem }))
}

/// Elsewhere than on Linux the system's numbers mean other things, and nothing is refused.
#[cfg(not(target_os = "linux"))]
pub(super) fn require_local(_directory: &Path, _ledger: &str) -> Result<(), LedgerError> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn refused(magic: u32) -> Option<&'static str> {
    REFUSED.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_filesystems_are_refused_by_name_and_local_ones_are_not() {
        assert_eq!(refused(0x6969), Some("NFS"));
        assert_eq!(refused(0xFF53_4D42), Some("CIFS"));
        assert_eq!(refused(0x6573_5546), Some("FUSE"));
        for (magic, local) in
            [(0xEF53, "ext4"), (0x5846_5342, "xfs"), (0x9123_683E, "btrfs"), (0x0102_1994, "tmpfs"), (0x794C_7630, "overlayfs")]
        {
            assert_eq!(refused(magic), None, "{local}");
        }
    }

    #[test]
    fn the_refusal_says_what_to_do() {
        let error = LedgerError::NotLocal { ledger: "/mnt/share/ledger.sqlite".to_owned(), filesystem: "NFS" };
        let text = error.to_string();
        assert!(text.contains("/mnt/share/ledger.sqlite lies on NFS") && text.contains("keep it on a disk of this machine"), "{text}");
    }
}
