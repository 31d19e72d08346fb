//! Reading queries: the text form of `tsquery`, and what `websearch_to_tsquery` takes (`parse_tsquery`).

use tusklet_error::{Error, Result, bail, err, filled};

use super::tsquery::{self, AND, NOT, Node, OR, PHRASE, bad_distance, check_word, grow, priority};
use super::tsvector::{Scanner, is_operator};
use super::{MAX_DEPTH, is_space, too_deep, weight_of};

/// Which language a query is written in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Operators and parentheses.
    Standard,
    /// All of the text is one operand.
    Plain,
    /// That of search engines: quotes, `or`, `-`.
    Web,
}

/// Where a reader puts the query, operands before their operators.
pub struct Polish<'a> {
    nodes: Vec<Node>,
    text: &'a str,
    total: usize,
    stop: bool,
}

impl Polish<'_> {
    /// An operand.
    pub fn value(&mut self, word: &[u8], weight: u8, prefix: bool) -> Result<()> {
        check_word(word.len(), self.total, self.text)?;
        self.total += word.len() + 1;
        self.nodes.push(Node::value(word, weight, prefix));
        Ok(())
    }

    /// A stop word.
    pub fn stop(&mut self) {
        self.stop = true;
        self.nodes.push(Node { stop: true, ..Node::default() });
    }

    /// An operator over the last operands.
    pub fn operator(&mut self, op: u8, distance: i16) {
        self.nodes.push(Node::operator(op, distance, vec![]));
    }
}

/// What makes an operand of a word: word, weights, prefix.
pub type Push<'p> = dyn FnMut(&mut Polish<'_>, &[u8], u8, bool) -> Result<()> + 'p;

enum Token {
    Value(Vec<u8>, u8, bool),
    Operator(u8, i16),
    Open,
    Close,
    End,
}

struct Reader<'a> {
    scan: Scanner<'a>,
    mode: Mode,
    /// Open parentheses.
    open: usize,
    first: bool,
    operand: bool,
}

impl Reader<'_> {
    #[cold]
    fn syntax(&self) -> Error {
        err!(SYNTAX_ERROR, "syntax error in tsquery: \"{}\""; self.scan.text)
    }

    fn operator(&mut self, skip: usize, op: u8, distance: i16) -> Result<Token> {
        self.scan.at += skip;
        self.operand = true;
        self.first = false;
        Ok(Token::Operator(op, distance))
    }

    fn token(&mut self, out: &mut Polish<'_>) -> Result<Token> {
        if self.mode == Mode::Plain {
            let rest = self.scan.text.as_bytes().get(self.scan.at..).unwrap_or(&[]).to_vec();
            self.scan.at = self.scan.text.len();
            return Ok(if rest.is_empty() { Token::End } else { Token::Value(rest, 0, false) });
        }
        let web = self.mode == Mode::Web;
        loop {
            let c = self.scan.here();
            match (self.operand, c) {
                (true, b'!') if !web => return self.operator(1, NOT, 0),
                (true, b'-') if web => return self.operator(1, NOT, 0),
                (true, b'(') if !web => {
                    self.scan.at += 1;
                    self.first = false;
                    self.open += 1;
                    return Ok(Token::Open);
                }
                (true, b':') if !web => return Err(self.syntax()),
                (true, b'"') if web => {
                    let rest = self.scan.text.get(self.scan.at + 1..).unwrap_or("");
                    let quoted = rest.split('"').next().unwrap_or("");
                    self.scan.at = (self.scan.at + quoted.len() + 2).min(self.scan.text.len());
                    self.operand = false;
                    return Ok(Token::Value(quoted.as_bytes().to_vec(), 0, false));
                }
                (true, c) if web && is_operator(c) => {
                    // Nothing to a search engine.
                    self.first = false;
                    self.scan.at += 1;
                }
                (_, c) if is_space(c) => self.scan.at += 1,
                (true, _) => {
                    let mut word = vec![];
                    if self.scan.next(&mut word, &mut vec![])? {
                        let (weight, prefix) = if web { (0, false) } else { self.modifiers() };
                        self.operand = false;
                        return Ok(Token::Value(word, weight, prefix));
                    }
                    if !self.first && web {
                        out.stop();
                    } else if !self.first {
                        bail!(SYNTAX_ERROR, "no operand in tsquery: \"{}\""; self.scan.text);
                    }
                    return Ok(Token::End);
                }
                (false, 0) if web || self.open == 0 => return Ok(Token::End),
                (false, _) if web => {
                    if self.or_operator() {
                        return self.operator(2, OR, 0);
                    }
                    if !is_operator(c) {
                        return self.operator(0, AND, 0);
                    }
                    self.scan.at += 1;
                }
                (false, b'&') => return self.operator(1, AND, 0),
                (false, b'|') => return self.operator(1, OR, 0),
                (false, b')') if self.open > 0 => {
                    self.scan.at += 1;
                    self.open -= 1;
                    return Ok(Token::Close);
                }
                (false, _) => {
                    return match self.phrase()? {
                        Some((skip, distance)) => self.operator(skip, PHRASE, distance),
                        None => Err(self.syntax()),
                    };
                }
            }
        }
    }

    /// `:A*` and the like (`get_modifiers`).
    fn modifiers(&mut self) -> (u8, bool) {
        let (mut weight, mut prefix) = (0, false);
        if self.scan.here() == b':' {
            loop {
                self.scan.at += 1;
                match self.scan.here() {
                    b'*' => prefix = true,
                    c => match weight_of(c) {
                        Some(w) => weight |= 1 << w,
                        None => break,
                    },
                }
            }
        }
        (weight, prefix)
    }

    /// `<->` or `<N>`: its length and distance (`parse_phrase_operator`).
    fn phrase(&self) -> Result<Option<(usize, i16)>> {
        let rest = self.scan.text.as_bytes().get(self.scan.at..).unwrap_or(&[]);
        let digits = rest.iter().skip(1).take_while(|c| c.is_ascii_digit()).count();
        let (end, distance) = match rest {
            [b'<', b'-', ..] => (2, 1),
            [b'<', ..] if digits > 0 => {
                let n = rest[1..=digits].iter().fold(0usize, |n, c| n.saturating_mul(10).saturating_add(usize::from(c - b'0')));
                if n > 1 << 14 {
                    return Err(bad_distance());
                }
                (1 + digits, n as i16)
            }
            _ => return Ok(None),
        };
        // PostgreSQL reads on behind the operator: at the end of the text it is none.
        Ok((rest.get(end) == Some(&b'>') && rest.len() > end + 1).then_some((end + 1, distance)))
    }

    /// Whether `or` stands here as an operator (`parse_or_operator`).
    fn or_operator(&self) -> bool {
        let rest = self.scan.text.as_bytes().get(self.scan.at..).unwrap_or(&[]);
        match rest {
            [a, b, c, behind @ ..] => {
                a.eq_ignore_ascii_case(&b'o')
                    && b.eq_ignore_ascii_case(&b'r')
                    && !(matches!(c, b'-' | b'_') || c.is_ascii_alphanumeric())
                    && !is_operand_missing(*c, behind)
            }
            _ => false,
        }
    }

    /// Reads up to the end or the closing parenthesis (`makepol`).
    fn expression(&mut self, depth: usize, out: &mut Polish<'_>, push: &mut Push<'_>) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let mut waiting: Vec<(u8, i16)> = vec![];
        loop {
            match self.token(out)? {
                Token::Value(word, weight, prefix) => push(out, &word, weight, prefix)?,
                Token::Operator(op, distance) => {
                    release(&mut waiting, op, out);
                    if waiting.len() == 32 {
                        return Err(Error::internal("tsquery stack too small"));
                    }
                    waiting.push((op, distance));
                }
                Token::Open => self.expression(depth + 1, out, push)?,
                Token::Close | Token::End => {
                    release(&mut waiting, OR, out);
                    return Ok(());
                }
            }
        }
    }
}

