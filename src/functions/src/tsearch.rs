//! Text search with a configuration: text to documents, queries and headlines; dictionaries and the parser by hand.

use std::any::Any;
use std::rc::Rc;

use tusklet_adt::json::{self, Kind};
use tusklet_adt::jsonb::{self, ArrayBuilder, Jsonb, ObjectBuilder};
use tusklet_adt::tsearch::config::{Config, ParsedText, query_kind, to_query};
use tusklet_adt::tsearch::dict::Dict;
use tusklet_adt::tsearch::headline::{Options, headline};
use tusklet_adt::tsearch::parser::{Parser, TYPES};
use tusklet_adt::tsearch::thesaurus::Followed;
use tusklet_adt::tsearch::tsquery::TsQuery;
use tusklet_adt::tsearch::tsvector::TsVector;
use tusklet_adt::tsearch::{execute, options};
use tusklet_error::{Error, Notice, Result, err};
use tusklet_vector::{Call, CallContext, Datum, Kernel, RowSource, TextSearch, Value};

use crate::array::texts;
use crate::bind::{Arg, Entry, too_few};
use crate::sets::Ready;
use crate::tsvector::told;

fn found<T: Any>(cx: &mut dyn CallContext, what: TextSearch<'_>) -> Result<Rc<T>> {
    cx.text_search(what)?.downcast::<T>().map_err(|_| Error::internal("text search object of another kind"))
}

fn config(cx: &mut dyn CallContext, oid: u32) -> Result<Rc<Config>> {
    found(cx, TextSearch::Config(oid))
}

fn tell(cx: &mut dyn CallContext, notices: Vec<Notice>) {
    notices.into_iter().for_each(|n| cx.notice(n));
}

/// The configuration's argument, if the function has one, and the others.
fn split<'d, 'a>(args: &'d [Datum<'a>], by_id: bool) -> Result<(u32, &'d [Datum<'a>])> {
    match args {
        [cfg, rest @ ..] if by_id => Ok((cfg.int() as u32, rest)),
        _ if by_id => Err(too_few()),
        _ => Ok((0, args)),
    }
}

/// What of a JSON document is indexed.
const STRING: u8 = 1;
const NUMERIC: u8 = 2;
const BOOLEAN: u8 = 4;
const KEY: u8 = 8;

/// The list of kinds of values (`parse_jsonb_index_flags`).
fn kinds(flags: Jsonb<'_>) -> Result<u8> {
    const POSSIBLE: &str = "Possible values are: \"string\", \"numeric\", \"boolean\", \"key\", and \"all\".";
    if flags.kind() == Kind::Object {
        return Err(err!(INVALID_PARAMETER_VALUE, "wrong flag type, only arrays and scalars are allowed"));
    }
    let list: Vec<Jsonb<'_>> = if flags.is_scalar() { vec![flags] } else { flags.items().collect() };
    let mut out = 0;
    for f in list {
        let Some(name) = f.as_str() else {
            return Err(err!(INVALID_PARAMETER_VALUE, "flag array element is not a string").hint(POSSIBLE));
        };
        out |= match name.to_ascii_lowercase().as_str() {
            "all" => STRING | NUMERIC | BOOLEAN | KEY,
            "key" => KEY,
            "string" => STRING,
            "numeric" => NUMERIC,
            "boolean" => BOOLEAN,
            _ => return Err(err!(INVALID_PARAMETER_VALUE, "wrong flag in flag array: \"{}\""; name).hint(POSSIBLE)),
        };
    }
    Ok(out)
}

