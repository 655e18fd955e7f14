//! Standard output. A reader that has seen enough (`… | head`) closes the pipe: that is a quiet end, not a failure.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};

use anyhow::Context as _;

/// Nobody reads standard output any more. A broken pipe elsewhere, to S3 for example, is another thing and stays an error.
#[derive(Debug, thiserror::Error)]
#[error("standard output was closed")]
struct Closed;

/// Standard output; its errors can be told by [`was_closed`] wherever they end up.
#[derive(Debug)]
pub(crate) struct Standard(BufWriter<Stdout>);

impl Standard {
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout()))
    }
}

impl Write for Standard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(named)
    }
}

fn named(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::BrokenPipe { io::Error::new(ErrorKind::BrokenPipe, Closed) } else { error }
}

/// Writes a whole text to standard output. Where nobody reads it, it is as good as written.
///
/// # Errors
/// Where it cannot be written for another reason.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = Standard::new();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if is_closed(&error) => Ok(()),
        written => written.context("failed to write to standard output"),
    }
}

/// Whether an error comes of a closed standard output.
pub(crate) fn was_closed(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref()).any(is_closed)
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.get_ref(), Some(inner) if inner.is::<Closed>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_standard_output_is_a_quiet_end() {
        let closed = anyhow::Error::new(named(ErrorKind::BrokenPipe.into())).context("failed to write the answer");
        assert!(was_closed(&closed));
        assert!(!was_closed(&anyhow::Error::new(io::Error::from(ErrorKind::BrokenPipe))));
        assert!(!was_closed(&anyhow::Error::new(named(ErrorKind::StorageFull.into()))));
    }
}
