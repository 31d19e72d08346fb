//! Function calls (`parse_func.c`): which function a name and arguments mean, and what the call becomes.
//!
//! Candidates come from the search path; an exact match of types wins at once; a single argument under a type's name is a
//! cast; otherwise the candidates that the arguments can be converted to are narrowed down by the rules of the manual's
//! chapter "Type Conversion": most exact matches, most preferred types, the category unknown literals seem to want, and last
//! that they are of the type of the known ones.

use std::rc::Rc;

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{FIRST_USER_OID, Proc};
use tusklet_catalog::resolve::{Candidate, category};
use tusklet_error::{Error, Result, Span, bail, err, filled};
use tusklet_ir::{CoercionForm, Expr, ExprKind, FuncCall, Oid, TypeRef};
use tusklet_syntax::ast;

use crate::parse_coerce::{CoercionContext, Pathway, volatility};
use crate::parse_node::{Analyzer, Clause, LastSrf, location};

/// Why no function was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FuncDetail {
    /// None fits.
    NotFound,
    /// Several fit equally well.
    Multiple,
}

/// What a name and argument types mean (`func_get_detail`).
enum Detail {
    Found(Box<Found>),
    Coercion(Oid),
    Not(FuncDetail),
}

struct Found {
    proc: Rc<Proc>,
    declared: Vec<Oid>,
    variadic_args: usize,
    default_args: usize,
    arg_numbers: Option<Vec<usize>>,
}

/// How a call is decorated; everything but name and arguments.
#[derive(Default)]
pub struct CallSyntax<'a> {
    pub agg_order: &'a [ast::SortBy],
    pub agg_filter: Option<&'a ast::Expr>,
    pub over: Option<&'a Rc<ast::WindowDef>>,
    pub within_group: bool,
    pub star: bool,
    pub distinct: bool,
    pub variadic: bool,
    pub sql_syntax: bool,
    /// The statement is CALL.
    pub call: bool,
    /// Written `x.f`: failure is not an error.
    pub column: bool,
}

/// An argument, with its name when it is named.
pub struct Arg {
    pub name: Option<String>,
    pub expr: Expr,
    pub span: Span,
}

impl Arg {
    /// An unnamed argument.
    pub fn positional(expr: Expr) -> Arg {
        Arg { name: None, expr, span: Span::NONE }
    }
}

/// The function an aggregate's definition names, for arguments of these types, and its result type (`lookup_agg_function`).
/// `variadic` is the element type of the aggregate's VARIADIC argument.
pub fn lookup_agg_function(
    cx: &mut dyn crate::AnalyzeContext,
    name: &[String],
    types: &[Oid],
    variadic: Oid,
) -> Result<(Rc<Proc>, Oid)> {
    let mut a = Analyzer::new(cx, crate::ParamTypes::none());
    let shown = name.join(".");
    let found = match a.func_get_detail(name, &[], types, false, false, Span::NONE)? {
        Detail::Found(f) if f.proc.kind == b'f' => *f,
        _ => bail!(UNDEFINED_FUNCTION, "function {} does not exist"; a.func_signature(&shown, &[], types)),
    };
    let Found { proc: p, mut declared, .. } = found;
    if p.retset {
        bail!(DATATYPE_MISMATCH, "function {} returns a set"; a.func_signature(&shown, &[], types));
    }
    if variadic == oids::ANY && p.variadic != oids::ANY {
        bail!(
            DATATYPE_MISMATCH,
            "function {} must accept VARIADIC ANY to be used in this aggregate";
            a.func_signature(&shown, &[], types)
        );
    }
    let result = a.enforce_generic_type_consistency(types, &mut declared, p.result, true)?;
    if types.iter().zip(&declared).any(|(t, d)| !a.cat.is_binary_coercible(*t, *d)) {
        bail!(
            DATATYPE_MISMATCH,
            "function {} requires run-time type coercion";
            a.func_signature(&shown, &[], &declared[..types.len().min(declared.len())])
        );
    }
    Ok((p, result))
}

