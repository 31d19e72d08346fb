//! SVCB and HTTPS (RFC 9460): priority, target, parameters by key.

use tusklet_error::filled;
use super::fields::{Failed, Field, Reader};
use super::types::decimal;
use super::{address, binary, text};
use crate::Severity;
use crate::name::short;

/// Known keys by their numbers. `dohpath` and later ones PowerDNS 4.7 knows only as `keyNNNN`.
const KEYS: [&str; 7] = ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"];

fn key_number(name: &str) -> Result<u16, String> {
    if let Some(i) = KEYS.iter().position(|k| *k == name) {
        return Ok(i as u16);
    }
    match name.strip_prefix("key").and_then(decimal) {
        Some(n) if n < KEYS.len() as u64 => Err(filled!("{} has a name: write {}"; name, KEYS[n as usize])),
        Some(n) if n < 65535 => Ok(n as u16),
        _ => Err(filled!("'{}' is not a parameter: {} or keyNNNN"; short(name), KEYS.join(", "))),
    }
}

fn key_name(number: u16) -> String {
    KEYS.get(usize::from(number)).map_or_else(|| format!("key{number}"), |k| k.to_string())
}

pub(super) fn read(r: &mut Reader<'_>) -> Result<(), Failed> {
    let priority = r.number("the priority", 65535)?;
    r.values.push(priority.to_string());
    r.field(Field::Target)?;
    if priority == 0 {
        return match r.peek() {
            None => Ok(()),
            Some(_) => {
                r.at += 1;
                r.fail("content", "priority 0 makes an alias, which has no parameters")
            }
        };
    }
    let mut params: Vec<(u16, String)> = Vec::new();
    let mut mandatory = Vec::new();
    while r.peek().is_some() {
        let word = r.word("the parameter")?;
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let number = key_number(name);
        let number = r.ok(number)?;
        if params.iter().any(|(n, _)| *n == number) {
            return r.fail("content", filled!("{} is given twice"; name));
        }
        let value = param(number, name, value, &mut mandatory);
        let value = r.ok(value)?;
        if value.ends_with("=auto") {
            r.report(Severity::Info, "content", filled!("{} is PowerDNS' own: the addresses of the target"; value));
        }
        // Kept in order of keys; there are few.
        let place = params.partition_point(|(n, _)| *n < number);
        params.insert(place, (number, value));
    }
    let has = |n: u16| params.iter().any(|(m, _)| *m == n);
    if let Some(absent) = mandatory.iter().find(|n| !has(**n)) {
        return r.fail("content", filled!("mandatory names {}, which is not there"; key_name(*absent)));
    }
    if has(2) && !has(1) {
        return r.fail("content", "no-default-alpn needs alpn");
    }
    r.values.extend(params.into_iter().map(|(_, text)| text));
    Ok(())
}

/// One parameter in stored form.
fn param(number: u16, name: &str, value: Option<&str>, mandatory: &mut Vec<u16>) -> Result<String, String> {
    let Some(raw) = value else {
        return if number == 2 || number > 6 {
            Ok(name.into())
        } else {
            Err(filled!("{} needs a value: {}=…"; name, name))
        };
    };
    let quoted = raw.len() >= 2 && raw.starts_with('"') && raw.ends_with('"');
    let raw = if quoted { &raw[1..raw.len() - 1] } else { raw };
    if number > 6 {
        return Ok(filled!("{}={}"; name, text::quote(&text::decode(raw)?)));
    }
    if number == 2 {
        return Err("no-default-alpn has no value".into());
    }
    if raw.is_empty() {
        return Err(filled!("{} needs a value after ="; name));
    }
    if raw.contains(['\\', '"']) {
        return Err(filled!("escapes in {} are not supported"; name));
    }
    let items = raw.split(',');
    let value = match number {
        0 => {
            for key in items {
                match key_number(key)? {
                    0 => return Err("mandatory cannot name itself".into()),
                    n if mandatory.contains(&n) => return Err(filled!("mandatory names {} twice"; key)),
                    n => mandatory.insert(mandatory.partition_point(|m| *m < n), n),
                }
            }
            mandatory.iter().map(|n| key_name(*n)).collect::<Vec<_>>().join(",")
        }
        1 => {
            for id in items {
                if id.is_empty() || id.len() > 255 || !id.bytes().all(|c| c.is_ascii_graphic() && !b"();".contains(&c))
                {
                    return Err(filled!("'{}' is not a protocol name"; short(id)));
                }
            }
            raw.into()
        }
        3 => match decimal(raw) {
            Some(port) if port <= 65535 => port.to_string(),
            _ => return Err(filled!("the port '{}' is not between 0 and 65535"; short(raw))),
        },
        5 => {
            binary::base64("ech", raw)?;
            raw.into()
        }
        _ if raw == "auto" => raw.into(),
        _ => {
            let read = if number == 4 { address::ipv4 } else { address::ipv6 };
            items.map(read).collect::<Result<Vec<_>, _>>()?.join(",")
        }
    };
    Ok(filled!("{}={}"; name, value))
}
