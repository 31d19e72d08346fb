//! Configurations and dictionaries, ready for kernels, and the functions of text search that run queries.
//!
//! What was built is kept as long as no text search object changes: the catalog's map of them is behind one pointer.

use std::any::Any;
use std::rc::Rc;

use tusklet_adt::tsearch::config::Config;
use tusklet_adt::tsearch::dict::{Dict, DictOption, Template};
use tusklet_adt::tsearch::rewrite::Rewrite;
use tusklet_adt::tsearch::tsvector::{TsVector, weight};
use tusklet_adt::tsearch::{options, parser, weight_letters};
use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{Catalog, TsKind, TsObject};
use tusklet_error::{Error, Result, SortShort, SortedMap, bail, err};
use tusklet_ir::Oid;
use tusklet_vector::hashing::ByteSet;
use tusklet_vector::{Datum, TextSearch, TypeRef, Value};

use crate::session::Shared;
use crate::system::Env;

/// What a session keeps.
#[derive(Default)]
pub struct Built {
    /// The objects it was built from.
    of: Rc<SortedMap<Oid, Rc<TsObject>>>,
    configs: SortedMap<Oid, Rc<Config>>,
    dicts: SortedMap<Oid, Rc<Dict>>,
}

/// How deep dictionaries may rest on dictionaries.
const MAX_DEPTH: u32 = 20;

/// An object for a kernel (`lookup_ts_config_cache` and its like).
pub fn get(shared: &Shared, what: TextSearch<'_>) -> Result<Rc<dyn Any>> {
    let c = shared.catalog();
    if !Rc::ptr_eq(&shared.text_search.borrow().of, c.text_search()) {
        *shared.text_search.borrow_mut() = Built { of: c.text_search().clone(), ..Built::default() };
    }
    Ok(match what {
        TextSearch::Config(oid) => {
            let oid = if oid == 0 { crate::system::current_ts_config_oid(shared)? } else { oid };
            config(shared, &c, oid)?
        }
        TextSearch::Dictionary(oid) => dict(shared, &c, oid, 0)?,
        TextSearch::Parser(oid) => match c.ts_object(TsKind::Parser, oid) {
            Some(_) => Rc::new(()),
            None => return Err(missing("parser", oid)),
        },
        TextSearch::ParserNamed(name) => {
            crate::system::ts_object_named(shared, TsKind::Parser, &crate::system::split_qualified(name)?)?;
            Rc::new(())
        }
    })
}

fn missing(what: &str, oid: Oid) -> Error {
    err!(INTERNAL_ERROR, "cache lookup failed for text search {what} {oid}")
}

fn config(shared: &Shared, c: &Catalog, oid: Oid) -> Result<Rc<Config>> {
    if let Some(k) = shared.text_search.borrow().configs.get(&oid) {
        return Ok(k.clone());
    }
    let o = c.ts_object(TsKind::Configuration, oid).ok_or_else(|| missing("configuration", oid))?;
    let mut dicts = vec![vec![]; parser::TYPES.len() + 1];
    for m in &o.map {
        if let Some(list) = usize::try_from(m.token).ok().and_then(|t| dicts.get_mut(t)) {
            list.push(dict(shared, c, m.dict, 0)?);
        }
    }
    let built = Rc::new(Config { dicts });
    shared.text_search.borrow_mut().configs.insert(oid, built.clone());
    Ok(built)
}

fn dict(shared: &Shared, c: &Catalog, oid: Oid, depth: u32) -> Result<Rc<Dict>> {
    if let Some(d) = shared.text_search.borrow().dicts.get(&oid) {
        return Ok(d.clone());
    }
    let o = c.ts_object(TsKind::Dictionary, oid).ok_or_else(|| missing("dictionary", oid))?;
    let list = options::read(o.options.as_deref().unwrap_or(""))?;
    let built = Rc::new(build(shared, c, o.base, &list, depth)?);
    shared.text_search.borrow_mut().dicts.insert(oid, built.clone());
    Ok(built)
}

