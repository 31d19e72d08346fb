//! Expressions: operators by precedence climbing, and what they stand between.
//!
//! The levels are those of the manual's "Operator Precedence", finer by one or two. Levels from IS to LIKE are
//! non-associative: `a < b < c` is a syntax error at the second `<`. PostgreSQL's grammar has three kinds of expression,
//! and so has this file: `a_expr` (anything), `b_expr` (no AND, OR, IN, LIKE, BETWEEN, IS NULL: where an AND or IN of the
//! surroundings follows) and `c_expr` (a single operand, in a file of its own).

use std::rc::Rc;

use super::Parser;
use super::c_expr::Paren;
use super::names::{is_bare_label, is_col_id};
use crate::ast::*;
use crate::keywords::Kw;
use crate::lexer::{T, Token};
use tusklet_error::SqlState;

type Level = u8;
const LOWEST: Level = 0;
const OR: Level = 1;
const AND: Level = 2;
const NOT: Level = 3;
const IS: Level = 4;
const COMPARE: Level = 5;
const LIKE: Level = 6;
const OP: Level = 7;
const ADD: Level = 8;
const MULTIPLY: Level = 9;
const POWER: Level = 10;
const AT: Level = 11;
const COLLATE: Level = 12;
const MINUS: Level = 13;
const CAST: Level = 14;

/// Which operators belong to the expression.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All: `a_expr`.
    A,
    /// `b_expr`.
    B,
    /// `a_expr` of a target list: an operator's word may be a label, `SELECT a is FROM t`.
    Label,
}

pub(super) fn operator(name: &str) -> OperatorName {
    OperatorName { qualifiers: Vec::new(), name: name.to_owned() }
}

pub(super) fn not(arg: Expr, span: Span) -> Expr {
    Expr::Bool(BoolExpr { op: BoolOp::Not, args: vec![arg], span })
}

pub(super) fn sublink(kind: SubLinkType, subselect: SelectStmt, span: Span) -> Expr {
    Expr::SubLink(Box::new(SubLink { kind, subselect: Rc::new(subselect), span }))
}

/// Tokens that can follow a label in a target list and cannot start an operand.
fn follows_label(token: &Token) -> bool {
    matches!(token.t, T::Comma | T::Eof | T::Semicolon | T::RParen)
        || matches!(
            token.kw,
            Kw::FROM
                | Kw::INTO
                | Kw::WHERE
                | Kw::GROUP
                | Kw::HAVING
                | Kw::WINDOW
                | Kw::UNION
                | Kw::INTERSECT
                | Kw::EXCEPT
                | Kw::ORDER
                | Kw::LIMIT
                | Kw::OFFSET
                | Kw::FETCH
                | Kw::FOR
                | Kw::ON
                | Kw::WITH
        )
}

