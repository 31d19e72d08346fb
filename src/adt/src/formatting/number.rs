//! Templates of numbers (`NUM_processor`), in the C locale: point, comma, no currency sign.
//!
//! The number comes as its decimal text, already rounded; the template decides digit by digit what of it is shown.

use tusklet_error::{Result, bail, err};

use super::ordinal_suffix;
use crate::float::{fixed, scientific};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Comma,
    Group,
    Point,
    Zero,
    Nine,
    Blank,
    Currency,
    Minus,
    Plus,
    Brackets,
    Roman(bool),
    Sign,
    SignAnchored,
    Ordinal(bool),
    Shift,
    Exponent,
    Fill,
    /// `C` and `SP`: known and ignored.
    Ignored,
}

const KEYS: &[(&str, Key)] = &[
    (",", Key::Comma),
    (".", Key::Point),
    ("0", Key::Zero),
    ("9", Key::Nine),
    ("B", Key::Blank),
    ("C", Key::Ignored),
    ("D", Key::Point),
    ("EEEE", Key::Exponent),
    ("FM", Key::Fill),
    ("G", Key::Group),
    ("L", Key::Currency),
    ("MI", Key::Minus),
    ("PL", Key::Plus),
    ("PR", Key::Brackets),
    ("RN", Key::Roman(true)),
    ("SG", Key::Sign),
    ("SP", Key::Ignored),
    ("S", Key::SignAnchored),
    ("TH", Key::Ordinal(true)),
    ("V", Key::Shift),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Key(Key),
    Char(char),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    None,
    Before,
    After,
}

/// A parsed template and what it says as a whole (`NUMDesc`).
#[derive(Clone, Debug)]
struct Template {
    nodes: Vec<Node>,
    pre: usize,
    post: usize,
    multi: usize,
    anchor: Anchor,
    pre_sign: usize,
    zero: bool,
    zero_start: usize,
    zero_end: usize,
    decimal: bool,
    fill: bool,
    blank: bool,
    signed: bool,
    brackets: bool,
    minus: bool,
    plus: bool,
    roman: bool,
    shift: bool,
    exponent: bool,
}

fn parse(format: &str) -> Result<Template> {
    let mut t = Template {
        nodes: Vec::new(),
        pre: 0,
        post: 0,
        multi: 0,
        anchor: Anchor::None,
        pre_sign: 0,
        zero: false,
        zero_start: 0,
        zero_end: 0,
        decimal: false,
        fill: false,
        blank: false,
        signed: false,
        brackets: false,
        minus: false,
        plus: false,
        roman: false,
        shift: false,
        exponent: false,
    };
    let mut s = format;
    while let Some(c) = s.chars().next() {
        let key = KEYS.iter().find_map(|&(name, key)| {
            let text = s.get(..name.len())?;
            let lower = text.bytes().all(|b| !b.is_ascii_uppercase());
            let same = text == name || lower && text.eq_ignore_ascii_case(name);
            let key = match key {
                Key::Roman(_) => Key::Roman(!lower),
                Key::Ordinal(_) => Key::Ordinal(!lower),
                k => k,
            };
            same.then_some((name.len(), key))
        });
        if let Some((len, key)) = key {
            s = &s[len..];
            t.prepare(key)?;
            t.nodes.push(Node::Key(key));
            continue;
        }
        s = &s[c.len_utf8()..];
        if c == '"' {
            while let Some(c) = s.chars().next() {
                s = &s[c.len_utf8()..];
                match (c, s.chars().next()) {
                    ('"', _) => break,
                    ('\\', Some(next)) => {
                        s = &s[next.len_utf8()..];
                        t.nodes.push(Node::Char(next));
                    }
                    _ => t.nodes.push(Node::Char(c)),
                }
            }
        } else if c == '\\' && s.starts_with('"') {
            s = &s[1..];
            t.nodes.push(Node::Char('"'));
        } else {
            t.nodes.push(Node::Char(c));
        }
    }
    Ok(t)
}

