//! One shape over PostgreSQL's own objects and the user's: what the analyser, the planner and the executor ask of the catalog.
//!
//! Lookups by OID give the entries of [`crate::live`]; a built-in row is put into that shape when it is first asked for and
//! kept for the life of the thread, since it can never change. Names are looked up along a [`SearchPath`].

mod convert;
mod format_type;
mod keys;
mod names;
mod opclass;
mod quote;
mod toast;

use std::rc::Rc;

use tusklet_error::{Error, Result};
use tusklet_ir::{Expr, Oid, TypeRef};
use tusklet_vector::{Phys, TypeDesc, TypeKind};

use crate::builtin::{self, oids};
use crate::live::{AggregateParts, Cast, Catalog, FIRST_USER_OID, Operator, Proc, Relation, Type, TypeEntryKind};

pub use format_type::{interval_typmod_text, typmod_in, typmod_out};
pub use names::{Candidate, OperatorCandidate, SearchPath};
pub use opclass::{OpClassRef, SortOperators, Summarized, brin_class, index_class, is_tree};
pub use quote::quote_identifier;
pub use toast::{TOAST_TUPLE_TARGET, storage_letter, toasted};

/// Categories of types (`pg_type.typcategory`) that the rules of resolution name.
#[allow(missing_docs)]
pub mod category {
    pub const STRING: u8 = b'S';
    pub const UNKNOWN: u8 = b'X';
    pub const BITSTRING: u8 = b'V';
    pub const NUMERIC: u8 = b'N';
    pub const BOOLEAN: u8 = b'B';
    pub const DATETIME: u8 = b'D';
    pub const PSEUDO: u8 = b'P';
}

impl Catalog {
    /// A relation, PostgreSQL's or the user's.
    pub fn relation(&self, oid: Oid) -> Option<Rc<Relation>> {
        // The tables of large objects are both: once there are some, they have files.
        let live = self.user_relation(oid).cloned();
        live.or_else(|| if oid < FIRST_USER_OID { convert::relation(oid) } else { self.toast_relation(oid) })
    }

    /// A type.
    pub fn ty(&self, oid: Oid) -> Option<Rc<Type>> {
        if oid >= FIRST_USER_OID { self.user_type(oid).cloned() } else { convert::ty(oid) }
    }

    /// A function, procedure or aggregate.
    pub fn proc(&self, oid: Oid) -> Option<Rc<Proc>> {
        if oid >= FIRST_USER_OID { self.user_proc(oid).cloned() } else { convert::proc(oid) }
    }

    /// An operator.
    pub fn operator(&self, oid: Oid) -> Option<Rc<Operator>> {
        if oid >= FIRST_USER_OID { self.user_operator(oid).cloned() } else { convert::operator(oid) }
    }

    /// The cast from one type to another, if `pg_cast` has one.
    pub fn cast(&self, source: Oid, target: Oid) -> Option<Cast> {
        if let Some(c) = builtin::cast(source, target) {
            return Some(Cast { oid: c.oid(), source, target, func: c.func(), context: c.context(), method: c.method() });
        }
        self.user_casts().find(|c| c.source == source && c.target == target).map(|c| (**c).clone())
    }

    /// The aggregate behind a function.
    pub fn aggregate(&self, func: Oid) -> Option<AggregateParts> {
        self.proc(func)?.aggregate.clone()
    }

    /// Puts a call's named arguments and defaults in their places, defaults as the function has them now.
    pub fn order_arguments(&self, e: &mut Expr) {
        e.order_arguments(&|c, place| {
            let p = self.user_proc(c.func)?;
            let first = p.args.len().checked_sub(p.defaults.len())?;
            Some((**p.defaults.get(place.checked_sub(first)?)?).clone())
        });
    }

    /// How many of a function's last arguments have defaults. A built-in function's are texts: [`Catalog::proc_default_text`].
    pub fn proc_default_count(&self, p: &Proc) -> usize {
        if p.oid >= FIRST_USER_OID {
            p.defaults.len()
        } else {
            builtin::proc(p.oid).map_or(0, |b| b.nargdefaults().max(0) as usize)
        }
    }

