//! A transactional map from byte strings to byte strings, in which the engine keeps its catalog.
//!
//! Changes are buffered in the transaction and take effect when it commits, in order, with the rest of its work in one
//! redo record. Readers therefore see committed state only; a transaction's own changes are the engine's private copy.

use tusklet_error::SortedMap;

/// One change; no value is a deletion.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MetaChange {
    pub key: Vec<u8>,
    pub value: Option<Vec<u8>>,
}

#[derive(Default)]
pub(crate) struct Meta {
    pub map: SortedMap<Vec<u8>, Vec<u8>>,
}

impl Meta {
    pub fn apply(&mut self, change: MetaChange) {
        match change.value {
            Some(v) => self.map.insert(change.key, v),
            None => self.map.remove(&change.key),
        };
    }
}
