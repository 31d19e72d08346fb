//! `text`, `varchar`, `char(n)` and `name`.

use std::borrow::Cow;

use tusklet_adt::array::ArrayBuilder;
use tusklet_adt::int::is_space;
use tusklet_adt::encoding;
use tusklet_adt::text_format;
use tusklet_adt::varchar::{cmp_bpchar, trim_bpchar};
use tusklet_adt::{digest, text as adt, varchar};
use tusklet_error::{Result, bail, err, filled};
use tusklet_vector::{Call, Datum, Kernel, Out, Sel, Vector};

use crate::batch::{self, Orders, bytes_cmp, bytes_eq, compare};
use crate::bind::Entry;
use crate::oids;

type Args<'a, 'b> = &'a [&'b Vector];

fn ord(args: &[Datum<'_>]) -> std::cmp::Ordering {
    match args {
        [a, b, ..] => a.bytes().cmp(b.bytes()),
        _ => std::cmp::Ordering::Equal,
    }
}

/// The order as C's `memcmp` shows it: the difference of the first bytes that differ, else of the lengths' order.
pub(crate) fn memcmp(a: &[u8], b: &[u8]) -> i32 {
    match a.iter().zip(b).find(|(x, y)| x != y) {
        Some((x, y)) => *x as i32 - *y as i32,
        None => a.len().cmp(&b.len()) as i32,
    }
}

macro_rules! batches {
    ($($name:ident $by:ident $orders:expr;)*) => {$(
        #[cfg_attr(tuned, optimize(speed))]
        fn $name(_: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
            $by(args, sel, out, $orders);
            Ok(())
        }
    )*};
}

batches!(lt text batch::LT; le text batch::LT | batch::EQ; gt text batch::GT; ge text batch::GT | batch::EQ;
    bpeq bpchar batch::EQ; bpne bpchar batch::LT | batch::GT; bplt bpchar batch::LT; bple bpchar batch::LT | batch::EQ;
    bpgt bpchar batch::GT; bpge bpchar batch::GT | batch::EQ;);

#[cfg_attr(tuned, optimize(speed))]
fn text(args: Args<'_, '_>, sel: &Sel, out: &mut Vector, orders: Orders) {
    compare(args, sel, out, orders, bytes_cmp);
}

#[cfg_attr(tuned, optimize(speed))]
fn bpchar(args: Args<'_, '_>, sel: &Sel, out: &mut Vector, orders: Orders) {
    compare(args, sel, out, orders, |a, i, b, j| trimmed(a.get(i)).cmp(trimmed(b.get(j))));
}

fn trimmed(mut b: &[u8]) -> &[u8] {
    while let [rest @ .., b' '] = b {
        b = rest;
    }
    b
}

#[cfg_attr(tuned, optimize(speed))]
fn eq(_: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
    bytes_eq(args, sel, out, false);
    Ok(())
}

#[cfg_attr(tuned, optimize(speed))]
fn ne(_: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
    bytes_eq(args, sel, out, true);
    Ok(())
}

macro_rules! comparisons {
    ($($name:ident $batch:ident $test:ident;)*) => {$(
        pub(crate) const $name: Kernel = Kernel::Batch($batch, {
            #[cfg_attr(tuned, optimize(speed))]
            fn row(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
                out.bool(ord(args).$test());
                Ok(())
            }
            row
        });
    )*};
}

// Comparisons of byte strings, also `bytea`'s and those of `name` with `text`.
comparisons!(EQ eq is_eq; NE ne is_ne; LT lt is_lt; LE le is_le; GT gt is_gt; GE ge is_ge;);

pub(crate) const CMP: Kernel = f!(a: &[u8], b: &[u8] => memcmp(a, b));
pub(crate) const LARGER: Kernel = Kernel::Scalar(|_, a, o| {
    o.set(a.get(ord(a).is_lt() as usize).copied().unwrap_or(Datum::Null));
    Ok(())
});
pub(crate) const SMALLER: Kernel = Kernel::Scalar(|_, a, o| {
    o.set(a.get(ord(a).is_gt() as usize).copied().unwrap_or(Datum::Null));
    Ok(())
});

/// Characters of UTF-8: bytes that continue none.
fn chars(b: &[u8]) -> i32 {
    b.iter().map(|c| ((*c as i8) >= -64) as i32).sum()
}

#[cfg_attr(tuned, optimize(speed))]
fn length(_: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
    let [x, ..] = args else { return Ok(()) };
    let Some(a) = x.bytes() else { return Ok(()) };
    let r = out.i32s_mut();
    let sa = !x.constant as usize;
    sel.each(|i| r[i] = chars(a.get(i * sa)));
    Ok(())
}

#[cfg_attr(tuned, optimize(speed))]
fn octets(_: &mut Call<'_>, args: Args<'_, '_>, sel: &Sel, out: &mut Vector) -> Result<()> {
    let [x, ..] = args else { return Ok(()) };
    let Some(a) = x.bytes() else { return Ok(()) };
    let r = out.i32s_mut();
    let sa = !x.constant as usize;
    sel.each(|i| r[i] = a.views()[i * sa].len() as i32);
    Ok(())
}

/// Byte length, also `bytea`'s.
pub(crate) const OCTETS: Kernel = Kernel::Batch(octets, s!(a: &[u8] => a.len() as i32));

#[cfg_attr(tuned, optimize(speed))]
fn concat(_: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let &[a, b, ..] = args else { return Err(crate::bind::too_few()) };
    let (a, b) = (a.bytes(), b.bytes());
    let n = a.len() + b.len();
    let mut short = [0u8; 64];
    if n <= short.len() {
        short[..a.len()].copy_from_slice(a);
        short[a.len()..n].copy_from_slice(b);
        out.bytes(&short[..n]);
    } else {
        out.bytes(&[a, b].concat());
    }
    Ok(())
}

/// `||` of `text` and `bytea`.
pub(crate) const CONCAT: Kernel = Kernel::Scalar(concat);

/// The texts of the arguments from `from` on, or of the elements of a `VARIADIC` array; `None` is NULL. The outer `None`
/// is a NULL array.
fn texts(c: &mut Call<'_>, args: &[Datum<'_>], from: usize) -> Result<Option<Vec<Option<String>>>> {
    let mut all = Vec::with_capacity(args.len());
    if c.site.variadic {
        let Some(&array) = args.get(from) else { return Err(crate::bind::too_few()) };
        if array.is_null() {
            return Ok(None);
        }
        let array = tusklet_adt::array::Array::decode(array.bytes())?;
        let phys = c.cx.type_desc(array.element)?.phys;
        for item in array.iter() {
            all.push(match item {
                None => None,
                Some(b) => {
                    let mut s = String::new();
                    c.cx.output(array.element, Datum::load(phys, b), &mut s)?;
                    Some(s)
                }
            });
        }
    } else {
        for (i, d) in args.iter().enumerate().skip(from) {
            all.push(if d.is_null() {
                None
            } else {
                let mut s = String::new();
                c.cx.output(c.site.args.get(i).map_or(crate::oids::TEXT, |t| t.oid), *d, &mut s)?;
                Some(s)
            });
        }
    }
    Ok(Some(all))
}

