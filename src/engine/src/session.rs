//! A session's state.
//!
//! Everything lies behind cells in [`Shared`], because a running statement comes back into the session (through `Host`)
//! while the session runs it. No borrow is ever held across a call into the executor.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_adt::formats::Formats;
use tusklet_catalog::live::{Catalog, Change, Relation};
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::{Error, Notice, Report, Result, Severity, SortedMap, SortedSet, SqlState, err};
use tusklet_exec::{Caches, ExecCx};
use tusklet_ir::Oid;
use tusklet_storage::{Lsn, Snapshot, Tx};
use tusklet_syntax::ast::RawStmt;
use tusklet_vector::Value;

use crate::database::{BOOTSTRAP_ROLE, Database};
use crate::settings::Settings;

/// Isolation levels that differ here; READ UNCOMMITTED is READ COMMITTED, as in PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Isolation {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

/// A savepoint: what to come back to.
#[derive(Clone, Debug)]
pub struct Savepoint {
    /// Name; empty for those the engine makes itself.
    pub name: String,
    /// Storage's number.
    pub level: usize,
    /// Settings changed before it.
    pub settings: usize,
    /// Catalog changes before it.
    pub changes: usize,
    /// Deferred row events before it.
    pub deferred: usize,
    /// Changes of users before it.
    pub users: usize,
    /// READ ONLY before it.
    pub read_only: bool,
}

/// Who the users were before SET ROLE or SET SESSION AUTHORIZATION.
pub(crate) struct UsersBefore {
    pub(crate) current: (Oid, String),
    pub(crate) session: (Oid, String),
    /// What SHOW says of the role and of being a superuser.
    pub(crate) shown: [String; 2],
    /// Only until the transaction ends.
    pub(crate) local: bool,
}

/// A running transaction.
pub struct Transaction {
    /// Storage's.
    pub tx: Tx,
    /// Began with BEGIN (else with a statement).
    pub block: bool,
    /// An error happened: only ROLLBACK helps.
    pub failed: bool,
    /// Isolation.
    pub isolation: Isolation,
    /// READ ONLY.
    pub read_only: bool,
    /// DEFERRABLE: only told.
    pub deferrable: bool,
    /// The one snapshot of REPEATABLE READ.
    pub snapshot: Option<Snapshot>,
    /// Snapshots others may take over while it runs, by identifier.
    pub exported: Vec<(String, Snapshot)>,
    /// Its start, µs since 2000.
    pub started: i64,
    /// Catalog changes so far, in order.
    pub changes: Vec<Change>,
    /// The shared catalog's version the private one was made from.
    pub base_version: u64,
    /// Savepoints.
    pub savepoints: Vec<Savepoint>,
    /// NOTIFY payloads to send at commit.
    pub notifications: Vec<(String, String)>,
    /// A statement of it has run.
    pub used: bool,
    /// An Execute of the extended protocol is part of it: there may be more up to Sync.
    pub piped: bool,
    /// What was done in it cannot be rolled back.
    pub commit_now: bool,
}

