//! Evaluating `jsonpath` against `jsonb`.
//!
//! An item of a path takes one value and hands each of its results to the item that follows, which at the end of the path
//! puts it into a list, if there is one: without a list only whether anything is found matters, and evaluation stops at
//! the first. An error of the kind SQL/JSON may suppress ends the evaluation with [`Outcome::Error`] when it is not to be
//! raised, with everything found before it kept. Others (a missing variable, a cast that needs a zone) always raise.
//!
//! In lax mode arrays are unwrapped where something else is wanted, single values stand for arrays of one, and structural
//! errors count as nothing found. Names and order of evaluation are `jsonpath_exec.c`'s.

use std::cmp::Ordering;
use std::rc::Rc;

use tusklet_error::{Error, Result, bail, err};

use crate::datetime::encode::{push_date, push_datetime};
use crate::datetime::{DateOrder, DateStyle, DateTimeConfig, Tm, USECS_PER_SEC};
use crate::formatting::datetime::{Moment, Template};
use crate::json::Kind as JsonKind;
use crate::jsonb::{self, ArrayBuilder, Jsonb, ObjectBuilder};
use crate::jsonpath::{Id, Kind, LAST, Method, Op, Path};
use crate::numeric::Numeric;

/// Depth at which evaluation is refused.
const MAX_DEPTH: u32 = 2000;

/// A value met on the way: inside the caller's documents, inside one made here, or a date or time, which JSON has not.
#[derive(Clone)]
pub enum Item<'a> {
    /// Part of the document or of the variables.
    Given(&'a [u8]),
    /// Part of a document made during evaluation.
    Made(Rc<[u8]>, usize, usize),
    /// What `datetime()` gave.
    Moment(Moment),
}

/// Where `part` begins in `whole`; nothing if it is no part of it.
fn place(whole: &[u8], part: &[u8]) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    (at + part.len() <= whole.len()).then_some(at)
}

impl<'a> Item<'a> {
    fn made(b: Vec<u8>) -> Item<'a> {
        let n = b.len();
        Item::Made(b.into(), 0, n)
    }

    fn number(n: &Numeric) -> Item<'a> {
        Item::made(jsonb::number(n))
    }

    /// The stored value; a null for dates and times, whose kind is asked first.
    fn json(&self) -> Jsonb<'_> {
        match self {
            Item::Given(b) => Jsonb(b),
            Item::Made(b, from, to) => Jsonb(b.get(*from..*to).unwrap_or(&[])),
            Item::Moment(_) => Jsonb(&[]),
        }
    }

    /// A part of this value as a value.
    fn part(&self, part: &[u8]) -> Item<'a> {
        match self {
            Item::Given(b) => Item::Given(place(b, part).and_then(|at| b.get(at..at + part.len())).unwrap_or(&[])),
            Item::Made(b, ..) => {
                let at = place(b, part).unwrap_or(0);
                Item::Made(b.clone(), at, at + part.len())
            }
            Item::Moment(_) => self.clone(),
        }
    }

    fn kind(&self) -> Option<JsonKind> {
        if matches!(self, Item::Moment(_)) { None } else { Some(self.json().kind()) }
    }

    fn is(&self, kind: JsonKind) -> bool {
        self.kind() == Some(kind)
    }

    fn as_number(&self) -> Option<Numeric> {
        self.json().as_number()
    }

    /// Elements of an array, values of an object.
    fn children(&self) -> Vec<Item<'a>> {
        let j = self.json();
        j.items().chain(j.members().map(|(_, v)| v)).map(|v| self.part(v.0)).collect()
    }

    /// The value as `jsonb`.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Item::Moment(m) => jsonb::string(&moment_text(m)),
            _ => self.json().0.to_vec(),
        }
    }
}

