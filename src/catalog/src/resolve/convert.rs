//! Built-in rows in the shape of live entries, each made once per thread.

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_error::SortedMap;
use tusklet_ir::{Oid, TypeRef};

use crate::builtin::{self, oids};
use crate::live::{
    AggregateParts, Column, Constraint, ConstraintKind, Index, IndexColumn, Operator, Persistence, Proc, RelKind, Relation,
    Type, TypeEntryKind, View,
};

#[derive(Default)]
struct Cache {
    relations: SortedMap<Oid, Rc<Relation>>,
    types: SortedMap<Oid, Rc<Type>>,
    procs: SortedMap<Oid, Rc<Proc>>,
    operators: SortedMap<Oid, Rc<Operator>>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

macro_rules! cached {
    ($name:ident $map:ident $make:ident $t:ty) => {
        pub(super) fn $name(oid: Oid) -> Option<Rc<$t>> {
            if let Some(hit) = CACHE.with_borrow(|c| c.$map.get(&oid).cloned()) {
                return Some(hit);
            }
            let made = Rc::new($make(oid)?);
            CACHE.with_borrow_mut(|c| c.$map.insert(oid, made.clone()));
            Some(made)
        }
    };
}

cached!(relation relations make_relation Relation);
cached!(ty types make_type Type);
cached!(proc procs make_proc Proc);
cached!(operator operators make_operator Operator);

fn make_relation(oid: Oid) -> Option<Relation> {
    let r = builtin::relation(oid)?;
    let columns: Vec<Column> = builtin::attributes(oid)
        .map(|a| Column {
            name: a.name().to_string(),
            ty: TypeRef { oid: a.ty(), typmod: a.typmod() },
            collation: a.collation(),
            not_null: a.notnull(),
            default: None,
            generated: false,
            identity: None,
            dropped: false,
            is_local: true,
            inherit_count: 0,
            storage: 0,
            compression: 0,
            statistics: a.stattarget(),
            acl: None,
            options: vec![],
        })
        .collect();
    let kind = match r.kind() {
        b'i' => RelKind::Index,
        b'v' => RelKind::View,
        b'c' => RelKind::Composite,
        b't' => RelKind::Toast,
        _ => RelKind::Table,
    };
    let constraints = builtin::constraints_of(oid)
        .filter_map(|c| {
            let kind = match c.kind() {
                b'p' => ConstraintKind::Primary(c.index()),
                b'u' => ConstraintKind::Unique(c.index()),
                _ => return None,
            };
            Some(Constraint {
                oid: c.oid(),
                name: c.name().to_string(),
                kind,
                columns: c.key().iter().map(|k| *k as i16).collect(),
                deferrable: false,
                deferred: false,
                validated: true,
                is_local: true,
                inherit_count: 0,
                no_inherit: true,
                parent: 0,
            })
        })
        .collect();
    let index = builtin::index(oid).and_then(|i| make_index(oid, i));
    Some(Relation {
        oid,
        name: r.name().to_string(),
        schema: r.namespace(),
        kind,
        owner: oids::ROLE_POSTGRES,
        row_type: r.row_type(),
        storage: 0,
        persistence: Persistence::Permanent,
        columns,
        constraints,
        indexes: builtin::indexes_of(oid).map(|i| i.oid()).collect(),
        index,
        view: builtin::view_definition(oid)
            .map(|text| View { query: None, text: text.to_string(), check_option: 0, populated: true }),
        sequence: None,
        parents: vec![],
        children: vec![],
        triggers: vec![],
        rules: vec![],
        of_type: 0,
        partition_key: None,
        partition_bound: None,
        options: vec![],
        acl: None,
        row_security: false,
        force_row_security: false,
        replica_identity: r.replident(),
        access_method: r.am(),
        system: true,
    })
}

fn make_index(oid: Oid, i: builtin::Index) -> Option<Index> {
    let table = i.relation();
    let atts: Vec<builtin::Attribute> = builtin::attributes(table).collect();
    let columns = i
        .key()
        .iter()
        .enumerate()
        .map(|(n, key)| {
            let att = atts.iter().find(|a| a.number() == *key as i32);
            let opclass = i.classes().get(n).copied().unwrap_or(0);
            let class = builtin::opclass(opclass);
            let (family, intype) = class.map_or((0, 0), |c| (c.family(), c.intype()));
            let option = i.options().get(n).copied().unwrap_or(0);
            IndexColumn {
                attno: *key as i16,
                expr: None,
                ty: att.map_or(TypeRef::new(0), |a| TypeRef { oid: a.ty(), typmod: a.typmod() }),
                opclass,
                opfamily: family,
                cmp: builtin::amproc(family, intype, intype, 1).map_or(0, |p| p.function()),
                collation: i.collations().get(n).copied().unwrap_or(0),
                desc: option & 1 != 0,
                nulls_first: option & 2 != 0,
                options: vec![],
            }
        })
        .collect();
    Some(Index {
        table,
        columns,
        keys: i.key_natts().max(0) as u32,
        unique: i.unique(),
        nulls_not_distinct: false,
        primary: i.primary(),
        exclusion: false,
        immediate: true,
        valid: true,
        clustered: false,
        replica_identity: false,
        predicate: None,
        constraint: builtin::constraints_of(table).find(|c| c.index() == oid).map_or(0, |c| c.oid()),
        parent: 0,
    })
}

fn make_type(oid: Oid) -> Option<Type> {
    let t = builtin::ty(oid)?;
    let kind = match t.kind() {
        b'c' => TypeEntryKind::Composite(t.relid()),
        b'd' => TypeEntryKind::Domain {
            base: TypeRef { oid: t.basetype(), typmod: t.typmod() },
            not_null: t.notnull(),
            default: None,
            checks: vec![],
        },
        b'e' => TypeEntryKind::Enum(vec![]),
        b'm' => TypeEntryKind::Multirange(builtin::range_of_multirange(oid)?.range()),
        b'r' => {
            let r = builtin::range(oid)?;
            TypeEntryKind::Range {
                subtype: r.subtype(),
                opclass: r.subopc(),
                collation: r.collation(),
                canonical: r.canonical(),
                subdiff: r.subdiff(),
                multirange: r.multirange(),
            }
        }
        b'p' if t.elem() == 0 => TypeEntryKind::Pseudo,
        _ if t.elem() != 0 => {
            TypeEntryKind::Array { element: t.elem(), varlena: builtin::type_of_array(oid).is_some() }
        }
        _ => TypeEntryKind::Base { like: oid, element: 0, default: None },
    };
    Some(Type {
        oid,
        name: t.name().to_string(),
        schema: t.namespace(),
        owner: oids::ROLE_POSTGRES,
        kind,
        array: t.array(),
        category: t.category(),
        preferred: t.preferred(),
        collation: t.collation(),
        delim: t.delim(),
        len: t.len() as i16,
        by_val: t.byval(),
        align: t.align(),
        storage: t.storage(),
        io: vec![t.input(), t.output(), t.receive(), t.send()],
        typmod_io: vec![t.modin(), t.modout()],
        defined: true,
        subscript: t.subscript() != 0,
        acl: None,
    })
}

fn make_proc(oid: Oid) -> Option<Proc> {
    let p = builtin::proc(oid)?;
    Some(Proc {
        oid,
        name: p.name().to_string(),
        schema: p.namespace(),
        owner: oids::ROLE_POSTGRES,
        language: p.language(),
        kind: p.kind(),
        args: p.args().to_vec(),
        all_args: p.all_args().unwrap_or(&[]).to_vec(),
        modes: p.arg_modes().unwrap_or(&[]).iter().map(|m| *m as u8).collect(),
        arg_names: p.arg_names().map(|n| n.iter().map(str::to_string).collect()).unwrap_or_default(),
        defaults: vec![],
        variadic: p.variadic(),
        result: p.rettype(),
        retset: p.retset(),
        strict: p.strict(),
        volatility: p.volatile(),
        parallel: p.parallel(),
        security_definer: p.secdef(),
        leakproof: p.leakproof(),
        cost: p.cost() as f64,
        rows: p.rows() as f64,
        source: p.src().to_string(),
        body: vec![],
        config: vec![],
        aggregate: builtin::aggregate(oid).map(|a| AggregateParts {
            kind: a.kind(),
            direct_args: a.direct_args(),
            trans: a.transfn(),
            final_fn: a.finalfn(),
            final_extra: a.finalextra(),
            trans_type: a.transtype(),
            init: a.initval().map(str::to_string),
            sort_op: a.sortop(),
            combine: [a.combinefn(), a.serialfn(), a.deserialfn()],
            modify: [a.finalmodify(), a.mfinalmodify()],
            space: [a.transspace(), a.mtransspace()],
            moving: [a.mtransfn(), a.minvtransfn(), a.mfinalfn(), a.mtranstype()],
            moving_extra: a.mfinalextra(),
            moving_init: a.minitval().map(str::to_string),
        }),
        acl: None,
    })
}

fn make_operator(oid: Oid) -> Option<Operator> {
    let o = builtin::operator(oid)?;
    Some(Operator {
        oid,
        name: o.name().to_string(),
        schema: o.namespace(),
        owner: oids::ROLE_POSTGRES,
        left: o.left(),
        right: o.right(),
        result: o.result(),
        commutator: o.commutator(),
        negator: o.negator(),
        func: o.code(),
        restrict: o.rest(),
        join: o.join(),
        merges: o.can_merge(),
        hashes: o.can_hash(),
    })
}
