//! Large objects (`be-fsstubs.c`, `inv_api.c`, `pg_largeobject.c`).
//!
//! `pg_largeobject` and `pg_largeobject_metadata` are linked-in catalogs without rows until the first large object is made:
//! then they and their indexes become entries of the live catalog under their own OIDs, with files as any table has, and
//! what is read and written of large objects is read and written there by the engine's own statements. So versions,
//! savepoints, the log and checkpoints are the tables', and a database without large objects has nothing of all this.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{AclItem, ObjectAddress, ObjectClass};
use tusklet_catalog::resolve::SearchPath;
use tusklet_catalog::system::values;
use tusklet_error::{Error, Result, TryVec, bail, err, match_word};
use tusklet_ir::{Oid, Value};
use tusklet_storage::{LockMode, RelId, Snapshot};
use tusklet_vector::Datum;

use crate::commands::acl;
use crate::database::BOOTSTRAP_ROLE;
use crate::session::Shared;
use crate::system::{Env, privilege};

const TABLES: [Oid; 2] = [oids::RELATION_PG_LARGEOBJECT, oids::RELATION_PG_LARGEOBJECT_METADATA];
/// Bytes of a page (`LOBLKSIZE`).
const PAGE: i64 = 2048;
/// Most bytes of an object.
const MOST: i64 = i32::MAX as i64 * PAGE;
/// Most bytes of a value (`MaxAllocSize`).
const VALUE: i64 = 0x3FFF_FFFF;
const INV_WRITE: i32 = 0x20000;
const INV_READ: i32 = 0x40000;

/// An open large object.
#[derive(Clone)]
struct Descriptor {
    oid: Oid,
    write: bool,
    offset: i64,
    /// Savepoints there were when it was opened.
    level: usize,
    /// What it sees; when it can write, always the newest.
    snapshot: Option<Snapshot>,
}

/// What a session has of large objects.
#[derive(Default)]
pub(crate) struct LargeObjects {
    open: RefCell<Vec<Option<Descriptor>>>,
    /// A statement found them cold.
    pub cold: Cell<bool>,
}

impl LargeObjects {
    /// Closes what was opened since savepoint `level` (the first is 0), or since the transaction began.
    pub fn close(&self, level: Option<usize>) {
        let mut open = self.open.borrow_mut();
        match level {
            Some(n) => open.iter_mut().filter(|d| d.as_ref().is_some_and(|d| d.level > n)).for_each(|d| *d = None),
            None => open.clear(),
        }
    }

    /// Savepoint `level` is released: what was opened since belongs to the one before.
    pub fn lift(&self, level: usize) {
        self.open.borrow_mut().iter_mut().flatten().for_each(|d| d.level = d.level.min(level));
    }

    fn get(&self, fd: i32) -> Result<Descriptor> {
        let found = self.open.borrow().get(fd as usize).cloned().flatten();
        found.ok_or_else(|| err!(UNDEFINED_OBJECT, "invalid large-object descriptor: {fd}"))
    }

    fn to_write(&self, fd: i32) -> Result<Descriptor> {
        let d = self.get(fd)?;
        if !d.write {
            bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "large object descriptor {fd} was not opened for writing");
        }
        Ok(d)
    }

    fn put(&self, fd: i32, d: Option<Descriptor>) {
        if let Some(place) = self.open.borrow_mut().get_mut(fd as usize) {
            *place = d;
        }
    }

    fn add(&self, d: Descriptor) -> i32 {
        let mut open = self.open.borrow_mut();
        let n = open.iter().position(Option::is_none).unwrap_or(open.len());
        if n == open.len() {
            open.push(None);
        }
        open[n] = Some(d);
        n as i32
    }
}

fn missing(oid: Oid) -> Error {
    err!(UNDEFINED_OBJECT, "large object {oid} does not exist")
}

fn oid_value(oid: Oid) -> (Oid, Value) {
    (oids::OID, values::oid(oid))
}

fn number(n: i64) -> (Oid, Value) {
    (oids::INT4, Value::I32(n.min(i32::MAX as i64) as i32))
}

