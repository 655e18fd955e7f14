//! What the documents say is so: links lead somewhere, and every query on the page of queries runs.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use trailkeep_tests::command::{self, workspace_root};

#[test]
fn links_between_documents_lead_somewhere() -> Result<()> {
    let root = workspace_root();
    let mut pages: Vec<PathBuf> = Vec::new();
    for folder in [root.to_owned(), root.join("docs"), root.join("infra/terraform")] {
        let entries = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        pages.extend(entries.into_iter().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    ensure!(pages.len() > 7, "only {} documents found", pages.len());
    let mut wrong = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page)?;
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://") || target.contains(char::is_whitespace);
            if !elsewhere && !page.with_file_name(target).exists() {
                wrong.push(format!("{} links to {target}, which is not there", page.display()));
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_query_on_the_page_of_queries_runs() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (trail, archive) = (directory.path().join("trail").display().to_string(), directory.path().join("audit"));
    let target = archive.display().to_string();
    command::run(["synth", "--out", &trail, "--accounts", "2", "--regions", "2", "--hours", "1", "--seed", "3"])?.ok()?;
    command::run(["ingest", "--from", &trail, "--archive", &target])?.ok()?;

    let page = fs::read_to_string(workspace_root().join("docs/queries.md"))?;
    let queries: Vec<&str> = page.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    ensure!(queries.len() > 5, "only {} queries found", queries.len());
    for sql in queries {
        command::query(&archive, sql).with_context(|| format!("on the page of queries: {sql}"))?;
    }
    Ok(())
}
