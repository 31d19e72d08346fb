//! The numbers storage speaks in.

use std::cmp::Ordering;
use std::fmt;

use tusklet_vector::sort::sort_by_words;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($t:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $t);
    };
}

number!(
    /// A transaction id. 64 bits, so it never wraps around; 0 is "none", 1 and 2 are PostgreSQL's bootstrap and frozen ids.
    Xid(u64)
);
number!(
    /// The number of a command inside its transaction.
    Cid(u32)
);
number!(
    /// A relation *file*: one table's rows or one index's entries, as PostgreSQL's relfilenode. 0 is none.
    RelId(u32)
);
number!(
    /// The number of a log record. Records are numbered from 1 without gaps.
    Lsn(u64)
);
number!(
    /// A transaction, whether or not it has a [`Xid`] (PostgreSQL's virtual transaction id). Never used twice in a process.
    TxNo(u64)
);
number!(
    /// A row version's place: group in the upper 32 bits, 1-based offset in the lower 16, exactly the value of an SQL
    /// `tid` in its column. 0 is none.
    Tid(i64)
);

impl Xid {
    /// No transaction.
    pub const NONE: Xid = Xid(0);
    /// The first id ever assigned.
    pub const FIRST: Xid = Xid(3);

    /// Whether it is [`Xid::NONE`].
    #[inline]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl Tid {
    /// No row.
    pub const NONE: Tid = Tid(0);

    /// The row `offset` (0-based) of `group`.
    #[inline]
    pub fn new(group: usize, offset: usize) -> Tid {
        Tid((group as i64) << 16 | (offset as i64 + 1))
    }

    /// Whether it is [`Tid::NONE`].
    #[inline]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The row group (PostgreSQL's block number).
    #[inline]
    pub fn group(self) -> usize {
        (self.0 >> 16) as u32 as usize
    }

    /// The row in its group, 0-based; out of every group's range when the tid is none.
    #[inline]
    pub fn offset(self) -> usize {
        ((self.0 & 0xFFFF) as usize).wrapping_sub(1)
    }

    /// Places in order, each once.
    pub fn arrange(list: &mut Vec<Tid>) {
        sort_by_words(list, 1, &|t, _| t.0 as u64 ^ 1 << 63, &|_, _| Ordering::Equal);
        list.dedup();
    }
}

impl fmt::Display for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({},{})", self.group(), self.0 & 0xFFFF)
    }
}
