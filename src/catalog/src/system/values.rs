//! Values of system columns in their physical form.

use tusklet_adt::array::{ArrayBuilder, Dim, from_items};
use tusklet_error::{Result, err, filled};
use tusklet_ir::codec::Codec;
use tusklet_ir::{Expr, Oid};
use tusklet_vector::{Datum, Value, Vector};

use crate::builtin::{Field, oids};
use crate::live::{AclItem, Catalog};

/// An `oid`, or anything that lies as one.
pub fn oid(v: Oid) -> Value {
    Value::I64(v as i64)
}

/// A `"char"`.
pub fn char(v: u8) -> Value {
    Value::I16(v as i16)
}

/// A `ctid`.
pub fn place(row: usize) -> Value {
    Value::I64(((row / 64) << 16 | (row % 64 + 1)) as i64)
}

/// A `text[]`.
pub fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> Result<Value> {
    Ok(Value::bytes(&from_items(oids::TEXT, items.into_iter().map(|s| Some(s.as_bytes())))?))
}

/// A `name[]`.
pub fn names<'a>(items: impl IntoIterator<Item = &'a str>) -> Result<Value> {
    Ok(Value::bytes(&from_items(oids::NAME, items.into_iter().map(|s| Some(s.as_bytes())))?))
}

/// `None` for no items, else the items.
pub fn texts_or_null<'a>(items: impl ExactSizeIterator<Item = &'a str>) -> Result<Value> {
    if items.len() == 0 { Ok(Value::Null) } else { texts(items) }
}

/// Options as `name=value`, NULL for none.
pub fn options(o: &[(String, String)]) -> Result<Value> {
    let all: Vec<String> = o.iter().map(|(k, v)| filled!("{}={}"; k, v)).collect();
    texts_or_null(all.iter().map(String::as_str))
}

fn numbers(element: Oid, items: impl IntoIterator<Item = i64>, lower: i32) -> Result<Vec<u8>> {
    let mut b = ArrayBuilder::new(element);
    for v in items {
        match element {
            oids::INT2 | oids::CHAR => b.push(Some(&(v as i16).to_le_bytes())),
            oids::INT4 => b.push(Some(&(v as i32).to_le_bytes())),
            _ => b.push(Some(&v.to_le_bytes())),
        }
    }
    let len = b.len() as i32;
    if len == 0 { b.finish_1d() } else { b.finish(&[Dim { len, lower }]) }
}

/// An array of a number-like type.
pub fn array(element: Oid, items: impl IntoIterator<Item = i64>) -> Result<Value> {
    Ok(Value::bytes(&numbers(element, items, 1)?))
}

/// The array, or NULL when it would be empty.
pub fn array_or_null(element: Oid, items: impl ExactSizeIterator<Item = i64>) -> Result<Value> {
    if items.len() == 0 { Ok(Value::Null) } else { array(element, items) }
}

/// An `oidvector`.
pub fn oidvector(items: impl IntoIterator<Item = Oid>) -> Result<Value> {
    Ok(Value::bytes(&numbers(oids::OID, items.into_iter().map(i64::from), 0)?))
}

/// An `int2vector`.
pub fn int2vector(items: impl IntoIterator<Item = i16>) -> Result<Value> {
    Ok(Value::bytes(&numbers(oids::INT2, items.into_iter().map(i64::from), 0)?))
}

const NODE: &str = "{NODE ";

/// A `pg_node_tree`: anything with a stored form.
pub fn node(n: &impl Codec) -> Value {
    let bytes = n.to_bytes();
    let mut s = String::with_capacity(NODE.len() + 2 * bytes.len() + 1);
    s.push_str(NODE);
    for b in bytes {
        s.push(std::char::from_digit(u32::from(b >> 4), 16).unwrap_or('0'));
        s.push(std::char::from_digit(u32::from(b & 15), 16).unwrap_or('0'));
    }
    s.push('}');
    Value::text(&s)
}

/// One expression, as a list.
pub fn expression(e: &Expr) -> Value {
    node(&vec![e.clone()])
}

/// Expressions as a `pg_node_tree`, NULL for none.
pub fn expressions(list: Vec<Expr>) -> Value {
    if list.is_empty() { Value::Null } else { node(&list) }
}

