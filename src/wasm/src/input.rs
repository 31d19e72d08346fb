//! What the page hands in, field by field. Structures go out through `serde_wasm_bindgen`; reading two of them through it as well was
//! four kilobytes of the download.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

/// A field, unless it is absent or null.
fn field(of: &JsValue, name: &str) -> Result<Option<JsValue>, JsValue> {
    let value = Reflect::get(of, &JsValue::from_str(name))?;
    Ok((!value.is_undefined() && !value.is_null()).then_some(value))
}

fn wrong(name: &str, what: &str) -> JsValue {
    JsError::new(&format!("`{name}` is not {what}")).into()
}

/// A field that is text.
pub(crate) fn text(of: &JsValue, name: &str) -> Result<Option<String>, JsValue> {
    field(of, name)?.map(|v| v.as_string().ok_or_else(|| wrong(name, "a string"))).transpose()
}

/// A field that is text and must be there.
pub(crate) fn needed(of: &JsValue, name: &str) -> Result<String, JsValue> {
    text(of, name)?.ok_or_else(|| wrong(name, "a string"))
}

/// A field that is a number.
pub(crate) fn number(of: &JsValue, name: &str) -> Result<Option<f64>, JsValue> {
    field(of, name)?.map(|v| v.as_f64().ok_or_else(|| wrong(name, "a number"))).transpose()
}

/// A field that is true or false; it is false when it is absent.
pub(crate) fn boolean(of: &JsValue, name: &str) -> Result<bool, JsValue> {
    field(of, name)?.map_or(Ok(false), |v| v.as_bool().ok_or_else(|| wrong(name, "a boolean")))
}

/// A field that is an object whose fields are texts.
pub(crate) fn texts(of: &JsValue, name: &str) -> Result<Vec<(String, String)>, JsValue> {
    let Some(value) = field(of, name)? else { return Ok(vec![]) };
    let value = value.dyn_into::<Object>().map_err(|_| wrong(name, "an object"))?;
    let keys = Object::keys(&value);
    keys.iter()
        .map(|k| {
            let k = k.as_string().unwrap_or_default();
            Ok((k.clone(), needed(&value, &k)?))
        })
        .collect()
}

/// Every element of an array.
pub(crate) fn each<T>(of: JsValue, read: impl FnMut(JsValue) -> Result<T, JsValue>) -> Result<Vec<T>, JsValue> {
    of.dyn_into::<Array>().map_err(|_| wrong("records", "an array"))?.iter().map(read).collect()
}
