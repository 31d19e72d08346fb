//! Settings (GUCs): what SET and SHOW see, with PostgreSQL's names, bounds, units and messages, from the catalog's data.
//!
//! A value is kept in canonical text (base unit for numbers). SET lasts for the session and is undone when its
//! transaction aborts; SET LOCAL lies over it until the transaction ends.

use tusklet_adt::datetime::{DateOrder, DateStyle, IntervalStyle};
use tusklet_adt::encoding;
use tusklet_adt::float::{fixed, write_float8};
use tusklet_adt::formats::Formats;
use tusklet_adt::timestamp::general;
use tusklet_adt::timezone::TimeZone;
use tusklet_catalog::builtin::{self, Setting};
use tusklet_error::{Error, Result, SortedMap, err, filled, match_word};
use tusklet_syntax::Strings;

/// Whose doing a change is: decides what may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A statement.
    Session,
    /// The connection's startup packet or the host's options.
    Startup,
    /// The engine itself.
    Internal,
}

/// What every statement asks of the settings, looked up once per change instead of once per statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// `default_transaction_isolation`: 0 read committed, 1 repeatable read, 2 serializable.
    pub isolation: u8,
    /// `default_transaction_read_only`.
    pub read_only: bool,
    /// `default_transaction_deferrable`.
    pub deferrable: bool,
    /// `statement_timeout`, ms.
    pub statement_timeout: i64,
    /// `lock_timeout`, ms.
    pub lock_timeout: i64,
    /// `synchronous_commit` is not off.
    pub strict: bool,
    /// How string literals are read.
    pub strings: Strings,
}

/// A session's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    session: SortedMap<String, String>,
    local: SortedMap<String, String>,
    /// What RESET goes back to, where it is not the built-in default.
    reset: SortedMap<String, String>,
    /// Old values, to undo an aborted transaction: name, was it local, value.
    undo: Vec<(String, bool, Option<String>)>,
    in_transaction: bool,
}

/// What a session starts with that PostgreSQL's compiled-in defaults do not say.
const DEFAULTS: &[(&str, &str)] = &[
    ("application_name", ""),
    ("client_encoding", "UTF8"),
    ("default_text_search_config", "pg_catalog.english"),
    ("in_hot_standby", "off"),
    ("is_superuser", "on"),
    ("lc_collate", "C"),
    ("lc_ctype", "C"),
    ("lc_messages", "C"),
    ("lc_monetary", "C"),
    ("lc_numeric", "C"),
    ("lc_time", "C"),
    ("max_connections", "100"),
    ("server_encoding", "UTF8"),
    ("server_version", "15.20"),
    ("server_version_num", "150020"),
    ("session_authorization", "postgres"),
    ("standard_conforming_strings", "on"),
    ("TimeZone", "Etc/UTC"),
    ("log_timezone", "Etc/UTC"),
    ("transaction_deferrable", "off"),
    ("transaction_isolation", "read committed"),
    ("transaction_read_only", "off"),
    ("wal_level", "replica"),
];

/// Names PostgreSQL still understands.
const OLD_NAMES: &[(&str, &str)] = &[("sort_mem", "work_mem"), ("vacuum_mem", "maintenance_work_mem")];

/// The settings told to clients whenever they change.
pub const REPORTED: &[&str] = &[
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

fn find(name: &str) -> Option<Setting> {
    let name = OLD_NAMES.iter().find(|(old, _)| old.eq_ignore_ascii_case(name)).map_or(name, |(_, new)| new);
    builtin::setting(name)
}

#[cold]
pub(crate) fn unknown(name: &str) -> Error {
    err!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{}\""; name)
}

/// No setting, and none can be made of that name.
#[cold]
fn unnamable(name: &str) -> Error {
    if !name.contains('.') {
        return unknown(name);
    }
    err!(INVALID_NAME, "invalid configuration parameter name \"{}\""; name)
        .detail("Custom parameter names must be two or more simple identifiers separated by dots.")
}

#[cold]
fn invalid(name: &str, value: &str) -> Error {
    err!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{}\": \"{}\""; name, value)
}

fn default_of(s: Setting) -> String {
    DEFAULTS
        .iter()
        .find(|(n, _)| *n == s.name())
        .map(|(_, v)| v.to_string())
        .or_else(|| s.boot_val().map(str::to_string))
        .unwrap_or_default()
}

