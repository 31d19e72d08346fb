//! Functions and types as the executor needs them: looked up in the catalog once, bound to a kernel, kept per session.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::{AggregateParts, Catalog, TypeEntryKind};
use tusklet_catalog::resolve::SortOperators;
use tusklet_error::{Error, Result, SortedMap, err, filled};
use tusklet_ir::Oid;
use tusklet_vector::key::KeyOrder;
use tusklet_vector::{
    Call, CallContext, CallSite, Datum, Kernel, Out, Phys, RowSource, TypeDesc, TypeKind, TypeRef, Value, Vector,
};

use crate::compile::Compiler;
use crate::cx::ExecCx;
use crate::expr::container::{self, DomainCheck};
use crate::row::Row;
use crate::types::{self, phys};

/// How a function is run.
#[derive(Clone)]
pub enum FuncImpl {
    /// By a kernel of the table.
    Kernel(Kernel),
    /// Built in, but no kernel has its `prosrc`: the session may know it.
    System(&'static str),
    /// In SQL, PL/pgSQL, …: the engine runs it.
    Routine,
}

/// A function ready to be called.
pub struct Func {
    /// `pg_proc.oid`.
    pub oid: Oid,
    /// Name.
    pub name: String,
    /// NULL in, NULL out.
    pub strict: bool,
    /// May answer differently each time.
    pub volatile: bool,
    /// Returns a set.
    pub retset: bool,
    /// Not everybody may call it: `pg_proc.proacl` says who.
    pub guarded: bool,
    /// How it is run.
    pub imp: FuncImpl,
    /// The declared types, for calls that know no better.
    pub site: CallSite,
}

/// A type's way from and to text and wire.
pub struct TypeIo {
    /// Facts about it.
    pub desc: Rc<TypeDesc>,
    pub(crate) input: Rc<Func>,
    pub(crate) output: Rc<Func>,
    pub(crate) send: Option<Rc<Func>>,
    pub(crate) recv: Option<Rc<Func>>,
    /// What input functions take as their second argument: the element type, or the type itself.
    pub(crate) io_param: Oid,
    pub(crate) input_site: CallSite,
    pub(crate) output_site: CallSite,
}

/// What a session remembers of functions and types. Built-in ones for good; user-made ones until the catalog changes.
#[derive(Default)]
pub struct Caches {
    version: Cell<u64>,
    funcs: RefCell<SortedMap<Oid, Rc<Func>>>,
    descs: RefCell<SortedMap<Oid, Rc<TypeDesc>>>,
    ios: RefCell<SortedMap<Oid, Rc<TypeIo>>>,
    comparisons: RefCell<SortedMap<Oid, Rc<Func>>>,
    /// Types whose values have, as of the version, an order and equality: asked by every call on a container of them.
    comparable: RefCell<SortedMap<Oid, SortOperators>>,
    domains: RefCell<SortedMap<Oid, Rc<Vec<DomainCheck>>>>,
}

impl Caches {
    /// Forgets everything made by users: after a rollback of DDL, whose catalog versions may come again.
    pub fn forget_user(&self) {
        let user = |oid: &Oid| *oid >= builtin::FIRST_NORMAL_OBJECT_ID;
        self.funcs.borrow_mut().retain(|k, _| !user(k));
        self.descs.borrow_mut().retain(|k, _| !user(k));
        self.ios.borrow_mut().retain(|k, _| !user(k));
        self.comparisons.borrow_mut().retain(|k, _| !user(k));
        self.comparable.borrow_mut().retain(|k, _| !user(k));
        self.domains.borrow_mut().clear();
    }

