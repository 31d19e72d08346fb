//! What the fields of one record must be together, and what its owner should look like.

use tusklet_error::filled;
use super::fields::{Failed, Reader};
use super::{Type, is_made_by_server};
use crate::name::Name;
use crate::{Problem, Severity};

/// Rules over the values of one record, in stored form.
pub(super) fn check(kind: &Type, prio: Option<i64>, r: &mut Reader<'_>) -> Result<(), Failed> {
    if is_made_by_server(kind) {
        let message = filled!("{} records are made by the server and not kept in the table"; kind.name());
        return r.fail("type", message);
    }
    let number = |r: &Reader<'_>, i: usize| r.values.get(i).and_then(|v| v.parse::<u32>().ok()).unwrap_or(0);
    let text = |r: &Reader<'_>, i: usize| r.values.get(i).cloned().unwrap_or_default();
    match kind.name().as_str() {
        "SOA" => {
            let [serial, refresh, retry, expire, minimum] = [2, 3, 4, 5, 6].map(|i| u64::from(number(r, i)));
            let rules = [
                (serial == 0, "the serial is 0"),
                (refresh == 0 || retry == 0 || expire == 0, "refresh, retry and expire should not be 0"),
                (retry > refresh, "retry is longer than refresh"),
                (expire < refresh + retry, "expire is shorter than refresh and retry together"),
                (minimum > 86_400, "minimum, the time that absence is cached, is more than a day"),
            ];
            for (broken, message) in rules {
                if broken {
                    r.warn(message);
                }
            }
        }
        "MX" if text(r, 0) == "." && prio != Some(0) => r.warn("a null MX ('.') has priority 0"),
        "CAA" => {
            if !matches!(number(r, 0), 0 | 128) {
                r.warn("only the flags 0 and 128 (critical) have a meaning");
            }
            let known = ["issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"];
            let tag = text(r, 1).to_ascii_lowercase();
            if !known.contains(&tag.as_str()) {
                r.warn(filled!("the property '{}' is not a known one"; tag));
            }
            let value = text(r, 2);
            if tag == "iodef" && !["\"mailto:", "\"http://", "\"https://"].iter().any(|s| value.starts_with(s)) {
                r.warn("iodef wants a mailto:, http: or https: address");
            }
        }
        "DS" | "CDS" | "DLV" => {
            let wanted = match number(r, 2) {
                1 => 20,
                2 | 3 => 32,
                4 => 48,
                _ => 0,
            };
            // `0 0 0 00` in a CDS asks for the deletion of the DS.
            let delete = kind.name() == "CDS" && number(r, 1) == 0;
            if wanted == 0 && !delete {
                r.warn("the digest type is not one of 1, 2, 3 and 4");
            }
            bytes(r, 3, "the digest", wanted)?;
        }
        "DNSKEY" | "CDNSKEY" if number(r, 1) != 3 => r.warn("the protocol of a DNSKEY is 3"),
        "SSHFP" => {
            if !matches!(number(r, 0), 1..=4 | 6) {
                r.warn("the key algorithm is not one of 1, 2, 3, 4 and 6");
            }
            let wanted = match number(r, 1) {
                1 => 20,
                2 => 32,
                _ => 0,
            };
            if wanted == 0 {
                r.warn("the fingerprint type is not 1 or 2");
            }
            bytes(r, 2, "the fingerprint", wanted)?;
        }
        "TLSA" | "SMIMEA" => {
            for (i, max, what) in [(0, 3, "usage"), (1, 1, "selector"), (2, 2, "matching type")] {
                if number(r, i) > max {
                    r.warn(format!("the {what} is not between 0 and {max}"));
                }
            }
            let wanted = match number(r, 2) {
                1 => 32,
                2 => 64,
                _ => 0,
            };
            bytes(r, 3, "the hash", wanted)?;
        }
        "ZONEMD" => {
            let wanted = match number(r, 2) {
                1 => 48,
                2 => 64,
                _ => 0,
            };
            bytes(r, 3, "the digest", wanted)?;
        }
        "NAPTR" if text(r, 4) != "\"\"" && text(r, 5) != "." => {
            r.warn("either the regular expression or the replacement is empty");
        }
        "CERT" if number(r, 0) == 0 => return r.fail("content", "the certificate type 0 is reserved"),
        "URI" if text(r, 2) == "\"\"" => return r.fail("content", "the URI is empty"),
        "SPF" => r.warn("the type SPF is obsolete: use TXT"),
        _ => {}
    }
    Ok(())
}

/// The length of hexadecimal data; 0 is any.
fn bytes(r: &mut Reader<'_>, at: usize, what: &str, wanted: usize) -> Result<(), Failed> {
    let has = r.values.get(at).map_or(0, |v| v.len() / 2);
    if wanted != 0 && has != wanted {
        return r.fail("content", format!("{what} has {has} bytes, with this type it must have {wanted}"));
    }
    Ok(())
}

/// Owners that resolvers or services will not look for.
pub(super) fn owner(kind: &Type, owner: &Name, problems: &mut Vec<Problem>) {
    let underscored =
        |n: usize| owner.labels().skip_while(|l| *l == b"*").take(n).filter(|l| l.first() == Some(&b'_')).count() == n;
    let mut add = |severity, message: &str| problems.push(Problem::new(severity, "name", message));
    match kind.name().as_str() {
        "A" | "AAAA" => {
            let host = match owner.labels().next() {
                Some(b"*") => owner.parent().is_some_and(|n| n.is_root() || n.is_hostname()),
                _ => owner.is_hostname(),
            };
            if !host && !owner.is_root() {
                add(Severity::Info, "the name is not a host name: only letters, digits and inner hyphens");
            }
        }
        "SRV" if !underscored(2) => add(Severity::Warning, "a service is looked for at _service._protocol"),
        "TLSA" if !underscored(2) => add(Severity::Warning, "a TLSA record is looked for at _port._protocol"),
        "NS" if owner.labels().next() == Some(b"*") => add(Severity::Warning, "a wildcard cannot be delegated"),
        _ => {}
    }
}
