//! Databases and what all sessions of one share.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use tusklet_catalog::live::{AclItem, Catalog, EntryKey, FIRST_USER_OID, ObjectAddress, ObjectClass, Role, Schema};
use tusklet_error::{Result, SortedMap, err};
use tusklet_ir::Oid;
use tusklet_ir::codec::Codec;
use tusklet_storage::{LogSink, Store};
use tusklet_vector::KernelTable;

use crate::session::{Session, Shared};

/// The world outside: clock and randomness. Given the same answers the engine does the same things.
pub trait Environment {
    /// Now, µs since 2000-01-01 UTC.
    fn now(&self) -> i64;
    /// Unpredictable bits.
    fn entropy(&self) -> u64;
    /// Whether so little memory is left that statements must end. Asked while they run; what they hold is freed when they fail.
    fn memory_exhausted(&self) -> bool {
        false
    }
}

/// OID of the role that owns everything at first.
pub const BOOTSTRAP_ROLE: Oid = 10;
/// OID of schema `public`.
pub const PUBLIC_SCHEMA: Oid = 2200;

/// The databases of one engine.
pub struct Cluster {
    env: Rc<dyn Environment>,
    kernels: KernelTable,
    databases: RefCell<SortedMap<String, Rc<Database>>>,
    next_session: Cell<u32>,
    next_database: Cell<Oid>,
    /// Makes the log of a new database.
    new_sink: Box<dyn Fn(&str) -> Result<Box<dyn LogSink>>>,
    /// Removes a dropped database's files.
    drop_sink: Box<dyn Fn(&str) -> Result<()>>,
}

/// One database: its rows, its catalog, its sessions.
pub struct Database {
    /// Name.
    pub name: RefCell<String>,
    /// OID.
    pub oid: Oid,
    /// Tables and indexes.
    pub store: Rc<Store>,
    /// The catalog as committed.
    pub catalog: RefCell<Catalog>,
    /// OIDs handed out so far.
    next_oid: Cell<Oid>,
    /// When it was opened.
    pub(crate) opened: i64,
    /// What ANALYZE noted of columns since then.
    pub(crate) statistics: RefCell<SortedMap<(Oid, i16), crate::commands::analyze::Known>>,
    pub(crate) env: Rc<dyn Environment>,
    pub(crate) kernels: KernelTable,
    pub(crate) sessions: RefCell<Vec<Weak<Shared>>>,
    pub(crate) cluster: RefCell<Weak<Cluster>>,
}

impl Cluster {
    /// A cluster without databases.
    pub fn new(
        env: Rc<dyn Environment>,
        kernels: KernelTable,
        new_sink: Box<dyn Fn(&str) -> Result<Box<dyn LogSink>>>,
        drop_sink: Box<dyn Fn(&str) -> Result<()>>,
    ) -> Rc<Cluster> {
        Rc::new(Cluster {
            env,
            kernels,
            databases: RefCell::default(),
            next_session: Cell::new(1),
            next_database: Cell::new(5),
            new_sink,
            drop_sink,
        })
    }

    /// A cluster in memory with one empty database, `postgres`.
    pub fn in_memory(env: Rc<dyn Environment>, kernels: KernelTable) -> Result<Rc<Cluster>> {
        let c = Cluster::new(env, kernels, Box::new(|_| Ok(Box::new(tusklet_storage::NoLog))), Box::new(|_| Ok(())));
        c.create_database("postgres")?;
        Ok(c)
    }

    /// Makes an empty database.
    pub fn create_database(self: &Rc<Self>, name: &str) -> Result<Rc<Database>> {
        if self.databases.borrow().contains_key(name) {
            return Err(err!(DUPLICATE_DATABASE, "database \"{}\" already exists"; name));
        }
        let store = Rc::new(Store::new((self.new_sink)(name)?));
        self.add(name, store)
    }

    /// Adds a database whose rows were recovered.
    pub fn add(self: &Rc<Self>, name: &str, store: Rc<Store>) -> Result<Rc<Database>> {
        let oid = self.next_database.get();
        self.next_database.set(oid + 1);
        let db = Database::open(name, oid, store, self.env.clone(), self.kernels)?;
        *db.cluster.borrow_mut() = Rc::downgrade(self);
        self.databases.borrow_mut().insert(name.to_string(), db.clone());
        Ok(db)
    }

