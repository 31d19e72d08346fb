//! `src/adt/src/tsearch/snowball.bin`: the Snowball stemmers, compiled from their published rules, and PostgreSQL's stop words.
//!
//! A stemmer is a program in the Snowball language (`algorithms/*.sbl` of the Snowball distribution). It is read here into
//! prefix code that `tusklet_adt::tsearch::snowball` runs; that file tells what each byte means. Only the parts of the language
//! that the compiled stemmers use are understood; anything else is refused by name.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Outcome, root};

/// The languages PostgreSQL 15 has stemmers for, in the order of the file.
const LANGUAGES: &[&str] = &[
    "arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hindi",
    "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian", "porter", "portuguese", "romanian",
    "russian", "serbian", "spanish", "swedish", "tamil", "turkish", "yiddish",
];

/// The other dictionary files PostgreSQL ships.
const FILES: &[&str] = &[
    "hunspell_sample.affix", "hunspell_sample_long.affix", "hunspell_sample_long.dict", "hunspell_sample_num.affix",
    "hunspell_sample_num.dict", "ispell_sample.affix", "ispell_sample.dict", "synonym_sample.syn", "thesaurus_sample.ths",
];

/// A piece of code: a byte, or a string whose characters get their numbers when all of them are known.
#[derive(Clone, PartialEq)]
enum Item {
    Byte(u8),
    Text(String),
}

type Code = Vec<Item>;

#[derive(Clone, PartialEq, Debug)]
enum Token {
    Name(String),
    Text(String),
    Number(u8),
    Symbol(String),
}

/// What a name was declared as.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    String,
    Integer,
    Boolean,
    Routine,
    Grouping,
}

struct Table {
    backward: bool,
    commands: Vec<Code>,
    entries: Vec<(String, usize, usize)>,
}

#[derive(Default)]
struct Compiler {
    tokens: Vec<Token>,
    at: usize,
    names: BTreeMap<String, (Kind, u8)>,
    counts: [u8; 5],
    groupings: Vec<String>,
    routines: Vec<Option<(bool, Code)>>,
    tables: Vec<Option<Table>>,
    backward: bool,
    /// The table of a `substring` whose `among` is yet to come.
    pending: Option<usize>,
}

/// `cargo xtask snowball ALGORITHMS STOPWORDS`.
pub fn run(args: &[&str]) -> Outcome {
    let [algorithms, stop_words] = args else {
        return Err("snowball takes the folder of the *.sbl files and the one of PostgreSQL's *.stop files".into());
    };
    let mut out = vec![LANGUAGES.len() as u8];
    for language in LANGUAGES {
        let file = Path::new(algorithms).join(format!("{language}.sbl"));
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let program = compile(&text).map_err(|e| format!("{language}: {e}"))?;
        let stop = Path::new(stop_words).join(format!("{language}.stop"));
        let words = std::fs::read_to_string(stop).unwrap_or_default();
        name(language, &mut out);
        number(program.len(), &mut out);
        out.extend(program);
        out.extend(words.split_whitespace().collect::<Vec<_>>().join("\n").bytes());
        out.push(0);
    }
    for file in FILES {
        let path = Path::new(stop_words).join(file);
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        name(file, &mut out);
        // Comments are not read by anybody.
        out.extend(text.lines().filter(|l| !l.starts_with('#')).flat_map(|l| l.bytes().chain([b'\n'])));
        out.push(0);
    }
    let file = root().join("src/adt/src/tsearch/snowball.bin");
    std::fs::write(&file, &out).map_err(|e| e.to_string())?;
    println!("{}: {} bytes", file.display(), out.len());
    Ok(())
}

fn name(s: &str, out: &mut Vec<u8>) {
    out.push(s.len() as u8);
    out.extend(s.bytes());
}