/// A date or time as JSON writes it (`JsonEncodeDateTime`).
fn moment_text(m: &Moment) -> String {
    let mut out = String::new();
    let zone = |out: &mut String, west: i32| {
        let minutes = west.unsigned_abs() / 60;
        out.push_str(&format!("{}{:02}:{:02}", if west <= 0 { '+' } else { '-' }, minutes / 60, minutes % 60));
    };
    let date_time = |out: &mut String, t: i64| {
        let mut text = String::new();
        push_datetime(&mut text, &Tm::from_timestamp(t), None, DateStyle::Iso, DateOrder::Ymd);
        out.push_str(&text.replacen(' ', "T", 1));
    };
    match *m {
        Moment::Date(d) => push_date(&mut out, &Tm::from_date(d), DateStyle::Iso, DateOrder::Ymd),
        Moment::Time(t) => crate::time::time_out(&mut out, t),
        Moment::TimeTz(t) => {
            crate::time::time_out(&mut out, t.micros);
            zone(&mut out, t.zone);
        }
        Moment::Timestamp(t) => date_time(&mut out, t),
        Moment::TimestampTz(t, west) => {
            date_time(&mut out, t - i64::from(west) * USECS_PER_SEC);
            let before_christ = out.ends_with(" BC");
            if before_christ {
                out.truncate(out.len() - 3);
            }
            zone(&mut out, west);
            if before_christ {
                out.push_str(" BC");
            }
        }
    }
    out
}

/// How an evaluation ended.
#[derive(Clone, Copy, PartialEq)]
pub enum Outcome {
    /// Something was found.
    Ok,
    /// Nothing was.
    NotFound,
    /// An error that is not raised.
    Error,
}

/// What a path is evaluated with.
pub struct Request<'a> {
    /// The path.
    pub path: &'a Path,
    /// The document.
    pub root: &'a [u8],
    /// An object of variables.
    pub vars: Option<&'a [u8]>,
    /// Errors are not raised.
    pub silent: bool,
    /// Casts between types with and without a zone are allowed; the session's settings.
    pub zone: Option<DateTimeConfig<'a>>,
}

type Found<'f, 'a> = Option<&'f mut Vec<Item<'a>>>;

struct Exec<'a> {
    path: &'a Path,
    root: Item<'a>,
    vars: Option<&'a [u8]>,
    zone: Option<DateTimeConfig<'a>>,
    current: Item<'a>,
    /// The document that `keyvalue()` counts its ids in, and its number.
    base: (Item<'a>, i64),
    last_id: i64,
    array_size: Option<i32>,
    lenient: bool,
    throw: bool,
    depth: u32,
}