/// What a session has; shared with the statements it runs.
pub struct Shared {
    /// Number: the backend's process id.
    pub id: u32,
    /// Secret for cancel requests.
    pub secret: u32,
    /// The database.
    pub db: Rc<Database>,
    /// Name given at connect.
    pub session_user: RefCell<(Oid, String)>,
    /// The running transaction's changes of current and session user.
    pub(crate) users_before: RefCell<Vec<UsersBefore>>,
    /// Who connected.
    pub login_user: (Oid, String),
    /// SET ROLE's.
    pub current_user: RefCell<(Oid, String)>,
    /// Settings.
    pub settings: RefCell<Settings>,
    /// The planner's switches asked for since settings changed.
    pub(crate) switches: RefCell<Vec<(String, bool)>>,
    /// Bodies of functions that are inlined.
    pub(crate) bodies: RefCell<crate::query::Bodies>,
    /// What every statement asks of them.
    pub flags: Cell<crate::settings::Flags>,
    /// Bound functions and types.
    pub caches: Caches,
    /// Formatting state that follows from the settings.
    pub formats: RefCell<Rc<dyn Any>>,
    /// Search path that follows from the settings, for one catalog version.
    pub(crate) path: RefCell<Option<(u64, Rc<SearchPath>)>>,
    /// The catalog as the session sees it.
    pub catalog: RefCell<Catalog>,
    /// The transaction, if one runs.
    pub transaction: RefCell<Option<Transaction>>,
    /// Start of the statement.
    pub statement_start: Cell<i64>,
    /// Notices not yet sent.
    pub notices: RefCell<Vec<Notice>>,
    /// Settings changed, perhaps such as the client is told of.
    pub(crate) report_due: Cell<bool>,
    /// Last values told, as `REPORTED` lists them.
    pub(crate) told: RefCell<Vec<String>>,
    /// What the client's text is in, if it is converted. Shared with the connection.
    pub(crate) client: Rc<RefCell<Option<Rc<tusklet_adt::encoding::Client>>>>,
    /// A cancel request came.
    pub cancelled: Cell<bool>,
    /// The statement must end by then (`statement_timeout`), µs since 2000.
    pub deadline: Cell<Option<i64>>,
    /// State of `random`.
    pub rng: Cell<[u64; 2]>,
    /// Values `currval` gives, and the sequence `lastval` asks.
    pub sequences: RefCell<(SortedMap<Oid, i64>, Option<Oid>)>,
    /// The session's temporary schema, 0 before it has one.
    pub temp_schema: Cell<Oid>,
    /// Channels listened on.
    pub listening: RefCell<SortedSet<String>>,
    /// Notifications not yet sent: sender, channel, payload.
    pub inbox: RefCell<Vec<(u32, String, String)>>,
    /// Changed rows whose foreign keys and triggers are due at the end of the statement.
    pub row_events: RefCell<Vec<RowChange>>,
    /// … and at the end of the transaction.
    pub deferred_events: RefCell<Vec<RowChange>>,
    /// SET CONSTRAINTS: all, or by constraint.
    pub constraint_modes: RefCell<(Option<bool>, SortedMap<Oid, bool>)>,
    /// Plans of the engine's own queries and of SQL functions, by text.
    pub(crate) internal_plans: RefCell<SortedMap<String, Rc<crate::query::Prepared>>>,
    /// Bodies of functions in SQL, by function.
    pub(crate) routines: RefCell<SortedMap<tusklet_ir::Oid, Vec<Rc<crate::routine::Body>>>>,
    /// Text search objects ready for use.
    pub(crate) text_search: RefCell<crate::text_search::Built>,
    /// Statements by text.
    pub(crate) statements: RefCell<crate::statement_cache::StatementCache>,
    /// Shapes of statements that came before.
    pub(crate) shapes: RefCell<tusklet_syntax::Shapes>,
    /// Prepared statements by name.
    pub(crate) prepared: RefCell<SortedMap<String, Rc<crate::query::Prepared>>>,
    /// What the client sent last.
    pub(crate) query_text: RefCell<Rc<str>>,
    /// Cursors by name.
    pub(crate) cursors: RefCell<SortedMap<String, crate::portal::Portal>>,
    /// Advisory locks held for the session.
    pub(crate) advisory: RefCell<AdvisoryLocks>,
    /// `pg_sleep`'s pauses.
    pub(crate) sleep: crate::sleep::Sleep,
    /// Open large objects.
    pub(crate) large_objects: crate::large_object::LargeObjects,
    /// How deep functions call queries that call functions.
    pub depth: Cell<u32>,
    /// What one of the engine's own queries had to wait for.
    pub(crate) pending_wait: Cell<Option<tusklet_storage::Wait>>,
    /// The simple query has several statements: one transaction, though no block.
    pub(crate) several: Cell<bool>,
    /// Shapes are recognised and straight writes taken. Off only in tests, which compare.
    pub straight: Cell<bool>,
    /// The last commit's place in the log, to wait for.
    pub(crate) commit_lsn: Cell<Option<Lsn>>,
}

/// Advisory locks by tag and whether shared: how often taken, and the storage transaction that holds it. Dropping the
/// transactions gives the locks back.
#[derive(Default)]
pub(crate) struct AdvisoryLocks {
    pub(crate) locks: SortedMap<(tusklet_storage::LockTag, bool), (u32, Tx)>,
}

