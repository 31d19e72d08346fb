//! PostgreSQL's regular expressions (Henry Spencer's "advanced" ones).
//!
//! **What a match is.** The match that starts earliest; of those the longest, or the shortest when the expression as a
//! whole prefers that. Inside it, earlier subexpressions take what they prefer before later ones. This is not what a
//! backtracking engine with greedy quantifiers finds: `(a|ab)(c|bcd)` on `abcd` matches all four characters.
//!
//! **How it is found**, as the original does it: the tree is compiled to one NFA program, each node's code contiguous, so
//! that any node can be run alone. Running all states in step tells which ends a node can reach from a start: no
//! backtracking, no exponential time. Only when captures are wanted, the match is *dissected* top-down: a concatenation
//! tries split points in its left part's order of preference and asks the NFA whether the rest can match. A back reference
//! runs as "anything" in the NFA and is checked during dissection, which then may reject a candidate and go on.

mod basic;
mod parse;

use tusklet_error::{Result, bail};

pub use parse::{Flags, Syntax};
use parse::{Assert, Kind, Tree, parse, too_complex};

#[derive(Clone, Copy, Debug)]
enum Op {
    Char(char),
    Any,
    Set(usize),
    /// Continues at both.
    Split(usize, usize),
    Jump(usize),
    Assert(Assert),
    /// Index of the Look node.
    Look(usize),
}

/// A compiled expression.
pub struct Regex {
    tree: Tree,
    ops: Vec<Op>,
}

const MAX_OPS: usize = 200_000;
/// Steps from one character to the next that may follow it. PostgreSQL's automaton, which has nothing between characters,
/// takes 72 bytes for each and 88 for a state, and may have 184 MB (`REG_MAX_COMPILE_SPACE`).
const MAX_ARCS: usize = 2_500_000;

/// A text prepared for matching: positions are characters inside, bytes outside.
pub struct Subject<'t> {
    text: &'t str,
    chars: Vec<char>,
    /// Byte offset of each character, and the end; empty when all are one byte.
    offsets: Vec<usize>,
}

impl<'t> Subject<'t> {
    /// Prepares a text.
    pub fn new(text: &'t str) -> Subject<'t> {
        let offsets =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(i, _)| i).chain([text.len()]).collect() };
        Subject { text, chars: text.chars().collect(), offsets }
    }

    fn byte(&self, i: usize) -> usize {
        if self.offsets.is_empty() { i } else { self.offsets[i] }
    }

    fn slice(&self, (a, b): (usize, usize)) -> &'t str {
        &self.text[self.byte(a)..self.byte(b)]
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }
}

/// Character ranges of a match: the whole, then each group.
pub type Captures = Vec<Option<(usize, usize)>>;

#[derive(Clone, Copy, PartialEq)]
enum Want {
    /// Stop at the first end found.
    Shortest,
    /// Only the last end counts.
    Longest,
    /// Every end.
    All,
}

/// The states of one run.
struct Threads {
    list: Vec<usize>,
    seen: Vec<u32>,
    mark: u32,
}

impl Threads {
    fn new(n: usize) -> Threads {
        Threads { list: Vec::new(), seen: vec![0; n + 1], mark: 0 }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.mark += 1;
    }
}

impl Regex {
    /// Compiles a pattern.
    pub fn new(pattern: &str, flags: Flags) -> Result<Regex> {
        let tree = parse(pattern, flags)?;
        let mut re = Regex { tree, ops: Vec::new() };
        re.compile(re.tree.root)?;
        re.check_arcs()?;
        Ok(re)
    }

    fn check_arcs(&self) -> Result<()> {
        // So many need at least so many characters.
        if self.ops.len() < 1_500 {
            return Ok(());
        }
        let reads = |pc: usize| matches!(self.ops.get(pc), Some(Op::Char(_) | Op::Any | Op::Set(_)));
        let mut threads = Threads::new(self.ops.len());
        let mut stack = Vec::new();
        let mut arcs = 0;
        for from in (0..self.ops.len()).filter(|pc| reads(*pc)) {
            threads.clear();
            stack.push(from + 1);
            while let Some(pc) = stack.pop() {
                if std::mem::replace(&mut threads.seen[pc], threads.mark) == threads.mark {
                    continue;
                }
                match self.ops.get(pc) {
                    Some(Op::Split(a, b)) => stack.extend([*a, *b]),
                    Some(Op::Jump(a)) => stack.push(*a),
                    Some(Op::Assert(_) | Op::Look(_)) => stack.push(pc + 1),
                    Some(_) => arcs += 1,
                    None => {}
                }
            }
            if arcs > MAX_ARCS {
                return Err(too_complex());
            }
        }
        Ok(())
    }

