//! `ts_rewrite`: one query in another replaced by a third.
//!
//! For the search AND and OR have any number of operands, sorted by `QTNodeCompare`; so an OR of two is found among the operands
//! of an OR of three.

use tusklet_error::{Result, SortShort};

use super::tsquery::{AND, NOT, Node, OR, TsQuery, store};

fn key(n: &Node) -> Vec<u8> {
    let mut out = vec![];
    n.key(&mut out);
    out
}

/// Takes up the operands of the same operator below (`QTNTernary`).
fn flatten(n: &mut Node) {
    n.child.iter_mut().for_each(flatten);
    if n.op == AND || n.op == OR {
        for c in std::mem::take(&mut n.child) {
            if c.op == n.op { n.child.extend(c.child) } else { n.child.push(c) }
        }
    }
}

/// Sorts operands where their order does not matter (`QTNSort`).
fn sort(n: &mut Node) {
    n.child.iter_mut().for_each(sort);
    if n.op == AND || n.op == OR {
        n.child.order_by_key(key);
    }
}

/// Back to two operands each (`QTNBinary`).
fn pair(n: &mut Node) {
    n.child.iter_mut().for_each(pair);
    while n.child.len() > 2 {
        let last = n.child.pop();
        let rest: Vec<Node> = n.child.drain(..2).collect();
        n.child.insert(0, Node::operator(n.op, 0, rest));
        if let Some(last) = last {
            n.child.insert(1, last);
        }
    }
}

fn settle(n: &mut Node) {
    n.fresh = false;
    n.child.iter_mut().for_each(settle);
}

fn fresh(n: Option<&Node>) -> Option<Node> {
    n.map(|n| Node { fresh: true, ..n.clone() })
}

/// Replaces at the node itself (`findeq`).
fn replace_here(mut n: Node, from: &Node, to: Option<&Node>) -> Option<Node> {
    if n.fresh || n.op != from.op {
        return Some(n);
    }
    if n.child.len() == from.child.len() {
        return if key(&n) == key(from) { fresh(to) } else { Some(n) };
    }
    if n.child.len() < from.child.len() || from.child.is_empty() {
        return Some(n);
    }
    // Both lists are sorted: one pass finds all of `from` among the operands, or not.
    let mut wanted = from.child.iter().map(key).peekable();
    let mut found = vec![];
    for (i, c) in n.child.iter().enumerate() {
        let c = key(c);
        match wanted.peek() {
            Some(w) if *w == c => {
                found.push(i);
                wanted.next();
            }
            Some(w) if *w < c => break,
            _ => {}
        }
    }
    if found.len() == from.child.len() {
        let mut i = 0;
        n.child.retain(|_| {
            i += 1;
            !found.contains(&(i - 1))
        });
        n.child.extend(fresh(to));
        sort(&mut n);
    }
    Some(n)
}

/// Replaces in a tree (`dofindsubquery`); what becomes empty goes away.
fn replace(n: Node, from: &Node, to: Option<&Node>) -> Option<Node> {
    let mut n = replace_here(n, from, to)?;
    if n.fresh || n.op == 0 {
        return Some(n);
    }
    n.child = std::mem::take(&mut n.child).into_iter().filter_map(|c| replace(c, from, to)).collect();
    match n.child.len() {
        0 => None,
        1 if n.op != NOT => n.child.pop(),
        _ => Some(n),
    }
}

/// A query that is being rewritten, once or often.
pub struct Rewrite {
    tree: Option<Node>,
}

impl Rewrite {
    /// Begins.
    pub fn new(query: &[u8]) -> Result<Rewrite> {
        let mut tree = TsQuery::new(query).tree()?;
        tree.iter_mut().for_each(|t| {
            flatten(t);
            sort(t);
        });
        Ok(Rewrite { tree })
    }

    /// Replaces `from` by `to`. An empty `from` is found nowhere.
    pub fn apply(&mut self, from: &[u8], to: &[u8]) -> Result<()> {
        let Some(mut from) = TsQuery::new(from).tree()? else { return Ok(()) };
        flatten(&mut from);
        sort(&mut from);
        let to = TsQuery::new(to).tree()?;
        self.tree = self.tree.take().and_then(|t| replace(t, &from, to.as_ref()));
        Ok(())
    }

    /// Makes it ready for another replacement.
    pub fn again(&mut self) {
        if let Some(t) = &mut self.tree {
            settle(t);
            flatten(t);
            sort(t);
        }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.tree.is_none()
    }

    /// Ends.
    pub fn finish(mut self) -> Vec<u8> {
        self.tree.iter_mut().for_each(pair);
        store(self.tree.as_ref())
    }
}

/// `ts_rewrite` with three arguments.
pub fn rewrite(query: &[u8], from: &[u8], to: &[u8]) -> Result<Vec<u8>> {
    if TsQuery::new(query).is_empty() || TsQuery::new(from).is_empty() {
        return Ok(query.to_vec());
    }
    let mut r = Rewrite::new(query)?;
    r.apply(from, to)?;
    Ok(r.finish())
}
