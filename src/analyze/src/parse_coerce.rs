//! Conversions between types (`parse_coerce.c`).
//!
//! A conversion is looked for in `pg_cast`, by what the context allows (implicitly, in an assignment, explicitly); where the
//! table has none, arrays convert element by element and strings through the text form. A domain converts as what it is over,
//! and its constraints are checked last. Functions here answer `None` when there is no way: only the caller knows how to word
//! it.
//! Polymorphic arguments are in `polymorphic.rs`.

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::TypeEntryKind;
use tusklet_catalog::resolve::{category, is_polymorphic};
use tusklet_error::{Error, Result, Span, bail, err, filled};
use tusklet_ir::{CoercionForm, Expr, ExprKind, FuncCall, Oid, TypeRef, Value, Volatility};

use crate::parse_node::{Analyzer, location, lookup_failed};

/// What the place of a conversion allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoercionContext {
    /// In an expression.
    Implicit,
    /// Storing into a column.
    Assignment,
    /// PL/pgSQL assignment: as assignment, through the text form when there is no cast.
    Plpgsql,
    /// CAST.
    Explicit,
}

/// How a conversion is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pathway {
    /// Not at all.
    None,
    /// By a function.
    Func(Oid),
    /// The value is the same.
    Relabel,
    /// Element by element.
    Array,
    /// Through the text form.
    ViaIo,
}

/// `pg_proc.provolatile` as an enum.
pub fn volatility(c: u8) -> Volatility {
    match c {
        b'i' => Volatility::Immutable,
        b's' => Volatility::Stable,
        _ => Volatility::Volatile,
    }
}

