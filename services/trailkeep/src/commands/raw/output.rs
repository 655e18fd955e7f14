//! Standard output is a terminal or not: no binary goes to one.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use anyhow::bail;

/// Refuses what would garble a terminal.
pub(super) fn refuse_binary(to: Option<&Path>, beginning: Option<&[u8]>) -> anyhow::Result<()> {
    if to.is_some() || !io::stdout().is_terminal() {
        return Ok(());
    }
    match beginning {
        Some(bytes) if is_text(bytes) => Ok(()),
        _ => bail!("the original is binary: pipe it on (… | zcat) or name a file with --to"),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_and_control_characters_are_no_text() {
        assert!(is_text("{\"Records\":[\n]}\tä".as_bytes()));
        assert!(!is_text(b"\x1f\x8b\x08\x00"));
        assert!(!is_text(b"{\x1b[31m}"));
    }
}
