//! A tunnel on loopback that remembers what a client sends: for request headers that an emulator drops.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::{Context, Result};

/// A tunnel to one server. Connections end with their client or server.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
}

/// What came over one connection.
type Sent = Arc<Mutex<Vec<u8>>>;

impl Recorder {
    /// Opens a tunnel on a free port to `endpoint`, as `http://127.0.0.1:<port>`.
    ///
    /// # Errors
    /// Where the endpoint is no address or no port is free.
    pub fn before(endpoint: &str) -> Result<Self> {
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let server: SocketAddr = host.parse().with_context(|| format!("{endpoint} is no address"))?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let sent = Arc::<Mutex<Vec<Sent>>>::default();
        let all = Arc::clone(&sent);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(to_server) = TcpStream::connect(server) else { continue };
                let kept = Sent::default();
                all.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&kept));
                let ways = (client.try_clone(), to_server.try_clone());
                let (Ok(from_client), Ok(from_server)) = ways else { continue };
                thread::spawn(move || pass(from_client, to_server, Some(&kept)));
                thread::spawn(move || pass(from_server, client, None));
            }
        });
        Ok(Self { address, sent })
    }

    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of the requests so far whose first line holds `word`: that line and the headers, names in lower case.
    pub fn heads(&self, word: &str) -> Vec<String> {
        let connections = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let mut heads = Vec::new();
        for connection in connections.iter() {
            let bytes = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let text = String::from_utf8_lossy(&bytes);
            for part in text.split("\r\n\r\n") {
                // What stands before the first line is the end of the body before it.
                let begins = ["GET /", "HEAD /", "PUT /", "POST /", "DELETE /"].iter().filter_map(|verb| part.rfind(verb)).max();
                let Some(head) = begins.and_then(|at| part.get(at..)) else { continue };
                let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
                if line.contains(word) && line.ends_with("HTTP/1.1") {
                    heads.push(format!("{line}\n{}", headers.to_ascii_lowercase()));
                }
            }
        }
        heads
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, kept: Option<&Mutex<Vec<u8>>>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let some = buffer.get(..read).unwrap_or_default();
        if let Some(kept) = kept {
            kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(some);
        }
        if to.write_all(some).is_err() {
            break;
        }
    }
    // One of both may be closed already.
    let _ = to.shutdown(Shutdown::Write);
}
