//! What `scripts/bench.py` cannot measure from outside: the limit, and the encoder alone. One figure set a run, as JSON on stdout.

mod bare;
mod collector;
mod encode;
mod ledger;
mod rounds;
mod signed;
mod tree;

use std::{io::Write, path::PathBuf};

use serde::Serialize;

/// What a run took in and gave out.
#[derive(Debug, Serialize)]
struct Figures {
    /// LogObjects.
    objects: u64,
    /// Rows written.
    rows: u64,
    /// Bytes of the objects as they are stored.
    stored_bytes: u64,
    /// Bytes of their JSON.
    inflated_bytes: u64,
    /// Bytes of Parquet.
    parquet_bytes: u64,
    /// Wall time.
    seconds: f64,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let told = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", tree, out] => serde_json::to_string(&bare::run(tree.as_ref(), out.as_ref())?)?,
        ["encode", tree, out] => serde_json::to_string(&encode::run(tree.as_ref(), &PathBuf::from(out), 128)?)?,
        ["encode", tree, out, budget] => serde_json::to_string(&encode::run(tree.as_ref(), &PathBuf::from(out), budget.parse()?)?)?,
        ["collector", tree, landers] => serde_json::to_string(&collector::drain(tree.as_ref(), landers.parse()?)?)?,
        ["lag", tree, rate, seal_s, seconds] => {
            serde_json::to_string(&collector::lag(tree.as_ref(), rate.parse()?, seal_s.parse()?, seconds.parse()?)?)?
        }
        ["day", tree] => serde_json::to_string(&collector::day(tree.as_ref())?)?,
        ["ledger", kind, sources] => serde_json::to_string(&ledger::run(kind, sources.parse()?)?)?,
        ["signed", archive, accounts, hours, files] => {
            serde_json::to_string(&signed::make(archive.as_ref(), accounts.parse()?, hours.parse()?, files.parse()?)?)?
        }
        ["rounds", archive, keys, moments @ ..] => serde_json::to_string(&rounds::run(archive.as_ref(), keys.as_ref(), moments)?)?,
        ["rsa", seconds] => serde_json::to_string(&signed::checks(seconds.parse()?)?)?,
        _ => anyhow::bail!(
            "usage: trailkeep-bench bare TREE OUT | encode TREE OUT [BUDGET_MIB] | collector TREE LANDERS | lag TREE OBJECTS_PER_S SEAL_S SECONDS | \
             day TREE | ledger memory|sqlite SOURCES | signed ARCHIVE ACCOUNTS HOURS FILES | rounds ARCHIVE KEYS MOMENT… | rsa SECONDS"
        ),
    };
    writeln!(std::io::stdout(), "{told}")?;
    Ok(())
}
