//! What a document must hold for a path to find something in it, as an inverted index asks (`extract_jsp_query`): member
//! names, and scalars that something equals. What a path says beyond that is left out, so that more is found than is right.

use super::{Id, Kind, Op, Path};
use crate::jsonb;

/// What must be there.
pub enum Need {
    /// All of these.
    All(Vec<Need>),
    /// One of these.
    Any(Vec<Need>),
    /// Members of these names, one inside the other if `whole` (else there may be others between them), and in the last one
    /// a scalar (as `jsonb`).
    Way {
        /// The names.
        keys: Vec<String>,
        /// No other member is passed.
        whole: bool,
        /// The scalar.
        value: Option<Vec<u8>>,
    },
}

/// Where `@` is.
#[derive(Clone)]
struct At {
    keys: Vec<String>,
    whole: bool,
}

/// What a path needs to find anything, or with `predicate` to be true; `None` when that cannot be said.
pub fn needs(path: &Path, predicate: bool) -> Option<Need> {
    let at = At { keys: vec![], whole: true };
    if predicate { path.holds(path.root, &at, false) } else { path.along(path.root, at, None) }
}

impl Path {
    /// For items at the end of a way to be there, or to equal `value` (`extract_jsp_path_expr`).
    fn along(&self, mut id: Id, mut at: At, value: Option<Vec<u8>>) -> Option<Need> {
        let mut all = vec![];
        loop {
            let item = self.item(id);
            match &item.kind {
                Kind::Root => at = At { keys: vec![], whole: true },
                Kind::Current | Kind::AnyArray | Kind::Index(_) => {}
                Kind::Key(k) => at.keys.push(k.clone()),
                Kind::AnyKey | Kind::Any(..) => at.whole = false,
                Kind::Filter(f) => all.extend(self.holds(*f, &at, false)),
                _ => break,
            }
            let Some(next) = item.next else {
                all.push(Need::Way { keys: at.keys, whole: at.whole, value });
                break;
            };
            id = next;
        }
        if all.len() > 1 { Some(Need::All(all)) } else { all.pop() }
    }

    /// For a predicate to be true, or to be false if `not` (`extract_jsp_bool_expr`).
    fn holds(&self, id: Id, at: &At, not: bool) -> Option<Need> {
        let item = self.item(id);
        if item.next.is_some() {
            return None;
        }
        match &item.kind {
            Kind::Not(a) => self.holds(*a, at, !not),
            Kind::Exists(a) if !not => self.along(*a, at.clone(), None),
            Kind::Binary(op @ (Op::And | Op::Or), a, b) => {
                let (a, b) = (self.holds(*a, at, not), self.holds(*b, at, not));
                match (a, b) {
                    (Some(a), Some(b)) => Some(if (*op == Op::And) != not { Need::All } else { Need::Any }(vec![a, b])),
                    (a, b) if (*op == Op::And) != not => a.or(b),
                    _ => None,
                }
            }
            Kind::Binary(Op::Equal, a, b) if !not => match (self.scalar(*a), self.scalar(*b)) {
                (Some(v), _) => self.along(*b, at.clone(), Some(v)),
                (_, Some(v)) => self.along(*a, at.clone(), Some(v)),
                _ => None,
            },
            _ => None,
        }
    }

    fn scalar(&self, id: Id) -> Option<Vec<u8>> {
        let item = self.item(id);
        match &item.kind {
            _ if item.next.is_some() => None,
            Kind::Null => Some(jsonb::null()),
            Kind::Bool(b) => Some(jsonb::boolean(*b)),
            Kind::Number(n) => Some(jsonb::number(n)),
            Kind::String(s) => Some(jsonb::string(s)),
            _ => None,
        }
    }
}
