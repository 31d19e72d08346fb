//! Calls of functions by their OIDs (`fastpath.c`).

use tusklet_error::{Error, Result, err};
use tusklet_ir::{Oid, TypeRef, Value};
use tusklet_vector::CallContext;

use crate::output::{format_of, write_text};
use crate::protocol::Body;
use crate::session::Session;

fn format_error(n: i16) -> Error {
    err!(INVALID_PARAMETER_VALUE, "unsupported format code: {n}")
}

/// FunctionCall: the body of the answer.
pub(crate) fn call(session: &mut Session, b: &mut Body<'_>) -> Result<Vec<u8>> {
    session.start_request();
    let shared = session.shared.clone();
    shared.refuse_if_failed()?;
    let func = b.i32()? as Oid;
    shared.begin_transaction(false);
    shared.refresh_catalog()?;
    let Some(p) = shared.catalog().proc(func) else {
        return Err(err!(UNDEFINED_FUNCTION, "function with OID {func} does not exist"));
    };
    if p.kind != b'f' || p.retset {
        return Err(err!(FEATURE_NOT_SUPPORTED, "cannot call function \"{}\" via fastpath interface"; p.name));
    }
    crate::commands::acl::check_proc(&shared, func, "function")?;
    let formats = b.formats()?;
    let n = b.count()?;
    if n != p.args.len() {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "function call message contains {n} arguments but function requires {}",
            p.args.len()
        ));
    }
    if formats.len() > 1 && formats.len() != n {
        return Err(err!(
            PROTOCOL_VIOLATION,
            "function call message contains {} argument formats but {n} arguments",
            formats.len()
        ));
    }
    let client = shared.client.borrow().clone();
    let mut cx = shared.exec_cx(shared.snapshot()?)?;
    let mut values = Vec::with_capacity(n);
    for (i, ty) in p.args.iter().enumerate() {
        let len = b.i32()?;
        if len == -1 {
            values.push(Value::Null);
            continue;
        }
        if len < 0 {
            return Err(err!(PROTOCOL_VIOLATION, "invalid argument size {len} in function call message"));
        }
        let data = b.take(len as usize)?;
        values.push(match format_of(&formats, i) {
            0 => cx.input(TypeRef::new(*ty), &tusklet_adt::encoding::from_client(client.as_deref(), data)?)?,
            1 => cx.recv(TypeRef::new(*ty), data).map_err(|e| crate::bind::left_over(e, "function argument", i + 1))?,
            n => return Err(format_error(n)),
        });
    }
    let format = b.i16()?;
    b.end()?;
    let args: Vec<_> = values.iter().map(Value::as_datum).collect();
    let result = cx.call(func, 0, &args)?;
    shared.tx()?.next_command();
    if result == Value::Null {
        return Ok((-1i32).to_be_bytes().to_vec());
    }
    let mut out = vec![0; 4];
    match format {
        0 => {
            write_text(&mut cx, p.result, result.as_datum(), &mut out, &mut String::new())?;
            if let Some(c) = client {
                crate::protocol::converted(&c, &mut out, 4)?;
            }
        }
        1 => cx.send(p.result, result.as_datum(), &mut out)?,
        n => return Err(format_error(n)),
    }
    let len = (out.len() - 4) as i32;
    out[..4].copy_from_slice(&len.to_be_bytes());
    Ok(out)
}
