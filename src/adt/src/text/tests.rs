//! The tables of `text`, and of the small types beside it.

use crate::network::Inet;
use crate::testing::check_tsv;
use crate::{bool, bytea, char, digest, like, macaddr, oid, text, text_format, uuid, varchar};
use tusklet_error::Result;

fn written(f: impl FnOnce(&mut String)) -> String {
    let mut s = String::new();
    f(&mut s);
    s
}

fn run(f: &[&str]) -> Result<String> {
    let a = f[1];
    let n = |i: usize| f[i].parse::<i32>().expect("a number");
    let inet = || Inet::parse(a);
    let show = |v: Result<Inet>| v.map(|v| written(|o| v.write(o)));
    let cidr = |v: Result<Inet>| v.map(|v| written(|o| v.write_cidr(o)));
    Ok(match f[0] {
        "substr2" => text::substring(a, n(2), None)?.to_owned(),
        "substr3" => text::substring(a, n(2), Some(n(3)))?.to_owned(),
        "overlay" => text::overlay(a, f[2], n(3), n(4))?,
        "left" => text::left(a, n(2)).to_owned(),
        "right" => text::right(a, n(2)).to_owned(),
        "position" => text::position(a, f[2]).to_string(),
        "lpad" => text::lpad(a, n(2), f[3])?,
        "rpad" => text::rpad(a, n(2), f[3])?,
        "btrim" => text::btrim(a, f[2]).to_owned(),
        "ltrim" => text::ltrim(a, f[2]).to_owned(),
        "rtrim" => text::rtrim(a, f[2]).to_owned(),
        "translate" => text::translate(a, f[2], f[3]),
        "replace" => text::replace(a, f[2], f[3]),
        "split_part" => text::split_part(a, f[2], n(3))?.to_owned(),
        "initcap" => text::initcap(a),
        "upper" => text::upper(a),
        "reverse" => text::reverse(a),
        "length" => text::length(a).to_string(),
        "varchar" => varchar::varchar(a, varchar::typmod_in(&[n(2)], "varchar")?, true)?.to_owned(),
        "bpchar" => {
            let v = varchar::bpchar(a, varchar::typmod_in(&[n(2)], "char")?, true)?;
            assert_eq!(text::length(&v), n(2));
            format!("[{}]", varchar::trim_bpchar(&v))
        }
        "quote_ident" => text::quote_ident(a),
        "quote_literal" => text::quote_literal(a),
        "md5" => String::from_utf8_lossy(&text::md5(a.as_bytes())).into_owned(),
        "sha224" => bytea::to_hex(&digest::sha224(a.as_bytes())),
        "sha256" => bytea::to_hex(&digest::sha256(a.as_bytes())),
        "sha384" => bytea::to_hex(&digest::sha384(a.as_bytes())),
        "sha512" => bytea::to_hex(&digest::sha512(a.as_bytes())),
        "like" => bool::to_text(like::Pattern::new(f[2], false).matches(a.as_bytes())?).to_owned(),
        "ilike" => bool::to_text(like::Pattern::new(f[2], true).matches(a.as_bytes())?).to_owned(),
        "like_escape" => like::like_escape(a, f[2])?,
        "similar" => like::similar_to_escape(a, Some(f[2]))?,
        "chr" => text::chr(n(1))?,
        "format" => {
            let args: Vec<Option<&str>> = f[2..].iter().map(|&s| (s != "\\N").then_some(s)).collect();
            text_format::format(a, &args)?
        }
        "unistr" => text::unistr(a)?,
        "bytea" => bytea::to_hex(&bytea::parse(a)?),
        "bytea_escape" => bytea::encode(&bytea::parse(a)?, "escape")?,
        "base64" => bytea::to_hex(&bytea::decode(a, "base64")?),
        "to_base64" => bytea::encode(a.as_bytes(), "base64")?,
        "get_byte" => bytea::get_byte(&bytea::parse(a)?, n(2))?.to_string(),
        "get_bit" => bytea::get_bit(&bytea::parse(a)?, i64::from(n(2)))?.to_string(),
        "set_byte" => bytea::to_hex(&bytea::set_byte(&bytea::parse(a)?, n(2), n(3))?),
        "set_bit" => bytea::to_hex(&bytea::set_bit(&bytea::parse(a)?, i64::from(n(2)), n(3))?),
        "bool" => bool::to_text(bool::parse(a)?).to_owned(),
        "oid" => oid::parse(a)?.to_string(),
        "char" => written(|o| char::write(char::parse(a), o)),
        "uuid" => {
            let v = uuid::parse(a)?;
            written(|o| uuid::write(&v, o))
        }
        "inet" => show(inet())?,
        "cidr" => cidr(Inet::parse_cidr(a))?,
        "host" => inet()?.host(),
        "text" => cidr(inet())?,
        "abbrev" => inet()?.abbrev(),
        "abbrev_cidr" => inet()?.network().abbrev_cidr(),
        "network" => cidr(Ok(inet()?.network()))?,
        "netmask" => show(Ok(inet()?.netmask()))?,
        "hostmask" => show(Ok(inet()?.hostmask()))?,
        "broadcast" => show(Ok(inet()?.broadcast()))?,
        "family" => inet()?.family().to_string(),
        "masklen" => inet()?.masklen().to_string(),
        "not" => show(Ok(inet()?.not()))?,
        "send_inet" => {
            let mut out = Vec::new();
            inet()?.send(false, &mut out);
            assert_eq!(Inet::recv(&out, false)?, inet()?);
            assert_eq!(Inet::decode(&inet()?.to_bytes()), inet()?);
            bytea::to_hex(&out)
        }
        "set_masklen" => show(inet()?.set_masklen(n(2)))?,
        "set_masklen_cidr" => cidr(inet()?.network().set_masklen_cidr(n(2)))?,
        "inet_add" => show(inet()?.add(f[2].parse().expect("a number")))?,
        "cmp_inet" => {
            let (x, y) = (inet()?, Inet::parse(f[2])?);
            let (mut kx, mut ky) = (Vec::new(), Vec::new());
            x.key(&mut kx);
            y.key(&mut ky);
            assert_eq!(kx.cmp(&ky), x.cmp(&y));
            (x.cmp(&y) as i32).to_string()
        }
        "subnet" => bool::to_text(Inet::parse(f[2])?.contains(&inet()?)).to_owned(),
        "supereq" => bool::to_text(inet()?.contains_or_equals(&Inet::parse(f[2])?)).to_owned(),
        "overlap" => bool::to_text(inet()?.overlaps(&Inet::parse(f[2])?)).to_owned(),
        "and" => show(inet()?.and(&Inet::parse(f[2])?))?,
        "or" => show(inet()?.or(&Inet::parse(f[2])?))?,
        "distance" => inet()?.distance(&Inet::parse(f[2])?)?.to_string(),
        "inet_merge" => cidr(inet()?.merge(&Inet::parse(f[2])?))?,
        "macaddr" => {
            let v = macaddr::parse(a)?;
            written(|o| macaddr::write(&v, o))
        }
        "macaddr8" => {
            let v = macaddr::parse8(a)?;
            written(|o| macaddr::write(&v, o))
        }
        other => panic!("unknown operation {other}"),
    })
}

#[test]
fn answers_are_postgresql_s() {
    check_tsv(include_str!("../../tests/data/text.tsv"), run);
}

#[test]
fn keys_of_bytes_order_as_bytes() {
    let mut r = crate::testing::Rng::new(5);
    for _ in 0..2000 {
        let mut make = || (0..r.below(4)).map(|_| [0u8, 1, 255, 7][r.below(4)]).collect::<Vec<u8>>();
        let (a, b) = (make(), make());
        let (mut ka, mut kb) = (Vec::new(), Vec::new());
        bytea::key(&a, &mut ka);
        bytea::key(&b, &mut kb);
        assert_eq!(ka.cmp(&kb), a.cmp(&b));
    }
}
