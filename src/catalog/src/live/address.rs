//! Object addresses and dependencies (`pg_depend`).

use tusklet_ir::Oid;

tusklet_ir::node! {
    /// Which system catalog an object is a row of.
    #[derive(Copy, Eq, Hash, PartialOrd, Ord)]
    pub enum ObjectClass {
        Relation, Type, Proc, Operator, Cast, Constraint, Default, Schema, Collation, OpClass, OpFamily, Trigger, Rule,
        Policy, Role, Database, Extension, Language, Statistics, AccessMethod, Conversion, TsObject, EventTrigger, Acl,
        Amop, Amproc, Tablespace, LargeObject,
    }

    /// An object, or a column of it.
    #[derive(Copy, Eq, Hash, PartialOrd, Ord)]
    pub struct ObjectAddress {
        /// The catalog.
        pub class: ObjectClass,
        /// The row.
        pub oid: Oid,
        /// Attribute number, 0 for the whole object.
        pub sub: i32,
    }

    /// `pg_depend.deptype`.
    #[derive(Copy, Eq)]
    pub enum DependencyKind {
        /// 'n': DROP of the referenced needs CASCADE.
        Normal,
        /// 'a': goes with the referenced.
        Auto,
        /// 'i': part of the referenced; DROP it through that.
        Internal,
    }

    /// One edge: `dependent` needs `referenced`.
    #[derive(Copy, Eq)]
    pub struct Dependency {
        /// Who needs.
        pub dependent: ObjectAddress,
        /// What is needed.
        pub referenced: ObjectAddress,
        /// How strongly.
        pub kind: DependencyKind,
    }
}

impl ObjectAddress {
    /// A whole object.
    pub fn new(class: ObjectClass, oid: Oid) -> ObjectAddress {
        ObjectAddress { class, oid, sub: 0 }
    }

    /// A column of a relation.
    pub fn column(rel: Oid, attno: i16) -> ObjectAddress {
        ObjectAddress { class: ObjectClass::Relation, oid: rel, sub: attno as i32 }
    }
}