    /// The defaults of a built-in function's last arguments as one SQL list.
    pub fn proc_default_text(&self, oid: Oid) -> Option<&'static str> {
        builtin::proc(oid)?.defaults()
    }

    /// A schema's name.
    pub fn schema_name(&self, oid: Oid) -> Option<String> {
        match self.user_schema(oid) {
            Some(s) => Some(s.name.clone()),
            None => builtin::namespace(oid).map(|n| n.name().to_string()),
        }
    }

    /// A schema by name.
    pub fn schema_named(&self, name: &str) -> Option<Oid> {
        self.user_schema_named(name).or_else(|| builtin::namespace_by_name(name).map(|n| n.oid()))
    }

    /// A relation by schema and name.
    pub fn relation_named(&self, schema: Oid, name: &str) -> Option<Oid> {
        self.user_relation_named(schema, name).or_else(|| builtin::relation_by_name(schema, name).map(|r| r.oid()))
    }

    /// A type by schema and name.
    pub fn type_named(&self, schema: Oid, name: &str) -> Option<Oid> {
        self.user_type_named(schema, name).or_else(|| builtin::type_by_name(schema, name).map(|t| t.oid()))
    }

    /// What a domain is finally over, and the modifier it imposes (`getBaseTypeAndTypmod`).
    pub fn base_type_and_typmod(&self, ty: TypeRef) -> TypeRef {
        let mut t = ty;
        // A domain cannot contain itself; the bound only guards against corrupted entries.
        for _ in 0..100 {
            match self.ty(t.oid).as_deref().map(|e| &e.kind) {
                Some(TypeEntryKind::Domain { base, .. }) => {
                    t = TypeRef { oid: base.oid, typmod: if t.typmod >= 0 { t.typmod } else { base.typmod } };
                }
                _ => break,
            }
        }
        t
    }

    /// What a domain is finally over; any other type is itself (`getBaseType`).
    pub fn base_type(&self, oid: Oid) -> Oid {
        self.base_type_and_typmod(TypeRef::new(oid)).oid
    }

    /// The element type of a true array, else 0 (`get_element_type`).
    pub fn element_type(&self, oid: Oid) -> Oid {
        if oid < FIRST_USER_OID {
            return builtin::type_of_array(oid).unwrap_or(0);
        }
        match self.ty(oid).as_deref().map(|e| &e.kind) {
            Some(TypeEntryKind::Array { element, varlena: true }) => *element,
            _ => 0,
        }
    }

    /// As [`Catalog::element_type`], looking through domains (`get_base_element_type`).
    pub fn base_element_type(&self, oid: Oid) -> Oid {
        self.element_type(self.base_type(oid))
    }

    /// The array type over a type, else 0 (`get_array_type`).
    pub fn array_type(&self, oid: Oid) -> Oid {
        self.ty(oid).map_or(0, |t| t.array)
    }

    /// The subtype of a range type, else 0.
    pub fn range_subtype(&self, oid: Oid) -> Oid {
        match self.ty(oid).as_deref().map(|e| &e.kind) {
            Some(TypeEntryKind::Range { subtype, .. }) => *subtype,
            _ => 0,
        }
    }

    /// The multirange type over a range type, else 0.
    pub fn range_multirange(&self, oid: Oid) -> Oid {
        match self.ty(oid).as_deref().map(|e| &e.kind) {
            Some(TypeEntryKind::Range { multirange, .. }) => *multirange,
            _ => 0,
        }
    }

    /// The range type under a multirange type, else 0.
    pub fn multirange_range(&self, oid: Oid) -> Oid {
        match self.ty(oid).as_deref().map(|e| &e.kind) {
            Some(TypeEntryKind::Multirange(range)) => *range,
            _ => 0,
        }
    }

    /// The relation of a composite type, looking through domains; else 0 (`typeOrDomainTypeRelid`).
    pub fn type_relation(&self, oid: Oid) -> Oid {
        match self.ty(self.base_type(oid)).as_deref().map(|e| &e.kind) {
            Some(TypeEntryKind::Composite(rel)) => *rel,
            _ => 0,
        }
    }

    /// Whether it is an enum.
    pub fn is_enum(&self, oid: Oid) -> bool {
        matches!(self.ty(oid).as_deref().map(|e| &e.kind), Some(TypeEntryKind::Enum(_)))
    }

    /// Category and whether it is the preferred type of it.
    pub fn type_category(&self, oid: Oid) -> (u8, bool) {
        if let (true, Some(t)) = (oid < FIRST_USER_OID, builtin::ty(oid)) {
            return (t.category(), t.preferred());
        }
        self.ty(oid).map_or((0, false), |t| (t.category, t.preferred))
    }

    /// Whether the type is preferred within that category (`IsPreferredType`).
    pub fn is_preferred(&self, category: u8, oid: Oid) -> bool {
        let (c, preferred) = self.type_category(oid);
        (c == category || category == 0) && preferred
    }

    /// The type's collation, 0 when values of it have none (`get_typcollation`).
    pub fn type_collation(&self, oid: Oid) -> Oid {
        if let (true, Some(t)) = (oid < FIRST_USER_OID, builtin::ty(oid)) {
            return t.collation();
        }
        self.ty(oid).map_or(0, |t| t.collation)
    }

    /// Whether a value of one type can be used as the other without any conversion (`IsBinaryCoercible`).
    pub fn is_binary_coercible(&self, source: Oid, target: Oid) -> bool {
        if source == target || matches!(target, oids::ANY | oids::ANYELEMENT | oids::ANYCOMPATIBLE) {
            return true;
        }
        let source = self.base_type(source);
        if source == target {
            return true;
        }
        if matches!(target, oids::ANYARRAY | oids::ANYCOMPATIBLEARRAY) && self.element_type(source) != 0 {
            return true;
        }
        if matches!(target, oids::ANYNONARRAY | oids::ANYCOMPATIBLENONARRAY) && self.element_type(source) == 0 {
            return true;
        }
        if target == oids::ANYENUM && self.is_enum(source) {
            return true;
        }
        if matches!(target, oids::ANYRANGE | oids::ANYCOMPATIBLERANGE) && self.range_subtype(source) != 0 {
            return true;
        }
        if matches!(target, oids::ANYMULTIRANGE | oids::ANYCOMPATIBLEMULTIRANGE) && self.multirange_range(source) != 0 {
            return true;
        }
        if target == oids::RECORD && self.type_relation(source) != 0 {
            return true;
        }
        if target == oids::RECORD_ARRAY && self.is_composite_array(source) {
            return true;
        }
        self.cast(source, target).is_some_and(|c| c.method == b'b' && c.context == b'i')
    }

    /// Whether it is an array of composites.
    pub fn is_composite_array(&self, oid: Oid) -> bool {
        let e = self.element_type(oid);
        e != 0 && self.type_relation(e) != 0
    }

    /// Whether the relation behind one composite type inherits from the other's (`typeInheritsFrom`).
    pub fn type_inherits_from(&self, sub: Oid, sup: Oid) -> bool {
        let (sub, sup) = (self.type_relation(sub), self.type_relation(sup));
        if sub == 0 || sup == 0 {
            return false;
        }
        let mut queue = vec![sub];
        let mut seen = vec![];
        while let Some(r) = queue.pop() {
            if r == sup {
                return true;
            }
            if seen.contains(&r) {
                continue;
            }
            seen.push(r);
            if let Some(rel) = self.relation(r) {
                queue.extend(&rel.parents);
                if let Some(of) = (rel.of_type != 0).then(|| self.type_relation(rel.of_type)) {
                    queue.push(of);
                }
            }
        }
        false
    }

    /// How values of a type lie in columns.
    pub fn phys(&self, oid: Oid) -> Phys {
        let t = self.base_type(oid);
        match t {
            oids::BOOL => Phys::Bool,
            oids::INT2 | oids::CHAR => Phys::I16,
            oids::INT4 | oids::DATE => Phys::I32,
            oids::INT8 | oids::TIME | oids::TIMESTAMP | oids::TIMESTAMPTZ | oids::MONEY | oids::OID | oids::XID | oids::CID
            | oids::XID8 | oids::TID | oids::PG_LSN | oids::REGPROC | oids::REGPROCEDURE | oids::REGOPER
            | oids::REGOPERATOR | oids::REGCLASS | oids::REGTYPE | oids::REGCONFIG | oids::REGDICTIONARY
            | oids::REGNAMESPACE | oids::REGROLE | oids::REGCOLLATION => Phys::I64,
            oids::FLOAT4 => Phys::F32,
            oids::FLOAT8 => Phys::F64,
            oids::UUID | oids::INTERVAL | oids::TIMETZ | oids::POINT => Phys::Fixed16,
            _ if t >= FIRST_USER_OID => match self.user_type(t).map(|e| &e.kind) {
                Some(TypeEntryKind::Enum(_)) => Phys::I64,
                Some(TypeEntryKind::Base { like, .. }) if *like < FIRST_USER_OID => self.phys(*like),
                _ => Phys::Bytes,
            },
            _ => Phys::Bytes,
        }
    }

    /// What kernels must know of a type.
    pub fn type_desc(&self, oid: Oid) -> Result<Rc<TypeDesc>> {
        let t = self.ty(oid).ok_or_else(|| Error::internal(format!("cache lookup failed for type {oid}")))?;
        let kind = match &t.kind {
            TypeEntryKind::Base { .. } => TypeKind::Base,
            TypeEntryKind::Array { element, varlena: true } => TypeKind::Array(*element),
            TypeEntryKind::Array { element, varlena: false } => match oid {
                // The vectors are stored as arrays are.
                oids::INT2VECTOR | oids::OIDVECTOR => TypeKind::Array(*element),
                _ => TypeKind::Base,
            },
            TypeEntryKind::Composite(rel) => {
                let rel = self.relation(*rel).ok_or_else(|| Error::internal(format!("cache lookup failed for relation {rel}")))?;
                TypeKind::Composite(rel.columns.iter().filter(|c| !c.dropped).map(|c| (c.name.clone(), c.ty)).collect())
            }
            TypeEntryKind::Enum(labels) => {
                TypeKind::Enum(labels.iter().map(|l| (l.oid, l.order, l.label.clone())).collect())
            }
            TypeEntryKind::Range { subtype, .. } => TypeKind::Range(*subtype),
            TypeEntryKind::Multirange(range) => TypeKind::Multirange(*range),
            TypeEntryKind::Domain { base, .. } => TypeKind::Domain(*base),
            TypeEntryKind::Pseudo => TypeKind::Pseudo,
        };
        Ok(Rc::new(TypeDesc { oid, name: t.name.clone(), phys: self.phys(oid), kind, array: t.array, delim: t.delim }))
    }
}

/// Whether it is one of the polymorphic pseudo-types.
pub fn is_polymorphic(oid: Oid) -> bool {
    is_polymorphic_family1(oid) || is_polymorphic_family2(oid)
}

/// `anyelement` and its family.
pub fn is_polymorphic_family1(oid: Oid) -> bool {
    matches!(oid, oids::ANYELEMENT | oids::ANYARRAY | oids::ANYNONARRAY | oids::ANYENUM | oids::ANYRANGE | oids::ANYMULTIRANGE)
}

/// `anycompatible` and its family.
pub fn is_polymorphic_family2(oid: Oid) -> bool {
    matches!(
        oid,
        oids::ANYCOMPATIBLE
            | oids::ANYCOMPATIBLEARRAY
            | oids::ANYCOMPATIBLENONARRAY
            | oids::ANYCOMPATIBLERANGE
            | oids::ANYCOMPATIBLEMULTIRANGE
    )
}
