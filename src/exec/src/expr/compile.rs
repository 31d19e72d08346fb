//! From [`ir::Expr`](tusklet_ir::Expr) to [`CExpr`].

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::TypeEntryKind;
use tusklet_error::{Error, Result, SortShort, TryVec, err};
use tusklet_ir::{Expr, ExprKind, FuncCall, HashKey, Oid, Param, SubLinkKind, SubPlanRef};
use tusklet_vector::key::KeyPart;
use tusklet_vector::{CallContext, CallSite, Kernel, Phys, TypeKind, TypeRef, Value};

use super::container::{CArrayCoerce, CDomain, CSubscript, DomainCheck, container_call, fields};
use super::subplan::CHashKey;
use super::{CCall, CExpr, CScalarArray, CSubPlan, Kind};
use crate::compile::Compiler;
use crate::func::{Func, default_comparison, key_order};
use crate::types::{self, INT4, RECORD, TEXT, phys};

const JSONB: Oid = 3802;

/// Functions that refuse to compare strings without a collation.
const COMPARES_TEXT: [&str; 9] =
    ["texteq", "textne", "text_lt", "text_le", "text_gt", "text_ge", "bttextcmp", "text_larger", "text_smaller"];

/// `check_collation_set`.
pub(crate) fn no_collation(what: &str) -> Error {
    err!(INDETERMINATE_COLLATION, "could not determine which collation to use for string {}"; what)
        .hint("Use the COLLATE clause to set the collation explicitly.")
}

impl Compiler<'_, '_> {
    /// Compiles an expression over columns of a batch.
    pub fn expr(&mut self, e: &Expr) -> Result<CExpr> {
        let ty = phys(&self.cx.catalog, e.ty.oid);
        let kind = self.kind(e, ty)?;
        // The two forms whose type is what their input's is, whatever the node says.
        let ty = match &kind {
            Kind::Const(_, phys, _) => *phys,
            _ => ty,
        };
        let volatile = self.is_volatile(&kind);
        Ok(CExpr { kind, phys: ty, volatile })
    }

    /// Several.
    pub fn exprs(&mut self, list: &[Expr]) -> Result<Vec<CExpr>> {
        list.iter().map(|e| self.expr(e)).collect()
    }

    fn boxed(&mut self, e: &Expr) -> Result<Box<CExpr>> {
        Ok(Box::new(self.expr(e)?))
    }

    fn is_volatile(&self, kind: &Kind) -> bool {
        let own = match kind {
            Kind::Call(c) | Kind::NullIf(c) | Kind::Distinct(c) => {
                if c.func.talks() {
                    self.talks.set(true);
                }
                c.func.volatile
            }
            Kind::NextVal(_) => true,
            Kind::SubPlan(s) => s.is_multi(),
            Kind::Exec(id) => self.multi.contains(id),
            _ => false,
        };
        if own {
            return true;
        }
        let mut found = false;
        kind.children(&mut |e| found |= e.volatile);
        found
    }

