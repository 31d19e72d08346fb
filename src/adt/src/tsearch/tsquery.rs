//! `tsquery`: a tree of lexemes and operators.
//!
//! Stored bytes are PostgreSQL's own after the length word: the number of items (u32); the items, 12 bytes each, in prefix order
//! with the *right* operand first (it follows its operator; the left one is `left` items after it); then the lexemes, each
//! ended by a NUL. Changes are made on a tree of [`Node`]s.

use tusklet_error::{Error, Result, bail};

use super::tsvector::{MAX_DATA, MAX_LEXEME, write_lexeme};
use super::{MAX_DEPTH, Message, too_deep};

/// Operators.
pub const NOT: u8 = 1;
/// `&`.
pub const AND: u8 = 2;
/// `|`.
pub const OR: u8 = 3;
/// `<N>`.
pub const PHRASE: u8 = 4;

const VALUE: u8 = 1;
const OPERATOR: u8 = 2;
/// Bytes of a stored item.
const ITEM: usize = 12;

/// How strongly an operator binds.
pub(crate) fn priority(op: u8) -> u8 {
    match op {
        NOT => 4,
        PHRASE => 3,
        AND => 2,
        _ => 1,
    }
}

/// A lexeme of a query.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// The lexeme.
    pub word: &'a [u8],
    /// Bits of the weights it may have (bit 3: A … bit 0: D); 0 for any.
    pub weight: u8,
    /// Whether it may be the beginning of a longer one.
    pub prefix: bool,
}

/// An item of a query.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A leaf.
    Value(Operand<'a>),
    /// `op`; the distance of a phrase; where the left operand is, from here. The right one is the next item.
    Operator(u8, i16, usize),
}

/// A query, read from its stored bytes.
#[derive(Clone, Copy)]
pub struct TsQuery<'a> {
    bytes: &'a [u8],
    len: usize,
}

fn word_at(b: &[u8], at: usize) -> u32 {
    b.get(at..at + 4).map_or(0, |x| u32::from_le_bytes([x[0], x[1], x[2], x[3]]))
}

impl<'a> TsQuery<'a> {
    /// Reads stored bytes.
    pub fn new(bytes: &'a [u8]) -> TsQuery<'a> {
        TsQuery { bytes, len: (word_at(bytes, 0) as usize).min(bytes.len() / ITEM) }
    }

    /// Number of items (`numnode`).
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none: it matches nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Item `i`; an empty lexeme behind the end.
    pub fn item(&self, i: usize) -> Item<'a> {
        let at = 4 + i * ITEM;
        let (head, second, third) = (word_at(self.bytes, at), word_at(self.bytes, at + 4), word_at(self.bytes, at + 8) as usize);
        if i < self.len && head as u8 == OPERATOR {
            return Item::Operator((head >> 8) as u8, (head >> 16) as i16, second as usize);
        }
        let start = 4 + self.len * ITEM + (third >> 12);
        let word = if i < self.len { self.bytes.get(start..start + (third & 0xfff)).unwrap_or(&[]) } else { &[] };
        Item::Value(Operand { word, weight: (head >> 8) as u8, prefix: head >> 16 & 1 == 1 })
    }

    /// Its lexemes with the numbers of their items, in stored order.
    pub fn operands(self) -> impl Iterator<Item = (usize, Operand<'a>)> {
        (0..self.len).filter_map(move |i| match self.item(i) {
            Item::Value(v) => Some((i, v)),
            Item::Operator(..) => None,
        })
    }

    /// The query as a tree; `None` when it is empty.
    pub fn tree(&self) -> Result<Option<Node>> {
        if self.is_empty() { Ok(None) } else { self.subtree(0, 0).map(Some) }
    }

    fn subtree(&self, i: usize, depth: usize) -> Result<Node> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        Ok(match self.item(i) {
            Item::Value(v) => Node::value(v.word, v.weight, v.prefix),
            Item::Operator(op, distance, left) => {
                let mut child = vec![self.subtree(i + 1, depth + 1)?];
                if op != NOT {
                    child.push(self.subtree(i + left.max(1), depth + 1)?);
                }
                Node::operator(op, distance, child)
            }
        })
    }
}