    fn check(&self, catalog: &Catalog) {
        if self.version.replace(catalog.version()) != catalog.version() {
            self.forget_user();
        }
    }

    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn func(&self, cx: &ExecCx<'_>, oid: Oid) -> Result<Rc<Func>> {
        self.check(&cx.catalog);
        if let Some(f) = self.funcs.borrow().get(&oid) {
            return Ok(f.clone());
        }
        let f = Rc::new(lookup_func(cx, oid)?);
        self.funcs.borrow_mut().insert(oid, f.clone());
        Ok(f)
    }

    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn type_desc(&self, cx: &ExecCx<'_>, oid: Oid) -> Result<Rc<TypeDesc>> {
        self.check(&cx.catalog);
        if let Some(d) = self.descs.borrow().get(&oid) {
            return Ok(d.clone());
        }
        let d = Rc::new(lookup_type(&cx.catalog, oid)?);
        self.descs.borrow_mut().insert(oid, d.clone());
        Ok(d)
    }

    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn type_io(&self, cx: &ExecCx<'_>, oid: Oid) -> Result<Rc<TypeIo>> {
        self.check(&cx.catalog);
        if let Some(d) = self.ios.borrow().get(&oid) {
            return Ok(d.clone());
        }
        let d = Rc::new(lookup_io(self, cx, oid)?);
        self.ios.borrow_mut().insert(oid, d.clone());
        Ok(d)
    }

    /// How the type's values are compared, as its operator classes say.
    pub(crate) fn sort_operators(&self, catalog: &Catalog, oid: Oid) -> SortOperators {
        self.check(catalog);
        *self.comparable.borrow_mut().or_insert_with(oid, || catalog.sort_operators(oid))
    }

