//! Lookups by OID and by name. User objects only; `crate::resolve` adds the built-in rows.

use std::cmp::Ordering;
use std::rc::Rc;

use tusklet_ir::Oid;

use super::state::{Name, Named};
use super::{Cast, Catalog, Item, Operator, Proc, Relation, Role, Schema, Type};

macro_rules! by_oid {
    ($($(#[$m:meta])* $get:ident $all:ident $map:ident $t:ty),*) => {$(
        $(#[$m])*
        pub fn $get(&self, oid: Oid) -> Option<&Rc<$t>> {
            self.state.$map.get(&oid)
        }

        /// All of them, by OID.
        pub fn $all(&self) -> impl Iterator<Item = &Rc<$t>> {
            self.state.$map.values()
        }
    )*};
}

impl Catalog {
    by_oid!(
        /// A user-made schema.
        user_schema user_schemas schemas Schema,
        /// A user-made relation.
        user_relation user_relations relations Relation,
        /// A user-made type.
        user_type user_types types Type,
        /// A user-made function.
        user_proc user_procs procs Proc,
        /// A user-made operator.
        user_operator user_operators operators Operator,
        /// A user-made cast.
        user_cast user_casts casts Cast,
        /// A role.
        user_role user_roles roles Role
    );

    /// A user-made item.
    pub fn item(&self, oid: Oid) -> Option<&Rc<Item>> {
        self.state.items.get(&oid)
    }

    /// All items, by OID.
    pub fn items(&self) -> impl Iterator<Item = &Rc<Item>> {
        self.state.items.values()
    }

    /// What has this name.
    fn named(&self, what: Named, schema: Oid, name: &str) -> impl Iterator<Item = Oid> {
        let key = |n: &Name| (n.what, n.schema, (*n.name).cmp(name));
        let names = &self.state.names;
        let first = names.partition_point(|n| key(n) < (what, schema, Ordering::Equal));
        names[first..].iter().take_while(move |n| key(n) == (what, schema, Ordering::Equal)).map(|n| n.oid)
    }

    /// A user-made schema's OID.
    pub fn user_schema_named(&self, name: &str) -> Option<Oid> {
        self.named(Named::Schema, 0, name).next()
    }

    /// A user-made relation's OID.
    pub fn user_relation_named(&self, schema: Oid, name: &str) -> Option<Oid> {
        self.named(Named::Relation, schema, name).next()
    }

    /// A user-made type's OID.
    pub fn user_type_named(&self, schema: Oid, name: &str) -> Option<Oid> {
        self.named(Named::Type, schema, name).next()
    }

    /// User-made functions of that name, in any schema.
    pub fn user_procs_named(&self, name: &str) -> impl Iterator<Item = &Rc<Proc>> {
        self.named(Named::Proc, 0, name).filter_map(|o| self.user_proc(o))
    }

    /// User-made operators of that name, in any schema.
    pub fn user_operators_named(&self, name: &str) -> impl Iterator<Item = &Rc<Operator>> {
        self.named(Named::Operator, 0, name).filter_map(|o| self.user_operator(o))
    }

    /// A role's OID.
    pub fn user_role_named(&self, name: &str) -> Option<Oid> {
        self.named(Named::Role, 0, name).next()
    }
}