/// A query as a tree.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The operator; 0 for a lexeme.
    pub op: u8,
    /// Of a phrase.
    pub distance: i16,
    /// The right operand, then the left one; more of them while a query is rewritten.
    pub child: Vec<Node>,
    /// The lexeme.
    pub word: Vec<u8>,
    /// Its weights.
    pub weight: u8,
    /// Whether it may be a beginning.
    pub prefix: bool,
    /// A stop word, to be taken out.
    pub stop: bool,
    /// Put there by a rewrite that is going on.
    pub fresh: bool,
}

/// The checksum PostgreSQL's order of queries rests on (`COMP_LEGACY_CRC32`).
fn legacy_crc(b: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for x in b {
        let mut entry = (crc >> 24) ^ u32::from(*x);
        for _ in 0..8 {
            entry = if entry & 1 == 1 { entry >> 1 ^ 0xedb8_8320 } else { entry >> 1 };
        }
        crc = entry ^ crc << 8;
    }
    !crc
}

impl Node {
    /// A lexeme.
    pub fn value(word: &[u8], weight: u8, prefix: bool) -> Node {
        Node { word: word.to_vec(), weight, prefix, ..Node::default() }
    }

    /// An operator.
    pub fn operator(op: u8, distance: i16, child: Vec<Node>) -> Node {
        Node { op, distance: if op == PHRASE { distance } else { 0 }, child, ..Node::default() }
    }

    /// Its stored bytes.
    pub fn store(&self) -> Vec<u8> {
        let (mut items, mut words) = (vec![0; 4], vec![]);
        self.put(&mut items, &mut words);
        let n = ((items.len() - 4) / ITEM) as u32;
        items[..4].copy_from_slice(&n.to_le_bytes());
        items.extend_from_slice(&words);
        items
    }

    fn put(&self, items: &mut Vec<u8>, words: &mut Vec<u8>) {
        let at = items.len();
        let (head, second, third) = match self.op {
            0 => (
                u32::from(VALUE) | u32::from(self.weight) << 8 | u32::from(self.prefix) << 16,
                legacy_crc(&self.word),
                (words.len() << 12 | self.word.len()) as u32,
            ),
            op => (u32::from(OPERATOR) | u32::from(op) << 8 | u32::from(self.distance as u16) << 16, 1, 0),
        };
        for x in [head, second, third] {
            items.extend_from_slice(&x.to_le_bytes());
        }
        if self.op == 0 {
            words.extend_from_slice(&self.word);
            words.push(0);
        }
        for (i, c) in self.child.iter().enumerate() {
            if i == 1 {
                let left = ((items.len() - at) / ITEM) as u32;
                items[at + 4..at + 8].copy_from_slice(&left.to_le_bytes());
            }
            c.put(items, words);
        }
    }

    /// Bytes that compare as `QTNodeCompare` does.
    pub(crate) fn key(&self, out: &mut Vec<u8>) {
        // Operators come first, what PostgreSQL numbers higher before what it numbers lower.
        if self.op == 0 {
            out.push(1);
            out.extend_from_slice(&(!(legacy_crc(&self.word) ^ 1 << 31)).to_be_bytes());
            out.extend_from_slice(&self.word);
            out.push(0);
            return;
        }
        out.extend_from_slice(&[0, !self.op]);
        out.extend_from_slice(&(!(self.child.len() as u32)).to_be_bytes());
        self.child.iter().for_each(|c| c.key(out));
        out.extend_from_slice(&(!(self.distance as u16 ^ 1 << 15)).to_be_bytes());
    }

    /// Takes stop words out (`clean_stopword_intree`). What a phrase loses is added to the distances on the left and on the
    /// right of it.
    pub(crate) fn without_stop_words(mut self) -> (Option<Node>, i32, i32) {
        if self.op == 0 {
            return (if self.stop { None } else { Some(self) }, 0, 0);
        }
        let left = self.child.pop();
        let right = self.child.pop();
        if self.op == NOT {
            // NOT has one operand, which was popped first.
            let Some(operand) = left else { return (None, 0, 0) };
            let (operand, l, r) = operand.without_stop_words();
            self.child.extend(operand);
            return (if self.child.is_empty() { None } else { Some(self) }, l, r);
        }
        let (Some(left), Some(right)) = (left, right) else { return (None, 0, 0) };
        let (left, ll, lr) = left.without_stop_words();
        let (right, rl, rr) = right.without_stop_words();
        let phrase = self.op == PHRASE;
        let distance = i32::from(self.distance);
        match (left, right) {
            (None, None) => {
                let gone = if phrase { ll + distance + rl } else { ll.max(rl) };
                (None, gone, gone)
            }
            (None, right) => (right, if phrase { ll + distance + rl } else { rl }, rr),
            (left, None) => (left, ll, if phrase { lr + distance + rr } else { lr }),
            (Some(left), Some(right)) => {
                self.child = vec![right, left];
                if phrase {
                    self.distance = (distance + lr + rl) as i16;
                    return (Some(self), ll, rr);
                }
                (Some(self), 0, 0)
            }
        }
    }