/// A changed row, kept until its constraints are checked.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The table.
    pub rel: Oid,
    /// The row before.
    pub old: Option<Rc<[Value]>>,
    /// The row after.
    pub new: Option<Rc<[Value]>>,
    /// Where the new version is.
    pub new_tid: tusklet_storage::Tid,
    /// The one constraint to check, 0 for all of the table's.
    pub constraint: Oid,
    /// A deferrable unique index and the row's key in it: that alone is to be checked.
    pub unique: Option<(Oid, Rc<[u8]>)>,
}

/// A connection. Dropping it rolls back and releases everything.
pub struct Session {
    /// Its state.
    pub shared: Rc<Shared>,
    pub(crate) work: crate::work::Work,
}

impl Session {
    pub(crate) fn new(db: Rc<Database>, id: u32, user: &str) -> Result<Session> {
        let catalog = db.catalog.borrow().clone();
        let known = catalog.user_role_named(user);
        // Any user may connect on loopback: an unknown name acts as the owner.
        let oid = known.unwrap_or(BOOTSTRAP_ROLE);
        let (a, b) = (db.env.entropy(), db.env.entropy());
        let settings = Settings::default();
        let formats: Rc<dyn Any> = Rc::new(settings.formats());
        let shared = Rc::new(Shared {
            id,
            secret: db.env.entropy() as u32,
            session_user: RefCell::new((oid, user.to_string())),
            login_user: (oid, user.to_string()),
            users_before: RefCell::default(),
            current_user: RefCell::new((oid, user.to_string())),
            switches: RefCell::default(),
            bodies: RefCell::default(),
            flags: Cell::new(settings.flags()),
            settings: RefCell::new(settings),
            caches: Caches::default(),
            formats: RefCell::new(formats),
            path: RefCell::new(None),
            catalog: RefCell::new(catalog),
            transaction: RefCell::new(None),
            statement_start: Cell::new(db.env.now()),
            notices: RefCell::default(),
            report_due: Cell::new(false),
            told: RefCell::default(),
            client: Rc::default(),
            cancelled: Cell::new(false),
            deadline: Cell::new(None),
            sleep: Default::default(),
            rng: Cell::new([a | 1, b]),
            sequences: RefCell::default(),
            temp_schema: Cell::new(0),
            listening: RefCell::default(),
            query_text: RefCell::new(Rc::from("")),
            cursors: RefCell::default(),
            inbox: RefCell::default(),
            row_events: RefCell::default(),
            deferred_events: RefCell::default(),
            constraint_modes: RefCell::default(),
            internal_plans: RefCell::default(),
            routines: RefCell::default(),
            text_search: RefCell::default(),
            prepared: RefCell::default(),
            statements: RefCell::default(),
            shapes: RefCell::default(),
            advisory: RefCell::default(),
            large_objects: Default::default(),
            depth: Cell::new(0),
            pending_wait: Cell::new(None),
            several: Cell::new(false),
            straight: Cell::new(true),
            commit_lsn: Cell::new(None),
            db,
        });
        shared.show_users("none")?;
        let mut sessions = shared.db.sessions.borrow_mut();
        sessions.retain(|s| s.strong_count() > 0);
        sessions.push(Rc::downgrade(&shared));
        drop(sessions);
        Ok(Session { shared, work: crate::work::Work::default() })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.work = crate::work::Work::default();
        self.shared.abort_transaction();
        self.shared.drop_temp_schema();
    }
}

impl Shared {
    /// The catalog as of now: a pointer copy.
    pub fn catalog(&self) -> Catalog {
        self.catalog.borrow().clone()
    }

    /// Edits the catalog inside the running transaction. The changes become part of it.
    pub fn edit_catalog(&self, f: impl FnOnce(&mut Catalog)) -> Result<()> {
        let mut catalog = self.catalog();
        f(&mut catalog);
        self.catalog_edited(catalog)
    }

    /// The end of [`Shared::edit_catalog`], once for its hundred callers.
    #[inline(never)]
    fn catalog_edited(&self, mut catalog: Catalog) -> Result<()> {
        let changes = catalog.take_changes();
        *self.catalog.borrow_mut() = catalog;
        self.path.borrow_mut().take();
        self.caches.forget_user();
        self.bodies.take();
        match &mut *self.transaction.borrow_mut() {
            Some(t) => t.changes.extend(changes),
            None => return Err(Error::internal("catalog change outside a transaction")),
        }
        Ok(())
    }

