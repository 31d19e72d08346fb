//! Entries of new types and the names of their arrays (`pg_type.c`).

use tusklet_catalog::builtin;
use tusklet_catalog::live::{Catalog, Dependency, DependencyKind, Type, TypeEntryKind};
use tusklet_error::{Result, err, filled};
use tusklet_ir::Oid;

use super::object_address::Objects;
use crate::session::Shared;

/// Cuts a name to 63 bytes at a character's boundary.
pub fn clip(name: &str, bytes: usize) -> &str {
    let mut n = name.len().min(bytes);
    while !name.is_char_boundary(n) {
        n -= 1;
    }
    &name[..n]
}

/// A free name for the array over a type (`makeArrayTypeName`): underscores in front until nobody has it.
pub fn array_name(c: &Catalog, name: &str, schema: Oid) -> String {
    let mut underscores = 1;
    loop {
        let candidate = filled!("{}{}"; "_".repeat(underscores), clip(name, 63 - underscores));
        if c.type_named(schema, &candidate).is_none() || underscores >= 62 {
            return candidate;
        }
        underscores += 1;
    }
}

fn function(name: &str) -> Oid {
    builtin::procs_by_name(name).next().map_or(0, |p| p.oid())
}

/// The four functions of a type's text and binary forms.
pub fn io(prefix: &str) -> Vec<Oid> {
    ["in", "out", "recv", "send"].iter().map(|f| function(&filled!("{}_{}"; prefix, f))).collect()
}

/// Takes a name that an automatic array type has away from it (`moveArrayTypeName`); an error when a real type has it.
pub fn claim_name(shared: &Shared, schema: Oid, name: &str, hint: bool) -> Result<()> {
    let c = shared.catalog();
    let Some(old) = c.type_named(schema, name) else { return Ok(()) };
    let is_array_of_other = c.user_type(old).is_some_and(|t| {
        matches!(t.kind, TypeEntryKind::Array { element, varlena: true } if c.array_type(element) == old)
    });
    if is_array_of_other {
        if let Some(t) = c.user_type(old) {
            let mut t = (**t).clone();
            // Its own name without the underscores is what it is named after.
            t.name = array_name(&c, name, schema);
            return shared.edit_catalog(|c| c.put_type(t));
        }
    }
    let e = err!(DUPLICATE_OBJECT, "type \"{}\" already exists"; name);
    Err(if hint {
        e.hint(
            "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any \
             existing type.",
        )
    } else {
        e
    })
}

/// A type without anything.
pub fn blank(oid: Oid, name: &str, schema: Oid, owner: Oid, kind: TypeEntryKind) -> Type {
    Type {
        oid,
        name: name.to_string(),
        schema,
        owner,
        kind,
        array: 0,
        category: b'U',
        preferred: false,
        collation: 0,
        delim: b',',
        len: -1,
        by_val: false,
        align: b'i',
        storage: b'x',
        io: vec![],
        typmod_io: vec![0, 0],
        defined: true,
        subscript: false,
        acl: None,
    }
}

/// A composite type.
pub fn composite(oid: Oid, name: &str, schema: Oid, owner: Oid, rel: Oid) -> Type {
    Type {
        category: b'C',
        align: b'd',
        io: io("record"),
        ..blank(oid, name, schema, owner, TypeEntryKind::Composite(rel))
    }
}

/// Adds the type and the array over it.
pub fn put_with_array(shared: &Shared, mut t: Type) -> Result<()> {
    let array = shared.db.new_oid();
    t.array = array;
    let c = shared.catalog();
    let name = array_name(&c, &t.name, t.schema);
    let mut a = Type {
        category: b'A',
        collation: t.collation,
        delim: t.delim,
        io: io("array"),
        subscript: true,
        ..blank(array, &name, t.schema, t.owner, TypeEntryKind::Array { element: t.oid, varlena: true })
    };
    if t.align == b'd' {
        a.align = b'd';
    }
    if !matches!(t.kind, TypeEntryKind::Domain { .. }) {
        a.typmod_io = t.typmod_io.clone();
    }
    let element = t.oid;
    shared.edit_catalog(|c| {
        c.put_type(t);
        c.put_type(a);
        c.add_depends(&[Dependency {
            dependent: Objects::ty(array),
            referenced: Objects::ty(element),
            kind: DependencyKind::Internal,
        }]);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_names_are_cut_at_characters_and_made_unique() {
        let c = Catalog::new();
        assert_eq!(array_name(&c, "t", 2200), "_t");
        let long = "é".repeat(31) + "a";
        assert_eq!(array_name(&c, &long, 2200), filled!("_{}"; "é".repeat(31)));
        assert_eq!(clip("ab", 63), "ab");
    }
}
