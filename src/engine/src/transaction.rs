//! Transactions: what BEGIN, COMMIT, ROLLBACK and savepoints do to a session.

use tusklet_catalog::live::{Catalog, EntryKey};
use tusklet_error::{Error, Result, err};
use tusklet_ir::codec::Codec;
use tusklet_storage::{Lsn, Snapshot};

use crate::database::NEXT_OID;
use crate::session::{Isolation, Savepoint, Shared, Transaction, UsersBefore};

impl Shared {
    /// Starts a transaction unless one runs. `block`: by BEGIN.
    pub fn begin_transaction(&self, block: bool) {
        if let Some(t) = &mut *self.transaction.borrow_mut() {
            t.block |= block;
            return;
        }
        let flags = self.flags.get();
        let isolation = match flags.isolation {
            1 => Isolation::RepeatableRead,
            2 => Isolation::Serializable,
            _ => Isolation::ReadCommitted,
        };
        let read_only = flags.read_only;
        self.settings.borrow_mut().begin();
        let shared = self.db.catalog.borrow().clone();
        let base_version = shared.version();
        if self.catalog.borrow().version() != base_version {
            *self.catalog.borrow_mut() = shared;
            self.caches.forget_user();
            self.forget_path();
        }
        *self.transaction.borrow_mut() = Some(Transaction {
            tx: self.db.store.begin(),
            block,
            failed: false,
            isolation,
            read_only,
            deferrable: flags.deferrable,
            snapshot: None,
            exported: vec![],
            started: self.statement_start.get(),
            changes: vec![],
            base_version,
            savepoints: vec![],
            notifications: vec![],
            used: false,
            piped: false,
            commit_now: false,
        });
    }

    /// Brings the session's catalog up to date at the start of a statement: what others committed, under its own changes.
    pub fn refresh_catalog(&self) -> Result<()> {
        let shared = self.db.catalog.borrow().clone();
        let mut t = self.transaction.borrow_mut();
        let Some(t) = &mut *t else { return Ok(()) };
        if shared.version() == t.base_version {
            return Ok(());
        }
        t.base_version = shared.version();
        let mut c: Catalog = shared;
        c.merge(&t.changes)?;
        *self.catalog.borrow_mut() = c;
        self.caches.forget_user();
        self.forget_path();
        Ok(())
    }

    /// Commits. The place in the log to wait for, when there is something to wait for.
    pub fn commit_transaction(&self) -> Result<Option<Lsn>> {
        if self.transaction.borrow().is_none() {
            return Ok(None);
        }
        if let Err(e) = self.before_commit() {
            self.abort_transaction();
            return Err(e);
        }
        let Some(t) = self.transaction.borrow_mut().take() else { return Ok(None) };
        let store = &self.db.store;
        let mut changes = t.changes;
        if !changes.is_empty() {
            let key = EntryKey::Setting(NEXT_OID.into());
            changes.push((key, Some(self.db.last_oid().to_string().to_bytes())));
        }
        let result = (|| {
            for (key, value) in &changes {
                match value {
                    Some(v) => store.meta_put(&t.tx, &key.to_bytes(), v)?,
                    None => store.meta_delete(&t.tx, &key.to_bytes())?,
                }
            }
            store.commit(&t.tx)
        })();
        let lsn = match result {
            Ok(lsn) => lsn,
            Err(e) => {
                store.abort(&t.tx);
                self.after_end(false);
                return Err(e);
            }
        };
        if !changes.is_empty() {
            let mut shared = self.db.catalog.borrow().clone();
            shared.merge(&changes)?;
            *self.catalog.borrow_mut() = shared.clone();
            *self.db.catalog.borrow_mut() = shared;
            self.forget_path();
        }
        self.deliver(t.notifications);
        self.after_end(true);
        Ok(lsn)
    }

    /// What is due when a transaction commits: deferred constraints, temporary tables' ON COMMIT.
    fn before_commit(&self) -> Result<()> {
        crate::constraints::run_deferred(self)?;
        crate::commands::on_commit(self)
    }

    /// Rolls back, if there is something to roll back.
    pub fn abort_transaction(&self) {
        let Some(t) = self.transaction.borrow_mut().take() else { return };
        self.db.store.abort(&t.tx);
        if !t.changes.is_empty() {
            *self.catalog.borrow_mut() = self.db.catalog.borrow().clone();
            self.caches.forget_user();
            self.forget_path();
        }
        self.after_end(false);
    }

