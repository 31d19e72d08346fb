//! Bind: parameters as the wire brings them become values.

use tusklet_error::{Error, Result, SqlState, err, filled};
use tusklet_ir::Value;
use tusklet_vector::{CallContext, TypeRef};

use crate::query::is_query;
use crate::session::Session;

/// A parameter as Bind brings it.
#[derive(Clone, Copy)]
pub enum Wired<'a> {
    /// NULL.
    Null,
    /// Format 0.
    Text(&'a [u8]),
    /// Format 1.
    Binary(&'a [u8]),
    /// A format there is not.
    Other(i16),
    /// The message ends before it does.
    Cut,
}

impl Session {
    /// Bind with parameters in wire form.
    pub fn bind(&mut self, portal: &str, statement: &str, params: &[Wired<'_>], formats: Vec<i16>) -> Result<()> {
        let prepared = self.prepared(statement)?;
        match &prepared.stmt {
            Some(s) => self.refuse_if_failed(s)?,
            None => self.shared.refuse_if_failed()?,
        }
        if params.len() != prepared.param_types.len() {
            return Err(err!(
                PROTOCOL_VIOLATION,
                "bind message supplies {} parameters, but prepared statement \"{statement}\" requires {}",
                params.len(),
                prepared.param_types.len()
            ));
        }
        self.refuse_taken(portal)?;
        if portal.is_empty() {
            self.close_portal("");
        }
        self.shared.begin_transaction(false);
        let mut values: Vec<Value> = Vec::with_capacity(params.len());
        if !params.is_empty() {
            let client = self.shared.client.borrow().clone();
            let mut cx = self.shared.exec_cx(self.shared.snapshot()?)?;
            for (p, ty) in params.iter().zip(&prepared.param_types) {
                let ty = TypeRef::new(*ty);
                let mut read = false;
                let value = match p {
                    Wired::Null => Ok(Value::Null),
                    Wired::Cut => Err(err!(PROTOCOL_VIOLATION, "insufficient data left in message")),
                    Wired::Other(format) => Err(err!(INVALID_PARAMETER_VALUE, "unsupported format code: {format}")),
                    Wired::Binary(b) => cx.recv(ty, b),
                    Wired::Text(b) => tusklet_adt::encoding::from_client(client.as_deref(), b).and_then(|s| {
                        read = true;
                        cx.input(ty, &s)
                    }),
                };
                values.push(value.map_err(|e| of_parameter(e, portal, values.len() + 1, read))?);
            }
        }
        if prepared.stmt.as_ref().is_some_and(|s| is_query(s)) {
            // It is planned for anew if it must be, and an error of that is Bind's.
            self.shared.refresh_catalog()?;
            prepared.program(&self.shared)?;
        }
        if let (Some(columns), true) = (&prepared.columns, formats.len() > 1)
            && columns.len() != formats.len()
        {
            return Err(err!(
                PROTOCOL_VIOLATION,
                "bind message has {} result formats but query has {} columns",
                formats.len(),
                columns.len()
            ));
        }
        self.bind_values(portal, prepared, values, formats)
    }
}

/// An error of a parameter's value (`bind_param_error_callback`); `read` when its text was.
#[cold]
fn of_parameter(e: Error, portal: &str, n: usize, read: bool) -> Error {
    let e = left_over(e, "bind parameter", n);
    let whose = if portal.is_empty() { "unnamed portal".to_string() } else { filled!("portal \"{}\""; portal) };
    e.context(format!("{whose} parameter ${n}{}", if read { " = '...'" } else { "" }))
}

/// A value's binary form was not read to its end: whose it is.
pub(crate) fn left_over(mut e: Error, what: &str, n: usize) -> Error {
    let r = e.report_mut();
    if r.code == SqlState::INVALID_BINARY_REPRESENTATION && r.message == "incorrect binary data format" {
        r.message.push_str(&format!(" in {what} {n}"));
    }
    e
}
