//! Operator classes and the ordering, equality and hashing of a type, as PostgreSQL's typcache finds them.

use tusklet_ir::Oid;

use crate::builtin::{self, oids};
use crate::live::{Catalog, FamilyMember, IndexColumn, ItemKind};

/// An operator class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpClassRef {
    /// `pg_opclass.oid`.
    pub oid: Oid,
    /// Its family.
    pub family: Oid,
    /// The type its operators are declared for.
    pub input_type: Oid,
}

/// How a type sorts and compares; 0 where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SortOperators {
    /// `<`.
    pub lt: Oid,
    /// `=`.
    pub eq: Oid,
    /// `>`.
    pub gt: Oid,
    /// B-tree comparison function.
    pub cmp: Oid,
    /// Whether it can be hashed.
    pub hashable: bool,
}

impl Catalog {
    /// The default operator class of an access method for a type, through binary-coercible types when there is none for the
    /// type itself (`GetDefaultOpClass`).
    pub fn default_opclass(&self, method: Oid, ty: Oid) -> Option<OpClassRef> {
        let ty = self.base_type(ty);
        let (mut exact, mut compatible, mut preferred) = (None, None, None);
        let (mut n_compatible, mut n_preferred) = (0, 0);
        let category = self.type_category(ty).0;
        let builtin = builtin::Opclass::all()
            .filter(|c| c.method() == method && c.default())
            .map(|c| OpClassRef { oid: c.oid(), family: c.family(), input_type: c.intype() });
        let user = self.items().filter_map(|i| match i.kind {
            ItemKind::OpClass { method: m, family, input, default: true, .. } if m == method => {
                Some(OpClassRef { oid: i.oid, family, input_type: input })
            }
            _ => None,
        });
        for class in builtin.chain(user) {
            let input = class.input_type;
            if input == ty {
                exact = Some(class);
            } else if self.is_binary_coercible(ty, input) {
                if self.is_preferred(category, input) {
                    preferred = Some(class);
                    n_preferred += 1;
                } else {
                    compatible = Some(class);
                    n_compatible += 1;
                }
            }
        }
        match (exact, n_preferred, n_compatible) {
            (Some(c), _, _) => Some(c),
            (None, 1, _) => preferred,
            (None, 0, 1) => compatible,
            _ => None,
        }
    }

    /// The member of a family for a strategy, 0 when there is none.
    pub fn opfamily_member(&self, family: Oid, left: Oid, right: Oid, strategy: i32) -> Oid {
        match self.user_member(family, &|m| (m.function, m.left, m.right, m.number) == (false, left, right, strategy)) {
            Some(m) => m.object,
            None => builtin::amop(family, left, right, strategy).map_or(0, |m| m.operator()),
        }
    }

    /// A member of a user's family.
    fn user_member(&self, family: Oid, is: &dyn Fn(&FamilyMember) -> bool) -> Option<&FamilyMember> {
        match &self.item(family)?.kind {
            ItemKind::OpFamily { members, .. } => members.iter().find(|m| is(m)),
            _ => None,
        }
    }

    /// An operator class, PostgreSQL's or a user's.
    pub fn opclass(&self, oid: Oid) -> Option<OpClassRef> {
        match self.item(oid).map(|i| &i.kind) {
            Some(ItemKind::OpClass { family, input, .. }) => Some(OpClassRef { oid, family: *family, input_type: *input }),
            _ => builtin::opclass(oid).map(|c| OpClassRef { oid, family: c.family(), input_type: c.intype() }),
        }
    }

    /// The support function of a family, 0 when there is none.
    pub fn opfamily_proc(&self, family: Oid, left: Oid, right: Oid, number: i32) -> Oid {
        match self.user_member(family, &|m| (m.function, m.left, m.right, m.number) == (true, left, right, number)) {
            Some(m) => m.object,
            None => builtin::amproc(family, left, right, number).map_or(0, |m| m.function()),
        }
    }

    /// Whether an index's column can be had from its entries (`amcanreturn`): always from a B-tree; from GiST if values are kept as they
    /// are or there is a function to fetch them, from SP-GiST if values are kept whole. `key`: none for an INCLUDE column, which both keep.
    pub fn returns(&self, method: Oid, key: Option<&IndexColumn>) -> bool {
        let Some(key) = key else { return matches!(method, oids::AM_BTREE | oids::AM_GIST | oids::AM_SPGIST) };
        let Some(class) = self.opclass(key.opclass) else { return false };
        let has = |number| self.opfamily_proc(class.family, class.input_type, class.input_type, number) != 0;
        match method {
            oids::AM_BTREE => true,
            oids::AM_GIST => has(9) || !has(3),
            oids::AM_SPGIST => !has(6),
            _ => false,
        }
    }

    /// How a type sorts, compares and hashes (`lookup_type_cache`). Containers do only when what they contain does; a record
    /// always seems to, and finds out when it runs.
    pub fn sort_operators(&self, ty: Oid) -> SortOperators {
        let mut s = SortOperators::default();
        let base = self.base_type(ty);
        if let Some(c) = self.default_opclass(oids::AM_BTREE, base) {
            let t = c.input_type;
            s.lt = self.opfamily_member(c.family, t, t, 1);
            s.eq = self.opfamily_member(c.family, t, t, 3);
            s.gt = self.opfamily_member(c.family, t, t, 5);
            s.cmp = self.opfamily_proc(c.family, t, t, 1);
        }
        if let Some(c) = self.default_opclass(oids::AM_HASH, base) {
            let t = c.input_type;
            s.hashable = true;
            if s.eq == 0 {
                s.eq = self.opfamily_member(c.family, t, t, 1);
            }
        }
        let inner = match s.eq {
            oids::OP_ARRAY_EQ => self.base_element_type(base),
            oids::OP_RECORD_EQ => return self.record_sort_operators(base, s),
            _ => match self.range_subtype(base) {
                0 => match self.multirange_range(base) {
                    0 => return s,
                    range => self.range_subtype(range),
                },
                subtype => {
                    // A range always has an ordering; only its hashing depends on the subtype.
                    s.hashable &= self.sort_operators(subtype).hashable;
                    return s;
                }
            },
        };
        if inner == 0 || inner == base {
            return s;
        }
        let e = self.sort_operators(inner);
        if e.eq == 0 {
            s.eq = 0;
        }
        if e.cmp == 0 {
            (s.lt, s.gt, s.cmp) = (0, 0, 0);
        }
        s.hashable &= e.hashable;
        s
    }

