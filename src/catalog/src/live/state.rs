//! The snapshot itself: maps of entries, copy on write, and the record of changes.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use tusklet_error::{Result, SortedMap, SortedSet};
use tusklet_ir::Oid;
use tusklet_ir::codec::Codec;

use super::{Cast, Dependency, Item, ObjectAddress, Operator, Proc, Relation, Role, Schema, TsObject, Type};

/// The first OID user objects get, as in PostgreSQL.
pub const FIRST_USER_OID: Oid = 16384;

tusklet_ir::node! {
    /// The address of one stored entry.
    #[derive(Eq, Hash, PartialOrd, Ord)]
    pub enum EntryKey {
        Schema(oid: Oid),
        Relation(oid: Oid),
        Type(oid: Oid),
        Proc(oid: Oid),
        Operator(oid: Oid),
        Cast(oid: Oid),
        Role(oid: Oid),
        /// All dependencies of one dependent object.
        Depends(on: ObjectAddress),
        /// A comment; class, object, column.
        Comment(on: ObjectAddress),
        /// ALTER DATABASE/ROLE SET and other single values, by name.
        Setting(name: String),
        /// A text search object.
        TextSearch(oid: Oid),
        Item(oid: Oid),
    }
}

/// What happened to an entry, for the log: its key and stored form, `None` when removed.
pub type Change = (EntryKey, Option<Vec<u8>>);

/// Entries by OID. New ones have the highest, so they come last.
pub(super) type Entries<T> = SortedMap<Oid, Rc<T>>;

/// Edges by one of their ends.
type Edges = SortedMap<ObjectAddress, Rc<Vec<Dependency>>>;

#[derive(Clone, Default)]
pub(super) struct State {
    pub schemas: Entries<Schema>,
    pub relations: Entries<Relation>,
    pub types: Entries<Type>,
    pub procs: Entries<Proc>,
    pub operators: Entries<Operator>,
    pub casts: Entries<Cast>,
    pub roles: Entries<Role>,
    pub items: Entries<Item>,
    pub depends: Edges,
    pub comments: SortedMap<ObjectAddress, Rc<str>>,
    pub settings: SortedMap<String, String>,
    /// One pointer, so that who keeps built dictionaries can see that nothing has changed.
    pub text_search: Rc<Entries<TsObject>>,
    // Second orders, kept by the setters below.
    pub names: SortedSet<Name>,
    pub referenced_by: Edges,
    /// Bumped by every edit: what plans are cached under.
    pub version: u64,
}

/// An immutable snapshot of the catalog; see the module.
#[derive(Clone, Default)]
pub struct Catalog {
    pub(super) state: Rc<State>,
    /// Keys edited since [`Catalog::take_changes`].
    edited: Vec<EntryKey>,
}

macro_rules! entry_ops {
    ($put:ident $remove:ident $map:ident $t:ty, $key:ident) => {
        /// Adds or replaces the entry.
        pub fn $put(&mut self, e: $t) {
            let oid = e.oid;
            self.$remove(oid);
            let s = self.edit(EntryKey::$key(oid));
            s.add_name(e.name());
            s.$map.insert(oid, Rc::new(e));
        }

        /// Removes the entry, if it is there.
        pub fn $remove(&mut self, oid: Oid) {
            if let Some(old) = self.state.$map.get(&oid).cloned() {
                let s = self.edit(EntryKey::$key(oid));
                s.remove_name(old.name());
                s.$map.remove(&oid);
            }
        }
    };
}

/// What is found by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    Schema,
    Relation,
    Type,
    Proc,
    Operator,
    Role,
}

/// A name and what has it. Only relations and types are found by their schema as well; it is 0 for the others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub what: Named,
    pub schema: Oid,
    pub name: Rc<str>,
    pub oid: Oid,
}

/// The name an entry is found by.
trait Entry {
    fn name(&self) -> Option<Name>;
}

macro_rules! found_by_name {
    ($($t:ident $(in $schema:ident)?),*) => {$(
        impl Entry for $t {
            fn name(&self) -> Option<Name> {
                let schema = 0 $(+ self.$schema)?;
                Some(Name { what: Named::$t, schema, name: Rc::from(self.name.as_str()), oid: self.oid })
            }
        }
    )*};
}

found_by_name!(Schema, Relation in schema, Type in schema, Proc, Operator, Role);

impl Entry for Cast {
    fn name(&self) -> Option<Name> {
        None
    }
}

impl Entry for Item {
    fn name(&self) -> Option<Name> {
        None
    }
}

impl State {
    fn add_name(&mut self, name: Option<Name>) {
        if let Some(n) = name {
            self.names.insert(n);
        }
    }