/// Whether only space follows. The first character behind `or` does not count.
fn is_operand_missing(first: u8, behind: &[u8]) -> bool {
    // A character of several bytes is skipped whole.
    let rest = behind.iter().skip_while(|c| first >= 0x80 && (0x80..0xc0).contains(*c));
    rest.clone().all(|c| is_space(*c))
}

/// Puts out the operators that bind at least as strongly as the next one (`cleanOpStack`). NOT alone is right associative.
fn release(waiting: &mut Vec<(u8, i16)>, next: u8, out: &mut Polish<'_>) {
    while let Some(&(op, distance)) = waiting.last() {
        if priority(next) > priority(op) || next == NOT && op == NOT {
            break;
        }
        waiting.pop();
        out.operator(op, distance);
    }
}

/// A query and what is to be told about it.
pub struct Parsed {
    /// Stored bytes.
    pub query: Vec<u8>,
    /// A notice.
    pub notice: Option<String>,
}

/// Reads a query; `push` makes operands.
pub fn parse(text: &str, mode: Mode, push: &mut Push<'_>) -> Result<Parsed> {
    let scan = Scanner { text, at: 0, query: true, web: mode == Mode::Web };
    let mut reader = Reader { scan, mode, open: 0, first: true, operand: true };
    let mut out = Polish { nodes: vec![], text, total: 0, stop: false };
    reader.expression(0, &mut out, push)?;
    let Polish { mut nodes, stop, .. } = out;
    if nodes.is_empty() {
        let notice = filled!("text-search query doesn't contain lexemes: \"{}\""; text);
        return Ok(Parsed { query: tsquery::store(None), notice: Some(notice) });
    }
    nodes.reverse();
    let mut tree = Some(grow(&mut nodes.into_iter(), 0)?);
    let mut notice = None;
    if stop {
        tree = tree.and_then(|t| t.without_stop_words().0);
        if tree.is_none() {
            notice = Some("text-search query contains only stop words or doesn't contain lexemes, ignored".to_string());
        }
    }
    Ok(Parsed { query: tsquery::store(tree.as_ref()), notice })
}

/// Reads the text form of `tsquery` (`tsqueryin`).
pub fn input(text: &str) -> Result<Parsed> {
    parse(text, Mode::Standard, &mut |out, word, weight, prefix| out.value(word, weight, prefix))
}
