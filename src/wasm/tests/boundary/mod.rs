//! What both hosts are asked: the exports as `pkg/src/host.ts` calls them.

use std::slice;

use tusklet_wasm::Engine;
use wasm_bindgen::JsValue;

/// An output item: kind and body.
pub struct Item {
    pub kind: u32,
    pub body: Vec<u8>,
}

const EXEC: u32 = 2;
const DONE: u32 = 0;
const AGAIN: u32 = 1;
const ROWS: u32 = 2;
const COMPLETE: u32 = 3;
const ERROR: u32 = 6;

pub fn engine() -> Engine {
    let options = js_sys::JSON::parse(r#"{"user":"postgres","database":"postgres","settings":{},"durability":"none"}"#);
    Engine::new(options.unwrap_or(JsValue::UNDEFINED)).unwrap_or_else(|e| panic!("{e:?}"))
}

fn words(address: u32, n: usize) -> Vec<u32> {
    // SAFETY: the engine's io block: 16 words that live as long as it.
    unsafe { slice::from_raw_parts(address as *const u32, n) }.to_vec()
}

/// Runs a script.
pub fn exec(engine: &mut Engine, session: u32, sql: &str) -> Vec<Item> {
    let mut request = 0u32.to_le_bytes().to_vec();
    request.extend((sql.len() as u32).to_le_bytes());
    request.extend(sql.as_bytes());
    let at = engine.reserve_input(request.len() as u32);
    // SAFETY: `reserve_input` gave an area of at least this many bytes.
    unsafe { slice::from_raw_parts_mut(at as *mut u8, request.len()) }.copy_from_slice(&request);
    let mut status = engine.run(session, EXEC, request.len() as u32, 1000.0);
    let mut items = output(engine);
    while status == AGAIN || status == 5 {
        status = engine.step(session, 1000.0);
        items.extend(output(engine));
    }
    assert_eq!(status, DONE);
    items
}

fn output(engine: &Engine) -> Vec<Item> {
    let io = words(engine.io_ptr(), 16);
    // SAFETY: the output the engine has just said it holds; no export is called while it is read.
    let bytes = unsafe { slice::from_raw_parts(io[1] as *const u8, io[2] as usize) };
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let (mut at, mut items) = (0, vec![]);
    while at + 8 <= bytes.len() {
        let (kind, len) = (u32_at(at), u32_at(at + 4) as usize);
        items.push(Item { kind, body: bytes[at + 8..at + 8 + len].to_vec() });
        at += 8 + len.div_ceil(8) * 8;
    }
    items
}

pub fn one_row(items: &[Item]) -> &Item {
    assert!(items.iter().any(|i| i.kind == COMPLETE));
    let rows = items.iter().find(|i| i.kind == ROWS);
    rows.unwrap_or_else(|| panic!("no rows: {:?}", items.iter().map(|i| i.kind).collect::<Vec<_>>()))
}

/// `SELECT 1`: one int4 column, one row.
pub fn select_one() {
    let mut engine = engine();
    let session = engine.open_session("", "");
    assert!(session > 0);
    let items = exec(&mut engine, session, "SELECT 1");
    let rows = one_row(&items);
    assert_eq!(rows.body[..8], [1, 0, 0, 0, 1, 0, 0, 0]);
    let data = u32::from_le_bytes([rows.body[12], rows.body[13], rows.body[14], rows.body[15]]) as usize;
    assert_eq!(rows.body[data..data + 4], [1, 0, 0, 0]);
}

/// An error is an item with its SQLSTATE and its position in characters.
pub fn error_position() {
    let mut engine = engine();
    let session = engine.open_session("", "");
    let items = exec(&mut engine, session, "SELECT 'é', nope");
    let error = items.iter().find(|i| i.kind == ERROR);
    let body = &error.unwrap_or_else(|| panic!("no error")).body;
    assert_eq!(body[..4], [13, 0, 0, 0]);
    let text = String::from_utf8_lossy(body);
    assert!(text.contains("42703") && text.contains("column \"nope\" does not exist"), "{text}");
    // The session goes on.
    one_row(&exec(&mut engine, session, "SELECT 2"));
}

/// Two sessions of one engine: a waiting writer says so.
pub fn sessions() {
    let mut engine = engine();
    let (a, b) = (engine.open_session("", ""), engine.open_session("", ""));
    exec(&mut engine, a, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    one_row(&exec(&mut engine, b, "SELECT * FROM t"));
    exec(&mut engine, a, "BEGIN; DELETE FROM t");
    one_row(&exec(&mut engine, b, "SELECT * FROM t"));
    exec(&mut engine, a, "ROLLBACK");
    engine.close_session(a);
    one_row(&exec(&mut engine, b, "SELECT * FROM t"));
}

/// Clock and randomness come from the host.
pub fn host() {
    let mut engine = engine();
    let session = engine.open_session("", "");
    one_row(&exec(&mut engine, session, "SELECT now() > '2020-01-01', random()"));
}