fn text_concat(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    if let Some(all) = texts(c, args, 0)? {
        out.str(&all.into_iter().flatten().collect::<String>());
    }
    Ok(())
}

fn text_concat_ws(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let &[sep, ..] = args else { return Err(crate::bind::too_few()) };
    if sep.is_null() {
        return Ok(());
    }
    if let Some(all) = texts(c, args, 1)? {
        out.str(&all.into_iter().flatten().collect::<Vec<_>>().join(sep.str()));
    }
    Ok(())
}

fn format(c: &mut Call<'_>, args: &[Datum<'_>], out: &mut Out<'_>) -> Result<()> {
    let &[fmt, ..] = args else { return Err(crate::bind::too_few()) };
    if fmt.is_null() {
        return Ok(());
    }
    let all = if args.len() > 1 { texts(c, args, 1)?.unwrap_or_default() } else { Vec::new() };
    let all: Vec<Option<&str>> = all.iter().map(|s| s.as_deref()).collect();
    out.str(&text_format::format(fmt.str(), &all)?);
    Ok(())
}

fn name_of(s: &str) -> Result<&str> {
    Ok(adt::to_name(s))
}

/// `parse_ident`: the parts of a qualified name, as the lexer would read them.
fn parse_ident(text: &str, strict: bool) -> Result<Vec<u8>> {
    let bad = || err!(INVALID_PARAMETER_VALUE, "string is not a valid identifier: \"{}\""; text);
    let blank = |s: &'_ str| s.len() - s.trim_start_matches(is_space).len();
    let mut rest = &text[blank(text)..];
    let mut parts = ArrayBuilder::new(oids::TEXT);
    let mut after_dot = false;
    loop {
        if let Some(mut body) = rest.strip_prefix('"') {
            let mut name = String::new();
            loop {
                let (part, tail) =
                    body.split_once('"').ok_or_else(|| bad().detail("String has unclosed double quotes."))?;
                name.push_str(part);
                match tail.strip_prefix('"') {
                    Some(t) => {
                        name.push('"');
                        body = t;
                    }
                    None => {
                        rest = tail;
                        break;
                    }
                }
            }
            if name.is_empty() {
                return Err(bad().detail("Quoted identifier must not be empty."));
            }
            parts.push(Some(name.as_bytes()));
        } else {
            let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
            let n = rest.find(|c: char| !(starts(c) || c.is_ascii_digit() || c == '$')).unwrap_or(rest.len());
            if !rest.starts_with(starts) {
                return Err(match after_dot {
                    _ if rest.starts_with('.') => bad().detail("No valid identifier before \".\"."),
                    true => bad().detail("No valid identifier after \".\"."),
                    false => bad(),
                });
            }
            parts.push(Some(rest[..n].to_ascii_lowercase().as_bytes()));
            rest = &rest[n..];
        }
        rest = &rest[blank(rest)..];
        match rest.strip_prefix('.') {
            Some(tail) => {
                after_dot = true;
                rest = &tail[blank(tail)..];
            }
            None if strict && !rest.is_empty() => return Err(bad()),
            None => return parts.finish_1d(),
        }
    }
}

