//! Databases in a directory.
//!
//! ```text
//! DIR/lock                 held while a process has the directory open
//! DIR/base/NAME/manifest   the last checkpoint
//! DIR/base/NAME/segments/  its segments, named by their content
//! DIR/base/NAME/log        records since
//! ```
//!
//! Appends go to the operating system at once and to the disk when [`Files::sync`] is called: once for all commits of one
//! turn of the server (group commit). A checkpoint writes its segments, then the manifest under another name, then renames
//! it, then empties the log; a crash between any two steps leaves the old or the new state.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use tusklet_engine::database::{Cluster, Environment};
use tusklet_error::{Error, SqlState};
use tusklet_storage::{Checkpoint, LogSink, Lsn, Segment, SegmentName, Store};

/// The system clock and generator.
pub struct System;

impl Environment for System {
    fn now(&self) -> i64 {
        const EPOCH_2000: i64 = 946_684_800_000_000;
        let unix = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        unix.map_or(0, |d| d.as_micros() as i64) - EPOCH_2000
    }

    fn entropy(&self) -> u64 {
        let mut b = [0; 8];
        if let Ok(mut f) = File::open("/dev/urandom") {
            if f.read_exact(&mut b).is_ok() {
                return u64::from_le_bytes(b);
            }
        }
        // No such device: the hasher's seed is random per process.
        use std::hash::{BuildHasher, Hasher};
        std::collections::hash_map::RandomState::new().build_hasher().finish()
    }
}

/// Makes an empty data directory.
pub fn init(dir: &Path) -> Result<(), String> {
    let shown = dir.display();
    if dir.join("base").exists() {
        return Err(format!("data directory \"{shown}\" is initialised already"));
    }
    fs::create_dir_all(dir.join("base")).map_err(|e| format!("could not create data directory \"{shown}\": {e}"))
}

/// A data directory, locked for this process.
pub struct Files {
    dir: PathBuf,
    open: RefCell<Vec<Weak<RefCell<Log>>>>,
    _lock: File,
}

struct Log {
    file: File,
    dir: PathBuf,
    appended: Lsn,
    durable: Lsn,
    failed: Option<Error>,
}

/// A database's directory name: anything that is no plain word in hexadecimal.
fn directory_name(name: &str) -> String {
    name.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b == b'_' || b == b'-' { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn database_name(dir: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = dir.bytes();
    while let Some(b) = bytes.next() {
        if b == b'%' {
            let hex = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
        } else {
            out.push(b);
        }
    }
    String::from_utf8(out).ok()
}

impl Files {
    /// Opens a data directory, making it when it is not there, and every database in it.
    pub fn open(dir: &Path, kernels: tusklet_engine::KernelTable) -> Result<(Rc<Files>, Rc<Cluster>), String> {
        let shown = dir.display().to_string();
        if !dir.join("base").exists() {
            init(dir)?;
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(dir.join("lock"))
            .map_err(|e| format!("could not open data directory \"{shown}\": {e}"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!("data directory \"{shown}\" is in use by another process"));
            }
            Err(TryLockError::Error(e)) => return Err(format!("could not lock data directory \"{shown}\": {e}")),
        }
        let files = Rc::new(Files { dir: dir.to_path_buf(), open: RefCell::default(), _lock: lock });
        let (a, b) = (files.clone(), files.clone());
        let cluster = Cluster::new(
            Rc::new(System),
            kernels,
            Box::new(move |name| a.create(name).map(|s| s as Box<dyn LogSink>)),
            Box::new(move |name| b.remove(name)),
        );
        let entries = fs::read_dir(dir.join("base")).map_err(|e| format!("could not read \"{shown}\": {e}"))?;
        for entry in entries {
            let entry = entry.map_err(|e| format!("could not read \"{shown}\": {e}"))?;
            let Some(name) = entry.file_name().to_str().and_then(database_name) else { continue };
            files.recover(&cluster, &name).map_err(|e| format!("could not open database \"{name}\": {e}"))?;
        }
        if cluster.database("postgres").is_none() {
            cluster.create_database("postgres").map_err(|e| e.to_string())?;
            files.sync();
        }
        Ok((files, cluster))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join("base").join(directory_name(name))
    }

    fn create(&self, name: &str) -> tusklet_error::Result<Box<Sink>> {
        let dir = self.path(name);
        fs::create_dir_all(dir.join("segments")).map_err(|e| io("create directory", &dir, &e))?;
        let log = dir.join("log");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&log)
            .map_err(|e| io("open", &log, &e))?;
        let shared = Rc::new(RefCell::new(Log { file, dir, appended: Lsn(0), durable: Lsn(0), failed: None }));
        self.open.borrow_mut().push(Rc::downgrade(&shared));
        Ok(Box::new(Sink(shared)))
    }

    fn remove(&self, name: &str) -> tusklet_error::Result<()> {
        let dir = self.path(name);
        fs::remove_dir_all(&dir).map_err(|e| io("remove", &dir, &e))
    }

    fn recover(&self, cluster: &Rc<Cluster>, name: &str) -> tusklet_error::Result<()> {
        let dir = self.path(name);
        let manifest = match fs::read(dir.join("manifest")) {
            Ok(b) => Some(b),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Err(io("read", &dir.join("manifest"), &e)),
        };
        let sink = self.create(name)?;
        let shared = sink.0.clone();
        let mut log = Vec::new();
        let log_path = dir.join("log");
        shared.borrow_mut().file.read_to_end(&mut log).map_err(|e| io("read", &log_path, &e))?;
        let (store, found) = Store::open(sink, manifest.as_deref(), &log)?;
        {
            let mut l = shared.borrow_mut();
            // A record cut off by the crash goes; the next one starts where it started.
            l.file.set_len(found.valid_bytes as u64).map_err(|e| io("truncate", &log_path, &e))?;
            l.file.seek(SeekFrom::End(0)).map_err(|e| io("seek", &log_path, &e))?;
            l.appended = found.last;
            l.durable = found.last;
        }
        cluster.add(name, Rc::new(store))?;
        Ok(())
    }

    /// Makes everything appended durable. Whether there was anything.
    pub fn sync(&self) -> bool {
        let mut any = false;
        self.open.borrow_mut().retain(|w| {
            let Some(l) = w.upgrade() else { return false };
            let mut l = l.borrow_mut();
            if l.appended > l.durable && l.failed.is_none() {
                any = true;
                match l.file.sync_data() {
                    Ok(()) => l.durable = l.appended,
                    Err(e) => l.failed = Some(io("sync", &l.dir.join("log"), &e)),
                }
            }
            true
        });
        any
    }
}

/// 58030, or 53100 for a full disk.
fn io(what: &str, path: &Path, e: &std::io::Error) -> Error {
    let code = match e.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => SqlState::DISK_FULL,
        _ => SqlState::IO_ERROR,
    };
    Error::new(code, format!("could not {what} \"{}\": {e}", path.display()))
}

