//! The Snowball stemmers: programs as data, and what runs them.
//!
//! `snowball.bin` holds for each language PostgreSQL has a stemmer for its name, its program and its stop words. Programs are
//! compiled from the published rules by `cargo xtask snowball`; the language is described at snowballstem.org. A word is
//! bytes; the cursor is a place in it, and moves forwards or, in routines declared so, backwards. Every command succeeds or
//! fails; what tries something puts the cursor back, backwards counted from the word's end, because the word may have changed.
//!
//! # The file
//!
//! A byte: the number of languages. Per language: its name (length byte, bytes); the length of the program, then the program;
//! stop words, one a line, ended by a NUL. Then, up to the end, PostgreSQL's other dictionary files: name (length byte, bytes) and
//! text, ended by a NUL. Numbers are 7 bits a byte, lowest first, bit 7 set on all but the last.
//!
//! A program: its letters (number, distances between code points); groupings (number; strings); tables of `among` (number;
//! each: flags 1 backwards, 2 conditions; number of commands, commands; number of entries, sorted; each entry: the bytes
//! shared with the one before in the upper half of a byte, the number of others in the lower half, these, the command's number
//! or 0, with flag 2 the condition's routine or 0); routines (number; each: 1 for backwards, a command); the main routine's
//! number. A string is a number and that many letter numbers.
//!
//! A command is a byte and what the table of [`Step`]s says.

use tusklet_error::{Error, Result, SortShort};

static DATA: &[u8] = include_bytes!("snowball.bin");

/// A reader of the file.
struct Reader<'a> {
    data: &'a [u8],
    letters: Vec<char>,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> u8 {
        match self.data.split_first() {
            Some((b, rest)) => {
                self.data = rest;
                *b
            }
            None => 0,
        }
    }

    fn number(&mut self) -> usize {
        let (mut n, mut shift) = (0, 0);
        loop {
            let b = self.byte();
            n |= usize::from(b & 127) << (shift & 31);
            shift += 7;
            if b < 128 {
                return n;
            }
        }
    }

    fn take(&mut self, n: usize) -> &'a [u8] {
        let (a, b) = self.data.split_at(n.min(self.data.len()));
        self.data = b;
        a
    }

    /// Bytes up to a NUL.
    fn line(&mut self) -> &'a [u8] {
        let n = self.data.iter().position(|b| *b == 0).unwrap_or(0);
        let text = self.take(n);
        self.byte();
        text
    }

    fn string(&mut self) -> String {
        let n = self.number();
        self.letters_of(n)
    }

    fn letters_of(&mut self, n: usize) -> String {
        self.take(n).iter().filter_map(|i| self.letters.get(usize::from(*i))).collect()
    }
}

/// The data of a language: its program and its stop words.
fn find(language: &str) -> Option<(&'static [u8], &'static [u8])> {
    let mut r = Reader { data: DATA, letters: vec![] };
    for _ in 0..r.byte() {
        let n = usize::from(r.byte());
        let name = r.take(n);
        let n = r.number();
        let program = r.take(n);
        let stop = r.line();
        if name == language.as_bytes() {
            return Some((program, stop));
        }
    }
    None
}

/// PostgreSQL's stop words of a language.
pub fn stop_words(language: &str) -> Option<&'static str> {
    find(language).and_then(|(_, stop)| std::str::from_utf8(stop).ok()).filter(|s| !s.is_empty())
}

/// A file of PostgreSQL's `tsearch_data` other than stop words.
pub(crate) fn file(name: &str) -> Option<&'static str> {
    let mut r = Reader { data: DATA, letters: vec![] };
    for _ in 0..r.byte() {
        let n = usize::from(r.byte());
        r.take(n);
        let n = r.number();
        r.take(n);
        r.line();
    }
    while !r.data.is_empty() {
        let n = usize::from(r.byte());
        let found = r.take(n);
        let text = r.line();
        if found == name.as_bytes() {
            return std::str::from_utf8(text).ok();
        }
    }
    None
}

