//! The Dockerfile holds what it says, as far as that can be told without building it: its sources exist, its binaries are the workspace's,
//! nobody is root, and no base image floats.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{MetadataCommand, TargetKind};
use trailkeep_tests::command::workspace_root;

/// One instruction with its continued lines joined.
#[derive(Debug)]
struct Instruction {
    word: String,
    rest: String,
}

fn instructions() -> Result<Vec<Instruction>> {
    let text = fs::read_to_string(workspace_root().join("Dockerfile"))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let split =
        |line: &str| line.trim().split_once(' ').map(|(word, rest)| Instruction { word: word.to_owned(), rest: rest.trim().to_owned() });
    joined.lines().map(|line| split(line).with_context(|| format!("{line:?} is no instruction"))).collect()
}

/// Names of the workspace's binaries with the package of each.
fn binaries() -> Result<BTreeSet<(String, String)>> {
    let metadata = MetadataCommand::new().manifest_path(workspace_root().join("Cargo.toml")).no_deps().exec()?;
    let binary = |kinds: &[TargetKind]| kinds.contains(&TargetKind::Bin);
    let of = |package: &cargo_metadata::Package| {
        let name = package.name.to_string();
        let targets = package.targets.iter().filter(|target| binary(&target.kind));
        targets.map(|target| (name.clone(), target.name.clone())).collect::<Vec<_>>()
    };
    Ok(metadata.workspace_packages().into_iter().flat_map(of).collect())
}

fn stages(instructions: &[Instruction]) -> Vec<&[Instruction]> {
    let starts: Vec<usize> = instructions.iter().enumerate().filter(|(_, one)| one.word == "FROM").map(|(index, _)| index).collect();
    let ends = starts.iter().skip(1).copied().chain([instructions.len()]);
    starts.iter().zip(ends).map(|(start, end)| &instructions[*start..end]).collect()
}

/// What follows an option of a command line.
fn option<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_whitespace().skip_while(|word| *word != name).nth(1)
}

#[test]
fn what_is_copied_from_the_workspace_exists_and_is_not_ignored() -> Result<()> {
    let ignored = fs::read_to_string(workspace_root().join(".dockerignore"))?;
    ensure!(ignored.lines().any(|line| line == "*"), ".dockerignore lets everything in");
    let mut copied = BTreeSet::new();
    for copy in instructions()?.iter().filter(|one| one.word == "COPY" && !one.rest.starts_with("--from=")) {
        let words: Vec<&str> = copy.rest.split_whitespace().collect();
        let (_, sources) = words.split_last().context("COPY copies nothing")?;
        for source in sources {
            ensure!(workspace_root().join(source).exists(), "COPY {source}: there is no such file");
            ensure!(ignored.lines().any(|line| line.strip_prefix('!') == Some(source)), "COPY {source}: .dockerignore leaves it out");
            copied.insert((*source).to_owned());
        }
    }
    for needed in ["Cargo.toml", "Cargo.lock", "shared", "services", "tests", "bench", "LICENSE"] {
        ensure!(copied.contains(needed), "{needed} is not copied: cargo would not find all members of the workspace");
    }
    Ok(())
}

#[test]
fn what_is_built_and_started_are_binaries_of_the_workspace() -> Result<()> {
    let instructions = instructions()?;
    let binaries = binaries()?;
    let builds: Vec<&Instruction> = instructions.iter().filter(|one| one.rest.contains("cargo build")).collect();
    for build in &builds {
        let asked = option(&build.rest, "--package").zip(option(&build.rest, "--bin")).context("a build names no package or no binary")?;
        ensure!(binaries.contains(&(asked.0.to_owned(), asked.1.to_owned())), "{asked:?} is no binary of the workspace: {binaries:?}");
        ensure!(
            build.rest.contains(" --locked ") && build.rest.contains(" --release "),
            "not built from the lock file for release: {}",
            build.rest
        );
        ensure!(
            build.rest.contains(&format!("target/release/{} /out/{}", asked.1, asked.1)),
            "{} is not what is kept: {}",
            asked.1,
            build.rest
        );
    }
    ensure!(builds.len() == 3, "there are {} builds", builds.len());
    let stages = stages(&instructions);
    for (name, binary) in [("trailkeep", "trailkeep"), ("collector", "trailkeep-collector"), ("auditor", "trailkeep-auditor")] {
        let named = format!(" AS {name}");
        let stage = stages.iter().find(|stage| stage[0].rest.ends_with(&named)).with_context(|| format!("no stage {name}"))?;
        let has = |word: &str, rest: &str| stage.iter().any(|one| one.word == word && one.rest == rest);
        ensure!(has("ENTRYPOINT", &format!("[\"/{binary}\"]")), "{binary} is not what starts");
        ensure!(
            stage.iter().any(|one| one.word == "COPY" && one.rest.ends_with(&format!("/out/{binary} /{binary}"))),
            "{binary} is not in its image"
        );
    }
    let last = stages.last().map(|stage| stage[0].rest.clone()).unwrap_or_default();
    ensure!(last.ends_with(" AS collector"), "a build without --target makes {last}");
    Ok(())
}

#[test]
fn nobody_is_root_and_base_images_are_pinned() -> Result<()> {
    let instructions = instructions()?;
    let stages = stages(&instructions);
    let names: BTreeSet<&str> = stages.iter().filter_map(|stage| stage[0].rest.split(" AS ").nth(1)).collect();
    for stage in &stages {
        let base = stage[0].rest.split_whitespace().next().unwrap_or_default();
        if names.contains(base) {
            continue;
        }
        let tag = base.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, tag)| tag);
        ensure!(tag.is_some_and(|tag| !tag.is_empty() && tag != "latest"), "{base} is not pinned by a tag");
    }
    for stage in stages.iter().filter(|stage| stage.iter().any(|one| one.word == "ENTRYPOINT")) {
        let user = stage.iter().rfind(|one| one.word == "USER").context("an image runs as root")?;
        let ids: Vec<u32> = user.rest.split(':').map(str::parse).collect::<Result<_, _>>().context("the user is not numeric")?;
        ensure!(ids.len() == 2 && ids.iter().all(|id| *id != 0), "the user is {}", user.rest);
        let user_at = stage.iter().position(|one| one.word == "USER");
        ensure!(user_at < stage.iter().position(|one| one.word == "ENTRYPOINT"), "the entry point stands before the user");
        ensure!(
            stage.iter().any(|one| one.word == "LABEL" && one.rest.contains("org.opencontainers.image.title")),
            "an image has no labels"
        );
    }
    ensure!(!instructions.iter().any(|one| one.word == "ADD"), "ADD may fetch: use COPY");
    Ok(())
}

#[test]
fn the_toolchain_of_the_image_is_the_one_that_the_workspace_asks_for() -> Result<()> {
    let manifest = fs::read_to_string(workspace_root().join("Cargo.toml"))?;
    let asked =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).context("no rust-version")?.trim_matches('"').to_owned();
    let base = instructions()?.into_iter().find(|one| one.word == "FROM").context("no stage")?.rest;
    ensure!(base.starts_with(&format!("rust:{asked}")), "the workspace asks for Rust {asked}, the image builds with {base}");
    Ok(())
}