impl Template {
    fn prepare(&mut self, key: Key) -> Result<()> {
        if self.exponent && key != Key::Exponent {
            bail!(SYNTAX_ERROR, "\"EEEE\" must be the last pattern used");
        }
        match key {
            Key::Nine => {
                if self.brackets {
                    bail!(SYNTAX_ERROR, "\"9\" must be ahead of \"PR\"");
                }
                let n = if self.shift {
                    &mut self.multi
                } else if self.decimal {
                    &mut self.post
                } else {
                    &mut self.pre
                };
                *n += 1;
            }
            Key::Zero => {
                if self.brackets {
                    bail!(SYNTAX_ERROR, "\"0\" must be ahead of \"PR\"");
                }
                if !self.zero && !self.decimal {
                    self.zero = true;
                    self.zero_start = self.pre + 1;
                }
                if self.decimal {
                    self.post += 1
                } else {
                    self.pre += 1
                }
                self.zero_end = self.pre + self.post;
            }
            Key::Blank => self.blank |= self.pre == 0 && self.post == 0 && !self.zero,
            Key::Point => {
                if self.decimal {
                    bail!(SYNTAX_ERROR, "multiple decimal points");
                }
                if self.shift {
                    bail!(SYNTAX_ERROR, "cannot use \"V\" and decimal point together");
                }
                self.decimal = true;
            }
            Key::Fill => self.fill = true,
            Key::SignAnchored => {
                if self.signed {
                    bail!(SYNTAX_ERROR, "cannot use \"S\" twice");
                }
                if self.plus || self.minus || self.brackets {
                    bail!(SYNTAX_ERROR, "cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
                }
                if self.decimal {
                    self.anchor = Anchor::After;
                } else {
                    self.anchor = Anchor::Before;
                    self.pre_sign = self.pre;
                }
                self.signed = true;
            }
            Key::Minus | Key::Plus | Key::Sign => {
                let name = match key {
                    Key::Minus => "MI",
                    Key::Plus => "PL",
                    _ => "SG",
                };
                if self.signed {
                    bail!(SYNTAX_ERROR, "cannot use \"S\" and \"{}\" together"; name);
                }
                self.minus |= key != Key::Plus;
                self.plus |= key != Key::Minus;
            }
            Key::Brackets => {
                if self.signed || self.plus || self.minus {
                    bail!(SYNTAX_ERROR, "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
                }
                self.brackets = true;
            }
            Key::Roman(_) => self.roman = true,
            Key::Shift => {
                if self.decimal {
                    bail!(SYNTAX_ERROR, "cannot use \"V\" and decimal point together");
                }
                self.shift = true;
            }
            Key::Exponent => {
                if self.exponent {
                    bail!(SYNTAX_ERROR, "cannot use \"EEEE\" twice");
                }
                let mixed =
                    self.blank || self.fill || self.signed || self.brackets || self.minus || self.plus || self.roman;
                if mixed || self.shift {
                    return Err(err!(SYNTAX_ERROR, "\"EEEE\" is incompatible with other formats")
                        .detail("\"EEEE\" may only be used together with digit and decimal point patterns."));
                }
                self.exponent = true;
            }
            Key::Comma | Key::Group | Key::Currency | Key::Ordinal(_) | Key::Ignored => {}
        }
        Ok(())
    }
}

/// What a caller must make of its number before it is written.
#[derive(Clone, Debug)]
pub struct NumberFormat(Template);

/// How [`NumberFormat`] wants the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Multiplied by `10^shift`, rounded to `scale` digits, as plain decimal text.
    Plain {
        /// Power of ten (`V`).
        shift: usize,
        /// Digits after the point.
        scale: usize,
    },
    /// In scientific notation with `scale` digits after the point, as C's `%+.*e`.
    Scientific {
        /// Digits after the point.
        scale: usize,
    },
    /// Rounded to an integer; text of more than four digits is shown as `#`.
    Roman,
}

impl NumberFormat {
    /// Parses a template.
    pub fn parse(format: &str) -> Result<NumberFormat> {
        parse(format).map(NumberFormat)
    }

    /// What to do to the number first.
    pub fn wanted(&self) -> Wanted {
        let t = &self.0;
        if t.roman {
            Wanted::Roman
        } else if t.exponent {
            Wanted::Scientific { scale: t.post }
        } else {
            Wanted::Plain { shift: if t.shift { t.multi } else { 0 }, scale: t.post }
        }
    }

