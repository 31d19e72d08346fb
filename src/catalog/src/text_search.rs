//! Text search objects by OID and by name: those of the live catalog, and behind them PostgreSQL's own.

use tusklet_error::filled;
use tusklet_ir::Oid;

use crate::builtin::{self, oids};
use crate::live::{Catalog, TsKind, TsMapping, TsObject};
use crate::resolve::SearchPath;

fn own(kind: TsKind, oid: Oid, name: &str, schema: Oid, base: Oid) -> TsObject {
    TsObject { oid, kind, name: name.to_string(), schema, owner: oids::ROLE_POSTGRES, base, options: None, map: vec![] }
}

/// PostgreSQL's own objects of a kind for which `wanted` holds, without their dictionaries.
fn builtins(kind: TsKind, wanted: &dyn Fn(Oid, &str) -> bool) -> Option<TsObject> {
    match kind {
        TsKind::Parser => builtin::TsParser::all()
            .find(|p| wanted(p.oid(), p.name()))
            .map(|p| own(kind, p.oid(), p.name(), p.namespace(), 0)),
        TsKind::Template => builtin::TsTemplate::all()
            .find(|t| wanted(t.oid(), t.name()))
            .map(|t| own(kind, t.oid(), t.name(), t.namespace(), 0)),
        TsKind::Dictionary => builtin::TsDict::all().find(|d| wanted(d.oid(), d.name())).map(|d| TsObject {
            options: d.init_option().map(str::to_string),
            ..own(kind, d.oid(), d.name(), d.namespace(), d.template())
        }),
        TsKind::Configuration => builtin::TsConfig::all()
            .find(|c| wanted(c.oid(), c.name()))
            .map(|c| own(kind, c.oid(), c.name(), c.namespace(), c.parser())),
    }
}

impl Catalog {
    /// An object of a kind.
    pub fn ts_object(&self, kind: TsKind, oid: Oid) -> Option<TsObject> {
        if let Some(o) = self.text_search().get(&oid) {
            return (o.kind == kind).then(|| (**o).clone());
        }
        let mut o = builtins(kind, &|x, _| x == oid)?;
        if kind == TsKind::Configuration {
            let rows = builtin::TsConfigMap::all().filter(|m| m.config() == oid);
            o.map = rows.map(|m| TsMapping { token: m.token_type(), dict: m.dict() }).collect();
        }
        Some(o)
    }

    /// The object of any kind, for messages.
    pub fn any_ts_object(&self, oid: Oid) -> Option<TsObject> {
        let kinds = [TsKind::Configuration, TsKind::Dictionary, TsKind::Template, TsKind::Parser];
        kinds.into_iter().find_map(|k| self.ts_object(k, oid))
    }

    /// An object by name in one schema.
    pub fn ts_named(&self, kind: TsKind, schema: Oid, name: &str) -> Option<Oid> {
        let mine = self.text_search();
        if let Some(o) = mine.values().find(|o| o.kind == kind && o.schema == schema && o.name == name) {
            return Some(o.oid);
        }
        let found = builtins(kind, &|_, n| n == name).filter(|o| o.schema == schema && !mine.contains_key(&o.oid));
        found.map(|o| o.oid)
    }

    /// An object by name along the path; never in the temporary schema.
    pub fn ts_lookup(&self, kind: TsKind, path: &SearchPath, name: &str) -> Option<Oid> {
        path.schemas.iter().filter(|s| **s != path.temp).find_map(|s| self.ts_named(kind, *s, name))
    }

    /// Its name as one must write it.
    pub fn ts_shown(&self, path: &SearchPath, o: &TsObject) -> String {
        let name = crate::resolve::quote_identifier(&o.name);
        if self.ts_lookup(o.kind, path, &o.name) == Some(o.oid) {
            return name;
        }
        let schema = self.schema_name(o.schema).unwrap_or_default();
        filled!("{}.{}"; crate::resolve::quote_identifier(&schema), name)
    }
}

/// What a kind is called.
pub fn kind_word(kind: TsKind) -> &'static str {
    match kind {
        TsKind::Parser => "text search parser",
        TsKind::Dictionary => "text search dictionary",
        TsKind::Template => "text search template",
        TsKind::Configuration => "text search configuration",
    }
}