    fn record_sort_operators(&self, ty: Oid, mut s: SortOperators) -> SortOperators {
        if ty == oids::RECORD {
            s.hashable = false;
            return s;
        }
        let Some(rel) = self.relation(self.type_relation(ty)) else { return s };
        for c in rel.columns.iter().filter(|c| !c.dropped) {
            let e = self.sort_operators(c.ty.oid);
            if e.eq == 0 {
                s.eq = 0;
            }
            if e.cmp == 0 {
                (s.lt, s.gt, s.cmp) = (0, 0, 0);
            }
            s.hashable &= e.hashable;
        }
        s
    }

    /// For an ordering operator: its `=` and comparison function, and whether it sorts downwards (`get_ordering_op_properties`
    /// and `get_equality_op_for_ordering_op`).
    pub fn ordering_op(&self, op: Oid) -> Option<(Oid, Oid, bool)> {
        for m in builtin::amops_by_operator(op) {
            if m.method() != oids::AM_BTREE || m.left() != m.right() || m.purpose() != b's' {
                continue;
            }
            if m.strategy() == 1 || m.strategy() == 5 {
                let eq = self.opfamily_member(m.family(), m.left(), m.right(), 3);
                let cmp = self.opfamily_proc(m.family(), m.left(), m.right(), 1);
                return Some((eq, cmp, m.strategy() == 5));
            }
        }
        for i in self.items() {
            let ItemKind::OpFamily { method: oids::AM_BTREE, members } = &i.kind else { continue };
            let is = |m: &&FamilyMember| !m.function && m.object == op && m.left == m.right && matches!(m.number, 1 | 5);
            if let Some(m) = members.iter().find(is) {
                let eq = self.opfamily_member(i.oid, m.left, m.right, 3);
                let cmp = self.opfamily_proc(i.oid, m.left, m.right, 1);
                return Some((eq, cmp, m.number == 5));
            }
        }
        None
    }

    /// Whether an operator is a hash equality (`op_hashjoinable`, type conditions aside).
    pub fn op_hashable(&self, op: Oid, input: Oid) -> bool {
        match op {
            oids::OP_ARRAY_EQ | oids::OP_RECORD_EQ => self.sort_operators(input).hashable,
            _ => self.operator(op).is_some_and(|o| o.hashes),
        }
    }
}

/// What a BRIN index keeps of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summarized {
    /// The least and the greatest.
    Order,
    /// The ends of several stretches.
    Multi,
    /// Which hashes there are.
    Bloom,
    /// The box of the points under which this GiST class would enter them.
    Space(&'static str),
}

/// What a BRIN index of an operator class keeps; none for classes of users.
pub fn brin_class(opclass: Oid) -> Option<Summarized> {
    let class = builtin::opclass(opclass).filter(|c| c.method() == oids::AM_BRIN)?;
    Some(match class.name() {
        "box_inclusion_ops" => Summarized::Space("gist box_ops"),
        "inet_inclusion_ops" => Summarized::Space("gist inet_ops"),
        "range_inclusion_ops" => Summarized::Space("gist range_ops"),
        n if n.ends_with("_bloom_ops") => Summarized::Bloom,
        n if n.ends_with("_multi_ops") => Summarized::Multi,
        _ => Summarized::Order,
    })
}

/// The classes of index access methods beside `btree`, `hash` and `brin` whose indexes have entries. An index of another
/// class is there and correct, and no plan uses it.
const INDEXED: [&str; 18] = [
    "gin array_ops",
    "gin jsonb_ops",
    "gin jsonb_path_ops",
    "gin tsvector_ops",
    "gist box_ops",
    "gist circle_ops",
    "gist inet_ops",
    "gist multirange_ops",
    "gist point_ops",
    "gist poly_ops",
    "gist range_ops",
    "gist tsquery_ops",
    "gist tsvector_ops",
    "spgist box_ops",
    "spgist inet_ops",
    "spgist poly_ops",
    "spgist range_ops",
    "spgist text_ops",
];

/// The name kernels know an operator class by, as `gin jsonb_ops`; none when its indexes have no entries of their own kind.
pub fn index_class(method: Oid, opclass: Oid) -> Option<&'static str> {
    let class = builtin::opclass(opclass).filter(|c| c.method() == method)?;
    let name = match class.name() {
        // Both are kept alike.
        "quad_point_ops" | "kd_point_ops" => return Some("spgist quad_point_ops"),
        n => n,
    };
    let am = builtin::am(method)?.name();
    INDEXED.into_iter().find(|c| c.strip_prefix(am).and_then(|c| c.strip_prefix(' ')) == Some(name))
}

/// Whether an access method keeps keys in order, so that its indexes are B-trees here: `btree`, and `hash`, whose indexes
/// are kept as such.
pub fn is_tree(method: Oid) -> bool {
    matches!(method, oids::AM_BTREE | oids::AM_HASH)
}
