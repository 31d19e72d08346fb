//! The snapshot itself: maps of entries, copy on write, and the record of changes.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use tusklet_error::Result;
use tusklet_ir::Oid;
use tusklet_ir::codec::{Codec, Reader, corrupted};

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

#[derive(Clone, Default)]
pub(super) struct State {
    pub schemas: HashMap<Oid, Rc<Schema>>,
    pub relations: HashMap<Oid, Rc<Relation>>,
    pub types: HashMap<Oid, Rc<Type>>,
    pub procs: HashMap<Oid, Rc<Proc>>,
    pub operators: HashMap<Oid, Rc<Operator>>,
    pub casts: HashMap<Oid, Rc<Cast>>,
    pub roles: HashMap<Oid, Rc<Role>>,
    pub items: BTreeMap<Oid, Rc<Item>>,
    pub depends: BTreeMap<ObjectAddress, Rc<Vec<Dependency>>>,
    pub comments: BTreeMap<ObjectAddress, Rc<str>>,
    pub settings: BTreeMap<String, Rc<str>>,
    /// One pointer, so that who keeps built dictionaries can see that nothing has changed.
    pub text_search: Rc<BTreeMap<Oid, TsObject>>,
    // Second orders, kept by the setters below.
    pub schema_names: HashMap<String, Oid>,
    pub relation_names: HashMap<(Oid, String), Oid>,
    pub type_names: HashMap<(Oid, String), Oid>,
    pub proc_names: HashMap<String, Vec<Oid>>,
    pub operator_names: HashMap<String, Vec<Oid>>,
    pub role_names: HashMap<String, Oid>,
    pub referenced_by: HashMap<ObjectAddress, Vec<Dependency>>,
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
            s.index(IndexOp::Add, Named::$key(&e));
            s.$map.insert(oid, Rc::new(e));
        }

        /// Removes the entry, if it is there.
        pub fn $remove(&mut self, oid: Oid) {
            if let Some(old) = self.state.$map.get(&oid).cloned() {
                let s = self.edit(EntryKey::$key(oid));
                s.index(IndexOp::Remove, Named::$key(&old));
                s.$map.remove(&oid);
            }
        }
    };
}

enum IndexOp {
    Add,
    Remove,
}

enum Named<'a> {
    Schema(&'a Schema),
    Relation(&'a Relation),
    Type(&'a Type),
    Proc(&'a Proc),
    Operator(&'a Operator),
    Cast(#[allow(dead_code)] &'a Cast),
    Role(&'a Role),
    Item(#[allow(dead_code)] &'a Item),
}

fn list<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<Oid>>, op: &IndexOp, key: K, oid: Oid) {
    let v = map.entry(key).or_default();
    match op {
        IndexOp::Add => v.push(oid),
        IndexOp::Remove => v.retain(|o| *o != oid),
    }
}

fn unique<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Oid>, op: &IndexOp, key: K, oid: Oid) {
    match op {
        IndexOp::Add => {
            map.insert(key, oid);
        }
        IndexOp::Remove => {
            if map.get(&key) == Some(&oid) {
                map.remove(&key);
            }
        }
    }
}

impl State {
    fn index(&mut self, op: IndexOp, named: Named<'_>) {
        match named {
            Named::Schema(e) => unique(&mut self.schema_names, &op, e.name.clone(), e.oid),
            Named::Relation(e) => unique(&mut self.relation_names, &op, (e.schema, e.name.clone()), e.oid),
            Named::Type(e) => unique(&mut self.type_names, &op, (e.schema, e.name.clone()), e.oid),
            Named::Proc(e) => list(&mut self.proc_names, &op, e.name.clone(), e.oid),
            Named::Operator(e) => list(&mut self.operator_names, &op, e.name.clone(), e.oid),
            Named::Cast(_) | Named::Item(_) => {}
            Named::Role(e) => unique(&mut self.role_names, &op, e.name.clone(), e.oid),
        }
    }
}

impl Catalog {
    /// An empty catalog: only PostgreSQL's own objects.
    pub fn new() -> Catalog {
        Catalog::default()
    }

    /// Changes with every edit; equal versions of one lineage mean equal catalogs.
    pub fn version(&self) -> u64 {
        self.state.version
    }

    fn edit(&mut self, key: EntryKey) -> &mut State {
        if !self.edited.contains(&key) {
            self.edited.push(key);
        }
        let s = Rc::make_mut(&mut self.state);
        s.version += 1;
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
                    v.retain(|d| d.dependent != dependent);
                }
            }
        }
        for e in &edges {
            s.referenced_by.entry(e.referenced).or_default().push(*e);
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
    pub fn comments(&self) -> impl Iterator<Item = (&ObjectAddress, &Rc<str>)> {
        self.state.comments.iter()
    }

    /// All dependencies.
    pub fn all_depends(&self) -> impl Iterator<Item = &Dependency> {
        self.state.depends.values().flat_map(|v| v.iter())
    }

    /// Sets or removes a named value.
    pub fn put_setting(&mut self, name: &str, value: Option<&str>) {
        let s = self.edit(EntryKey::Setting(name.to_string()));
        match value {
            Some(t) => s.settings.insert(name.to_string(), Rc::from(t)),
            None => s.settings.remove(name),
        };
    }

    /// A named value.
    pub fn stored_setting(&self, name: &str) -> Option<&str> {
        self.state.settings.get(name).map(|t| &**t)
    }

    /// Adds or replaces a text search object.
    pub fn put_text_search(&mut self, e: TsObject) {
        let s = self.edit(EntryKey::TextSearch(e.oid));
        Rc::make_mut(&mut s.text_search).insert(e.oid, e);
    }

    /// Removes one, if it is there.
    pub fn remove_text_search(&mut self, oid: Oid) {
        let s = self.edit(EntryKey::TextSearch(oid));
        Rc::make_mut(&mut s.text_search).remove(&oid);
    }

    /// The text search objects that were made or changed.
    pub fn text_search(&self) -> &Rc<BTreeMap<Oid, TsObject>> {
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
            EntryKey::Setting(n) => s.settings.get(n).map(|t| t.to_string().to_bytes()),
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
        let mut r = Reader::new(key);
        let k = EntryKey::decode(&mut r)?;
        if !r.is_done() {
            return Err(corrupted());
        }
        self.merge(&[(k, Some(value.to_vec()))])
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
