//! One connection of a client, and the connection to the server behind it.

use std::{
    io::{self, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use super::{Fault, Request, Seen, Shared, Side, Whom, answers, http::Message, signal};

/// Pieces that a slow body comes in.
const SLOW_PIECES: usize = 10;

/// Why a connection ends.
struct Closed;

impl From<io::Error> for Closed {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// Serves a client until it or a fault closes the connection.
pub(super) fn connection(client: TcpStream, shared: &Shared, door: &str, process: &AtomicU32) {
    // Small answers are not to wait for others.
    let ways = client.set_nodelay(true).and_then(|()| client.try_clone());
    let Ok(reader) = ways else { return };
    let mut line = Line { reader: BufReader::new(reader), client, server: None, shared, door, process };
    while line.exchange().is_ok() {}
}

struct Line<'a> {
    reader: BufReader<TcpStream>,
    client: TcpStream,
    server: Option<Server>,
    shared: &'a Shared,
    door: &'a str,
    process: &'a AtomicU32,
}

/// What a fault makes of an exchange.
enum Struck {
    /// It goes on.
    GoOn,
    /// This is the answer.
    Answer(Message),
    /// There is no answer; the connection ends.
    Close,
}

/// What the client gets.
enum Outcome {
    Whole(Message),
    Half(Message),
    Slowly(Message, Duration),
    Nothing,
}

impl Line<'_> {
    /// One request and its answer.
    fn exchange(&mut self) -> Result<(), Closed> {
        let client = &mut self.client;
        let go_on = || client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        let mut message = Message::request(&mut self.reader, go_on)?.ok_or(Closed)?;
        let request = Request::of(&message);
        let struck = self.shared.arrives(&request, self.door);
        let fault = struck.as_ref().map(|(_, fault)| fault.clone());
        let mut status = 0;
        let outcome = self.outcome(&mut message, &request, struck, &mut status);
        // Remembered before the client hears of it.
        self.shared.remember(Seen { request, door: self.door.to_owned(), status, fault });
        let closes = self.deliver(outcome?)?;
        if closes || message.closes() { Err(Closed) } else { Ok(()) }
    }

    fn outcome(
        &mut self,
        message: &mut Message,
        request: &Request,
        struck: Option<(Side, Fault)>,
        status: &mut u16,
    ) -> Result<Outcome, Closed> {
        let method = message.method().to_owned();
        let mut failed = None;
        match &struck {
            Some((_, Fault::SomeFail(code))) => match answers::take_out(message, code, &mut self.shared.state().random) {
                Some((entries, false)) => return Ok(Outcome::Whole(answers::with_failed(None, entries))),
                taken => failed = taken.map(|(entries, _)| entries),
            },
            Some((Side::Before, fault)) => match self.strike(fault, request) {
                Struck::GoOn => {}
                Struck::Answer(error) => return Ok(Outcome::Whole(without_body_for(&method, error))),
                Struck::Close => return Ok(Outcome::Nothing),
            },
            _ => {}
        }
        let mut answer = self.forward(message, &method)?;
        *status = answer.status();
        if let Some(failed) = failed {
            answer = answers::with_failed(Some(answer), failed);
        }
        Ok(match struck {
            Some((_, Fault::Truncated)) => Outcome::Half(answer),
            Some((_, Fault::Slow(pause))) => Outcome::Slowly(answer, pause),
            Some((Side::After, fault)) => match self.strike(&fault, request) {
                Struck::GoOn => Outcome::Whole(answer),
                Struck::Answer(error) => Outcome::Whole(without_body_for(&method, error)),
                Struck::Close => Outcome::Nothing,
            },
            _ => Outcome::Whole(answer),
        })
    }

    /// Answers the client; `true` if the connection is to be closed then.
    fn deliver(&mut self, outcome: Outcome) -> Result<bool, Closed> {
        match outcome {
            Outcome::Whole(answer) => {
                answer.send(&mut self.client)?;
                Ok(answer.closes())
            }
            Outcome::Half(answer) => {
                self.client.write_all(&answer.head())?;
                self.client.write_all(answer.body.get(..answer.body.len() / 2).unwrap_or_default())?;
                Ok(true)
            }
            Outcome::Slowly(answer, pause) => {
                self.client.write_all(&answer.head())?;
                for piece in answer.body.chunks(answer.body.len().div_ceil(SLOW_PIECES).max(1)) {
                    wait(pause);
                    self.client.write_all(piece)?;
                }
                Ok(answer.closes())
            }
            Outcome::Nothing => Ok(true),
        }
    }

    fn strike(&self, fault: &Fault, request: &Request) -> Struck {
        match fault {
            Fault::Kill(whom) => {
                self.signal("KILL", *whom);
                return Struck::Close;
            }
            Fault::Reset => return Struck::Close,
            Fault::SlowDown => return Struck::Answer(answers::slow_down(request)),
            Fault::Denied => return Struck::Answer(answers::denied(request)),
            Fault::KeyDenied => return Struck::Answer(answers::key_denied()),
            Fault::Throttled => return Struck::Answer(answers::throttled(request)),
            Fault::Stop(whom) => self.signal("STOP", *whom),
            Fault::Delay(time) => wait(*time),
            Fault::Truncated | Fault::Slow(_) | Fault::SomeFail(_) => {}
        }
        Struck::GoOn
    }

    fn signal(&self, name: &str, whom: Whom) {
        let process = match whom {
            Whom::Sender => self.process.load(Ordering::Acquire),
            Whom::Process(process) => process,
        };
        // It may have ended by itself.
        let _ = signal(name, process);
    }

    /// Asks the server. A kept connection that it closed meanwhile is opened again.
    fn forward(&mut self, message: &Message, method: &str) -> Result<Message, Closed> {
        if let Some(server) = &mut self.server
            && let Ok(Some(answer)) = server.ask(message, method)
        {
            self.keep_unless(answer.closes());
            return Ok(answer);
        }
        let mut server = Server::connect(self.shared.server)?;
        let answer = server.ask(message, method)?.ok_or(Closed)?;
        self.server = Some(server);
        self.keep_unless(answer.closes());
        Ok(answer)
    }

    fn keep_unless(&mut self, closes: bool) {
        if closes {
            self.server = None;
        }
    }
}

/// An error as an answer to this method: HEAD has no bodies.
fn without_body_for(method: &str, mut error: Message) -> Message {
    if method == "HEAD" {
        error.body.clear();
    }
    error
}

#[expect(clippy::disallowed_methods, reason = "being slow is the fault; each connection has a thread of its own")]
fn wait(time: Duration) {
    thread::sleep(time);
}

/// A connection to the server.
struct Server {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

impl Server {
    fn connect(address: SocketAddr) -> io::Result<Self> {
        let writer = TcpStream::connect(address)?;
        writer.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(writer.try_clone()?), writer })
    }

    /// `None` where it closed the connection before it answered.
    fn ask(&mut self, message: &Message, method: &str) -> io::Result<Option<Message>> {
        message.send(&mut self.writer)?;
        Message::response(&mut self.reader, method)
    }
}
