//! What depends on what, and dropping (`dependency.c`).
//!
//! Every object records what it needs when it is made: expressions their columns, functions and types, views the columns
//! they read, constraints their columns. DROP collects the objects to be dropped, each after everything that needs it,
//! then refuses (RESTRICT) or tells (CASCADE) about those that were not asked for, then drops them in that order. The
//! order of collection decides the order of DETAIL lines, so it follows `findDependentObjects` step by step.

use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::{
    Catalog, Dependency, DependencyKind, FamilyMember, ItemKind, ObjectAddress, ObjectClass, RelKind, TypeEntryKind,
};
use tusklet_error::{Error, Notice, Result, Severity, SortShort, SortedSet, SqlState, err, filled};
use tusklet_ir::visit;
use tusklet_ir::{CommandType, Expr, ExprKind, FromNode, Oid, Query, RteKind, Value, Var};
use tusklet_storage::LockMode;
use tusklet_syntax::ast::DropBehavior;

use super::heap;
use super::object_address::{Objects, constraint_owner, domain_constraint_owner};
use super::object_identity::describe;
use crate::session::Shared;

// Recording.

/// Everything an expression over one table (entry 0) needs. Columns of `rel` are its columns; other edges are `kind`.
pub fn expr_edges(
    c: &Catalog,
    out: &mut Vec<Dependency>,
    dependent: ObjectAddress,
    e: &Expr,
    rel: Option<Oid>,
    kind: DependencyKind,
) {
    let mut refs = References { c, found: vec![] };
    let level: Vec<Entry> = rel.map(|r| Entry::Relation(r)).into_iter().collect();
    refs.expr(e, &[&level]);
    refs.add_to(out, dependent, kind);
}

/// Everything a query needs.
pub fn query_edges(c: &Catalog, out: &mut Vec<Dependency>, dependent: ObjectAddress, q: &Query) {
    let mut refs = References { c, found: vec![] };
    refs.query(q, &[]);
    refs.add_to(out, dependent, DependencyKind::Normal);
}

/// The columns of `rel` an expression over it reads, in order of appearance; 0 is the whole row.
pub fn columns_used(e: &Expr) -> Vec<i16> {
    let mut out = vec![];
    visit::walk(e, &mut |x| {
        if let ExprKind::Var(v) = &x.kind {
            if v.level == 0 && !out.contains(&v.attno) {
                out.push(v.attno);
            }
        }
        true
    });
    out
}

/// What an entry of a range table is to dependencies.
enum Entry {
    Relation(Oid),
    /// A join's columns are expressions over other entries.
    Join(Vec<Expr>),
    Other,
}

struct References<'c> {
    c: &'c Catalog,
    found: Vec<ObjectAddress>,
}

