//! The server: one thread runs the engine, two per client move bytes.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tusklet_engine::database::Cluster;
use tusklet_engine::protocol::{Connection, Wait};

use crate::files::{Files, System};

enum Event {
    Connected(TcpStream),
    Bytes(u64, Vec<u8>),
    Gone(u64),
    /// What was queued for a client has been sent.
    Sent(u64),
}

struct Client {
    connection: Connection,
    write: Sender<Vec<u8>>,
    stream: TcpStream,
    wait: Wait,
    /// Output handed over and not yet sent.
    sending: bool,
}

/// Log size at which a checkpoint is taken.
const CHECKPOINT_BYTES: u64 = 64 << 20;

/// Serves until the process is ended.
pub fn serve(address: &str, data: Option<&Path>) -> Result<(), String> {
    let (files, cluster) = match data {
        Some(dir) => {
            let (f, c) = Files::open(dir, tusklet_functions::KERNELS)?;
            (Some(f), c)
        }
        None => {
            let c = Cluster::in_memory(std::rc::Rc::new(System), tusklet_functions::KERNELS).map_err(|e| e.to_string())?;
            (None, c)
        }
    };
    let listener = TcpListener::bind(address).map_err(|e| match e.kind() {
        std::io::ErrorKind::AddrInUse => format!("{address} is in use by another process; choose another with --listen"),
        std::io::ErrorKind::PermissionDenied => format!("no permission to listen on {address}"),
        _ => format!("could not listen on {address}: {e}"),
    })?;
    let shown = listener.local_addr().map_or_else(|_| address.to_string(), |a| a.to_string());
    println!("tusklet is listening on {shown}");
    let _ = std::io::stdout().flush();
    let (send, events) = channel();
    let accept = send.clone();
    std::thread::spawn(move || {
        for s in listener.incoming().flatten() {
            if accept.send(Event::Connected(s)).is_err() {
                return;
            }
        }
    });
    run(cluster, files, send, events)
}

fn run(
    cluster: std::rc::Rc<Cluster>,
    files: Option<std::rc::Rc<Files>>,
    send: Sender<Event>,
    events: Receiver<Event>,
) -> Result<(), String> {
    let mut clients: BTreeMap<u64, Client> = BTreeMap::new();
    let mut next = 0u64;
    loop {
        let busy = clients.values().any(|c| c.wait == Wait::Turn && !c.sending);
        let timed = clients.values().any(|c| matches!(c.wait, Wait::Lock));
        let first = if busy {
            events.try_recv().ok()
        } else if timed {
            events.recv_timeout(Duration::from_millis(20)).ok()
        } else {
            match events.recv() {
                Ok(e) => Some(e),
                Err(_) => return Ok(()),
            }
        };
        let mut batch: Vec<Event> = first.into_iter().collect();
        while let Ok(e) = events.try_recv() {
            batch.push(e);
            if batch.len() > 1000 {
                break;
            }
        }
        for e in batch {
            match e {
                Event::Connected(stream) => {
                    next += 1;
                    if let Some(c) = client(&cluster, stream, next, &send) {
                        clients.insert(next, c);
                    }
                }
                Event::Bytes(id, bytes) => {
                    if let Some(c) = clients.get_mut(&id) {
                        c.connection.feed(&bytes);
                        if c.wait == Wait::Input {
                            c.wait = Wait::Turn;
                        }
                    }
                }
                Event::Gone(id) => {
                    clients.remove(&id);
                }
                Event::Sent(id) => {
                    if let Some(c) = clients.get_mut(&id) {
                        c.sending = false;
                    }
                }
            }
        }
        turn(&cluster, files.as_deref(), &mut clients);
    }
}