    fn remove_name(&mut self, name: Option<Name>) {
        if let Some(n) = name {
            self.names.remove(&n);
        }
    }
}

static VERSIONS: AtomicU64 = AtomicU64::new(0);

impl Catalog {
    /// An empty catalog: only PostgreSQL's own objects.
    pub fn new() -> Catalog {
        Catalog::default()
    }

    /// Another with every edit, never one there was before: what a transaction edited before it was rolled back must not be taken
    /// for what the next one edits. Equal versions mean equal catalogs.
    pub fn version(&self) -> u64 {
        self.state.version
    }

    fn edit(&mut self, key: EntryKey) -> &mut State {
        if !self.edited.contains(&key) {
            self.edited.push(key);
        }
        let s = Rc::make_mut(&mut self.state);
        s.version = VERSIONS.fetch_add(1, Ordering::Relaxed) + 1;
        s
    }

    entry_ops!(put_schema remove_schema schemas Schema, Schema);
    entry_ops!(put_relation remove_relation relations Relation, Relation);
    entry_ops!(put_type remove_type types Type, Type);
    entry_ops!(put_proc remove_proc procs Proc, Proc);
    entry_ops!(put_operator remove_operator operators Operator, Operator);
    entry_ops!(put_cast remove_cast casts Cast, Cast);
    entry_ops!(put_role remove_role roles Role, Role);
    entry_ops!(put_item remove_item items Item, Item);

    /// Replaces all dependencies of one object; an empty list removes them.
    pub fn put_depends(&mut self, dependent: ObjectAddress, edges: Vec<Dependency>) {
        let s = self.edit(EntryKey::Depends(dependent));
        if let Some(old) = s.depends.remove(&dependent) {
            for e in old.iter() {
                if let Some(v) = s.referenced_by.get_mut(&e.referenced) {
                    Rc::make_mut(v).retain(|d| d.dependent != dependent);
                }
            }
        }
        for e in &edges {
            Rc::make_mut(s.referenced_by.or_default(e.referenced)).push(*e);
        }
        if !edges.is_empty() {
            s.depends.insert(dependent, Rc::new(edges));
        }
    }

    /// Adds edges to what the object already depends on.
    pub fn add_depends(&mut self, edges: &[Dependency]) {
        for e in edges {
            let mut all = self.state.depends.get(&e.dependent).map(|v| v.to_vec()).unwrap_or_default();
            if !all.contains(e) {
                all.push(*e);
                self.put_depends(e.dependent, all);
            }
        }
    }

    /// What the object depends on.
    pub fn depends_on(&self, dependent: ObjectAddress) -> &[Dependency] {
        self.state.depends.get(&dependent).map_or(&[], |v| v.as_slice())
    }

    /// Who depends on exactly this object or column.
    pub fn dependents(&self, referenced: ObjectAddress) -> &[Dependency] {
        self.state.referenced_by.get(&referenced).map_or(&[], |v| v.as_slice())
    }

    /// Sets or removes a comment.
    pub fn put_comment(&mut self, on: ObjectAddress, text: Option<&str>) {
        let s = self.edit(EntryKey::Comment(on));
        match text {
            Some(t) => s.comments.insert(on, Rc::from(t)),
            None => s.comments.remove(&on),
        };
    }

    /// The comment on an object or column.
    pub fn comment(&self, on: ObjectAddress) -> Option<&str> {
        self.state.comments.get(&on).map(|t| &**t)
    }

    /// All comments.
    pub fn comments(&self) -> &[(ObjectAddress, Rc<str>)] {
        &self.state.comments
    }

    /// All dependencies.
    pub fn all_depends(&self) -> impl Iterator<Item = &Dependency> {
        self.state.depends.values().flat_map(|v| v.iter())
    }

    /// Sets or removes a named value.
    pub fn put_setting(&mut self, name: &str, value: Option<&str>) {
        let s = self.edit(EntryKey::Setting(name.to_string()));
        match value {
            Some(t) => s.settings.insert(name.to_string(), t.to_string()),
            None => s.settings.remove(name),
        };
    }

    /// A named value.
    pub fn stored_setting(&self, name: &str) -> Option<&str> {
        self.state.settings.get(name).map(String::as_str)
    }

    /// Adds or replaces a text search object.
    pub fn put_text_search(&mut self, e: TsObject) {
        let s = self.edit(EntryKey::TextSearch(e.oid));
        Rc::make_mut(&mut s.text_search).insert(e.oid, Rc::new(e));
    }

    /// Removes one, if it is there.
    pub fn remove_text_search(&mut self, oid: Oid) {
        let s = self.edit(EntryKey::TextSearch(oid));
        Rc::make_mut(&mut s.text_search).remove(&oid);
    }

