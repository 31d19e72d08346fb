//! `tsvector` and `tsquery`: the types and what works on them without a configuration.

use tusklet_adt::array::Array;
use tusklet_adt::tsearch::query_parse::Parsed;
use tusklet_adt::tsearch::tsquery::{self, TsQuery};
use tusklet_adt::tsearch::tsvector::{self, TsVector};
use tusklet_adt::tsearch::{execute, rank, rewrite};
use tusklet_error::{Notice, Result, Severity, SqlState, bail};
use tusklet_vector::{Call, CallContext, Datum, Kernel, Out, Phys, RowSource, Value};

use crate::array::{text_items, texts};
use crate::bind::{Arg, Entry, Ret, too_few, written};
use crate::oids;
use crate::sets::Ready;

impl<'a> Arg<'a> for TsVector<'a> {
    fn arg(d: Datum<'a>) -> TsVector<'a> {
        TsVector::new(d.bytes())
    }
}

impl<'a> Arg<'a> for TsQuery<'a> {
    fn arg(d: Datum<'a>) -> TsQuery<'a> {
        TsQuery::new(d.bytes())
    }
}

/// Tells what a query's reader has to tell.
pub(crate) fn told(cx: &mut dyn CallContext, p: Parsed) -> Vec<u8> {
    if let Some(text) = p.notice {
        cx.notice(Notice::new(Severity::Notice, SqlState::SUCCESSFUL_COMPLETION, text));
    }
    p.query
}

type Order = fn(&[u8], &[u8]) -> std::cmp::Ordering;

/// The operators `<` … `>` of an order.
macro_rules! order {
    ($cmp:expr, $op:tt) => { f!(a: &[u8], b: &[u8] => {
            let order: i32 = ($cmp as Order)(a, b) as i32;
            order $op 0
        }) };
}

