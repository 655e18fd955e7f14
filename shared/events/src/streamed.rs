//! Objects too large to be held: read twice, the second time through a window. The first time decides whether the caps let it
//! pass, so that an object is read whole or not at all.

use std::io::{self, Read};

use sha2::{Digest, Sha256};
use trailkeep_records::{
    InflateLimits, Piece, Splitter,
    hash::Sha256Value,
    inflate::{GzipStream, StreamError},
};

use crate::{EncodeError, Encoder, ObjectContext, PartitionSink};

/// Inflated bytes that are read at once: 256 KiB.
const CHUNK_BYTES: usize = 256 << 10;

/// Opens the stored bytes from the start.
type Open<'a> = &'a mut dyn FnMut() -> io::Result<Box<dyn Read + Send>>;

impl<S: PartitionSink> Encoder<S> {
    /// Takes in an object whose bytes cannot be held at once; `open` gives its stored bytes from the start, each time.
    /// Answers its inflated size in bytes.
    ///
    /// # Errors
    /// [`EncodeError`]: the Batch must be aborted.
    pub fn add_streamed(
        &mut self,
        open: &mut dyn FnMut() -> io::Result<Box<dyn Read + Send>>,
        context: ObjectContext<'_>,
    ) -> Result<u64, EncodeError> {
        // What waits belongs to other objects.
        self.encode()?;
        let report = self.begin(&context);
        let failed = |source| EncodeError::Read { key: context.key.to_owned(), source };
        match survey(open, self.limits).map_err(failed)? {
            Survey::OverLimit { reason, inflated_bytes } => {
                let detail = format!("the object inflates past a cap after {inflated_bytes} bytes");
                self.report(report, |r| r.object_failure = Some((reason, detail)));
                self.encode()?;
                Ok(0)
            }
            Survey::Whole { sha256, inflated_bytes, flags } => {
                self.report(report, |r| {
                    r.inflated_sha256 = Some(sha256);
                    r.inflated_bytes = inflated_bytes;
                    r.flags.extend(flags);
                });
                self.read_records(open, report, &context)?;
                Ok(inflated_bytes)
            }
        }
    }

    fn read_records(&mut self, open: Open<'_>, report: usize, context: &ObjectContext<'_>) -> Result<(), EncodeError> {
        let failed = |source| EncodeError::Read { key: context.key.to_owned(), source };
        let mut stream = GzipStream::new(open().map_err(failed)?, self.limits);
        let mut window = Window::default();
        let mut fields = Vec::new();
        loop {
            fields.clear();
            match window.splitter.next(&window.bytes, window.complete, &mut fields) {
                Piece::Record { start, end, envelope } => {
                    let at = self.buffer.len();
                    self.buffer.extend_from_slice(window.bytes.get(start..end).unwrap_or_default());
                    let before = self.fields.len();
                    self.fields.extend_from_slice(&fields);
                    self.take_record(report, (at, self.buffer.len()), (before, self.fields.len()), window.offset + start as u64, envelope);
                    self.encode_streamed(context, report)?;
                }
                Piece::Broken { start, end, reason } => {
                    let offset = window.offset + start as u64;
                    self.add_broken(report, offset, (end - start) as u64, reason);
                }
                Piece::More { keep_from } => window.read_on(&mut stream, keep_from).map_err(failed)?,
                Piece::End => return self.encode(),
            }
        }
    }

    /// Encodes if the buffer is full, and goes on with the same object.
    fn encode_streamed(&mut self, context: &ObjectContext<'_>, report: usize) -> Result<(), EncodeError> {
        let waited = self.waiting.len();
        self.encode_if_full()?;
        if self.waiting.len() < waited {
            self.resume(context, report);
        }
        Ok(())
    }

    fn resume(&mut self, context: &ObjectContext<'_>, report: usize) {
        self.waiting.push(crate::encoder::Waiting { origin: context.into(), report, bytes: None });
    }
}

enum Survey {
    Whole { sha256: Sha256Value, inflated_bytes: u64, flags: Vec<&'static str> },
    OverLimit { reason: &'static str, inflated_bytes: u64 },
}

/// Reads an object to its end once.
fn survey(open: Open<'_>, limits: InflateLimits) -> io::Result<Survey> {
    let mut stream = GzipStream::new(open()?, limits);
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => {
                let (sha256, inflated_bytes) = (hasher.finalize().into(), stream.inflated_bytes());
                return Ok(Survey::Whole { sha256, inflated_bytes, flags: stream.shape().flags() });
            }
            Ok(n) => hasher.update(chunk.get(..n).unwrap_or_default()),
            Err(StreamError::OverLimit { reason, inflated_bytes }) => return Ok(Survey::OverLimit { reason, inflated_bytes }),
            Err(StreamError::Source(error)) => return Err(error),
        }
    }
}

/// The part of the inflated object that the splitter looks at.
#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    /// Offset of the window in the inflated object.
    offset: u64,
    complete: bool,
    splitter: Splitter,
}

impl Window {
    fn read_on<R: Read>(&mut self, stream: &mut GzipStream<R>, keep_from: usize) -> io::Result<()> {
        self.bytes.drain(..keep_from);
        self.splitter.rebase(keep_from);
        self.offset += keep_from as u64;
        let kept = self.bytes.len();
        self.bytes.resize(kept + CHUNK_BYTES, 0);
        let read = match stream.read(self.bytes.get_mut(kept..).unwrap_or_default()) {
            Ok(n) => n,
            // The first reading passed: the object is another one now.
            Err(StreamError::OverLimit { .. }) => return Err(io::Error::other("the object changed while it was read")),
            Err(StreamError::Source(error)) => return Err(error),
        };
        self.bytes.truncate(kept + read);
        self.complete = read == 0;
        Ok(())
    }
}
