//! Statements whose grammar is still to come.

use super::Parser;
use crate::ast::*;
use tusklet_error::{Error, Result};

impl Parser<'_> {
    pub(super) fn alter_stmt(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("alter_stmt").at(span))
    }
    pub(super) fn drop_stmt(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("drop_stmt").at(span))
    }
    pub(super) fn comment_stmt(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("comment_stmt").at(span))
    }
    pub(super) fn security_label_stmt(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("security_label_stmt").at(span))
    }
    pub(super) fn grant_stmt(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("grant_stmt").at(span))
    }
    pub(super) fn revoke_stmt(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("revoke_stmt").at(span))
    }
    pub(super) fn reassign_stmt(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("reassign_stmt").at(span))
    }
    pub(super) fn import_foreign_schema(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("import_foreign_schema").at(span))
    }
    pub(super) fn create_operator(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_operator").at(span))
    }
    pub(super) fn create_collation(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_collation").at(span))
    }
    pub(super) fn create_text_search(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_text_search").at(span))
    }
    pub(super) fn create_cast(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_cast").at(span))
    }
    pub(super) fn create_conversion(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_conversion").at(span))
    }
    pub(super) fn create_access_method(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_access_method").at(span))
    }
    pub(super) fn create_event_trigger(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_event_trigger").at(span))
    }
    pub(super) fn create_policy(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_policy").at(span))
    }
    pub(super) fn create_extension(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_extension").at(span))
    }
    pub(super) fn create_foreign(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_foreign").at(span))
    }
    pub(super) fn create_server(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_server").at(span))
    }
    pub(super) fn create_user_mapping(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_user_mapping").at(span))
    }
    pub(super) fn create_role(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_role").at(span))
    }
    pub(super) fn create_database(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_database").at(span))
    }
    pub(super) fn create_tablespace(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_tablespace").at(span))
    }
    pub(super) fn create_publication(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_publication").at(span))
    }
    pub(super) fn create_subscription(&mut self, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_subscription").at(span))
    }
    pub(super) fn create_function(&mut self, _replace: bool, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_function").at(span))
    }
    pub(super) fn create_trigger(&mut self, _replace: bool, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_trigger").at(span))
    }
    pub(super) fn create_aggregate(&mut self, _replace: bool, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_aggregate").at(span))
    }
    pub(super) fn create_rule(&mut self, _replace: bool, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_rule").at(span))
    }
    pub(super) fn create_transform(&mut self, _replace: bool, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_transform").at(span))
    }
    pub(super) fn create_language(&mut self, _replace: bool, span: Span) -> Result<Stmt> {
        Err(Error::unsupported("create_language").at(span))
    }
}
