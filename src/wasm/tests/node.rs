//! The boundary in Node. Run by `npm test`; see `scripts/test.mjs`.
#![cfg(target_arch = "wasm32")]

mod boundary;

use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn select_one() {
    boundary::select_one();
}

#[wasm_bindgen_test]
fn error_position() {
    boundary::error_position();
}

#[wasm_bindgen_test]
fn sessions() {
    boundary::sessions();
}

#[wasm_bindgen_test]
fn host() {
    boundary::host();
}
