//! What `scripts/bench.py` cannot measure from outside: the limit, and the encoder alone. One figure set a run, as JSON on stdout.

mod bare;
mod encode;
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
    let figures = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare", tree, out] => bare::run(tree.as_ref(), out.as_ref())?,
        ["encode", tree, out] => encode::run(tree.as_ref(), &PathBuf::from(out), 128)?,
        ["encode", tree, out, budget] => encode::run(tree.as_ref(), &PathBuf::from(out), budget.parse()?)?,
        _ => anyhow::bail!("usage: trailkeep-bench bare TREE OUT | encode TREE OUT [BUDGET_MIB]"),
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(())
}
