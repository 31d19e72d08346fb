//! What is between tags: text, CDATA sections, comments, processing instructions.

use tusklet_error::filled;
use super::parse::{Level, Parser, cut, is_char};
use super::tree::Kind;

impl Parser {
    /// Text up to the next tag or reference.
    pub(super) fn char_data(&mut self) {
        let src = self.src.clone();
        let b = src.as_bytes();
        // What libxml takes in one go: one error in it is told at its start.
        let from = self.pos;
        let mut start = from;
        let mut i = from;
        loop {
            match b.get(i).copied().unwrap_or(0) {
                b'<' | b'&' => break,
                b']' if b[i..].starts_with(b"]]>") => {
                    self.text(&src[from..start]);
                    self.pos = start;
                    // The line is the one read up to, the place is not.
                    let m = "Sequence ']]>' not allowed in content";
                    let lines = b[start..i].iter().filter(|c| **c == b'\n').count() as u32;
                    self.line();
                    self.line += lines;
                    self.fatal(m);
                    self.line -= lines;
                    self.pos = i + 1;
                    return;
                }
                b'\r' if b.get(i + 1) == Some(&b'\n') => {
                    self.text(&src[start..i]);
                    start = i + 1;
                    i += 2;
                    continue;
                }
                b'\t' | b'\n' | b' '..=0x7F => i += 1,
                _ => {
                    self.text(&src[start..i]);
                    self.pos = i;
                    self.char_data_complex();
                    return;
                }
            }
        }
        self.text(&src[start..i]);
        self.pos = i;
    }

    /// Text with characters beyond ASCII (`xmlParseCharDataComplex`).
    pub(super) fn char_data_complex(&mut self) {
        let mut s = String::new();
        while let Some(c) = self.char() {
            if matches!(c, '<' | '&') {
                break;
            }
            if !is_char(c) {
                self.text(&s);
                self.fatal(&format!("PCDATA invalid Char value {}", c as u32));
                self.bump();
                return;
            }
            if c == ']' && self.looking_at("]]>") {
                self.fatal("Sequence ']]>' not allowed in content");
            }
            s.push(c);
            self.bump();
        }
        self.text(&s);
    }

    pub(super) fn cdata(&mut self) {
        self.pos += 9;
        let mut s = String::new();
        // Two characters come before the end can.
        let mut n = 0;
        while let Some(c) = self.char().filter(|c| is_char(*c)) {
            if n >= 2 && c == '>' && s.ends_with("]]") {
                self.pos += 1;
                s.truncate(s.len() - 2);
                self.add(Kind::Cdata, "", &s);
                return;
            }
            s.push(c);
            n += 1;
            self.bump();
        }
        if n < 2 {
            self.fatal("Unregistered error message");
        } else {
            let end = s.char_indices().rev().nth(1).map_or(0, |(i, _)| i);
            self.fatal(&filled!("CData section not finished\n{}"; cut(&s[..end], 50)));
        }
    }

    pub(super) fn comment(&mut self) {
        self.pos += 4;
        let mut s = String::new();
        // Where the first character beyond ASCII is: libxml words its errors otherwise from there.
        let mut beyond = None;
        loop {
            let Some(c) = self.char() else {
                match beyond {
                    Some(n) if s[n..].chars().count() > 2 => {
                        let end = s.char_indices().rev().nth(1).map_or(0, |(i, _)| i);
                        self.fatal(&filled!("Comment not terminated \n<!--{}"; cut(&s[..end], 50)));
                    }
                    _ => self.fatal("Comment not terminated"),
                }
                return;
            };
            if !is_char(c) {
                self.fatal(&format!("xmlParseComment: invalid xmlChar value {}", c as u32));
                return;
            }
            if !c.is_ascii() && beyond.is_none() {
                beyond = Some(s.len());
            }
            if c == '-' && self.at(1) == b'-' {
                if self.at(2) == b'>' {
                    self.pos += 3;
                    self.add(Kind::Comment, "", &s);
                    return;
                }
                if beyond.is_some() {
                    self.pos += 2;
                    if self.at(0) != 0 {
                        self.fatal("Comment must not contain '--' (double-hyphen)");
                    }
                    self.pos -= 2;
                } else {
                    let rest = if s.is_empty() { String::new() } else { filled!(": <!--{}"; cut(&s, 50)) };
                    self.fatal(&filled!("Double hyphen within comment{}"; rest));
                    s.push(c);
                    self.pos += 1;
                }
            }
            s.push(c);
            self.bump();
        }
    }

    pub(super) fn pi(&mut self) {
        self.pos += 2;
        let target = self.name();
        if target.is_empty() {
            self.fatal("xmlParsePI : no target name");
            return;
        }
        if target.len() == 3 && target.eq_ignore_ascii_case("xml") {
            self.fatal(if target == "xml" {
                "XML declaration allowed only at the start of the document"
            } else {
                "Invalid PI name"
            });
        } else if target.get(..3).is_some_and(|t| t.eq_ignore_ascii_case("xml"))
            && target != "xml-stylesheet"
            && target != "xml-model"
        {
            self.raise(Level::Warning, "xmlParsePITarget: invalid name prefix 'xml'");
        }
        if target.contains(':') {
            self.ns_error(&filled!("colons are forbidden from PI names '{}'"; target));
        }
        if self.eat("?>") {
            self.add(Kind::Pi, &target, "");
            return;
        }
        if !self.skip_blanks() {
            self.fatal(&filled!("ParsePI: PI {} space expected"; target));
        }
        let mut s = String::new();
        while let Some(c) = self.char().filter(|c| is_char(*c)) {
            if c == '?' && self.at(1) == b'>' {
                self.pos += 2;
                self.add(Kind::Pi, &target, &s);
                return;
            }
            s.push(c);
            self.bump();
        }
        self.fatal(&filled!("ParsePI: PI {} never end ..."; target));
    }
}