/// A command.
enum Step {
    /// 32 `next`, 33 `delete`, 34 `[`, 35 `]`, 36 `tolimit`, 37 `atlimit`, 38 `true`, others `false`.
    Plain(u8),
    /// 1 all in order, 2 `and`, 3 `or`: a number and commands.
    Many(u8, Vec<Step>),
    /// 4 `not`, 5 `test`, 6 `try`, 7 `do`, 8 `fail`, 9 `goto`, 10 `gopast`, 11 `repeat`, 12 `backwards`: a command.
    One(u8, Box<Step>),
    /// 13 `setlimit … for`: two commands.
    Limit(Box<(Step, Step)>),
    /// 16 a literal, 17 `<-`, 18 `<+`: a string.
    Text(u8, String),
    /// 19 grouping, 20 `non`, 21 routine, 22 `set`, 23 `unset`, 24 boolean, 25 `setmark`, 27 `->`, 28 string variable, 29 `<-` of
    /// one, 30 `substring`, 31 `among`: a number.
    Index(u8, usize),
    /// 40 `tomark`, 41 `atmark`, 42 `hop`: an expression.
    Place(u8, Expression),
    /// 43 `loop`, 44 `atleast`: an expression and a command.
    Times(u8, Box<(Expression, Step)>),
    /// 48 `<`, 49 `<=`, 50 `==`, 51 `>=`, 52 `>`, 53 `!=`: two expressions.
    Compare(u8, Box<(Expression, Expression)>),
    /// 54 `=`, 55 `+=`, 56 `-=`, 57 `*=`, 58 `/=`: a variable's number and an expression.
    Assign(u8, usize, Expression),
}

/// Arithmetic: 0 a number, 1 a variable, 2 `cursor`, 3 `limit`, 4 `size`, 5 `len`, 6 `+`, 7 `-`.
enum Expression {
    Leaf(u8, usize),
    Sum(bool, Box<(Expression, Expression)>),
}

impl Reader<'_> {
    fn steps(&mut self, n: usize) -> Vec<Step> {
        (0..n).map(|_| self.step()).collect()
    }

    fn step(&mut self) -> Step {
        let op = self.byte();
        match op {
            1..=3 => {
                let n = self.number();
                Step::Many(op, self.steps(n))
            }
            4..=12 => Step::One(op, Box::new(self.step())),
            13 => Step::Limit(Box::new((self.step(), self.step()))),
            16..=18 => Step::Text(op, self.string()),
            19..=31 => Step::Index(op, usize::from(self.byte())),
            40..=42 => Step::Place(op, self.expression()),
            43 | 44 => Step::Times(op, Box::new((self.expression(), self.step()))),
            48..=53 => Step::Compare(op, Box::new((self.expression(), self.expression()))),
            54..=58 => {
                let variable = usize::from(self.byte());
                Step::Assign(op, variable, self.expression())
            }
            _ => Step::Plain(op),
        }
    }

    fn expression(&mut self) -> Expression {
        let op = self.byte();
        match op {
            0 | 1 => Expression::Leaf(op, usize::from(self.byte())),
            6 | 7 => Expression::Sum(op == 6, Box::new((self.expression(), self.expression()))),
            _ => Expression::Leaf(op, 0),
        }
    }
}

/// What `among` chooses from.
struct Table {
    backward: bool,
    commands: Vec<Step>,
    /// Key (turned round for backwards), command, condition; sorted by key.
    entries: Vec<(Vec<u8>, usize, usize)>,
    longest: usize,
}

/// A stemmer.
pub struct Stemmer {
    groupings: Vec<String>,
    tables: Vec<Table>,
    routines: Vec<(bool, Step)>,
    main: usize,
}