impl Analyzer<'_> {
    /// A function call, or a column of a composite value written as one (`ParseFuncOrColumn`). `None` only for column syntax
    /// that means nothing.
    pub fn parse_func_or_column(
        &mut self,
        name: &[String],
        args: Vec<Arg>,
        last_srf: u32,
        syntax: &CallSyntax<'_>,
        span: Span,
    ) -> Result<Option<Expr>> {
        let shown = name.join(".");
        if args.len() > 100 {
            return Err(err!(TOO_MANY_ARGUMENTS, "cannot pass more than 100 arguments to a function").at(span));
        }
        let filter = match syntax.agg_filter {
            Some(f) => Some(self.transform_where(Some(f), Clause::Filter, "FILTER")?),
            None => None,
        }
        .flatten();
        let actual: Vec<Oid> = args.iter().map(|a| a.expr.ty.oid).collect();
        let mut arg_names: Vec<String> = vec![];
        for a in &args {
            match &a.name {
                Some(n) => {
                    if arg_names.contains(n) {
                        return Err(err!(SYNTAX_ERROR, "argument name \"{}\" used more than once"; n).at(a.span));
                    }
                    arg_names.push(n.clone());
                }
                None if !arg_names.is_empty() => {
                    return Err(
                        err!(SYNTAX_ERROR, "positional argument cannot follow named argument").at(location(&a.expr))
                    );
                }
                None => {}
            }
        }
        let nargs = args.len();
        let could_be_projection = nargs == 1
            && !syntax.call
            && syntax.agg_order.is_empty()
            && filter.is_none()
            && !syntax.star
            && !syntax.distinct
            && syntax.over.is_none()
            && !syntax.variadic
            && arg_names.is_empty()
            && name.len() == 1
            && (actual[0] == oids::RECORD || self.cat.type_relation(actual[0]) != 0);
        if could_be_projection && syntax.column {
            if let Some(e) = self.parse_complex_projection(&name[0], &args[0].expr, span)? {
                return Ok(Some(e));
            }
        }
        let detail = self.func_get_detail(name, &arg_names, &actual, !syntax.variadic, syntax.call, span)?;
        let signature = |a: &Self| a.func_signature(&shown, &arg_names, &actual);
        // Wrong kinds of routine.
        let kind = match &detail {
            Detail::Found(f) => f.proc.kind,
            Detail::Coercion(_) => b'f',
            Detail::Not(_) => 0,
        };
        if syntax.call && matches!(kind, b'f' | b'a' | b'w') {
            return Err(err!(WRONG_OBJECT_TYPE, "{} is not a procedure"; signature(self))
                .hint("To call a function, use SELECT.")
                .at(span));
        }
        if !syntax.call && kind == b'p' {
            return Err(err!(WRONG_OBJECT_TYPE, "{} is a procedure"; signature(self))
                .hint("To call a procedure, use CALL.")
                .at(span));
        }
        if matches!(kind, b'f' | b'p') {
            let wrong = if syntax.star {
                Some(filled!("{}(*) specified, but {} is not an aggregate function"; shown, shown))
            } else if syntax.distinct {
                Some(filled!("DISTINCT specified, but {} is not an aggregate function"; shown))
            } else if syntax.within_group {
                Some(filled!("WITHIN GROUP specified, but {} is not an aggregate function"; shown))
            } else if !syntax.agg_order.is_empty() {
                Some(filled!("ORDER BY specified, but {} is not an aggregate function"; shown))
            } else if filter.is_some() {
                Some(filled!("FILTER specified, but {} is not an aggregate function"; shown))
            } else if syntax.over.is_some() {
                Some(filled!("OVER specified, but {} is not a window function nor an aggregate function"; shown))
            } else {
                None
            };
            if let Some(m) = wrong {
                return Err(err!(WRONG_OBJECT_TYPE, "{}"; m).at(span));
            }
        }
        let found = match detail {
            Detail::Coercion(ty) => {
                let Some(arg) = args.into_iter().next() else { bail!(INTERNAL_ERROR, "cast without argument") };
                let e = self.coerce_type(
                    arg.expr,
                    TypeRef::new(ty),
                    CoercionContext::Explicit,
                    CoercionForm::Call,
                    span,
                )?;
                return Ok(Some(e));
            }
            Detail::Not(FuncDetail::Multiple) => {
                let (what, hint) = if syntax.call {
                    ("procedure", "Could not choose a best candidate procedure. You might need to add explicit type casts.")
                } else {
                    ("function", "Could not choose a best candidate function. You might need to add explicit type casts.")
                };
                return Err(err!(AMBIGUOUS_FUNCTION, "{} {} is not unique"; what, signature(self)).hint(hint).at(span));
            }
            Detail::Not(FuncDetail::NotFound) => {
                if syntax.column {
                    return Ok(None);
                }
                if could_be_projection {
                    if let Some(e) = self.parse_complex_projection(&name[0], &args[0].expr, span)? {
                        return Ok(Some(e));
                    }
                }
                let (what, hint) = if syntax.agg_order.len() > 1 && !syntax.within_group {
                    (
                        "function",
                        "No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate.",
                    )
                } else if syntax.call {
                    ("procedure", "No procedure matches the given name and argument types. You might need to add explicit type casts.")
                } else {
                    ("function", "No function matches the given name and argument types. You might need to add explicit type casts.")
                };
                return Err(err!(UNDEFINED_FUNCTION, "{} {} does not exist"; what, signature(self)).hint(hint).at(span));
            }
            Detail::Found(f) => *f,
        };
        let Found { proc: p, mut declared, variadic_args, default_args, arg_numbers } = found;
        let mut exprs: Vec<Expr> = args.into_iter().map(|a| a.expr).collect();
        match kind {
            b'a' => self.check_aggregate_call(&p, &shown, syntax, &mut exprs, &actual, &mut declared, variadic_args, span)
                .map_err(|e| if e.message().is_empty() { err!(
                    UNDEFINED_FUNCTION, "function {} does not exist"; signature(self)
                ).hint(e.report().hint.clone().unwrap_or_default()).at(span) } else { e })?,
            b'w' => {
                if syntax.over.is_none() {
                    return Err(err!(WRONG_OBJECT_TYPE, "window function {} requires an OVER clause"; shown).at(span));
                }
                if syntax.within_group {
                    return Err(err!(WRONG_OBJECT_TYPE, "window function {} cannot have WITHIN GROUP"; shown).at(span));
                }
            }
            _ => {}
        }
        // Defaults take part in settling polymorphic types.
        let defaults = self.proc_defaults(&p, default_args, arg_numbers.as_deref(), nargs)?;
        let mut all_actual: Vec<Oid> = exprs.iter().map(|e| e.ty.oid).collect();
        all_actual.extend(defaults.iter().map(|d| d.ty.oid));
        exprs.extend(defaults);
        let rettype = if syntax.call && p.kind == b'p' && p.result == oids::RECORD { oids::RECORD } else { p.result };
        let rettype = self.enforce_generic_type_consistency(&all_actual, &mut declared, rettype, false)?;
        let mut exprs = self.make_fn_arguments(exprs, &declared)?;
        if !matches!(kind, b'a' | b'w') {
            let positional = nargs - arg_names.len();
            exprs = exprs
                .into_iter()
                .enumerate()
                .map(|(i, arg)| {
                    if i < positional {
                        return arg;
                    }
                    let index = arg_numbers.as_ref().and_then(|n| n.get(i)).map_or(i, |n| *n) as i16;
                    let name = arg_names.get(i - positional).cloned().unwrap_or_default();
                    Expr::make(ExprKind::NamedArg { name, index, arg: arg.clone() }, arg.ty, arg.collation, arg.span)
                })
                .collect();
        } else if let Some(numbers) = &arg_numbers {
            // From the order of the call to the function's own.
            let mut slots: Vec<Option<Expr>> = (0..exprs.len()).map(|_| None).collect();
            for (e, n) in exprs.into_iter().zip(numbers) {
                if let Some(s) = slots.get_mut(*n) {
                    *s = Some(e);
                }
            }
            exprs = slots.into_iter().flatten().collect();
        }
        let vatype = p.variadic;
        let mut func_variadic = syntax.variadic && vatype != 0;
        if variadic_args > 0 && vatype != oids::ANY {
            let rest = exprs.split_off(nargs - variadic_args);
            let element = rest[0].ty.oid;
            let at = location(&rest[0]);
            let array = self.cat.array_type(element);
            if array == 0 {
                return Err(err!(UNDEFINED_OBJECT, "could not find array type for data type {}"; self.type_name(element))
                .at(at));
            }
            exprs.push(Expr::make(ExprKind::Array { elements: rest, element, nested: false }, TypeRef::new(array), 0, at));
            func_variadic = true;
        }
        if nargs > 0 && vatype == oids::ANY && func_variadic {
            let last = actual[nargs - 1];
            if self.cat.base_element_type(last) == 0 {
                let at = exprs.last().map_or(span, location);
                return Err(err!(DATATYPE_MISMATCH, "VARIADIC argument must be an array").at(at));
            }
        }
        if p.retset {
            self.check_srf_call_placement(last_srf, span)?;
        }
        let ty = TypeRef::new(rettype);
        if kind == b'a' && syntax.over.is_none() {
            return self
                .make_aggregate(&p, &shown, exprs, &all_actual, ty, filter, syntax, !arg_names.is_empty(), func_variadic, span)
                .map(Some);
        }
        if matches!(kind, b'a' | b'w') {
            return self.make_window_func(&p, &shown, exprs, &all_actual, ty, filter, syntax, last_srf, span).map(Some);
        }
        if p.retset {
            self.note_srf(span);
        }
        let e = Expr::make(ExprKind::Call(Box::new(FuncCall {
                func: p.oid,
                op: 0,
                args: exprs,
                input_collation: 0,
                variadic: func_variadic,
                retset: p.retset,
                form: if syntax.sql_syntax { CoercionForm::Sql } else { CoercionForm::Call },
                strict: p.strict,
                volatility: volatility(p.volatility),
            })), ty, 0, span);
        Ok(Some(e))
    }

    /// Notes that a set-returning function was called.
    pub fn note_srf(&mut self, span: Span) {
        let ps = self.ps();
        ps.srf_count += 1;
        ps.last_srf = LastSrf(span);
    }

    fn func_get_detail(
        &mut self,
        name: &[String],
        arg_names: &[String],
        actual: &[Oid],
        expand_variadic: bool,
        call: bool,
        span: Span,
    ) -> Result<Detail> {
        let (schema, func) = self.deconstruct(name, span)?;
        if let Some(s) = schema {
            if self.cat.lookup_schema(&self.path, s).is_none() {
                return Err(err!(INVALID_SCHEMA_NAME, "schema \"{}\" does not exist"; s).at(span));
            }
        }
        let mut candidates = self.cat.proc_candidates(
            &self.path,
            schema,
            func,
            Some(actual.len()),
            arg_names,
            expand_variadic,
            true,
            call,
        );
        let mut best = candidates.iter().position(|c| c.args.len() >= actual.len() && c.args[..actual.len()] == *actual);
        if best.is_none() {
            if actual.len() == 1 && arg_names.is_empty() {
                if let Some(target) = self.func_name_as_type(schema, func) {
                    let source = actual[0];
                    let cast = if source == oids::UNKNOWN {
                        true
                    } else {
                        match self.find_coercion_pathway(target, source, CoercionContext::Explicit) {
                            Pathway::Relabel => true,
                            Pathway::ViaIo => {
                                !((source == oids::RECORD || self.cat.type_relation(source) != 0)
                                    && self.cat.type_category(target).0 == category::STRING)
                            }
                            _ => false,
                        }
                    };
                    if cast {
                        return Ok(Detail::Coercion(target));
                    }
                }
            }
            if !candidates.is_empty() {
                let types: Vec<Vec<Oid>> = candidates.iter().map(|c| c.args.clone()).collect();
                match self.select_candidate(actual, &types) {
                    Ok(i) => best = Some(i),
                    Err(d) => return Ok(Detail::Not(d)),
                }
            }
        }
        let Some(i) = best else { return Ok(Detail::Not(FuncDetail::NotFound)) };
        let Candidate { proc, path: _, args, variadic_args, default_args, arg_numbers } = candidates.swap_remove(i);
        let Some(proc) = proc else { return Ok(Detail::Not(FuncDetail::Multiple)) };
        if let (Some(n), false) = (&arg_numbers, expand_variadic) {
            let nargs = actual.len();
            if nargs > 0 && n.get(nargs - 1) != Some(&(nargs - 1)) {
                return Ok(Detail::Not(FuncDetail::NotFound));
            }
        }
        Ok(Detail::Found(Box::new(Found { proc, declared: args, variadic_args, default_args, arg_numbers })))
    }

    /// A type meant by a function-like name (`FuncNameAsType`): not a composite, not a shell.
    fn func_name_as_type(&self, schema: Option<&str>, name: &str) -> Option<Oid> {
        let oid = self.cat.lookup_type(&self.path, schema, name)?;
        let t = self.cat.ty(oid)?;
        (t.defined && self.cat.type_relation(oid) == 0).then_some(oid)
    }

    /// The candidate the argument types are best converted to (`func_match_argtypes`, then `func_select_candidate`).
    pub fn select_candidate(&mut self, input: &[Oid], candidates: &[Vec<Oid>]) -> Result<usize, FuncDetail> {
        let mut live: Vec<usize> = (0..candidates.len())
            .filter(|i| {
                self.can_coerce_type(input, &candidates[*i][..input.len().min(candidates[*i].len())], CoercionContext::Implicit)
            })
            .collect();
        match live.len() {
            0 => return Err(FuncDetail::NotFound),
            1 => return Ok(live[0]),
            _ => {}
        }
        let base: Vec<Oid> =
            input.iter().map(|t| if *t == oids::UNKNOWN { *t } else { self.cat.base_type(*t) }).collect();
        let unknowns = base.iter().filter(|t| **t == oids::UNKNOWN).count();
        // Most exact matches.
        keep_best(&mut live, |i| {
            base.iter().zip(&candidates[i]).filter(|(b, c)| **b != oids::UNKNOWN && b == c).count()
        });
        if let [one] = live[..] {
            return Ok(one);
        }
        // Most exact or preferred matches.
        let mut slot: Vec<u8> = base.iter().map(|b| self.cat.type_category(*b).0).collect();
        keep_best(&mut live, |i| {
            (0..base.len())
                .filter(|k| {
                    base[*k] != oids::UNKNOWN
                        && (candidates[i][*k] == base[*k] || self.cat.is_preferred(slot[*k], candidates[i][*k]))
                })
                .count()
        });
        if let [one] = live[..] {
            return Ok(one);
        }
        if unknowns == 0 {
            return Err(FuncDetail::Multiple);
        }
        // What category the unknown literals seem to want.
        let mut resolved = true;
        let mut has_preferred = vec![false; base.len()];
        for k in (0..base.len()).filter(|k| base[*k] == oids::UNKNOWN) {
            let mut category_of = None;
            let mut conflict = false;
            for i in &live {
                let (c, preferred) = self.cat.type_category(candidates[*i][k]);
                match category_of {
                    None => {
                        category_of = Some(c);
                        has_preferred[k] = preferred;
                    }
                    Some(have) if have == c => has_preferred[k] |= preferred,
                    Some(_) if c == category::STRING => {
                        category_of = Some(c);
                        has_preferred[k] = preferred;
                    }
                    Some(_) => conflict = true,
                }
            }
            slot[k] = category_of.unwrap_or(0);
            if conflict && slot[k] != category::STRING {
                resolved = false;
                break;
            }
        }
        if resolved {
            let kept: Vec<usize> = live
                .iter()
                .copied()
                .filter(|i| {
                    (0..base.len()).filter(|k| base[*k] == oids::UNKNOWN).all(|k| {
                        let (c, preferred) = self.cat.type_category(candidates[*i][k]);
                        c == slot[k] && (!has_preferred[k] || preferred)
                    })
                })
                .collect();
            if !kept.is_empty() {
                live = kept;
            }
            if let [one] = live[..] {
                return Ok(one);
            }
        }
        // Assume the unknown ones to be of the type of the known ones.
        if unknowns < base.len() {
            let mut known = base.iter().filter(|b| **b != oids::UNKNOWN);
            if let Some(first) = known.next() {
                if known.all(|k| k == first) {
                    let assumed = vec![*first; base.len()];
                    let fits: Vec<usize> = live
                        .iter()
                        .copied()
                        .filter(|i| self.can_coerce_type(&assumed, &candidates[*i][..assumed.len()], CoercionContext::Implicit))
                        .collect();
                    if let [one] = fits[..] {
                        return Ok(one);
                    }
                }
            }
        }
        Err(FuncDetail::Multiple)
    }

    /// Converts arguments to what the function declares (`make_fn_arguments`).
    pub fn make_fn_arguments(&mut self, args: Vec<Expr>, declared: &[Oid]) -> Result<Vec<Expr>> {
        let mut out = Vec::with_capacity(args.len());
        for (a, d) in args.into_iter().zip(declared) {
            if a.ty.oid == *d {
                out.push(a);
                continue;
            }
            out.push(self.coerce_type(a, TypeRef::new(*d), CoercionContext::Implicit, CoercionForm::Implicit, Span::NONE)?);
        }
        Ok(out)
    }

    /// A function's defaults for the arguments a call left out, in the order of the candidate's arguments.
    fn proc_defaults(&mut self, p: &Rc<Proc>, count: usize, numbers: Option<&[usize]>, nargs: usize) -> Result<Vec<Expr>> {
        if count == 0 {
            return Ok(vec![]);
        }
        let total = self.cat.proc_default_count(p);
        let first = p.args.len() - total.min(p.args.len());
        let all: Vec<Expr> = if p.oid >= FIRST_USER_OID {
            p.defaults.iter().map(|d| (**d).clone()).collect()
        } else {
            let text = self.cat.proc_default_text(p.oid).unwrap_or("");
            crate::analyze::builtin_defaults(self.cx, text, &p.args[first..])?
        };
        let wanted: Vec<usize> = match numbers {
            Some(n) => n[nargs..].to_vec(),
            None => (nargs..p.args.len()).collect(),
        };
        wanted
            .into_iter()
            .map(|i| all.get(i.wrapping_sub(first)).cloned().ok_or_else(|| Error::internal("missing argument default")))
            .collect()
    }

    /// `f(int, name => text)` for messages (`func_signature_string`).
    pub fn func_signature(&self, name: &str, arg_names: &[String], actual: &[Oid]) -> String {
        let positional = actual.len() - arg_names.len().min(actual.len());
        let args: Vec<String> = actual
            .iter()
            .enumerate()
            .map(|(i, t)| match i.checked_sub(positional).and_then(|n| arg_names.get(n)) {
                Some(n) => filled!("{} => {}"; n, self.type_name(*t)),
                None => self.type_name(*t),
            })
            .collect();
        filled!("{}({})"; name, args.join(", "))
    }

    /// A field of a composite value (`ParseComplexProjection`).
    pub fn parse_complex_projection(&mut self, field: &str, arg: &Expr, span: Span) -> Result<Option<Expr>> {
        if let ExprKind::Var(v) = &arg.kind {
            if v.attno == 0 {
                let v = raw_copy(v);
                return self.whole_row_column(&v, field, span);
            }
        }
        let Some(columns) = self.tuple_columns(arg)? else { return Ok(None) };
        for (i, (name, ty, collation)) in columns.into_iter().enumerate() {
            if name == field {
                return Ok(Some(Expr::make(ExprKind::Field { arg: arg.clone(), field: i as i16 + 1 }, ty, collation, span)));
            }
        }
        Ok(None)
    }

    /// Where a set-returning function may stand (`check_srf_call_placement`).
    pub fn check_srf_call_placement(&mut self, last_srf: u32, span: Span) -> Result<()> {
        use Clause::*;
        let ps = self.ps();
        let clause = ps.clause;
        let place = match clause {
            None | Other => return Ok(()),
            JoinOn | JoinUsing => "JOIN conditions",
            FromFunction => {
                if ps.srf_count != last_srf {
                    let at = ps.last_srf.0;
                    return Err(
                        err!(FEATURE_NOT_SUPPORTED, "set-returning functions must appear at top level of FROM").at(at)
                    );
                }
                return Ok(());
            }
            SelectTarget | InsertTarget | WindowPartition | WindowOrder | GroupBy | OrderBy | DistinctOn | ValuesSingle => {
                ps.has_srfs = true;
                return Ok(());
            }
            Policy => "policy expressions",
            WindowFrameRange | WindowFrameRows | WindowFrameGroups => "window definitions",
            MergeWhen => "MERGE WHEN conditions",
            CheckConstraint | DomainCheck => "check constraints",
            ColumnDefault | FunctionDefault => "DEFAULT expressions",
            IndexExpression => "index expressions",
            IndexPredicate => "index predicates",
            StatsExpression => "statistics expressions",
            AlterColTransform => "transform expressions",
            ExecuteParameter => "EXECUTE parameters",
            TriggerWhen => "trigger WHEN conditions",
            PartitionBound => "partition bound",
            PartitionExpression => "partition key expressions",
            CallArgument => "CALL arguments",
            CopyWhere => "COPY FROM WHERE conditions",
            GeneratedColumn => "column generation expressions",
            FromSubselect | Where | Having | Filter | UpdateSource | UpdateTarget | Limit | Offset | Returning | Values
            | CycleMark => clause.name(),
        };
        Err(err!(FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in {}"; place).at(span))
    }
}

fn raw_copy(v: &tusklet_ir::Var) -> tusklet_ir::Var {
    tusklet_ir::Var { rte: v.rte, attno: v.attno, level: v.level }
}

fn keep_best(live: &mut Vec<usize>, score: impl Fn(usize) -> usize) {
    let scores: Vec<usize> = live.iter().map(|i| score(*i)).collect();
    let best = scores.iter().copied().max().unwrap_or(0);
    let mut it = scores.iter();
    live.retain(|_| it.next() == Some(&best));
}