    /// Remembers who the users are, before a statement changes them.
    pub(crate) fn remember_users(&self, local: bool) {
        let settings = self.settings.borrow();
        let shown = ["role", "is_superuser"].map(|n| settings.get(n).unwrap_or_default());
        let (current, session) = (self.current_user.borrow().clone(), self.session_user.borrow().clone());
        self.users_before.borrow_mut().push(UsersBefore { current, session, shown, local });
    }

    /// Undoes changes of users: all after the first `keep`, or as long as they are for the transaction alone.
    fn restore_users(&self, keep: usize, local: bool) {
        let mut all = self.users_before.borrow_mut();
        while all.len() > keep && (!local || all.last().is_some_and(|u| u.local)) {
            let Some(u) = all.pop() else { break };
            *self.current_user.borrow_mut() = u.current;
            *self.session_user.borrow_mut() = u.session;
            // These settings take any value.
            let _ = self.show_users_as(u.shown);
        }
    }

    fn after_end(&self, committed: bool) {
        self.restore_users(0, committed);
        self.users_before.borrow_mut().clear();
        self.large_objects.close(None);
        self.row_events.borrow_mut().clear();
        self.deferred_events.borrow_mut().clear();
        *self.constraint_modes.borrow_mut() = Default::default();
        let changed = self.settings.borrow_mut().end(committed);
        if changed {
            self.settings_changed();
        }
    }

    /// `pg_export_snapshot`: lets others see what a statement of this transaction sees, as long as it runs.
    pub fn export_snapshot(&self, snapshot: &Snapshot) -> Result<String> {
        let mut t = self.transaction.borrow_mut();
        let Some(t) = &mut *t else { return Err(Error::internal("no transaction")) };
        if !t.savepoints.is_empty() {
            return Err(err!(ACTIVE_SQL_TRANSACTION, "cannot export a snapshot from a subtransaction"));
        }
        let id = format!("{:08X}-{:08X}-{}", self.id, t.started as u32, t.exported.len() + 1);
        t.exported.push((id.clone(), snapshot.clone()));
        Ok(id)
    }

    /// SET TRANSACTION SNAPSHOT (`ImportSnapshot`).
    pub fn import_snapshot(&self, id: &str) -> Result<()> {
        let mut own = self.transaction.borrow_mut();
        let Some(own) = &mut *own else { return Ok(()) };
        if own.used || !own.savepoints.is_empty() {
            return Err(err!(ACTIVE_SQL_TRANSACTION, "SET TRANSACTION SNAPSHOT must be called before any query"));
        }
        if own.isolation == Isolation::ReadCommitted {
            return Err(err!(
                FEATURE_NOT_SUPPORTED,
                "a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ"
            ));
        }
        for s in self.db.sessions.borrow().iter().filter_map(|s| s.upgrade()) {
            let Ok(t) = s.transaction.try_borrow() else { continue };
            let Some(t) = &*t else { continue };
            let Some((_, snapshot)) = t.exported.iter().find(|e| e.0 == id) else { continue };
            if own.isolation == Isolation::Serializable {
                let problem = if t.isolation != Isolation::Serializable {
                    "a serializable transaction cannot import a snapshot from a non-serializable transaction"
                } else if t.read_only && !own.read_only {
                    "a non-read-only serializable transaction cannot import a snapshot from a read-only transaction"
                } else {
                    ""
                };
                if !problem.is_empty() {
                    return Err(err!(FEATURE_NOT_SUPPORTED, "{}"; problem));
                }
            }
            own.snapshot = Some(snapshot.for_transaction(&own.tx));
            own.used = true;
            return Ok(());
        }
        Err(err!(INVALID_PARAMETER_VALUE, "invalid snapshot identifier: \"{}\""; id))
    }

    /// How many savepoints there are.
    pub(crate) fn savepoints(&self) -> usize {
        self.transaction.borrow().as_ref().map_or(0, |t| t.savepoints.len())
    }

    /// SAVEPOINT.
    pub fn savepoint(&self, name: &str) -> Result<()> {
        let settings = self.settings.borrow().mark();
        let deferred = self.deferred_events.borrow().len();
        let users = self.users_before.borrow().len();
        let mut t = self.transaction.borrow_mut();
        let Some(t) = &mut *t else { return Err(Error::internal("no transaction")) };
        t.tx.next_command();
        let level = t.tx.savepoint();
        let (changes, read_only) = (t.changes.len(), t.read_only);
        t.savepoints.push(Savepoint { name: name.to_string(), level, settings, changes, deferred, users, read_only });
        Ok(())
    }