impl Analyzer<'_> {
    /// Converts to a type and modifier, or `None` when the context does not allow it (`coerce_to_target_type`).
    pub fn coerce_to_target_type(
        &mut self,
        expr: Expr,
        target: TypeRef,
        context: CoercionContext,
        form: CoercionForm,
        span: Span,
    ) -> Result<Option<Expr>> {
        let from = expr.ty.oid;
        if !self.can_coerce_type(&[from], &[target.oid], context) {
            return Ok(None);
        }
        // COLLATE stays on top.
        let mut inner = expr;
        let mut collate = None;
        let inner = loop {
            match inner.uncollate() {
                Ok((arg, collation, at)) => {
                    collate.get_or_insert((collation, at));
                    inner = arg;
                }
                Err(plain) => break plain,
            }
        };
        let before = (inner.ty, std::mem::discriminant(&inner.kind));
        let result = self.coerce_type(inner, target, context, form, span)?;
        let changed = before != (result.ty, std::mem::discriminant(&result.kind));
        let hide = changed && !matches!(result.kind, ExprKind::Const(_));
        let mut result = self.coerce_type_typmod(result, target, context, form, span, hide)?;
        if let (Some((collation, at)), true) = (collate, self.cat.type_collation(target.oid) != 0) {
            let ty = result.ty;
            result = Expr::make(ExprKind::Collate(result), ty, collation, at);
        }
        Ok(Some(result))
    }

    /// Converts to a type; the caller has checked that it can be done (`coerce_type`).
    pub fn coerce_type(
        &mut self,
        node: Expr,
        target: TypeRef,
        context: CoercionContext,
        form: CoercionForm,
        span: Span,
    ) -> Result<Expr> {
        let input = node.ty.oid;
        let to = target.oid;
        if input == to {
            return Ok(node);
        }
        if matches!(
            to,
            oids::ANY | oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY
        ) {
            return Ok(node);
        }
        if is_polymorphic(to) && input != oids::UNKNOWN {
            let base = self.cat.base_type(input);
            if base != input {
                return Ok(relabel(node, TypeRef::new(base), form, span));
            }
            return Ok(node);
        }
        if input == oids::UNKNOWN {
            if let ExprKind::Const(value) = &node.kind {
                let base = self.cat.base_type_and_typmod(target);
                // Only interval's input looks at the modifier; the others are fitted by a length coercion afterwards.
                let input_mod = if base.oid == oids::INTERVAL { base.typmod } else { -1 };
                let ty = TypeRef { oid: base.oid, typmod: input_mod };
                let value = match value {
                    Value::Bytes(b) => {
                        let text = std::str::from_utf8(b).unwrap_or("").to_string();
                        let at = if node.span.is_none() { span } else { node.span };
                        self.cx.input(ty, &text).map_err(|e| e.nowhere().at(at))?
                    }
                    _ => {
                        // The input functions of pseudo-types refuse NULL too.
                        let refuses = self.cat.ty(base.oid).is_some_and(|t| {
                            matches!(t.kind, TypeEntryKind::Pseudo)
                                && t.io.first().and_then(|f| self.cat.proc(*f)).is_some_and(|p| !p.strict)
                        });
                        if refuses {
                            let at = if node.span.is_none() { span } else { node.span };
                            return Err(err!(
                                FEATURE_NOT_SUPPORTED,
                                "cannot accept a value of type {}",
                                self.type_name(base.oid)
                            )
                            .at(at));
                        }
                        Value::Null
                    }
                };
                let result = Expr::make(ExprKind::Const(value), ty, self.cat.type_collation(base.oid), node.span);
                if base.oid != to {
                    return self.coerce_to_domain(result, Some(base), to, context, form, span, false);
                }
                return Ok(result);
            }
        }
        let node = match self.coerce_param(node, target, span)? {
            Ok(done) => return Ok(done),
            Err(node) => node,
        };
        let node = match node.uncollate() {
            Ok((arg, collation, at)) => {
                let mut r = self.coerce_type(arg, target, context, form, span)?;
                if self.cat.type_collation(to) != 0 {
                    let ty = r.ty;
                    r = Expr::make(ExprKind::Collate(r), ty, collation, at);
                }
                return Ok(r);
            }
            Err(node) => node,
        };
        let path = self.find_coercion_pathway(to, input, context);
        match path {
            Pathway::None => {}
            Pathway::Relabel => {
                let node = match self.coerce_to_domain_if(node, to, context, form, span)? {
                    Ok(done) => return Ok(done),
                    Err(node) => node,
                };
                return Ok(relabel(node, TypeRef::new(to), form, span));
            }
            _ => {
                let base = self.cat.base_type_and_typmod(target);
                let r = self.build_coercion(node, path, base, context, form, span)?;
                if to != base.oid {
                    return self.coerce_to_domain(r, Some(base), to, context, form, span, true);
                }
                return Ok(r);
            }
        }
        if input == oids::RECORD && self.cat.type_relation(to) != 0 {
            return self.coerce_record_to_complex(node, to, context, form, span);
        }
        if to == oids::RECORD && self.cat.type_relation(input) != 0 {
            return Ok(node);
        }
        if to == oids::RECORD_ARRAY && self.cat.is_composite_array(input) {
            return Ok(node);
        }
        if self.cat.type_inherits_from(input, to) {
            let base = self.cat.base_type(input);
            let node =
                if base != input { relabel(node, TypeRef::new(base), CoercionForm::Implicit, span) } else { node };
            return Ok(Expr::make(ExprKind::ConvertRowtype { arg: node, form }, TypeRef::new(to), 0, span));
        }
        Err(Error::internal(filled!(
            "failed to find conversion function from {} to {}"; self.type_name(input), self.type_name(to)
        )))
    }

    /// Whether all the inputs can be converted to their targets (`can_coerce_type`).
    pub fn can_coerce_type(&self, inputs: &[Oid], targets: &[Oid], context: CoercionContext) -> bool {
        let mut generic = false;
        for (&input, &target) in inputs.iter().zip(targets) {
            if input == target || target == oids::ANY {
                continue;
            }
            if is_polymorphic(target) {
                generic = true;
                continue;
            }
            if input == oids::UNKNOWN {
                continue;
            }
            if self.find_coercion_pathway(target, input, context) != Pathway::None {
                continue;
            }
            if input == oids::RECORD && self.cat.type_relation(target) != 0 {
                continue;
            }
            if target == oids::RECORD && self.cat.type_relation(input) != 0 {
                continue;
            }
            if target == oids::RECORD_ARRAY && self.cat.is_composite_array(input) {
                continue;
            }
            if self.cat.type_inherits_from(input, target) {
                continue;
            }
            return false;
        }
        !generic || self.check_generic_type_consistency(inputs, targets)
    }

    /// How to get from one type to the other (`find_coercion_pathway`).
    pub fn find_coercion_pathway(&self, target: Oid, source: Oid, context: CoercionContext) -> Pathway {
        let (target, source) = (self.cat.base_type(target), self.cat.base_type(source));
        if source == target {
            return Pathway::Relabel;
        }
        if let Some(c) = self.cat.cast(source, target) {
            let needs = match c.context {
                b'i' => CoercionContext::Implicit,
                b'a' => CoercionContext::Assignment,
                _ => CoercionContext::Explicit,
            };
            if context < needs {
                return Pathway::None;
            }
            return match c.method {
                b'f' => Pathway::Func(c.func),
                b'i' => Pathway::ViaIo,
                _ => Pathway::Relabel,
            };
        }
        if !matches!(target, oids::OIDVECTOR | oids::INT2VECTOR) {
            let (te, se) = (self.cat.element_type(target), self.cat.element_type(source));
            if te != 0 && se != 0 && self.find_coercion_pathway(te, se, context) != Pathway::None {
                return Pathway::Array;
            }
        }
        if context >= CoercionContext::Assignment && self.cat.type_category(target).0 == category::STRING {
            return Pathway::ViaIo;
        }
        if context >= CoercionContext::Explicit && self.cat.type_category(source).0 == category::STRING {
            return Pathway::ViaIo;
        }
        if context == CoercionContext::Plpgsql {
            return Pathway::ViaIo;
        }
        Pathway::None
    }

    /// The function that fits a value to its type's modifier (`find_typmod_coercion_function`).
    pub fn find_typmod_coercion(&self, ty: Oid) -> Pathway {
        let element = self.cat.element_type(ty);
        let of = if element != 0 { element } else { ty };
        match self.cat.cast(of, of) {
            Some(c) if c.func != 0 => {
                if element != 0 {
                    Pathway::Array
                } else {
                    Pathway::Func(c.func)
                }
            }
            _ => Pathway::None,
        }
    }

    fn build_coercion(
        &mut self,
        node: Expr,
        path: Pathway,
        target: TypeRef,
        context: CoercionContext,
        form: CoercionForm,
        span: Span,
    ) -> Result<Expr> {
        match path {
            Pathway::Func(func) => {
                let p = self.cat.proc(func).ok_or_else(|| lookup_failed("function", func))?;
                let mut args = vec![node];
                let mut typmod = -1;
                if p.args.len() >= 2 {
                    args.push(Expr::constant(Value::I32(target.typmod), TypeRef::new(oids::INT4)));
                    typmod = target.typmod;
                }
                if p.args.len() == 3 {
                    args.push(Expr::constant(
                        Value::Bool(context == CoercionContext::Explicit),
                        TypeRef::new(oids::BOOL),
                    ));
                }
                // `int2` becomes an `oid` by way of `int4`, whose bits the numbers of objects share.
                let by_int4 = p.result == oids::INT4 && target.oid != oids::INT4;
                let call = Expr::make(
                    ExprKind::Call(Box::new(FuncCall {
                        func,
                        op: 0,
                        args,
                        input_collation: 0,
                        variadic: false,
                        retset: false,
                        form: if by_int4 { CoercionForm::Implicit } else { form },
                        strict: p.strict,
                        volatility: volatility(p.volatility),
                    })),
                    if by_int4 { TypeRef::new(oids::INT4) } else { TypeRef { oid: target.oid, typmod } },
                    self.cat.type_collation(target.oid),
                    span,
                );
                if !by_int4 {
                    return Ok(call);
                }
                let (ty, collation) = (TypeRef::new(target.oid), call.collation);
                Ok(Expr::make(ExprKind::Relabel { arg: call, form }, ty, collation, span))
            }
            Pathway::Array => {
                let source = self.cat.base_type_and_typmod(node.ty);
                let se = self.cat.element_type(source.oid);
                let test = Expr::make(
                    ExprKind::CaseTest,
                    TypeRef { oid: se, typmod: source.typmod },
                    node.collation,
                    Span::NONE,
                );
                let te = self.cat.element_type(target.oid);
                let wanted = TypeRef { oid: te, typmod: target.typmod };
                let element = self
                    .coerce_to_target_type(test, wanted, context, form, span)?
                    .ok_or_else(|| Error::internal("failed to coerce array element type as expected"))?;
                let typmod = element.ty.typmod;
                Ok(Expr::make(
                    ExprKind::ArrayCoerce { arg: node, element: element, form },
                    TypeRef { oid: target.oid, typmod },
                    self.cat.type_collation(target.oid),
                    span,
                ))
            }
            Pathway::ViaIo => Ok(Expr::make(
                ExprKind::ViaIo { arg: node, form },
                TypeRef::new(target.oid),
                self.cat.type_collation(target.oid),
                span,
            )),
            Pathway::None | Pathway::Relabel => Err(Error::internal("unsupported pathtype in build_coercion")),
        }
    }

    /// Fits a value to a type's modifier (`coerce_type_typmod`).
    pub fn coerce_type_typmod(
        &mut self,
        node: Expr,
        target: TypeRef,
        context: CoercionContext,
        form: CoercionForm,
        span: Span,
        hide_input: bool,
    ) -> Result<Expr> {
        if target.typmod == node.ty.typmod {
            return Ok(node);
        }
        let mut node = node;
        if hide_input {
            hide_coercion(&mut node);
        }
        let path = if target.typmod < 0 { Pathway::None } else { self.find_typmod_coercion(target.oid) };
        if path != Pathway::None {
            return self.build_coercion(node, path, target, context, form, span);
        }
        // Nothing to do at run time; the expression only says it has the modifier.
        if matches!(node.kind, ExprKind::Const(_) | ExprKind::Relabel { .. }) {
            node.ty = target;
            return Ok(node);
        }
        let collation = node.collation;
        Ok(Expr::make(ExprKind::Relabel { arg: node, form }, target, collation, span))
    }

    fn coerce_to_domain_if(
        &mut self,
        node: Expr,
        to: Oid,
        context: CoercionContext,
        form: CoercionForm,
        span: Span,
    ) -> Result<Result<Expr, Expr>> {
        if self.cat.base_type(to) == to {
            return Ok(Err(node));
        }
        Ok(Ok(self.coerce_to_domain(node, None, to, context, form, span, false)?))
    }

    /// Converts to a domain from what it is over (`coerce_to_domain`).
    #[allow(clippy::too_many_arguments)]
    pub fn coerce_to_domain(
        &mut self,
        node: Expr,
        base: Option<TypeRef>,
        domain: Oid,
        context: CoercionContext,
        form: CoercionForm,
        span: Span,
        hide_input: bool,
    ) -> Result<Expr> {
        let base = base.unwrap_or_else(|| self.cat.base_type_and_typmod(TypeRef::new(domain)));
        if base.oid == domain {
            return Ok(node);
        }
        let mut node = node;
        if hide_input {
            hide_coercion(&mut node);
        }
        // The modifier of what the domain is over is always an implicit part of the domain; it cuts as an explicit one does.
        let node = self.coerce_type_typmod(node, base, context, CoercionForm::Implicit, span, false)?;
        Ok(Expr::make(
            ExprKind::ToDomain { arg: node, form },
            TypeRef::new(domain),
            self.cat.type_collation(domain),
            span,
        ))
    }

    fn coerce_record_to_complex(
        &mut self,
        node: Expr,
        to: Oid,
        context: CoercionContext,
        form: CoercionForm,
        span: Span,
    ) -> Result<Expr> {
        let (name, at) = (self.type_name(to), if span.is_none() { location(&node) } else { span });
        let (row_at, at_node) = (node.span, location(&node));
        let cannot = |detail: Option<String>, at: Span| {
            let e = err!(CANNOT_COERCE, "cannot cast type record to {}"; name).at(at);
            match detail {
                Some(d) => e.detail(d),
                None => e,
            }
        };
        let fields = match node.into_kind() {
            ExprKind::Row { fields, .. } => fields,
            ExprKind::Var(v) if v.attno == 0 => {
                let rte = self.level(v.level).rtable[v.rte as usize].clone();
                let mut out = vec![];
                for (i, c) in rte.columns.iter().enumerate().filter(|(_, c)| !c.name.is_empty()) {
                    out.push(Expr::make(
                        ExprKind::Var(tusklet_ir::Var { rte: v.rte, attno: i as i16 + 1, level: v.level }),
                        c.ty,
                        c.collation,
                        at,
                    ));
                }
                out
            }
            _ => return Err(cannot(None, at_node)),
        };
        let base = self.cat.base_type(to);
        let rel = self.cat.type_relation(base);
        let rel = self.cat.relation(rel).ok_or_else(|| lookup_failed("relation", rel))?;
        let mut out = vec![];
        let mut names = vec![];
        let mut given = fields.into_iter();
        for (i, c) in rel.columns.iter().enumerate() {
            if c.dropped {
                continue;
            }
            let Some(f) = given.next() else {
                return Err(cannot(Some("Input has too few columns.".into()), at));
            };
            let (from, at) = (f.ty.oid, location(&f));
            match self.coerce_to_target_type(f, c.ty, context, CoercionForm::Implicit, Span::NONE)? {
                Some(v) => out.push(v),
                None => {
                    return Err(cannot(
                        Some(format!(
                            "Cannot cast type {} to {} in column {}.",
                            self.type_name(from),
                            self.type_name(c.ty.oid),
                            i + 1
                        )),
                        at,
                    ));
                }
            }
            names.push(c.name.clone());
        }
        if given.next().is_some() {
            return Err(cannot(Some("Input has too many columns.".into()), at));
        }
        let row = Expr::make(ExprKind::Row { fields: out, names }, TypeRef::new(base), 0, row_at);
        if base != to {
            return self.coerce_to_domain(row, None, to, context, form, span, false);
        }
        Ok(row)
    }

    /// A condition (`coerce_to_boolean`).
    pub fn coerce_to_boolean(&mut self, node: Expr, construct: &str) -> Result<Expr> {
        let node = if node.ty.oid != oids::BOOL {
            let (from, at) = (node.ty.oid, location(&node));
            match self.coerce_to_target_type(
                node,
                TypeRef::new(oids::BOOL),
                CoercionContext::Assignment,
                CoercionForm::Implicit,
                Span::NONE,
            )? {
                Some(e) => e,
                None => {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "argument of {} must be type boolean, not type {}";
                        construct,
                        self.type_name(from)
                    )
                    .at(at));
                }
            }
        } else {
            node
        };
        if returns_set(&node) {
            return Err(err!(DATATYPE_MISMATCH, "argument of {} must not return a set"; construct).at(location(&node)));
        }
        Ok(node)
    }

    /// An expression that must have a type (`coerce_to_specific_type_typmod`).
    pub fn coerce_to_specific_type(&mut self, node: Expr, target: TypeRef, construct: &str) -> Result<Expr> {
        let node = if node.ty.oid != target.oid {
            let (from, at) = (node.ty.oid, location(&node));
            match self.coerce_to_target_type(
                node,
                target,
                CoercionContext::Assignment,
                CoercionForm::Implicit,
                Span::NONE,
            )? {
                Some(e) => e,
                None => {
                    return Err(err!(
                        DATATYPE_MISMATCH,
                        "argument of {construct} must be type {}, not type {}",
                        self.type_name(target.oid),
                        self.type_name(from)
                    )
                    .at(at));
                }
            }
        } else {
            node
        };
        if returns_set(&node) {
            return Err(err!(DATATYPE_MISMATCH, "argument of {} must not return a set"; construct).at(location(&node)));
        }
        Ok(node)
    }

    /// A typed NULL (`coerce_null_to_domain`).
    pub fn null_of(&mut self, ty: TypeRef, collation: Oid) -> Result<Expr> {
        let base = self.cat.base_type_and_typmod(ty);
        let mut e = Expr::constant(Value::Null, base);
        e.collation = collation;
        if base.oid != ty.oid {
            e = self.coerce_to_domain(
                e,
                Some(base),
                ty.oid,
                CoercionContext::Implicit,
                CoercionForm::Implicit,
                Span::NONE,
                false,
            )?;
        }
        Ok(e)
    }

    /// The type UNION, CASE, VALUES, COALESCE and the like give their branches (`select_common_type`). Without `context`,
    /// answers 0 instead of raising.
    pub fn select_common_type(&mut self, exprs: &[(Oid, Span)], context: Option<&str>) -> Result<Oid> {
        let Some(&(first, _)) = exprs.first() else { bail!(INTERNAL_ERROR, "no expressions to choose a type of") };
        let mut ptype = first;
        let mut start = 1;
        if ptype != oids::UNKNOWN {
            while start < exprs.len() && exprs[start].0 == ptype {
                start += 1;
            }
            if start == exprs.len() {
                return Ok(ptype);
            }
        }
        ptype = self.cat.base_type(ptype);
        let (mut pcategory, mut ppreferred) = self.cat.type_category(ptype);
        for &(ty, span) in &exprs[start..] {
            let ntype = self.cat.base_type(ty);
            if ntype == oids::UNKNOWN || ntype == ptype {
                continue;
            }
            let (ncategory, npreferred) = self.cat.type_category(ntype);
            if ptype == oids::UNKNOWN {
                (ptype, pcategory, ppreferred) = (ntype, ncategory, npreferred);
            } else if ncategory != pcategory {
                return match context {
                    Some(c) => Err(err!(
                        DATATYPE_MISMATCH,
                        "{} types {} and {} cannot be matched";
                        c,
                        self.type_name(ptype),
                        self.type_name(ntype)
                    )
                    .at(span)),
                    None => Ok(0),
                };
            } else if !ppreferred
                && self.can_coerce_type(&[ptype], &[ntype], CoercionContext::Implicit)
                && !self.can_coerce_type(&[ntype], &[ptype], CoercionContext::Implicit)
            {
                (ptype, pcategory, ppreferred) = (ntype, ncategory, npreferred);
            }
        }
        if ptype == oids::UNKNOWN {
            ptype = oids::TEXT;
        }
        Ok(ptype)
    }

    /// As [`Analyzer::select_common_type`] over expressions.
    pub fn common_type(&mut self, exprs: &[Expr], context: Option<&str>) -> Result<Oid> {
        let list: Vec<(Oid, Span)> = exprs.iter().map(|e| (e.ty.oid, location(e))).collect();
        self.select_common_type(&list, context)
    }

    /// The modifier shared by all (`select_common_typmod`).
    pub fn common_typmod(exprs: &[&Expr], common: Oid) -> i32 {
        let mut typmod = None;
        for e in exprs {
            if e.ty.oid != common {
                return -1;
            }
            match typmod {
                None => typmod = Some(e.ty.typmod),
                Some(t) if t != e.ty.typmod => return -1,
                _ => {}
            }
        }
        typmod.unwrap_or(-1)
    }

    /// Converts a branch to the common type (`coerce_to_common_type`).
    pub fn coerce_to_common_type(&mut self, node: Expr, target: Oid, context: &str) -> Result<Expr> {
        if node.ty.oid == target {
            return Ok(node);
        }
        if self.can_coerce_type(&[node.ty.oid], &[target], CoercionContext::Implicit) {
            return self.coerce_type(
                node,
                TypeRef::new(target),
                CoercionContext::Implicit,
                CoercionForm::Implicit,
                Span::NONE,
            );
        }
        Err(err!(
            CANNOT_COERCE,
            "{context} could not convert type {} to {}",
            self.type_name(node.ty.oid),
            self.type_name(target)
        )
        .at(location(&node)))
    }
}

/// The same bits as another type.
pub fn relabel(node: Expr, ty: TypeRef, form: CoercionForm, span: Span) -> Expr {
    // As `makeRelabelType`, the collation is settled later.
    let collation = node.collation;
    Expr::make(ExprKind::Relabel { arg: node, form }, ty, collation, span)
}

/// Makes the outermost conversion one that is not printed (`hide_coercion_node`).
fn hide_coercion(e: &mut Expr) {
    match &mut e.kind {
        ExprKind::Call(c) if c.op == 0 => c.form = CoercionForm::Implicit,
        ExprKind::Relabel { form, .. }
        | ExprKind::ViaIo { form, .. }
        | ExprKind::ArrayCoerce { form, .. }
        | ExprKind::ConvertRowtype { form, .. }
        | ExprKind::ToDomain { form, .. } => *form = CoercionForm::Implicit,
        _ => {}
    }
}

/// Whether an expression returns a set at any depth (`expression_returns_set`).
pub fn returns_set(e: &Expr) -> bool {
    tusklet_ir::visit::any(e, &mut |x| matches!(&x.kind, ExprKind::Call(c) if c.retset))
}
