//! The engine in this process, through its protocol bytes.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use tusklet_engine::database::{Cluster, Environment};
use tusklet_engine::protocol::{Connection, Wait};

use crate::target::{Link, Received, Target};

/// Makes a new engine for every file.
#[derive(Default)]
pub struct Native {
    cluster: Option<Rc<Cluster>>,
}

/// The real clock, and numbers that are the same every time.
struct World {
    seed: Cell<u64>,
}

/// Seconds from 1970 to 2000.
const EPOCH: i64 = 946_684_800;

impl Environment for World {
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_micros() as i64 - EPOCH * 1_000_000
    }

    fn entropy(&self) -> u64 {
        let (state, z) = crate::split_mix(self.seed.get());
        self.seed.set(state);
        z
    }
}

fn failed(e: tusklet_error::Error) -> io::Error {
    io::Error::other(e.to_string())
}

impl Target for Native {
    fn fresh(&mut self) -> io::Result<String> {
        let world = Rc::new(World { seed: Cell::new(15) });
        self.cluster = Some(Cluster::in_memory(world, tusklet_functions::KERNELS).map_err(failed)?);
        Ok("postgres".into())
    }

    fn drop(&mut self, _database: &str) {
        self.cluster = None;
    }

    fn connect(&mut self, _database: &str) -> io::Result<Box<dyn Link>> {
        let cluster = self.cluster.clone().ok_or_else(|| io::Error::other("no engine"))?;
        Ok(Box::new(Direct { connection: Connection::new(cluster) }))
    }
}

struct Direct {
    connection: Connection,
}

impl Link for Direct {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.feed(bytes);
        Ok(())
    }

    fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<Received> {
        loop {
            let wait = self.connection.run();
            if self.connection.has_output() {
                into.extend(self.connection.take_output());
                return Ok(Received::Data);
            }
            match wait {
                Wait::Turn => {}
                Wait::Lock => return Ok(Received::Blocked),
                Wait::Closed => return Ok(Received::Closed),
                other => return Err(io::Error::other(format!("the engine has nothing to say and waits for {other:?}"))),
            }
        }
    }
}
