//! The kinds of fields contents are made of: how each is read and what its stored form is.

use tusklet_error::filled;
use std::net::Ipv4Addr;

use super::types::{self, decimal};
use super::{Scope, address, binary, loc, svcb, text};
use crate::lexer::Token;
use crate::name::{Name, short};
use crate::{Problem, Severity};

/// A kind of field; its text is what the field is called in messages.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    U8(&'static str),
    U16(&'static str),
    U32(&'static str),
    /// Seconds, or with units: `1h30m`.
    Period(&'static str),
    /// A name that should be a host's.
    Host,
    /// Any name.
    Target,
    /// A mail address, the `@` written as a dot.
    Mailbox,
    Ipv4,
    Ipv6,
    /// A string of at most 255 bytes.
    Str(&'static str),
    /// A string without a limit of its own.
    LongStr(&'static str),
    /// All the strings that follow, as one text.
    Texts,
    /// The rest, in hexadecimal.
    Hex(&'static str),
    /// The rest, in base64.
    Base64(&'static str),
    /// `-` or one hexadecimal word.
    Salt,
    /// A DNSSEC algorithm: its number, or its mnemonic.
    Algorithm,
    CertType,
    /// A CAA property.
    Tag,
    Eui(usize),
    Node64,
    TypeName,
    TypeList,
    Location,
    Prefixes,
    Gateway,
    Service,
    /// RFC 3597: `\# length hex`.
    Unknown,
}

/// The error was reported.
pub(crate) struct Failed;

/// Reads fields from words; collects their stored forms.
pub(crate) struct Reader<'a> {
    pub tokens: &'a [Token<'a>],
    pub at: usize,
    pub scope: Scope<'a>,
    pub values: Vec<String>,
    pub problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// The next word.
    pub fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    /// Reports a problem at the word read last.
    pub fn report(&mut self, severity: Severity, field: &'static str, message: impl Into<String>) {
        let mut problem = Problem::new(severity, field, message);
        if let Some(token) = self.tokens.get(self.at.saturating_sub(1)).or(self.tokens.last()) {
            (problem.line, problem.column) = (token.line, token.column);
        }
        self.problems.push(problem);
    }

    /// A warning about the word read last.
    pub fn warn(&mut self, message: impl Into<String>) {
        self.report(Severity::Warning, "content", message);
    }

    /// An error about the word read last.
    pub fn fail<T>(&mut self, field: &'static str, message: impl Into<String>) -> Result<T, Failed> {
        self.report(Severity::Error, field, message);
        Err(Failed)
    }

    /// Turns a sentence into a reported error.
    pub fn ok<T>(&mut self, result: Result<T, String>) -> Result<T, Failed> {
        result.or_else(|message| self.fail("content", message))
    }

    /// The next word, which must be there.
    pub fn next(&mut self, what: &str) -> Result<Token<'a>, Failed> {
        match self.peek() {
            Some(token) => {
                self.at += 1;
                Ok(token)
            }
            None => {
                self.at = self.tokens.len();
                self.fail("content", filled!("{} is missing"; what))
            }
        }
    }

    /// The next word, without quotes.
    pub fn word(&mut self, what: &str) -> Result<&'a str, Failed> {
        let token = self.next(what)?;
        if token.quoted {
            return self.fail("content", filled!("{} must not be quoted"; what));
        }
        Ok(token.text)
    }

    /// All the remaining words as one; they may be split anywhere.
    pub fn rest(&mut self, what: &str) -> Result<String, Failed> {
        let mut all = self.word(what)?.to_string();
        while self.peek().is_some() {
            all.push_str(self.word(what)?);
        }
        Ok(all)
    }

    /// A number up to `max`.
    pub fn number(&mut self, what: &str, max: u64) -> Result<u64, Failed> {
        let word = self.word(what)?;
        match decimal(word) {
            Some(n) if n <= max => Ok(n),
            Some(_) => self.fail("content", format!("{what} '{word}' is too large, the limit is {max}")),
            None => self.fail("content", filled!("{} '{}' is not a number"; what, short(word))),
        }
    }

    fn put(&mut self, value: impl ToString) -> Result<(), Failed> {
        self.values.push(value.to_string());
        Ok(())
    }

    /// Reads one field.
    pub fn field(&mut self, field: Field) -> Result<(), Failed> {
        match field {
            Field::U8(what) => {
                let n = self.number(what, 255)?;
                self.put(n)
            }
            Field::U16(what) => {
                let n = self.number(what, 65535)?;
                self.put(n)
            }
            Field::U32(what) => {
                let n = self.number(what, u32::MAX.into())?;
                self.put(n)
            }
            Field::Period(what) => {
                let word = self.word(what)?;
                let period = crate::parse_period(word)
                    .ok_or_else(|| filled!("{} '{}' is not a time of at most 4294967295 seconds"; what, short(word)));
                let period = self.ok(period)?;
                self.put(period)
            }
            Field::Host => self.name("the name", true),
            Field::Target => self.name("the name", false),
            Field::Mailbox => {
                let at = self.at;
                self.name("the mail name", false)?;
                if self.tokens.get(at).is_some_and(|t| t.text.contains('@') && t.text != "@") {
                    self.warn("the mail name has an '@': it is written with a dot instead");
                }
                Ok(())
            }
            Field::Ipv4 => {
                let word = self.word("the IPv4 address")?;
                let address = self.ok(address::ipv4(word))?;
                self.put(address)
            }
            Field::Ipv6 => {
                let word = self.word("the IPv6 address")?;
                let address = self.ok(address::ipv6(word))?;
                self.put(address)
            }
            Field::Str(what) => self.string(what, 255),
            Field::LongStr(what) => self.string(what, 65535),
            Field::Texts => self.texts(),
            Field::Hex(what) => {
                let hex = self.rest(what)?;
                let hex = self.ok(binary::hex(what, &hex))?;
                self.put(hex)
            }
            Field::Base64(what) => {
                let all = self.rest(what)?;
                self.ok(binary::base64(what, &all))?;
                self.put(all)
            }
            Field::Salt => {
                let word = self.word("the salt")?;
                let salt = if word == "-" { Ok("-".into()) } else { binary::hex("the salt", word) };
                let salt = self.ok(salt)?;
                self.put(salt)
            }
            Field::Algorithm => self.mnemonic("algorithm", 255, binary::ALGORITHMS),
            Field::CertType => self.mnemonic("certificate type", 65535, binary::CERT_TYPES),
            Field::Tag => {
                let word = self.word("the tag")?;
                if !word.bytes().all(|c| c.is_ascii_alphanumeric()) || word.len() > 255 {
                    return self.fail(
                        "content",
                        filled!("the tag '{}' has other characters than letters and digits"; short(word)),
                    );
                }
                self.put(word)
            }
            Field::Eui(bytes) => {
                let word = self.word("the address")?;
                let eui = self.ok(binary::eui(word, bytes))?;
                self.put(eui)
            }
            Field::Node64 => {
                let word = self.word("the 64-bit value")?;
                let node = self.ok(binary::node64(word))?;
                self.put(node)
            }
            Field::TypeName => {
                let word = self.word("the record type")?;
                let kind = self.ok(types::find(word))?;
                self.put(kind.name())
            }
            Field::TypeList => {
                // In order of numbers, each once.
                let mut kinds: Vec<types::Type> = Vec::new();
                while self.peek().is_some() {
                    let word = self.word("the record type")?;
                    let kind = self.ok(types::find(word))?;
                    let place = kinds.partition_point(|k| k.number < kind.number);
                    if kinds.get(place).is_none_or(|k| k.number != kind.number) {
                        kinds.insert(place, kind);
                    }
                }
                self.values.extend(kinds.iter().map(|k| k.name()));
                Ok(())
            }
            Field::Location => loc::read(self),
            Field::Prefixes => address::prefixes(self),
            Field::Gateway => self.gateway(),
            Field::Service => svcb::read(self),
            Field::Unknown => self.unknown(),
        }
    }

    /// The name a word stands for here.
    pub fn resolve(&mut self, word: &str) -> Result<Name, Failed> {
        if word == "@" {
            return Ok(self.scope.origin.unwrap_or(self.scope.zone).clone());
        }
        let parsed = Name::parse(word);
        let (name, absolute) = self.ok(parsed)?;
        match self.scope.origin {
            Some(origin) if !absolute => {
                let name = name.join(origin);
                self.ok(name)
            }
            _ => {
                if !absolute && name.labels().count() == 1 && !self.scope.for_file {
                    let zone = self.scope.zone.stored();
                    self.warn(filled!(
                        "'{}' is taken as a top-level name; in this zone it would be {}.{}"; word, word, zone
                    ));
                }
                Ok(name)
            }
        }
    }

    fn name(&mut self, what: &str, host: bool) -> Result<(), Failed> {
        let word = self.word(what)?;
        let name = self.resolve(word)?;
        if !word.is_ascii() {
            self.warn(filled!("'{}' is not ASCII: write it in punycode (xn--…)"; short(word)));
        }
        if word.strip_suffix('.').unwrap_or(word).parse::<Ipv4Addr>().is_ok() {
            self.warn(filled!("'{}' is an address, where a name is wanted"; word));
        } else if host && !name.is_root() && !name.is_hostname() {
            self.warn(filled!("{} is not a host name: only letters, digits and inner hyphens"; short(&name.stored())));
        }
        let text = self.written(&name);
        self.put(text)
    }

    /// A name in the form that is being written.
    pub fn written(&self, name: &Name) -> String {
        if self.scope.for_file { name.file(self.scope.zone) } else { name.stored() }
    }

    fn string(&mut self, what: &str, max: usize) -> Result<(), Failed> {
        let token = self.next(what)?;
        let bytes = self.ok(text::decode(token.text))?;
        if bytes.len() > max {
            return self.fail("content", format!("{what} has {} bytes, the limit is {max}", bytes.len()));
        }
        self.put(text::quote(&bytes))
    }

    fn texts(&mut self) -> Result<(), Failed> {
        let mut total = 0;
        loop {
            let token = self.next("the text")?;
            let bytes = self.ok(text::decode(token.text))?;
            for piece in text::pieces(&bytes) {
                total += piece.len() + 1;
                self.values.push(text::quote(piece));
            }
            if total > 65535 {
                return self.fail("content", "the text is longer than 65535 bytes");
            }
            if self.peek().is_none() {
                return Ok(());
            }
        }
    }

    fn mnemonic(&mut self, what: &str, max: u64, known: &[(&str, u16)]) -> Result<(), Failed> {
        if let Some(token) = self.peek()
            && let Some((_, number)) = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(token.text))
        {
            self.at += 1;
            return self.put(number);
        }
        let n = self.number(what, max)?;
        self.put(n)
    }

    /// The rest of IPSECKEY: gateway type, algorithm, gateway, key.
    fn gateway(&mut self) -> Result<(), Failed> {
        let kind = self.number("the gateway type", 255)?;
        self.put(kind)?;
        let algorithm = self.number("the algorithm", 255)?;
        self.put(algorithm)?;
        match kind {
            // PowerDNS writes nothing for "no gateway", BIND a dot.
            0 if self.peek().is_some_and(|t| t.text == ".") => self.at += 1,
            0 => {}
            1 => self.field(Field::Ipv4)?,
            2 => self.field(Field::Ipv6)?,
            3 => self.field(Field::Target)?,
            _ => return self.fail("content", format!("the gateway type {kind} is not between 0 and 3")),
        }
        if algorithm == 0 { Ok(()) } else { self.field(Field::Base64("key")) }
    }

    fn unknown(&mut self) -> Result<(), Failed> {
        if self.word("\\#")? != "\\#" {
            return self.fail("content", "contents of types without a name are written \\# length hexadecimal");
        }
        let length = self.number("the length", 65535)? as usize;
        let hex = if self.peek().is_some() { self.rest("the data")? } else { String::new() };
        let hex = if hex.is_empty() { hex } else { self.ok(binary::hex("the data", &hex))? };
        if hex.len() != length * 2 {
            return self.fail("content", format!("{length} bytes were announced, {} follow", hex.len() / 2));
        }
        self.values.push("\\#".into());
        self.put(length)?;
        self.values.extend((length > 0).then_some(hex));
        Ok(())
    }
}
