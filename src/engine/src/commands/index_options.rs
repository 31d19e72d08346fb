//! What index access methods can do, and the options they and their operator classes take (`reloptions.c`).

use tusklet_adt::float::fixed;
use tusklet_catalog::builtin::{self, oids};
use tusklet_error::{Error, Result, bail, err, filled, words};
use tusklet_ir::Oid;
use tusklet_syntax::ast::DefElem;

/// An access method and what it can do.
pub struct Method {
    /// `pg_am.oid`.
    pub oid: Oid,
    name: &'static str,
    /// By the names of properties (`pg_indexam_has_property` and its kin): its own, its indexes', and those of columns whatever their class.
    can: &'static str,
}

static METHODS: &[Method] = &[
    Method {
        oid: oids::AM_BTREE,
        name: "btree",
        can: "can_order|can_unique|can_multi_col|can_exclude|can_include|clusterable|index_scan|bitmap_scan|\
              backward_scan|search_array|search_nulls|",
    },
    Method { oid: oids::AM_HASH, name: "hash", can: "can_exclude|index_scan|bitmap_scan|backward_scan|" },
    Method {
        oid: oids::AM_GIST,
        name: "gist",
        can: "can_multi_col|can_exclude|can_include|clusterable|index_scan|bitmap_scan|search_nulls|\
              distance_orderable|",
    },
    Method { oid: oids::AM_GIN, name: "gin", can: "can_multi_col|bitmap_scan|" },
    Method {
        oid: oids::AM_SPGIST,
        name: "spgist",
        can: "can_exclude|can_include|index_scan|bitmap_scan|search_nulls|distance_orderable|",
    },
    Method { oid: oids::AM_BRIN, name: "brin", can: "can_multi_col|bitmap_scan|search_nulls|" },
];

impl Method {
    /// By its name.
    pub fn named(name: &str) -> Result<&'static Method> {
        if let Some(m) = METHODS.iter().find(|m| m.name == name) {
            return Ok(m);
        }
        match builtin::am_by_name(name) {
            Some(_) => bail!(WRONG_OBJECT_TYPE, "access method \"{}\" is not of type INDEX"; name),
            None => bail!(UNDEFINED_OBJECT, "access method \"{}\" does not exist"; name),
        }
    }

    /// By its OID.
    pub fn of(oid: Oid) -> Option<&'static Method> {
        METHODS.iter().find(|m| m.oid == oid)
    }

    /// Whether it has a property.
    pub fn can(&self, property: &str) -> bool {
        words::has(self.can, property)
    }

    fn refuse(&self, what: &str) -> Error {
        err!(FEATURE_NOT_SUPPORTED, "access method \"{}\" does not support {}"; self.name, what)
    }

    /// Whether it can make such an index.
    pub fn check(&self, unique: bool, including: bool, keys: usize, exclusion: bool) -> Result<()> {
        let wrong = [
            (unique && !self.can("can_unique"), "unique indexes"),
            (including && !self.can("can_include"), "included columns"),
            (keys > 1 && !self.can("can_multi_col"), "multicolumn indexes"),
            (exclusion && !self.can("can_exclude"), "exclusion constraints"),
        ];
        match wrong.iter().find(|(w, _)| *w) {
            Some((_, what)) => Err(self.refuse(what)),
            None => Ok(()),
        }
    }

    /// Whether a key column may say how it is ordered.
    pub fn check_order(&self, direction: bool, nulls: bool) -> Result<()> {
        if direction && !self.can("can_order") {
            return Err(self.refuse("ASC/DESC options"));
        }
        if nulls && !self.can("can_order") {
            return Err(self.refuse("NULLS FIRST/LAST options"));
        }
        Ok(())
    }
}

/// What an option takes.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int(i64, i64),
    Real(f64, f64),
    Buffering,
}

const FILL: (&str, Kind) = ("fillfactor", Kind::Int(10, 100));