impl Settings {
    /// The canonical name of a setting: as the catalog spells it, custom ones in lower case.
    pub fn canonical(name: &str) -> Option<String> {
        match find(name) {
            Some(s) => Some(s.name().to_string()),
            None if is_custom(name) => Some(name.to_ascii_lowercase()),
            None => None,
        }
    }

    /// The value as kept, `None` when there is no such setting.
    pub fn get(&self, name: &str) -> Option<String> {
        let key = Settings::canonical(name)?;
        self.local
            .get(&key)
            .or_else(|| self.session.get(&key))
            .or_else(|| self.reset.get(&key))
            .cloned()
            .or_else(|| find(name).map(default_of))
    }

    /// A boolean setting.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).as_deref() == Some("on")
    }

    /// An integer setting, in its base unit.
    pub fn number(&self, name: &str) -> i64 {
        self.get(name).and_then(|v| v.parse().ok()).unwrap_or(0)
    }

    /// The value as SHOW prints it, with a unit.
    pub fn show(&self, name: &str) -> Result<String> {
        let v = self.get(name).ok_or_else(|| unknown(name))?;
        Ok(match find(name) {
            Some(s) if s.unit().is_some() => with_unit(&v, s.unit().unwrap_or("")),
            _ => v,
        })
    }

    /// Sets a value; an error leaves everything as it was.
    pub fn set(&mut self, name: &str, value: &str, local: bool, source: Source) -> Result<()> {
        let (key, value) = self.check(name, value, source)?;
        self.define(&key);
        if source != Source::Session {
            self.reset.insert(key.clone(), value.clone());
            self.session.remove(&key);
            return Ok(());
        }
        self.put(key, Some(value), local);
        Ok(())
    }

    /// A custom setting is one from the first time it is named on, whatever is rolled back.
    fn define(&mut self, key: &str) {
        if key.contains('.') && !self.reset.contains_key(key) {
            self.reset.insert(key.to_string(), String::new());
        }
    }

    /// Back to the default.
    pub fn reset(&mut self, name: &str, local: bool) -> Result<()> {
        let key = Settings::canonical(name).ok_or_else(|| unnamable(name))?;
        self.define(&key);
        if let Some(s) = find(name) {
            may_change(s, Source::Session, self.is_on("is_superuser"))?;
        }
        if local {
            let v = self.reset.get(&key).cloned().or_else(|| find(name).map(default_of)).unwrap_or_default();
            self.put(key, Some(v), true);
        } else {
            self.put(key, None, false);
        }
        Ok(())
    }

    /// RESET ALL. Those that describe the session rather than configure it stay.
    pub fn reset_all(&mut self) {
        let keys: Vec<String> = self.session.keys().chain(self.local.keys()).cloned().collect();
        for k in keys {
            let keep = find(&k).is_some_and(|s| s.flags().is_some_and(|f| f.iter().any(|x| x == "NO_RESET_ALL")));
            if !keep {
                self.put(k, None, false);
            }
        }
    }

    /// All settings SHOW ALL lists: name, value, description.
    pub fn all(&self) -> Vec<(String, String, String)> {
        builtin::settings()
            .filter(|s| !s.flags().is_some_and(|f| f.iter().any(|x| x == "NO_SHOW_ALL")))
            .map(|s| (s.name().to_string(), self.show(s.name()).unwrap_or_default(), s.short_desc().to_string()))
            .collect()
    }

    fn put(&mut self, key: String, value: Option<String>, local: bool) {
        if self.in_transaction {
            if !local {
                if let Some(old) = self.local.remove(&key) {
                    self.undo.push((key.clone(), true, Some(old)));
                }
            }
            let map = if local { &self.local } else { &self.session };
            self.undo.push((key.clone(), local, map.get(&key).cloned()));
        } else if local {
            return;
        }
        let map = if local { &mut self.local } else { &mut self.session };
        match value {
            Some(v) => map.insert(key, v),
            None => map.remove(&key),
        };
    }

    /// A transaction begins: changes are remembered.
    pub fn begin(&mut self) {
        self.in_transaction = true;
    }

    /// A function that has settings of its own ends: those are what they were at `mark`, those it set otherwise stay.
    pub fn leave(&mut self, mark: usize, own: &[(String, String)]) {
        if self.undo.len() == mark + own.len() {
            self.roll_back_to(mark);
            return;
        }
        for (name, _) in own {
            let Some(key) = Settings::canonical(name) else { continue };
            let before = self.undo.iter().skip(mark).find(|u| u.0 == key && u.1).and_then(|u| u.2.clone());
            // SET without LOCAL took its place for good.
            if self.local.contains_key(&key) {
                self.put(key, before, true);
            }
        }
    }

    /// Where a savepoint can come back to.
    pub fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Undoes everything after `mark`. Whether anything changed.
    pub fn roll_back_to(&mut self, mark: usize) -> bool {
        let changed = self.undo.len() > mark;
        while self.undo.len() > mark {
            let Some((key, local, old)) = self.undo.pop() else { break };
            let map = if local { &mut self.local } else { &mut self.session };
            match old {
                Some(v) => map.insert(key, v),
                None => map.remove(&key),
            };
        }
        changed
    }

    /// The transaction ends. Whether anything changed by that.
    pub fn end(&mut self, committed: bool) -> bool {
        self.in_transaction = false;
        let changed = if committed { !self.local.is_empty() } else { self.roll_back_to(0) };
        let local = !self.local.is_empty();
        self.local.clear();
        self.undo.clear();
        changed || local
    }

    fn check(&self, typed: &str, value: &str, source: Source) -> Result<(String, String)> {
        let Some(s) = find(typed) else {
            if is_custom(typed) {
                return Ok((typed.to_ascii_lowercase(), value.to_string()));
            }
            return Err(unnamable(typed));
        };
        may_change(s, source, source != Source::Session || self.is_on("is_superuser"))?;
        let name = s.name();
        let v = match s.vartype() {
            "bool" => parse_bool(value)
                .map(|b| if b { "on" } else { "off" }.to_string())
                .ok_or_else(|| err!(INVALID_PARAMETER_VALUE, "parameter \"{}\" requires a Boolean value"; name))?,
            "integer" => {
                let n = number(s, name, value)?.round();
                if n.abs() > i32::MAX as f64 {
                    return Err(invalid(name, value).hint("Value exceeds integer range."));
                }
                bounds(s, n)?;
                format!("{}", n as i64)
            }
            "real" => {
                let n = number(s, name, value)?;
                bounds(s, n)?;
                let mut text = String::new();
                write_float8(n, &mut text);
                text
            }
            "enum" => {
                let found = s.enumvals().and_then(|vals| vals.iter().find(|v| v.eq_ignore_ascii_case(value)));
                match found {
                    Some(v) => v.to_string(),
                    None => {
                        let hidden = match parse_bool(value) {
                            Some(true) => s.enumvals().and_then(|vals| vals.iter().find(|v| *v == "on")),
                            Some(false) => s.enumvals().and_then(|vals| vals.iter().find(|v| *v == "off")),
                            None => None,
                        };
                        match hidden {
                            Some(v) => v.to_string(),
                            None => {
                                let all: Vec<&str> = s.enumvals().map(|v| v.iter().collect()).unwrap_or_default();
                                return Err(invalid(typed, value).hint(filled!("Available values: {}."; all.join(", "))));
                            }
                        }
                    }
                }
            }
            _ => match name {
                "DateStyle" => {
                    let (style, order) = parse_date_style(value, &self.get("DateStyle").unwrap_or_default())
                        .map_err(|detail| invalid(name, value).detail(detail))?;
                    format_date_style(style, order)
                }
                "TimeZone" | "log_timezone" => zone_name(value).ok_or_else(|| {
                    let far = tusklet_adt::float::number(value.trim()).is_some();
                    let e = invalid(name, value);
                    if far { e.detail("UTC timezone offset is out of range.") } else { e }
                })?,
                "client_encoding" => {
                    let n = encoding::by_name(value).ok_or_else(|| invalid(name, value))?;
                    let canonical = encoding::NAMES[n];
                    if !encoding::is_client(n) {
                        let mut e = err!(
                            FEATURE_NOT_SUPPORTED, "invalid value for parameter \"{}\": \"{}\""; name, value
                        );
                        e.report_mut().detail = Some(filled!("Conversion between {} and UTF8 is not supported."; canonical));
                        return Err(e);
                    }
                    // Old drivers read back what they said (`check_client_encoding`).
                    if value == "UNICODE" { value } else { canonical }.to_string()
                }
                "application_name" | "cluster_name" => {
                    let ascii = |b: u8| if (b' '..=b'~').contains(&b) { b as char } else { '?' };
                    value.bytes().take(63).map(ascii).collect()
                }
                _ => value.to_string(),
            },
        };
        Ok((name.to_string(), v))
    }

    /// What every statement asks.
    pub fn flags(&self) -> Flags {
        Flags {
            isolation: match self.get("default_transaction_isolation").as_deref() {
                Some("repeatable read") => 1,
                Some("serializable") => 2,
                _ => 0,
            },
            read_only: self.is_on("default_transaction_read_only"),
            deferrable: self.is_on("default_transaction_deferrable"),
            statement_timeout: self.number("statement_timeout"),
            lock_timeout: self.number("lock_timeout"),
            strict: self.get("synchronous_commit").as_deref() != Some("off"),
            strings: Strings {
                conforming: self.is_on("standard_conforming_strings"),
                warn: self.is_on("escape_string_warning"),
                backslash_quote: self.get("backslash_quote").as_deref() != Some("off"),
            },
        }
    }

    /// The formats that follow from the settings.
    pub fn formats(&self) -> Formats {
        let style = self.get("DateStyle").unwrap_or_default();
        let (date_style, date_order) = parse_date_style(&style, "ISO, MDY").unwrap_or((DateStyle::Iso, DateOrder::Mdy));
        let zone = self.get("TimeZone").unwrap_or_default();
        Formats {
            date_style,
            date_order,
            interval_style: match self.get("IntervalStyle").as_deref() {
                Some("postgres_verbose") => IntervalStyle::PostgresVerbose,
                Some("sql_standard") => IntervalStyle::SqlStandard,
                Some("iso_8601") => IntervalStyle::Iso8601,
                _ => IntervalStyle::Postgres,
            },
            zone: session_zone(&zone).unwrap_or_else(TimeZone::utc),
            extra_float_digits: self.number("extra_float_digits") as i32,
            bytea_escape: self.get("bytea_output").as_deref() == Some("escape"),
            client: self
                .get("client_encoding")
                .filter(|n| n != "UTF8")
                .and_then(|n| encoding::Client::new(encoding::by_name(&n)?))
                .map(std::rc::Rc::new),
        }
    }
}