impl References<'_> {
    fn add(&mut self, a: ObjectAddress) {
        if !heap::is_pinned(a) && !self.found.contains(&a) {
            self.found.push(a);
        }
    }

    /// A reference to a column stands for the one to its whole relation (`eliminate_duplicate_dependencies`).
    fn add_to(mut self, out: &mut Vec<Dependency>, dependent: ObjectAddress, kind: DependencyKind) {
        let with_columns: Vec<(ObjectClass, Oid)> =
            self.found.iter().filter(|a| a.sub != 0).map(|a| (a.class, a.oid)).collect();
        self.found.retain(|a| a.sub != 0 || !with_columns.contains(&(a.class, a.oid)));
        for referenced in self.found {
            if referenced != dependent {
                heap::edge(out, &dependent, &referenced, kind);
            }
        }
    }

    fn var(&mut self, v: &Var, levels: &[&Vec<Entry>]) {
        let Some(level) = levels.len().checked_sub(1 + v.level as usize).and_then(|i| levels.get(i)) else { return };
        match level.get(v.rte as usize) {
            Some(Entry::Relation(r)) if v.attno > 0 => self.add(ObjectAddress::column(*r, v.attno)),
            Some(Entry::Relation(r)) if v.attno == 0 => {
                // A whole row needs all columns there are.
                let n = self.c.relation(*r).map_or(0, |r| r.columns.len());
                for a in 1..=n as i16 {
                    if self.c.relation(*r).is_some_and(|r| r.column(a).is_some()) {
                        self.add(ObjectAddress::column(*r, a));
                    }
                }
            }
            Some(Entry::Relation(r)) => self.add(Objects::relation(*r)),
            Some(Entry::Join(columns)) => {
                let depth = levels.len() - v.level as usize;
                if let Some(e) = columns.get((v.attno - 1).max(0) as usize) {
                    self.expr(e, &levels[..depth]);
                }
            }
            _ => {}
        }
    }

    fn expr(&mut self, e: &Expr, levels: &[&Vec<Entry>]) {
        let mut subqueries: Vec<&Query> = vec![];
        visit::walk(e, &mut |x| {
            match &x.kind {
                ExprKind::Var(v) => self.var(v, levels),
                ExprKind::Call(f) | ExprKind::NullIf(f) | ExprKind::Distinct(f) => {
                    self.add(Objects::proc(f.func));
                    if f.op != 0 {
                        self.add(ObjectAddress::new(ObjectClass::Operator, f.op));
                    }
                }
                ExprKind::ScalarArray { op, .. } => self.add(ObjectAddress::new(ObjectClass::Operator, *op)),
                ExprKind::RowCompare { ops, .. } => {
                    ops.iter().for_each(|o| self.add(ObjectAddress::new(ObjectClass::Operator, *o)));
                }
                ExprKind::Aggregate(a) => self.add(Objects::proc(a.func)),
                ExprKind::Window(w) => self.add(Objects::proc(w.func)),
                ExprKind::NextVal(s) => self.add(Objects::relation(*s)),
                ExprKind::Const(Value::I64(v)) => match x.ty.oid {
                    oids::REGCLASS => {
                        if let Ok(o) = Oid::try_from(*v) {
                            if self.c.user_relation(o).is_some() {
                                self.add(Objects::relation(o));
                            }
                        }
                    }
                    oids::REGTYPE => self.add(Objects::ty(*v as Oid)),
                    oids::REGPROC | oids::REGPROCEDURE => self.add(Objects::proc(*v as Oid)),
                    oids::REGCONFIG | oids::REGDICTIONARY => {
                        self.add(ObjectAddress::new(ObjectClass::TsObject, *v as Oid));
                    }
                    oids::REGNAMESPACE => self.add(Objects::schema(*v as Oid)),
                    _ => self.add(Objects::ty(x.ty.oid)),
                },
                ExprKind::SubLink(s) => subqueries.push(&s.query),
                // A field of a row type is its column.
                ExprKind::Field { arg, field } => {
                    let rel = self.c.type_relation(arg.ty.oid);
                    let live = self.c.relation(rel).and_then(|r| {
                        let mut live = (1..=r.columns.len() as i16).filter(|a| r.column(*a).is_some());
                        live.nth((*field - 1).max(0) as usize)
                    });
                    match live {
                        Some(a) => self.add(ObjectAddress::column(rel, a)),
                        None => self.add(Objects::ty(x.ty.oid)),
                    }
                }
                _ => {}
            }
            match &x.kind {
                ExprKind::Const(_)
                | ExprKind::Param(_)
                | ExprKind::Relabel { .. }
                | ExprKind::ViaIo { .. }
                | ExprKind::ArrayCoerce { .. }
                | ExprKind::ConvertRowtype { .. }
                | ExprKind::ToDomain { .. }
                | ExprKind::Row { .. } => self.add(Objects::ty(x.ty.oid)),
                _ => {}
            }
            true
        });
        for q in subqueries {
            self.query(q, levels);
        }
    }

    fn query(&mut self, q: &Query, outer: &[&Vec<Entry>]) {
        let level: Vec<Entry> = q
            .rtable
            .iter()
            .map(|r| match &r.kind {
                RteKind::Relation { oid, .. } => Entry::Relation(*oid),
                RteKind::Join { columns, .. } => Entry::Join(columns.clone()),
                _ => Entry::Other,
            })
            .collect();
        let mut levels = outer.to_vec();
        levels.push(&level);
        for r in &q.rtable {
            match &r.kind {
                RteKind::Relation { oid, .. } => self.add(Objects::relation(*oid)),
                RteKind::Subquery { query, .. } => self.query(query, &levels),
                RteKind::Function { functions, .. } => functions.iter().for_each(|f| self.expr(&f.expr, &levels)),
                RteKind::Values { rows } => rows.iter().flatten().for_each(|e| self.expr(e, &levels)),
                RteKind::Join { .. } | RteKind::Cte { .. } | RteKind::Result | RteKind::Literals(_) => {}
            }
        }
        q.ctes.iter().for_each(|k| self.query(&k.query, &levels));
        q.from.iter().for_each(|n| self.from(n, &levels));
        let mut all: Vec<&Expr> = vec![];
        // A join's columns are needed only where something refers to them.
        let joined: SortedSet<*const Expr> = q
            .rtable
            .iter()
            .filter_map(|r| match &r.kind {
                RteKind::Join { columns, .. } => Some(columns),
                _ => None,
            })
            .flatten()
            .map(std::ptr::from_ref)
            .collect();
        visit::query_exprs(q, &mut |e| {
            if !joined.contains(&std::ptr::from_ref(e)) {
                all.push(e);
            }
        });
        for e in all {
            self.expr(e, &levels);
        }
        if let (CommandType::Insert | CommandType::Update, Some(t)) = (q.command, q.result_rel) {
            if let Some(Entry::Relation(r)) = level.get(t as usize) {
                for k in q.targets.iter().filter(|k| k.attno > 0) {
                    self.add(ObjectAddress::column(*r, k.attno));
                }
            }
        }
    }

    fn from(&mut self, n: &FromNode, levels: &[&Vec<Entry>]) {
        if let FromNode::Join { left, right, on, .. } = n {
            self.from(left, levels);
            self.from(right, levels);
            if let Some(e) = on {
                self.expr(e, levels);
            }
        }
    }
}