fn options_of(method: Oid) -> &'static [(&'static str, Kind)] {
    match method {
        oids::AM_BTREE => &[FILL, ("deduplicate_items", Kind::Bool)],
        oids::AM_GIST => &[FILL, ("buffering", Kind::Buffering)],
        oids::AM_GIN => &[("fastupdate", Kind::Bool), ("gin_pending_list_limit", Kind::Int(64, i32::MAX as i64))],
        oids::AM_BRIN => &[("pages_per_range", Kind::Int(1, 131072)), ("autosummarize", Kind::Bool)],
        _ => &[FILL],
    }
}

/// The storage options of an index, checked.
pub fn reloptions(method: Oid, options: &[DefElem]) -> Result<Vec<(String, String)>> {
    checked(options_of(method), options)
}

fn checked(known: &[(&str, Kind)], options: &[DefElem]) -> Result<Vec<(String, String)>> {
    let mut out: Vec<(String, String)> = vec![];
    for o in options {
        let DefElem { namespace, name, arg, action: _, span: _ } = o;
        if let Some(n) = namespace {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter namespace \"{}\""; n);
        }
        let Some((_, kind)) = known.iter().find(|(n, _)| n == name) else {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter \"{}\""; name);
        };
        if out.iter().any(|(n, _)| n == name) {
            bail!(INVALID_PARAMETER_VALUE, "parameter \"{}\" specified more than once"; name);
        }
        let value = if arg.is_none() { "true".to_string() } else { super::option_text(o)? };
        check(name, *kind, &value)?;
        out.push((name.clone(), value));
    }
    Ok(out)
}

fn check(name: &str, kind: Kind, value: &str) -> Result<()> {
    let invalid = |what: &str| err!(
        INVALID_PARAMETER_VALUE, "invalid value for {} option \"{}\": {}"; what, name, value
    );
    let bounds = |low: String, high: String| {
        Err(err!(INVALID_PARAMETER_VALUE, "value {} out of bounds for option \"{}\""; value, name)
            .detail(filled!("Valid values are between \"{}\" and \"{}\"."; low, high)))
    };
    match kind {
        Kind::Bool if crate::settings::parse_bool(value).is_none() => Err(invalid("boolean")),
        Kind::Buffering if !matches!(value, "on" | "off" | "auto") => {
            Err(invalid("enum").detail("Valid values are \"on\", \"off\", and \"auto\"."))
        }
        Kind::Int(low, high) => match value.parse::<i64>() {
            Ok(n) if (low..=high).contains(&n) => Ok(()),
            Ok(_) => bounds(low.to_string(), high.to_string()),
            Err(_) => Err(invalid("integer")),
        },
        Kind::Real(low, high) => match tusklet_adt::float::number(value) {
            Some(n) if (low..=high).contains(&n) => Ok(()),
            Some(_) => bounds(fixed(low, 6), fixed(high, 6)),
            None => Err(invalid("floating point")),
        },
        _ => Ok(()),
    }
}

/// The options of an operator class, checked.
pub fn opclass_options(class: Oid, options: &[DefElem]) -> Result<Vec<(String, String)>> {
    if options.is_empty() {
        return Ok(vec![]);
    }
    let Some(c) = builtin::opclass(class) else { bail!(UNDEFINED_OBJECT, "operator class {class} does not exist") };
    let of = |n: i32| builtin::amproc(c.family(), c.intype(), c.intype(), n).and_then(|p| builtin::proc(p.function()));
    let name = [5, 6, 7, 10, 11].into_iter().filter_map(of).map(|p| p.src()).find(|s| s.ends_with("_options"));
    let known: &[(&str, Kind)] = match name {
        Some("brin_bloom_options") => {
            &[("n_distinct_per_range", Kind::Real(-1.0, i32::MAX as f64)), ("false_positive_rate", Kind::Real(0.0001, 0.25))]
        }
        Some("brin_minmax_multi_options") => &[("values_per_range", Kind::Int(8, 256))],
        Some("gtsvector_options") => &[("siglen", Kind::Int(1, 2024))],
        _ => bail!(INVALID_PARAMETER_VALUE, "operator class {} has no options"; c.name()),
    };
    checked(known, options)
}