fn is_custom(name: &str) -> bool {
    let letter = |c: &u8| c.is_ascii_alphabetic() || *c == b'_' || !c.is_ascii();
    let ok = |p: &str| p.bytes().next().is_some_and(|c| letter(&c)) && p.bytes().all(|c| letter(&c) || c.is_ascii_digit() || c == b'$');
    name.contains('.') && name.split('.').all(ok)
}

fn may_change(s: Setting, source: Source, superuser: bool) -> Result<()> {
    let name = s.name();
    if source == Source::Internal {
        return Ok(());
    }
    match s.context() {
        "internal" => Err(err!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{}\" cannot be changed"; name)),
        "postmaster" => {
            Err(err!(
                CANT_CHANGE_RUNTIME_PARAM, "parameter \"{}\" cannot be changed without restarting the server"; name
            ))
        }
        "sighup" => Err(err!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{}\" cannot be changed now"; name)),
        "backend" | "superuser-backend" if source == Source::Session => {
            Err(err!(CANT_CHANGE_RUNTIME_PARAM, "parameter \"{}\" cannot be set after connection start"; name))
        }
        "superuser" | "superuser-backend" if !superuser => {
            Err(err!(INSUFFICIENT_PRIVILEGE, "permission denied to set parameter \"{}\""; name))
        }
        _ => Ok(()),
    }
}