/// Runs one of the statements about them: as the system itself, by PostgreSQL's own names alone, under a snapshot or the
/// newest. A read-only transaction may do what it likes with large objects.
fn run(shared: &Shared, sql: &str, params: &[(Oid, Value)], snapshot: Option<&Snapshot>) -> Result<Vec<Vec<Value>>> {
    let snapshot = match snapshot {
        Some(s) => s.clone(),
        None => shared.tx()?.snapshot(),
    };
    let catalog = shared.catalog();
    let path = (catalog.version(), Rc::new(SearchPath::new(&catalog, &[], "", 0)));
    let path = shared.path.replace(Some(path));
    let user = shared.current_user.replace((BOOTSTRAP_ROLE, String::new()));
    let read_only =
        |on| shared.transaction.borrow_mut().as_mut().is_some_and(|t| std::mem::replace(&mut t.read_only, on));
    let was = read_only(false);
    let result = crate::query::run_sql_under(shared, sql, params, snapshot);
    read_only(was);
    shared.current_user.replace(user);
    shared.path.replace(path);
    result
}

/// Makes the tables, before the first object is.
fn make_tables(shared: &Shared) -> Result<()> {
    let [data, metadata] = TABLES;
    if shared.catalog.borrow().user_relation(metadata).is_some() {
        return Ok(());
    }
    crate::commands::lock(shared, data, LockMode::AccessExclusive)?;
    shared.refresh_catalog()?;
    let (catalog, tx, store) = (shared.catalog(), shared.tx()?, &shared.db.store);
    for table in TABLES {
        let Some(r) = catalog.relation(table).filter(|r| r.system) else { return Ok(()) };
        let phys: Vec<_> = r.columns.iter().map(|c| catalog.phys(c.ty.oid)).collect();
        let file = store.create_table(&tx, &phys)?;
        for oid in r.indexes.iter().chain([&table]) {
            let Some(r) = catalog.relation(*oid) else { continue };
            let mut r = (*r).clone();
            r.system = false;
            r.storage = if *oid == table { file.0 } else { store.create_index(&tx, file)?.0 };
            // Everybody may look at the owners, nobody at the data.
            let all = AclItem { grantee: 0, grantor: BOOTSTRAP_ROLE, bits: acl::SELECT };
            r.acl = (*oid == metadata).then(|| vec![all]);
            shared.edit_catalog(|c| c.put_relation(r))?;
        }
    }
    Ok(())
}

type Owned = (Oid, Option<Vec<AclItem>>);

fn owned(shared: &Shared, row: &[Value]) -> Result<Owned> {
    let acl = match row[1].as_datum() {
        Datum::Null => None,
        d => Some(privilege::items(&shared.catalog(), d.bytes())?),
    };
    Ok((row[0].as_datum().int() as Oid, acl))
}

/// An object's owner and privileges, `None` when there is none.
fn look(shared: &Shared, oid: Oid, snapshot: Option<&Snapshot>) -> Result<Option<Owned>> {
    let sql = "SELECT lomowner, lomacl FROM pg_largeobject_metadata WHERE oid = $1";
    run(shared, sql, &[oid_value(oid)], snapshot)?.first().map(|r| owned(shared, r)).transpose()
}

/// Whether there is an object.
pub(crate) fn exists(shared: &Shared, oid: Oid) -> Result<bool> {
    Ok(look(shared, oid, None)?.is_some())
}

fn all(shared: &Shared) -> Result<Vec<(Oid, Owned)>> {
    if shared.catalog.borrow().user_relation(TABLES[1]).is_none() {
        return Ok(vec![]);
    }
    let rows = run(shared, "SELECT lomowner, lomacl, oid FROM pg_largeobject_metadata", &[], None)?;
    rows.iter().map(|row| Ok((row[2].as_datum().int() as Oid, owned(shared, row)?))).try_vec()
}

/// The objects whose owner and privileges fit.
pub(crate) fn addresses(
    shared: &Shared,
    fits: &dyn Fn(Oid, &Option<Vec<AclItem>>) -> bool,
) -> Result<Vec<ObjectAddress>> {
    let all = all(shared)?.into_iter().filter(|(_, o)| fits(o.0, &o.1));
    Ok(all.map(|(oid, _)| ObjectAddress::new(ObjectClass::LargeObject, oid)).collect())
}

fn store(shared: &Shared, oid: Oid, o: &Owned) -> Result<()> {
    let acl = values::acl(&shared.catalog(), &o.1)?;
    let params = [oid_value(oid), oid_value(o.0), (oids::ACLITEM_ARRAY, acl)];
    run(shared, "UPDATE pg_largeobject_metadata SET lomowner = $2, lomacl = $3 WHERE oid = $1", &params, None)
        .map(|_| ())
}

/// Changes an object's owner or privileges.
pub(crate) fn change(shared: &Shared, oid: Oid, f: &mut dyn FnMut(&mut Owned) -> Result<()>) -> Result<()> {
    let mut o = look(shared, oid, None)?.ok_or_else(|| missing(oid))?;
    f(&mut o)?;
    store(shared, oid, &o)
}