impl Parser<'_> {
    /// `a_expr`.
    pub(super) fn expr(&mut self) -> Expr {
        // What long lists hold: a literal that nothing can bind to.
        if matches!(self.cur.t, T::Integer | T::Float | T::String) && matches!(self.peek(1).t, T::Comma | T::RParen) {
            return self.c_expr();
        }
        self.operand(LOWEST, Mode::A)
    }

    /// `b_expr`.
    pub(super) fn b_expr(&mut self) -> Expr {
        self.operand(LOWEST, Mode::B)
    }

    /// `a_expr` that a label without AS may follow.
    pub(super) fn label_expr(&mut self) -> Expr {
        self.operand(LOWEST, Mode::Label)
    }

    /// Goes on after a first operand that was parsed already.
    pub(super) fn expr_after(&mut self, left: Expr) -> Expr {
        self.climb(left, LOWEST, Mode::A)
    }

    /// `expr_list`.
    pub(super) fn expr_list(&mut self) -> Vec<Expr> {
        self.list(Self::expr)
    }

    /// An operand and all operators that bind tighter than `rule`.
    fn operand(&mut self, rule: Level, mode: Mode) -> Expr {
        self.nested(|p| {
            let left = p.prefix(mode);
            p.climb(left, rule, mode)
        })
    }

    fn prefix(&mut self, mode: Mode) -> Expr {
        let span = self.span();
        let inner = if mode == Mode::B { Mode::B } else { Mode::A };
        match self.cur.t {
            T::Minus => {
                self.skip();
                let arg = self.operand(MINUS, inner);
                return negate(arg, span);
            }
            T::Plus => {
                self.skip();
                let arg = self.operand(MINUS, inner);
                return op_expr(operator("+"), None, arg, span);
            }
            T::Op => {
                let name = self.qual_op();
                let arg = self.operand(OP, inner);
                return op_expr(name, None, arg, span);
            }
            T::Keyword => match self.cur.kw {
                Kw::OPERATOR if self.peek(1).t == T::LParen => {
                    let name = self.qual_op();
                    let arg = self.operand(OP, inner);
                    return op_expr(name, None, arg, span);
                }
                Kw::NOT if mode != Mode::B => {
                    self.skip();
                    let arg = self.operand(NOT, inner);
                    return not(arg, span);
                }
                Kw::DEFAULT if mode != Mode::B => {
                    self.skip();
                    return Expr::SetToDefault(SetToDefault { span });
                }
                Kw::UNIQUE if mode != Mode::B => return self.unique_predicate(),
                _ => {}
            },
            _ => {}
        }
        let left = self.c_expr();
        if mode != Mode::B && self.is_kw(Kw::OVERLAPS) && matches!(left, Expr::Row(_)) {
            return self.overlaps(left, span);
        }
        left
    }

    /// The level at which the current token would go on after an operand; `LOWEST` if it cannot.
    fn infix_level(&self, mode: Mode) -> Level {
        match self.cur.t {
            T::Eq | T::Lt | T::Gt | T::LtEq | T::GtEq | T::NotEq => COMPARE,
            T::Op => OP,
            T::Plus | T::Minus => ADD,
            T::Star | T::Slash | T::Percent => MULTIPLY,
            T::Caret => POWER,
            T::TypeCast => CAST,
            T::Keyword => match self.cur.kw {
                Kw::IS => IS,
                Kw::OPERATOR if self.peek(1).t == T::LParen => OP,
                _ if mode == Mode::B => LOWEST,
                Kw::AND => AND,
                Kw::OR => OR,
                Kw::ISNULL | Kw::NOTNULL => IS,
                // `substring(a SIMILAR b ESCAPE c)`.
                Kw::SIMILAR if self.in_substring && self.peek(1).kw != Kw::TO => LOWEST,
                Kw::BETWEEN | Kw::IN | Kw::LIKE | Kw::ILIKE | Kw::SIMILAR => LIKE,
                Kw::NOT if matches!(self.peek(1).kw, Kw::BETWEEN | Kw::IN | Kw::LIKE | Kw::ILIKE | Kw::SIMILAR) => LIKE,
                Kw::AT => AT,
                Kw::COLLATE => COLLATE,
                _ => LOWEST,
            },
            _ => LOWEST,
        }
    }

    fn climb(&mut self, mut left: Expr, rule: Level, mode: Mode) -> Expr {
        loop {
            let level = self.infix_level(mode);
            if level <= rule {
                // The same level again: a left-associative chain goes on one call further out.
                if level == rule && matches!(level, IS | COMPARE | LIKE) {
                    return self.unexpected();
                }
                return left;
            }
            if mode == Mode::Label && self.is(T::Keyword) && is_bare_label(&self.cur) && follows_label(&self.peek(1)) {
                return left;
            }
            let inner = if mode == Mode::B { Mode::B } else { Mode::A };
            left = match level {
                OR | AND => self.and_or(left, level),
                IS => self.is_test(left, inner),
                LIKE => self.like(left),
                AT => self.at_time_zone(left),
                COLLATE => {
                    let span = self.span();
                    self.skip();
                    let collname = self.any_name();
                    Expr::Collate(Box::new(CollateClause { arg: Some(left), collname, span }))
                }
                CAST => {
                    let span = self.span();
                    self.skip();
                    let type_name = self.typename();
                    Expr::TypeCast(Box::new(TypeCast { arg: left, type_name, span }))
                }
                _ => self.binary(left, level, inner),
            };
            self.grow();
        }
    }

    /// A plain operator, or one over ANY, SOME or ALL of a subquery or array.
    fn binary(&mut self, left: Expr, level: Level, inner: Mode) -> Expr {
        let span = self.span();
        let name = self.qual_op();
        if inner == Mode::A && matches!(self.cur.kw, Kw::ANY | Kw::SOME | Kw::ALL) {
            return self.quantified(left, name, span);
        }
        let right = self.operand(level, inner);
        op_expr(name, Some(left), right, span)
    }

    /// The rest of `x op ANY (…)`.
    fn quantified(&mut self, left: Expr, name: OperatorName, span: Span) -> Expr {
        let all = self.cur.kw == Kw::ALL;
        self.skip();
        if !self.is(T::LParen) {
            return self.unexpected();
        }
        match self.paren(false) {
            Paren::Select(query) => {
                let kind = if all {
                    SubLinkType::All { testexpr: left, oper_name: name }
                } else {
                    SubLinkType::Any { testexpr: left, oper_name: Some(name) }
                };
                sublink(kind, query, span)
            }
            Paren::Expr(rexpr) => {
                let kind = if all { AExprKind::OpAll } else { AExprKind::OpAny };
                Expr::AExpr(Box::new(AExpr { kind, name, lexpr: Some(left), rexpr, span }))
            }
            Paren::Row(_) => self.unexpected(),
        }
    }

    /// Any operator, `OPERATOR(…)` included.
    pub(super) fn qual_op(&mut self) -> OperatorName {
        if !self.is_kw(Kw::OPERATOR) {
            return OperatorName { qualifiers: Vec::new(), name: self.all_op() };
        }
        self.skip();
        self.expect(T::LParen);
        let name = self.any_operator();
        self.expect(T::RParen);
        name
    }

    /// `schema.+`.
    pub(super) fn any_operator(&mut self) -> OperatorName {
        let mut qualifiers = Vec::new();
        while is_col_id(&self.cur) {
            qualifiers.push(self.col_id());
            self.expect(T::Dot);
        }
        OperatorName { qualifiers, name: self.all_op() }
    }

    pub(super) fn is_all_op(&self) -> bool {
        matches!(
            self.cur.t,
            T::Op
                | T::Plus
                | T::Minus
                | T::Star
                | T::Slash
                | T::Percent
                | T::Caret
                | T::Lt
                | T::Gt
                | T::Eq
                | T::LtEq
                | T::GtEq
                | T::NotEq
        )
    }

    fn all_op(&mut self) -> String {
        if !self.is_all_op() {
            return self.unexpected();
        }
        let token = self.bump();
        // `!=` is another spelling of `<>`.
        if token.t == T::NotEq { "<>".to_owned() } else { self.text(&token).to_owned() }
    }

    fn and_or(&mut self, left: Expr, level: Level) -> Expr {
        let op = if level == AND { BoolOp::And } else { BoolOp::Or };
        let span = self.span();
        self.skip();
        let right = self.operand(level, Mode::A);
        match left {
            Expr::Bool(mut chain) if chain.op == op => {
                chain.args.push(right);
                // A longer list, not a higher tree.
                self.height = self.height.saturating_sub(1);
                Expr::Bool(chain)
            }
            left => Expr::Bool(BoolExpr { op, args: vec![left, right], span }),
        }
    }

    fn is_test(&mut self, arg: Expr, inner: Mode) -> Expr {
        let word = self.bump();
        let span = word.span();
        let null = |arg, not| Expr::NullTest(Box::new(NullTest { arg, not, span }));
        match word.kw {
            Kw::ISNULL => return null(arg, false),
            Kw::NOTNULL => return null(arg, true),
            _ => {}
        }
        let negated = self.eat_kw(Kw::NOT);
        let next = self.cur.kw;
        match next {
            Kw::DISTINCT => {
                self.skip();
                self.expect_kw(Kw::FROM);
                let rexpr = self.operand(IS, inner);
                let kind = if negated { AExprKind::NotDistinct } else { AExprKind::Distinct };
                return Expr::AExpr(Box::new(AExpr { kind, name: operator("="), lexpr: Some(arg), rexpr, span }));
            }
            Kw::DOCUMENT => {
                self.skip();
                let test = Expr::Xml(Box::new(XmlExpr {
                    op: XmlExprOp::Document,
                    name: None,
                    named_args: Vec::new(),
                    args: vec![arg],
                    document: false,
                    span,
                }));
                return if negated { not(test, span) } else { test };
            }
            _ if inner == Mode::B => return self.unexpected(),
            Kw::NULL => {
                self.skip();
                return null(arg, negated);
            }
            Kw::NORMALIZED | Kw::NFC | Kw::NFD | Kw::NFKC | Kw::NFKD => {
                let mut args = vec![arg];
                args.extend(self.unicode_normal_form());
                self.expect_kw(Kw::NORMALIZED);
                let test = self.system_call("is_normalized", args, CoercionForm::SqlSyntax, span);
                return if negated { not(test, span) } else { test };
            }
            _ => {}
        }
        let kind = match (next, negated) {
            (Kw::TRUE, false) => BoolTestType::IsTrue,
            (Kw::TRUE, true) => BoolTestType::IsNotTrue,
            (Kw::FALSE, false) => BoolTestType::IsFalse,
            (Kw::FALSE, true) => BoolTestType::IsNotFalse,
            (Kw::UNKNOWN, false) => BoolTestType::IsUnknown,
            (Kw::UNKNOWN, true) => BoolTestType::IsNotUnknown,
            _ => return self.unexpected(),
        };
        self.skip();
        Expr::BooleanTest(Box::new(BooleanTest { arg, kind, span }))
    }

    /// `NFC`, …, as the string constant it is passed as.
    pub(super) fn unicode_normal_form(&mut self) -> Option<Expr> {
        let form = match self.cur.kw {
            Kw::NFC => "NFC",
            Kw::NFD => "NFD",
            Kw::NFKC => "NFKC",
            Kw::NFKD => "NFKD",
            _ => return None,
        };
        let span = self.span();
        self.skip();
        Some(string_const(form.to_owned(), span))
    }

    /// `[NOT] LIKE`, `ILIKE`, `SIMILAR TO`, `BETWEEN`, `IN`.
    fn like(&mut self, left: Expr) -> Expr {
        let span = self.span();
        let negated = self.eat_kw(Kw::NOT);
        let word = self.cur.kw;
        self.skip();
        let (kind, name) = match (word, negated) {
            (Kw::LIKE, false) => (AExprKind::Like, "~~"),
            (Kw::LIKE, true) => (AExprKind::Like, "!~~"),
            (Kw::ILIKE, false) => (AExprKind::ILike, "~~*"),
            (Kw::ILIKE, true) => (AExprKind::ILike, "!~~*"),
            (Kw::SIMILAR, false) => (AExprKind::Similar, "~"),
            (Kw::SIMILAR, true) => (AExprKind::Similar, "!~"),
            (Kw::BETWEEN, _) => return self.between(left, negated, span),
            _ => return self.in_list(left, negated, span),
        };
        if kind == AExprKind::Similar {
            self.expect_kw(Kw::TO);
        } else if matches!(self.cur.kw, Kw::ANY | Kw::SOME | Kw::ALL) {
            return self.quantified(left, operator(name), span);
        }
        let mut rexpr = self.operand(LIKE, Mode::A);
        if kind == AExprKind::Similar {
            let mut args = vec![rexpr];
            if self.eat_kw(Kw::ESCAPE) {
                args.push(self.operand(LIKE, Mode::A));
            }
            rexpr = self.system_call("similar_to_escape", args, CoercionForm::ExplicitCall, span);
        } else if self.eat_kw(Kw::ESCAPE) {
            let escape = self.operand(LIKE, Mode::A);
            rexpr = self.system_call("like_escape", vec![rexpr, escape], CoercionForm::ExplicitCall, span);
        }
        Expr::AExpr(Box::new(AExpr { kind, name: operator(name), lexpr: Some(left), rexpr, span }))
    }

    fn between(&mut self, expr: Expr, not: bool, span: Span) -> Expr {
        let symmetric = self.eat_kw(Kw::SYMMETRIC);
        if !symmetric {
            self.eat_kw(Kw::ASYMMETRIC);
        }
        let low = self.b_expr();
        self.expect_kw(Kw::AND);
        let high = self.operand(LIKE, Mode::A);
        Expr::Between(Box::new(BetweenExpr { not, symmetric, expr, low, high, span }))
    }

    fn in_list(&mut self, expr: Expr, negated: bool, span: Span) -> Expr {
        if !self.is(T::LParen) {
            return self.unexpected();
        }
        let list = match self.paren(true) {
            Paren::Select(query) => {
                let test = sublink(SubLinkType::Any { testexpr: expr, oper_name: None }, query, span);
                return if negated { not(test, span) } else { test };
            }
            Paren::Expr(one) => vec![one],
            Paren::Row(row) => row.args,
        };
        Expr::In(Box::new(InExpr { not: negated, expr, list, span }))
    }

    fn at_time_zone(&mut self, left: Expr) -> Expr {
        let span = self.span();
        self.skip();
        self.expect_kw(Kw::TIME);
        self.expect_kw(Kw::ZONE);
        let zone = self.operand(AT, Mode::A);
        self.system_call("timezone", vec![zone, left], CoercionForm::SqlSyntax, span)
    }

    /// `(a, b) OVERLAPS (c, d)`.
    pub(super) fn overlaps(&mut self, left: Expr, left_span: Span) -> Expr {
        let span = self.span();
        self.skip();
        let right_span = self.span();
        let right = match self.cur.t {
            T::LParen => match self.paren(true) {
                Paren::Row(row) => row.args,
                _ => return self.unexpected(),
            },
            _ if self.is_kw(Kw::ROW) && self.peek(1).t == T::LParen => match self.c_expr() {
                Expr::Row(row) => row.args,
                _ => return self.unexpected(),
            },
            _ => return self.unexpected(),
        };
        let mut args = match left {
            Expr::Row(row) => row.args,
            other => vec![other],
        };
        for (n, side, span) in [(args.len(), "left", left_span), (right.len(), "right", right_span)] {
            if n != 2 {
                let message = format!("wrong number of parameters on {side} side of OVERLAPS expression");
                return self.fail(SqlState::SYNTAX_ERROR, message, span);
            }
        }
        args.extend(right);
        self.system_call("overlaps", args, CoercionForm::SqlSyntax, span)
    }

    fn unique_predicate(&mut self) -> Expr {
        let span = self.span();
        self.skip();
        self.opt_unique_null_treatment();
        self.select_with_parens();
        self.fail(SqlState::FEATURE_NOT_SUPPORTED, "UNIQUE predicate is not yet implemented", span)
    }

    /// `NULLS [NOT] DISTINCT`; true for NOT DISTINCT.
    pub(super) fn opt_unique_null_treatment(&mut self) -> bool {
        if !self.eat_kw(Kw::NULLS) {
            return false;
        }
        let not = self.eat_kw(Kw::NOT);
        self.expect_kw(Kw::DISTINCT);
        not
    }

    /// A call of one of PostgreSQL's own functions that a piece of SQL syntax stands for.
    pub(super) fn system_call(&self, name: &str, args: Vec<Expr>, funcformat: CoercionForm, span: Span) -> Expr {
        let funcname = vec!["pg_catalog".to_owned(), name.to_owned()];
        let args = args.into_iter().map(|expr| FuncArg { name: None, expr, span: Span::NONE }).collect();
        func_call(funcname, args, funcformat, span)
    }
}

