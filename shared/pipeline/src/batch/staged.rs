//! Synchronous writing to a staged upload: the encoder is synchronous, the port is not. Small writes are gathered.
//!
//! Only for threads that are not the runtime's own: it blocks on the port.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::runtime::Handle;

use crate::ports::bucket::{BucketError, StagedUpload, StagedWriter};

/// Bytes that are gathered before the port is called: 256 KiB.
const BUFFER_BYTES: usize = 256 << 10;

/// Keeps the first failure of any of a Batch's uploads, whose own type the encoder's errors would hide.
#[derive(Debug, Clone, Default)]
pub(crate) struct FirstFailure(Arc<Mutex<Option<BucketError>>>);

impl FirstFailure {
    /// Takes the failure out.
    pub(crate) fn take(&self) -> Option<BucketError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps the failure unless there is one, and gives its text as an I/O error.
    pub(crate) fn keep(&self, error: BucketError) -> io::Error {
        let told = io::Error::other(error.to_string());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        told
    }
}

/// One upload as [`io::Write`].
#[derive(Debug)]
pub(crate) struct StagedFile {
    key: String,
    /// `None` once finished or thrown away.
    writer: Option<Box<dyn StagedWriter>>,
    buffer: Vec<u8>,
    written_bytes: u64,
    runtime: Handle,
    failure: FirstFailure,
}

impl StagedFile {
    pub(crate) fn new(key: String, writer: Box<dyn StagedWriter>, runtime: Handle, failure: FirstFailure) -> Self {
        Self { key, writer: Some(writer), buffer: Vec::new(), written_bytes: 0, runtime, failure }
    }

    /// Bytes appended so far, gathered ones included.
    pub(crate) fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Appends bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        self.written_bytes += bytes.len() as u64;
        if self.buffer.len() + bytes.len() >= BUFFER_BYTES {
            self.drain()?;
        }
        if bytes.len() >= BUFFER_BYTES {
            return self.pass_on(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn drain(&mut self) -> Result<(), BucketError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut gathered = std::mem::take(&mut self.buffer);
        self.pass_on(&gathered)?;
        gathered.clear();
        self.buffer = gathered;
        Ok(())
    }

    fn pass_on(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        match &mut self.writer {
            Some(writer) => self.runtime.block_on(writer.write(bytes)),
            None => Ok(()),
        }
    }

    /// Makes the upload durable, still invisible.
    pub(crate) fn finish(mut self) -> Result<StagedUpload, BucketError> {
        self.drain()?;
        let writer = self.writer.take().ok_or_else(|| BucketError::NotFound { what: format!("the upload of {}", self.key) })?;
        self.runtime.block_on(writer.finish())
    }
}

impl Drop for StagedFile {
    /// What was not finished is thrown away; what cannot be thrown away is swept later.
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take()
            && let Err(error) = self.runtime.block_on(writer.abort())
        {
            tracing::warn!(key = self.key, error = %error, "an upload could not be thrown away");
        }
    }
}

impl io::Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.append(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(error) => Err(self.failure.keep(error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // Parquet writers flush after every row group; the bytes are made durable by `finish` alone.
        Ok(())
    }
}