    /// What every match begins with, when matches begin at the start of the text alone, and whether that is all of it
    /// (`pg_regprefix`).
    pub fn prefix(&self) -> Option<(String, bool)> {
        let (start, end) = self.tree.nodes[self.tree.root].code;
        let mut prefix = String::new();
        let mut set = vec![start];
        let mut anchored = false;
        let mut begins = None;
        loop {
            // Where the text may go on: with these characters, or not at all.
            let (mut next, mut over, mut whole) = (Vec::new(), false, false);
            let mut seen = vec![];
            let mut stack: Vec<(usize, bool, bool)> = set.iter().map(|pc| (*pc, anchored, false)).collect();
            while let Some(at @ (pc, begun, ended)) = stack.pop() {
                if seen.contains(&at) {
                    continue;
                }
                seen.push(at);
                if pc == end {
                    if !begun {
                        return None;
                    }
                    if ended { whole = true } else { over = true }
                    continue;
                }
                match self.ops[pc] {
                    Op::Split(a, b) => stack.extend([(a, begun, ended), (b, begun, ended)]),
                    Op::Jump(a) => stack.push((a, begun, ended)),
                    Op::Assert(Assert::Begin) if prefix.is_empty() => {
                        // PostgreSQL does not look into several beginnings.
                        if !begun && begins.is_some_and(|b| b != pc) {
                            return None;
                        }
                        begins = Some(pc);
                        stack.push((pc + 1, true, ended));
                    }
                    Op::Assert(Assert::Begin) => {}
                    Op::Assert(Assert::End) => stack.push((pc + 1, begun, true)),
                    _ if ended => {}
                    _ if !begun => return None,
                    Op::Char(c) => next.push((c, pc + 1)),
                    _ => over = true,
                }
            }
            anchored = true;
            match next.first() {
                Some(&(c, _)) if !over && !whole && next.iter().all(|n| n.0 == c) && prefix.len() < 1_000 => prefix.push(c),
                first => return Some((prefix, whole && !over && first.is_none())),
            }
            set = next.into_iter().map(|n| n.1).collect();
        }
    }

    /// Number of capturing groups.
    pub fn groups(&self) -> usize {
        self.tree.groups
    }

    fn splits_off_last(&self, id: usize) -> bool {
        let node = &self.tree.nodes[id];
        node.caps && !self.tree.backrefs && matches!(node.kind, Kind::Repeat { min: 1.., .. })
    }

    fn emit(&mut self, op: Op) -> Result<usize> {
        if self.ops.len() >= MAX_OPS {
            return Err(too_complex());
        }
        self.ops.push(op);
        Ok(self.ops.len() - 1)
    }