    /// The comparison function of the type's default B-tree operator class.
    #[cfg_attr(tuned, optimize(speed))]
    pub(crate) fn comparison(&self, cx: &ExecCx<'_>, oid: Oid) -> Result<Rc<Func>> {
        self.check(&cx.catalog);
        if let Some(d) = self.comparisons.borrow().get(&oid) {
            return Ok(d.clone());
        }
        let Some(f) = default_comparison(&cx.catalog, oid) else {
            let name = self.type_desc(cx, oid)?.name.clone();
            return Err(err!(UNDEFINED_FUNCTION, "could not identify a comparison function for type {}"; name));
        };
        let f = self.func(cx, f)?;
        self.comparisons.borrow_mut().insert(oid, f.clone());
        Ok(f)
    }
}

fn no_func(oid: Oid) -> Error {
    Error::internal(format!("cache lookup failed for function {oid}"))
}

fn no_type(oid: Oid) -> Error {
    err!(UNDEFINED_OBJECT, "type with OID {oid} does not exist")
}

fn lookup_func(cx: &ExecCx<'_>, oid: Oid) -> Result<Func> {
    let site = |args: &[Oid], result: Oid| CallSite {
        func: oid,
        args: args.iter().map(|t| TypeRef::new(*t)).collect(),
        result: TypeRef::new(result),
        collation: 0,
        variadic: false,
        columns: None,
    };
    if let Some(p) = builtin::proc(oid) {
        let src = p.src();
        let imp = match cx.kernels.kernel(src) {
            Some(k) => FuncImpl::Kernel(k),
            None if p.language() == oids::LANGUAGE_SQL => FuncImpl::Routine,
            None => FuncImpl::System(src),
        };
        return Ok(Func {
            oid,
            name: p.name().to_string(),
            strict: p.strict(),
            volatile: p.volatile() == b'v',
            retset: p.retset(),
            guarded: p.acl().is_some(),
            imp,
            site: site(p.args(), p.rettype()),
        });
    }
    let p = cx.catalog.user_proc(oid).ok_or_else(|| no_func(oid))?;
    // CREATE FUNCTION … LANGUAGE internal AS 'prosrc' makes another name of a kernel.
    let imp = match builtin::proc_by_source(&p.source).filter(|_| p.language == oids::LANGUAGE_INTERNAL && p.kind != b'a') {
        Some(b) => {
            check_form(cx, b, p)?;
            match cx.kernels.kernel(b.src()) {
                Some(k) => FuncImpl::Kernel(k),
                None if b.language() == oids::LANGUAGE_SQL => FuncImpl::Routine,
                None => FuncImpl::System(b.src()),
            }
        }
        None => FuncImpl::Routine,
    };
    Ok(Func {
        oid,
        name: p.name.clone(),
        strict: p.strict,
        volatile: p.volatility == b'v',
        retset: p.retset,
        guarded: p.acl.is_some(),
        imp,
        site: site(&p.args, p.result),
    })
}

/// A kernel under another name must get and give what it was written for: PostgreSQL would crash, we refuse.
fn check_form(cx: &ExecCx<'_>, b: builtin::Proc, p: &tusklet_catalog::live::Proc) -> Result<()> {
    // These are written for any subtype.
    if b.src().starts_with("range_constructor") || b.src().starts_with("multirange_constructor") {
        return Ok(());
    }
    let fits = |ours: Oid, theirs: Oid| {
        let pseudo = builtin::ty(theirs).is_some_and(|t| t.kind() == b'p');
        pseudo || phys(&cx.catalog, ours) == phys(&cx.catalog, theirs)
    };
    let args = p.args.len() >= b.args().len() || b.nargdefaults() > 0 || b.variadic() != 0 || optional(b.src());
    let same = p.args.iter().zip(b.args()).all(|(o, t)| fits(*o, *t)) && fits(p.result, b.rettype());
    if args && same && p.retset == b.retset() {
        return Ok(());
    }
    Err(Error::unsupported(filled!(
        "function {} over the internal function {}, which has other types"; p.name, b.src()
    )))
}

/// Input functions that take three arguments or the first alone.
fn optional(src: &str) -> bool {
    src.ends_with("in") || src.ends_with("recv")
}

fn composite_fields(catalog: &Catalog, relation: Oid) -> Vec<(String, TypeRef)> {
    if let Some(r) = catalog.user_relation(relation) {
        return r.columns.iter().filter(|c| !c.dropped).map(|c| (c.name.clone(), c.ty)).collect();
    }
    builtin::attributes(relation)
        .filter(|a| a.number() > 0)
        .map(|a| (a.name().to_string(), TypeRef { oid: a.ty(), typmod: a.typmod() }))
        .collect()
}

fn lookup_type(catalog: &Catalog, oid: Oid) -> Result<TypeDesc> {
    if let Some(t) = builtin::ty(oid) {
        let kind = match t.kind() {
            b'c' => TypeKind::Composite(composite_fields(catalog, t.relid())),
            b'd' => TypeKind::Domain(TypeRef { oid: t.basetype(), typmod: t.typmod() }),
            b'r' => TypeKind::Range(builtin::range(oid).map_or(0, |r| r.subtype())),
            b'm' => TypeKind::Multirange(builtin::range_of_multirange(oid).map_or(0, |r| r.range())),
            // `record[]` is a pseudo-type and an array all the same.
            k => match (builtin::type_of_array(oid), k) {
                (Some(e), _) => TypeKind::Array(e),
                (None, b'p') => TypeKind::Pseudo,
                (None, _) => TypeKind::Base,
            },
        };
        let phys = phys(catalog, oid);
        return Ok(TypeDesc { oid, name: t.name().to_string(), phys, kind, array: t.array(), delim: t.delim() });
    }
    let t = catalog.user_type(oid).ok_or_else(|| no_type(oid))?;
    let kind = match &t.kind {
        TypeEntryKind::Base { .. } => TypeKind::Base,
        TypeEntryKind::Array { element, varlena: true } => TypeKind::Array(*element),
        TypeEntryKind::Array { varlena: false, .. } => TypeKind::Base,
        TypeEntryKind::Composite(rel) => TypeKind::Composite(composite_fields(catalog, *rel)),
        TypeEntryKind::Enum(labels) => {
            TypeKind::Enum(labels.iter().map(|l| (l.oid, l.order, l.label.clone())).collect())
        }
        TypeEntryKind::Range { subtype, .. } => TypeKind::Range(*subtype),
        TypeEntryKind::Multirange(range) => TypeKind::Multirange(*range),
        TypeEntryKind::Domain { base, .. } => TypeKind::Domain(*base),
        TypeEntryKind::Pseudo => TypeKind::Pseudo,
    };
    Ok(TypeDesc { oid, name: t.name.clone(), phys: phys(catalog, oid), kind, array: t.array, delim: t.delim })
}

fn lookup_io(caches: &Caches, cx: &ExecCx<'_>, oid: Oid) -> Result<TypeIo> {
    let desc = caches.type_desc(cx, oid)?;
    let (input, output, recv, send, elem) = match builtin::ty(oid) {
        Some(t) => (t.input(), t.output(), t.receive(), t.send(), t.elem()),
        None => {
            let t = cx.catalog.user_type(oid).ok_or_else(|| no_type(oid))?;
            let io = |i: usize| t.io.get(i).copied().unwrap_or(0);
            let elem = match t.kind {
                TypeEntryKind::Array { element, .. } => element,
                _ => 0,
            };
            (io(0), io(1), io(2), io(3), elem)
        }
    };
    let bound = |f: Oid| -> Result<Option<Rc<Func>>> { if f == 0 { Ok(None) } else { caches.func(cx, f).map(Some) } };
    let input = caches.func(cx, input)?;
    let output = caches.func(cx, output)?;
    let input_site = CallSite { result: TypeRef::new(oid), ..input.site.clone() };
    let output_site = CallSite { args: vec![TypeRef::new(oid)], ..output.site.clone() };
    Ok(TypeIo {
        desc,
        input,
        output,
        send: bound(send)?,
        recv: bound(recv)?,
        io_param: if elem != 0 { elem } else { oid },
        input_site,
        output_site,
    })
}

/// B-tree support function 1 of a type's default operator class; array, enum, range and record types use the
/// polymorphic classes, a domain its base type's, `varchar` that of `text`.
pub fn default_comparison(catalog: &Catalog, oid: Oid) -> Option<Oid> {
    let oid = types::base_type(catalog, oid);
    let of = |t: Oid| {
        let c = builtin::opclass_default(oids::AM_BTREE, t)?;
        builtin::amproc(c.family(), c.intype(), c.intype(), 1).map(|p| p.function())
    };
    if let Some(f) = of(oid) {
        return Some(f);
    }
    let stand_in = match lookup_type(catalog, oid).ok()?.kind {
        TypeKind::Array(_) => oids::ANYARRAY,
        TypeKind::Enum(_) => oids::ANYENUM,
        TypeKind::Range(_) => oids::ANYRANGE,
        TypeKind::Multirange(_) => oids::ANYMULTIRANGE,
        TypeKind::Composite(_) => oids::RECORD,
        _ => builtin::casts_from(oid).find(|c| c.method() == b'b' && c.context() == b'i')?.target(),
    };
    of(stand_in)
}

/// How values of a type compared by this function order, as key bytes.
pub fn key_order(cx: &ExecCx<'_>, cmp: Oid, ty: Oid) -> KeyOrder {
    let internal = || {
        let p = cx.catalog.user_proc(cmp).filter(|p| p.language == oids::LANGUAGE_INTERNAL)?;
        builtin::proc_by_source(&p.source)
    };
    match builtin::proc(cmp).or_else(internal) {
        Some(p) => match p.src() {
            src @ ("range_cmp" | "multirange_cmp" | "btarraycmp") => match cx.catalog.key_contents(ty) {
                0 if src != "btarraycmp" => KeyOrder::Native,
                inner => cx.kernels.key(src, inner),
            },
            src => cx.kernels.key(src, 0),
        },
        None => KeyOrder::Native,
    }
}

/// The parts of an aggregate.
pub fn aggregate_parts(catalog: &Catalog, oid: Oid) -> Result<AggregateParts> {
    catalog.aggregate(oid).ok_or_else(|| no_func(oid))
}

impl Func {
    /// Whether it may send notices: a function in SQL that may run commands, or one of those that warn.
    pub(crate) fn talks(&self) -> bool {
        const WARN: [&str; 3] = ["pg_advisory_unlock", "pg_cancel_backend", "pg_terminate_backend"];
        self.volatile
            && match &self.imp {
                FuncImpl::Routine => true,
                FuncImpl::System(src) => WARN.iter().any(|w| src.starts_with(w)),
                FuncImpl::Kernel(_) => false,
            }
    }