/// JSON of either type.
#[derive(Clone, Copy)]
enum Node<'a> {
    Text(&'a str),
    Binary(Jsonb<'a>),
}

impl<'a> Node<'a> {
    fn new(d: Datum<'a>, binary: bool) -> Node<'a> {
        if binary { Node::Binary(Jsonb(d.bytes())) } else { Node::Text(d.str()) }
    }

    fn kind(self) -> Kind {
        match self {
            Node::Text(s) => json::kind(s),
            Node::Binary(j) => j.kind(),
        }
    }

    fn members(self) -> Result<Vec<(String, Node<'a>)>> {
        Ok(match self {
            Node::Text(s) => json::members(s)?.into_iter().map(|(k, v)| (k, Node::Text(v))).collect(),
            Node::Binary(j) => j.members().map(|(k, v)| (k.to_owned(), Node::Binary(v))).collect(),
        })
    }

    fn items(self) -> Vec<Node<'a>> {
        match self {
            Node::Text(s) => json::elements(s).into_iter().map(Node::Text).collect(),
            Node::Binary(j) => j.items().map(Node::Binary).collect(),
        }
    }

    fn text(self) -> Result<String> {
        Ok(match self {
            Node::Text(s) => json::to_text(s)?,
            Node::Binary(j) => j.to_text(),
        }
        .unwrap_or_default())
    }

    /// The values of these kinds, in order.
    fn each(self, flags: u8, f: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
        let kind = match self.kind() {
            Kind::Object => {
                for (k, v) in self.members()? {
                    if flags & KEY != 0 {
                        f(&k)?;
                    }
                    v.each(flags, f)?;
                }
                return Ok(());
            }
            Kind::Array => return self.items().into_iter().try_for_each(|v| v.each(flags, f)),
            Kind::String => STRING,
            Kind::Number => NUMERIC,
            Kind::Boolean => BOOLEAN,
            Kind::Null => 0,
        };
        if flags & kind != 0 { f(&self.text()?) } else { Ok(()) }
    }
}

/// JSON text with its strings changed (`transform_json_string_values`).
fn change_text(s: &str, f: &mut dyn FnMut(&str) -> Result<String>, out: &mut String) -> Result<()> {
    match json::kind(s) {
        Kind::Object => {
            let mut before = '{';
            for (k, v) in json::members(s)? {
                out.push(before);
                json::escape(&k, out);
                out.push(':');
                change_text(v, f, out)?;
                before = ',';
            }
            out.push_str(if before == '{' { "{}" } else { "}" });
        }
        Kind::Array => {
            let mut before = '[';
            for v in json::elements(s) {
                out.push(before);
                change_text(v, f, out)?;
                before = ',';
            }
            out.push_str(if before == '[' { "[]" } else { "]" });
        }
        Kind::String => json::escape(&f(&json::to_text(s)?.unwrap_or_default())?, out),
        _ => out.push_str(s.trim()),
    }
    Ok(())
}

/// The same of decomposed JSON.
fn change_binary(j: Jsonb<'_>, f: &mut dyn FnMut(&str) -> Result<String>) -> Result<Vec<u8>> {
    Ok(match j.kind() {
        Kind::Object => {
            let mut b = ObjectBuilder::default();
            for (k, v) in j.members() {
                b.push(k, &change_binary(v, f)?);
            }
            b.finish()
        }
        Kind::Array => {
            let mut b = ArrayBuilder::default();
            for v in j.items() {
                b.push(&change_binary(v, f)?);
            }
            b.finish()
        }
        Kind::String => jsonb::string(&f(j.as_str().unwrap_or(""))?),
        _ => j.0.to_vec(),
    })
}

/// `to_tsvector` of text.
fn document(cx: &mut dyn CallContext, cfg: u32, text: &str) -> Result<Vec<u8>> {
    let cfg = config(cx, cfg)?;
    let mut p = ParsedText::default();
    p.add(&cfg, text)?;
    tell(cx, std::mem::take(&mut p.notices));
    p.document()
}

/// `to_tsvector` and `json_to_tsvector` of JSON; `listed`: the kinds of values are an argument.
fn json_document(c: &mut Call<'_>, args: &[Datum<'_>], by_id: bool, binary: bool, listed: bool) -> Result<Vec<u8>> {
    let (cfg, rest) = split(args, by_id)?;
    let [doc, rest @ ..] = rest else { return Err(too_few()) };
    let flags = match rest {
        [flags, ..] if listed => kinds(Jsonb(flags.bytes()))?,
        _ => STRING,
    };
    let cfg = config(c.cx, cfg)?;
    let mut p = ParsedText::default();
    Node::new(*doc, binary).each(flags, &mut |s| p.add_part(&cfg, s))?;
    tell(c.cx, std::mem::take(&mut p.notices));
    p.document()
}