    fn compile(&mut self, id: usize) -> Result<()> {
        let start = self.ops.len();
        match self.tree.nodes[id].kind.clone() {
            Kind::Empty => {}
            Kind::Char(c) => {
                self.emit(Op::Char(c))?;
            }
            Kind::Any => {
                self.emit(Op::Any)?;
            }
            Kind::Set(i) => {
                self.emit(Op::Set(i))?;
            }
            Kind::Assert(a) => {
                self.emit(Op::Assert(a))?;
            }
            Kind::Look { sub, .. } => {
                // The condition's own code is jumped over; it is run by itself.
                let jump = self.emit(Op::Jump(0))?;
                self.compile(sub)?;
                self.ops[jump] = Op::Jump(self.ops.len());
                self.emit(Op::Look(id))?;
            }
            Kind::Cat(items) => {
                for i in items {
                    self.compile(i)?;
                }
            }
            Kind::Alt(items) => {
                let mut jumps = Vec::new();
                for (k, &i) in items.iter().enumerate() {
                    if k + 1 < items.len() {
                        let split = self.emit(Op::Split(0, 0))?;
                        self.compile(i)?;
                        jumps.push(self.emit(Op::Jump(0))?);
                        self.ops[split] = Op::Split(split + 1, self.ops.len());
                    } else {
                        self.compile(i)?;
                    }
                }
                let end = self.ops.len();
                jumps.into_iter().for_each(|j| self.ops[j] = Op::Jump(end));
            }
            Kind::Repeat { sub, min, max } => {
                // With captures inside, x{m,n} is x{m-1,n-1}x and only the last x captures, as the original has it: the
                // first part takes what it prefers, so `(a*)+` on `a` captures an empty string.
                let last = self.splits_off_last(id);
                for _ in u32::from(last)..min {
                    self.compile(sub)?;
                }
                match max {
                    None => {
                        let split = self.emit(Op::Split(0, 0))?;
                        self.compile(sub)?;
                        self.emit(Op::Jump(split))?;
                        self.ops[split] = Op::Split(split + 1, self.ops.len());
                    }
                    Some(max) => {
                        let mut splits = Vec::new();
                        for _ in min..max {
                            splits.push(self.emit(Op::Split(0, 0))?);
                            self.compile(sub)?;
                        }
                        let end = self.ops.len();
                        splits.into_iter().for_each(|s| self.ops[s] = Op::Split(s + 1, end));
                        if min == 0 && max == 0 {
                            // Dissection may still ask for the operand's code, so it must exist.
                            let jump = self.emit(Op::Jump(0))?;
                            self.compile(sub)?;
                            self.ops[jump] = Op::Jump(self.ops.len());
                        }
                    }
                }
                if last {
                    self.compile(sub)?;
                }
            }
            Kind::Group { sub, .. } => self.compile(sub)?,
            Kind::Backref(_) => {
                let split = self.emit(Op::Split(0, 0))?;
                self.emit(Op::Any)?;
                self.emit(Op::Jump(split))?;
                self.ops[split] = Op::Split(split + 1, self.ops.len());
            }
        }
        self.tree.nodes[id].code = (start, self.ops.len());
        Ok(())
    }

    fn holds(&self, a: Assert, t: &[char], at: usize) -> bool {
        let word = |i: Option<usize>| i.and_then(|i| t.get(i)).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_');
        let (before, after) = (word(at.checked_sub(1)), word(Some(at)));
        match a {
            Assert::Begin => at == 0,
            Assert::End => at == t.len(),
            Assert::LineBegin => at == 0 || t[at - 1] == '\n',
            Assert::LineEnd => at == t.len() || t[at] == '\n',
            Assert::WordBegin => !before && after,
            Assert::WordEnd => before && !after,
            Assert::WordEdge => before != after,
            Assert::NotWordEdge => before == after,
        }
    }

    fn look(&self, id: usize, t: &[char], at: usize) -> bool {
        let Kind::Look { ahead, negated, sub } = self.tree.nodes[id].kind else { return false };
        let code = self.tree.nodes[sub].code;
        let found = if ahead {
            self.run(code, t, at, t.len(), Want::Shortest, false, &mut |_| {})
        } else {
            let mut hit = false;
            self.run(code, t, 0, at, Want::All, true, &mut |e| hit |= e == at);
            hit
        };
        found != negated
    }

    fn add(&self, threads: &mut Threads, stack: &mut Vec<usize>, pc: usize, end: usize, t: &[char], at: usize) -> bool {
        stack.push(pc);
        let mut accepted = false;
        while let Some(pc) = stack.pop() {
            if threads.seen[pc] == threads.mark {
                continue;
            }
            threads.seen[pc] = threads.mark;
            if pc == end {
                accepted = true;
                continue;
            }
            match self.ops[pc] {
                Op::Split(a, b) => stack.extend([a, b]),
                Op::Jump(a) => stack.push(a),
                Op::Assert(a) => {
                    if self.holds(a, t, at) {
                        stack.push(pc + 1);
                    }
                }
                Op::Look(id) => {
                    if self.look(id, t, at) {
                        stack.push(pc + 1);
                    }
                }
                _ => threads.list.push(pc),
            }
        }
        accepted
    }