    /// Drops a database nobody is connected to.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        let Some(db) = self.database(name) else {
            return Err(err!(INVALID_CATALOG_NAME, "database \"{}\" does not exist"; name));
        };
        if db.session_count() > 0 {
            let n = db.session_count();
            let detail = if n == 1 {
                "There is 1 other session using the database.".to_string()
            } else {
                format!("There are {n} other sessions using the database.")
            };
            return Err(err!(OBJECT_IN_USE, "database \"{}\" is being accessed by other users"; name).detail(detail));
        }
        self.databases.borrow_mut().remove(name);
        (self.drop_sink)(name)
    }

    /// Renames a database.
    pub fn rename_database(&self, old: &str, new: &str) -> Result<()> {
        let mut all = self.databases.borrow_mut();
        if all.contains_key(new) {
            return Err(err!(DUPLICATE_DATABASE, "database \"{}\" already exists"; new));
        }
        let Some(db) = all.remove(old) else {
            return Err(err!(INVALID_CATALOG_NAME, "database \"{}\" does not exist"; old));
        };
        *db.name.borrow_mut() = new.to_string();
        all.insert(new.to_string(), db);
        Ok(())
    }

    /// A database by name.
    pub fn database(&self, name: &str) -> Option<Rc<Database>> {
        self.databases.borrow().get(name).cloned()
    }

    /// All databases, by name.
    pub fn databases(&self) -> Vec<Rc<Database>> {
        self.databases.borrow().values().cloned().collect()
    }

    /// Connects.
    pub fn connect(&self, database: &str, user: &str) -> Result<Session> {
        let Some(db) = self.database(database) else {
            return Err(err!(INVALID_CATALOG_NAME, "database \"{}\" does not exist"; database).fatal());
        };
        let id = self.next_session.get();
        self.next_session.set(id + 1);
        Session::new(db, id, user)
    }
}

impl Database {
    /// A database over its rows: reads the catalog from the store's meta map, or makes the first one.
    pub fn open(
        name: &str,
        oid: Oid,
        store: Rc<Store>,
        env: Rc<dyn Environment>,
        kernels: KernelTable,
    ) -> Result<Rc<Database>> {
        let mut catalog = Catalog::new();
        let mut found = false;
        let mut failed = None;
        let mut highest = FIRST_USER_OID - 1;
        store.meta_each(&[], |key, value| {
            found = true;
            if let Ok(EntryKey::Setting(n)) = EntryKey::from_bytes(key) {
                if n == NEXT_OID {
                    let stored = String::from_bytes(value).ok().and_then(|v| v.parse::<u32>().ok());
                    highest = highest.max(stored.unwrap_or(0));
                }
            }
            if failed.is_none() {
                failed = catalog.load(key, value).err();
            }
        });
        if let Some(e) = failed {
            return Err(e);
        }
        if !found {
            catalog.put_role(bootstrap_role());
            catalog.put_schema(public_schema());
            let on = ObjectAddress::new(ObjectClass::Schema, PUBLIC_SCHEMA);
            catalog.put_comment(on, Some("standard public schema"));
            let changes = catalog.take_changes();
            let tx = store.begin();
            for (key, value) in &changes {
                if let Some(v) = value {
                    store.meta_put(&tx, &key.to_bytes(), v)?;
                }
            }
            store.commit(&tx)?;
        }
        Ok(Rc::new(Database {
            name: RefCell::new(name.to_string()),
            oid,
            store,
            catalog: RefCell::new(catalog),
            next_oid: Cell::new(highest + 1),
            opened: env.now(),
            statistics: RefCell::default(),
            env,
            kernels,
            sessions: RefCell::default(),
            cluster: RefCell::default(),
        }))
    }

    /// A new OID. OIDs of an aborted transaction are not used again.
    pub fn new_oid(&self) -> Oid {
        let oid = self.next_oid.get();
        self.next_oid.set(oid + 1);
        oid
    }

    /// The highest OID handed out: stored with every catalog change, so that none is used twice after recovery.
    pub(crate) fn last_oid(&self) -> Oid {
        self.next_oid.get() - 1
    }

    /// Sessions connected now.
    pub fn session_count(&self) -> usize {
        self.sessions.borrow().iter().filter(|s| s.strong_count() > 0).count()
    }
}

/// The entry under which the highest OID is stored.
pub(crate) const NEXT_OID: &str = "tusklet.last_oid";

/// OID of the predefined role that stands for whoever owns the database.
const DATABASE_OWNER: Oid = 6171;

fn public_schema() -> Schema {
    let (usage, create) = (1 << 8, 1 << 9);
    let item = |grantee, bits| AclItem { grantee, grantor: DATABASE_OWNER, bits };
    let acl = vec![item(DATABASE_OWNER, usage | create), item(0, usage)];
    Schema { oid: PUBLIC_SCHEMA, name: "public".into(), owner: DATABASE_OWNER, acl: Some(acl) }
}

fn bootstrap_role() -> Role {
    Role {
        oid: BOOTSTRAP_ROLE,
        name: "postgres".into(),
        superuser: true,
        inherit: true,
        create_role: true,
        create_db: true,
        login: true,
        replication: true,
        bypass_rls: true,
        connection_limit: -1,
        password: None,
        member_of: vec![],
        config: vec![],
        valid_until: None,
    }
}