    /// The effective search path.
    pub fn search_path(&self) -> Rc<SearchPath> {
        let catalog = self.catalog.borrow();
        if let Some((v, p)) = &*self.path.borrow() {
            if *v == catalog.version() {
                return p.clone();
            }
        }
        let text = self.settings.borrow().get("search_path").unwrap_or_default();
        let names = SearchPath::split(&text).unwrap_or_default();
        let user = self.current_user.borrow().1.clone();
        let p = Rc::new(SearchPath::new(&catalog, &names, &user, self.temp_schema.get()));
        *self.path.borrow_mut() = Some((catalog.version(), p.clone()));
        p
    }

    /// A type's name as messages show it (`format_type_be`).
    pub fn type_name(&self, oid: Oid) -> String {
        self.catalog().format_type(&self.search_path(), oid)
    }

    /// The statements of a text from outside, strings read as the settings say.
    /// A warning is sent as `place` leaves it, which knows whose text it is.
    pub fn parse_text(&self, sql: &str, place: &dyn Fn(&mut Notice)) -> Result<Vec<RawStmt>> {
        let mut warnings = vec![];
        let parsed = tusklet_syntax::parse_as(sql, self.flags.get().strings, &mut warnings);
        for mut w in warnings {
            place(&mut w);
            self.notice(w);
        }
        parsed
    }

    /// To be called after settings changed: recomputes what follows from them and notes what clients are told.
    pub fn settings_changed(&self) {
        self.forget_statements();
        let settings = self.settings.borrow();
        let formats = settings.formats();
        *self.client.borrow_mut() = formats.client.clone();
        *self.formats.borrow_mut() = Rc::new(formats);
        self.flags.set(settings.flags());
        self.switches.borrow_mut().clear();
        self.path.borrow_mut().take();
        if self.told.borrow().is_empty() {
            *self.told.borrow_mut() = self.reported();
        }
        self.report_due.set(true);
    }

    /// The values of the settings clients are told of.
    pub(crate) fn reported(&self) -> Vec<String> {
        let settings = self.settings.borrow();
        crate::settings::REPORTED.iter().map(|name| settings.get(name).unwrap_or_default()).collect()
    }

    /// Makes the settings say who the users are.
    pub(crate) fn show_users(&self, role: &str) -> Result<()> {
        let superuser = if crate::privileges::is_superuser(self) { "on" } else { "off" };
        self.show_users_as([role.to_string(), superuser.to_string()])
    }

    pub(crate) fn show_users_as(&self, [role, superuser]: [String; 2]) -> Result<()> {
        let mut settings = self.settings.borrow_mut();
        let session = self.session_user.borrow();
        for (name, value) in [("role", &role), ("is_superuser", &superuser), ("session_authorization", &session.1)] {
            settings.set(name, value, false, crate::settings::Source::Internal)?;
        }
        self.report_due.set(true);
        self.path.borrow_mut().take();
        self.forget_statements();
        Ok(())
    }

    /// The formatting state.
    pub fn formats_ref(&self) -> Rc<Formats> {
        let any = self.formats.borrow().clone();
        any.downcast::<Formats>().unwrap_or_default()
    }

    /// Sends a notice, unless `client_min_messages` hides it.
    pub fn notice(&self, notice: Notice) {
        let least = match self.settings.borrow().get("client_min_messages").as_deref() {
            Some("warning") => Severity::Warning,
            Some("error") => Severity::Error,
            Some("log") => Severity::Log,
            Some(d) if d.starts_with("debug") => Severity::Debug,
            _ => Severity::Notice,
        };
        if notice.severity == Severity::Info || notice.severity >= least && notice.severity != Severity::Log {
            self.notices.borrow_mut().push(notice);
        }
    }

    /// A NOTICE with SQLSTATE 00000.
    pub fn notify_user(&self, message: impl Into<String>) {
        self.say(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, message.into());
    }

    /// A WARNING.
    pub fn warn(&self, code: SqlState, message: impl Into<String>) {
        self.say(Severity::Warning, code, message.into());
    }

    /// A message of any kind.
    #[inline(never)]
    pub fn say(&self, severity: Severity, code: SqlState, message: String) {
        self.notice(Report::new(severity, code, message));
    }