fn number(mut n: usize, out: &mut Vec<u8>) {
    while n > 127 {
        out.push(n as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
}

fn compile(text: &str) -> Result<Vec<u8>, String> {
    let mut c = Compiler { tokens: tokens(text)?, ..Compiler::default() };
    c.program()?;
    c.assemble()
}

/// Cuts the text into tokens; `stringdef`s are seen to on the way.
fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = vec![];
    let mut escapes: Option<(char, char)> = None;
    let mut macros: BTreeMap<String, String> = BTreeMap::new();
    let chars: Vec<char> = text.chars().collect();
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let two: String = chars[i..].iter().take(2).collect();
        if c.is_whitespace() {
            i += 1;
        } else if two == "//" {
            while chars.get(i).is_some_and(|c| *c != '\n') {
                i += 1;
            }
        } else if two == "/*" {
            i += 2;
            while i < chars.len() && chars[i..].iter().take(2).collect::<String>() != "*/" {
                i += 1;
            }
            i += 2;
        } else if c == '\'' {
            let (s, end) = literal(&chars, i + 1, escapes, &macros)?;
            i = end;
            out.push(Token::Text(s));
        } else if c.is_ascii_digit() {
            let start = i;
            while chars.get(i).is_some_and(char::is_ascii_digit) {
                i += 1;
            }
            let s: String = chars[start..i].iter().collect();
            out.push(Token::Number(s.parse().map_err(|_| format!("number {s}"))?));
        } else if c.is_ascii_alphabetic() {
            let start = i;
            while chars.get(i).is_some_and(|c| c.is_ascii_alphanumeric() || *c == '_') {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            let mut skip = || {
                while chars.get(i).is_some_and(|c| c.is_whitespace()) {
                    i += 1;
                }
                let start = i;
                while chars.get(i).is_some_and(|c| !c.is_whitespace()) {
                    i += 1;
                }
                chars[start..i].to_vec()
            };
            match word.as_str() {
                "stringescapes" => {
                    let mut both = skip();
                    if both.len() == 1 {
                        both.extend(skip());
                    }
                    escapes = Some((both[0], both[1]));
                }
                "stringdef" => {
                    let key: String = skip().iter().collect();
                    while chars.get(i).is_some_and(|c| c.is_whitespace()) {
                        i += 1;
                    }
                    if chars.get(i) != Some(&'\'') {
                        return Err(format!("stringdef {key} is no string"));
                    }
                    let (s, end) = literal(&chars, i + 1, escapes, &macros)?;
                    i = end;
                    macros.insert(key, s);
                }
                _ => out.push(Token::Name(word)),
            }
        } else {
            let known = ["->", "<-", "<+", "=>", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/="].contains(&two.as_str());
            let s = if known { two } else { c.to_string() };
            i += s.len();
            out.push(Token::Symbol(s));
        }
    }
    Ok(out)
}

fn literal(
    chars: &[char],
    mut i: usize,
    escapes: Option<(char, char)>,
    macros: &BTreeMap<String, String>,
) -> Result<(String, usize), String> {
    let mut s = String::new();
    loop {
        let c = *chars.get(i).ok_or("a string does not end")?;
        i += 1;
        match escapes {
            _ if c == '\'' => return Ok((s, i)),
            Some((open, close)) if c == open => {
                let start = i;
                while chars.get(i).is_some_and(|c| *c != close) {
                    i += 1;
                }
                let key: String = chars[start..i].iter().collect();
                i += 1;
                if let Some(hex) = key.strip_prefix("U+") {
                    let code = u32::from_str_radix(hex, 16).map_err(|_| format!("character {key}"))?;
                    s.extend(char::from_u32(code));
                } else if let Some(text) = macros.get(&key) {
                    s.push_str(text);
                } else if key == "'" || key.starts_with(open) {
                    s.push_str(&key);
                } else if !key.trim().is_empty() {
                    return Err(format!("no stringdef {key}"));
                }
            }
            _ => s.push(c),
        }
    }
}

fn byte(b: u8) -> Item {
    Item::Byte(b)
}

impl Compiler {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, String> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned().ok_or_else(|| "the program ends early".to_string())
    }

    fn is(&self, s: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(t) | Token::Name(t)) if t == s)
    }

    fn take(&mut self, s: &str) -> bool {
        let found = self.is(s);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, s: &str) -> Result<(), String> {
        if self.take(s) { Ok(()) } else { Err(format!("{s} expected before {:?}", self.peek())) }
    }

    fn program(&mut self) -> Result<(), String> {
        while self.peek().is_some() && !self.is(")") {
            let kind = match self.next()? {
                Token::Name(n) => match n.as_str() {
                    "strings" => Kind::String,
                    "integers" => Kind::Integer,
                    "booleans" => Kind::Boolean,
                    "routines" | "externals" => Kind::Routine,
                    "groupings" => Kind::Grouping,
                    "backwardmode" => {
                        self.expect("(")?;
                        self.backward = true;
                        self.program()?;
                        self.expect(")")?;
                        self.backward = false;
                        continue;
                    }
                    "define" => {
                        self.define()?;
                        continue;
                    }
                    other => return Err(format!("{other} is not understood")),
                },
                other => return Err(format!("{other:?} is not understood")),
            };
            self.expect("(")?;
            while !self.take(")") {
                let Token::Name(n) = self.next()? else { return Err("a name is expected in a declaration".into()) };
                let count = &mut self.counts[kind as usize];
                self.names.insert(n, (kind, *count));
                *count += 1;
            }
            self.groupings.resize(self.counts[Kind::Grouping as usize] as usize, String::new());
            self.routines.resize(self.counts[Kind::Routine as usize] as usize, None);
        }
        Ok(())
    }

    fn declared(&self, name: &str, kind: Kind) -> Result<u8, String> {
        match self.names.get(name) {
            Some((k, i)) if *k == kind => Ok(*i),
            _ => Err(format!("{name} is not declared as that")),
        }
    }

    fn named(&mut self, kind: Kind) -> Result<u8, String> {
        match self.next()? {
            Token::Name(n) => self.declared(&n, kind),
            other => Err(format!("{other:?} is no name")),
        }
    }

    fn define(&mut self) -> Result<(), String> {
        let Token::Name(n) = self.next()? else { return Err("define needs a name".into()) };
        if self.take("as") {
            let i = self.declared(&n, Kind::Routine)?;
            let code = self.command()?;
            if self.pending.is_some() {
                return Err(format!("{n}: substring without among"));
            }
            self.routines[i as usize] = Some((self.backward, code));
            return Ok(());
        }
        let i = self.declared(&n, Kind::Grouping)? as usize;
        let mut set = String::new();
        let mut minus = false;
        loop {
            let part = match self.next()? {
                Token::Text(s) => s,
                Token::Name(n) => self.groupings[self.declared(&n, Kind::Grouping)? as usize].clone(),
                other => return Err(format!("{other:?} is no grouping")),
            };
            if minus {
                set.retain(|c| !part.contains(c));
            } else {
                set.extend(part.chars().filter(|c| !set.contains(*c)).collect::<Vec<_>>());
            }
            minus = self.is("-");
            if !self.take("-") && !self.take("+") {
                break;
            }
        }
        self.groupings[i] = set;
        Ok(())
    }

    /// Commands up to `)`: a sequence, or alternatives.
    fn list(&mut self) -> Result<Code, String> {
        let mut all: Vec<Code> = vec![];
        while !self.take(")") {
            let mut command = self.command()?;
            while self.is("or") || self.is("and") {
                let word = if self.is("or") { "or" } else { "and" };
                let mut parts = vec![command];
                while self.take(word) {
                    parts.push(self.command()?);
                }
                command = many(if word == "or" { 3 } else { 2 }, parts);
            }
            all.push(command);
        }
        Ok(many(1, all))
    }

    fn command(&mut self) -> Result<Code, String> {
        let (op, text) = match self.next()? {
            Token::Text(s) => (16, s),
            Token::Symbol(s) => {
                let op = match s.as_str() {
                    "(" => return self.list(),
                    "[" => return Ok(vec![byte(34)]),
                    "]" => return Ok(vec![byte(35)]),
                    "$" => return self.arithmetic(),
                    "->" => return Ok(vec![byte(27), byte(self.named(Kind::String)?)]),
                    "<-" => 17,
                    "<+" => 18,
                    _ => return Err(format!("{s} is not understood")),
                };
                match self.next()? {
                    Token::Text(s) => (op, s),
                    Token::Name(n) if op == 17 => return Ok(vec![byte(29), byte(self.declared(&n, Kind::String)?)]),
                    other => return Err(format!("{other:?} is no string")),
                }
            }
            Token::Name(n) => return self.word(&n),
            Token::Number(n) => return Err(format!("number {n} is no command")),
        };
        Ok(vec![byte(op), Item::Text(text)])
    }

    fn word(&mut self, n: &str) -> Result<Code, String> {
        let unary = ["not", "test", "try", "do", "fail", "goto", "gopast", "repeat", "backwards"];
        if let Some(i) = unary.iter().position(|u| *u == n) {
            let mut code = vec![byte(4 + i as u8)];
            if n == "backwards" {
                let before = std::mem::replace(&mut self.backward, true);
                code.extend(self.command()?);
                self.backward = before;
            } else {
                code.extend(self.command()?);
            }
            return Ok(code);
        }
        Ok(match n {
            "next" => vec![byte(32)],
            "delete" => vec![byte(33)],
            "tolimit" => vec![byte(36)],
            "atlimit" => vec![byte(37)],
            "true" => vec![byte(38)],
            "false" => vec![byte(39)],
            "insert" => match self.next()? {
                Token::Text(s) => vec![byte(18), Item::Text(s)],
                other => return Err(format!("insert {other:?} is not understood")),
            },
            "set" => vec![byte(22), byte(self.named(Kind::Boolean)?)],
            "unset" => vec![byte(23), byte(self.named(Kind::Boolean)?)],
            "setmark" => vec![byte(25), byte(self.named(Kind::Integer)?)],
            "non" => {
                self.take("-");
                vec![byte(20), byte(self.named(Kind::Grouping)?)]
            }
            "tomark" | "atmark" | "hop" | "loop" | "atleast" => {
                let op = match n {
                    "tomark" => 40,
                    "atmark" => 41,
                    "hop" => 42,
                    "loop" => 43,
                    _ => 44,
                };
                let mut code = vec![byte(op)];
                code.extend(self.expression()?);
                if op > 42 {
                    code.extend(self.command()?);
                }
                code
            }
            "setlimit" => {
                let mut code = vec![byte(13)];
                code.extend(self.command()?);
                self.expect("for")?;
                code.extend(self.command()?);
                code
            }
            "substring" => {
                if self.pending.is_some() {
                    return Err("two substrings for one among".into());
                }
                self.pending = Some(self.tables.len());
                self.tables.push(None);
                vec![byte(30), byte(self.tables.len() as u8 - 1)]
            }
            "among" => return self.among(),
            _ => match self.names.get(n) {
                Some((Kind::Grouping, i)) => vec![byte(19), byte(*i)],
                Some((Kind::Routine, i)) => vec![byte(21), byte(*i)],
                Some((Kind::Boolean, i)) => vec![byte(24), byte(*i)],
                Some((Kind::String, i)) => vec![byte(28), byte(*i)],
                _ => return Err(format!("{n} is not understood")),
            },
        })
    }

    fn among(&mut self) -> Result<Code, String> {
        let looked = self.pending.take();
        let i = looked.unwrap_or_else(|| {
            self.tables.push(None);
            self.tables.len() - 1
        });
        let backward = self.backward;
        let mut t = Table { backward, commands: vec![], entries: vec![] };
        let mut parts = if looked.is_some() { vec![] } else { vec![vec![byte(30), byte(i as u8)]] };
        self.expect("(")?;
        let mut open = 0;
        while !self.take(")") {
            match self.next()? {
                Token::Text(s) => {
                    let mut routine = 0;
                    if let Some(Token::Name(n)) = self.peek().cloned() {
                        routine = self.declared(&n, Kind::Routine)? as usize + 1;
                        self.at += 1;
                    }
                    let key = if backward { s.chars().rev().collect() } else { s };
                    t.entries.push((key, 0, routine));
                }
                Token::Symbol(s) if s == "(" => {
                    let command = self.list()?;
                    if t.entries.is_empty() {
                        parts.push(command);
                        continue;
                    }
                    let at = t.commands.iter().position(|c| *c == command).unwrap_or(t.commands.len());
                    if at == t.commands.len() {
                        t.commands.push(command);
                    }
                    t.entries[open..].iter_mut().for_each(|e| e.1 = at + 1);
                    open = t.entries.len();
                }
                other => return Err(format!("{other:?} in among")),
            }
        }
        t.entries.sort();
        self.tables[i] = Some(t);
        parts.push(vec![byte(31), byte(i as u8)]);
        Ok(many(1, parts))
    }

    fn arithmetic(&mut self) -> Result<Code, String> {
        let relations = ["<", "<=", "==", ">=", ">", "!="];
        if self.take("(") {
            let left = self.expression()?;
            let op = self.relation(&relations)?;
            let right = self.expression()?;
            self.expect(")")?;
            return Ok([vec![byte(48 + op)], left, right].concat());
        }
        let variable = self.named(Kind::Integer)?;
        let changes = ["=", "+=", "-=", "*=", "/="];
        if let Some(op) = changes.iter().position(|c| self.is(c)) {
            self.at += 1;
            return Ok([vec![byte(54 + op as u8), byte(variable)], self.expression()?].concat());
        }
        let op = self.relation(&relations)?;
        Ok([vec![byte(48 + op), byte(1), byte(variable)], self.expression()?].concat())
    }

    fn relation(&mut self, all: &[&str]) -> Result<u8, String> {
        let found = all.iter().position(|c| self.is(c)).ok_or_else(|| format!("{:?} is no comparison", self.peek()))?;
        self.at += 1;
        Ok(found as u8)
    }

    fn expression(&mut self) -> Result<Code, String> {
        let mut left = self.atom()?;
        while self.is("+") || self.is("-") {
            // A minus before a name may begin a command: `non-v`; numbers are never followed by one.
            let op = if self.take("+") { 6 } else { self.at += 1; 7 };
            left = [vec![byte(op)], left, self.atom()?].concat();
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Code, String> {
        Ok(match self.next()? {
            Token::Number(n) => vec![byte(0), byte(n)],
            Token::Name(n) => match n.as_str() {
                "cursor" => vec![byte(2)],
                "limit" => vec![byte(3)],
                "size" => vec![byte(4)],
                "len" => vec![byte(5)],
                "sizeof" => match self.next()? {
                    Token::Text(s) => vec![byte(0), byte(s.len() as u8)],
                    other => return Err(format!("sizeof {other:?} is not understood")),
                },
                _ => vec![byte(1), byte(self.declared(&n, Kind::Integer)?)],
            },
            other => return Err(format!("{other:?} is not understood in arithmetic")),
        })
    }

    fn assemble(self) -> Result<Vec<u8>, String> {
        let mut letters: Vec<char> = vec![];
        let mut note = |s: &str| letters.extend(s.chars());
        self.groupings.iter().for_each(|g| note(g));
        let routines: Vec<(bool, Code)> =
            self.routines.into_iter().map(|r| r.ok_or("a routine is not defined")).collect::<Result<_, _>>()?;
        let tables: Vec<Table> = self.tables.into_iter().map(|t| t.ok_or("an among is missing")).collect::<Result<_, _>>()?;
        let code = routines.iter().map(|r| &r.1).chain(tables.iter().flat_map(|t| &t.commands));
        for item in code.flatten() {
            if let Item::Text(s) = item {
                note(s);
            }
        }
        tables.iter().flat_map(|t| &t.entries).for_each(|e| note(&e.0));
        letters.sort_unstable();
        letters.dedup();
        let mut out = vec![];
        number(letters.len(), &mut out);
        let mut before = 0;
        for l in &letters {
            number((*l as usize) - before, &mut out);
            before = *l as usize;
        }
        let index = |c: char| letters.binary_search(&c).unwrap_or(0) as u8;
        let text = |s: &str, out: &mut Vec<u8>| {
            number(s.chars().count(), out);
            out.extend(s.chars().map(index));
        };
        let code = |c: &Code, out: &mut Vec<u8>| {
            for item in c {
                match item {
                    Item::Byte(b) => out.push(*b),
                    Item::Text(s) => text(s, out),
                }
            }
        };
        number(self.groupings.len(), &mut out);
        self.groupings.iter().for_each(|g| text(g, &mut out));
        number(tables.len(), &mut out);
        for t in &tables {
            let conditions = t.entries.iter().any(|e| e.2 > 0);
            out.push(u8::from(t.backward) | u8::from(conditions) << 1);
            number(t.commands.len(), &mut out);
            t.commands.iter().for_each(|c| code(c, &mut out));
            number(t.entries.len(), &mut out);
            let mut before: Vec<char> = vec![];
            for (key, command, condition) in &t.entries {
                let key: Vec<char> = key.chars().collect();
                let shared = key.iter().zip(&before).take_while(|(a, b)| a == b).count();
                out.push((shared << 4 | (key.len() - shared)) as u8);
                if shared > 15 || key.len() - shared > 15 {
                    return Err("an entry is too long".into());
                }
                out.extend(key[shared..].iter().map(|c| index(*c)));
                before = key;
                out.push(*command as u8);
                if conditions {
                    out.push(*condition as u8);
                }
            }
        }
        number(routines.len(), &mut out);
        for (backward, c) in &routines {
            out.push(u8::from(*backward));
            code(c, &mut out);
        }
        out.push(self.names.get("stem").map_or(0, |n| n.1));
        Ok(out)
    }
}

/// Commands under an operator.
fn many(op: u8, mut parts: Vec<Code>) -> Code {
    if parts.len() == 1 {
        return parts.remove(0);
    }
    let mut code = vec![byte(op), byte(parts.len() as u8)];
    code.extend(parts.into_iter().flatten());
    code
}