/// A number in the setting's base unit.
fn number(s: Setting, name: &str, value: &str) -> Result<f64> {
    parse_number(value, s.unit()).ok_or_else(|| {
        let e = invalid(name, value);
        match s.unit() {
            Some(unit) if value.trim().starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => e.hint(filled!(
                "Valid units for this parameter are {}.";
                if unit.ends_with('B') { "\"B\", \"kB\", \"MB\", \"GB\", and \"TB\"" } else { "\"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"" }
            )),
            _ => e,
        }
    })
}

fn bounds(s: Setting, n: f64) -> Result<()> {
    let limit = |v: Option<&str>| v.and_then(tusklet_adt::float::number);
    let (Some(lo), Some(hi)) = (limit(s.min_val()), limit(s.max_val())) else { return Ok(()) };
    if (lo..=hi).contains(&n) {
        return Ok(());
    }
    let unit = s.unit().map(|u| filled!(" {}"; u)).unwrap_or_default();
    let [n, lo, hi] = [n, lo, hi].map(|v| if s.vartype() == "real" { general(v) } else { fixed(v, 0) });
    Err(err!(
        INVALID_PARAMETER_VALUE,
        "{n}{unit} is outside the valid range for parameter \"{}\" ({lo} .. {hi})",
        s.name()
    ))
}

/// A boolean as PostgreSQL reads one: a unique prefix of the words.
pub fn parse_bool(v: &str) -> Option<bool> {
    let v = v.trim().to_ascii_lowercase();
    let prefix = |w: &str, least: usize| v.len() >= least && w.starts_with(&v);
    if prefix("true", 1) || prefix("yes", 1) || v == "on" || v == "1" {
        Some(true)
    } else if prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || v == "0" {
        Some(false)
    } else {
        None
    }
}

/// A number with an optional unit, in the base unit.
fn parse_number(v: &str, base: Option<&str>) -> Option<f64> {
    let v = v.trim();
    let split = v.find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))).unwrap_or(v.len());
    let (mut number, mut unit) = v.split_at(split);
    // `1e3`: the exponent is part of the number.
    if unit.starts_with(['e', 'E']) && unit[1..].chars().all(|c| c.is_ascii_digit() || c == '-') && unit.len() > 1 {
        number = v;
        unit = "";
    }
    let n: f64 = match v.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok()? as f64,
        None => tusklet_adt::float::number(number)?,
    };
    let unit = unit.trim();
    if unit.is_empty() || v.starts_with("0x") {
        return Some(n);
    }
    let factor = |u: &str| -> Option<(bool, f64)> {
        Some(match_word!(u;
            "B" => (false, 1.0),
            "kB" => (false, 1024.0),
            "8kB" => (false, 8192.0),
            "MB" => (false, 1048576.0),
            "GB" => (false, 1073741824.0),
            "TB" => (false, 1099511627776.0),
            "us" => (true, 0.001),
            "ms" => (true, 1.0),
            "s" => (true, 1000.0),
            "min" => (true, 60_000.0),
            "h" => (true, 3_600_000.0),
            "d" => (true, 86_400_000.0);
            _ => return None,
        ))
    };
    let ((k, f), (bk, bf)) = (factor(unit)?, factor(base?)?);
    (k == bk).then(|| n * f / bf)
}

