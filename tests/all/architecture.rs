//! Holds the line that ARCHITECTURE.md draws: who may import whom, what pure crates must not know, how large a file may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package};
use trailkeep_tests::{command::workspace_root, licence};

/// Layers from the bottom up. A crate may import its own layer and those below, with the exceptions that the tests name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Pure,
    Pipeline,
    Adapter,
    Service,
    /// `synth`, `tests` and `bench`: no part of the product's stack.
    Tool,
}

/// Every crate of the workspace that is no service. A new one must be put here, or the tests fail.
const LAYERS: &[(&str, Layer)] = &[
    ("trailkeep-keys", Layer::Pure),
    ("trailkeep-records", Layer::Pure),
    ("trailkeep-ocsf", Layer::Pure),
    ("trailkeep-archive", Layer::Pure),
    ("trailkeep-events", Layer::Pure),
    ("trailkeep-notifications", Layer::Pure),
    ("trailkeep-digests", Layer::Pure),
    ("trailkeep-audit", Layer::Pure),
    ("trailkeep-organization", Layer::Pure),
    ("trailkeep-pipeline", Layer::Pipeline),
    ("trailkeep-restore", Layer::Pipeline),
    ("trailkeep-verification", Layer::Pipeline),
    ("trailkeep-attest", Layer::Pipeline),
    ("trailkeep-coverage", Layer::Pipeline),
    ("trailkeep-local", Layer::Adapter),
    ("trailkeep-aws", Layer::Adapter),
    ("trailkeep-query", Layer::Adapter),
    ("trailkeep-telemetry", Layer::Adapter),
    ("trailkeep-synth", Layer::Tool),
    ("trailkeep-tests", Layer::Tool),
    ("trailkeep-bench", Layer::Tool),
];

/// What no pure crate may have anywhere below it.
const IMPURE: &[&str] = &["tokio", "async-std", "smol", "hyper", "rusqlite", "object_store", "rand"];

fn metadata() -> Result<&'static Metadata> {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    if let Some(metadata) = METADATA.get() {
        return Ok(metadata);
    }
    let metadata = MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--filter-platform", "host-tuple"].map(str::to_owned))
        .exec()
        .context("cargo metadata failed")?;
    Ok(METADATA.get_or_init(|| metadata))
}

fn layer(package: &Package) -> Result<Layer> {
    if package.manifest_path.starts_with(workspace_root().join("services")) {
        return Ok(Layer::Service);
    }
    let known = LAYERS.iter().find(|(name, _)| *name == package.name.as_str());
    Ok(known.with_context(|| format!("{} has no layer: put it into LAYERS", package.name))?.1)
}

/// Names of the workspace's own crates that a package imports outside its tests.
fn own_imports(package: &Package) -> BTreeSet<&str> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.filter(|dependency| dependency.path.is_some()).map(|dependency| dependency.name.as_str()).collect()
}

/// Names of everything that is linked with a package when it is built alone: its normal dependencies, theirs, and so on. The graph of
/// `cargo metadata` would not do: in it every crate has the features that any member of the workspace asks for.
fn linked(package: &str) -> Result<BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let output = Command::new(cargo).args(arguments).current_dir(workspace_root()).output()?;
    ensure!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

/// The workspace's Rust sources, below every member's directory.
fn sources() -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> =
        metadata()?.workspace_packages().iter().map(|package| package.manifest_path.with_file_name("").into()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    ensure!(files.len() > 50, "only {} source files found: is the test looking in the right place?", files.len());
    Ok(files)
}

fn shown(path: &Path) -> String {
    path.strip_prefix(workspace_root()).unwrap_or(path).display().to_string()
}