macro_rules! json_documents {
    ($by_id:literal, $binary:literal, $listed:literal) => {
        Kernel::Scalar(|c, args, out| {
            out.bytes(&json_document(c, args, $by_id, $binary, $listed)?);
            Ok(())
        })
    };
}

/// `to_tsquery` and the other three.
fn query(c: &mut Call<'_>, args: &[Datum<'_>], function: &str, by_id: bool) -> Result<Vec<u8>> {
    let (cfg, rest) = split(args, by_id)?;
    let [text, ..] = rest else { return Err(too_few()) };
    let cfg = config(c.cx, cfg)?;
    let (mode, joint) = query_kind(function);
    let (parsed, notices) = to_query(&cfg, text.str(), mode, joint)?;
    tell(c.cx, notices);
    Ok(told(c.cx, parsed))
}

macro_rules! queries {
    ($function:literal, $by_id:literal) => {
        Kernel::Scalar(|c, args, out| {
            out.bytes(&query(c, args, $function, $by_id)?);
            Ok(())
        })
    };
}

/// `ts_headline` of text (0), `json` (1), `jsonb` (2).
fn headlines(c: &mut Call<'_>, args: &[Datum<'_>], by_id: bool, of: u8) -> Result<Vec<u8>> {
    let (cfg, rest) = split(args, by_id)?;
    let [doc, q, rest @ ..] = rest else { return Err(too_few()) };
    let cfg = config(c.cx, cfg)?;
    let list = rest.first().map_or(Ok(vec![]), |o| options::read(o.str()))?;
    let (q, mut notices) = (TsQuery::arg(*q), vec![]);
    // The options are looked at with each text, so that a document without texts takes any.
    let mut one = |s: &str| headline(&cfg, s, q, &Options::new(&list)?, &mut notices);
    let out = match of {
        0 => one(doc.str())?.into_bytes(),
        1 => {
            let mut out = String::new();
            change_text(doc.str(), &mut one, &mut out)?;
            out.into_bytes()
        }
        _ => change_binary(Jsonb(doc.bytes()), &mut one)?,
    };
    tell(c.cx, notices);
    Ok(out)
}

macro_rules! headline_kernels {
    ($by_id:literal, $of:literal) => {
        Kernel::Scalar(|c, args, out| {
            out.bytes(&headlines(c, args, $by_id, $of)?);
            Ok(())
        })
    };
}

/// `ts_lexize`.
fn lexize(cx: &mut dyn CallContext, dict: u32, token: &str) -> Result<Option<Vec<u8>>> {
    let dict: Rc<Dict> = found(cx, TextSearch::Dictionary(dict))?;
    let mut followed = Followed::default();
    let mut lexemes = dict.lexize(token, Some(&mut followed))?;
    if followed.next {
        followed.end = true;
        lexemes = dict.lexize(token, Some(&mut followed))?.or(lexemes);
    }
    lexemes.map(|all| texts(all.iter().map(|l| Some(l.text.as_str())))).transpose()
}

fn parser(c: &mut Call<'_>, args: &[Datum<'_>], named: bool) -> Result<()> {
    let [p, ..] = args else { return Err(too_few()) };
    let what = if named { TextSearch::ParserNamed(p.str()) } else { TextSearch::Parser(p.int() as u32) };
    c.cx.text_search(what).map(|_| ())
}

fn token_types(c: &mut Call<'_>, args: &[Datum<'_>], named: bool) -> Result<Box<dyn RowSource>> {
    parser(c, args, named)?;
    let row = |(i, (name, text)): (usize, &(&str, &str))| vec![Value::I32(i as i32 + 1), Value::text(name), Value::text(text)];
    Ok(Ready::rows(TYPES.iter().enumerate().map(row).collect()))
}

