//! The DNS rules for the page: free functions, no engine needed. `pkg/src/dns.ts` has the types.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use tusklet_dns::Severity;
use wasm_bindgen::prelude::*;

use crate::input;

/// A row of `records`, as the page has it.
#[derive(Serialize)]
struct Record {
    name: String,
    #[serde(rename = "type")]
    rtype: String,
    content: String,
    ttl: Option<f64>,
    prio: Option<f64>,
    disabled: bool,
}

#[derive(Serialize)]
struct Problem {
    severity: &'static str,
    message: String,
    field: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u32>,
}

#[derive(Serialize)]
struct Checked {
    name: Option<String>,
    content: Option<String>,
    prio: Option<f64>,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Parsed {
    origin: String,
    records: Vec<Record>,
    problems: Vec<Problem>,
}

/// A row of `records`. Numbers of JavaScript are floats, and a field of a form may hold anything: what is no whole number is out of every
/// range the rules allow.
fn record(value: JsValue) -> Result<tusklet_dns::Record, JsValue> {
    let whole = |field| Ok::<_, JsValue>(input::number(&value, field)?.map(|n| if n.fract() == 0.0 { n as i64 } else { -1 }));
    Ok(tusklet_dns::Record {
        name: input::needed(&value, "name")?,
        rtype: input::needed(&value, "type")?,
        ttl: whole("ttl")?,
        prio: whole("prio")?,
        content: input::needed(&value, "content")?,
        disabled: input::boolean(&value, "disabled")?,
    })
}

impl From<tusklet_dns::Record> for Record {
    fn from(r: tusklet_dns::Record) -> Record {
        Record {
            name: r.name,
            rtype: r.rtype,
            content: r.content,
            ttl: r.ttl.map(|n| n as f64),
            prio: r.prio.map(|n| n as f64),
            disabled: r.disabled,
        }
    }
}

fn problems(all: Vec<tusklet_dns::Problem>) -> Vec<Problem> {
    let some = |n: u32| (n > 0).then_some(n);
    all.into_iter()
        .map(|p| Problem {
            severity: Severity::as_str(p.severity),
            message: p.message,
            field: p.field,
            line: some(p.line),
            column: some(p.column),
            record: p.record.map(|i| i as u32),
        })
        .collect()
}

fn out(value: &impl Serialize) -> Result<JsValue, JsValue> {
    value.serialize(&Serializer::new().serialize_missing_as_null(true)).map_err(JsValue::from)
}

/// Checks one record; its content in stored form when there is no error.
#[wasm_bindgen]
pub fn dns_validate(zone: &str, row: JsValue) -> Result<JsValue, JsValue> {
    let checked = tusklet_dns::check_record(zone, &record(row)?);
    out(&Checked {
        name: checked.name,
        content: checked.content,
        prio: checked.prio.map(|n| n as f64),
        problems: problems(checked.problems),
    })
}

/// Reads a zone file.
#[wasm_bindgen]
pub fn dns_parse_zone(text: &str, origin: &str) -> Result<JsValue, JsValue> {
    let (records, found) = tusklet_dns::parse_zone(text, origin);
    out(&Parsed {
        origin: origin.into(),
        records: records.into_iter().map(Into::into).collect(),
        problems: problems(found),
    })
}

/// Writes a zone file.
#[wasm_bindgen]
pub fn dns_format_zone(origin: &str, rows: JsValue) -> Result<String, JsValue> {
    Ok(tusklet_dns::format_zone(origin, &input::each(rows, record)?))
}

/// What is wrong with a zone as a whole; a problem's `record` is an index into `rows`.
#[wasm_bindgen]
pub fn dns_check_zone(origin: &str, rows: JsValue) -> Result<JsValue, JsValue> {
    out(&problems(tusklet_dns::check_zone(origin, &input::each(rows, record)?)))
}

/// A SOA content with its serial raised; undefined when it is no SOA content.
#[wasm_bindgen]
pub fn dns_bump_serial(content: &str, today_yyyymmdd: u32) -> Option<String> {
    tusklet_dns::bump_serial(content, today_yyyymmdd).ok()
}
