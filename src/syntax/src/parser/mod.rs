//! The grammar: recursive descent, one token of lookahead wherever PostgreSQL's grammar needs one.
//!
//! PostgreSQL's LALR parser complains at the first token that cannot continue any statement. To complain at the same one,
//! nothing here goes back: a function consumes a token only when every statement that starts like the text so far agrees
//! on it, and calls [`Parser::unexpected`] at the token that fits nowhere. Where two rules share a beginning (a
//! parenthesis in an expression may open a query or a row) the function parses what they share and decides after it.
//!
//! What is wrong is kept in the parser ([`Parser::reject`]), not returned: the first complaint stands, and the cursor goes to the end of the
//! text, where nothing fits any more. So functions need not look whether those they called came to something, they only must not
//! wait for a token that will never come; what they make of nothing (`Default`) is thrown away with the rest.
//!
//! Recursion is bounded twice. `depth` counts nested calls and protects the parser's own stack; `height` is the height of
//! the tree being built, which left-deep chains (`a + b + c …`) raise without recursion, and protects everyone who walks
//! the tree later, the drop included. Either limit is 54001, as PostgreSQL's `max_stack_depth`.

mod alter;
mod alter_table;
mod c_expr;
mod copy;
mod create;
mod create_table;
mod define;
mod dml;
mod drop;
mod expr;
mod foreign;
mod from;
mod func_expr;
mod function;
mod names;
mod options;
mod role;
mod select;
mod session;
mod stmt;
mod trigger;
mod typename;

use crate::ast::{Expr, RawStmt, TypeName};
use crate::keywords::Kw;
use crate::lexer::{Lexed, T, Token, error_near, lex, lex_from};
use crate::shape::{Item, Known, Learned, PLACES, Script, Shapes};
use std::rc::Rc;

use crate::Strings;
use tusklet_error::{Error, Notice, Result, Span, SqlState};

/// Nested calls of `expr`, `select` and the like. A level costs up to 2 KB of stack in an optimised build.
const MAX_DEPTH: u32 = 200;
/// Height of a tree.
const MAX_HEIGHT: u32 = 1000;

/// A text being parsed.
pub(crate) struct Parser<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    lex_error: Option<Error>,
    /// The first complaint, and where the cursor was.
    error: Option<(Error, u32)>,
    pos: usize,
    /// The token at `pos`.
    cur: Token,
    depth: u32,
    /// Greatest height of the trees built since the enclosing `nested` began.
    height: u32,
    /// An element of CREATE SCHEMA is being parsed.
    in_schema: bool,
    /// The first argument of SUBSTRING is being parsed.
    in_substring: bool,
}