/// Reads what [`node`] wrote; `None` when the text is something else.
pub fn read_node<T: Codec>(text: &str) -> Option<Result<T>> {
    let hex = text.strip_prefix(NODE)?.strip_suffix('}')?;
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    let bytes: Option<Vec<u8>> = hex
        .as_bytes()
        .chunks(2)
        .map(|p| match p {
            [a, b] => Some(digit(*a)? << 4 | digit(*b)?),
            _ => None,
        })
        .collect();
    Some(bytes.ok_or_else(|| err!(INTERNAL_ERROR, "pg_node_tree is damaged")).and_then(|b| T::from_bytes(&b)))
}

/// The letters of privileges, by bit.
pub const PRIVILEGE_LETTERS: &[u8; 14] = b"arwdDxtXUCTcsA";

/// One `aclitem` as text.
pub fn acl_text(cat: &Catalog, a: &AclItem) -> String {
    let quoted = |name: String| {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain { name } else { filled!("\"{}\""; name.replace('"', "\"\"")) }
    };
    let mut s = String::new();
    if a.grantee != 0 {
        s.push_str(&quoted(role_name(cat, a.grantee)));
    }
    s.push('=');
    for (i, c) in PRIVILEGE_LETTERS.iter().enumerate() {
        if a.bits & 1 << i != 0 {
            s.push(*c as char);
            if a.bits & 1 << (i + 16) != 0 {
                s.push('*');
            }
        }
    }
    s.push('/');
    s.push_str(&quoted(role_name(cat, a.grantor)));
    s
}

/// A role's name, its number when there is none (`pg_get_userbyid` says more about that).
pub fn role_name(cat: &Catalog, role: Oid) -> String {
    match cat.user_role(role) {
        Some(r) => r.name.clone(),
        None => crate::builtin::role(role).map_or_else(|| role.to_string(), |r| r.name().to_string()),
    }
}

/// An `aclitem[]`.
pub fn acl(cat: &Catalog, items: &Option<Vec<AclItem>>) -> Result<Value> {
    let Some(items) = items else { return Ok(Value::Null) };
    let texts: Vec<String> = items.iter().map(|a| acl_text(cat, a)).collect();
    Ok(Value::bytes(&from_items(oids::ACLITEM, texts.iter().map(|t| Some(t.as_bytes())))?))
}

/// Writes a linked-in cell as a value of the attribute's type.
pub(super) fn push(f: Field, ty: Oid, out: &mut Vector) -> Result<()> {
    let value = match f {
        Field::Null => Datum::Null,
        Field::Bool(v) => Datum::Bool(v),
        Field::Char(v) => Datum::I16(v as i16),
        Field::Int(v) => match ty {
            oids::INT2 => Datum::I16(v as i16),
            oids::FLOAT4 => Datum::F32(v as f32),
            oids::INT4 => Datum::I32(v),
            _ => Datum::I64(v as i64),
        },
        Field::Oid(v) => Datum::I64(v as i64),
        Field::Text(t) => match ty {
            oids::ACLITEM_ARRAY | oids::TEXT_ARRAY => {
                let element = if ty == oids::TEXT_ARRAY { oids::TEXT } else { oids::ACLITEM };
                // The text form of an array of plain words.
                let inner = t.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or("");
                let items = inner.split(',').filter(|i| !i.is_empty()).map(|i| Some(i.as_bytes()));
                out.push(Datum::Bytes(&from_items(element, items)?));
                return Ok(());
            }
            _ => Datum::Bytes(t.as_bytes()),
        },
        Field::Numbers(n) => {
            let (element, lower) = match ty {
                oids::INT2VECTOR => (oids::INT2, 0),
                oids::OIDVECTOR => (oids::OID, 0),
                oids::INT2_ARRAY => (oids::INT2, 1),
                _ => (oids::OID, 1),
            };
            let signed = element == oids::INT2;
            let items = n.iter().map(|v| if signed { *v as i32 as i64 } else { *v as i64 });
            out.push(Datum::Bytes(&numbers(element, items, lower)?));
            return Ok(());
        }
        Field::Chars(n) => {
            out.push(Datum::Bytes(&numbers(oids::CHAR, n.iter().map(|v| *v as i64), 1)?));
            return Ok(());
        }
        Field::Texts(t) => {
            out.push(Datum::Bytes(&from_items(oids::TEXT, t.iter().map(|s| Some(s.as_bytes())))?));
            return Ok(());
        }
    };
    out.push(value);
    Ok(())
}
