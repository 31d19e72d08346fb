//! Statements remembered by their text, so that a query sent again is not analysed and planned again.
//!
//! A text is kept when it comes a second time, so a script of a thousand different INSERTs costs nothing here. A kept
//! statement serves only while analysis would come to the same end: same catalog, search path, user and settings.

use std::rc::Rc;

use tusklet_ir::Oid;

use crate::query::Prepared;
use crate::session::Shared;

/// Places. A text has one, by its hash; a newcomer takes it over.
const SLOTS: usize = 256;
/// Longer texts are not kept.
const LONGEST: usize = 8192;

/// Statements by text.
#[derive(Default)]
pub(crate) struct StatementCache {
    slots: Vec<Slot>,
}

#[derive(Clone, Default)]
struct Slot {
    hash: u64,
    user: Oid,
    statement: Option<Rc<Prepared>>,
}

impl StatementCache {
    fn slot(&mut self, hash: u64) -> &mut Slot {
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Slot::default());
        }
        &mut self.slots[hash as usize % SLOTS]
    }
}

fn hash(sql: &str) -> u64 {
    let mut h = 0xcbf2_9ce4_8422_2325u64;
    for chunk in sql.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        h = (h ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        h ^= h >> 29;
    }
    h ^ sql.len() as u64
}

impl Shared {
    /// The statement with this text, if it is kept and still good. A transaction must be running, the catalog up to date.
    pub(crate) fn remembered(&self, sql: &str, given: &[Oid]) -> Option<Rc<Prepared>> {
        if sql.len() > LONGEST {
            return None;
        }
        let cache = self.statements.borrow();
        let h = hash(sql);
        let slot = cache.slots.get(h as usize % SLOTS).filter(|s| s.hash == h && s.user == self.user())?;
        let p = slot.statement.as_ref()?;
        (*p.sql == *sql && p.given() == given && p.is_current(self)).then(|| p.clone())
    }

    /// Remembers a statement, or, the first time, that it was seen.
    pub(crate) fn remember(&self, p: &Rc<Prepared>) {
        if p.said || p.sql.len() > LONGEST || !p.stmt.as_ref().is_some_and(|s| crate::query::is_query(s)) {
            return;
        }
        // Literals of the moment were read when the statement was analysed.
        let lower = p.sql.to_ascii_lowercase();
        if ["now", "today", "tomorrow", "yesterday"].iter().any(|w| lower.contains(w)) {
            return;
        }
        let mut cache = self.statements.borrow_mut();
        let h = hash(&p.sql);
        let slot = cache.slot(h);
        let again = slot.hash == h;
        *slot = Slot { hash: h, user: self.user(), statement: again.then(|| p.clone()) };
    }

    /// Forgets them all: a setting changed that constants may have been read by.
    pub(crate) fn forget_statements(&self) {
        self.statements.borrow_mut().slots.clear();
        if let Ok(shapes) = self.shapes.try_borrow() {
            shapes.forget_kept();
        }
    }
}