    /// Runs a stretch of code from `from`, reading up to `limit`; reports ends, tells whether there was one. `anywhere`
    /// starts anew at every position.
    fn run(
        &self,
        (start, end): (usize, usize),
        t: &[char],
        from: usize,
        limit: usize,
        want: Want,
        anywhere: bool,
        report: &mut dyn FnMut(usize),
    ) -> bool {
        let mut now = Threads::new(self.ops.len());
        let mut next = Threads::new(self.ops.len());
        let mut stack = Vec::new();
        now.clear();
        let mut any = false;
        let mut accepted = self.add(&mut now, &mut stack, start, end, t, from);
        let mut at = from;
        loop {
            if accepted {
                any = true;
                report(at);
                if want == Want::Shortest {
                    return true;
                }
            }
            if at >= limit || (now.list.is_empty() && !anywhere) {
                return any;
            }
            let c = t[at];
            next.clear();
            accepted = false;
            for &pc in &now.list {
                let hit = match self.ops[pc] {
                    Op::Char(x) => x == c,
                    Op::Any => true,
                    Op::Set(i) => self.tree.sets[i].has(c),
                    _ => false,
                };
                if hit {
                    accepted |= self.add(&mut next, &mut stack, pc + 1, end, t, at + 1);
                }
            }
            if anywhere {
                accepted |= self.add(&mut next, &mut stack, start, end, t, at + 1);
            }
            std::mem::swap(&mut now, &mut next);
            at += 1;
        }
    }

    fn ends(&self, code: (usize, usize), t: &[char], from: usize, limit: usize, want: Want) -> Vec<usize> {
        let mut out = Vec::new();
        self.run(code, t, from, limit, want, false, &mut |e| out.push(e));
        if want == Want::Longest {
            out.drain(..out.len().saturating_sub(1));
        }
        out
    }

    fn spans(&self, code: (usize, usize), t: &[char], from: usize, to: usize) -> bool {
        self.ends(code, t, from, to, Want::Longest).last() == Some(&to)
    }

    /// Whether the text matches anywhere.
    pub fn is_match(&self, text: &str) -> bool {
        let s = Subject::new(text);
        if self.tree.backrefs {
            return self.find(&s, 0).is_some();
        }
        self.run(self.tree.nodes[self.tree.root].code, &s.chars, 0, s.len(), Want::Shortest, true, &mut |_| {})
    }

    /// The first match that starts at character `from` or later.
    pub fn find(&self, s: &Subject<'_>, from: usize) -> Option<Captures> {
        let t = &s.chars[..];
        let root = &self.tree.nodes[self.tree.root];
        let longest = root.greedy != Some(false);
        if from > t.len() || !self.run(root.code, t, from, t.len(), Want::Shortest, true, &mut |_| {}) {
            return None;
        }
        // With back references PostgreSQL looks behind a candidate that failed for the next earliest end only, and not at the
        // end of the text any more.
        let mut close = from;
        let mut last = t.len();
        for start in from..=t.len() {
            if self.tree.backrefs && (start == from || start > last) {
                if start > from {
                    close = last + 1;
                    if close >= t.len() {
                        return None;
                    }
                }
                self.run(root.code, t, close, t.len(), Want::Shortest, true, &mut |e| last = e);
            }
            let want = match (self.tree.backrefs, longest) {
                (true, _) => Want::All,
                (_, true) => Want::Longest,
                _ => Want::Shortest,
            };
            let mut ends = self.ends(root.code, t, start, t.len(), want);
            if longest {
                ends.reverse();
            }
            for end in ends {
                let mut caps = vec![None; self.tree.groups + 1];
                if self.dissect(self.tree.root, t, start, end, &mut caps) {
                    caps[0] = Some((start, end));
                    return Some(caps);
                }
            }
        }
        None
    }

    /// Fills in the captures of a node known to span `s..e` (up to back references).
    fn dissect(&self, id: usize, t: &[char], s: usize, e: usize, caps: &mut Captures) -> bool {
        let node = &self.tree.nodes[id];
        if !node.caps {
            return true;
        }
        match &node.kind {
            Kind::Group { sub, index } => {
                let ok = self.dissect(*sub, t, s, e, caps);
                if ok && let Some(c) = caps.get_mut(*index) {
                    *c = Some((s, e));
                }
                ok
            }
            Kind::Backref(n) => {
                let Some(Some((a, b))) = caps.get(*n).copied() else { return false };
                let fold = self.tree.flags.ignore_case;
                t[a..b].len() == e - s
                    && t[a..b].iter().zip(&t[s..e]).all(|(x, y)| x == y || (fold && x.eq_ignore_ascii_case(y)))
            }
            Kind::Cat(items) => self.dissect_cat(items, node.code.1, t, s, e, caps),
            Kind::Alt(items) => items.iter().any(|&i| {
                let saved = caps.clone();
                let ok = self.spans(self.tree.nodes[i].code, t, s, e) && self.dissect(i, t, s, e, caps);
                if !ok {
                    *caps = saved;
                }
                ok
            }),
            Kind::Repeat { sub, .. } if self.splits_off_last(id) => {
                let x = self.tree.nodes[*sub].code;
                let mut mids = self.ends((node.code.0, x.0), t, s, e, Want::All);
                if node.greedy != Some(false) {
                    mids.reverse();
                }
                mids.into_iter().any(|mid| self.spans(x, t, mid, e) && self.dissect(*sub, t, mid, e, caps))
            }
            Kind::Repeat { sub, min, max } => self.dissect_repeat(*sub, *min, *max, t, s, e, caps),
            _ => true,
        }
    }