    fn kind(&mut self, e: &Expr, ty: Phys) -> Result<Kind> {
        Ok(match &e.kind {
            ExprKind::Const(v) => Kind::Const(v.clone(), ty, OnceCell::new()),
            ExprKind::Column(i) => Kind::Column(*i),
            ExprKind::Param(Param::External(n)) => Kind::Param(n.saturating_sub(1)),
            ExprKind::Param(Param::Exec(id)) => {
                self.used.push(*id);
                Kind::Exec(*id)
            }
            ExprKind::Call(c) => {
                // An expression the catalog keeps has not been planned.
                if let Some(ExprKind::NamedArg { .. }) = c.args.last().map(|a| &a.kind) {
                    let mut e = e.clone();
                    self.cx.catalog.order_arguments(&mut e);
                    return self.kind(&e, ty);
                }
                let call = self.call(c, e.ty)?;
                if c.retset {
                    return Err(crate::func::no_set());
                }
                Kind::Call(Box::new(call))
            }
            ExprKind::And(args) => Kind::And(self.exprs(args)?),
            ExprKind::Or(args) => Kind::Or(self.exprs(args)?),
            ExprKind::Not(a) => Kind::Not(self.boxed(a)?),
            ExprKind::Case { arg, whens, default } => Kind::Case {
                arg: match arg {
                    Some(a) => Some(self.boxed(a)?),
                    None => None,
                },
                whens: whens.iter().map(|w| Ok((self.expr(&w.cond)?, self.expr(&w.result)?))).try_vec()?,
                default: self.boxed(default)?,
            },
            ExprKind::CaseTest | ExprKind::DomainValue => Kind::CaseTest,
            ExprKind::Coalesce(args) => Kind::Coalesce(self.exprs(args)?),
            ExprKind::MinMax { greatest, args, cmp, input_collation } => {
                let arg = args.first().map_or(e.ty, |a| a.ty);
                let cmp = self.comparison(*cmp, arg, arg, *input_collation)?;
                Kind::MinMax { greatest: *greatest, args: self.exprs(args)?, cmp: Box::new(cmp) }
            }
            ExprKind::NullIf(c) => Kind::NullIf(Box::new(self.bool_call(c)?)),
            ExprKind::Distinct(c) => Kind::Distinct(Box::new(self.bool_call(c)?)),
            ExprKind::NullTest { arg, negated, row: false } => {
                Kind::NullTest { arg: self.boxed(arg)?, negated: *negated }
            }
            ExprKind::NullTest { arg, negated, row: true } => {
                let test = self.container("tusklet_record_nulls", &[arg], TypeRef::new(INT4))?;
                Kind::RowNullTest { test: Box::new(test), negated: *negated }
            }
            ExprKind::BoolTest { arg, kind } => Kind::BoolTest { arg: self.boxed(arg)?, kind: *kind },
            ExprKind::ScalarArray { op, func, any, left, right, input_collation } => {
                let s = self.scalar_array(*op, *func, *any, left, right, *input_collation)?;
                Kind::ScalarArray(Box::new(s))
            }
            ExprKind::Array { elements, element: _, nested } => {
                let name = if *nested { "tusklet_array_nest" } else { "tusklet_array_construct" };
                let args: Vec<&Expr> = elements.iter().collect();
                Kind::Container(Box::new(self.container(name, &args, e.ty)?))
            }
            ExprKind::Xml { op, name, names, args, document } => {
                let mut text = format!("{}{}\0{name}", *op as u8, *document as u8);
                for n in names {
                    text.push('\0');
                    text.push_str(n);
                }
                let text = Expr::constant(Value::text(&text), TypeRef::new(TEXT));
                let args: Vec<&Expr> = std::iter::once(&text).chain(args).collect();
                Kind::Container(Box::new(self.container("tusklet_xml", &args, e.ty)?))
            }
            ExprKind::Row { fields, names } => {
                let mut args: Vec<&Expr> = fields.iter().collect();
                let named = e.ty.oid == RECORD
                    && names.len() == fields.len()
                    && names.iter().enumerate().any(|(i, n)| *n != format!("f{}", i + 1));
                if named {
                    let text = Expr::constant(Value::text(&names.join("\0")), TypeRef::new(TEXT));
                    args.insert(0, &text);
                    return Ok(Kind::Container(Box::new(self.container("tusklet_record_named", &args, e.ty)?)));
                }
                Kind::Container(Box::new(self.container("tusklet_record_construct", &args, e.ty)?))
            }
            ExprKind::RowCompare { kind, ops: _, funcs, left, right, collations } => {
                let mut cmps = Vec::with_capacity(funcs.len());
                for (i, f) in funcs.iter().enumerate() {
                    let (Some(l), Some(r)) = (left.get(i), right.get(i)) else { break };
                    cmps.push(self.comparison(*f, l.ty, r.ty, collations.get(i).copied().unwrap_or(0))?);
                }
                Kind::RowCompare { kind: *kind, cmps, left: self.exprs(left)?, right: self.exprs(right)? }
            }
            ExprKind::Field { arg, field } => {
                let n = Expr::constant(Value::I32(*field as i32), TypeRef::new(INT4));
                Kind::Container(Box::new(self.container("tusklet_record_field", &[arg, &n], e.ty)?))
            }
            ExprKind::FieldStore { arg, values, fields } => {
                let store = self.container("tusklet_record_store", &[], e.ty)?;
                Kind::FieldStore {
                    store: Box::new(store),
                    arg: self.boxed(arg)?,
                    values: self.exprs(values)?,
                    fields: fields.clone(),
                }
            }
            ExprKind::Subscript { container, upper, lower, element: _, assign } => {
                self.subscript(e, container, upper, lower.as_deref(), assign.as_ref())?
            }
            ExprKind::Relabel { arg, form: _ } => {
                let inner = self.expr(arg)?;
                if inner.phys == ty {
                    return Ok(inner.kind);
                }
                Kind::Relabel(Box::new(inner))
            }
            ExprKind::Collate(arg) => return Ok(self.expr(arg)?.kind),
            ExprKind::ViaIo { arg, form: _ } => Kind::ViaIo { arg: self.boxed(arg)?, from: arg.ty.oid, to: e.ty },
            ExprKind::ArrayCoerce { arg, element, form: _ } => {
                let from = self.element_type(arg.ty.oid)?;
                let elements = self.container("tusklet_array_elements", &[], TypeRef::new(from))?;
                let like = self.container("tusklet_array_like", &[arg, element], e.ty)?;
                Kind::ArrayCoerce(Box::new(CArrayCoerce {
                    arg: self.expr(arg)?,
                    element: self.expr(element)?,
                    elements,
                    element_phys: phys(&self.cx.catalog, from),
                    like: CCall { args: vec![], ..like },
                }))
            }
            ExprKind::ConvertRowtype { arg, form: _ } => return self.convert_row(arg, e.ty),
            ExprKind::ToDomain { arg, form: _ } => {
                let arg = self.expr(arg)?;
                let checks = self.domain_checks(e.ty.oid)?;
                if checks.is_empty() {
                    return Ok(arg.kind);
                }
                Kind::Domain(Box::new(CDomain { arg, checks }))
            }
            ExprKind::SqlValue(k) => Kind::SqlValue(*k, e.ty),
            ExprKind::NextVal(seq) => Kind::NextVal(*seq),
            ExprKind::SubPlan(s) => self.subplan(s, e.ty)?,
            ExprKind::WholeRow { first, fields } => {
                let types = self.row_types(e.ty.oid, *fields)?;
                let args: Vec<Expr> =
                    (0..*fields).map(|i| Expr::new(ExprKind::Column(first + i), types[i as usize])).collect();
                let refs: Vec<&Expr> = args.iter().collect();
                Kind::Container(Box::new(self.container("tusklet_record_construct", &refs, e.ty)?))
            }
            ExprKind::CurrentOf { .. } => {
                return Err(Error::unsupported("WHERE CURRENT OF in this place"));
            }
            ExprKind::Var(_)
            | ExprKind::Param(Param::SubLink(_))
            | ExprKind::SetToDefault
            | ExprKind::SubLink(_)
            | ExprKind::NamedArg { .. }
            | ExprKind::XmlTable(_)
            | ExprKind::Aggregate(_)
            | ExprKind::Window(_)
            | ExprKind::Grouping { .. } => {
                // Not which one: printing a tree is 24 KiB of code that nobody would ever see run.
                return Err(Error::internal("expression cannot be executed"));
            }
        })
    }

