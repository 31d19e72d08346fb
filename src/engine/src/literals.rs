//! Statements of a known shape (`tusklet_syntax::Shape`): prepared once with their literals as parameters, then run with
//! the literals' values.
//!
//! Where anything is amiss (the statement cannot be prepared, a literal does not suit its type) the statement goes the
//! ordinary way, because then the error has a position.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_catalog::live::RelKind;
use tusklet_exec::{ExecCx, Given, Program, StraightWrite, Straightly};
use tusklet_ir::{CommandType, Oid, Value};
use tusklet_syntax::ast::Stmt;
use tusklet_syntax::{Item, Known, LiteralKind, Shape};
use tusklet_vector::{CallContext, Datum, TypeRef};

use tusklet_error::{Result, Span};

use crate::output::{Output, Tag};
use crate::portal::Portal;
use crate::query::Prepared;
use crate::session::{Session, Shared};
use crate::work::{Simple, Status};

const INT4: Oid = 23;
const INT8: Oid = 20;
const TEXT: Oid = 25;
const VARCHAR: Oid = 1043;
const NUMERIC: Oid = 1700;

/// What is kept with a shape.
struct Template {
    user: Oid,
    /// By class of the values (`Prepared::class`).
    plans: RefCell<Vec<(i32, Rc<Prepared>)>>,
    /// Its plans have no straight write, as far as was seen.
    ordinary: Cell<bool>,
}

impl Template {
    fn of(shape: &Shape) -> Option<Rc<Template>> {
        shape.kept.borrow().as_ref().and_then(|k| k.clone().downcast().ok())
    }
}

/// Straight writes before others have their turn.
const TURN: usize = 1024;

/// … and before what holds for a run of them is looked at again.
const LOOK_AGAIN: usize = 64;

/// Literals the stack has room for.
const FEW: usize = 8;

/// Plans kept for a shape.
const PLANS: usize = 48;

/// A statement's literals.
#[derive(Clone, Copy)]
struct Literals<'s> {
    sql: &'s str,
    spans: &'s [Span],
    kinds: &'s [LiteralKind],
}

impl Literals<'_> {
    /// As values of these types; `None` when one does not suit its type.
    fn values(&self, s: &Shared, types: &[Oid]) -> Option<Vec<Value>> {
        let mut cx = None;
        let mut values = Vec::with_capacity(types.len());
        for (i, ty) in types.iter().enumerate() {
            let (span, kind) = (*self.spans.get(i)?, *self.kinds.get(i)?);
            values.push(match plain(self.sql, span, kind, *ty) {
                Some(d) => d.to_value(),
                None => {
                    let cx = match &mut cx {
                        Some(cx) => cx,
                        none => none.insert(s.exec_cx(s.snapshot().ok()?).ok()?),
                    };
                    value(cx, self.sql, span, *ty)?
                }
            });
        }
        Some(values)
    }

    /// The same, with what is computed of them beforehand.
    fn all_values(&self, s: &Shared, p: &Prepared) -> Option<Vec<Value>> {
        let mut values = self.values(s, &p.param_types)?;
        if !p.bound.is_empty() {
            let n = values.len();
            let mut cx = s.exec_cx(s.snapshot().ok()?).ok()?;
            for e in &p.bound {
                let v = e.eval(&mut cx, &values[..n]).ok()?;
                values.push(v);
            }
        }
        Some(values)
    }
}

/// The prepared statement of a shape, its plan right for these literals, and the literals' values if they were asked for. A
/// transaction must be running, the catalog up to date.
fn prepared_for(s: &Shared, shape: &Shape, literals: Literals<'_>) -> Option<(Rc<Prepared>, Option<Vec<Value>>)> {
    let mut template = None;
    if let Some(t) = Template::of(shape).filter(|t| t.user == s.user()) {
        let mut plans = t.plans.borrow_mut();
        // The plans of a shape grow old together, but for tables that grew between their making.
        if plans.first().is_some_and(|(_, p)| !p.is_current(s)) {
            plans.clear();
        }
        if let Some((_, first)) = plans.first() {
            if !first.has_classes() {
                return Some((first.clone(), None));
            }
            // Estimates are numbers' and times', whose literals are read without asking anybody but a type.
            let values = literals.all_values(s, first)?;
            let class = first.class(|i| values.get(i).cloned());
            if let Some(i) = plans.iter().position(|(c, _)| *c == class) {
                if plans[i].1.is_current(s) {
                    return Some((plans[i].1.clone(), Some(values)));
                }
                plans.remove(i);
            }
        }
        drop(plans);
        template = Some(t);
    }
    let raw = tusklet_syntax::parse_one(&shape.text).ok()?;
    let change = !matches!(raw.stmt, Stmt::Insert(_));
    let types = shape.kinds.iter().map(|k| match k {
        LiteralKind::Text => 0,
        LiteralKind::Int4 => INT4,
        LiteralKind::Int8 => INT8,
        LiteralKind::Numeric => NUMERIC,
    });
    let sql = Rc::from(shape.text.as_str());
    let values = |types: &[Oid]| literals.values(s, types);
    let prepared = Rc::new(Prepared::for_values(s, sql, Rc::new(raw.stmt), types.collect(), &values).ok()??);
    // A default such as nextval must not be drawn before a literal is found to be too long: as constants they are read first.
    if prepared.computes_volatile(s) || change && !serves(s, &prepared) {
        shape.refuse();
        return None;
    }
    let values = literals.all_values(s, &prepared)?;
    let class = prepared.class(|i| values.get(i).cloned());
    let template = template.unwrap_or_else(|| {
        let t = Rc::new(Template { user: s.user(), plans: RefCell::default(), ordinary: Cell::new(false) });
        *shape.kept.borrow_mut() = Some(t.clone());
        t
    });
    let mut plans = template.plans.borrow_mut();
    if plans.len() >= PLANS {
        plans.clear();
    }
    template.ordinary.set(false);
    plans.push((class, prepared.clone()));
    Some((prepared, Some(values)))
}