impl Stemmer {
    /// The stemmer of a language.
    pub fn new(language: &str) -> Option<Stemmer> {
        let (program, _) = find(language)?;
        let mut r = Reader { data: program, letters: vec![] };
        let (n, mut code) = (r.number(), 0);
        for _ in 0..n {
            code += r.number() as u32;
            r.letters.extend(char::from_u32(code));
        }
        let n = r.number();
        let groupings = (0..n).map(|_| r.string()).collect();
        let n = r.number();
        let tables = (0..n).map(|_| table(&mut r)).collect();
        let n = r.number();
        let routines = (0..n).map(|_| (r.byte() == 1, r.step())).collect();
        Some(Stemmer { groupings, tables, routines, main: usize::from(r.byte()) })
    }

    /// The stem of a word in lower case; `None` when nothing would be left.
    pub fn stem(&self, word: &str) -> Result<Option<String>> {
        let mut run = Run {
            program: self,
            p: word.as_bytes().to_vec(),
            c: 0,
            l: word.len() as i32,
            lb: 0,
            bra: 0,
            ket: word.len() as i32,
            back: false,
            numbers: [0; 16],
            flags: [false; 16],
            strings: [const { Vec::new() }; 4],
            found: 0,
        };
        run.call(self.main);
        run.p.truncate(run.l.max(0) as usize);
        if run.p.is_empty() {
            return Ok(None);
        }
        String::from_utf8(run.p).map(Some).map_err(|_| Error::internal("a stemmer cut a character"))
    }
}

fn table(r: &mut Reader<'_>) -> Table {
    let flags = r.byte();
    let backward = flags & 1 == 1;
    let n = r.number();
    let commands = r.steps(n);
    let n = r.number();
    let mut entries = Vec::with_capacity(n);
    let (mut key, mut longest): (Vec<char>, usize) = (vec![], 0);
    for _ in 0..n {
        let head = usize::from(r.byte());
        key.truncate(head >> 4);
        key.extend(r.letters_of(head & 15).chars());
        let text: String = if backward { key.iter().rev().collect() } else { key.iter().collect() };
        let mut bytes = text.into_bytes();
        if backward {
            bytes.reverse();
        }
        longest = longest.max(bytes.len());
        let command = usize::from(r.byte());
        entries.push((bytes, command, if flags & 2 == 0 { 0 } else { usize::from(r.byte()) }));
    }
    // Letters are numbered by code point, so forwards the order is right already; backwards it is not.
    entries.order();
    Table { backward, commands, entries, longest }
}

/// A word on its way.
struct Run<'a> {
    program: &'a Stemmer,
    p: Vec<u8>,
    c: i32,
    l: i32,
    lb: i32,
    bra: i32,
    ket: i32,
    back: bool,
    numbers: [i32; 16],
    flags: [bool; 16],
    strings: [Vec<u8>; 4],
    /// What the last `substring` found.
    found: usize,
}