    /// A function the statement calls: whoever the plan is made for must be allowed to.
    pub fn called(&mut self, func: Oid, what: &str) -> Result<Rc<Func>> {
        let f = self.cx.func(func)?;
        if f.guarded {
            self.cx.host.check_execute(func, what)?;
        }
        Ok(f)
    }

    /// A call with its site.
    pub fn call(&mut self, c: &FuncCall, result: TypeRef) -> Result<CCall> {
        let mut func = self.called(c.func, "function")?;
        // `check_collation_set`: the operands' collations contradict each other, which is found out when rows come.
        if c.input_collation == 0 && c.args.len() == 2 && COMPARES_TEXT.contains(&func.name.as_str()) {
            func = Rc::new(func.with_kernel(Kernel::Scalar(|_, _, _| Err(no_collation("comparison")))));
        }
        Ok(CCall {
            site: CallSite {
                func: c.func,
                args: c.args.iter().map(|a| a.ty).collect(),
                result,
                collation: c.input_collation,
                variadic: c.variadic,
                columns: None,
            },
            func,
            args: self.exprs(&c.args)?,
            phys: phys(&self.cx.catalog, result.oid),
            extra: Cell::new(None),
        })
    }

    fn bool_call(&mut self, c: &FuncCall) -> Result<CCall> {
        self.call(c, TypeRef::new(types::BOOL))
    }

