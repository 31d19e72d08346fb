//! What of a session the input and output of values depend on. The engine keeps one and hands it to kernels through
//! `CallContext::formats`, which gives it as `&dyn Any`: `cx.formats().downcast_ref::<Formats>()`.

use std::rc::Rc;

use crate::datetime::{DateOrder, DateStyle, DateTimeConfig, IntervalStyle};
use crate::timezone::TimeZone;

/// The settings `DateStyle`, `IntervalStyle`, `TimeZone`, `extra_float_digits`, `bytea_output`, `xmlbinary`.
#[derive(Clone, Debug)]
pub struct Formats {
    /// Output style of dates.
    pub date_style: DateStyle,
    /// Field order of dates.
    pub date_order: DateOrder,
    /// Output style of intervals.
    pub interval_style: IntervalStyle,
    /// The session's time zone.
    pub zone: Rc<TimeZone>,
    /// `extra_float_digits`.
    pub extra_float_digits: i32,
    /// `bytea_output = escape`.
    pub bytea_escape: bool,
}

impl Formats {
    /// A server's defaults, in UTC.
    pub fn new() -> Formats {
        Formats {
            date_style: DateStyle::Iso,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            zone: TimeZone::utc(),
            extra_float_digits: 1,
            bytea_escape: false,
        }
    }

    /// The date and time part, with the transaction's start (`now`).
    pub fn datetime(&self, now: i64) -> DateTimeConfig<'_> {
        DateTimeConfig {
            date_style: self.date_style,
            date_order: self.date_order,
            interval_style: self.interval_style,
            zone: &self.zone,
            now,
        }
    }
}

impl Default for Formats {
    fn default() -> Formats {
        Formats::new()
    }
}