// Dropping.

const ORIGINAL: u8 = 1;
const NORMAL: u8 = 2;
const AUTO: u8 = 4;
const INTERNAL: u8 = 8;
const SUBOBJECT: u8 = 16;
const REVERSE: u8 = 32;

#[derive(Clone, Copy)]
struct Target {
    object: ObjectAddress,
    flags: u8,
    /// What made it a target.
    dependee: ObjectAddress,
}

struct Deletion<'s> {
    shared: &'s Shared,
    catalog: Catalog,
    targets: Vec<Target>,
    /// All objects the statement names.
    pending: Vec<ObjectAddress>,
    quiet: bool,
}

/// Every edge to the object, or for a whole relation to any of its columns.
fn dependents(c: &Catalog, a: ObjectAddress) -> Vec<Dependency> {
    let mut out = c.dependents(a).to_vec();
    if a.sub == 0 && a.class == ObjectClass::Relation {
        let n = c.relation(a.oid).map_or(0, |r| r.columns.len());
        for sub in 1..=n as i32 {
            out.extend_from_slice(c.dependents(ObjectAddress { sub, ..a }));
        }
    }
    out
}

impl Deletion<'_> {
    fn add_flags(&mut self, a: ObjectAddress, flags: u8) -> bool {
        let mut found = false;
        for t in &mut self.targets {
            if t.object.class != a.class || t.object.oid != a.oid {
                continue;
            }
            if t.object.sub == a.sub {
                t.flags |= flags;
                found = true;
            } else if t.object.sub == 0 {
                // The column goes with its table.
                found = true;
            } else if a.sub == 0 && flags != 0 {
                t.flags |= SUBOBJECT;
            }
        }
        found
    }

    fn on_stack(stack: &mut [Target], a: ObjectAddress, flags: u8) -> bool {
        let mut found = false;
        for t in stack.iter_mut().rev() {
            if t.object.class != a.class || t.object.oid != a.oid {
                continue;
            }
            if t.object.sub == a.sub {
                t.flags |= flags;
                found = true;
            } else if t.object.sub == 0 {
                t.flags |= if flags != 0 { flags & !ORIGINAL } else { 0 };
                found = true;
            } else if a.sub == 0 && flags != 0 {
                t.flags |= SUBOBJECT;
            }
        }
        found
    }

    fn find(&mut self, object: ObjectAddress, mut flags: u8, stack: &mut Vec<Target>) -> Result<()> {
        if Self::on_stack(stack, object, flags) || self.add_flags(object, flags) {
            return Ok(());
        }
        if stack.len() > 500 {
            return Err(err!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"));
        }
        // Is it part of something else? Then that has to go, or nothing.
        let needs: Vec<Dependency> = self.catalog.depends_on(object).to_vec();
        let mut owner = None;
        for d in needs {
            if d.referenced.class == object.class && d.referenced.oid == object.oid && object.sub == 0 {
                continue;
            }
            if d.kind != DependencyKind::Internal {
                continue;
            }
            if stack.is_empty() {
                if self.pending.contains(&d.referenced) {
                    return Ok(());
                }
                owner = Some(d.referenced);
                continue;
            }
            if Self::on_stack(stack, d.referenced, 0) {
                continue;
            }
            // The owner goes first, and takes this with it.
            self.find(d.referenced, REVERSE, stack)?;
            self.add_flags(object, flags);
            return Ok(());
        }
        if let Some(o) = owner {
            let path = self.shared.search_path();
            let (what, why) = (describe(&self.catalog, &path, object), describe(&self.catalog, &path, o));
            return Err(err!(DEPENDENT_OBJECTS_STILL_EXIST, "cannot drop {} because {} requires it"; what, why)
                .hint(filled!("You can drop {} instead."; why)));
        }
        let mut next: Vec<(ObjectAddress, u8)> = vec![];
        for d in dependents(&self.catalog, object) {
            let o = d.dependent;
            if o.class == object.class && o.oid == object.oid && object.sub == 0 {
                continue;
            }
            let f = match d.kind {
                DependencyKind::Normal => NORMAL,
                DependencyKind::Auto => AUTO,
                DependencyKind::Internal => INTERNAL,
            };
            next.push((o, f));
        }
        next.order_by(|(a, _), (b, _)| b.oid.cmp(&a.oid).then(a.class.cmp(&b.class)).then(a.sub.cmp(&b.sub)));
        stack.push(Target { object, flags, dependee: object });
        for (o, f) in next {
            self.find(o, f, stack)?;
        }
        if let Some(t) = stack.pop() {
            flags = t.flags;
        }
        let dependee = if flags & REVERSE != 0 || stack.is_empty() {
            stack.last().map_or(object, |t| t.object)
        } else {
            stack.last().map_or(object, |t| t.object)
        };
        self.targets.push(Target { object, flags, dependee });
        Ok(())
    }

    fn report(&self, behavior: DropBehavior, original: Option<ObjectAddress>) -> Result<()> {
        const MOST: usize = 100;
        let path = self.shared.search_path();
        let (mut lines, mut left_out) = (vec![], 0);
        for t in self.targets.iter().rev() {
            if t.flags & (ORIGINAL | SUBOBJECT | AUTO | INTERNAL) != 0 {
                continue;
            }
            if lines.len() >= MOST {
                left_out += 1;
                continue;
            }
            let what = describe(&self.catalog, &path, t.object);
            lines.push(match behavior {
                DropBehavior::Restrict => {
                    filled!("{} depends on {}"; what, describe(&self.catalog, &path, t.dependee))
                }
                DropBehavior::Cascade => filled!("drop cascades to {}"; what),
            });
        }
        if lines.is_empty() {
            return Ok(());
        }
        let n = lines.len() + left_out;
        if left_out > 0 {
            lines.push(format!("and {left_out} other object{} (see server log for list)", if left_out == 1 { "" } else { "s" }));
        }
        if behavior == DropBehavior::Restrict {
            let message = match original {
                Some(o) => filled!(
                    "cannot drop {} because other objects depend on it"; describe(&self.catalog, &path, o)
                ),
                None => "cannot drop desired object(s) because other objects depend on them".to_string(),
            };
            return Err(Error::new(SqlState::DEPENDENT_OBJECTS_STILL_EXIST, message)
                .detail(lines.join("\n"))
                .hint("Use DROP ... CASCADE to drop the dependent objects too."));
        }
        if self.quiet {
            return Ok(());
        }
        if n == 1 {
            self.shared.notify_user(lines.swap_remove(0));
        } else {
            let mut notice = Notice::new(
                Severity::Notice,
                SqlState::SUCCESSFUL_COMPLETION,
                format!("drop cascades to {n} other objects"),
            );
            notice.detail = Some(lines.join("\n"));
            self.shared.notice(notice);
        }
        Ok(())
    }
}

