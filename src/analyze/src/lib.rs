//! Statements to queries: names, types, overloads, coercions. See the crate's README.

mod analyze;
mod describe;
mod equal;
mod functions;
mod literals;
mod modify;
mod parse_agg;
mod parse_clause;
mod parse_coerce;
mod parse_collate;
mod parse_cte;
mod parse_expr;
mod parse_func;
mod parse_group;
mod parse_merge;
mod parse_node;
mod parse_oper;
mod parse_param;
mod parse_relation;
mod parse_target;
mod parse_type;
mod parse_window;
mod parse_xml;
mod polymorphic;
mod raw_walk;
mod rewrite;
mod rewrite_search_cycle;
mod set_operations;
mod subscripts;

use std::rc::Rc;

use tusklet_catalog::live::Catalog;
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::{Notice, Result};
use tusklet_ir::{Expr, Oid, TypeRef, Value};

pub use analyze::{analyze, analyze_expr, analyze_stmt, coerce_default, lock_name, ExprScope};
pub use describe::{ColumnDescription, describe};
pub use equal::equal;
pub use functions::{Returned, check_sql_fn_retval, no_result};
pub use parse_coerce::CoercionContext;
pub use parse_node::Clause;
pub use parse_param::ParamTypes;
pub use parse_func::lookup_agg_function;
pub use parse_oper::{lookup_operator, operator_text, same_type_operator};
pub use parse_type::{lookup_type_name, resolve_type_name, type_name_to_oid, type_name_to_string};
pub use rewrite::{insert_default, rewrite, view_query};

/// What analysis asks of the session: its catalog, its path, its settings, and the input functions of types.
pub trait AnalyzeContext {
    /// The catalog as this statement sees it.
    fn catalog(&self) -> Catalog;
    /// Where unqualified names are looked up.
    fn search_path(&self) -> Rc<SearchPath>;
    /// Reads a literal as the type's input function does. Called while the statement is analysed, as PostgreSQL does; the
    /// error gets its position from the literal.
    fn input(&mut self, ty: TypeRef, text: &str) -> Result<Value>;
    /// A setting's value, as SHOW prints it.
    fn setting(&self, name: &str) -> Option<String>;
    /// The connected database's name.
    fn database(&self) -> String {
        "postgres".to_string()
    }
    /// Sends a notice to the client.
    fn notice(&mut self, notice: Notice);
    /// What a column reference means to whoever embeds SQL: an argument of a SQL function, a PL/pgSQL variable. `found` tells
    /// that a column of that name exists. `fields` are the reference's names, outermost first.
    fn column_hook(&mut self, fields: &[String], found: bool) -> Result<Option<Expr>> {
        let (_, _) = (fields, found);
        Ok(None)
    }
    /// The type of `$n` where parameters have fixed types that [`ParamTypes`] does not list.
    fn param_type(&mut self, number: u32) -> Option<Oid> {
        let _ = number;
        None
    }
}