    /// Takes negations out, which an index cannot search (`clean_NOT_intree`).
    fn without_not(mut self) -> Option<Node> {
        match self.op {
            0 => return Some(self),
            NOT => return None,
            _ => {}
        }
        let all = self.child.len();
        self.child = std::mem::take(&mut self.child).into_iter().filter_map(Node::without_not).collect();
        match self.child.len() {
            n if n == all => Some(self),
            1 if self.op != OR => self.child.pop(),
            _ => None,
        }
    }
}

/// Stored bytes of a query that may be empty.
pub fn store(tree: Option<&Node>) -> Vec<u8> {
    tree.map_or_else(|| vec![0; 4], Node::store)
}

/// Writes a query (`tsqueryout`).
pub fn write(q: TsQuery<'_>, out: &mut String) -> Result<()> {
    if q.is_empty() { Ok(()) } else { infix(q, 0, 0, false, 0, out) }
}

fn infix(q: TsQuery<'_>, i: usize, parent: u8, right_of_phrase: bool, depth: usize, out: &mut String) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let (op, distance, left) = match q.item(i) {
        Item::Value(v) => {
            write_lexeme(v.word, out);
            if v.weight != 0 || v.prefix {
                out.push(':');
            }
            if v.prefix {
                out.push('*');
            }
            for (bit, letter) in [(8, 'A'), (4, 'B'), (2, 'C'), (1, 'D')] {
                if v.weight & bit != 0 {
                    out.push(letter);
                }
            }
            return Ok(());
        }
        Item::Operator(op, distance, left) => (op, distance, left.max(1)),
    };
    let own = priority(op);
    // A phrase depends on the order of its operands.
    let parentheses = own < parent || op == PHRASE && right_of_phrase;
    if parentheses {
        out.push_str("( ");
    }
    if op == NOT {
        out.push('!');
    } else {
        infix(q, i + left, own, false, depth + 1, out)?;
        match op {
            OR => out.push_str(" | "),
            AND => out.push_str(" & "),
            _ if distance == 1 => out.push_str(" <-> "),
            _ => {
                out.push_str(" <");
                out.push_str(&distance.to_string());
                out.push_str("> ");
            }
        }
    }
    infix(q, i + 1, own, op == PHRASE, depth + 1, out)?;
    if parentheses {
        out.push_str(" )");
    }
    Ok(())
}

/// The binary form (`tsquerysend`).
pub fn send(q: TsQuery<'_>) -> Vec<u8> {
    let mut out = (q.len() as u32).to_be_bytes().to_vec();
    for i in 0..q.len() {
        match q.item(i) {
            Item::Value(v) => {
                out.extend_from_slice(&[VALUE, v.weight, u8::from(v.prefix)]);
                out.extend_from_slice(v.word);
                out.push(0);
            }
            Item::Operator(op, distance, _) => {
                out.extend_from_slice(&[OPERATOR, op]);
                if op == PHRASE {
                    out.extend_from_slice(&distance.to_be_bytes());
                }
            }
        }
    }
    out
}

/// Reads the binary form (`tsqueryrecv`).
pub fn recv(b: &[u8]) -> Result<Vec<u8>> {
    let mut m = Message(b);
    let size = m.int(4)?;
    if size > 0x3fff_ffff / ITEM as u32 {
        return Err(Error::internal("invalid size of tsquery"));
    }
    let (mut nodes, mut total) = (vec![], 0);
    for i in 0..size {
        match m.int(1)? as u8 {
            VALUE => {
                let (weight, prefix, word) = (m.int(1)? as u8, m.int(1)? != 0, m.string()?);
                let wrong = match () {
                    _ if weight > 15 => "invalid tsquery: invalid weight bitmap",
                    _ if word.len() > MAX_LEXEME => "invalid tsquery: operand too long",
                    _ if total > MAX_DATA => "invalid tsquery: total operand length exceeded",
                    _ => "",
                };
                if !wrong.is_empty() {
                    return Err(Error::internal(wrong));
                }
                total += word.len() + 1;
                nodes.push(Node::value(word, weight, prefix));
            }
            OPERATOR => {
                let op = m.int(1)? as u8;
                if !(NOT..=PHRASE).contains(&op) {
                    return Err(Error::internal(format!("invalid tsquery: unrecognized operator type {}", op as i8)));
                }
                if i + 1 == size {
                    return Err(Error::internal("invalid pointer to right operand"));
                }
                let distance = if op == PHRASE { m.int(2)? as i16 } else { 0 };
                nodes.push(Node::operator(op, distance, vec![]));
            }
            other => return Err(Error::internal(format!("unrecognized tsquery node type: {}", other as i8))),
        }
    }
    m.end()?;
    if nodes.is_empty() {
        // PostgreSQL looks for the first operand all the same.
        return Err(Error::internal("malformed tsquery: operand not found"));
    }
    let tree = grow(&mut nodes.into_iter(), 0)?;
    Ok(tree.store())
}