    fn find_savepoint(&self, name: &str) -> Result<(usize, Savepoint)> {
        let t = self.transaction.borrow();
        let found = t.as_ref().and_then(|t| {
            t.savepoints.iter().enumerate().rev().find(|(_, s)| s.name == name).map(|(i, s)| (i, s.clone()))
        });
        found.ok_or_else(|| err!(S_E_INVALID_SPECIFICATION, "savepoint \"{}\" does not exist"; name))
    }

    /// RELEASE.
    pub fn release_savepoint(&self, name: &str) -> Result<()> {
        let (i, s) = self.find_savepoint(name)?;
        if let Some(t) = &mut *self.transaction.borrow_mut() {
            t.tx.release(s.level);
            t.read_only = s.read_only;
            t.savepoints.truncate(i);
            self.large_objects.lift(i);
        }
        Ok(())
    }

    /// ROLLBACK TO: the savepoint stays.
    pub fn rollback_to_savepoint(&self, name: &str) -> Result<()> {
        let (i, s) = self.find_savepoint(name)?;
        let (tx, changed) = {
            let mut t = self.transaction.borrow_mut();
            let Some(t) = &mut *t else { return Err(Error::internal("no transaction")) };
            t.savepoints.truncate(i);
            t.read_only = s.read_only;
            t.failed = false;
            let changed = t.changes.len() > s.changes;
            t.changes.truncate(s.changes);
            (t.tx.clone(), changed)
        };
        self.db.store.rollback_to(&tx, s.level);
        self.large_objects.close(Some(i));
        self.row_events.borrow_mut().clear();
        self.deferred_events.borrow_mut().truncate(s.deferred);
        self.restore_users(s.users, false);
        let undone = self.settings.borrow_mut().roll_back_to(s.settings);
        if undone {
            self.settings_changed();
        }
        if changed {
            if let Some(t) = &mut *self.transaction.borrow_mut() {
                t.base_version = u64::MAX;
            }
            self.refresh_catalog()?;
        }
        self.savepoint(name)
    }

    /// An error ended the statement. A lone statement's transaction is over. In a block, what was done since the last
    /// savepoint (or the beginning) is undone at once, so that nobody waits for its locks; the block is failed.
    pub fn statement_failed(&self) {
        self.row_events.borrow_mut().clear();
        let block = match &mut *self.transaction.borrow_mut() {
            Some(t) if t.block => {
                t.failed = true;
                Some((t.tx.clone(), t.savepoints.last().map(|s| s.name.clone())))
            }
            _ => None,
        };
        let Some((tx, savepoint)) = block else { return self.abort_transaction() };
        if let Some(name) = savepoint {
            if self.rollback_to_savepoint(&name).is_ok() {
                if let Some(t) = &mut *self.transaction.borrow_mut() {
                    t.failed = true;
                }
            }
            return;
        }
        self.db.store.abort(&tx);
        let edited = match &mut *self.transaction.borrow_mut() {
            Some(t) => !std::mem::take(&mut t.changes).is_empty(),
            None => false,
        };
        if edited {
            *self.catalog.borrow_mut() = self.db.catalog.borrow().clone();
            self.caches.forget_user();
            self.forget_path();
        }
        self.deferred_events.borrow_mut().clear();
        self.restore_users(0, false);
        let undone = self.settings.borrow_mut().roll_back_to(0);
        if undone {
            self.settings_changed();
        }
    }

    /// The transaction state as ReadyForQuery tells it: `I`, `T` or `E`.
    pub fn status(&self) -> u8 {
        match &*self.transaction.borrow() {
            Some(t) if t.block && t.failed => b'E',
            Some(t) if t.block => b'T',
            _ => b'I',
        }
    }

    /// Refuses everything but the end of a failed transaction block.
    pub fn refuse_if_failed(&self) -> Result<()> {
        if self.status() == b'E' {
            return Err(err!(
                IN_FAILED_SQL_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block"
            ));
        }
        Ok(())
    }

    /// Hands committed notifications to every listening session.
    fn deliver(&self, notifications: Vec<(String, String)>) {
        for (channel, payload) in notifications {
            for s in self.db.sessions.borrow().iter().filter_map(|s| s.upgrade()) {
                if s.listening.borrow().contains(&channel) {
                    s.inbox.borrow_mut().push((self.id, channel.clone(), payload.clone()));
                }
            }
        }
    }
}
