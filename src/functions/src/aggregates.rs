//! Aggregates as accumulators: the states of all groups by column.

use tusklet_vector::AggSpec;

/// Sorted by `transition/final`.
pub const TABLE: &[(&str, AggSpec)] = &[];