#[test]
fn imports_point_downwards() -> Result<()> {
    let metadata = metadata()?;
    let packages: BTreeMap<&str, &Package> =
        metadata.workspace_packages().into_iter().map(|package| (package.name.as_str(), package)).collect();
    for package in packages.values() {
        let importer = layer(package)?;
        for name in own_imports(package) {
            let imported = layer(packages.get(name).with_context(|| format!("{name} is no member of the workspace"))?)?;
            let composes = package.name.as_str() == "trailkeep" || importer == Layer::Tool;
            let allowed = match imported {
                Layer::Pure => true,
                Layer::Pipeline => importer >= Layer::Pipeline,
                Layer::Adapter => importer == Layer::Service || importer == Layer::Tool,
                Layer::Service | Layer::Tool => composes,
            };
            ensure!(allowed, "{} ({importer:?}) imports {name} ({imported:?})", package.name);
        }
    }
    Ok(())
}

#[test]
fn pure_crates_know_no_runtime_no_aws_no_database_no_chance() -> Result<()> {
    for (package, _) in LAYERS.iter().filter(|(_, layer)| *layer == Layer::Pure) {
        for name in linked(package)? {
            // aws-lc is a library of cryptography that calls nobody; digests verify signatures with it.
            let calls_aws = name.starts_with("aws-") && !name.starts_with("aws-lc-");
            let impure = IMPURE.contains(&name.as_str()) || calls_aws || name.starts_with("datafusion");
            ensure!(!impure, "a pure crate links {name}; see cargo tree --package {package} --edges normal --invert {name}");
        }
    }
    Ok(())
}

#[test]
fn the_pipeline_knows_neither_aws_nor_sql() -> Result<()> {
    for name in linked("trailkeep-pipeline")? {
        let adapter = name.starts_with("aws-") || name.starts_with("datafusion") || name == "rusqlite";
        ensure!(!adapter, "the pipeline links {name}; see cargo tree --package trailkeep-pipeline --edges normal --invert {name}");
    }
    Ok(())
}

#[test]
fn pure_crates_never_read_a_clock_or_a_file() -> Result<()> {
    let metadata = metadata()?;
    for path in sources()? {
        let mut owner = None;
        for package in metadata.workspace_packages() {
            if path.starts_with(package.manifest_path.with_file_name("src")) {
                owner = Some(package);
            }
        }
        let Some(package) = owner else { continue };
        if layer(package)? != Layer::Pure {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        for word in ["SystemTime", "::now(", "std::fs", "std::net", "std::env", "std::process", "std::thread"] {
            ensure!(!text.contains(word), "{} uses {word}: time, ids and bytes are arguments of pure crates", shown(&path));
        }
    }
    Ok(())
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() -> Result<()> {
    for package in metadata()?.workspace_packages() {
        let manifest = fs::read_to_string(&package.manifest_path)?;
        ensure!(manifest.contains("[lints]\nworkspace = true"), "{} does not take the workspace's lints", package.name);
    }
    Ok(())
}

#[test]
fn no_source_file_is_longer_than_500_lines_and_each_says_what_it_is_for() -> Result<()> {
    let mut wrong = Vec::new();
    for path in sources()? {
        let text = fs::read_to_string(&path)?;
        let lines = text.lines().count();
        if lines > 500 {
            wrong.push(format!("{} has {lines} lines: split it", shown(&path)));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not open with //! and what it is for", shown(&path)));
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if ["utils", "util", "common", "helpers", "misc"].contains(&name) {
            wrong.push(format!("{} has a name that says nothing", shown(&path)));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_linked_crate_has_a_licence_that_deny_toml_allows() -> Result<()> {
    let deny = fs::read_to_string(workspace_root().join("deny.toml"))?;
    let list = deny.split_once("allow = [").and_then(|(_, rest)| rest.split_once(']')).context("deny.toml has no list of licences")?.0;
    let allowed: Vec<String> = list.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    ensure!(allowed.len() > 3, "the list of licences in deny.toml could not be read: {allowed:?}");
    for package in &metadata()?.packages {
        let expression = package.license.as_deref().unwrap_or_default();
        ensure!(licence::is_allowed(expression, &allowed), "{} {} has the licence {expression:?}", package.name, package.version);
    }
    Ok(())
}
