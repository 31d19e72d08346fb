//! Sequence counters: not transactional, and never a value twice.
//!
//! A value once given out stays given out, whatever becomes of the transaction. So that not every `nextval` is logged,
//! the log runs [`AHEAD`] fetches ahead of the counter, as PostgreSQL's does: after a crash the sequence goes on from the
//! logged position and the values between are skipped.

use std::cell::Cell;

use crate::RelId;

/// Fetches covered by one log record (`SEQ_LOG_VALS`).
pub(crate) const AHEAD: i64 = 32;

/// What a sequence is made of besides its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceOptions {
    /// First value.
    pub start: i64,
    /// Step, not zero.
    pub increment: i64,
    /// Least value.
    pub min: i64,
    /// Greatest value.
    pub max: i64,
    /// Begin again at the other end.
    pub cycle: bool,
}

/// The answer of `nextval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextValue {
    /// The value.
    Value(i64),
    /// Past the end (2200H, worded by the caller): the maximum when ascending, the minimum when descending.
    Exhausted(i64),
}

/// A position: the last value, and whether it was given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceState {
    /// `last_value`.
    pub last: i64,
    /// `is_called`.
    pub called: bool,
    /// `log_cnt`: fetches the log already covers.
    pub log_count: i64,
}

pub(crate) struct Sequence {
    pub rel: RelId,
    pub options: Cell<SequenceOptions>,
    pub state: Cell<SequenceState>,
}

impl Sequence {
    pub fn new(rel: RelId, options: SequenceOptions) -> Sequence {
        let state = SequenceState { last: options.start, called: false, log_count: 0 };
        Sequence { rel, options: Cell::new(options), state: Cell::new(state) }
    }

    /// The value after `from`, `None` past the end.
    #[cfg_attr(tuned, optimize(size))]
    fn step(o: &SequenceOptions, from: SequenceState) -> Option<i64> {
        if !from.called {
            return Some(from.last);
        }
        let next = from.last.checked_add(o.increment).filter(|v| *v >= o.min && *v <= o.max);
        match next {
            Some(v) => Some(v),
            None if o.cycle => Some(if o.increment > 0 { o.min } else { o.max }),
            None => None,
        }
    }

    /// Takes the next value. With it comes a position to log, when the log does not cover this fetch yet.
    #[cfg_attr(tuned, optimize(size))]
    pub fn next(&self) -> (NextValue, Option<SequenceState>) {
        let o = self.options.get();
        let mut s = self.state.get();
        let Some(value) = Sequence::step(&o, s) else {
            return (NextValue::Exhausted(if o.increment > 0 { o.max } else { o.min }), None);
        };
        let covered = s.called && s.log_count > 0;
        s = SequenceState { last: value, called: true, log_count: s.log_count - 1 };
        let mut logged = None;
        if !covered {
            let mut ahead = s;
            let mut n = 0;
            while n < AHEAD {
                match Sequence::step(&o, ahead) {
                    Some(v) => ahead.last = v,
                    None => break,
                }
                n += 1;
            }
            s.log_count = n;
            logged = Some(SequenceState { last: ahead.last, called: true, log_count: 0 });
        }
        self.state.set(s);
        (NextValue::Value(value), logged)
    }
}