pub const TABLES: &[&[Entry]] = &[
    &[
        ("parse_ident", f!(s: &str, strict: bool => parse_ident(s, strict)?)),
        ("texteq", EQ),
        ("textne", NE),
        ("text_lt", LT),
        ("text_le", LE),
        ("text_gt", GT),
        ("text_ge", GE),
        ("text_pattern_lt", LT),
        ("text_pattern_le", LE),
        ("text_pattern_gt", GT),
        ("text_pattern_ge", GE),
        ("bttextcmp", CMP),
        ("bttext_pattern_cmp", CMP),
        ("text_larger", LARGER),
        ("text_smaller", SMALLER),
        ("nameeq", EQ),
        ("namene", NE),
        ("namelt", LT),
        ("namele", LE),
        ("namegt", GT),
        ("namege", GE),
        (
            "btnamecmp",
            f!(a: &[u8], b: &[u8] => match memcmp(a, b) {
                // As `strncmp`, which sees the terminating zero.
                1 if a.len() > b.len() && a.starts_with(b) => a[b.len()] as i32,
                -1 if b.len() > a.len() && b.starts_with(a) => -(b[a.len()] as i32),
                n => n,
            }),
        ),
        ("nameeqtext", EQ),
        ("namenetext", NE),
        ("namelttext", LT),
        ("nameletext", LE),
        ("namegttext", GT),
        ("namegetext", GE),
        ("btnametextcmp", CMP),
        ("texteqname", EQ),
        ("textnename", NE),
        ("textltname", LT),
        ("textlename", LE),
        ("textgtname", GT),
        ("textgename", GE),
        ("bttextnamecmp", CMP),
    ],
    &[
        ("bpchareq", Kernel::Batch(bpeq, s!(a: &str, b: &str => cmp_bpchar(a, b).is_eq()))),
        ("bpcharne", Kernel::Batch(bpne, s!(a: &str, b: &str => cmp_bpchar(a, b).is_ne()))),
        ("bpcharlt", Kernel::Batch(bplt, s!(a: &str, b: &str => cmp_bpchar(a, b).is_lt()))),
        ("bpcharle", Kernel::Batch(bple, s!(a: &str, b: &str => cmp_bpchar(a, b).is_le()))),
        ("bpchargt", Kernel::Batch(bpgt, s!(a: &str, b: &str => cmp_bpchar(a, b).is_gt()))),
        ("bpcharge", Kernel::Batch(bpge, s!(a: &str, b: &str => cmp_bpchar(a, b).is_ge()))),
        ("bpchar_pattern_lt", f!(a: &str, b: &str => cmp_bpchar(a, b).is_lt())),
        ("bpchar_pattern_le", f!(a: &str, b: &str => cmp_bpchar(a, b).is_le())),
        ("bpchar_pattern_gt", f!(a: &str, b: &str => cmp_bpchar(a, b).is_gt())),
        ("bpchar_pattern_ge", f!(a: &str, b: &str => cmp_bpchar(a, b).is_ge())),
        ("bpcharcmp", f!(a: &[u8], b: &[u8] => memcmp(trimmed(a), trimmed(b)))),
        ("btbpchar_pattern_cmp", f!(a: &[u8], b: &[u8] => memcmp(trimmed(a), trimmed(b)))),
        ("bpchar_larger", f!(a: &str, b: &str => if cmp_bpchar(a, b).is_ge() { a } else { b })),
        ("bpchar_smaller", f!(a: &str, b: &str => if cmp_bpchar(a, b).is_le() { a } else { b })),
        ("bpcharlen", f!(a: &str => chars(trim_bpchar(a).as_bytes()))),
        ("bpcharoctetlen", OCTETS),
        ("bpchar", f!(a: &str, typmod: i32, explicit: bool => varchar::bpchar(a, typmod, explicit)?)),
        ("varchar", f!(a: &str, typmod: i32, explicit: bool => varchar::varchar(a, typmod, explicit)?)),
        ("bpchar_name", f!(a: &str => name_of(trim_bpchar(a))?)),
        ("name_bpchar", f!(a: &str => a)),
        ("name_text", f!(a: &str => a)),
        ("text_name", f!(a: &str => name_of(a)?)),
        (
            "nameconcatoid",
            f!(a: &str, oid: i64 => {
                let suffix = format!("_{oid}");
                filled!("{}{}"; adt::clip(a, 63usize.saturating_sub(suffix.len())), suffix)
            }),
        ),
    ],
    &[
        ("textlen", Kernel::Batch(length, s!(a: &[u8] => chars(a)))),
        ("textoctetlen", OCTETS),
        ("textcat", CONCAT),
        ("text_concat", Kernel::Scalar(text_concat)),
        ("text_concat_ws", Kernel::Scalar(text_concat_ws)),
        ("text_format", Kernel::Scalar(format)),
        ("text_format_nv", Kernel::Scalar(format)),
        ("text_substr", f!(a: &str, from: i32, n: i32 => adt::substring(a, from, Some(n))?)),
        ("text_substr_no_len", f!(a: &str, from: i32 => adt::substring(a, from, None)?)),
        ("textoverlay", f!(a: &str, b: &str, from: i32, n: i32 => adt::overlay(a, b, from, n)?)),
        ("textoverlay_no_len", f!(a: &str, b: &str, from: i32 => adt::overlay(a, b, from, adt::length(b))?)),
        ("textpos", f!(a: &str, b: &str => adt::position(a, b))),
        ("text_starts_with", f!(a: &[u8], b: &[u8] => a.starts_with(b))),
        ("text_left", f!(a: &str, n: i32 => adt::left(a, n))),
        ("text_right", f!(a: &str, n: i32 => adt::right(a, n))),
        ("text_reverse", f!(a: &str => adt::reverse(a))),
        ("lpad", f!(a: &str, n: i32, b: &str => adt::lpad(a, n, b)?)),
        ("rpad", f!(a: &str, n: i32, b: &str => adt::rpad(a, n, b)?)),
        ("ltrim", f!(a: &str, b: &str => adt::ltrim(a, b))),
        ("rtrim", f!(a: &str, b: &str => adt::rtrim(a, b))),
        ("btrim", f!(a: &str, b: &str => adt::btrim(a, b))),
        ("ltrim1", f!(a: &str => a.trim_start_matches(' '))),
        ("rtrim1", f!(a: &str => a.trim_end_matches(' '))),
        ("btrim1", f!(a: &str => a.trim_matches(' '))),
        ("translate", f!(a: &str, from: &str, to: &str => adt::translate(a, from, to))),
        ("replace_text", f!(a: &str, from: &str, to: &str => adt::replace(a, from, to))),
        ("split_part", f!(a: &str, sep: &str, n: i32 => adt::split_part(a, sep, n)?)),
        ("repeat", f!(a: &str, n: i32 => adt::repeat(a, n)?)),
        ("upper", f!(a: &str => adt::upper(a))),
        ("lower", f!(a: &str => adt::lower(a))),
        ("initcap", f!(a: &str => adt::initcap(a))),
        ("ascii", f!(a: &str => adt::ascii(a))),
        ("chr", f!(n: i32 => adt::chr(n)?)),
        ("unistr", f!(a: &str => adt::unistr(a)?)),
        ("md5_text", f!(a: &[u8] => &adt::md5(a)[..])),
        ("quote_ident", f!(a: &str => adt::quote_ident(a))),
        ("quote_literal", f!(a: &str => adt::quote_literal(a))),
        (
            "quote_nullable",
            f!(a: Option<&str> => a.map_or(Cow::Borrowed("NULL"), |a| Cow::Owned(adt::quote_literal(a)))),
        ),
        ("text_to_array", f!(a: Option<&str>, sep: Option<&str> => split(a, sep, None)?)),
        ("text_to_array_null", f!(a: Option<&str>, sep: Option<&str>, null: Option<&str> => split(a, sep, null)?)),
        ("sha224_bytea", f!(a: &[u8] => digest::sha224(a))),
        ("sha256_bytea", f!(a: &[u8] => digest::sha256(a))),
        ("sha384_bytea", f!(a: &[u8] => digest::sha384(a))),
        ("sha512_bytea", f!(a: &[u8] => digest::sha512(a))),
        ("pg_convert", f!(a: &[u8], from: &str, to: &str => convert(a, from, to)?)),
        ("pg_convert_to", f!(a: &[u8], to: &str => convert(a, "utf8", to)?)),
        ("pg_convert_from", f!(a: &[u8], from: &str => convert(a, from, "utf8")?)),
        ("length_in_encoding", f!(a: &[u8], e: &str => encoding::length(a, encoding_named(e, "")?)? as i32)),
        ("to_ascii_default", f!(a: &str => encoding::to_ascii(a, encoding::UTF8)?)),
        ("to_ascii_enc", f!(a: &str, e: i32 => match usize::try_from(e).ok().filter(|e| *e < encoding::NAMES.len()) {
            Some(e) => encoding::to_ascii(a, e)?,
            None => bail!(UNDEFINED_OBJECT, "{e} is not a valid encoding code"),
        })),
        ("to_ascii_encname", f!(a: &str, e: &str => match encoding::by_name(e) {
            Some(e) => encoding::to_ascii(a, e)?,
            None => bail!(UNDEFINED_OBJECT, "{} is not a valid encoding name"; e),
        })),
        ("unicode_normalize_func", f!(a: &str, form: &str => normalized(a, form)?)),
        ("unicode_is_normalized", f!(a: &str, form: &str => normalized(a, form)? == a)),
    ],
];