/// `executeJsonPath`.
pub fn execute<'a>(r: &Request<'a>, found: Found<'_, 'a>) -> Result<Outcome> {
    if r.vars.is_some_and(|v| Jsonb(v).kind() != JsonKind::Object) {
        return Err(err!(INVALID_PARAMETER_VALUE, "\"vars\" argument is not an object")
            .detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object."));
    }
    let root = Item::Given(r.root);
    let mut x = Exec {
        path: r.path,
        root: root.clone(),
        vars: r.vars,
        zone: r.zone,
        current: root.clone(),
        base: (Item::Given(&[]), 0),
        last_id: if r.vars.is_some() { 2 } else { 1 },
        array_size: None,
        lenient: r.path.lax,
        throw: !r.silent,
        depth: 0,
    };
    match found {
        // Strict mode must see everything to know that there is no error.
        None if !r.path.lax => {
            let mut all = Vec::new();
            let outcome = x.item(r.path.root, &root, Some(&mut all))?;
            Ok(if outcome == Outcome::Error { outcome } else { outcome_of(!all.is_empty()) })
        }
        found => x.item(r.path.root, &root, found),
    }
}

fn outcome_of(found: bool) -> Outcome {
    if found { Outcome::Ok } else { Outcome::NotFound }
}

/// What the callers know of the result of all found values: the array of `jsonb_path_query_array`.
pub fn array(found: &[Item<'_>]) -> Vec<u8> {
    let mut b = ArrayBuilder::default();
    found.iter().for_each(|v| b.push(&v.bytes()));
    b.finish()
}

/// `jsonb_path_match`'s verdict.
pub fn verdict(found: &[Item<'_>], silent: bool) -> Result<Option<bool>> {
    if let [one] = found
        && matches!(one.kind(), Some(JsonKind::Boolean | JsonKind::Null))
    {
        return Ok(one.json().as_bool());
    }
    if silent { Ok(None) } else { bail!(SINGLETON_SQL_JSON_ITEM_REQUIRED, "single boolean result is expected") }
}

/// The error of an item, raised or not.
macro_rules! refuse {
    ($x:expr, $($t:tt)*) => {
        return if $x.throw { Err(err!($($t)*)) } else { Ok(Outcome::Error) }
    };
}

impl<'a> Exec<'a> {
    /// `executeItem`.
    fn item(&mut self, id: Id, v: &Item<'a>, found: Found<'_, 'a>) -> Result<Outcome> {
        self.step(id, v, found, self.path.lax)
    }

    /// `executeNextItem`: on to the accessor `next`, or into the list.
    fn next(&mut self, next: Option<Id>, v: Item<'a>, found: Found<'_, 'a>) -> Result<Outcome> {
        match (next, found) {
            (Some(id), found) => self.item(id, &v, found),
            (None, Some(list)) => {
                list.push(v);
                Ok(Outcome::Ok)
            }
            (None, None) => Ok(Outcome::Ok),
        }
    }

    /// `executeItemOptUnwrapTarget`.
    fn step(&mut self, id: Id, v: &Item<'a>, found: Found<'_, 'a>, unwrap: bool) -> Result<Outcome> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let outcome = self.step_inner(id, v, found, unwrap);
        self.depth -= 1;
        outcome
    }

    fn step_inner(&mut self, id: Id, v: &Item<'a>, mut found: Found<'_, 'a>, unwrap: bool) -> Result<Outcome> {
        let path = self.path;
        let item = path.item(id);
        let next = item.next;
        let array = v.is(JsonKind::Array);
        // Items that look at one thing look at each element of an array.
        let spread = match &item.kind {
            Kind::Key(_) | Kind::AnyKey | Kind::Filter(_) | Kind::Datetime(_) => array,
            Kind::Method(m) => array && !matches!(m, Method::Type | Method::Size),
            _ => false,
        };
        if unwrap && spread {
            return self.any(Some(id), v, found, (1, 1, 1), false, false);
        }
        match &item.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::String(_) | Kind::Variable(_) | Kind::Last => {
                // A variable is looked up in any case, so that a missing one is told.
                if next.is_none() && found.is_none() && !matches!(item.kind, Kind::Variable(_)) {
                    return Ok(Outcome::Ok);
                }
                let base = self.base.clone();
                let v = self.constant(&item.kind)?;
                let outcome = self.next(next, v, found)?;
                self.base = base;
                Ok(outcome)
            }
            Kind::Root => {
                let root = self.root.clone();
                let base = std::mem::replace(&mut self.base, (root.clone(), 0));
                let outcome = self.next(next, root, found)?;
                self.base = base;
                Ok(outcome)
            }
            Kind::Current => self.next(next, self.current.clone(), found),
            Kind::Key(key) => {
                if v.is(JsonKind::Object) {
                    match v.json().get(key) {
                        Some(m) => return self.next(next, v.part(m.0), found),
                        None if self.lenient => {}
                        None => refuse!(self, SQL_JSON_MEMBER_NOT_FOUND, "JSON object does not contain key \"{key}\""),
                    }
                } else if !self.lenient {
                    refuse!(self, SQL_JSON_MEMBER_NOT_FOUND, "jsonpath member accessor can only be applied to an object");
                }
                Ok(Outcome::NotFound)
            }
            Kind::AnyKey => {
                if v.is(JsonKind::Object) {
                    return self.any(next, v, found, (1, 1, 1), false, path.lax);
                }
                if !self.lenient {
                    refuse!(
                        self,
                        SQL_JSON_OBJECT_NOT_FOUND,
                        "jsonpath wildcard member accessor can only be applied to an object"
                    );
                }
                Ok(Outcome::NotFound)
            }
            Kind::AnyArray => {
                if array {
                    return self.any(next, v, found, (1, 1, 1), false, path.lax);
                }
                if path.lax {
                    return self.next(next, v.clone(), found);
                }
                if !self.lenient {
                    refuse!(
                        self,
                        SQL_JSON_ARRAY_NOT_FOUND,
                        "jsonpath wildcard array accessor can only be applied to an array"
                    );
                }
                Ok(Outcome::NotFound)
            }
            Kind::Index(list) => {
                if array || path.lax {
                    return self.index(list, next, v, found);
                }
                if !self.lenient {
                    refuse!(self, SQL_JSON_ARRAY_NOT_FOUND, "jsonpath array accessor can only be applied to an array");
                }
                Ok(Outcome::NotFound)
            }
            Kind::Any(first, last) => {
                let mut outcome = Outcome::NotFound;
                if *first == 0 {
                    let saved = std::mem::replace(&mut self.lenient, true);
                    outcome = self.next(next, v.clone(), found.as_deref_mut())?;
                    self.lenient = saved;
                    if outcome == Outcome::Ok && found.is_none() {
                        return Ok(outcome);
                    }
                }
                if matches!(v.kind(), Some(JsonKind::Array | JsonKind::Object)) {
                    return self.any(next, v, found, (1, *first, *last), true, path.lax);
                }
                Ok(outcome)
            }
            Kind::Filter(condition) => {
                let previous = std::mem::replace(&mut self.current, v.clone());
                let truth = self.condition(*condition, v)?;
                self.current = previous;
                if truth == Some(true) { self.next(next, v.clone(), found) } else { Ok(Outcome::NotFound) }
            }
            Kind::Binary(op @ (Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Mod), a, b) => {
                self.arithmetic(*op, *a, *b, next, v, found)
            }
            Kind::Plus(a) => self.sign(*a, false, next, v, found),
            Kind::Minus(a) => self.sign(*a, true, next, v, found),
            Kind::Method(m) => self.method(*m, next, v, found),
            Kind::Datetime(template) => {
                let Some(text) = v.json().as_str() else {
                    refuse!(
                        self,
                        INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
                        "jsonpath item method .datetime() can only be applied to a string"
                    );
                };
                let moment = match template {
                    Some(t) => match Template::new(t)?.read(text) {
                        Ok(m) => m,
                        Err(e) if self.throw => return Err(e),
                        Err(_) => return Ok(Outcome::Error),
                    },
                    None => match recognised(text)? {
                        Some(m) => m,
                        None => {
                            if !self.throw {
                                return Ok(Outcome::Error);
                            }
                            return Err(err!(
                                INVALID_ARGUMENT_FOR_SQL_JSON_DATETIME_FUNCTION,
                                "datetime format is not recognized: \"{}\"";
                                text
                            )
                            .hint("Use a datetime template argument to specify the input data format."));
                        }
                    },
                };
                self.next(next, Item::Moment(moment), found)
            }
            // The rest are predicates.
            _ => {
                let truth = self.condition(id, v)?;
                if next.is_none() && found.is_none() {
                    return Ok(Outcome::Ok);
                }
                self.next(next, Item::made(truth.map_or(jsonb::null(), jsonb::boolean)), found)
            }
        }
    }

    /// The value of a literal, a variable or `last` (`getJsonPathItem`).
    fn constant(&mut self, kind: &Kind) -> Result<Item<'a>> {
        Ok(Item::made(match kind {
            Kind::Bool(b) => jsonb::boolean(*b),
            Kind::Number(n) => jsonb::number(n),
            Kind::String(s) => jsonb::string(s),
            Kind::Variable(name) => {
                let Some(vars) = self.vars else { return Ok(Item::made(jsonb::null())) };
                let Some(v) = Jsonb(vars).get(name) else {
                    bail!(UNDEFINED_OBJECT, "could not find jsonpath variable \"{}\""; name);
                };
                self.base = (Item::Given(vars), 1);
                return Ok(Item::Given(v.0));
            }
            Kind::Last => {
                let size = self.array_size.ok_or_else(|| Error::internal("evaluating jsonpath LAST outside of array subscript"))?;
                jsonb::number(&Numeric::from_i64(i64::from(size) - 1))
            }
            _ => jsonb::null(),
        }))
    }

    /// `executeAnyItem`: what is inside a container, between two levels.
    fn any(
        &mut self,
        id: Option<Id>,
        v: &Item<'a>,
        mut found: Found<'_, 'a>,
        (level, first, last): (u32, u32, u32),
        lenient: bool,
        unwrap: bool,
    ) -> Result<Outcome> {
        let mut outcome = Outcome::NotFound;
        if level > last {
            return Ok(outcome);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        for child in v.children() {
            let container = !child.json().is_scalar();
            if level >= first || first == LAST && last == LAST && !container {
                match (id, &mut found) {
                    (Some(id), found) => {
                        let saved = self.lenient;
                        self.lenient |= lenient;
                        outcome = self.step(id, &child, found.as_deref_mut(), unwrap)?;
                        self.lenient = saved;
                        if outcome == Outcome::Error || outcome == Outcome::Ok && found.is_none() {
                            break;
                        }
                    }
                    (None, Some(list)) => list.push(child.clone()),
                    (None, None) => {
                        outcome = Outcome::Ok;
                        break;
                    }
                }
            }
            if level < last && container {
                outcome = self.any(id, &child, found.as_deref_mut(), (level + 1, first, last), lenient, unwrap)?;
                if outcome == Outcome::Error || outcome == Outcome::Ok && found.is_none() {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(outcome)
    }

    fn index(
        &mut self,
        list: &[(Id, Option<Id>)],
        next: Option<Id>,
        v: &Item<'a>,
        mut found: Found<'_, 'a>,
    ) -> Result<Outcome> {
        let single = !v.is(JsonKind::Array);
        let size = if single { 1 } else { v.json().len() as i32 };
        let outer = self.array_size.replace(size);
        let mut outcome = Outcome::NotFound;
        'list: for (from, to) in list {
            let from = self.subscript(*from, v)?;
            let to = match to {
                Some(to) if from.is_some() => self.subscript(*to, v)?,
                _ => from,
            };
            let (Some(from), Some(to)) = (from, to) else {
                outcome = Outcome::Error;
                break;
            };
            if !self.lenient && (from < 0 || from > to || to >= size) {
                refuse!(self, INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is out of bounds");
            }
            outcome = Outcome::NotFound;
            for i in from.max(0)..=to.min(size - 1) {
                let element = match v.json().item(i as usize) {
                    _ if single => v.clone(),
                    Some(e) => v.part(e.0),
                    None => continue,
                };
                if next.is_none() && found.is_none() {
                    return Ok(Outcome::Ok);
                }
                outcome = self.next(next, element, found.as_deref_mut())?;
                if outcome == Outcome::Error || outcome == Outcome::Ok && found.is_none() {
                    break 'list;
                }
            }
        }
        self.array_size = outer;
        Ok(outcome)
    }

    /// `getArrayIndex`; `None` for an error that is not raised.
    fn subscript(&mut self, id: Id, v: &Item<'a>) -> Result<Option<i32>> {
        let mut list = Vec::new();
        if self.item(id, v, Some(&mut list))? == Outcome::Error {
            return Ok(None);
        }
        let what = match list.as_slice() {
            [one] => match one.as_number() {
                Some(n) => match n.trunc(0)?.to_int4() {
                    Ok(i) => return Ok(Some(i)),
                    Err(_) => "out of integer range",
                },
                None => "not a single numeric value",
            },
            _ => "not a single numeric value",
        };
        if self.throw { bail!(INVALID_SQL_JSON_SUBSCRIPT, "jsonpath array subscript is {}"; what) } else { Ok(None) }
    }

    /// `executeItemOptUnwrapResult` into a new list; `None` for an error that is not raised.
    fn operand(&mut self, id: Id, v: &Item<'a>, unwrap: bool) -> Result<Option<Vec<Item<'a>>>> {
        let mut list = Vec::new();
        if self.item(id, v, Some(&mut list))? == Outcome::Error {
            return Ok(None);
        }
        if unwrap && self.path.lax && list.iter().any(|i| i.is(JsonKind::Array)) {
            let spread = |i: Item<'a>| if i.is(JsonKind::Array) { i.children() } else { vec![i] };
            list = list.into_iter().flat_map(spread).collect();
        }
        Ok(Some(list))
    }

    fn quiet_operand(&mut self, id: Id, v: &Item<'a>, unwrap: bool) -> Result<Option<Vec<Item<'a>>>> {
        let throw = std::mem::replace(&mut self.throw, false);
        let list = self.operand(id, v, unwrap);
        self.throw = throw;
        list
    }

    /// `executeBoolItem`; `None` is unknown.
    fn condition(&mut self, id: Id, v: &Item<'a>) -> Result<Option<bool>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            bail!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
        }
        let path = self.path;
        let truth = match &path.item(id).kind {
            Kind::Binary(op @ (Op::And | Op::Or), a, b) => {
                let decided = *op == Op::Or;
                let left = self.condition(*a, v)?;
                if left == Some(decided) {
                    left
                } else {
                    let right = self.condition(*b, v)?;
                    if right == Some(!decided) { left } else { right }
                }
            }
            Kind::Not(a) => self.condition(*a, v)?.map(|t| !t),
            Kind::IsUnknown(a) => Some(self.condition(*a, v)?.is_none()),
            Kind::Exists(a) => {
                if !path.lax {
                    self.quiet_operand(*a, v, false)?.map(|list| !list.is_empty())
                } else {
                    let throw = std::mem::replace(&mut self.throw, false);
                    let outcome = self.item(*a, v, None);
                    self.throw = throw;
                    match outcome? {
                        Outcome::Error => None,
                        outcome => Some(outcome == Outcome::Ok),
                    }
                }
            }
            Kind::LikeRegex(a, like) => {
                let left = self.quiet_operand(*a, v, true)?;
                self.predicate(left, None, &mut |_, a, _| Ok(a.json().as_str().map(|s| like.regex.is_match(s))))?
            }
            Kind::Binary(op, a, b) => {
                let Some(left) = self.quiet_operand(*a, v, true)? else {
                    self.depth -= 1;
                    return Ok(None);
                };
                let right = self.quiet_operand(*b, v, *op != Op::StartsWith)?;
                if right.is_none() {
                    None
                } else if *op == Op::StartsWith {
                    self.predicate(Some(left), right, &mut |_, a, b| {
                        let (a, b) = (a.json().as_str(), b.json().as_str());
                        Ok(a.zip(b).map(|(a, b)| a.starts_with(b)))
                    })?
                } else {
                    self.predicate(Some(left), right, &mut |x, a, b| x.compare(*op, a, b))?
                }
            }
            _ => return Err(Error::internal("invalid boolean jsonpath item")),
        };
        self.depth -= 1;
        Ok(truth)
    }

    /// `executePredicate`: any pair will do; in strict mode none may be unknown.
    fn predicate(
        &self,
        left: Option<Vec<Item<'a>>>,
        right: Option<Vec<Item<'a>>>,
        test: &mut dyn FnMut(&Exec<'a>, &Item<'a>, &Item<'a>) -> Result<Option<bool>>,
    ) -> Result<Option<bool>> {
        let Some(left) = left else { return Ok(None) };
        // A test of one operand runs once for each, with an operand it does not look at.
        let right = right.unwrap_or_else(|| vec![Item::Given(&[])]);
        let (mut unknown, mut yes) = (false, false);
        for a in &left {
            for b in &right {
                match test(self, a, b)? {
                    None if !self.path.lax => return Ok(None),
                    None => unknown = true,
                    Some(true) if self.path.lax => return Ok(Some(true)),
                    Some(t) => yes |= t,
                }
            }
        }
        Ok(if yes {
            Some(true)
        } else if unknown {
            None
        } else {
            Some(false)
        })
    }

    /// `compareItems`.
    fn compare(&self, op: Op, a: &Item<'_>, b: &Item<'_>) -> Result<Option<bool>> {
        let order = match (a, b) {
            (Item::Moment(a), Item::Moment(b)) => match compare_moments(a, b, self.zone.as_ref())? {
                Some(order) => order,
                None => return Ok(None),
            },
            _ => {
                let (x, y) = (a.json(), b.json());
                match (a.kind(), b.kind()) {
                    (Some(JsonKind::Null), Some(JsonKind::Null)) => Ordering::Equal,
                    (Some(JsonKind::Null), _) | (_, Some(JsonKind::Null)) => return Ok(Some(op == Op::NotEqual)),
                    (Some(k), Some(l)) if k == l && x.is_scalar() => x.cmp(&y),
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some(match op {
            Op::Equal => order.is_eq(),
            Op::NotEqual => order.is_ne(),
            Op::Less => order.is_lt(),
            Op::Greater => order.is_gt(),
            Op::LessOrEqual => order.is_le(),
            _ => order.is_ge(),
        }))
    }

    /// `executeBinaryArithmExpr`.
    fn arithmetic(
        &mut self,
        op: Op,
        a: Id,
        b: Id,
        next: Option<Id>,
        v: &Item<'a>,
        found: Found<'_, 'a>,
    ) -> Result<Outcome> {
        let Some(left) = self.operand(a, v, true)? else { return Ok(Outcome::Error) };
        let Some(right) = self.operand(b, v, true)? else { return Ok(Outcome::Error) };
        let single = |list: &[Item<'a>]| if let [one] = list { one.as_number() } else { None };
        let (Some(x), right) = (single(&left), single(&right)) else {
            refuse!(
                self,
                SINGLETON_SQL_JSON_ITEM_REQUIRED,
                "left operand of jsonpath operator {} is not a single numeric value",
                op.name()
            );
        };
        let Some(y) = right else {
            refuse!(
                self,
                SINGLETON_SQL_JSON_ITEM_REQUIRED,
                "right operand of jsonpath operator {} is not a single numeric value",
                op.name()
            );
        };
        let result = match op {
            Op::Add => x.add(&y),
            Op::Sub => x.sub(&y),
            Op::Mul => x.mul(&y),
            Op::Div => x.div(&y),
            _ => x.rem(&y),
        };
        match result {
            Err(e) if self.throw => Err(e),
            Err(_) => Ok(Outcome::Error),
            Ok(_) if next.is_none() && found.is_none() => Ok(Outcome::Ok),
            Ok(n) => self.next(next, Item::number(&n), found),
        }
    }

    /// `executeUnaryArithmExpr`.
    fn sign(&mut self, a: Id, minus: bool, next: Option<Id>, v: &Item<'a>, mut found: Found<'_, 'a>) -> Result<Outcome> {
        let Some(list) = self.operand(a, v, true)? else { return Ok(Outcome::Error) };
        let mut outcome = Outcome::NotFound;
        for i in list {
            let counts = next.is_none() && found.is_none();
            let i = match i.as_number() {
                Some(_) if counts => return Ok(Outcome::Ok),
                None if counts => continue,
                Some(n) if minus => Item::number(&n.neg()),
                Some(_) => i,
                None => refuse!(
                    self,
                    SQL_JSON_NUMBER_NOT_FOUND,
                    "operand of unary jsonpath operator {} is not a numeric value",
                    if minus { '-' } else { '+' }
                ),
            };
            match self.next(next, i, found.as_deref_mut())? {
                Outcome::Error => return Ok(Outcome::Error),
                Outcome::Ok if found.is_none() => return Ok(Outcome::Ok),
                Outcome::Ok => outcome = Outcome::Ok,
                Outcome::NotFound => {}
            }
        }
        Ok(outcome)
    }

    fn method(&mut self, m: Method, next: Option<Id>, v: &Item<'a>, found: Found<'_, 'a>) -> Result<Outcome> {
        let name = m.name();
        let result = match m {
            Method::Type => Item::made(jsonb::string(type_name(v))),
            Method::Size => {
                if !v.is(JsonKind::Array) && !self.path.lax {
                    if !self.lenient {
                        refuse!(
                            self,
                            SQL_JSON_ARRAY_NOT_FOUND,
                            "jsonpath item method .{name}() can only be applied to an array"
                        );
                    }
                    return Ok(Outcome::NotFound);
                }
                let size = if v.is(JsonKind::Array) { v.json().len() as i64 } else { 1 };
                Item::number(&Numeric::from_i64(size))
            }
            Method::Double => match v.kind() {
                Some(JsonKind::Number) => {
                    let text = v.as_number().map(|n| n.to_f64());
                    if !matches!(text, Some(Ok(f)) if f.is_finite()) {
                        refuse!(
                            self,
                            NON_NUMERIC_SQL_JSON_ITEM,
                            "numeric argument of jsonpath item method .{name}() is out of range for type double precision"
                        );
                    }
                    v.clone()
                }
                Some(JsonKind::String) => match crate::float::parse_float8(v.json().as_str().unwrap_or("")) {
                    Ok(f) if f.is_finite() => Item::number(&Numeric::from_f64(f)?),
                    _ => refuse!(
                        self,
                        NON_NUMERIC_SQL_JSON_ITEM,
                        "string argument of jsonpath item method .{name}() is not a valid representation of a double precision number"
                    ),
                },
                _ => refuse!(
                    self,
                    NON_NUMERIC_SQL_JSON_ITEM,
                    "jsonpath item method .{name}() can only be applied to a string or numeric value"
                ),
            },
            Method::Abs | Method::Floor | Method::Ceiling => {
                let Some(n) = v.as_number() else {
                    refuse!(
                        self,
                        NON_NUMERIC_SQL_JSON_ITEM,
                        "jsonpath item method .{name}() can only be applied to a numeric value"
                    );
                };
                Item::number(&match m {
                    Method::Abs => n.abs(),
                    Method::Floor => n.floor()?,
                    _ => n.ceil()?,
                })
            }
            Method::KeyValue => return self.key_values(next, v, found),
        };
        self.next(next, result, found)
    }

    /// `executeKeyValueMethod`. An object's id is the number of the document it is in and its place there.
    fn key_values(&mut self, next: Option<Id>, v: &Item<'a>, mut found: Found<'_, 'a>) -> Result<Outcome> {
        if !v.is(JsonKind::Object) {
            refuse!(
                self,
                SQL_JSON_OBJECT_NOT_FOUND,
                "jsonpath item method .keyvalue() can only be applied to an object"
            );
        }
        let base = self.base.clone();
        let id = base.0.json().offset_of(v.json().0).unwrap_or(0) as i64 + base.1 * 10_000_000_000;
        let id = jsonb::number(&Numeric::from_i64(id));
        let mut outcome = Outcome::NotFound;
        for (key, value) in v.json().members() {
            outcome = Outcome::Ok;
            if next.is_none() && found.is_none() {
                break;
            }
            let mut b = ObjectBuilder::default();
            b.push("key", &jsonb::string(key));
            b.push("value", value.0);
            b.push("id", &id);
            let pair = Item::made(b.finish());
            self.base = (pair.clone(), self.last_id);
            self.last_id += 1;
            outcome = self.next(next, pair, found.as_deref_mut())?;
            self.base = base.clone();
            if outcome == Outcome::Error || outcome == Outcome::Ok && found.is_none() {
                break;
            }
        }
        Ok(outcome)
    }
}

fn type_name(v: &Item<'_>) -> &'static str {
    match v {
        Item::Moment(Moment::Date(_)) => "date",
        Item::Moment(Moment::Time(_)) => "time without time zone",
        Item::Moment(Moment::TimeTz(_)) => "time with time zone",
        Item::Moment(Moment::Timestamp(_)) => "timestamp without time zone",
        Item::Moment(Moment::TimestampTz(..)) => "timestamp with time zone",
        _ => v.json().kind().name(),
    }
}

/// The ISO forms `datetime()` knows without a template.
fn recognised(text: &str) -> Result<Option<Moment>> {
    let times = ["HH24:MI:SS.US", "HH24:MI:SS"];
    let zones = ["TZH:TZM", "TZH", ""];
    if let Ok(m) = Template::new("yyyy-mm-dd")?.read(text) {
        return Ok(Some(m));
    }
    for date in ["", "yyyy-mm-dd ", "yyyy-mm-dd\"T\""] {
        for time in times {
            for zone in zones {
                if let Ok(m) = Template::new(&[date, time, zone].concat())?.read(text) {
                    return Ok(Some(m));
                }
            }
        }
    }
    Ok(None)
}

/// `compareDatetime`; nothing for what cannot be compared.
fn compare_moments(a: &Moment, b: &Moment, zone: Option<&DateTimeConfig<'_>>) -> Result<Option<Ordering>> {
    use Moment::*;
    let zoned = |from: &str, to: &str| {
        zone.ok_or_else(|| {
            err!(FEATURE_NOT_SUPPORTED, "cannot convert value from {} to {} without time zone usage"; from, to)
                .hint("Use *_tz() function for time zone support.")
        })
    };
    Ok(Some(match (*a, *b) {
        (Date(a), Date(b)) => a.cmp(&b),
        (Date(a), Timestamp(b)) => crate::date::date_cmp_timestamp(a, b),
        (Date(a), TimestampTz(b, _)) => crate::date::date_cmp_timestamptz(a, b, zoned("date", "timestamptz")?.zone),
        (Time(a), Time(b)) => a.cmp(&b),
        (Time(a), TimeTz(b)) => crate::time::time_to_timetz(a, zoned("time", "timetz")?).cmp(&b),
        (TimeTz(a), TimeTz(b)) => a.cmp(&b),
        (Timestamp(a), Timestamp(b)) => a.cmp(&b),
        (Timestamp(a), TimestampTz(b, _)) => {
            let a = crate::timestamp::local_to_utc(a, zoned("timestamp", "timestamptz")?.zone).unwrap_or(a);
            a.cmp(&b)
        }
        (TimestampTz(a, _), TimestampTz(b, _)) => a.cmp(&b),
        (Date(_) | Timestamp(_) | TimestampTz(..), Time(_) | TimeTz(_)) | (Time(_) | TimeTz(_), _)
            if !matches!((a, b), (Time(_) | TimeTz(_), Time(_) | TimeTz(_))) =>
        {
            return Ok(None);
        }
        _ => return Ok(compare_moments(b, a, zone)?.map(Ordering::reverse)),
    }))
}