/// The largest unit that divides the value, as SHOW prints it.
fn with_unit(v: &str, unit: &str) -> String {
    let Ok(n) = v.parse::<i64>() else {
        // A fraction of milliseconds, in the largest unit that has it whole.
        let ms = tusklet_adt::float::number(v).filter(|_| unit == "ms");
        let units = [("d", 86_400_000.0), ("h", 3_600_000.0), ("min", 60_000.0), ("s", 1000.0), ("us", 0.001)];
        let whole = |n: f64| (n - n.round()).abs() <= n.abs() * 1e-8;
        return match ms.and_then(|n| units.iter().find(|u| whole(n / u.1)).map(|u| (n / u.1, u.0))) {
            Some((n, unit)) => filled!("{}{}"; fixed(n.round(), 0), unit),
            None => filled!("{}{}"; v, unit),
        };
    };
    if n <= 0 {
        return if n == 0 || n == -1 { v.to_string() } else { filled!("{}{}"; v, unit) };
    }
    let ladder: &[(&str, i64)] = match unit {
        "B" | "kB" | "8kB" | "MB" => {
            &[("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("B", 1)]
        }
        _ => &[("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)],
    };
    let base = match unit {
        "8kB" => 8192,
        u => ladder.iter().find(|(l, _)| *l == u).map_or(1, |(_, f)| *f),
    };
    let total = n * base;
    for (u, f) in ladder {
        if total % f == 0 {
            return format!("{}{u}", total / f);
        }
    }
    filled!("{}{}"; v, unit)
}

/// `check_datestyle`; what is wrong is the DETAIL.
fn parse_date_style(value: &str, now: &str) -> Result<(DateStyle, DateOrder), String> {
    let (mut style, mut order, mut german) = (None, None, false);
    let mut conflict = false;
    for word in value.split(',').map(|w| w.trim().trim_matches('"')).filter(|w| !w.is_empty()) {
        let lower = word.to_ascii_lowercase();
        let (s, o) = match_word!(lower.as_str();
            "iso" => (Some(DateStyle::Iso), None),
            "sql" => (Some(DateStyle::Sql), None),
            "german" => (Some(DateStyle::German), None),
            "ymd" => (None, Some(DateOrder::Ymd)),
            "dmy" => (None, Some(DateOrder::Dmy)),
            "mdy" | "us" => (None, Some(DateOrder::Mdy)),
            "default" => {
                style.get_or_insert(DateStyle::Iso);
                order.get_or_insert(DateOrder::Mdy);
                continue;
            };
            w => if w.starts_with("postgres") {
                (Some(DateStyle::Postgres), None)
            } else if w.starts_with("euro") {
                (None, Some(DateOrder::Dmy))
            } else if w.starts_with("noneuro") {
                (None, Some(DateOrder::Mdy))
            } else if w.contains(' ') {
                return Err("List syntax is invalid.".into());
            } else {
                return Err(filled!("Unrecognized key word: \"{}\"."; word));
            },
        );
        conflict |= s.is_some() && style.is_some() && s != style || o.is_some() && order.is_some() && o != order && !german;
        // German implies an order, which another word may change.
        german = s == Some(DateStyle::German) && order.is_none();
        style = s.or(style);
        order = o.or(if german { Some(DateOrder::Dmy) } else { order });
    }
    if conflict {
        return Err("Conflicting \"datestyle\" specifications.".into());
    }
    let old = if value == now { None } else { parse_date_style(now, now).ok() };
    let (s, o) = old.unwrap_or((DateStyle::Iso, DateOrder::Mdy));
    Ok((style.unwrap_or(s), order.unwrap_or(o)))
}

fn format_date_style(style: DateStyle, order: DateOrder) -> String {
    let s = match style {
        DateStyle::Iso => "ISO",
        DateStyle::Sql => "SQL",
        DateStyle::Postgres => "Postgres",
        DateStyle::German => "German",
    };
    let o = match order {
        DateOrder::Ymd => "YMD",
        DateOrder::Dmy => "DMY",
        DateOrder::Mdy => "MDY",
    };
    filled!("{}, {}"; s, o)
}

/// A zone as TimeZone takes it: a name, or hours east of UTC, or a POSIX specification.
fn session_zone(v: &str) -> Option<std::rc::Rc<TimeZone>> {
    let v = v.trim();
    if let Some(h) = tusklet_adt::float::number(v) {
        return (h.abs() <= 167.0).then(|| TimeZone::fixed((h * 3600.0) as i32));
    }
    TimeZone::named(v)
}

fn zone_name(v: &str) -> Option<String> {
    Some(session_zone(v)?.name().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_kept_shown_and_rolled_back() {
        let mut s = Settings::default();
        s.begin();
        s.set("WORK_MEM", "64MB", false, Source::Session).unwrap();
        assert_eq!(s.show("work_mem").unwrap(), "64MB");
        s.set("work_mem", "100", true, Source::Session).unwrap();
        assert_eq!(s.show("work_mem").unwrap(), "100kB");
        let mark = s.mark();
        s.set("datestyle", "german", false, Source::Session).unwrap();
        assert_eq!(s.show("DateStyle").unwrap(), "German, DMY");
        s.roll_back_to(mark);
        assert_eq!(s.show("datestyle").unwrap(), "ISO, MDY");
        s.end(true);
        assert_eq!(s.show("work_mem").unwrap(), "64MB");
        assert_eq!(s.set("nosuch", "1", false, Source::Session).unwrap_err().code().as_str(), "42704");
        assert_eq!(s.set("server_version", "1", false, Source::Session).unwrap_err().code().as_str(), "55P02");
        assert_eq!(
            s.set("work_mem", "1", false, Source::Session).unwrap_err().message(),
            "1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)"
        );
    }
}
