//! A server on loopback that answers what a test has written down and remembers what it was asked: for headers that emulators drop and
//! for answers that they never give.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use aws_sdk_s3::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};

use super::S3Bucket;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method and target.
    pub(crate) line: String,
    headers: BTreeMap<String, String>,
    /// The body as text.
    pub(crate) body: String,
}

impl Request {
    /// A header's value; empty where it was not sent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    announced_bytes: Option<usize>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.as_bytes().to_vec(), announced_bytes: None }
    }

    pub(crate) fn ok(body: &str) -> Self {
        Self::new(200, body)
    }

    /// An error as S3 writes it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, &format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Announces another length than is sent, as a connection that breaks off and as HEAD do.
    pub(crate) fn announcing(mut self, bytes: usize) -> Self {
        self.announced_bytes = Some(bytes);
        self
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let announced_bytes = self.announced_bytes.unwrap_or(self.body.len());
        write!(stream, "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {announced_bytes}\r\n", self.status)?;
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        stream.write_all(b"\r\n")?;
        stream.write_all(&self.body)?;
        stream.flush()
    }
}

/// The server. It closes after its last answer, so that one question too many fails.
#[derive(Debug)]
pub(crate) struct Scripted {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Scripted {
    pub(crate) fn answering(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let request = receive(&stream);
                seen.lock().unwrap().push(request);
                reply.send(&mut stream).unwrap();
            }
        });
        Self { address, requests }
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The bucket `audit` below the prefix `org` on this server.
    pub(crate) fn bucket(&self, kms_key_arn: Option<&str>) -> S3Bucket {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(self.endpoint())
            .force_path_style(true)
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .credentials_provider(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
            .build();
        S3Bucket::with_client(Client::from_conf(config), "audit", "org", kms_key_arn)
    }
}

fn receive(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Request { line, headers, body: String::from_utf8_lossy(&body).into_owned() }
}