impl<'a> Parser<'a> {
    pub fn new(sql: &'a str) -> Parser<'a> {
        Parser::over(sql, lex(sql))
    }

    /// All statements, strings read as told, and what their escapes are warned of as far as the text was read.
    pub fn warned(sql: &'a str, strings: Strings, warnings: &mut Vec<Notice>) -> Result<Vec<RawStmt>> {
        let mut lexed = lex_from(sql, 0, None, strings);
        *warnings = std::mem::take(&mut lexed.warnings);
        let mut parser = Parser::over(sql, lexed);
        let parsed = parser.all_statements();
        if let Err((_, at)) = &parsed {
            warnings.retain(|w| w.span.start <= *at);
        }
        parsed.map_err(|(error, _)| error)
    }

    fn over(sql: &'a str, Lexed { tokens, error, .. }: Lexed) -> Parser<'a> {
        let cur = tokens[0];
        Parser {
            sql,
            tokens,
            lex_error: error,
            error: None,
            pos: 0,
            cur,
            depth: 0,
            height: 0,
            in_schema: false,
            in_substring: false,
        }
    }

    /// All statements of the text, or what is wrong with it and where the parser was.
    fn all_statements(&mut self) -> Result<Vec<RawStmt>, (Error, u32)> {
        let mut all = Vec::new();
        while self.next_statement() {
            all.push(self.raw_stmt());
            self.end_statement();
        }
        self.error.take().map_or(Ok(all), Err)
    }

    /// All statements of the text.
    pub fn statements(&mut self) -> Result<Vec<RawStmt>> {
        self.all_statements().map_err(|(error, _)| error)
    }

    /// Whether a statement begins here, semicolons skipped.
    fn next_statement(&mut self) -> bool {
        while self.eat(T::Semicolon) {}
        self.error.is_none() && self.cur.t != T::Eof
    }

    fn end_statement(&mut self) {
        if self.cur.t != T::Eof && self.cur.t != T::Semicolon {
            self.complain();
        }
    }

    /// What was parsed, unless something was wrong.
    fn checked<X>(&mut self, x: X) -> Result<X> {
        match self.error.take() {
            Some((error, _)) => Err(error),
            None => Ok(x),
        }
    }

    /// All statements of the text; those of a known shape are only recognised.
    pub fn script(sql: &'a str, shapes: &mut Shapes) -> Result<Script> {
        let mut lexed = lex_from(sql, 0, Some(shapes), Strings::default());
        let mut known = std::mem::take(&mut lexed.known).into_iter();
        let mut literals = std::mem::take(&mut lexed.literals);
        let mut learned = std::mem::take(&mut lexed.learned).into_iter().peekable();
        // The statements that shapes were learned from, and their places.
        let mut teachers: Vec<(usize, Learned)> = Vec::new();
        let mut parser = Parser::over(sql, lexed);
        let mut items = Vec::with_capacity(known.len() + 1);
        while parser.next_statement() {
            if parser.cur.t == T::Known {
                let span = parser.bump().span();
                let Some((shape, first)) = known.next() else { return Err(parser.syntax_error()) };
                // What comes again is prepared for all of its literals the first time, too.
                if let Some(i) = teachers.iter().position(|(_, l)| Rc::ptr_eq(&l.shape, &shape)) {
                    let (item, l) = teachers.swap_remove(i);
                    items[item] = Item::Known(Known { shape: l.shape, span: l.span, first: literals.len() as u32 });
                    literals.extend(l.literals);
                }
                items.push(Item::Known(Known { shape, span, first }));
            } else {
                let start = parser.cur.start;
                while learned.next_if(|l| l.span.start < start).is_some() {}
                if let Some(l) = learned.next_if(|l| l.span.start == start) {
                    // More shapes than that are not remembered.
                    if teachers.len() == PLACES {
                        teachers.remove(0);
                    }
                    teachers.push((items.len(), l));
                }
                items.push(Item::Stmt(parser.raw_stmt()));
            }
            parser.end_statement();
        }
        parser.checked(Script { items, literals })
    }

    /// The statement that begins at `pos` and ends with the text.
    pub fn from(sql: &'a str, pos: usize) -> Parser<'a> {
        Parser::over(sql, lex_from(sql, pos, None, Strings::default()))
    }

    /// The text as exactly one statement.
    pub fn one_statement(&mut self) -> Result<RawStmt> {
        let stmt = self.raw_stmt();
        while self.eat(T::Semicolon) {}
        self.end(stmt)
    }

    pub fn whole_expr(&mut self) -> Result<Expr> {
        let e = self.expr();
        self.end(e)
    }

    pub fn whole_type_name(&mut self) -> Result<TypeName> {
        if self.is_kw(Kw::SETOF) {
            self.complain();
        }
        let t = self.typename();
        self.end(t)
    }

    fn end<X>(&mut self, x: X) -> Result<X> {
        if !self.is(T::Eof) {
            self.complain();
        }
        self.checked(x)
    }

    /// One statement with the text it covers.
    fn raw_stmt(&mut self) -> RawStmt {
        let start = self.cur.start;
        let stmt = self.stmt();
        RawStmt { stmt, span: Span { start, end: self.prev_end().max(start) } }
    }

    // The cursor. Its functions are called from everywhere: kept out of line they cost a point query 0.06 µs and save a
    // tenth of the crate's compressed size.

    #[inline(never)]
    fn skip(&mut self) {
        if self.pos + 1 < self.tokens.len() {
            self.pos += 1;
            self.cur = self.tokens[self.pos];
        }
    }

    #[inline(never)]
    fn bump(&mut self) -> Token {
        let token = self.cur;
        self.skip();
        token
    }

    /// The token `n` after the current one.
    #[inline(never)]
    fn peek(&self, n: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.pos + n).min(last)]
    }

    /// End of the token before the current one.
    fn prev_end(&self) -> u32 {
        self.pos.checked_sub(1).map_or(0, |p| self.tokens[p].end)
    }

    fn span(&self) -> Span {
        self.cur.span()
    }

    fn text(&self, token: &Token) -> &'a str {
        &self.sql[token.start as usize..token.end as usize]
    }

    fn is(&self, t: T) -> bool {
        self.cur.t == t
    }

    #[inline(never)]
    fn eat(&mut self, t: T) -> bool {
        let yes = self.cur.t == t;
        if yes {
            self.skip();
        }
        yes
    }

    #[inline(never)]
    fn expect(&mut self, t: T) {
        if !self.eat(t) {
            self.complain();
        }
    }