/// A tree from nodes in prefix order (`findoprnd`); all of them must be used.
pub(crate) fn grow(nodes: &mut std::vec::IntoIter<Node>, depth: usize) -> Result<Node> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let Some(mut node) = nodes.next() else { return Err(Error::internal("malformed tsquery: operand not found")) };
    for _ in 0..if node.op == 0 { 0 } else { 1 + usize::from(node.op != NOT) } {
        node.child.push(grow(nodes, depth + 1)?);
    }
    if depth == 0 && !nodes.as_slice().is_empty() {
        return Err(Error::internal("malformed tsquery: extra nodes"));
    }
    Ok(node)
}

/// Bytes that compare as `tsquery_cmp` does: by number of items, size, then as trees.
pub fn key(b: &[u8], out: &mut Vec<u8>) {
    let q = TsQuery::new(b);
    out.extend_from_slice(&(q.len() as u32).to_be_bytes());
    out.extend_from_slice(&(b.len() as u32).to_be_bytes());
    if let Ok(Some(tree)) = q.tree() {
        tree.key(out);
    }
}

/// `tsquery_cmp`.
pub fn cmp(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    let (mut x, mut y) = (vec![], vec![]);
    key(a, &mut x);
    key(b, &mut y);
    x.cmp(&y)
}

/// Two queries under an operator; an empty one gives the other.
pub fn join(a: &[u8], b: &[u8], op: u8, distance: i32) -> Result<Vec<u8>> {
    if !(0..=1 << 14).contains(&distance) {
        return Err(bad_distance());
    }
    match (TsQuery::new(a).tree()?, TsQuery::new(b).tree()?) {
        (None, _) => Ok(b.to_vec()),
        (_, None) => Ok(a.to_vec()),
        (Some(a), Some(b)) => Ok(Node::operator(op, distance as i16, vec![b, a]).store()),
    }
}

#[cold]
pub(crate) fn bad_distance() -> Error {
    tusklet_error::err!(
        INVALID_PARAMETER_VALUE,
        "distance in phrase operator must be an integer value between zero and 16384 inclusive"
    )
}

/// `!!`.
pub fn negate(a: &[u8]) -> Result<Vec<u8>> {
    Ok(match TsQuery::new(a).tree()? {
        None => a.to_vec(),
        Some(a) => Node::operator(NOT, 0, vec![a]).store(),
    })
}

/// `@>`: whether the lexemes of `b` are all in `a`.
pub fn contains(a: TsQuery<'_>, b: TsQuery<'_>) -> bool {
    b.operands().all(|(_, x)| a.operands().any(|(_, y)| x.word == y.word))
}

/// `querytree`: the part an index can search; `T` when there is none.
pub fn indexable(q: TsQuery<'_>) -> Result<String> {
    let mut out = String::new();
    if let Some(tree) = q.tree()? {
        match tree.without_not() {
            Some(tree) => write(TsQuery::new(&tree.store()), &mut out)?,
            None => out.push('T'),
        }
    }
    Ok(out)
}

/// Refuses operands that do not fit an item.
pub(crate) fn check_word(len: usize, total: usize, text: &str) -> Result<()> {
    if len >= MAX_LEXEME {
        bail!(PROGRAM_LIMIT_EXCEEDED, "word is too long in tsquery: \"{}\""; text);
    }
    if total >= MAX_DATA {
        bail!(PROGRAM_LIMIT_EXCEEDED, "value is too big in tsquery: \"{}\""; text);
    }
    Ok(())
}