/// Drops objects and what depends on them (`performMultipleDeletions`).
pub fn delete(shared: &Shared, objects: &[ObjectAddress], behavior: DropBehavior) -> Result<()> {
    perform(shared, objects, behavior, false)
}

/// Drops with everything that depends on it, without a word: temporary objects.
pub fn delete_quietly(shared: &Shared, objects: &[ObjectAddress]) -> Result<()> {
    perform(shared, objects, DropBehavior::Cascade, true)
}

fn perform(shared: &Shared, objects: &[ObjectAddress], behavior: DropBehavior, quiet: bool) -> Result<()> {
    let mut d =
        Deletion { shared, catalog: shared.catalog(), targets: vec![], pending: objects.to_vec(), quiet };
    for o in objects {
        d.find(*o, ORIGINAL, &mut vec![])?;
    }
    d.report(behavior, match objects {
        [o] => Some(*o),
        _ => None,
    })?;
    // All locks before the first change: the statement may have to start over.
    for t in &d.targets {
        if t.object.class == ObjectClass::Relation {
            super::lock(shared, t.object.oid, LockMode::AccessExclusive)?;
        }
    }
    let targets = d.targets;
    for t in &targets {
        delete_one(shared, t.object)?;
    }
    Ok(())
}

fn delete_one(shared: &Shared, a: ObjectAddress) -> Result<()> {
    let c = shared.catalog();
    match a.class {
        ObjectClass::Relation if a.sub != 0 => {
            if c.user_relation(a.oid).is_some_and(|r| r.column(a.sub as i16).is_some()) {
                heap::remove_column(shared, a.oid, a.sub as i16)?;
            }
        }
        ObjectClass::Relation => {
            if c.user_relation(a.oid).is_some() {
                let columns = c.user_relation(a.oid).map_or(0, |r| r.columns.len());
                heap::drop_relation(shared, a.oid)?;
                shared.edit_catalog(|c| {
                    for sub in 1..=columns as i32 {
                        forget(c, ObjectAddress { sub, ..a });
                        forget(c, ObjectAddress { sub, class: ObjectClass::Default, ..a });
                    }
                })?;
            }
        }
        ObjectClass::Default => {
            if c.user_relation(a.oid).is_some_and(|r| r.column(a.sub as i16).is_some()) {
                heap::change_column(shared, a.oid, a.sub as i16, |k| k.default = None)?;
            }
        }
        ObjectClass::Constraint => {
            if let Some((rel, _)) = constraint_owner(&c, a.oid) {
                heap::change(shared, rel, |r| r.constraints.retain(|k| k.oid != a.oid))?;
            } else if let Some((ty, _)) = domain_constraint_owner(&c, a.oid) {
                super::typecmds::change_type(shared, ty, |t| {
                    if let TypeEntryKind::Domain { checks, .. } = &mut t.kind {
                        checks.retain(|k| k.oid != a.oid);
                    }
                })?;
            }
        }
        ObjectClass::LargeObject => return crate::large_object::drop(shared, a.oid),
        ObjectClass::Operator => {
            if let Some(o) = c.user_operator(a.oid) {
                super::operatorcmds::link(shared, o, true)?;
            }
        }
        ObjectClass::Type | ObjectClass::Proc | ObjectClass::Cast | ObjectClass::TsObject | ObjectClass::Schema => {}
        ObjectClass::Collation | ObjectClass::OpFamily | ObjectClass::OpClass => {}
        other => return Err(err!(INTERNAL_ERROR, "{other:?} cannot be dropped")),
    }
    shared.edit_catalog(|c| {
        match a.class {
            ObjectClass::Type => c.remove_type(a.oid),
            ObjectClass::Proc => c.remove_proc(a.oid),
            ObjectClass::Operator => c.remove_operator(a.oid),
            ObjectClass::Cast => c.remove_cast(a.oid),
            ObjectClass::TsObject => c.remove_text_search(a.oid),
            ObjectClass::Schema => c.remove_schema(a.oid),
            ObjectClass::Collation | ObjectClass::OpFamily | ObjectClass::OpClass => c.remove_item(a.oid),
            _ => {}
        }
        forget_members(c, a);
        forget(c, a);
    })
}