    fn dissect_cat(&self, items: &[usize], end: usize, t: &[char], s: usize, e: usize, caps: &mut Captures) -> bool {
        let Some((&first, rest)) = items.split_first() else { return s == e };
        let left = &self.tree.nodes[first];
        if rest.is_empty() {
            return self.spans(left.code, t, s, e) && self.dissect(first, t, s, e, caps);
        }
        let mut mids = self.ends(left.code, t, s, e, Want::All);
        if left.greedy != Some(false) {
            mids.reverse();
        }
        for mid in mids {
            if !self.spans((left.code.1, end), t, mid, e) {
                continue;
            }
            let saved = caps.clone();
            if self.dissect(first, t, s, mid, caps) && self.dissect_cat(rest, end, t, mid, e, caps) {
                return true;
            }
            *caps = saved;
        }
        false
    }

    /// Cuts `s..e` into iterations, each as its operand prefers; the last one's captures stay.
    #[allow(clippy::too_many_arguments)]
    fn dissect_repeat(&self, sub: usize, min: u32, max: Option<u32>, t: &[char], s: usize, e: usize, caps: &mut Captures) -> bool {
        let node = &self.tree.nodes[sub];
        // A reference to what did not match matches nothing, not even no times.
        if matches!(node.kind, Kind::Backref(n) if caps.get(n).is_none_or(Option::is_none)) {
            return false;
        }
        if s == e && min == 0 {
            // Where the operand wishes to be short there is no iteration at all.
            if node.greedy == Some(false) {
                return true;
            }
            // An empty iteration captures, if the operand can be empty; otherwise there is none.
            if self.spans(node.code, t, s, e) {
                let saved = caps.clone();
                if !self.dissect(sub, t, s, e, caps) {
                    *caps = saved;
                }
            }
            return true;
        }
        let max = max.map_or(usize::MAX, |m| m as usize);
        let ends = |from: usize| {
            let mut v = self.ends(node.code, t, from, e, Want::All);
            // Empty iterations only where nothing else is left to match.
            v.retain(|&x| x > from || from == e);
            // Popped from the back: the preferred one goes last.
            if node.greedy == Some(false) {
                v.reverse();
            }
            v
        };
        let mut stack: Vec<(usize, Vec<usize>)> = vec![(s, ends(s))];
        // Bounded counts make the same position reachable at different depths; unbounded ones need not be tried twice.
        let mut dead = vec![false; if max == usize::MAX && min <= 1 && !self.tree.backrefs { t.len() + 1 } else { 0 }];
        while let Some((from, choices)) = stack.last_mut() {
            let from = *from;
            let Some(mid) = choices.pop() else {
                stack.pop();
                if let Some(d) = dead.get_mut(from) {
                    *d = true;
                }
                continue;
            };
            let count = stack.len();
            if mid == e && (count >= min as usize || from == mid || s == e) && count <= max {
                let mut cuts: Vec<usize> = stack.iter().map(|&(p, _)| p).collect();
                cuts.push(e);
                let saved = caps.clone();
                let first = if self.tree.backrefs { 0 } else { cuts.len() - 2 };
                if (first..cuts.len() - 1).all(|i| self.dissect(sub, t, cuts[i], cuts[i + 1], caps)) {
                    return true;
                }
                *caps = saved;
                continue;
            }
            if count < max && count <= t.len() + min as usize && dead.get(mid) != Some(&true) {
                stack.push((mid, ends(mid)));
            }
        }
        false
    }