/// Gives a role another name, by which privileges know it.
pub(crate) fn rename_role(shared: &Shared, rename: &dyn Fn() -> Result<()>) -> Result<()> {
    let all = all(shared)?;
    rename()?;
    all.iter().filter(|(_, o)| o.1.is_some()).try_for_each(|(oid, o)| store(shared, *oid, o))
}

/// Refuses who does not own an object that must be there.
pub(crate) fn check_owner(shared: &Shared, oid: Oid) -> Result<()> {
    let (owner, _) = look(shared, oid, None)?.ok_or_else(|| missing(oid))?;
    if lax(shared) || acl::is_owner(shared, owner) {
        return Ok(());
    }
    bail!(INSUFFICIENT_PRIVILEGE, "must be owner of large object {oid}")
}

fn lax(shared: &Shared) -> bool {
    shared.settings.borrow().is_on("lo_compat_privileges")
}

/// Drops an object with what is said of it.
pub(crate) fn drop(shared: &Shared, oid: Oid) -> Result<()> {
    clear(shared, oid, 0, i64::MAX)?;
    run(shared, "DELETE FROM pg_largeobject_metadata WHERE oid = $1", &[oid_value(oid)], None)?;
    let a = ObjectAddress::new(ObjectClass::LargeObject, oid);
    if shared.catalog().comment(a).is_some() {
        crate::commands::comment::put(shared, a, None)?;
    }
    Ok(())
}

fn create(shared: &Shared, mut oid: Oid) -> Result<Oid> {
    make_tables(shared)?;
    while oid == 0 {
        oid = shared.db.new_oid();
        if exists(shared, oid)? {
            oid = 0;
        }
    }
    let params = [oid_value(oid), oid_value(shared.user())];
    run(shared, "INSERT INTO pg_largeobject_metadata VALUES ($1, $2)", &params, None)?;
    Ok(oid)
}

/// As `inv_open`; `snapshot` is the statement's.
fn open(shared: &Shared, oid: Oid, mode: i32, snapshot: &Snapshot) -> Result<Descriptor> {
    let write = mode & INV_WRITE != 0;
    if mode & (INV_READ | INV_WRITE) == 0 {
        bail!(INVALID_PARAMETER_VALUE, "invalid flags for opening a large object: {mode}");
    }
    let snapshot = (!write).then(|| snapshot.clone());
    let (owner, list) = look(shared, oid, snapshot.as_ref())?.ok_or_else(|| missing(oid))?;
    let wanted = acl::SELECT | if write { acl::UPDATE } else { 0 };
    if !lax(shared)
        && !acl::is_superuser(shared)
        && !privilege::may(&shared.catalog(), shared.user(), owner, list.as_deref(), "large_object", wanted)
    {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied for large object {oid}");
    }
    let level = shared.transaction.borrow().as_ref().map_or(0, |t| t.savepoints.len());
    Ok(Descriptor { oid, write, offset: 0, level, snapshot })
}

/// An object's pages from one to another.
fn pages(shared: &Shared, d: &Descriptor, from: i64, to: i64) -> Result<Vec<Vec<Value>>> {
    let sql = "SELECT pageno, data FROM pg_largeobject WHERE loid = $1 AND pageno >= $2 AND pageno <= $3 ORDER BY 1";
    run(shared, sql, &[oid_value(d.oid), number(from), number(to)], d.snapshot.as_ref())
}

fn clear(shared: &Shared, oid: Oid, from: i64, to: i64) -> Result<()> {
    let sql = "DELETE FROM pg_largeobject WHERE loid = $1 AND pageno >= $2 AND pageno <= $3";
    run(shared, sql, &[oid_value(oid), number(from), number(to)], None).map(|_| ())
}

/// Writes bytes as the pages from one to another, which are there no more.
fn fill(shared: &Shared, oid: Oid, from: i64, to: i64, bytes: &[u8]) -> Result<()> {
    let sql =
        "INSERT INTO pg_largeobject SELECT $1, $2 + i, substr($3, i * 2048 + 1, 2048) FROM generate_series(0, $4) i";
    let params = [oid_value(oid), number(from), (oids::BYTEA, Value::bytes(bytes)), number(to - from)];
    run(shared, sql, &params, None).map(|_| ())
}