/// Takes out of operator families what cannot be a member any more without the object.
fn forget_members(c: &mut Catalog, a: ObjectAddress) {
    let gone = |m: &FamilyMember| match a.class {
        ObjectClass::Operator => !m.function && m.object == a.oid,
        ObjectClass::Proc => m.function && m.object == a.oid,
        // What a class brought into its family goes with it.
        ObjectClass::OpClass => m.class == a.oid,
        _ => false,
    };
    let mut changed = vec![];
    for i in c.items() {
        if let ItemKind::OpFamily { members, .. } = &i.kind
            && members.iter().any(gone)
        {
            changed.push((**i).clone());
        }
    }
    for mut i in changed {
        if let ItemKind::OpFamily { members, .. } = &mut i.kind {
            members.retain(|m| !gone(m));
        }
        c.put_item(i);
    }
}

/// Forgets what the object needed and what was said about it.
fn forget(c: &mut Catalog, a: ObjectAddress) {
    if !c.depends_on(a).is_empty() {
        c.put_depends(a, vec![]);
    }
    if c.comment(a).is_some() {
        c.put_comment(a, None);
    }
}

/// Adds edges (`recordMultipleDependencies`).
pub fn record(shared: &Shared, edges: &[Dependency]) -> Result<()> {
    shared.edit_catalog(|c| c.add_depends(edges))
}

/// Replaces the edges of `dependent` that lead from expressions, keeping those for which `keep` holds.
pub fn replace_edges(
    shared: &Shared,
    dependent: ObjectAddress,
    keep: &dyn Fn(&Dependency) -> bool,
    new: &[Dependency],
) -> Result<()> {
    shared.edit_catalog(|c| {
        let mut all: Vec<Dependency> = c.depends_on(dependent).iter().filter(|d| keep(d)).copied().collect();
        for d in new {
            if !all.contains(d) {
                all.push(*d);
            }
        }
        c.put_depends(dependent, all);
    })
}

/// Drops a view's or relation's part without asking: used where the caller has checked.
pub fn is_index(c: &Catalog, oid: Oid) -> bool {
    c.relation(oid).is_some_and(|r| r.kind == RelKind::Index)
}
