//! MVCC row groups, indexes, transactions, locks, and the redo log. See the crate's README.
//!
//! Storage knows no SQL type, no expression and no name. A relation is a number, a column a physical type, an index key
//! an opaque byte string that orders as it should. Nothing here waits: what would have to wait says for whom.

#![cfg_attr(tuned, feature(optimize_attribute))]

mod btree;
mod checkpoint;
mod codec;
mod entries;
mod heap;
mod ids;
mod index;
mod lock;
mod log;
mod meta;
mod recovery;
mod redo;
mod scan;
mod sequence;
mod snapshot;
mod stats;
mod store;
mod summary;
mod transaction;
mod vacuum;
mod walk;

pub use checkpoint::Checkpointed;
pub use entries::Entries;
pub use heap::{Row, RowLock, Table, Wait, Write};
pub use ids::{Cid, Lsn, RelId, Tid, TxNo, Xid};
pub use index::{Index, IndexScan, KeyRange, Unique, successor};
pub use lock::{LockMode, LockTag, TableLock};
pub use log::{Checkpoint, FORMAT_VERSION, LogSink, MemoryDisk, MemorySink, NoLog, Segment, SegmentName};
pub use recovery::Recovery;
pub use scan::{ScanColumn, Scanned, TableScan};
pub use sequence::{NextValue, SequenceOptions, SequenceState};
pub use snapshot::Snapshot;
pub use stats::{ColumnStats, LookedAt, TableStats, ZoneFilter, zone_key};
pub use store::Store;
pub use summary::Summary;
pub use transaction::{Tx, XidStatus};
pub use vacuum::Vacuumed;
pub use walk::Step;
