//! A tiny server on loopback, and a client of the proxy before it: bytes in, bytes out, so that nothing is retried behind a test's back.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Context, Result};

/// What the server got, as first line and body.
pub(super) type Got = Arc<Mutex<Vec<(String, String)>>>;

/// A server that answers every request with `answer`, in chunks where `chunked`.
pub(super) struct Server {
    pub(super) endpoint: String,
    pub(super) got: Got,
    pub(super) connections: Arc<AtomicUsize>,
}

impl Server {
    pub(super) fn start(answer: &'static str, chunked: bool) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let (got, connections) = (Got::default(), Arc::<AtomicUsize>::default());
        let server = Self { endpoint, got: Arc::clone(&got), connections: Arc::clone(&connections) };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::Relaxed);
                let got = Arc::clone(&got);
                thread::spawn(move || serve(client, &got, answer, chunked));
            }
        });
        Ok(server)
    }

    pub(super) fn got(&self) -> Vec<(String, String)> {
        self.got.lock().unwrap().clone()
    }
}

fn serve(client: TcpStream, got: &Got, answer: &str, chunked: bool) {
    let mut writer = client.try_clone().unwrap();
    let mut reader = BufReader::new(client);
    while let Some((first, _, body)) = read(&mut reader).unwrap() {
        got.lock().unwrap().push((first, String::from_utf8(body).unwrap()));
        let said = if chunked {
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{answer}\r\n0\r\n\r\n", answer.len())
        } else {
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())
        };
        writer.write_all(said.as_bytes()).unwrap();
    }
}

/// First line, headers, and as much of the body as comes; `None` where the other side has closed.
fn read(from: &mut BufReader<TcpStream>) -> Result<Option<(String, String, Vec<u8>)>> {
    let (mut first, mut headers) = (String::new(), String::new());
    if from.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    while !headers.ends_with("\r\n\r\n") && headers != "\r\n" {
        from.read_line(&mut headers)?;
    }
    let length =
        headers.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse()));
    let mut body = Vec::new();
    from.take(length.transpose()?.unwrap_or(0)).read_to_end(&mut body)?;
    Ok(Some((first.trim_end().to_owned(), headers, body)))
}

/// A connection to the proxy.
pub(super) struct Client(BufReader<TcpStream>);

impl Client {
    pub(super) fn of(endpoint: &str) -> Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(endpoint.trim_start_matches("http://"))?)))
    }

    /// Status, headers and body of the answer; `None` where the proxy closed instead.
    pub(super) fn ask(&mut self, first: &str, headers: &str, body: &str) -> Result<Option<(u16, String, String)>> {
        let request = format!("{first} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
        self.0.get_mut().write_all(request.as_bytes())?;
        let Some((first, headers, body)) = read(&mut self.0)? else { return Ok(None) };
        let status = first.split(' ').nth(1).context("no status")?.parse()?;
        Ok(Some((status, headers, String::from_utf8(body)?)))
    }

    /// A call of an AWS service that speaks JSON.
    pub(super) fn call(&mut self, target: &str, body: &str) -> Result<Option<(u16, String, String)>> {
        self.ask("POST /", &format!("x-amz-target: {target}\r\ncontent-type: application/x-amz-json-1.0\r\n"), body)
    }
}
