//! Vacuum.