fn size(shared: &Shared, d: &Descriptor) -> Result<i64> {
    let sql =
        "SELECT pageno * 2048::int8 + length(data) FROM pg_largeobject WHERE loid = $1 ORDER BY pageno DESC LIMIT 1";
    let rows = run(shared, sql, &[oid_value(d.oid)], d.snapshot.as_ref())?;
    Ok(rows.first().map_or(0, |r| r[0].as_datum().int()))
}

fn seek(shared: &Shared, d: &mut Descriptor, to: i64, whence: i32) -> Result<i64> {
    let base = match whence {
        0 => 0,
        1 => d.offset,
        2 => size(shared, d)?,
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid whence setting: {whence}"),
    };
    let to = base.wrapping_add(to);
    if !(0..=MOST).contains(&to) {
        bail!(INVALID_PARAMETER_VALUE, "invalid large object seek target: {to}");
    }
    d.offset = to;
    Ok(to)
}

fn read(shared: &Shared, d: &mut Descriptor, n: i64) -> Result<Vec<u8>> {
    let mut out = vec![];
    if n <= 0 {
        return Ok(out);
    }
    for row in pages(shared, d, d.offset / PAGE, (d.offset + n - 1) / PAGE)? {
        let at = row[0].as_datum().int() * PAGE - d.offset;
        // Holes are zeros, also before a page that is not asked for.
        out.resize(out.len().max(at.max(0) as usize), 0);
        let data = row[1].as_datum().bytes();
        out.extend_from_slice(data.get((-at).max(0) as usize..).unwrap_or_default());
    }
    if out.len() < n as usize {
        let more = (size(shared, d)? - d.offset).min(n).max(out.len() as i64);
        out.resize(more as usize, 0);
    }
    out.truncate(n as usize);
    d.offset += out.len() as i64;
    Ok(out)
}

fn write(shared: &Shared, d: &mut Descriptor, data: &[u8]) -> Result<()> {
    let n = data.len();
    if n == 0 {
        return Ok(());
    }
    if d.offset + n as i64 > MOST {
        bail!(INVALID_PARAMETER_VALUE, "invalid large object write request size: {n}");
    }
    let (first, last) = (d.offset / PAGE, (d.offset + n as i64 - 1) / PAGE);
    let skip = (d.offset % PAGE) as usize;
    let mut bytes = vec![0; skip + n];
    let mut old = pages(shared, d, first, first)?;
    if last > first {
        old.extend(pages(shared, d, last, last)?);
    }
    for row in &old {
        let (at, data) = (((row[0].as_datum().int() - first) * PAGE) as usize, row[1].as_datum().bytes());
        bytes.resize(bytes.len().max(at + data.len()), 0);
        bytes[at..at + data.len()].copy_from_slice(data);
    }
    bytes[skip..skip + n].copy_from_slice(data);
    clear(shared, d.oid, first, last)?;
    fill(shared, d.oid, first, last, &bytes)?;
    d.offset += n as i64;
    Ok(())
}

fn truncate(shared: &Shared, d: &Descriptor, to: i64) -> Result<()> {
    if !(0..=MOST).contains(&to) {
        bail!(INVALID_PARAMETER_VALUE, "invalid large object truncation target: {to}");
    }
    let last = to / PAGE;
    let mut bytes = pages(shared, d, last, last)?.first().map_or(vec![], |r| r[1].as_datum().bytes().to_vec());
    bytes.resize((to % PAGE) as usize, 0);
    clear(shared, d.oid, last, i64::MAX)?;
    fill(shared, d.oid, last, last, &bytes)
}

/// Reads a part of an object, or with a negative length all from there.
fn get(shared: &Shared, oid: Oid, from: i64, n: i64, snapshot: &Snapshot) -> Result<Vec<u8>> {
    let mut d = open(shared, oid, INV_READ, snapshot)?;
    let left = (size(shared, &d)?.saturating_sub(from)).max(0);
    let n = if n < 0 { left } else { n.min(left) };
    if n > VALUE {
        bail!(PROGRAM_LIMIT_EXCEEDED, "large object read request is too large");
    }
    seek(shared, &mut d, from, 0)?;
    read(shared, &mut d, n)
}

/// A position as the functions with short numbers give it.
fn short(n: i64, what: &str, fd: i32) -> Result<Value> {
    match i32::try_from(n) {
        Ok(n) => Ok(Value::I32(n)),
        Err(_) => bail!(
            NUMERIC_VALUE_OUT_OF_RANGE, "{} result out of range for large-object descriptor {}"; what, &fd.to_string()
        ),
    }
}

