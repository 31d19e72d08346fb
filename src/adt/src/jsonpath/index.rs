//! What a document must have for a path to find something in it, as far as an index of documents' keys can tell
//! (`extract_jsp_query`).

use super::{Id, Kind, Op, Path};
use crate::jsonb;

/// A condition on documents. It is necessary, not sufficient.
pub enum Need {
    /// Nothing that is known.
    Nothing,
    /// All of these.
    All(Vec<Need>),
    /// One of these.
    Any(Vec<Need>),
    /// Something behind member names.
    Found(Way),
    /// A scalar behind member names, as `jsonb`.
    Scalar(Way, Vec<u8>),
}

/// The member names on the way to something.
#[derive(Clone, Default)]
pub struct Way {
    /// Outermost first.
    pub names: Vec<String>,
    /// There may be others between them.
    pub gaps: bool,
}

impl Path {
    /// What `@?` (or `@@`, for a `predicate`) asks of a document.
    pub fn need(&self, predicate: bool) -> Need {
        if predicate { self.need_of_predicate(self.root, &Way::default()) } else { self.need_of_path(self.root, &Way::default(), None) }
    }

    /// Recursion is bounded by the depth that [`super::parse`] lets pass.
    fn need_of_predicate(&self, id: Id, current: &Way) -> Need {
        let item = self.item(id);
        if item.next.is_some() {
            return Need::Nothing;
        }
        match &item.kind {
            Kind::Binary(Op::And, a, b) => {
                all(vec![self.need_of_predicate(*a, current), self.need_of_predicate(*b, current)])
            }
            Kind::Binary(Op::Or, a, b) => {
                let arms = vec![self.need_of_predicate(*a, current), self.need_of_predicate(*b, current)];
                if arms.iter().any(|n| matches!(n, Need::Nothing)) { Need::Nothing } else { Need::Any(arms) }
            }
            Kind::Exists(a) => self.need_of_path(*a, current, None),
            Kind::Binary(Op::Equal, a, b) => match (self.scalar(*a), self.scalar(*b)) {
                (None, Some(v)) => self.need_of_path(*a, current, Some(v)),
                (Some(v), None) => self.need_of_path(*b, current, Some(v)),
                _ => Need::Nothing,
            },
            _ => Need::Nothing,
        }
    }

    /// A literal.
    fn scalar(&self, id: Id) -> Option<Vec<u8>> {
        let item = self.item(id);
        Some(match &item.kind {
            _ if item.next.is_some() => return None,
            Kind::Null => jsonb::null(),
            Kind::Bool(b) => jsonb::boolean(*b),
            Kind::Number(n) => jsonb::number(n),
            Kind::String(s) => jsonb::string(s),
            _ => return None,
        })
    }

    /// A path that finds something, or something equal to a scalar.
    fn need_of_path(&self, id: Id, current: &Way, scalar: Option<Vec<u8>>) -> Need {
        let mut needs = Vec::new();
        let mut way = Way::default();
        let (mut next, mut first) = (Some(id), true);
        while let Some(id) = next {
            let item = self.item(id);
            match &item.kind {
                Kind::Root if first => {}
                Kind::Current if first => way = current.clone(),
                _ if first => return Need::Nothing,
                Kind::Key(name) => way.names.push(name.clone()),
                Kind::AnyKey | Kind::Any(..) => way.gaps = true,
                Kind::AnyArray | Kind::Index(_) => {}
                Kind::Filter(a) => needs.push(self.need_of_predicate(*a, &way)),
                // What comes behind is not the document's.
                _ => return all(needs),
            }
            (next, first) = (item.next, false);
        }
        match scalar {
            Some(v) => needs.push(Need::Scalar(way, v)),
            None if !way.names.is_empty() => needs.push(Need::Found(way)),
            None => {}
        }
        all(needs)
    }
}

fn all(mut needs: Vec<Need>) -> Need {
    needs.retain(|n| !matches!(n, Need::Nothing));
    if needs.is_empty() { Need::Nothing } else { Need::All(needs) }
}
