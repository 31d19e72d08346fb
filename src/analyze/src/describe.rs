//! What a query gives back: the row description.

use tusklet_ir::{CommandType, Oid, Query, TypeRef};

/// An output column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDescription {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: TypeRef,
    /// The table it comes from, 0 when it is computed.
    pub table: Oid,
    /// And its attribute there.
    pub attno: i16,
}

/// The columns of a query's result; none when it gives no rows.
pub fn describe(q: &Query) -> Vec<ColumnDescription> {
    let list = if q.command == CommandType::Select { &q.targets } else { &q.returning };
    list.iter()
        .filter(|t| !t.junk)
        .map(|t| ColumnDescription { name: t.name.clone(), ty: t.expr.ty, table: t.origin.0, attno: t.origin.1 })
        .collect()
}
