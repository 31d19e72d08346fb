//! `pg_sleep`: a pause that blocks nobody.
//!
//! A sleeping statement waits as for a lock, here that of a transaction nobody else knows, which ends when the time has come:
//! hosts look at waiting sessions now and then, and cancel and timeouts work as for locks. Like any statement that had to
//! wait it then starts over; the pauses it has already made are counted, and not made again.

use std::cell::{Cell, RefCell};

use tusklet_storage::{Store, Tx, Wait};

/// The pauses of the running statement.
#[derive(Default)]
pub(crate) struct Sleep {
    /// Over.
    done: Cell<u32>,
    /// Asked for since the statement started (over).
    asked: Cell<u32>,
    /// The one that lasts, and until when.
    lasting: RefCell<Option<(i64, Tx)>>,
}

impl Sleep {
    /// A pause until `until` is asked for: what to wait for, if it is not over.
    pub fn ask(&self, store: &Store, now: i64, until: i64) -> Option<Wait> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() <= self.done.get() {
            return None;
        }
        if until <= now && !self.is_on() {
            self.done.set(self.asked.get());
            return None;
        }
        self.asked.set(0);
        let mut lasting = self.lasting.borrow_mut();
        let (_, tx) = lasting.get_or_insert_with(|| (until, store.begin()));
        Some(store.wait_for(tx))
    }

    /// The statement is about to start over, if its time has come.
    pub fn look(&self, now: i64) {
        self.asked.set(0);
        let mut lasting = self.lasting.borrow_mut();
        if lasting.as_ref().is_some_and(|l| l.0 <= now) {
            *lasting = None;
            self.done.set(self.done.get() + 1);
        }
    }

    /// Whether a pause lasts.
    pub fn is_on(&self) -> bool {
        self.lasting.borrow().is_some()
    }

    /// The statement is over.
    pub fn forget(&self) {
        self.done.set(0);
        self.asked.set(0);
        *self.lasting.borrow_mut() = None;
    }
}