/// The number of an encoding; `what` is for the message.
fn encoding_named(name: &str, what: &str) -> Result<usize> {
    match encoding::by_name(name) {
        Some(e) => Ok(e),
        None => bail!(INVALID_PARAMETER_VALUE, "invalid {}encoding name \"{}\""; what, name),
    }
}

/// `pg_convert` and its short forms.
fn convert(b: &[u8], from: &str, to: &str) -> Result<Vec<u8>> {
    encoding::convert(b, encoding_named(from, "source ")?, encoding_named(to, "destination ")?)
}

fn normalized(s: &str, form: &str) -> Result<String> {
    let (compatible, composed) = match form.to_ascii_uppercase().as_str() {
        "NFC" => (false, true),
        "NFD" => (false, false),
        "NFKC" => (true, true),
        "NFKD" => (true, false),
        _ => bail!(INVALID_PARAMETER_VALUE, "invalid normalization form: {}"; form),
    };
    Ok(tusklet_adt::unicode_norm::normalize(s, compatible, composed))
}

/// The parts of a string as a `text[]`; NULL text gives NULL, a NULL separator single characters.
fn split(a: Option<&str>, sep: Option<&str>, null: Option<&str>) -> Result<Option<Vec<u8>>> {
    let Some(a) = a else { return Ok(None) };
    let parts = adt::split(a, sep);
    let items = parts.iter().map(|p| if Some(*p) == null { None } else { Some(p.as_bytes()) });
    Ok(Some(tusklet_adt::array::from_items(crate::oids::TEXT, items)?))
}