impl Run<'_> {
    fn call(&mut self, routine: usize) -> bool {
        let program = self.program;
        let Some((back, step)) = program.routines.get(routine) else { return false };
        let (was, found) = (self.back, self.found);
        self.back = *back;
        let ok = self.run(step);
        self.back = was;
        self.found = found;
        ok
    }

    fn save(&self) -> i32 {
        if self.back { self.l - self.c } else { self.c }
    }

    fn restore(&mut self, m: i32) {
        self.c = if self.back { self.l - m } else { m };
    }

    fn end(&self) -> i32 {
        if self.back { self.lb } else { self.l }
    }

    fn slice(&self, from: i32, to: i32) -> &[u8] {
        self.p.get(from.max(0) as usize..to.max(0) as usize).unwrap_or(&[])
    }

    /// The character at the cursor and where it ends.
    fn character(&self) -> Option<(char, i32)> {
        let text = if self.back { self.slice(self.lb, self.c) } else { self.slice(self.c, self.l) };
        let text = std::str::from_utf8(text).unwrap_or("");
        let c = if self.back { text.chars().next_back() } else { text.chars().next() }?;
        let n = c.len_utf8() as i32;
        Some((c, if self.back { self.c - n } else { self.c + n }))
    }

    fn skip(&mut self) -> bool {
        let next = self.character();
        next.map(|(_, end)| self.c = end).is_some()
    }

    fn literal(&mut self, s: &[u8]) -> bool {
        let n = s.len() as i32;
        let (from, to) = if self.back { (self.c - n, self.c) } else { (self.c, self.c + n) };
        if from < self.lb && self.back || to > self.l || from < 0 || self.slice(from, to) != s {
            return false;
        }
        self.c = if self.back { from } else { to };
        true
    }

    fn replace(&mut self, from: i32, to: i32, s: &[u8]) -> bool {
        if from < 0 || from > to || to as usize > self.p.len() {
            return false;
        }
        let change = s.len() as i32 - (to - from);
        self.p.splice(from as usize..to as usize, s.iter().copied());
        self.l += change;
        if self.c >= to {
            self.c += change;
        } else if self.c > from {
            self.c = from;
        }
        true
    }

    fn insert(&mut self, s: &[u8]) -> bool {
        let (at, n) = (self.c, s.len() as i32);
        let ok = self.replace(at, at, s);
        for x in [&mut self.bra, &mut self.ket] {
            if at <= *x {
                *x += n;
            }
        }
        // Forwards the cursor comes to stand behind it.
        if self.back {
            self.c = at;
        }
        ok
    }

    fn value(&self, e: &Expression) -> i32 {
        match e {
            Expression::Sum(plus, sides) => {
                let (a, b) = (self.value(&sides.0), self.value(&sides.1));
                if *plus { a.wrapping_add(b) } else { a.wrapping_sub(b) }
            }
            Expression::Leaf(op, n) => match op {
                0 => *n as i32,
                1 => self.numbers.get(*n).copied().unwrap_or(0),
                2 => self.c,
                3 => self.end(),
                4 => self.p.len() as i32,
                _ => String::from_utf8_lossy(&self.p).chars().count() as i32,
            },
        }
    }

    /// Finds the longest entry at the cursor whose condition holds.
    fn substring(&mut self, table: usize) -> bool {
        let program = self.program;
        let Some(t) = program.tables.get(table) else { return false };
        let n = t.longest as i32;
        let mut text =
            if t.backward { self.slice(self.lb.max(self.c - n), self.c) } else { self.slice(self.c, self.l.min(self.c + n)) }.to_vec();
        if t.backward {
            text.reverse();
        }
        let at = self.c;
        for n in (0..=text.len()).rev() {
            let Ok(i) = t.entries.binary_search_by(|e| e.0.as_slice().cmp(&text[..n])) else { continue };
            let (_, command, condition) = t.entries[i];
            let end = if t.backward { at - n as i32 } else { at + n as i32 };
            self.c = end;
            if condition > 0 {
                let ok = self.call(condition - 1);
                self.c = end;
                if !ok {
                    continue;
                }
            }
            self.found = command;
            return true;
        }
        false
    }

    fn run(&mut self, step: &Step) -> bool {
        match step {
            Step::Plain(op) => match op {
                32 => return self.skip(),
                33 => return self.replace(self.bra, self.ket, &[]),
                34 if self.back => self.ket = self.c,
                34 => self.bra = self.c,
                35 if self.back => self.bra = self.c,
                35 => self.ket = self.c,
                36 => self.c = self.end(),
                37 => return if self.back { self.c <= self.lb } else { self.c >= self.l },
                _ => return *op == 38,
            },
            Step::Many(op, steps) => {
                let m = self.save();
                for (i, s) in steps.iter().enumerate() {
                    if i > 0 && *op > 1 {
                        self.restore(m);
                    }
                    if self.run(s) == (*op == 3) {
                        return *op == 3;
                    }
                }
                return *op != 3;
            }
            Step::One(op, s) => return self.run_one(*op, s),
            Step::Limit(both) => {
                let m = self.save();
                if !self.run(&both.0) {
                    return false;
                }
                let lb = self.lb;
                let rest = self.l - self.c;
                if self.back { self.lb = self.c } else { self.l = self.c }
                // Forwards the place is absolute, backwards it is counted from the end, which has not moved.
                self.restore(m);
                let ok = self.run(&both.1);
                if self.back {
                    self.lb = lb;
                } else {
                    self.l += rest;
                }
                return ok;
            }
            Step::Text(op, s) => {
                let s = s.as_bytes();
                return match op {
                    16 => self.literal(s),
                    17 => self.replace(self.bra, self.ket, s),
                    _ => self.insert(s),
                };
            }
            Step::Index(op, i) => return self.run_index(*op, *i),
            Step::Place(op, e) => {
                let v = self.value(e);
                match op {
                    40 => {
                        if self.back && self.c < v || !self.back && self.c > v {
                            return false;
                        }
                        self.c = v;
                    }
                    41 => return self.c == v,
                    _ => return v >= 0 && (0..v).all(|_| self.skip()),
                }
            }
            Step::Times(op, both) => {
                for _ in 0..self.value(&both.0) {
                    if !self.run(&both.1) {
                        return false;
                    }
                }
                return *op == 43 || self.run_one(11, &both.1);
            }
            Step::Compare(op, both) => {
                let (a, b) = (self.value(&both.0), self.value(&both.1));
                return match op {
                    48 => a < b,
                    49 => a <= b,
                    50 => a == b,
                    51 => a >= b,
                    52 => a > b,
                    _ => a != b,
                };
            }
            Step::Assign(op, i, e) => {
                let v = self.value(e);
                if let Some(n) = self.numbers.get_mut(*i) {
                    *n = match op {
                        54 => v,
                        55 => n.wrapping_add(v),
                        56 => n.wrapping_sub(v),
                        57 => n.wrapping_mul(v),
                        _ => n.checked_div(v).unwrap_or(0),
                    };
                }
            }
        }
        true
    }

    fn run_one(&mut self, op: u8, s: &Step) -> bool {
        let mut m = self.save();
        match op {
            4 => {
                let ok = self.run(s);
                self.restore(m);
                !ok
            }
            5 => {
                let ok = self.run(s);
                self.restore(m);
                ok
            }
            6 => {
                if !self.run(s) {
                    self.restore(m);
                }
                true
            }
            7 => {
                self.run(s);
                self.restore(m);
                true
            }
            8 => {
                self.run(s);
                false
            }
            9 | 10 => loop {
                m = self.save();
                if self.run(s) {
                    if op == 9 {
                        self.restore(m);
                    }
                    return true;
                }
                self.restore(m);
                if !self.skip() {
                    return false;
                }
            },
            11 => loop {
                m = self.save();
                if !self.run(s) {
                    self.restore(m);
                    return true;
                }
            },
            _ => {
                let was = std::mem::replace(&mut self.back, true);
                self.lb = self.c;
                self.c = self.l;
                let ok = self.run(s);
                self.back = was;
                if ok {
                    self.c = self.lb;
                }
                ok
            }
        }
    }

    fn run_index(&mut self, op: u8, i: usize) -> bool {
        let program = self.program;
        match op {
            19 | 20 => {
                let (Some((c, end)), Some(g)) = (self.character(), program.groupings.get(i)) else { return false };
                let ok = g.contains(c) == (op == 19);
                if ok {
                    self.c = end;
                }
                ok
            }
            21 => self.call(i),
            22 | 23 => {
                if let Some(f) = self.flags.get_mut(i) {
                    *f = op == 22;
                }
                true
            }
            24 => self.flags.get(i) == Some(&true),
            25 => {
                if let Some(n) = self.numbers.get_mut(i) {
                    *n = self.c;
                }
                true
            }
            27 => {
                let s = self.slice(self.bra, self.ket).to_vec();
                if let Some(v) = self.strings.get_mut(i) {
                    *v = s;
                }
                true
            }
            28 | 29 => {
                let s = self.strings.get(i).cloned().unwrap_or_default();
                if op == 28 { self.literal(&s) } else { self.replace(self.bra, self.ket, &s) }
            }
            30 => self.substring(i),
            _ => {
                let command = self.found.checked_sub(1).and_then(|n| program.tables.get(i)?.commands.get(n));
                command.is_none_or(|c| self.run(c))
            }
        }
    }
}