fn tokens(c: &mut Call<'_>, args: &[Datum<'_>], named: bool) -> Result<Box<dyn RowSource>> {
    parser(c, args, named)?;
    let [_, text, ..] = args else { return Err(too_few()) };
    let (mut p, mut rows) = (Parser::new(text.str()), vec![]);
    while let Some((kind, token)) = p.next_token() {
        rows.push(vec![Value::I32(i32::from(kind)), Value::text(token)]);
    }
    Ok(Ready::rows(rows))
}

fn matches(document: &[u8], query: &[u8]) -> Result<bool> {
    execute::matches(TsVector::new(document), TsQuery::new(query))
}

pub const TABLES: &[&[Entry]] = &[&[
    ("to_tsvector", f!(c; a: &str => document(c.cx, 0, a)?)),
    ("to_tsvector_byid", f!(c; cfg: i64, a: &str => document(c.cx, cfg as u32, a)?)),
    ("json_string_to_tsvector", json_documents!(false, false, false)),
    ("json_string_to_tsvector_byid", json_documents!(true, false, false)),
    ("json_to_tsvector", json_documents!(false, false, true)),
    ("json_to_tsvector_byid", json_documents!(true, false, true)),
    ("jsonb_string_to_tsvector", json_documents!(false, true, false)),
    ("jsonb_string_to_tsvector_byid", json_documents!(true, true, false)),
    ("jsonb_to_tsvector", json_documents!(false, true, true)),
    ("jsonb_to_tsvector_byid", json_documents!(true, true, true)),
    ("to_tsquery", queries!("to", false)),
    ("to_tsquery_byid", queries!("to", true)),
    ("plainto_tsquery", queries!("plain", false)),
    ("plainto_tsquery_byid", queries!("plain", true)),
    ("phraseto_tsquery", queries!("phrase", false)),
    ("phraseto_tsquery_byid", queries!("phrase", true)),
    ("websearch_to_tsquery", queries!("web", false)),
    ("websearch_to_tsquery_byid", queries!("web", true)),
    ("ts_headline", headline_kernels!(false, 0)),
    ("ts_headline_opt", headline_kernels!(false, 0)),
    ("ts_headline_byid", headline_kernels!(true, 0)),
    ("ts_headline_byid_opt", headline_kernels!(true, 0)),
    ("ts_headline_json", headline_kernels!(false, 1)),
    ("ts_headline_json_opt", headline_kernels!(false, 1)),
    ("ts_headline_json_byid", headline_kernels!(true, 1)),
    ("ts_headline_json_byid_opt", headline_kernels!(true, 1)),
    ("ts_headline_jsonb", headline_kernels!(false, 2)),
    ("ts_headline_jsonb_opt", headline_kernels!(false, 2)),
    ("ts_headline_jsonb_byid", headline_kernels!(true, 2)),
    ("ts_headline_jsonb_byid_opt", headline_kernels!(true, 2)),
    ("ts_lexize", f!(c; d: i64, a: &str => lexize(c.cx, d as u32, a)?)),
    ("ts_token_type_byid", Kernel::Set(|c, args| token_types(c, args, false))),
    ("ts_token_type_byname", Kernel::Set(|c, args| token_types(c, args, true))),
    ("ts_parse_byid", Kernel::Set(|c, args| tokens(c, args, false))),
    ("ts_parse_byname", Kernel::Set(|c, args| tokens(c, args, true))),
    ("ts_match_tq", f!(c; a: &str, q: &[u8] => matches(&document(c.cx, 0, a)?, q)?)),
    (
        "ts_match_tt",
        f!(c; a: &str, q: Datum<'_> => {
            let document = document(c.cx, 0, a)?;
            matches(&document, &query(c, &[q], "plain", false)?)?
        }),
    ),
]];