/// Calls one of the functions, by `prosrc`; `None` when it is none of them.
pub(crate) fn call(env: &mut Env<'_, '_>, prosrc: &str, args: &[Datum<'_>]) -> Option<Result<Value>> {
    let name = prosrc.strip_prefix("be_lo")?;
    let shared = env.shared;
    shared.pending_wait.set(None);
    let result = load(shared).and_then(|()| answer(shared, name, args, &env.cx.snapshot));
    Some(result.map_err(|e| match shared.take_wait() {
        Some(w) => env.cx.must_wait(w),
        None => e,
    }))
}

/// Sees to it that the tables are loaded. When the host is still fetching them the statement starts over, and asks for
/// them before it begins: what it waits for here has ended already.
fn load(shared: &Shared) -> Result<()> {
    if load_tables(shared)? {
        return Ok(());
    }
    shared.large_objects.cold.set(true);
    let store = &shared.db.store;
    shared.pending_wait.set(Some(store.wait_for(&store.begin())));
    Err(Error::internal("statement must wait for large objects"))
}

/// Loads the tables; `false`: not yet.
pub(crate) fn load_tables(shared: &Shared) -> Result<bool> {
    let mut ready = true;
    if shared.db.store.has_cold() {
        for r in TABLES.iter().filter_map(|t| shared.catalog().user_relation(*t).cloned()) {
            ready &= shared.db.store.load(RelId(r.storage))?;
        }
    }
    Ok(ready)
}

fn answer(shared: &Shared, name: &str, args: &[Datum<'_>], snapshot: &Snapshot) -> Result<Value> {
    let all = &shared.large_objects;
    let int = |i: usize| args.get(i).map_or(0, |a| a.int());
    let (fd, oid) = (int(0) as i32, int(0) as Oid);
    Ok(match_word!(name;
        "_creat" => values::oid(create(shared, 0)?),
        "_create" => values::oid(create(shared, oid)?),
        "_open" => Value::I32(all.add(open(shared, oid, int(1) as i32, snapshot)?)),
        "_close" => {
            all.get(fd)?;
            all.put(fd, None);
            Value::I32(0)
        },
        "read" => {
            let (mut d, n) = (all.get(fd)?, int(1).max(0));
            if n + 4 > VALUE {
                let n = (n as i32).wrapping_add(4) as i64 as u64;
                bail!(INTERNAL_ERROR, "invalid memory alloc request size {n}");
            }
            let data = read(shared, &mut d, n)?;
            all.put(fd, Some(d));
            Value::bytes(&data)
        },
        "write" => {
            let (mut d, data) = (all.to_write(fd)?, args[1].bytes());
            write(shared, &mut d, data)?;
            all.put(fd, Some(d));
            Value::I32(data.len() as i32)
        },
        "_lseek" | "_lseek64" => {
            let mut d = all.get(fd)?;
            let at = seek(shared, &mut d, int(1), int(2) as i32)?;
            all.put(fd, Some(d));
            if name == "_lseek64" { Value::I64(at) } else { short(at, "lo_lseek", fd)? }
        },
        "_tell" => short(all.get(fd)?.offset, "lo_tell", fd)?,
        "_tell64" => Value::I64(all.get(fd)?.offset),
        "_truncate" | "_truncate64" => {
            truncate(shared, &all.to_write(fd)?, int(1))?;
            Value::I32(0)
        },
        "_unlink" => {
            check_owner(shared, oid)?;
            all.open.borrow_mut().iter_mut().filter(|d| d.as_ref().is_some_and(|d| d.oid == oid)).for_each(|d| *d = None);
            drop(shared, oid)?;
            Value::I32(1)
        },
        "_from_bytea" => {
            let oid = create(shared, oid)?;
            write(shared, &mut open(shared, oid, INV_WRITE, snapshot)?, args[1].bytes())?;
            values::oid(oid)
        },
        "_put" => {
            let mut d = open(shared, oid, INV_WRITE, snapshot)?;
            seek(shared, &mut d, int(1), 0)?;
            write(shared, &mut d, args[2].bytes())?;
            Value::bytes(&[])
        },
        "_export" => {
            open(shared, oid, INV_READ, snapshot)?;
            bail!(UNDEFINED_FILE, "could not create server file \"{}\": No such file or directory"; args[1].str())
        },
        "_get" => Value::bytes(&get(shared, oid, 0, -1, snapshot)?),
        "_get_fragment" => {
            if int(2) < 0 {
                bail!(INVALID_PARAMETER_VALUE, "requested length cannot be negative");
            }
            Value::bytes(&get(shared, oid, int(1), int(2), snapshot)?)
        };
        n => return Err(Error::unsupported(n.to_string())),
    ))
}
