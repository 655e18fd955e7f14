//! Connections with bounds on their number, time and bytes, so that slow or many clients neither pile up nor keep a probe from its answer.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::{Sleep, sleep},
};

/// Most connections at a time. One more closes the oldest: a probe takes milliseconds, so the oldest is the one that hangs.
pub const MAX_CONNECTIONS: usize = 32;
/// Longest life of a connection, which is for one request: 10 s.
pub const MAX_CONNECTION_TIME: Duration = Duration::from_secs(10);
/// Most bytes of a request: 16 KiB, headers included. Nobody sends a body here.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// Accepts connections within bounds.
#[derive(Debug)]
pub(super) struct Bounded {
    listener: TcpListener,
    /// Sending to one cuts its connection. The oldest stands first.
    open: VecDeque<oneshot::Sender<()>>,
    max_time: Duration,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener, max_time: Duration) -> Self {
        Self { listener, open: VecDeque::new(), max_time }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        self.open.retain(|connection| !connection.is_closed());
        while self.open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = self.open.pop_front()
        {
            // It may have ended by itself.
            let _ = oldest.send(());
        }
        let (cut, is_cut) = oneshot::channel();
        self.open.push_back(cut);
        (Connection { stream, is_cut: Some(is_cut), end: Box::pin(sleep(self.max_time)), bytes_left: MAX_REQUEST_BYTES }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends by itself.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// Missing once nobody is left who could cut it: the server stops, and this answer is finished.
    is_cut: Option<oneshot::Receiver<()>>,
    end: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl Connection {
    /// An error once its time is over or its place was needed.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let asked = self.is_cut.as_mut().map(|is_cut| Pin::new(is_cut).poll(context));
        if let Some(Poll::Ready(Err(_))) = asked {
            self.is_cut = None;
        }
        let cut = matches!(asked, Some(Poll::Ready(Ok(()))));
        if cut || self.end.as_mut().poll(context).is_ready() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => self.bytes_left = left,
            None => return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into())),
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
