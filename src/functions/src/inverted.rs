//! Inverted classes: GIN of arrays, documents and text search, and GiST of text search, which is kept alike. The items of a
//! value, and the trees of keys that conditions become ([`crate::indexing`] says how they are written).

use tusklet_adt::array::Array;
use tusklet_adt::json::Kind;
use tusklet_adt::jsonb::Jsonb;
use tusklet_adt::jsonpath::index::Need;
use tusklet_adt::tsearch::execute::requires_match;
use tusklet_adt::tsearch::tsquery::{AND, Item, OR, PHRASE, TsQuery};
use tusklet_adt::tsearch::tsvector::TsVector;
use tusklet_error::{Result, SortShort};
use tusklet_vector::key::{KeyOrder, KeyPart};
use tusklet_vector::{CallContext, Datum, Phys, TypeKind};

use crate::indexing::{LONG, NONE, framed};
use crate::stored::key_of;

/// A tree of keys: all of them (`A`) or any (`O`).
fn tree(op: u8, keys: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![op];
    out.extend_from_slice(&(keys.len() as u32).to_le_bytes());
    for k in keys {
        out.push(b'K');
        framed(k, &mut out);
    }
    out
}

/// How elements of a type are told apart: exactly as their type's equality does, or not at all.
pub(crate) fn element_key(cx: &mut dyn CallContext, ty: u32) -> Result<Option<(Phys, KeyPart)>> {
    let desc = cx.type_desc(ty)?;
    if !matches!(desc.kind, TypeKind::Base | TypeKind::Enum(_)) {
        return Ok(None);
    }
    let (phys, order) = key_of(ty);
    // Of a type `key_of` does not know, values are as many bytes as they are.
    let phys = if matches!(order, KeyOrder::Native) { desc.phys } else { phys };
    Ok(Some((phys, KeyPart { order, ..KeyPart::ASC })))
}

/// The keys of an array's elements, NULLs included, and whether there are NULLs.
fn array_keys(cx: &mut dyn CallContext, b: &[u8]) -> Result<(Vec<Vec<u8>>, bool)> {
    let a = Array::decode(b)?;
    let part = element_key(cx, a.element)?;
    let mut keys = Vec::new();
    let mut nulls = false;
    for item in a.iter() {
        nulls |= item.is_none();
        let mut k = Vec::new();
        match (&part, item) {
            (Some((phys, part)), item) => part.write(item.map_or(Datum::Null, |b| Datum::load(*phys, b)), &mut k),
            (None, Some(_)) => k.push(1),
            (None, None) => k.push(2),
        }
        keys.push(k);
    }
    Ok((keys, nulls))
}

/// Kinds of items of a document: member names and strings in arrays, then other scalars.
const NAME: u8 = 1;
const TEXT: u8 = 2;
const OTHER: u8 = 3;

fn jsonb_item(v: &Jsonb<'_>, in_object: bool) -> Vec<u8> {
    match v.as_str() {
        Some(s) => [&[if in_object { TEXT } else { NAME }], s.as_bytes()].concat(),
        None => {
            let mut k = vec![OTHER];
            v.key(&mut k);
            k
        }
    }
}

fn jsonb_items(v: Jsonb<'_>, in_object: bool, depth: usize, out: &mut Vec<Vec<u8>>) {
    // Deeper documents than this cannot be read either.
    if depth > 6000 {
        return;
    }
    match v.kind() {
        Kind::Object => {
            for (k, v) in v.members() {
                out.push([&[NAME], k.as_bytes()].concat());
                jsonb_items(v, true, depth + 1, out);
            }
        }
        Kind::Array => v.items().for_each(|v| jsonb_items(v, false, depth + 1, out)),
        _ => out.push(jsonb_item(&v, in_object)),
    }
}

/// Hashes of the scalars with the names on the way to them.
fn jsonb_paths(v: Jsonb<'_>, path: u64, depth: usize, out: &mut Vec<Vec<u8>>) {
    use tusklet_adt::hash::{bytes, combine};
    if depth > 6000 {
        return;
    }
    match v.kind() {
        Kind::Object => v.members().for_each(|(k, v)| {
            jsonb_paths(v, combine(path, bytes(k.as_bytes())), depth + 1, out);
        }),
        Kind::Array => v.items().for_each(|v| jsonb_paths(v, path, depth + 1, out)),
        _ => out.push(combine(path, bytes(&jsonb_item(&v, true))).to_be_bytes().to_vec()),
    }
}

/// The words of a query.
fn words(d: Datum<'_>) -> Vec<Vec<u8>> {
    TsQuery::new(d.bytes()).operands().map(|(_, v)| v.word.to_vec()).collect()
}

/// The tree of a query, as deep as that can be looked at.
fn words_needed(q: TsQuery<'_>, i: usize, depth: usize, out: &mut Vec<u8>) {
    match q.item(i) {
        Item::Value(v) if v.prefix => {
            let start = &v.word[..v.word.len().min(LONG)];
            out.push(b'P');
            framed(start, out);
        }
        Item::Value(v) => {
            out.push(b'K');
            framed(v.word, out);
        }
        Item::Operator(op @ (AND | OR | PHRASE), _, left) if depth < 500 => {
            out.push(if op == OR { b'O' } else { b'A' });
            out.extend_from_slice(&2u32.to_le_bytes());
            for operand in [i + left.max(1), i + 1] {
                words_needed(q, operand, depth + 1, out);
            }
        }
        Item::Operator(..) => out.push(b'E'),
    }
}