/// A call without any clause.
pub(super) fn func_call(funcname: QualifiedName, args: Vec<FuncArg>, funcformat: CoercionForm, span: Span) -> Expr {
    Expr::FuncCall(Box::new(FuncCall {
        funcname,
        args,
        agg_order: Vec::new(),
        agg_filter: None,
        over: None,
        agg_within_group: false,
        agg_star: false,
        agg_distinct: false,
        func_variadic: false,
        funcformat,
        span,
    }))
}

pub(super) fn string_const(value: String, span: Span) -> Expr {
    Expr::Const(AConst { value: Const::String(value), span })
}

/// A type by name alone.
pub(super) fn plain_type(names: QualifiedName, span: Span) -> TypeName {
    TypeName { names, setof: false, pct_type: false, typmods: Rc::new([]), array_bounds: Vec::new(), span }
}

fn op_expr(name: OperatorName, lexpr: Option<Expr>, rexpr: Expr, span: Span) -> Expr {
    Expr::AExpr(Box::new(AExpr { kind: AExprKind::Op, name, lexpr, rexpr, span }))
}

/// A minus sign before a number makes a negative number, before anything else an operator: PostgreSQL's `doNegate`.
pub(super) fn negate(arg: Expr, span: Span) -> Expr {
    let value = match arg {
        Expr::Const(AConst { value: Const::Integer(n), span: _ }) => match n.checked_neg() {
            Some(n) => Const::Integer(n),
            None => Const::Float("2147483648".to_owned()),
        },
        Expr::Const(AConst { value: Const::Float(digits), span: _ }) => Const::Float(match digits.strip_prefix('-') {
            Some(positive) => positive.to_owned(),
            None => format!("-{digits}"),
        }),
        arg => return op_expr(operator("-"), None, arg, span),
    };
    Expr::Const(AConst { value, span })
}

pub(super) fn null_const(span: Span) -> Expr {
    Expr::Const(AConst { value: Const::Null, span })
}

/// The 1 that `FETCH FIRST ROW ONLY` means.
pub(super) fn int_one() -> Expr {
    Expr::Const(AConst { value: Const::Integer(1), span: Span::NONE })
}