    /// A function of two arguments given by hand.
    pub fn binary(&mut self, func: Oid, left: TypeRef, right: TypeRef, collation: Oid) -> Result<CCall> {
        let func = self.cx.func(func)?;
        let result = func.site.result;
        Ok(CCall {
            site: CallSite { func: func.oid, args: vec![left, right], result, collation, variadic: false, columns: None },
            phys: phys(&self.cx.catalog, result.oid),
            func,
            args: vec![],
            extra: Cell::new(None),
        })
    }

    /// A side of an equality by whose key a row is put into a hash table.
    pub fn hashed(&mut self, e: &Expr, k: &HashKey) -> Result<CExpr> {
        let mut x = self.expr(e)?;
        if k.collation == 0 && self.cx.catalog.type_collation(e.ty.oid) != 0 {
            let mut call = self.binary(k.cmp, e.ty, e.ty, 0)?;
            call.func = Rc::new(call.func.with_kernel(Kernel::Scalar(|_, _, _| Err(no_collation("hashing")))));
            let phys = x.phys;
            call.args = vec![x];
            x = CExpr { kind: Kind::Call(Box::new(call)), phys, volatile: false };
        }
        Ok(x)
    }

    /// A comparison function; an operator's boolean function is replaced by the type's default comparison.
    pub fn comparison(&mut self, func: Oid, left: TypeRef, right: TypeRef, collation: Oid) -> Result<CCall> {
        let call = match func {
            0 => None,
            f => Some(self.binary(f, left, right, collation)?),
        };
        match call {
            Some(c) if c.phys == Phys::I32 => Ok(c),
            _ => match default_comparison(&self.cx.catalog, left.oid) {
                Some(f) => self.binary(f, left, right, collation),
                None => Err(Error::internal("no comparison function for a row comparison")),
            },
        }
    }

    pub fn container(&mut self, name: &'static str, args: &[&Expr], result: TypeRef) -> Result<CCall> {
        let types = args.iter().map(|a| a.ty).collect();
        let mut compiled = Vec::with_capacity(args.len());
        for a in args {
            compiled.push(self.expr(a)?);
        }
        let ty = phys(&self.cx.catalog, result.oid);
        Ok(container_call(self.cx, name, compiled, types, result, ty))
    }

    fn element_type(&mut self, array: Oid) -> Result<Oid> {
        let base = types::base_type(&self.cx.catalog, array);
        let desc = self.cx.type_desc(base)?;
        match desc.kind {
            TypeKind::Array(e) => Ok(e),
            _ => match builtin::ty(base).map(|t| t.elem()) {
                Some(e) if e != 0 => Ok(e),
                _ => Err(Error::internal(format!("type {base} is no array"))),
            },
        }
    }

    /// The element type of an array, or `text` for what is none.
    pub fn array_element(&mut self, array: Oid) -> Oid {
        self.element_type(array).unwrap_or(types::TEXT)
    }