/// The elements of an array of a fixed-width type.
fn elements(b: &[u8], phys: Phys, mut each: impl FnMut(Option<Datum<'_>>)) -> Result<usize> {
    let a = Array::decode(b)?;
    a.iter().for_each(|x| each(x.map(|x| Datum::load(phys, x))));
    Ok(a.dims.len())
}

fn weights(b: &[u8]) -> Result<[f32; 4]> {
    let (mut list, mut null) = (vec![], false);
    let dims = elements(b, Phys::F32, |d| match d {
        Some(d) => list.push(d.f32()),
        None => null = true,
    })?;
    if dims != 1 {
        bail!(ARRAY_SUBSCRIPT_ERROR, "array of weight must be one-dimensional");
    }
    if null && list.len() >= 3 {
        bail!(NULL_VALUE_NOT_ALLOWED, "array of weight must not contain nulls");
    }
    rank::weights(&list)
}

/// All forms of `ts_rank` and `ts_rank_cd`: weights before and a method behind may be missing.
fn ranked(args: &[Datum<'_>], out: &mut Out<'_>, weighted: bool, cover: bool) -> Result<()> {
    let w = match args.first() {
        Some(d) if weighted => weights(d.bytes())?,
        _ => rank::WEIGHTS,
    };
    let [t, q, method @ ..] = args.get(usize::from(weighted)..).unwrap_or(&[]) else { return Err(too_few()) };
    let (t, q, method) = (TsVector::arg(*t), TsQuery::arg(*q), method.first().map_or(0, |d| d.i32()));
    if cover { rank::rank_cd(&w, t, q, method)? } else { rank::rank(&w, t, q, method) }.put(out);
    Ok(())
}

macro_rules! ranks {
    ($weighted:literal, $cover:literal) => {
        Kernel::Scalar(|_, args, out| ranked(args, out, $weighted, $cover))
    };
}

fn unnest(_: &mut Call<'_>, args: &[Datum<'_>]) -> Result<Box<dyn RowSource>> {
    let [v, ..] = args else { return Err(too_few()) };
    let v = TsVector::arg(*v);
    let mut rows = vec![];
    for i in 0..v.len() {
        let mut row = vec![Value::text(&String::from_utf8_lossy(v.lexeme(i))), Value::Null, Value::Null];
        let at: Vec<u16> = v.positions(i).iter().collect();
        if !at.is_empty() {
            let places: Vec<[u8; 2]> = at.iter().map(|p| tsvector::position(*p).to_le_bytes()).collect();
            let places = tusklet_adt::array::from_items(oids::INT2, places.iter().map(|b| Some(&b[..])))?;
            let letters = ["D", "C", "B", "A"];
            let letters = texts(at.iter().map(|p| letters.get(usize::from(tsvector::weight(*p))).copied()))?;
            row[1] = Value::bytes(&places);
            row[2] = Value::bytes(&letters);
        }
        rows.push(row);
    }
    Ok(Ready::rows(rows))
}

fn lexemes(v: TsVector<'_>) -> Result<Vec<u8>> {
    let all: Vec<String> = v.lexemes().map(|l| String::from_utf8_lossy(l).into_owned()).collect();
    texts(all.iter().map(|l| Some(l.as_str())))
}

fn filtered(v: TsVector<'_>, weights: &[u8]) -> Result<Vec<u8>> {
    let mut list = vec![];
    elements(weights, Phys::I16, |d| list.push(d.map(|d| d.int() as i8)))?;
    tsvector::filter(v, &list)
}

pub const TABLES: &[&[Entry]] = &[&[
    ("tsvectorin", f!(a: &str => tsvector::parse(a)?)),
    ("tsvectorout", f!(a: TsVector<'_> => written(|s| tsvector::write(a, s)))),
    ("tsvectorrecv", f!(a: &[u8] => tsvector::recv(a)?)),
    ("tsvectorsend", f!(a: TsVector<'_> => tsvector::send(a))),
    ("tsvector_cmp", f!(a: &[u8], b: &[u8] => tsvector::cmp(a, b) as i32)),
    ("tsvector_eq", order!(tsvector::cmp, ==)),
    ("tsvector_ne", order!(tsvector::cmp, !=)),
    ("tsvector_lt", order!(tsvector::cmp, <)),
    ("tsvector_le", order!(tsvector::cmp, <=)),
    ("tsvector_gt", order!(tsvector::cmp, >)),
    ("tsvector_ge", order!(tsvector::cmp, >=)),
    ("tsvector_concat", f!(a: TsVector<'_>, b: TsVector<'_> => tsvector::concat(a, b)?)),
    ("tsvector_length", f!(a: TsVector<'_> => a.len() as i32)),
    ("tsvector_strip", f!(a: TsVector<'_> => tsvector::strip(a)?)),
    ("tsvector_setweight", f!(a: TsVector<'_>, w: i16 => tsvector::set_weight(a, w as i8, None)?)),
    (
        "tsvector_setweight_by_filter",
        f!(a: TsVector<'_>, w: i16, l: &[u8] => tsvector::set_weight(a, w as i8, Some(&text_items(l)?))?),
    ),
    ("tsvector_delete_str", f!(a: TsVector<'_>, l: &str => tsvector::delete(a, &[Some(l)])?)),
    ("tsvector_delete_arr", f!(a: TsVector<'_>, l: &[u8] => tsvector::delete(a, &text_items(l)?)?)),
    ("tsvector_filter", f!(a: TsVector<'_>, w: &[u8] => filtered(a, w)?)),
    ("tsvector_to_array", f!(a: TsVector<'_> => lexemes(a)?)),
    ("array_to_tsvector", f!(a: &[u8] => tsvector::from_array(&text_items(a)?)?)),
    ("tsvector_unnest", Kernel::Set(unnest)),
    ("tsqueryin", f!(c; a: &str => told(c.cx, tusklet_adt::tsearch::query_parse::input(a)?))),
    (
        "tsqueryout",
        f!(a: TsQuery<'_> => {
            let mut s = String::new();
            tsquery::write(a, &mut s)?;
            s
        }),
    ),
    ("tsqueryrecv", f!(a: &[u8] => tsquery::recv(a)?)),
    ("tsquerysend", f!(a: TsQuery<'_> => tsquery::send(a))),
    ("tsquery_cmp", f!(a: &[u8], b: &[u8] => tsquery::cmp(a, b) as i32)),
    ("tsquery_eq", order!(tsquery::cmp, ==)),
    ("tsquery_ne", order!(tsquery::cmp, !=)),
    ("tsquery_lt", order!(tsquery::cmp, <)),
    ("tsquery_le", order!(tsquery::cmp, <=)),
    ("tsquery_gt", order!(tsquery::cmp, >)),
    ("tsquery_ge", order!(tsquery::cmp, >=)),
    ("tsquery_and", f!(a: &[u8], b: &[u8] => tsquery::join(a, b, tsquery::AND, 0)?)),
    ("tsquery_or", f!(a: &[u8], b: &[u8] => tsquery::join(a, b, tsquery::OR, 0)?)),
    ("tsquery_phrase", f!(a: &[u8], b: &[u8] => tsquery::join(a, b, tsquery::PHRASE, 1)?)),
    ("tsquery_phrase_distance", f!(a: &[u8], b: &[u8], d: i32 => tsquery::join(a, b, tsquery::PHRASE, d)?)),
    ("tsquery_not", f!(a: &[u8] => tsquery::negate(a)?)),
    ("tsquery_numnode", f!(a: TsQuery<'_> => a.len() as i32)),
    ("tsquerytree", f!(a: TsQuery<'_> => tsquery::indexable(a)?)),
    ("tsq_mcontains", f!(a: TsQuery<'_>, b: TsQuery<'_> => tsquery::contains(a, b))),
    ("tsq_mcontained", f!(a: TsQuery<'_>, b: TsQuery<'_> => tsquery::contains(b, a))),
    ("tsquery_rewrite", f!(a: &[u8], b: &[u8], c: &[u8] => rewrite::rewrite(a, b, c)?)),
    ("ts_match_vq", f!(a: TsVector<'_>, b: TsQuery<'_> => execute::matches(a, b)?)),
    ("ts_match_qv", f!(a: TsQuery<'_>, b: TsVector<'_> => execute::matches(b, a)?)),
    ("ts_rank_tt", ranks!(false, false)),
    ("ts_rank_ttf", ranks!(false, false)),
    ("ts_rank_wtt", ranks!(true, false)),
    ("ts_rank_wttf", ranks!(true, false)),
    ("ts_rankcd_tt", ranks!(false, true)),
    ("ts_rankcd_ttf", ranks!(false, true)),
    ("ts_rankcd_wtt", ranks!(true, true)),
    ("ts_rankcd_wttf", ranks!(true, true)),
]];