/// One database's log and checkpoints.
struct Sink(Rc<RefCell<Log>>);

impl LogSink for Sink {
    fn append(&mut self, lsn: Lsn, record: &[u8]) -> tusklet_error::Result<()> {
        let mut l = self.0.borrow_mut();
        let at = l.file.stream_position().unwrap_or(0);
        if let Err(e) = l.file.write_all(record) {
            let error = io("write", &l.dir.join("log"), &e);
            // Half a record must not stay in front of the next one.
            if l.file.set_len(at).is_err() || l.file.seek(SeekFrom::Start(at)).is_err() {
                l.failed = Some(error.clone());
            }
            return Err(error);
        }
        l.appended = lsn;
        Ok(())
    }

    fn durable(&self) -> Lsn {
        self.0.borrow().durable
    }

    fn failed(&self) -> Option<Error> {
        self.0.borrow().failed.clone()
    }

    fn checkpoint(&mut self, c: Checkpoint<'_>) -> tusklet_error::Result<()> {
        let mut l = self.0.borrow_mut();
        let segments = l.dir.join("segments");
        let write = |path: &Path, bytes: &[u8]| -> tusklet_error::Result<()> {
            let mut f = File::create(path).map_err(|e| io("create", path, &e))?;
            f.write_all(bytes).and_then(|()| f.sync_all()).map_err(|e| io("write", path, &e))
        };
        for (name, bytes) in c.segments {
            write(&segments.join(name.to_string()), bytes)?;
        }
        let (new, manifest) = (l.dir.join("manifest.new"), l.dir.join("manifest"));
        write(&new, c.manifest)?;
        fs::rename(&new, &manifest).map_err(|e| io("rename", &new, &e))?;
        if let Ok(d) = File::open(&l.dir) {
            d.sync_all().map_err(|e| io("sync", &l.dir, &e))?;
        }
        let log = l.dir.join("log");
        l.file.set_len(0).map_err(|e| io("truncate", &log, &e))?;
        l.file.rewind().map_err(|e| io("seek", &log, &e))?;
        l.durable = l.appended;
        let keep: Vec<String> = c.keep.iter().map(ToString::to_string).collect();
        if let Ok(list) = fs::read_dir(&segments) {
            for e in list.flatten() {
                let name = e.file_name().to_string_lossy().into_owned();
                if !keep.contains(&name) && !c.segments.iter().any(|(n, _)| n.to_string() == name) {
                    // A left-over costs space only; the next checkpoint tries again.
                    let _ = fs::remove_file(e.path());
                }
            }
        }
        Ok(())
    }

    fn load_segment(&mut self, name: SegmentName) -> tusklet_error::Result<Segment> {
        let path = self.0.borrow().dir.join("segments").join(name.to_string());
        fs::read(&path).map(Segment::Ready).map_err(|e| io("read", &path, &e))
    }
}