    /// Appends the number, given as [`NumberFormat::wanted`] says. A missing fraction is padded with zeros when `pad` (integers);
    /// floats may have fewer digits than wanted.
    pub fn write(&self, out: &mut String, number: &str, pad: bool) -> Result<()> {
        let mut t = self.0.clone();
        let negative = number.starts_with('-');
        let digits = number.trim_start_matches(['-', '+']);
        match self.wanted() {
            Wanted::Scientific { scale } => {
                if !digits.starts_with(|c: char| c.is_ascii_digit()) {
                    // NaN and the infinities.
                    let width = t.pre + scale + 6;
                    let text: String = (0..width)
                        .map(|i| {
                            if i == 0 {
                                ' '
                            } else if i == t.pre + 1 {
                                '.'
                            } else {
                                '#'
                            }
                        })
                        .collect();
                    out.push_str(&text);
                    return Ok(());
                }
                out.push(if negative { '-' } else { ' ' });
                out.push_str(digits);
                Ok(())
            }
            Wanted::Roman => {
                let value = number.parse::<i64>().ok().filter(|v| (1..4000).contains(v));
                let text = value.map_or_else(|| "#".repeat(15), roman);
                (t.pre, t.post, t.pre_sign, t.anchor) = (0, 0, 0, Anchor::None);
                (t.zero, t.zero_start, t.zero_end, t.decimal, t.brackets) = (false, 0, 0, false, false);
                (t.signed, t.minus, t.plus) = (false, false, false);
                Writer::new(&mut t, text.as_bytes(), 0, 0).run(out)
            }
            Wanted::Plain { shift, scale } => {
                t.pre += shift;
                let mut text = digits.to_string();
                if pad && scale > 0 {
                    text.push('.');
                    text.extend(std::iter::repeat_n('0', scale));
                }
                let pre_len = text.find('.').unwrap_or(text.len());
                let mut spaces = 0;
                if pre_len < t.pre {
                    spaces = t.pre - pre_len;
                } else if pre_len > t.pre {
                    text = "#".repeat(t.pre);
                    text.push('.');
                    text.push_str(&"#".repeat(t.post));
                }
                Writer::new(&mut t, text.as_bytes(), spaces, if negative { b'-' } else { b'+' }).run(out)
            }
        }
    }
}

/// `to_char(integer, format)`, or of `bigint` if `wide`; false for SQL NULL (an empty template).
pub fn int_to_char(out: &mut String, value: i64, wide: bool, format: &str) -> Result<bool> {
    if format.is_empty() {
        return Ok(false);
    }
    let f = NumberFormat::parse(format)?;
    let text = match f.wanted() {
        Wanted::Scientific { scale } if wide => scientific_int(value, scale),
        Wanted::Scientific { scale } => scientific(value as f64, scale),
        Wanted::Plain { shift, .. } if shift > 0 => {
            let scaled =
                u32::try_from(shift).ok().and_then(|n| 10i64.checked_pow(n)).and_then(|p| value.checked_mul(p));
            match scaled.filter(|&v| wide || i32::try_from(v).is_ok()) {
                Some(v) => v.to_string(),
                None if wide => bail!(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range"),
                None => bail!(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range"),
            }
        }
        Wanted::Roman if i32::try_from(value).is_err() => bail!(NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range"),
        _ => value.to_string(),
    };
    f.write(out, &text, true)?;
    Ok(true)
}

/// `to_char(double precision, format)`, or of `real` with `digits` 6 instead of 15; false for SQL NULL.
pub fn float_to_char(out: &mut String, value: f64, digits: usize, format: &str) -> Result<bool> {
    if format.is_empty() {
        return Ok(false);
    }
    let mut f = NumberFormat::parse(format)?;
    let text = match f.wanted() {
        Wanted::Roman => fixed(value.round_ties_even(), 0),
        Wanted::Scientific { scale } => scientific(value, scale),
        Wanted::Plain { shift, scale } => {
            let value = if shift > 0 { value * 10f64.powi(shift as i32) } else { value };
            let pre = if value.is_infinite() { "Infinity".len() } else { fixed(value.abs(), 0).len() };
            // A word's letters count as digits.
            let scale = if pre >= digits { 0 } else { scale.min(digits - pre) };
            f.0.post = scale;
            if value.is_infinite() {
                if value < 0.0 { "-Infinity" } else { "Infinity" }.to_string()
            } else {
                fixed(value, scale)
            }
        }
    };
    f.write(out, &text, false)?;
    Ok(true)
}

/// As `numeric_out_sci`: the exponent is the number's before rounding, so that 999999 may come out as `10e+05`.
fn scientific_int(value: i64, scale: usize) -> String {
    let digits = value.unsigned_abs().to_string();
    let exponent = digits.len() - 1;
    let mut mantissa = digits;
    if scale >= exponent {
        mantissa.extend(std::iter::repeat_n('0', scale - exponent));
    } else {
        let unit = 10u128.pow((exponent - scale) as u32);
        mantissa = ((u128::from(value.unsigned_abs()) + unit / 2) / unit).to_string();
    }
    if scale > 0 {
        mantissa.insert(mantissa.len() - scale, '.');
    }
    format!("{}{mantissa}e+{exponent:02}", if value < 0 { "-" } else { "" })
}

fn roman(mut n: i64) -> String {
    const PARTS: [(i64, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut text = String::new();
    for (value, digits) in PARTS {
        while n >= value {
            text.push_str(digits);
            n -= value;
        }
    }
    text
}

struct Writer<'a> {
    t: &'a mut Template,
    number: &'a [u8],
    /// Next character of `number`.
    at: usize,
    /// Last digit worth showing in fill mode.
    last_relevant: Option<usize>,
    spaces: usize,
    sign: u8,
    sign_written: bool,
    /// One less than the digits; a template without digits has minus one.
    count: isize,
    current: usize,
    /// Whether a digit has been written yet.
    inside: bool,
}

impl<'a> Writer<'a> {
    fn new(t: &'a mut Template, number: &'a [u8], spaces: usize, sign: u8) -> Writer<'a> {
        t.zero_start = t.zero_start.saturating_sub(1);
        let sign_written = if t.plus || t.minus {
            t.minus || !t.plus
        } else {
            if sign != b'-' && t.fill {
                t.brackets = false;
            }
            if t.anchor == Anchor::Before && t.pre == t.pre_sign {
                t.anchor = Anchor::After;
            }
            sign == b'+' && t.fill && !t.signed
        };
        let mut last_relevant = None;
        if t.fill
            && t.decimal
            && let Some(point) = number.iter().position(|&c| c == b'.')
        {
            let mut last = (point..number.len()).rev().find(|&i| i == point || number[i] != b'0').unwrap_or(point);
            if t.zero_end > spaces {
                last = last.max((number.len() - 1).min(t.zero_end - spaces));
            }
            last_relevant = Some(last);
        }
        let mut count = (t.post + t.pre) as isize - 1;
        if !sign_written && spaces == 0 {
            count += 1;
        }
        Writer { t, number, at: 0, last_relevant, spaces, sign, sign_written, count, current: 0, inside: false }
    }

    fn char_at(&self, i: usize) -> u8 {
        self.number.get(i).copied().unwrap_or(0)
    }

    fn relevant_is_point(&self) -> bool {
        self.last_relevant.is_some_and(|i| self.char_at(i) == b'.')
    }

    fn leading_zero(&self) -> bool {
        !self.t.zero && self.at == 0 && self.char_at(0) == b'0' && self.t.post != 0
    }

    /// Appends the number. PostgreSQL builds a C string, so that what follows a NUL is lost; here it is cut off at the end.
    fn run(mut self, out: &mut String) -> Result<()> {
        let start = out.len();
        let result = self.write(out);
        if let Some(n) = out[start..].find('\0') {
            out.truncate(start + n);
        }
        result
    }

    fn write(&mut self, out: &mut String) -> Result<()> {
        let nodes = std::mem::take(&mut self.t.nodes);
        for node in nodes {
            let key = match node {
                Node::Char(c) => {
                    out.push(c);
                    continue;
                }
                Node::Key(k) => k,
            };
            match key {
                Key::Nine | Key::Zero | Key::Point => self.digit(out, key),
                Key::Comma | Key::Group => {
                    if self.inside {
                        out.push(',');
                    } else if !self.t.fill {
                        out.push(' ');
                    }
                }
                Key::Currency => out.push(' '),
                Key::Roman(upper) => {
                    let text = String::from_utf8_lossy(self.number).into_owned();
                    let text = if upper { text } else { text.to_ascii_lowercase() };
                    if !self.t.fill {
                        out.extend(std::iter::repeat_n(' ', 15usize.saturating_sub(text.len())));
                    }
                    out.push_str(&text);
                }
                Key::Ordinal(upper) => {
                    if self.t.roman || self.char_at(0) == b'#' || self.sign == b'-' || self.t.decimal {
                        continue;
                    }
                    let text = String::from_utf8_lossy(self.number);
                    if !text.ends_with(|c: char| c.is_ascii_digit()) {
                        bail!(INVALID_TEXT_REPRESENTATION, "\"{}\" is not a number"; text);
                    }
                    out.push_str(ordinal_suffix(&text, upper));
                }
                Key::Minus | Key::Plus => {
                    let mine = if key == Key::Minus { b'-' } else { b'+' };
                    if self.sign == mine {
                        out.push(mine as char);
                    } else if !self.t.fill {
                        out.push(' ');
                    }
                }
                Key::Sign => out.push(self.sign as char),
                Key::Blank
                | Key::Brackets
                | Key::SignAnchored
                | Key::Shift
                | Key::Exponent
                | Key::Fill
                | Key::Ignored => {}
            }
        }
        Ok(())
    }

    fn digit(&mut self, out: &mut String, key: Key) {
        if self.t.roman {
            return;
        }
        self.inside = false;
        let reached = self.current >= self.spaces || self.t.zero && self.t.zero_start == self.current;
        if !self.sign_written && reached && (!self.leading_zero() || self.relevant_is_point()) {
            if self.t.signed {
                if self.t.anchor == Anchor::Before {
                    out.push(self.sign as char);
                    self.sign_written = true;
                }
            } else if self.t.brackets {
                out.push(if self.sign == b'+' { ' ' } else { '<' });
                self.sign_written = true;
            } else if self.sign == b'+' {
                if !self.t.fill {
                    out.push(' ');
                }
                self.sign_written = true;
            } else if self.sign == b'-' {
                out.push('-');
                self.sign_written = true;
            }
        }
        if self.current < self.spaces && (self.t.zero_start > self.current || !self.t.zero) {
            if !self.t.fill {
                out.push(' ');
            }
        } else if self.t.zero && self.current < self.spaces && self.t.zero_start <= self.current {
            out.push('0');
            self.inside = true;
        } else {
            let c = self.char_at(self.at);
            if c == b'.' {
                if !self.relevant_is_point() || self.t.fill {
                    out.push('.');
                }
            } else if self.last_relevant.is_some_and(|l| self.at > l) && key != Key::Zero {
                // Zeros that fill mode drops.
            } else if self.leading_zero() {
                if !self.t.fill {
                    out.push(' ');
                } else if self.relevant_is_point() {
                    out.push('0');
                }
            } else {
                // Past the number's end PostgreSQL writes a NUL, which ends its result.
                out.push(c as char);
                self.inside = true;
            }
            if c != 0 {
                self.at += 1;
            }
        }
        let mut end = self.count + isize::from(self.spaces > 0) + isize::from(self.t.decimal);
        if self.last_relevant == Some(self.at) {
            end = self.current as isize;
        }
        if self.current as isize + 1 == end {
            if self.sign_written && self.t.brackets {
                out.push(if self.sign == b'+' { ' ' } else { '>' });
            } else if self.t.signed && self.t.anchor == Anchor::After {
                out.push(self.sign as char);
            }
        }
        self.current += 1;
    }
}

/// What `to_number` read: the text to be read as `numeric(precision, scale)` and divided by `10^shift`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadNumber {
    /// Sign or space, digits, perhaps a point.
    pub text: String,
    /// Precision of the numeric.
    pub precision: usize,
    /// Its scale.
    pub scale: usize,
    /// Power of ten to divide by, with `V`.
    pub shift: Option<usize>,
}

/// `to_number(text, format)`; `None` for SQL NULL (an empty template).
pub fn to_number(input: &str, format: &str) -> Result<Option<ReadNumber>> {
    if format.is_empty() {
        return Ok(None);
    }
    let t = parse(format)?;
    if t.exponent {
        bail!(FEATURE_NOT_SUPPORTED, "\"EEEE\" not supported for input");
    }
    if t.roman {
        bail!(FEATURE_NOT_SUPPORTED, "\"RN\" not supported for input");
    }
    let mut r = NumberReader {
        t: &t,
        s: input.as_bytes(),
        at: 0,
        sign: b' ',
        digits: String::new(),
        pre: 0,
        post: 0,
        point: false,
    };
    r.run();
    if r.digits.ends_with('.') {
        r.digits.pop();
    }
    let text = format!("{}{}", r.sign as char, r.digits);
    let shift = t.shift.then_some(t.multi);
    Ok(Some(ReadNumber { text, precision: t.pre + t.multi, scale: r.post, shift }))
}

struct NumberReader<'a> {
    t: &'a Template,
    s: &'a [u8],
    at: usize,
    sign: u8,
    digits: String,
    pre: usize,
    post: usize,
    point: bool,
}

impl NumberReader<'_> {
    fn peek(&self) -> u8 {
        self.s.get(self.at).copied().unwrap_or(0)
    }

    fn skip_char(&mut self) {
        self.at += 1;
        while self.s.get(self.at).is_some_and(|b| b & 0xc0 == 0x80) {
            self.at += 1;
        }
    }

    /// Skips up to `n` characters that cannot be part of a number.
    fn eat(&mut self, n: usize) {
        for _ in 0..n {
            if self.at >= self.s.len() || b"0123456789.,+-".contains(&self.peek()) {
                return;
            }
            self.skip_char();
        }
    }

    fn run(&mut self) {
        for node in &self.t.nodes {
            if self.at >= self.s.len() {
                return;
            }
            let key = match node {
                Node::Char(_) => {
                    self.skip_char();
                    continue;
                }
                Node::Key(k) => *k,
            };
            match key {
                Key::Nine | Key::Zero | Key::Point => {
                    self.digit(key);
                    self.at += 1;
                }
                Key::Comma | Key::Group => {
                    if !self.t.fill && self.peek() == b',' {
                        self.at += 1;
                    }
                }
                Key::Currency => self.eat(1),
                Key::Ordinal(_) if self.t.decimal || self.sign == b'-' => {}
                Key::Ordinal(_) => self.eat(2),
                Key::Minus | Key::Plus | Key::Sign => {
                    let c = self.peek();
                    if c == b'-' && key != Key::Plus || c == b'+' && key != Key::Minus {
                        self.sign = c;
                        self.at += 1;
                    } else {
                        self.eat(1);
                    }
                }
                Key::Blank
                | Key::Brackets
                | Key::SignAnchored
                | Key::Shift
                | Key::Exponent
                | Key::Fill
                | Key::Ignored
                | Key::Roman(_) => {}
            }
        }
    }

    /// Reads a digit or point at the cursor, which the caller then advances by one.
    fn digit(&mut self, key: Key) {
        if self.peek() == b' ' {
            self.at += 1;
        }
        if self.at >= self.s.len() {
            return;
        }
        if self.sign == b' ' && key != Key::Point && self.pre + self.post == 0 {
            let c = self.peek();
            let anchored = self.t.signed && self.t.anchor == Anchor::Before;
            if c == b'-' || c == b'<' && self.t.brackets && !anchored {
                self.sign = b'-';
                self.at += 1;
            } else if c == b'+' {
                self.sign = b'+';
                self.at += 1;
            }
        }
        if self.at >= self.s.len() {
            return;
        }
        let c = self.peek();
        let mut read = false;
        if c.is_ascii_digit() {
            if self.point && self.post == self.t.post {
                return;
            }
            self.digits.push(c as char);
            if self.point {
                self.post += 1
            } else {
                self.pre += 1
            }
            read = true;
        } else if self.t.decimal && !self.point && c == b'.' {
            self.digits.push('.');
            self.point = true;
            read = true;
        }
        if self.sign != b' ' || self.pre + self.post == 0 {
            return;
        }
        if self.t.signed && read {
            if let Some(&next @ (b'-' | b'+')) = self.s.get(self.at + 1) {
                self.at += 1;
                self.sign = next;
            }
        } else if !read && (self.t.plus || self.t.minus) && matches!(c, b'-' | b'+') {
            // `MI` and its kin say that there is a sign, not where: it may come before their place.
            self.sign = c;
        }
    }
}
