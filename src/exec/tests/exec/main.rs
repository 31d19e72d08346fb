//! Hand-made plans over a real store, with a handful of kernels.

mod aggregates;
mod expressions;
mod harness;
mod joins;
mod sets;
mod sorting;
mod windows;
mod writing;