    fn row_types(&mut self, ty: Oid, n: u32) -> Result<Vec<TypeRef>> {
        let mut types: Vec<TypeRef> = fields(self.cx, ty)?.into_iter().map(|(_, t)| t).collect();
        types.resize(n as usize, TypeRef::new(types::TEXT));
        Ok(types)
    }

    fn scalar_array(
        &mut self,
        op: Oid,
        func: Oid,
        any: bool,
        left: &Expr,
        right: &Expr,
        collation: Oid,
    ) -> Result<CScalarArray> {
        let element = self.element_type(right.ty.oid)?;
        self.called(func, "function")?;
        let call = self.binary(func, left.ty, TypeRef::new(element), collation)?;
        let elements = self.container("tusklet_array_elements", &[], TypeRef::new(element))?;
        let same = types::base_type(&self.cx.catalog, left.ty.oid) == types::base_type(&self.cx.catalog, element);
        let equality =
            any && same && builtin::amops_by_operator(op).any(|a| a.method() == oids::AM_BTREE && a.strategy() == 3);
        let key = match default_comparison(&self.cx.catalog, left.ty.oid) {
            Some(cmp) if equality => Some(KeyPart { order: key_order(self.cx, cmp, left.ty.oid), desc: false, nulls_first: false }),
            _ => None,
        };
        Ok(CScalarArray {
            call,
            any,
            left: self.expr(left)?,
            right: self.expr(right)?,
            elements,
            element_phys: phys(&self.cx.catalog, element),
            key,
            constant: OnceCell::new(),
            lookup: OnceCell::new(),
        })
    }

    fn subscript(
        &mut self,
        e: &Expr,
        container: &Expr,
        upper: &[Option<Expr>],
        lower: Option<&[Option<Expr>]>,
        assign: Option<&Expr>,
    ) -> Result<Kind> {
        let json = types::base_type(&self.cx.catalog, container.ty.oid) == JSONB;
        let name = match (json, lower.is_some(), assign.is_some()) {
            (true, _, false) => "tusklet_jsonb_subscript",
            (true, _, true) => "tusklet_jsonb_assign",
            (false, false, false) => "tusklet_array_subscript",
            (false, true, false) => "tusklet_array_slice",
            (false, false, true) => "tusklet_array_assign",
            (false, true, true) => "tusklet_array_assign_slice",
        };
        let mut types = vec![container.ty];
        types.extend(assign.map(|a| a.ty));
        let mut subs = |u: &Option<Expr>, types: &mut Vec<TypeRef>| -> Result<Option<CExpr>> {
            types.push(u.as_ref().map_or(TypeRef::new(INT4), |u| u.ty));
            u.as_ref().map(|u| self.expr(u)).transpose()
        };
        let mut uppers = Vec::new();
        let mut lowers = Vec::new();
        for (i, u) in upper.iter().enumerate() {
            if let Some(l) = lower.and_then(|l| l.get(i)) {
                lowers.push(subs(l, &mut types)?);
            }
            uppers.push(subs(u, &mut types)?);
        }
        let ty = phys(&self.cx.catalog, e.ty.oid);
        let call = container_call(self.cx, name, vec![], types, e.ty, ty);
        Ok(Kind::Subscript(Box::new(CSubscript {
            container: self.expr(container)?,
            upper: uppers,
            lower: lower.map(|_| lowers),
            assign: assign.map(|a| self.expr(a)).transpose()?,
            call,
            json,
        })))
    }

    /// Field by field, by name.
    fn convert_row(&mut self, arg: &Expr, to: TypeRef) -> Result<Kind> {
        let from = fields(self.cx, arg.ty.oid)?;
        let into = fields(self.cx, to.oid)?;
        let mut args = Vec::with_capacity(into.len());
        for (name, ty) in &into {
            args.push(match from.iter().position(|(n, _)| n == name) {
                Some(i) => Expr::new(ExprKind::Field { arg: arg.clone(), field: i as i16 + 1 }, *ty),
                None => Expr::constant(Value::Null, *ty),
            });
        }
        let refs: Vec<&Expr> = args.iter().collect();
        Ok(Kind::Container(Box::new(self.container("tusklet_record_construct", &refs, to)?)))
    }

