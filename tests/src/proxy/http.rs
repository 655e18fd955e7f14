//! As much of HTTP/1.1 as a proxy between one client and one server needs: whole messages, kept-alive connections (RFC 9112).

use std::io::{self, BufRead, BufReader, Read, Write};

/// Longest head of a message, bytes.
const MAX_HEAD: u64 = 256 * 1024;
/// Longest body that is passed on, bytes.
const MAX_BODY: usize = 256 << 20;

/// A request or an answer, read to its end.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// First line, without its end.
    pub(super) first: String,
    /// Headers as they came.
    pub(super) headers: Vec<(String, String)>,
    /// The body, chunks put together.
    pub(super) body: Vec<u8>,
}

impl Message {
    /// An answer with a body.
    pub(super) fn answer(status: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let headers = [("content-type", content_type.to_owned()), ("content-length", body.len().to_string())];
        Self { first: format!("HTTP/1.1 {status}"), headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(), body }
    }

    /// A header's value; names are compared without case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a header lists this word.
    fn says(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Another body, with its length.
    pub(super) fn set_body(&mut self, body: Vec<u8>) {
        self.remove("content-length");
        self.remove("transfer-encoding");
        self.headers.push(("content-length".to_owned(), body.len().to_string()));
        self.body = body;
    }

    /// The method of a request.
    pub(super) fn method(&self) -> &str {
        self.first.split(' ').next().unwrap_or_default()
    }

    /// Path and query of a request.
    pub(super) fn target(&self) -> &str {
        self.first.split(' ').nth(1).unwrap_or_default()
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// Whether whoever sent it closes the connection afterwards.
    pub(super) fn closes(&self) -> bool {
        self.says("connection", "close") || self.first.ends_with("HTTP/1.0") || self.first.starts_with("HTTP/1.0")
    }

    /// The head as it goes over the line.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = format!("{}\r\n", self.first);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Sends the whole message.
    pub(super) fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let mut all = self.head();
        all.extend_from_slice(&self.body);
        to.write_all(&all)?;
        to.flush()
    }

    /// Reads a request; `None` where the client has closed. `go_on` is called where the client waits for leave to send its body.
    pub(super) fn request<R: Read>(from: &mut BufReader<R>, go_on: impl FnOnce() -> io::Result<()>) -> io::Result<Option<Self>> {
        let Some(mut request) = Self::read_head(from)? else { return Ok(None) };
        if request.says("expect", "100-continue") {
            go_on()?;
            request.remove("expect");
        }
        request.read_body(from, false)?;
        Ok(Some(request))
    }

    /// Reads an answer to `method`; `None` where the server has closed.
    pub(super) fn response<R: Read>(from: &mut BufReader<R>, method: &str) -> io::Result<Option<Self>> {
        loop {
            let Some(mut answer) = Self::read_head(from)? else { return Ok(None) };
            let status = answer.status();
            if (100..200).contains(&status) {
                continue;
            }
            let bodiless = method == "HEAD" || status == 204 || status == 304;
            if !bodiless {
                answer.read_body(from, true)?;
            }
            return Ok(Some(answer));
        }
    }

    fn read_head<R: Read>(from: &mut BufReader<R>) -> io::Result<Option<Self>> {
        let mut limited = from.take(MAX_HEAD);
        let mut line = String::new();
        if limited.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let first = line.trim_end().to_owned();
        let mut headers = Vec::new();
        loop {
            line.clear();
            if limited.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Some(Self { first, headers, body: Vec::new() }))
    }

    fn read_body<R: Read>(&mut self, from: &mut BufReader<R>, until_closed: bool) -> io::Result<()> {
        if self.says("transfer-encoding", "chunked") {
            let body = read_chunks(from)?;
            self.set_body(body);
            return Ok(());
        }
        match self.header("content-length").map(str::parse::<usize>) {
            Some(Ok(length)) if length <= MAX_BODY => {
                self.body.resize(length, 0);
                from.read_exact(&mut self.body)
            }
            Some(_) => Err(io::ErrorKind::InvalidData.into()),
            None if until_closed => {
                let mut body = Vec::new();
                from.take(MAX_BODY as u64).read_to_end(&mut body)?;
                self.set_body(body);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn read_chunks<R: Read>(from: &mut BufReader<R>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let size = line.trim_end().split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(size, 16).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        if body.len() + size > MAX_BODY {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let begin = body.len();
        body.resize(begin + size, 0);
        if let Some(chunk) = body.get_mut(begin..) {
            from.read_exact(chunk)?;
        }
        line.clear();
        // The end of the chunk's line, or, after the last chunk, trailers up to an empty line.
        while from.read_line(&mut line)? > 0 && size == 0 && !line.trim_end().is_empty() {
            line.clear();
        }
        if size == 0 {
            return Ok(body);
        }
    }
}
