//! The golden-file harness.