    fn is_kw(&self, kw: Kw) -> bool {
        self.cur.kw == kw
    }

    #[inline(never)]
    fn eat_kw(&mut self, kw: Kw) -> bool {
        let yes = self.cur.kw == kw;
        if yes {
            self.skip();
        }
        yes
    }

    /// Both words, or neither. Only where the second is certain to follow the first.
    #[inline(never)]
    fn eat_kws(&mut self, first: Kw, second: Kw) -> bool {
        let yes = self.eat_kw(first);
        if yes {
            self.expect_kw(second);
        }
        yes
    }

    #[inline(never)]
    fn expect_kw(&mut self, kw: Kw) {
        if !self.eat_kw(kw) {
            self.complain();
        }
    }

    /// Whether the next two words are these.
    fn at_kws(&self, first: Kw, second: Kw) -> bool {
        self.cur.kw == first && self.peek(1).kw == second
    }

    // Errors.

    /// The current token fits nowhere.
    fn unexpected<X: Default>(&mut self) -> X {
        self.complain();
        X::default()
    }

    #[cold]
    #[inline(never)]
    fn complain(&mut self) {
        if self.error.is_none() {
            let error = self.syntax_error();
            self.note(error);
        }
    }

    /// Something is wrong with the text.
    fn reject<X: Default>(&mut self, error: Error) -> X {
        self.note(error);
        X::default()
    }

    #[cold]
    #[inline(never)]
    fn note(&mut self, error: Error) {
        self.error.get_or_insert((error, self.cur.start));
        // The last token is the end or the error of the lexer: no rule takes either.
        self.pos = self.tokens.len() - 1;
        self.cur = self.tokens[self.pos];
    }

    /// The value, if it is right.
    fn sound<X: Default>(&mut self, x: Result<X>) -> X {
        x.unwrap_or_else(|error| self.reject(error))
    }

    #[cold]
    #[inline(never)]
    fn syntax_error(&mut self) -> Error {
        if self.cur.t == T::Error
            && let Some(error) = self.lex_error.take()
        {
            return error;
        }
        self.near("syntax error")
    }

    /// `message at or near` the current token, as `parser_yyerror`.
    #[cold]
    fn near(&self, message: &str) -> Error {
        error_near(self.sql, message, self.cur.span())
    }

    /// A complaint of the grammar's own, with a position.
    fn fail<X: Default>(&mut self, code: SqlState, message: impl Into<String>, span: Span) -> X {
        self.fail_with(code, message.into(), span);
        X::default()
    }

    #[cold]
    #[inline(never)]
    fn fail_with(&mut self, code: SqlState, message: String, span: Span) {
        self.note(Error::new(code, message).at(span));
    }

    // Depth.

    /// Runs `f` one level deeper.
    fn nested<X: Default>(&mut self, f: impl FnOnce(&mut Self) -> X) -> X {
        if self.depth >= MAX_DEPTH {
            return self.reject(too_deep());
        }
        self.depth += 1;
        let outer = std::mem::take(&mut self.height);
        let result = f(self);
        self.depth -= 1;
        self.height = outer.max(self.height + 1);
        result
    }

    /// A node was put on top of what was built since the enclosing `nested` began.
    fn grow(&mut self) {
        self.height += 1;
        if self.height + self.depth > MAX_HEIGHT {
            self.note(too_deep());
        }
    }

    // Lists.

    /// `item, item, …`.
    fn list<X>(&mut self, mut item: impl FnMut(&mut Self) -> X) -> Vec<X> {
        let mut all = vec![item(self)];
        while self.eat(T::Comma) {
            all.push(item(self));
        }
        all
    }

    /// `(item, …)`.
    fn parens<X>(&mut self, item: impl FnMut(&mut Self) -> X) -> Vec<X> {
        self.expect(T::LParen);
        let all = self.list(item);
        self.expect(T::RParen);
        all
    }

    /// `(expr)`.
    fn paren_expr(&mut self) -> Expr {
        self.expect(T::LParen);
        let e = self.expr();
        self.expect(T::RParen);
        e
    }

    /// `(item, …)` if a parenthesis stands here.
    fn opt_parens<X>(&mut self, item: impl FnMut(&mut Self) -> X) -> Vec<X> {
        if self.is(T::LParen) { self.parens(item) } else { Vec::new() }
    }
}

/// PostgreSQL's `check_stack_depth`.
#[cold]
fn too_deep() -> Error {
    Error::new(SqlState::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(
        "Increase the configuration parameter \"max_stack_depth\" (currently 2048kB), after ensuring the platform's stack \
         depth limit is adequate.",
    )
}