    /// The same function, run by another kernel.
    pub(crate) fn with_kernel(&self, kernel: Kernel) -> Func {
        Func {
            oid: self.oid,
            name: self.name.clone(),
            strict: self.strict,
            volatile: self.volatile,
            retset: self.retset,
            guarded: self.guarded,
            imp: FuncImpl::Kernel(kernel),
            site: self.site.clone(),
        }
    }

    /// Calls it for one row, nothing kept from call to call.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn call(&self, cx: &mut ExecCx<'_>, site: &CallSite, args: &[Datum<'_>]) -> Result<Value> {
        let mut extra = None;
        let phys = phys(&cx.catalog, site.result.oid);
        self.call_at(cx, site, &mut extra, phys, args)
    }

    /// Calls it for one row at a site.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn call_at(
        &self,
        cx: &mut ExecCx<'_>,
        site: &CallSite,
        extra: &mut Option<Box<dyn Any>>,
        phys: Phys,
        args: &[Datum<'_>],
    ) -> Result<Value> {
        if self.strict && args.iter().any(|d| d.is_null()) {
            return Ok(Value::Null);
        }
        match &self.imp {
            FuncImpl::Kernel(Kernel::Scalar(_) | Kernel::Batch(..)) => {
                let mut v = Vector::zeroed(phys, 1);
                self.call_into(cx, site, extra, args, &mut v, 0)?;
                Ok(v.value(0))
            }
            FuncImpl::Kernel(Kernel::Set(_)) => Err(no_set()),
            FuncImpl::System(src) => {
                let host = cx.host;
                match host.system(cx, src, site, args) {
                    Some(r) => r,
                    None => Err(missing(&self.name, src)),
                }
            }
            FuncImpl::Routine => {
                let host = cx.host;
                host.routine(cx, self.oid, site, args)
            }
        }
    }

