//! What of a session's settings the text forms of values depend on.

use std::rc::Rc;

use crate::datetime::{DateOrder, DateStyle, DateTimeConfig, IntervalStyle};
use crate::encoding::Client;
use crate::timezone::TimeZone;

/// The formatting state of a session: `CallContext::formats` gives it. The engine rebuilds it when a setting changes.
#[derive(Clone, Debug)]
pub struct Formats {
    /// `DateStyle`, output.
    pub date_style: DateStyle,
    /// `DateStyle`, order.
    pub date_order: DateOrder,
    /// `IntervalStyle`.
    pub interval_style: IntervalStyle,
    /// `TimeZone`.
    pub zone: Rc<TimeZone>,
    /// `extra_float_digits`.
    pub extra_float_digits: i32,
    /// `bytea_output = escape`.
    pub bytea_escape: bool,
    /// `client_encoding`, where text is converted: what binary forms hold is.
    pub client: Option<Rc<Client>>,
}

impl Default for Formats {
    /// A fresh server's, in UTC.
    fn default() -> Formats {
        Formats {
            date_style: DateStyle::Iso,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            zone: TimeZone::utc(),
            extra_float_digits: 1,
            bytea_escape: false,
            client: None,
        }
    }
}

impl Formats {
    /// For the date and time types. `now` is the start of the transaction.
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