/// Makes a dictionary of a template's, or says what is wrong with its options.
pub fn build(shared: &Shared, c: &Catalog, template: Oid, list: &[DictOption], depth: u32) -> Result<Dict> {
    if depth > MAX_DEPTH {
        return Err(Error::internal("dictionaries rest on each other"));
    }
    let t = c.ts_object(TsKind::Template, template).ok_or_else(|| missing("template", template))?;
    // One that was made by CREATE is what its lexize method is.
    let method = t.map.iter().find(|m| m.token == 5).and_then(|m| c.proc(m.dict)).map(|p| p.source.clone());
    let name = match method.as_deref() {
        Some("thesaurus_lexize") => "thesaurus",
        Some(s) => s.strip_prefix('d').and_then(|s| s.strip_suffix("_lexize")).unwrap_or(""),
        None => &t.name,
    };
    let Some(t) = Template::named(name) else { return Err(Error::unsupported("text search template of others")) };
    Dict::new(t, list, &mut |name| {
        let oid = crate::system::ts_object_named(shared, TsKind::Dictionary, &crate::system::split_qualified(name)?)?;
        dict(shared, c, oid, depth + 1)
    })
}

/// The rows of a query given as text, of columns of these types, or what is told when they are others.
fn query(shared: &Shared, sql: &str, types: &[Oid], wrong: &str) -> Result<Vec<Vec<Value>>> {
    let raw = tusklet_syntax::parse_one(sql)?;
    let p = crate::query::Prepared::new(shared, Rc::from(sql), Some(Rc::new(raw.stmt)), vec![], false)?;
    let program = p.program(shared)?;
    if !program.stmt.columns.iter().map(|c| c.ty.oid).eq(types.iter().copied()) {
        bail!(INVALID_PARAMETER_VALUE, "{}"; wrong);
    }
    let mut cx = shared.exec_cx(shared.snapshot()?)?;
    let (_, batches) = crate::query::run_program(shared, &mut cx, program, &[])?;
    Ok(crate::query::rows_of(&batches))
}

/// `ts_stat`: the lexemes of many documents, in how many they are and how often.
pub(crate) fn stat(env: &mut Env<'_, '_>, args: &[Datum<'_>], _: &[TypeRef]) -> Result<Vec<Vec<Value>>> {
    let Some(sql) = args.first() else { return Ok(vec![]) };
    let mask = args.get(1).map_or(0, |w| weight_letters(w.str()));
    let wrong = "ts_stat query must return one tsvector column";
    let (mut words, mut counts) = (ByteSet::default(), Vec::<(i32, i32)>::new());
    for row in query(env.shared, sql.str(), &[oids::TSVECTOR], wrong)? {
        let Some(v) = row.first().filter(|v| !matches!(v, Value::Null)) else { continue };
        let doc = TsVector::new(v.as_datum().bytes());
        for i in 0..doc.len() {
            let positions = doc.positions(i);
            let n = match mask {
                0 => positions.len().max(1),
                m => positions.iter().filter(|p| m & 1 << weight(*p) != 0).count(),
            };
            if n > 0 {
                let (word, new) = words.insert(doc.lexeme(i));
                if new {
                    counts.push((0, 0));
                }
                counts[word].0 += 1;
                counts[word].1 += n as i32;
            }
        }
    }
    // PostgreSQL's tree is walked from its greatest lexeme.
    let mut all: Vec<_> = words.iter().zip(counts).collect();
    all.order_by(|a, b| b.0.cmp(a.0));
    let row = |(word, (docs, entries)): (&[u8], (i32, i32))| {
        vec![Value::text(&String::from_utf8_lossy(word)), Value::I32(docs), Value::I32(entries)]
    };
    Ok(all.into_iter().map(row).collect())
}

/// `ts_rewrite` by the pairs a query gives.
pub(crate) fn rewrite(env: &mut Env<'_, '_>, args: &[Datum<'_>]) -> Result<Value> {
    let [q, sql] = args else { return Ok(Value::Null) };
    let mut r = Rewrite::new(q.bytes())?;
    if r.is_empty() {
        return Ok(q.to_value());
    }
    let wrong = "ts_rewrite query must return two tsquery columns";
    for row in query(env.shared, sql.str(), &[oids::TSQUERY, oids::TSQUERY], wrong)? {
        let [from, to] = row.as_slice() else { continue };
        if matches!(from, Value::Null) || matches!(to, Value::Null) || r.is_empty() {
            continue;
        }
        r.apply(from.as_datum().bytes(), to.as_datum().bytes())?;
        r.again();
    }
    Ok(Value::bytes(&r.finish()))
}