    /// As [`Func::call_at`], for arguments that are not NULL, into row `i` of a column.
    #[cfg_attr(tuned, optimize(speed))]
    pub fn call_into(
        &self,
        cx: &mut ExecCx<'_>,
        site: &CallSite,
        extra: &mut Option<Box<dyn Any>>,
        args: &[Datum<'_>],
        v: &mut Vector,
        i: usize,
    ) -> Result<()> {
        if let FuncImpl::Kernel(Kernel::Scalar(f) | Kernel::Batch(_, f)) = &self.imp {
            let mut out = Out::new(v, i);
            f(&mut Call { cx, site, extra, row: 0 }, args, &mut out)?;
            out.finish();
        } else {
            let phys = v.phys();
            v.set(i, self.call_at(cx, site, extra, phys, args)?.as_datum());
        }
        Ok(())
    }

    /// Calls a set-returning function. `columns` are the types of its rows' columns.
    pub fn call_set(
        &self,
        cx: &mut ExecCx<'_>,
        site: &CallSite,
        args: &[Datum<'_>],
        columns: &[TypeRef],
    ) -> Result<Box<dyn RowSource>> {
        if self.strict && args.iter().any(|d| d.is_null()) {
            return Ok(Box::new(NoRows));
        }
        match &self.imp {
            FuncImpl::Kernel(Kernel::Set(f)) => {
                let mut extra = None;
                f(&mut Call { cx, site, extra: &mut extra, row: 0 }, args)
            }
            FuncImpl::Kernel(_) => {
                let value = self.call(cx, site, args)?;
                Ok(Box::new(OneRow(Some(value))))
            }
            FuncImpl::System(src) => {
                let host = cx.host;
                match host.system_set(cx, src, site, args, columns) {
                    Some(r) => r,
                    None => Err(missing(&self.name, src)),
                }
            }
            FuncImpl::Routine => {
                let host = cx.host;
                host.routine_set(cx, self.oid, site, args, columns)
            }
        }
    }
}

fn missing(name: &str, src: &str) -> Error {
    if name == src {
        Error::unsupported(filled!("function {}"; name))
    } else {
        Error::unsupported(filled!("function {} ({})"; name, src))
    }
}

pub(crate) fn no_set() -> Error {
    err!(FEATURE_NOT_SUPPORTED, "set-valued function called in context that cannot accept a set")
}

/// A set without rows.
pub(crate) struct NoRows;

impl RowSource for NoRows {
    fn next(&mut self, _: &mut dyn CallContext, _: &mut [Vector], _: usize) -> Result<usize> {
        Ok(0)
    }
}

/// A set of one row of one column.
pub(crate) struct OneRow(pub Option<Value>);

impl RowSource for OneRow {
    fn next(&mut self, _: &mut dyn CallContext, out: &mut [Vector], _: usize) -> Result<usize> {
        let Some(v) = self.0.take() else { return Ok(0) };
        if let Some(c) = out.first_mut() {
            c.push(v.as_datum());
        }
        Ok(1)
    }
}

/// The same bits in another physical type: integers widen and narrow (`int4` and `oid` are binary-coercible, but lie
/// differently), everything else passes through.
pub(crate) fn relabel(d: Datum<'_>, to: Phys) -> Datum<'_> {
    match (d, to) {
        // oid to int4 reinterprets the 32 bits; int4 to oid has none above them.
        (Datum::I64(v), Phys::I32) => Datum::I32(v as i32),
        (Datum::I64(v), Phys::I16) => Datum::I16(v as i16),
        (Datum::I32(v), Phys::I64) => Datum::I64(v as u32 as i64),
        (Datum::I32(v), Phys::I16) => Datum::I16(v as i16),
        (Datum::I16(v), Phys::I32) => Datum::I32(v as i32),
        (Datum::I16(v), Phys::I64) => Datum::I64(v as i64),
        // CREATE CAST … WITHOUT FUNCTION takes the bits of a number for those of another.
        (Datum::I32(v), Phys::F32) => Datum::F32(f32::from_bits(v as u32)),
        (Datum::F32(v), Phys::I32) => Datum::I32(v.to_bits() as i32),
        (Datum::I64(v), Phys::F64) => Datum::F64(f64::from_bits(v as u64)),
        (Datum::F64(v), Phys::I64) => Datum::I64(v.to_bits() as i64),
        _ => d,
    }
}

/// Applies a domain's constraints to a value of its base type; other types have none (`domain_check`).
pub(crate) fn check_domain(cx: &mut ExecCx<'_>, ty: Oid, v: Value) -> Result<Value> {
    let caches = cx.caches;
    if !matches!(caches.type_desc(cx, ty)?.kind, TypeKind::Domain(_)) {
        return Ok(v);
    }
    let kept = caches.domains.borrow().get(&ty).cloned();
    let checks = match kept {
        Some(checks) => checks,
        None => {
            let checks = Rc::new(Compiler::new(cx, None).domain_checks(ty)?);
            caches.domains.borrow_mut().insert(ty, checks.clone());
            checks
        }
    };
    container::check_domain(&checks, cx, Row::None, v.as_datum())?;
    Ok(v)
}

/// An explicit cast between any two types: through a cast function, the same bits, or text.
pub(crate) fn cast(cx: &mut ExecCx<'_>, from: Oid, to: TypeRef, d: Datum<'_>) -> Result<Value> {
    let v = if d.is_null() { Value::Null } else { cast_value(cx, from, to, d)? };
    check_domain(cx, to.oid, v)
}

fn cast_value(cx: &mut ExecCx<'_>, from: Oid, to: TypeRef, d: Datum<'_>) -> Result<Value> {
    let source = types::base_type(&cx.catalog, from);
    let desc = cx.type_desc(to.oid)?;
    let target = types::base_type(&cx.catalog, to.oid);
    let user = cx.catalog.user_casts().find(|c| c.source == source && c.target == target).cloned();
    let (func, method) = match (&user, builtin::cast(source, target)) {
        (Some(c), _) => (c.func, c.method),
        (None, Some(c)) => (c.func(), c.method()),
        (None, None) if source == target => (0, b'b'),
        (None, None) => (0, b'i'),
    };
    match method {
        b'f' => {
            let f = cx.func(func)?;
            let site = CallSite { result: TypeRef { oid: target, typmod: to.typmod }, ..f.site.clone() };
            let all = [d, Datum::I32(to.typmod), Datum::Bool(true)];
            f.call(cx, &site, &all[..f.site.args.len().clamp(1, 3)])
        }
        b'b' if to.typmod < 0 => Ok(relabel(d, desc.phys).to_value()),
        _ => {
            let mut text = String::new();
            cx.output(from, d, &mut text)?;
            cx.input(TypeRef { oid: target, typmod: to.typmod }, &text)
        }
    }
}