/// Whether a plan with parameters can be what a plan with constants would be: one plain table, whose indexes are on plain
/// columns of all its rows. Expressions and predicates of indexes are compared with the query's, constants and all.
fn serves(s: &Shared, prepared: &Prepared) -> bool {
    let Ok(program) = prepared.program(s) else { return false };
    let [used] = &program.stmt.relations[..] else { return false };
    let catalog = s.catalog.borrow();
    let Some(rel) = catalog.user_relation(used.rel) else { return false };
    let plain = |oid: &Oid| {
        let index = catalog.user_relation(*oid).and_then(|r| r.index.as_ref());
        index.is_some_and(|ix| ix.predicate.is_none() && ix.columns.iter().all(|c| c.attno > 0))
    };
    rel.kind == RelKind::Table && rel.children.is_empty() && rel.indexes.iter().all(plain)
}

/// The value of a literal that is none of [`plain`]'s.
fn value(cx: &mut ExecCx<'_>, sql: &str, span: Span, ty: Oid) -> Option<Value> {
    let text = sql.get(span.start as usize..span.end as usize)?;
    let Some(inner) = text.strip_prefix('\'') else { return cx.input(TypeRef::new(ty), text).ok() };
    let inner = inner.strip_suffix('\'')?;
    let whole = if inner.contains('\'') { inner.replace("''", "'").into() } else { std::borrow::Cow::from(inner) };
    match ty {
        TEXT | VARCHAR => Some(Value::text(&whole)),
        _ => cx.input(TypeRef::new(ty), &whole).ok(),
    }
}

/// The value of the commonest literals, nothing allocated.
fn plain(sql: &str, span: Span, kind: LiteralKind, ty: Oid) -> Option<Datum<'_>> {
    let text = sql.as_bytes().get(span.start as usize..span.end as usize)?;
    match (kind, ty) {
        (LiteralKind::Int4, INT4) => integer(text).map(|n| Datum::I32(n as i32)),
        (LiteralKind::Int8, INT8) if text.len() < 19 => integer(text).map(Datum::I64),
        (LiteralKind::Text, TEXT | VARCHAR) => {
            let inner = text.get(1..text.len() - 1)?;
            (!inner.contains(&b'\'')).then_some(Datum::Bytes(inner))
        }
        _ => None,
    }
}

/// The number of few enough digits.
fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut n = 0i64;
    for d in digits {
        n = n.wrapping_mul(10).wrapping_add((d - b'0') as i64);
    }
    Some(if negative { -n } else { n })
}

impl Session {
    /// A portal for a statement of a known shape.
    pub(crate) fn portal_for(&self, sql: &str, known: &Known, literals: &[Span]) -> Option<Portal> {
        let s = &self.shared;
        let literals = Literals { sql, spans: literals.get(known.first as usize..)?, kinds: &known.shape.kinds };
        let (prepared, values) = prepared_for(s, &known.shape, literals)?;
        let values = match values {
            Some(v) => v,
            None => literals.all_values(s, &prepared)?,
        };
        Some(Portal::new(prepared, values.into(), vec![]))
    }