/// Lets every client that can do something do it, until nobody can without time passing.
fn turn(cluster: &Cluster, files: Option<&Files>, clients: &mut BTreeMap<u64, Client>) {
    loop {
        let mut progress = false;
        let ids: Vec<u64> = clients.keys().copied().collect();
        for id in ids {
            let Some(c) = clients.get_mut(&id) else { continue };
            if c.sending || c.wait == Wait::Input && !c.connection.has_output() {
                c.connection.poll();
                if !c.connection.has_output() {
                    continue;
                }
            }
            let before = c.wait;
            // A panic is a bug of the engine: it ends the session it happened in, whose transaction rolls back, not the others.
            let ran = catch_unwind(AssertUnwindSafe(|| c.connection.run()));
            c.wait = match ran {
                Ok(wait) => wait,
                Err(_) => {
                    let _ = c.write.send(broken());
                    let _ = c.stream.shutdown(std::net::Shutdown::Read);
                    if let Some(c) = clients.remove(&id) {
                        // Closing what the panic left half done may fail in the same way.
                        let _ = catch_unwind(AssertUnwindSafe(move || drop(c)));
                    }
                    progress = true;
                    continue;
                }
            };
            progress |= c.wait != before && matches!(before, Wait::Lock | Wait::Log(_));
            if let Some((pid, secret)) = c.connection.cancel.take() {
                for other in clients.values_mut() {
                    if let Some(s) = other.connection.session() {
                        if s.shared.id == pid && s.shared.secret == secret {
                            s.shared.cancelled.set(true);
                        }
                    }
                }
            }
            let Some(c) = clients.get_mut(&id) else { continue };
            // Answers to a commit go out only when it is durable: they stay in the output until the sync below.
            let held = matches!(c.wait, Wait::Log(_));
            if c.connection.has_output() && !held {
                let full = c.wait == Wait::Output;
                if c.write.send(c.connection.take_output()).is_err() {
                    clients.remove(&id);
                    continue;
                }
                c.sending = full;
                if full {
                    c.wait = Wait::Turn;
                }
            }
            if c.wait == Wait::Closed {
                let _ = c.stream.shutdown(std::net::Shutdown::Read);
                clients.remove(&id);
                progress = true;
            }
        }
        let synced = files.is_some_and(Files::sync);
        let waiting_for_log = clients.values().any(|c| matches!(c.wait, Wait::Log(_)));
        if let (true, Some(_)) = (synced, files) {
            for db in cluster.databases() {
                if db.store.log_bytes() > CHECKPOINT_BYTES {
                    if let Err(e) = db.store.checkpoint() {
                        eprintln!("tusklet: checkpoint failed: {e}");
                    }
                }
            }
        }
        if !(progress || synced || waiting_for_log) {
            return;
        }
    }
}

/// The message a client gets whose session broke: FATAL, `XX000`.
fn broken() -> Vec<u8> {
    let mut body = Vec::new();
    for (field, text) in
        [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', "XX000"), (b'M', "the session ended because of an internal error")]
    {
        body.push(field);
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    body.push(0);
    let mut out = vec![b'E'];
    out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    out.extend_from_slice(&body);
    out
}

fn client(cluster: &std::rc::Rc<Cluster>, stream: TcpStream, id: u64, events: &Sender<Event>) -> Option<Client> {
    stream.set_nodelay(true).ok()?;
    let mut reader = stream.try_clone().ok()?;
    let mut writer = stream.try_clone().ok()?;
    let (write, queue) = channel::<Vec<u8>>();
    let to_engine = events.clone();
    std::thread::spawn(move || {
        let mut buf = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buf) {
                Ok(0) | Err(_) => break,
                Ok(n) => {
                    if to_engine.send(Event::Bytes(id, buf[..n].to_vec())).is_err() {
                        return;
                    }
                }
            }
        }
        let _ = to_engine.send(Event::Gone(id));
    });
    let to_engine = events.clone();
    std::thread::spawn(move || {
        for bytes in queue {
            if writer.write_all(&bytes).is_err() {
                break;
            }
            if to_engine.send(Event::Sent(id)).is_err() {
                return;
            }
        }
        let _ = writer.shutdown(std::net::Shutdown::Write);
    });
    Some(Client { connection: Connection::new(cluster.clone()), write, stream, wait: Wait::Turn, sending: false })
}