    /// The running transaction's storage handle.
    pub fn tx(&self) -> Result<Tx> {
        match &*self.transaction.borrow() {
            Some(t) => Ok(t.tx.clone()),
            None => Err(Error::internal("no transaction")),
        }
    }

    /// The snapshot of a statement that starts now.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let mut t = self.transaction.borrow_mut();
        let Some(t) = &mut *t else { return Err(Error::internal("no transaction")) };
        t.used = true;
        if t.isolation == Isolation::ReadCommitted {
            return Ok(t.tx.snapshot());
        }
        match &t.snapshot {
            Some(s) => Ok(s.at_current_command()),
            None => {
                let s = t.tx.snapshot();
                t.snapshot = Some(s.clone());
                Ok(s)
            }
        }
    }

    /// A context for the executor under a snapshot.
    pub fn exec_cx(&self, snapshot: Snapshot) -> Result<ExecCx<'_>> {
        let tx = self.tx()?;
        let mut cx = ExecCx::new(
            &self.db.store,
            self.catalog(),
            self,
            self.db.kernels,
            &self.caches,
            self.formats.borrow().clone(),
            tx,
            snapshot,
        );
        cx.read_committed =
            self.transaction.borrow().as_ref().is_none_or(|t| t.isolation == Isolation::ReadCommitted);
        Ok(cx)
    }

    /// Whether a table is one of the session's temporary ones.
    pub fn is_temporary(&self, rel: Oid) -> bool {
        self.catalog.borrow().user_relation(rel).is_some_and(|r| r.schema == self.temp_schema.get())
    }

    /// Refuses to change data in a read-only transaction.
    pub fn prevent_in_read_only(&self, command: &str) -> Result<()> {
        if self.transaction.borrow().as_ref().is_some_and(|t| t.read_only) {
            return Err(err!(READ_ONLY_SQL_TRANSACTION, "cannot execute {} in a read-only transaction"; command));
        }
        Ok(())
    }

    /// Refuses a name that a prepared statement has.
    pub(crate) fn refuse_prepared(&self, name: &str) -> Result<()> {
        if !name.is_empty() && self.prepared.borrow().contains_key(name) {
            return Err(err!(DUPLICATE_PSTATEMENT, "prepared statement \"{}\" already exists"; name));
        }
        Ok(())
    }

    /// DEALLOCATE ALL: the protocol's unnamed statement stays.
    pub(crate) fn forget_prepared(&self) {
        self.prepared.borrow_mut().retain(|name, _| name.is_empty());
    }

    /// Whether several statements are one transaction: in a block, or in one simple query.
    pub fn in_block(&self) -> bool {
        self.several.get() || self.transaction.borrow().as_ref().is_some_and(|t| t.block)
    }

    /// Refuses what cannot be rolled back inside a transaction block.
    pub fn prevent_in_block(&self, command: &str) -> Result<()> {
        if self.in_block() {
            return Err(err!(ACTIVE_SQL_TRANSACTION, "{} cannot run inside a transaction block"; command));
        }
        if self.transaction.borrow().as_ref().is_some_and(|t| t.piped) {
            return Err(err!(ACTIVE_SQL_TRANSACTION, "{} cannot be executed within a pipeline"; command));
        }
        if let Some(t) = &mut *self.transaction.borrow_mut() {
            t.commit_now = true;
        }
        Ok(())
    }

    /// The role acting now.
    pub fn user(&self) -> Oid {
        self.current_user.borrow().0
    }

    /// What the last of the engine's own queries had to wait for.
    pub fn take_wait(&self) -> Option<tusklet_storage::Wait> {
        self.pending_wait.take()
    }

    /// Forgets the computed search path.
    pub fn forget_path(&self) {
        self.path.borrow_mut().take();
    }
}

/// What an error is about, which only the catalog knows.
pub trait About {
    /// With the table it is about (`errtable`).
    fn about(self, shared: &Shared, rel: &Relation) -> Error;
}

impl About for Error {
    #[cold]
    #[inline(never)]
    fn about(self, shared: &Shared, rel: &Relation) -> Error {
        self.table(shared.catalog().schema_name(rel.schema).unwrap_or_default(), &rel.name)
    }
}