    /// The constraints of a domain and of those it is made from, innermost first; NOT NULL before the checks.
    pub fn domain_checks(&mut self, domain: Oid) -> Result<Vec<DomainCheck>> {
        let mut chain = Vec::new();
        let mut at = domain;
        while let Some(t) = self.cx.catalog.user_type(at).cloned() {
            let TypeEntryKind::Domain { base, .. } = &t.kind else { break };
            at = base.oid;
            chain.push(t);
        }
        // Messages name the domain cast to.
        let schema = chain.first().and_then(|t| self.cx.catalog.schema_name(t.schema)).unwrap_or_default();
        let mut out = Vec::new();
        for t in &chain {
            if let TypeEntryKind::Domain { not_null: true, .. } = &t.kind {
                out.push(DomainCheck { schema: schema.clone(), domain: chain[0].name.clone(), check: None });
                break;
            }
        }
        for t in chain.iter().rev() {
            if let TypeEntryKind::Domain { checks, .. } = &t.kind {
                let mut sorted: Vec<_> = checks.iter().collect();
                sorted.order_by(|a, b| a.name.cmp(&b.name));
                for c in sorted {
                    let expr = self.expr(&c.expr)?;
                    let domain = chain[0].name.clone();
                    out.push(DomainCheck { schema: schema.clone(), domain, check: Some((c.name.clone(), expr)) });
                }
            }
        }
        Ok(out)
    }

    fn subplan(&mut self, s: &SubPlanRef, ty: TypeRef) -> Result<Kind> {
        let (plan, deps) = self.subplan_plan(s.plan)?;
        let own: Vec<u32> = s.args.iter().map(|(id, _)| *id).collect();
        let deps: Vec<u32> = deps.iter().copied().filter(|d| !own.contains(d)).collect();
        self.used.extend(&deps);
        let mut args = Vec::with_capacity(s.args.len());
        for (id, e) in &s.args {
            args.push((*id, self.expr(e)?));
        }
        if s.kind == SubLinkKind::Multi {
            self.multi.extend(&s.outputs);
        }
        let test = match &s.test {
            Some(t) => Some(self.expr(t)?),
            None => None,
        };
        self.set.extend(&s.outputs);
        let hashed = match &s.hashed {
            Some(keys) if own.is_empty() => {
                let mut list = Vec::with_capacity(keys.len());
                for k in keys {
                    let key = KeyPart { order: key_order(self.cx, k.cmp, k.left.ty.oid), desc: false, nulls_first: false };
                    list.push(CHashKey { left: self.hashed(&k.left, k)?, right: self.hashed(&k.right, k)?, key });
                }
                Some(list)
            }
            _ => None,
        };
        let array = match s.kind {
            SubLinkKind::Array => {
                let column = self.subplan_column(s.plan);
                // The vectors of system catalogs count as scalars.
                let vector = matches!(column.oid, oids::INT2VECTOR | oids::OIDVECTOR);
                let nested = !vector && matches!(self.cx.type_desc(column.oid)?.kind, TypeKind::Array(_));
                let name = if nested { "tusklet_array_nest" } else { "tusklet_array_construct" };
                let ty_phys = phys(&self.cx.catalog, ty.oid);
                Some(container_call(self.cx, name, vec![], vec![column], ty, ty_phys))
            }
            _ => None,
        };
        Ok(Kind::SubPlan(Box::new(CSubPlan {
            kind: s.kind,
            plan,
            slot: s.plan,
            test,
            outputs: s.outputs.clone(),
            args,
            hashed,
            deps: deps.into(),
            array,
        })))
    }

    /// A set-returning call at the top of an expression: the call itself and its column types.
    pub fn set_call(&mut self, e: &Expr) -> Result<Option<CCall>> {
        match &e.kind {
            ExprKind::Call(c) if c.retset => Ok(Some(self.call(c, e.ty)?)),
            _ => Ok(None),
        }
    }
}