    /// The text search objects that were made or changed.
    pub fn text_search(&self) -> &Rc<SortedMap<Oid, Rc<TsObject>>> {
        &self.state.text_search
    }

    /// Whether anything was edited since the last [`Catalog::take_changes`].
    pub fn is_edited(&self) -> bool {
        !self.edited.is_empty()
    }

    /// The edited entries in their stored form, and forgets that they were edited.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.edited)
            .into_iter()
            .map(|k| {
                let v = self.stored(&k);
                (k, v)
            })
            .collect()
    }

    fn stored(&self, key: &EntryKey) -> Option<Vec<u8>> {
        let s = &*self.state;
        match key {
            EntryKey::Schema(o) => s.schemas.get(o).map(|e| e.to_bytes()),
            EntryKey::Relation(o) => s.relations.get(o).map(|e| e.to_bytes()),
            EntryKey::Type(o) => s.types.get(o).map(|e| e.to_bytes()),
            EntryKey::Proc(o) => s.procs.get(o).map(|e| e.to_bytes()),
            EntryKey::Operator(o) => s.operators.get(o).map(|e| e.to_bytes()),
            EntryKey::Cast(o) => s.casts.get(o).map(|e| e.to_bytes()),
            EntryKey::Role(o) => s.roles.get(o).map(|e| e.to_bytes()),
            EntryKey::Depends(a) => s.depends.get(a).map(|e| e.to_bytes()),
            EntryKey::Comment(a) => s.comments.get(a).map(|t| t.to_string().to_bytes()),
            EntryKey::Setting(n) => s.settings.get(n).map(|t| t.to_bytes()),
            EntryKey::TextSearch(o) => s.text_search.get(o).map(|e| e.to_bytes()),
            EntryKey::Item(o) => s.items.get(o).map(|e| e.to_bytes()),
        }
    }

    /// Applies stored entries: at recovery, and at commit onto the shared snapshot.
    pub fn merge(&mut self, changes: &[Change]) -> Result<()> {
        let before = std::mem::take(&mut self.edited);
        for (key, bytes) in changes {
            self.apply(key, bytes.as_deref())?;
        }
        self.edited = before;
        Ok(())
    }

    /// One stored entry as `storage`'s meta map gives it.
    pub fn load(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.merge(&[(EntryKey::from_bytes(key)?, Some(value.to_vec()))])
    }

    fn apply(&mut self, key: &EntryKey, bytes: Option<&[u8]>) -> Result<()> {
        match (key, bytes) {
            (EntryKey::Schema(_), Some(b)) => self.put_schema(Schema::from_bytes(b)?),
            (EntryKey::Schema(o), None) => self.remove_schema(*o),
            (EntryKey::Relation(_), Some(b)) => self.put_relation(Relation::from_bytes(b)?),
            (EntryKey::Relation(o), None) => self.remove_relation(*o),
            (EntryKey::Type(_), Some(b)) => self.put_type(Type::from_bytes(b)?),
            (EntryKey::Type(o), None) => self.remove_type(*o),
            (EntryKey::Proc(_), Some(b)) => self.put_proc(Proc::from_bytes(b)?),
            (EntryKey::Proc(o), None) => self.remove_proc(*o),
            (EntryKey::Operator(_), Some(b)) => self.put_operator(Operator::from_bytes(b)?),
            (EntryKey::Operator(o), None) => self.remove_operator(*o),
            (EntryKey::Cast(_), Some(b)) => self.put_cast(Cast::from_bytes(b)?),
            (EntryKey::Cast(o), None) => self.remove_cast(*o),
            (EntryKey::Role(_), Some(b)) => self.put_role(Role::from_bytes(b)?),
            (EntryKey::Role(o), None) => self.remove_role(*o),
            (EntryKey::Depends(a), Some(b)) => self.put_depends(*a, Vec::<Dependency>::from_bytes(b)?),
            (EntryKey::Depends(a), None) => self.put_depends(*a, vec![]),
            (EntryKey::Comment(a), Some(b)) => self.put_comment(*a, Some(&String::from_bytes(b)?)),
            (EntryKey::Comment(a), None) => self.put_comment(*a, None),
            (EntryKey::Setting(n), Some(b)) => self.put_setting(n, Some(&String::from_bytes(b)?)),
            (EntryKey::Setting(n), None) => self.put_setting(n, None),
            (EntryKey::TextSearch(_), Some(b)) => self.put_text_search(TsObject::from_bytes(b)?),
            (EntryKey::TextSearch(o), None) => self.remove_text_search(*o),
            (EntryKey::Item(_), Some(b)) => self.put_item(Item::from_bytes(b)?),
            (EntryKey::Item(o), None) => self.remove_item(*o),
        }
        Ok(())
    }
}