/// The tree of what a path needs; `named` where the names are keys, else the scalars' hashes.
fn document_needed(need: &Need, named: bool, out: &mut Vec<u8>) {
    let (op, list) = match need {
        Need::All(list) => (b'A', list),
        Need::Any(list) => (b'O', list),
        Need::Found(way) | Need::Scalar(way, _) if named => {
            let mut keys: Vec<Vec<u8>> = way.names.iter().map(|n| [&[NAME], n.as_bytes()].concat()).collect();
            let Need::Scalar(_, v) = need else { return out.extend(tree(b'A', &keys)) };
            let v = Jsonb(v);
            if v.as_str().is_none() {
                keys.push(jsonb_item(&v, true));
                return out.extend(tree(b'A', &keys));
            }
            // A string may stand in an object or in an array.
            out.push(b'A');
            out.extend_from_slice(&2u32.to_le_bytes());
            out.extend(if keys.is_empty() { vec![b'E'] } else { tree(b'A', &keys) });
            return out.extend(tree(b'O', &[jsonb_item(&v, false), jsonb_item(&v, true)]));
        }
        Need::Scalar(way, v) if !way.gaps => {
            let (mut keys, hash) = (Vec::new(), tusklet_adt::hash::bytes);
            let path = way.names.iter().fold(0, |path, n| tusklet_adt::hash::combine(path, hash(n.as_bytes())));
            jsonb_paths(Jsonb(v), path, 0, &mut keys);
            return out.extend(tree(b'A', &keys));
        }
        _ => return out.push(b'E'),
    };
    out.push(op);
    out.extend_from_slice(&(list.len() as u32).to_le_bytes());
    list.iter().for_each(|n| document_needed(n, named, out));
}

/// The items of a value of an inverted class.
pub(crate) fn items(cx: &mut dyn CallContext, class: &str, d: Datum<'_>) -> Result<Vec<Vec<u8>>> {
    let mut keys = Vec::new();
    match class {
        "gin array_ops" => keys = array_keys(cx, d.bytes())?.0,
        "gin jsonb_ops" => jsonb_items(Jsonb(d.bytes()), false, 0, &mut keys),
        "gin tsvector_ops" | "gist tsvector_ops" => keys.extend(TsVector::new(d.bytes()).lexemes().map(<[u8]>::to_vec)),
        "gist tsquery_ops" => keys = words(d),
        _ => jsonb_paths(Jsonb(d.bytes()), 0, 0, &mut keys),
    }
    keys.order();
    keys.dedup();
    Ok(keys)
}

/// What a condition says of keys.
pub(crate) fn query(cx: &mut dyn CallContext, class: &str, strategy: i32, d: Datum<'_>) -> Result<Vec<u8>> {
    let all = |keys: &[Vec<u8>]| if keys.is_empty() { vec![b'E'] } else { tree(b'A', keys) };
    if class == "gin array_ops" {
        let (mut keys, nulls) = array_keys(cx, d.bytes())?;
        // A NULL equals nothing, but to `=`.
        if strategy != 4 {
            keys.retain(|k| k.first() != Some(&2));
        }
        return Ok(match strategy {
            1 => tree(b'O', &keys),
            2 if nulls => vec![b'N'],
            2 => all(&keys),
            3 => {
                keys.push(NONE.to_vec());
                tree(b'O', &keys)
            }
            _ if keys.is_empty() => tree(b'A', &[NONE.to_vec()]),
            _ => tree(b'A', &keys),
        });
    }
    if class == "gist tsquery_ops" {
        let mut words = words(d);
        return Ok(match strategy {
            7 => all(&words),
            // One without words is contained too.
            _ => {
                words.push(NONE.to_vec());
                tree(b'O', &words)
            }
        });
    }
    if class.ends_with("tsvector_ops") {
        let q = TsQuery::new(d.bytes());
        let mut out = Vec::new();
        match q.is_empty() {
            true => out.push(b'N'),
            false if requires_match(q) => words_needed(q, 0, 0, &mut out),
            false => out.push(b'E'),
        }
        return Ok(out);
    }
    let names = |b: &[u8]| -> Result<Vec<Vec<u8>>> {
        Ok(Array::decode(b)?.iter().flatten().map(|s| [&[NAME], s].concat()).collect())
    };
    Ok(match strategy {
        7 => all(&items(cx, class, d)?),
        9 => tree(b'A', &[[&[NAME], d.bytes()].concat()]),
        10 => tree(b'O', &names(d.bytes())?),
        11 => all(&names(d.bytes())?),
        15 | 16 => {
            let mut out = Vec::new();
            let path = tusklet_adt::jsonpath::parse(d.str())?;
            document_needed(&path.need(strategy == 16), class == "gin jsonb_ops", &mut out);
            out
        }
        _ => vec![b'E'],
    })
}
