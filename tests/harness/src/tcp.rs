//! Targets behind a socket: the oracle, and any server of ours.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::run::Session;
use crate::target::{Link, Received, Target};

/// How long any statement may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Silence after which one of ours is asked for a sign of life: it runs a statement until that waits before it looks at what came
/// later, so when it answers another session the silent one waits for a lock.
const SILENCE: Duration = Duration::from_millis(400);
/// Silence after which the oracle is asked.
const ASK: Duration = Duration::from_millis(60);

/// A server at an address.
pub struct Server {
    /// `host:port`.
    pub address: String,
    /// Whether it is PostgreSQL: its view of waiting sessions decides who is blocked.
    pub oracle: bool,
    /// Whether a database comes into being when one connects to it.
    implicit: bool,
    control: Option<Session>,
}

static NEXT: AtomicU32 = AtomicU32::new(1);

impl Server {
    /// A server of ours.
    pub fn ours(address: &str) -> Server {
        Server { address: address.into(), oracle: false, implicit: false, control: None }
    }

    /// A server of ours where a connection's database makes itself.
    pub fn bridge(address: &str) -> Server {
        Server { implicit: true, ..Server::ours(address) }
    }

    /// PostgreSQL.
    pub fn oracle(address: &str) -> Server {
        Server { address: address.into(), oracle: true, implicit: false, control: None }
    }

    fn control(&mut self) -> io::Result<&mut Session> {
        if self.control.is_none() {
            let link = self.connect("postgres")?;
            self.control = Some(Session::open(link, "postgres", &[])?);
        }
        self.control.as_mut().ok_or_else(|| io::Error::other("no control session"))
    }

    fn command(&mut self, sql: &str) -> io::Result<()> {
        let answer = self.control()?.simple(sql)?;
        match answer.iter().find(|l| l.starts_with("ERROR")) {
            Some(error) => Err(io::Error::other(format!("{sql}: {error}"))),
            None => Ok(()),
        }
    }
}

impl Target for Server {
    fn fresh(&mut self) -> io::Result<String> {
        let name = format!("golden_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        if self.implicit {
            return Ok(name);
        }
        let template = if self.oracle { " TEMPLATE template0" } else { "" };
        self.command(&format!("CREATE DATABASE {name}{template}"))?;
        Ok(name)
    }

    fn drop(&mut self, database: &str) {
        if self.implicit {
            return;
        }
        let force = if self.oracle { " WITH (FORCE)" } else { "" };
        // A database left behind costs nothing but space; the run's result does not depend on it.
        let _ = self.command(&format!("DROP DATABASE {database}{force}"));
    }

    fn connect(&mut self, _database: &str) -> io::Result<Box<dyn Link>> {
        let stream = TcpStream::connect(&self.address)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", self.address)))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ASK))?;
        let (address, oracle) = (self.address.clone(), self.oracle);
        Ok(Box::new(Socket { stream, address, oracle, asker: None, pid: 0, blockable: false }))
    }

    fn settings(&self) -> &[(&str, &str)] {
        // Deadlocks are found by the session that closes the circle, as ours are, when the others have looked before it came to that.
        if self.oracle { &[("deadlock_timeout", "20ms"), ("lc_messages", "C")] } else { &[] }
    }
}

struct Socket {
    stream: TcpStream,
    address: String,
    oracle: bool,
    /// A session beside this one, to ask about it.
    asker: Option<Box<Session>>,
    pid: i32,
    blockable: bool,
}

impl Socket {
    fn blocked(&mut self, silent: Duration) -> io::Result<bool> {
        if !self.blockable {
            return Ok(false);
        }
        if !self.oracle && silent < SILENCE {
            return Ok(false);
        }
        if self.asker.is_none() {
            let mut server = if self.oracle { Server::oracle(&self.address) } else { Server::ours(&self.address) };
            self.asker = Some(Box::new(Session::open(server.connect("postgres")?, "postgres", &[])?));
        }
        let Some(asker) = &mut self.asker else { return Ok(false) };
        if !self.oracle {
            return Ok(!asker.simple("SELECT 1")?.is_empty());
        }
        let sql = format!("SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = {}", self.pid);
        Ok(asker.simple(&sql)?.iter().any(|l| l == "t"))
    }
}

impl Link for Socket {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<Received> {
        let start = Instant::now();
        let mut seen = 0;
        let mut chunk = [0; 65536];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Received::Closed),
                Ok(n) => {
                    into.extend_from_slice(&chunk[..n]);
                    return Ok(Received::Data);
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    // Twice in a row: a lock just granted still shows for a moment.
                    seen = if self.blocked(start.elapsed())? { seen + 1 } else { 0 };
                    if seen >= 2 {
                        return Ok(Received::Blocked);
                    }
                    if start.elapsed() > PATIENCE {
                        return Err(io::Error::new(ErrorKind::TimedOut, "no answer in a minute"));
                    }
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::ConnectionReset => return Ok(Received::Closed),
                Err(e) => return Err(e),
            }
        }
    }

    fn served_by(&mut self, pid: i32) {
        self.pid = pid;
    }

    fn may_block(&mut self) {
        self.blockable = true;
    }
}