    /// `substring(text from pattern)`: the first group if there is one, else the match.
    pub fn substring<'t>(&self, text: &'t str) -> Option<&'t str> {
        let s = Subject::new(text);
        let caps = self.find(&s, 0)?;
        caps[if self.groups() > 0 { 1 } else { 0 }].map(|r| s.slice(r))
    }

    /// `regexp_match`: the groups of the first match, or the match itself when there are none.
    pub fn first_match<'t>(&self, text: &'t str) -> Option<Vec<Option<&'t str>>> {
        let s = Subject::new(text);
        self.find(&s, 0).map(|c| self.pieces(&s, &c))
    }

    fn pieces<'t>(&self, s: &Subject<'t>, caps: &Captures) -> Vec<Option<&'t str>> {
        let from = usize::from(self.groups() > 0);
        caps[from..].iter().map(|c| c.map(|r| s.slice(r))).collect()
    }

    /// Matches one after another; with `skip_degenerate` empty ones at the ends or right after a match do not count.
    pub fn find_all(&self, s: &Subject<'_>, start: usize, global: bool, skip_degenerate: bool) -> Vec<Captures> {
        let mut out = Vec::new();
        let (mut from, mut previous) = (start, 0);
        while let Some(caps) = self.find(s, from) {
            let Some((a, b)) = caps[0] else { break };
            if !skip_degenerate || (a < s.len() && b > previous) {
                out.push(caps);
            }
            previous = b;
            from = if a == b { b + 1 } else { b };
            if !global || from > s.len() {
                break;
            }
        }
        out
    }

    /// `regexp_matches`.
    pub fn matches<'t>(&self, text: &'t str, global: bool) -> Vec<Vec<Option<&'t str>>> {
        let s = Subject::new(text);
        self.find_all(&s, 0, global, false).iter().map(|c| self.pieces(&s, c)).collect()
    }

    /// `regexp_split_to_array` and `…_to_table`.
    pub fn split<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let s = Subject::new(text);
        let mut out = Vec::new();
        let mut from = 0;
        for caps in self.find_all(&s, 0, true, true) {
            if let Some((a, b)) = caps[0] {
                out.push(s.slice((from, a)));
                from = b;
            }
        }
        out.push(s.slice((from, s.len())));
        out
    }

    /// `regexp_count`.
    pub fn count(&self, text: &str, start: i32) -> Result<i32> {
        if start < 1 {
            bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"start\": {start}");
        }
        let s = Subject::new(text);
        Ok(self.find_all(&s, start as usize - 1, true, false).len() as i32)
    }

    /// `regexp_replace`: from character `start` (one-based) the `n`-th match, or all for zero.
    pub fn replace(&self, text: &str, replacement: &str, start: i32, n: i32) -> Result<String> {
        if start < 1 {
            bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"start\": {start}");
        }
        if n < 0 {
            bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"n\": {n}");
        }
        let s = Subject::new(text);
        let mut out = String::with_capacity(text.len());
        let (mut copied, mut from, mut seen) = (0, start as usize - 1, 0);
        while let Some(caps) = self.find(&s, from) {
            let Some((a, b)) = caps[0] else { break };
            seen += 1;
            from = if a == b { b + 1 } else { b };
            if n > 0 && seen < n {
                if from > s.len() {
                    break;
                }
                continue;
            }
            out.push_str(s.slice((copied, a)));
            expand(replacement, &s, &caps, &mut out);
            copied = b;
            if n > 0 || from > s.len() {
                break;
            }
        }
        out.push_str(s.slice((copied, s.len())));
        Ok(out)
    }
}

/// Writes a replacement: `\1`…`\9`, `\&`, `\\`.
fn expand(replacement: &str, s: &Subject<'_>, caps: &Captures, out: &mut String) {
    let mut it = replacement.chars().peekable();
    while let Some(c) = it.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match it.peek().copied() {
            Some(d @ '1'..='9') => {
                it.next();
                if let Some(Some(r)) = caps.get(d as usize - '0' as usize) {
                    out.push_str(s.slice(*r));
                }
            }
            Some('&') => {
                it.next();
                if let Some(Some(r)) = caps.first() {
                    out.push_str(s.slice(*r));
                }
            }
            Some('\\') => {
                it.next();
                out.push('\\');
            }
            _ => out.push('\\'),
        }
    }
}

#[cfg(test)]
mod tests;
