//! The chains that `trailkeep-synth` writes, with code of its own, are verified; and nothing else is in them.

use std::{collections::BTreeMap, fs, path::Path};

use trailkeep_digests::{BucketAliases, ChainId, Link, Metadata, Origin, PublicKeys, Reader, StoredDigest, Window, walk};
use trailkeep_synth::{PUBLIC_KEYS_FILE, Scale, SynthConfig, generate};

fn files_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the tree") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

#[test]
fn a_synthetic_organization_is_verified_whole() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let config = SynthConfig { accounts: 2, regions: 2, hours: 3, scale: Scale::EventsPerHour(40), ..SynthConfig::default() };
    generate(&config, folder.path()).expect("a tree");
    let mut keys = PublicKeys::new();
    let origin = Origin { source: PUBLIC_KEYS_FILE.to_owned(), at_ms: 0 };
    let list = fs::read(folder.path().join(PUBLIC_KEYS_FILE)).expect("the file of public keys");
    assert!(keys.add_list(&list, None, &origin).expect("a list").is_empty());
    let mut found = Vec::new();
    files_below(folder.path(), &mut found);
    let aliases = BucketAliases::none();
    let mut reader = Reader::new(&keys, &aliases);
    let mut chains: BTreeMap<ChainId, Vec<Link>> = BTreeMap::new();
    let mut log_files = 0;
    for path in
        found.iter().filter(|path| path.to_string_lossy().ends_with(".json.gz") && path.to_string_lossy().contains("CloudTrail-Digest"))
    {
        let key = path.strip_prefix(folder.path()).expect("below the root").to_string_lossy().into_owned();
        let bytes = fs::read(path).expect("a digest");
        let beside = fs::read(format!("{}.metadata.json", path.display())).expect("its metadata");
        let pairs: BTreeMap<String, String> = serde_json::from_slice(&beside).expect("pairs of texts");
        let metadata = Metadata::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let reading = reader.read(&StoredDigest { bucket: &config.bucket, key: &key, bytes: &bytes, metadata });
        assert!(reading.sound().is_some(), "{key}: {}", reading.link().reasons());
        log_files += reading.link().log_files();
        let link = reading.into_link();
        chains.entry(link.chain().expect("a digest's key").clone()).or_default().push(link);
    }
    assert_eq!(chains.len(), 4);
    assert!(log_files > 0);
    for (chain, links) in &chains {
        let report = walk(chain, links, &Window::default());
        assert!(report.is_clean(), "{chain}: {:?}", report.findings);
        assert_eq!(report.proven.len(), 1, "{chain}");
    }
}
