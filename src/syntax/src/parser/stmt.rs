//! Which statement a text holds, by its first word.

use super::Parser;
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::T;

impl Parser<'_> {
    pub(super) fn stmt(&mut self) -> Stmt {
        let first = self.cur;
        let span = first.span();
        match first.kw {
            Kw::SELECT | Kw::INSERT | Kw::UPDATE | Kw::DELETE | Kw::MERGE | Kw::WITH | Kw::VALUES | Kw::TABLE => {
                return self.preparable_stmt();
            }
            Kw::NIL if first.t == T::LParen => return self.preparable_stmt(),
            Kw::NIL => return self.unexpected(),
            _ => {}
        }
        // Every other statement is known by one word, and none of them is also a statement's beginning otherwise.
        let parse: fn(&mut Self, Span) -> Stmt = match first.kw {
            Kw::CREATE => Self::create_stmt,
            Kw::ALTER => Self::alter_stmt,
            Kw::DROP => Self::drop_stmt,
            Kw::TRUNCATE => Self::truncate_stmt,
            Kw::BEGIN => Self::begin_stmt,
            Kw::START => Self::start_stmt,
            Kw::COMMIT => |p, span| p.commit_stmt(true, span),
            Kw::END => |p, span| p.commit_stmt(false, span),
            Kw::ROLLBACK => |p, span| p.rollback_stmt(false, span),
            Kw::ABORT => |p, span| p.rollback_stmt(true, span),
            Kw::SAVEPOINT => Self::savepoint_stmt,
            Kw::RELEASE => Self::release_stmt,
            Kw::SET => Self::set_stmt,
            Kw::RESET => Self::reset_stmt,
            Kw::SHOW => Self::show_stmt,
            Kw::EXPLAIN => Self::explain_stmt,
            Kw::COPY => Self::copy_stmt,
            Kw::PREPARE => Self::prepare_stmt,
            Kw::EXECUTE => Self::execute_stmt,
            Kw::DEALLOCATE => Self::deallocate_stmt,
            Kw::DECLARE => Self::declare_stmt,
            Kw::CLOSE => Self::close_stmt,
            Kw::FETCH => |p, span| p.fetch_stmt(false, span),
            Kw::MOVE => |p, span| p.fetch_stmt(true, span),
            Kw::COMMENT => Self::comment_stmt,
            Kw::SECURITY => Self::security_label_stmt,
            Kw::GRANT => Self::grant_stmt,
            Kw::REVOKE => Self::revoke_stmt,
            Kw::REASSIGN => Self::reassign_stmt,
            Kw::LOCK => Self::lock_stmt,
            Kw::LISTEN => |p, span| Stmt::Listen(Box::new(ListenStmt { conditionname: p.col_id(), span })),
            Kw::UNLISTEN => Self::unlisten_stmt,
            Kw::NOTIFY => Self::notify_stmt,
            Kw::DISCARD => |p, _| p.discard_stmt(),
            Kw::LOAD => |p, span| Stmt::Load(Box::new(LoadStmt { filename: p.string(), span })),
            Kw::CHECKPOINT => |_, _| Stmt::CheckPoint,
            Kw::DO => Self::do_stmt,
            Kw::CALL => |p, span| {
                let at = p.span();
                let name = p.func_name();
                let funccall = *p.func_application(name, at);
                Stmt::Call(Box::new(CallStmt { funccall, span }))
            },
            Kw::VACUUM => |p, span| p.vacuum_stmt(true, span),
            Kw::ANALYZE | Kw::ANALYSE => |p, span| p.vacuum_stmt(false, span),
            Kw::CLUSTER => Self::cluster_stmt,
            Kw::REINDEX => Self::reindex_stmt,
            Kw::REFRESH => Self::refresh_stmt,
            Kw::IMPORT => Self::import_foreign_schema,
            _ => return self.unexpected(),
        };
        self.skip();
        parse(self, span)
    }
}