    /// Runs the statements of known shapes that come next, as long as they are straight writes and nobody is in the way.
    /// The last statement of all is left alone: its commit comes before its tag. Why it paused, if it did.
    pub(crate) fn run_straight(&mut self, s: &mut Simple, out: &mut dyn Output) -> Result<Option<Status>> {
        let shared = self.shared.clone();
        if !matches!(s.queue.as_slice(), [Item::Known(_), _, ..]) || !shared.straight.get() || shared.status() == b'E' {
            return Ok(None);
        }
        shared.begin_transaction(false);
        shared.refresh_catalog()?;
        let Ok(snapshot) = shared.snapshot() else { return Ok(None) };
        let mut cx = shared.exec_cx(snapshot)?;
        // What runs now, found once for a run of statements of one shape.
        let mut ready: Option<(Rc<Shape>, Rc<Prepared>, Rc<Program>)> = None;
        let sql = s.sql.clone();
        let mut count = 0;
        while let [Item::Known(known), _, ..] = s.queue.as_slice() {
            let Some(spans) = s.literals.get(known.first as usize..) else { break };
            let literals = Literals { sql: &sql, spans, kinds: &known.shape.kinds };
            // A plan for certain values must be asked for again; a table may grow out of any.
            let same =
                |r: &(Rc<Shape>, Rc<Prepared>, Rc<Program>)| Rc::ptr_eq(&r.0, &known.shape) && !r.1.has_classes();
            if count % LOOK_AGAIN == 0 || !ready.as_ref().is_some_and(same) {
                tusklet_exec::Host::check_interrupts(&*shared)?;
                if Template::of(&known.shape).is_some_and(|t| t.ordinary.get()) {
                    break;
                }
                let Some((prepared, _)) = prepared_for(&shared, &known.shape, literals) else { break };
                let program = prepared.program(&shared)?;
                // Nothing that happens here takes away what was found once.
                let known_program = ready.as_ref().is_some_and(|r| Rc::ptr_eq(&r.2, &program));
                if !known_program
                    && !(crate::cold::load_for(&shared, &program.stmt)?
                        && crate::query::prevent_in_read_only(&shared, &program.stmt).is_ok()
                        && crate::work::lock_relations(&shared, &program.stmt)?.is_none())
                {
                    break;
                }
                ready = Some((known.shape.clone(), prepared, program));
            }
            let Some((_, prepared, program)) = &ready else { break };
            let Some(write) = program.straight_write(&mut cx)? else {
                if let Some(t) = Template::of(&known.shape) {
                    t.ordinary.set(true);
                }
                break;
            };
            let rows = match run(&mut cx, write, literals, prepared) {
                Ok(Some(Straightly::Done(rows))) => rows,
                Ok(_) => break,
                // A function had to wait.
                Err(_) if cx.take_wait().is_some() => break,
                Err(e) => return Err(e),
            };
            let tag = tag(program.stmt.command, rows);
            cx.tx.next_command();
            cx.snapshot.advance();
            s.any = true;
            s.queue.next();
            if !shared.notices.borrow().is_empty() {
                self.flush_notices(out, &sql);
            }
            out.complete(&tag);
            count += 1;
            if out.is_full() {
                return Ok(Some(Status::Full));
            }
            if count == TURN {
                return Ok(Some(Status::Yield));
            }
        }
        Ok(None)
    }
}

/// The tag of a write.
fn tag(command: CommandType, rows: u64) -> Tag {
    let words = match command {
        CommandType::Update => "UPDATE",
        CommandType::Delete => "DELETE",
        _ => "INSERT",
    };
    Tag::counted(words, rows)
}

/// Runs a program's straight write, if it has one and nobody is in the way.
pub(crate) fn write_straight(cx: &mut ExecCx<'_>, program: &Program, params: &[Value]) -> Result<Option<Tag>> {
    let Some(write) = program.straight_write(cx)? else { return Ok(None) };
    let datums: Vec<Datum<'_>> = params.iter().map(Value::as_datum).collect();
    Ok(match write.run(cx, &datums)? {
        Straightly::Done(rows) => Some(tag(program.stmt.command, rows)),
        Straightly::Ordinary => None,
    })
}

/// Runs a straight write with these literals; `None` when one of them does not suit its type.
fn run(
    cx: &mut ExecCx<'_>,
    write: &StraightWrite,
    Literals { sql, spans, kinds }: Literals<'_>,
    prepared: &Prepared,
) -> Result<Option<Straightly>> {
    let types = &prepared.param_types[..];
    let (n, m) = (types.len(), prepared.bound.len());
    let (mut few, mut many);
    let given: &mut [Datum<'_>] = if n <= FEW {
        few = [Datum::Null; FEW];
        &mut few[..n]
    } else {
        many = vec![Datum::Null; n];
        &mut many[..]
    };
    let mut owned: Vec<(usize, Value)> = Vec::new();
    for i in 0..n {
        let (span, kind, ty) = (spans[i], kinds[i], types[i]);
        match plain(sql, span, kind, ty) {
            Some(d) => given[i] = d,
            None => match value(cx, sql, span, ty) {
                Some(v) => owned.push((i, v)),
                None => return Ok(None),
            },
        }
    }
    for (i, v) in &owned {
        given[*i] = v.as_datum();
    }
    if m == 0 {
        return write.run(cx, given).map(Some);
    }
    let given = &*given;
    let (mut few, mut many);
    let all: &mut [Datum<'_>] = if n + m <= 2 * FEW {
        few = [Datum::Null; 2 * FEW];
        &mut few[..n + m]
    } else {
        many = vec![Datum::Null; n + m];
        &mut many[..]
    };
    all[..n].copy_from_slice(given);
    let mut owned: Vec<(usize, Value)> = Vec::new();
    for (i, e) in prepared.bound.iter().enumerate() {
        match e.given(cx, given) {
            Ok(Given::Lent(d)) => all[n + i] = d,
            Ok(Given::Made(v)) => owned.push((n + i, v)),
            // The ordinary route says what is wrong.
            Err(_) => return Ok(None),
        }
    }
    for (i, v) in &owned {
        all[*i] = v.as_datum();
    }
    write.run(cx, all).map(Some)
}
