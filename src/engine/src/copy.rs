//! COPY: rows as text, CSV or binary, in and out.
//!
//! Data come in pieces of any size; a row is taken when its end is there. Each row runs the same INSERT a user would have
//! written, so defaults, constraints, generated columns and triggers are those of INSERT.

use std::rc::Rc;

use tusklet_adt::encoding::{self, Client};
use tusklet_catalog::live::Relation;
use tusklet_error::{Error, Result, SqlState, err, filled, match_word};
use tusklet_exec::{Evaluator, ExecCx, Executor, Program, Step};
use tusklet_ir::{ResultColumn, TypeRef, Value};
use tusklet_storage::Snapshot;
use tusklet_syntax::ast::{CopySource, CopyStmt, CopyTarget, DefArg, DefElem};
use tusklet_vector::{Batch, CallContext, Datum};

use crate::commands::define::once;
use crate::missing;
use crate::output::{Output, Tag, write_text};
use crate::portal::{Portal, PortalState, PortalStep};
use crate::query::{analyze_query, compile};
use crate::session::{Session, Shared};
use crate::utility::Started;

/// How the data look.
#[derive(Clone, Debug)]
pub struct Format {
    kind: Kind,
    delimiter: u8,
    null: String,
    header: Header,
    quote: u8,
    escape: u8,
    force_quote: Option<Vec<String>>,
    force_not_null: Vec<String>,
    force_null: Vec<String>,
    /// ENCODING; the client's when it is not said.
    encoding: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Csv,
    Binary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    No,
    Yes,
    Match,
}

/// COPY FROM STDIN under way.
pub struct CopyIn {
    format: Format,
    table: String,
    names: Vec<String>,
    types: Vec<TypeRef>,
    program: Rc<Program>,
    /// WHERE, over the table's columns.
    filter: Option<Filter>,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    /// The text of the row being written; none in binary.
    row_text: Vec<u8>,
    ended: bool,
    failed: Option<Error>,
    snapshot: Option<Snapshot>,
    count: u64,
    started: bool,
    header_done: bool,
    /// `\.` was seen: what follows is ignored.
    stopped: bool,
    client: Option<Rc<Client>>,
    /// What is wrong with the bytes that follow those in the buffer.
    broken: Option<Error>,
}

/// The WHERE of COPY FROM.
///
/// The condition may speak of columns that are not copied, so their defaults are computed before it is asked; the row that
/// passes is then written with all its columns given.
struct Filter {
    condition: Evaluator,
    /// How many columns the table has, dropped ones included.
    width: usize,
    /// The copied columns' places among them, then those filled in.
    places: Vec<usize>,
    /// What is filled in, in the order of the places that follow the copied ones.
    defaults: Vec<Evaluator>,
}

impl Filter {
    /// The values to write for those copied; `None` when the condition does not hold.
    fn pass(&self, cx: &mut ExecCx<'_>, mut values: Vec<Value>) -> Result<Option<Vec<Value>>> {
        for d in &self.defaults {
            values.push(d.eval(cx, &[])?);
        }
        let mut row = vec![Value::Null; self.width];
        for (place, v) in self.places.iter().zip(&values) {
            row[*place] = v.clone();
        }
        Ok((self.condition.eval(cx, &row)? == Value::Bool(true)).then_some(values))
    }
}

/// COPY TO STDOUT under way.
pub struct CopyOut {
    format: Format,
    columns: Vec<ResultColumn>,
    run: Executor,
    snapshot: Snapshot,
    started: bool,
    count: u64,
    quote_column: Vec<bool>,
    client: Option<Rc<Client>>,
    /// What is sent with the next row.
    ahead: &'static [u8],
}

const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

impl CopyOut {
    /// Gives a row out.
    fn give(&self, row: &mut Vec<u8>, out: &mut dyn Output) -> Result<()> {
        if let (Some(client), false) = (&self.client, self.format.kind == Kind::Binary) {
            crate::protocol::converted(client, row, 0)?;
        }
        out.copy_data(row);
        Ok(())
    }
}

fn word(d: &DefElem) -> Result<String> {
    match &d.arg {
        Some(DefArg::String(s)) => Ok(s.clone()),
        Some(DefArg::TypeName(t)) => Ok(t.names.join(".")),
        Some(DefArg::Boolean(b)) => Ok(if *b { "true" } else { "false" }.into()),
        Some(DefArg::Integer(n)) => Ok(n.to_string()),
        Some(DefArg::Float(s)) => Ok(s.clone()),
        _ => Err(err!(SYNTAX_ERROR, "{} requires a parameter"; d.name).at(d.span)),
    }
}

fn boolean(d: &DefElem) -> Result<bool> {
    if d.arg.is_none() {
        return Ok(true);
    }
    crate::settings::parse_bool(&word(d)?)
        .ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a Boolean value"; d.name).at(d.span))
}

fn names(d: &DefElem) -> Result<Option<Vec<String>>> {
    match &d.arg {
        Some(DefArg::Star) => Ok(None),
        Some(DefArg::Strings(v)) => Ok(Some(v.clone())),
        _ => Err(err!(INVALID_PARAMETER_VALUE, "argument to option \"{}\" must be a list of column names"; d.name)
        .at(d.span)),
    }
}

impl Format {
    fn new(options: &[DefElem], is_from: bool) -> Result<Format> {
        let mut kind = Kind::Text;
        let (mut delimiter, mut null, mut quote, mut escape) = (None, None, None, None);
        let mut header = Header::No;
        let mut force_quote = None;
        let (mut force_not_null, mut force_null) = (vec![], vec![]);
        let mut encoding = None;
        for d in options {
            once(options, d)?;
            match_word!(d.name.as_str();
                "format" => {
                    kind = match word(d)?.as_str() {
                        "text" => Kind::Text,
                        "csv" => Kind::Csv,
                        "binary" => Kind::Binary,
                        f => return Err(err!(
                            INVALID_PARAMETER_VALUE, "COPY format \"{}\" not recognized"; f
                        ).at(d.span)),
                    }
                },
                "delimiter" => delimiter = Some(word(d)?),
                "null" => null = Some(word(d)?),
                "quote" => quote = Some(word(d)?),
                "escape" => escape = Some(word(d)?),
                "freeze" => {
                    boolean(d)?;
                },
                "header" => {
                    let m = d.arg.is_some() && word(d)?.eq_ignore_ascii_case("match");
                    header = if m && is_from {
                        Header::Match
                    } else if m {
                        return Err(err!(FEATURE_NOT_SUPPORTED, "cannot use \"match\" with HEADER in COPY TO"));
                    } else if boolean(d)? {
                        Header::Yes
                    } else {
                        Header::No
                    };
                },
                "force_quote" => force_quote = Some(names(d)?),
                "force_not_null" => force_not_null = names(d)?.unwrap_or_default(),
                "force_null" => force_null = names(d)?.unwrap_or_default(),
                "encoding" => {
                    encoding = Some(encoding::by_name(&word(d)?).ok_or_else(|| {
                        err!(INVALID_PARAMETER_VALUE, "argument to option \"{}\" must be a valid encoding name"; d.name).at(d.span)
                    })?);
                };
                n => return Err(err!(SYNTAX_ERROR, "option \"{}\" not recognized"; n).at(d.span)),
            )
        }
        let csv = kind == Kind::Csv;
        if kind == Kind::Binary {
            if delimiter.is_some() {
                return Err(err!(SYNTAX_ERROR, "cannot specify DELIMITER in BINARY mode"));
            }
            if null.is_some() {
                return Err(err!(SYNTAX_ERROR, "cannot specify NULL in BINARY mode"));
            }
        }
        let delimiter = delimiter.unwrap_or_else(|| if csv { "," } else { "\t" }.into());
        let null = null.unwrap_or_else(|| if csv { "" } else { "\\N" }.into());
        let one = |s: &str, what: &str| -> Result<u8> {
            match s.as_bytes() {
                [b] => Ok(*b),
                _ => Err(err!(FEATURE_NOT_SUPPORTED, "COPY {} must be a single one-byte character"; what)),
            }
        };
        let d = one(&delimiter, "delimiter")?;
        if matches!(d, b'\r' | b'\n') {
            return Err(err!(INVALID_PARAMETER_VALUE, "COPY delimiter cannot be newline or carriage return"));
        }
        if null.contains(['\r', '\n']) {
            return Err(err!(INVALID_PARAMETER_VALUE, "COPY null representation cannot use newline or carriage return"));
        }
        if !csv && b"\\.abcdefghijklmnopqrstuvwxyz0123456789".contains(&d) {
            return Err(err!(INVALID_PARAMETER_VALUE, "COPY delimiter cannot be \"{}\""; delimiter));
        }
        if !csv && quote.is_some() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY quote available only in CSV mode"));
        }
        if !csv && escape.is_some() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY escape available only in CSV mode"));
        }
        let q = one(quote.as_deref().unwrap_or("\""), "quote")?;
        if csv && q == d {
            return Err(err!(INVALID_PARAMETER_VALUE, "COPY delimiter and quote must be different"));
        }
        let e = match escape {
            Some(s) => one(&s, "escape")?,
            None => q,
        };
        if !csv && force_quote.is_some() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY force quote available only in CSV mode"));
        }
        if is_from && force_quote.is_some() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY force quote only available using COPY TO"));
        }
        if !csv && !force_not_null.is_empty() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY force not null available only in CSV mode"));
        }
        if !csv && !force_null.is_empty() {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY force null available only in CSV mode"));
        }
        if null.as_bytes().contains(&d) {
            return Err(err!(FEATURE_NOT_SUPPORTED, "COPY delimiter must not appear in the NULL specification"));
        }
        Ok(Format {
            kind,
            delimiter: d,
            null,
            header,
            quote: q,
            escape: e,
            force_quote: force_quote.map(|f| f.unwrap_or_else(|| vec!["*".into()])),
            force_not_null,
            force_null,
            encoding,
        })
    }

    /// What the data are in, when they are converted.
    fn client(&self, shared: &Shared) -> Option<Rc<Client>> {
        match self.encoding {
            None => shared.client.borrow().clone(),
            Some(n) => Client::new(n).map(Rc::new),
        }
    }
}

/// Starts a COPY.
pub fn start(session: &mut Session, portal: &mut Portal, c: &CopyStmt) -> Result<Started> {
    let shared = session.shared.clone();
    match (&c.target, c.is_from) {
        (CopyTarget::Std, _) => {}
        (CopyTarget::File(f), true) => {
            return Err(err!(UNDEFINED_FILE, "could not open file \"{}\" for reading: No such file or directory"; f)
                .hint("COPY FROM instructs the PostgreSQL server process to read a file. You may want a client-side facility such as psql's \\copy."));
        }
        (CopyTarget::File(f), false) => {
            return Err(err!(INSUFFICIENT_PRIVILEGE, "could not open file \"{}\" for writing: Permission denied"; f)
                .hint("COPY TO instructs the PostgreSQL server process to write a file. You may want a client-side facility such as psql's \\copy."));
        }
        (CopyTarget::Program(_), _) => return Err(Error::unsupported("COPY with a program")),
    }
    let format = Format::new(&c.options, c.is_from)?;
    if c.is_from {
        let CopySource::Table { relation, attlist } = &c.source else {
            return Err(Error::internal("COPY query FROM"));
        };
        let rel = crate::commands::relation_for(&shared, relation)?;
        if !shared.is_temporary(rel.oid) {
            shared.prevent_in_read_only("COPY FROM")?;
        }
        let attnos = copy_columns(&rel, attlist)?;
        let filter = c.where_clause.as_ref().map(|w| filter(&shared, &rel, &attnos, w)).transpose()?;
        let given: Vec<i16> = match &filter {
            Some(f) => f.places.iter().map(|p| *p as i16 + 1).collect(),
            None => attnos.clone(),
        };
        let quoted = |n: &str| filled!("\"{}\""; n.replace('"', "\"\""));
        let list: Vec<String> = given.iter().map(|a| quoted(&rel.columns[*a as usize - 1].name)).collect();
        let marks: Vec<String> = (1..=list.len()).map(|i| format!("${i}")).collect();
        let schema = shared.catalog.borrow().schema_name(rel.schema).unwrap_or_default();
        let sql = if list.is_empty() {
            filled!("INSERT INTO {}.{} DEFAULT VALUES"; quoted(&schema), quoted(&rel.name))
        } else {
            format!(
                "INSERT INTO {}.{} ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
                quoted(&schema),
                quoted(&rel.name),
                list.join(", "),
                marks.join(", ")
            )
        };
        let types: Vec<TypeRef> = attnos.iter().map(|a| rel.columns[*a as usize - 1].ty).collect();
        let stmt = tusklet_syntax::parse_one(&sql)?.stmt;
        let fixed = given.iter().map(|a| rel.columns[*a as usize - 1].ty.oid).collect();
        let mut params = tusklet_analyze::ParamTypes::fixed(fixed);
        let query = analyze_query(&shared, &stmt, &mut params)?;
        let program = compile(&shared, query)?;
        let names = attnos.iter().map(|a| rel.columns[*a as usize - 1].name.clone()).collect();
        portal.state = PortalState::CopyIn(Box::new(CopyIn {
            header_done: format.header == Header::No,
            client: format.client(&shared).filter(|_| format.kind != Kind::Binary),
            broken: None,
            format,
            table: rel.name.clone(),
            names,
            types,
            program,
            filter,
            buffer: vec![],
            at: 0,
            line: 0,
            row_text: vec![],
            ended: false,
            failed: None,
            snapshot: None,
            count: 0,
            started: false,
            stopped: false,
        }));
        return Ok(Started::Running);
    }
    let query = match &c.source {
        CopySource::Query(stmt) => analyze_query(&shared, stmt, &mut tusklet_analyze::ParamTypes::none())?,
        CopySource::Table { relation, attlist } => {
            let rel = crate::commands::relation_for(&shared, relation)?;
            use tusklet_catalog::live::RelKind;
            match rel.kind {
                RelKind::Table => {}
                RelKind::View => {
                    return Err(err!(WRONG_OBJECT_TYPE, "cannot copy from view \"{}\""; rel.name)
                        .hint("Try the COPY (SELECT ...) TO variant."));
                }
                RelKind::MatView => {
                    return Err(err!(WRONG_OBJECT_TYPE, "cannot copy from materialized view \"{}\""; rel.name)
                        .hint("Try the COPY (SELECT ...) TO variant."));
                }
                RelKind::Sequence => {
                    return Err(err!(WRONG_OBJECT_TYPE, "cannot copy from sequence \"{}\""; rel.name));
                }
                _ => return Err(err!(WRONG_OBJECT_TYPE, "cannot copy from non-table relation \"{}\""; rel.name)),
            }
            let attnos = copy_columns(&rel, attlist)?;
            let quoted = |n: &str| filled!("\"{}\""; n.replace('"', "\"\""));
            let list: Vec<String> = attnos.iter().map(|a| quoted(&rel.columns[*a as usize - 1].name)).collect();
            let schema = shared.catalog.borrow().schema_name(rel.schema).unwrap_or_default();
            let sql = filled!("SELECT {} FROM ONLY {}.{}"; list.join(", "), quoted(&schema), quoted(&rel.name));
            let stmt = tusklet_syntax::parse_one(&sql)?.stmt;
            analyze_query(&shared, &stmt, &mut tusklet_analyze::ParamTypes::none())?
        }
    };
    let program = compile(&shared, query)?;
    let columns = program.stmt.columns.clone();
    let quote_column = columns
        .iter()
        .map(|c| format.force_quote.as_ref().is_some_and(|f| f.iter().any(|n| n == "*" || *n == c.name)))
        .collect();
    let snapshot = shared.snapshot()?;
    let run = Executor::new(program, Rc::from([]));
    portal.state = PortalState::CopyOut(Box::new(CopyOut {
        client: format.client(&shared),
        format,
        columns,
        run,
        snapshot,
        started: false,
        count: 0,
        quote_column,
        ahead: &[],
    }));
    Ok(Started::Running)
}

/// What WHERE needs (`DoCopy`, `BeginCopyFrom`).
fn filter(
    shared: &Shared,
    rel: &Relation,
    copied: &[i16],
    clause: &tusklet_syntax::ast::Expr,
) -> Result<Filter> {
    use crate::commands::expressions;
    let condition = expressions::copy_condition(shared, rel, clause)?;
    let mut places: Vec<usize> = copied.iter().map(|a| *a as usize - 1).collect();
    let mut defaults = Vec::new();
    for (i, c) in rel.columns.iter().enumerate() {
        if c.dropped || c.generated || places.contains(&i) {
            continue;
        }
        let Some(e) = expressions::insert_default(shared, rel, i as i16 + 1)? else { continue };
        places.push(i);
        defaults.push(expressions::with_cx(shared, |cx| Evaluator::new(cx, &e))?);
    }
    let condition = expressions::over_row(&condition, rel.columns.len());
    let condition = expressions::with_cx(shared, |cx| Evaluator::new(cx, &condition))?;
    Ok(Filter { condition, width: rel.columns.len(), places, defaults })
}

/// The attributes of a column list; all but generated ones when there is none.
fn copy_columns(rel: &Relation, list: &[String]) -> Result<Vec<i16>> {
    if list.is_empty() {
        return Ok((1..=rel.columns.len() as i16)
            .filter(|a| rel.column(*a).is_some_and(|c| !c.generated))
            .collect());
    }
    let mut all = Vec::new();
    for n in list {
        let Some(a) = rel.attno(n) else {
            return Err(missing::column(&rel.name, &n));
        };
        if rel.columns[a as usize - 1].generated {
            return Err(err!(INVALID_COLUMN_REFERENCE, "column \"{}\" is a generated column"; n)
                .detail("Generated columns cannot be used in COPY."));
        }
        if all.contains(&a) {
            return Err(err!(DUPLICATE_COLUMN, "column \"{}\" specified more than once"; n));
        }
        all.push(a);
    }
    Ok(all)
}

impl CopyIn {
    /// More data.
    pub fn feed(&mut self, data: &[u8]) {
        if self.at > 1 << 16 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let Some(client) = &self.client else { return self.buffer.extend_from_slice(data) };
        if self.broken.is_none() {
            let mut text = String::new();
            self.broken = client.decode_prefix(data, &mut text).1;
            self.buffer.extend_from_slice(text.as_bytes());
        }
    }

    /// No more data, or the client's reason to stop.
    pub fn finish(&mut self, failed: Option<Error>) {
        self.ended = true;
        self.failed = failed;
    }

    /// The next raw row: `None` when more data are needed or there is none.
    fn next_line(&mut self) -> Result<Option<(usize, usize)>> {
        let start = self.at;
        let b = &self.buffer[start..];
        if b.is_empty() {
            return Ok(None);
        }
        let corrupt = || Err(err!(BAD_COPY_FILE_FORMAT, "end-of-copy marker corrupt"));
        let mut i = 0;
        let mut quoted = false;
        let csv = self.format.kind == Kind::Csv;
        while i < b.len() {
            let c = b[i];
            if csv {
                if c == self.format.quote {
                    quoted = !quoted;
                } else if quoted && c == self.format.escape && self.format.escape != self.format.quote {
                    i += 1;
                }
            } else if c == b'\\' {
                if b.get(i + 1) == Some(&b'.') {
                    // The end, wherever in the line it is: what stands before it is a row.
                    match b.get(i + 2) {
                        Some(b'\n' | b'\r') => {}
                        None if !self.ended => return Ok(None),
                        _ => return corrupt(),
                    }
                    self.stopped = true;
                    return Ok((i > 0).then_some((start, start + i)));
                }
                // An escaped newline belongs to the value.
                i += 2;
                continue;
            }
            if !quoted && (c == b'\n' || c == b'\r') {
                let mut end = i + 1;
                if c == b'\r' {
                    if i + 1 >= b.len() && !self.ended {
                        return Ok(None);
                    }
                    if b.get(i + 1) == Some(&b'\n') {
                        end += 1;
                    }
                }
                self.at = start + end;
                return Ok(Some((start, start + i)));
            }
            i += 1;
        }
        if self.ended {
            self.at = self.buffer.len();
            return Ok(Some((start, self.buffer.len())));
        }
        Ok(None)
    }

    fn context(&self, e: Error, column: Option<(&str, &str)>) -> Error {
        match column {
            Some((name, text)) if text.len() > 100 => {
                let cut: String = text.chars().take(100).collect();
                e.context(format!("COPY {}, line {}, column {name}: \"{cut}...\"", self.table, self.line))
            }
            Some((name, text)) => e.context(format!("COPY {}, line {}, column {name}: \"{text}\"", self.table, self.line)),
            None => e.context(format!("COPY {}, line {}", self.table, self.line)),
        }
    }

    /// The fields of a text row; `None` for NULL.
    fn fields(&self, line: &[u8]) -> Result<Vec<Option<String>>> {
        let mut all = Vec::with_capacity(self.types.len());
        let utf8 = |b: Vec<u8>| -> Result<String> {
            String::from_utf8(b)
                .map_err(|e| encoding::check_utf8(e.as_bytes()).err().unwrap_or_else(|| Error::internal("text that is none")))
        };
        let f = &self.format;
        if f.kind == Kind::Csv {
            let mut i = 0;
            loop {
                let mut field = Vec::new();
                let mut was_quoted = false;
                while i < line.len() && line[i] != f.delimiter {
                    if line[i] == f.quote {
                        was_quoted = true;
                        i += 1;
                        loop {
                            match line.get(i) {
                                None => return Err(err!(BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field")),
                                Some(c) if *c == f.escape && line.get(i + 1).is_some_and(|n| *n == f.quote || *n == f.escape) => {
                                    field.push(line[i + 1]);
                                    i += 2;
                                }
                                Some(c) if *c == f.quote => {
                                    i += 1;
                                    break;
                                }
                                Some(c) => {
                                    field.push(*c);
                                    i += 1;
                                }
                            }
                        }
                    } else {
                        field.push(line[i]);
                        i += 1;
                    }
                }
                let text = utf8(field)?;
                let name = self.names.get(all.len()).cloned().unwrap_or_default();
                let null = if was_quoted {
                    f.force_null.contains(&name) && text == f.null
                } else {
                    text == f.null && !f.force_not_null.contains(&name)
                };
                all.push((!null).then_some(text));
                if i >= line.len() {
                    return Ok(all);
                }
                i += 1;
            }
        }
        for raw in split_unescaped(line, f.delimiter) {
            if raw == f.null.as_bytes() {
                all.push(None);
                continue;
            }
            if !raw.contains(&b'\\') {
                all.push(Some(utf8(raw.to_vec())?));
                continue;
            }
            let mut out = Vec::with_capacity(raw.len());
            let mut i = 0;
            while i < raw.len() {
                if raw[i] != b'\\' || i + 1 >= raw.len() {
                    out.push(raw[i]);
                    i += 1;
                    continue;
                }
                i += 1;
                let c = raw[i];
                i += 1;
                match c {
                    b'b' => out.push(8),
                    b'f' => out.push(12),
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'v' => out.push(11),
                    b'0'..=b'7' => {
                        let mut v = (c - b'0') as u32;
                        for _ in 0..2 {
                            match raw.get(i) {
                                Some(d @ b'0'..=b'7') => {
                                    v = v * 8 + (*d - b'0') as u32;
                                    i += 1;
                                }
                                _ => break,
                            }
                        }
                        out.push(v as u8);
                    }
                    b'x' if raw.get(i).is_some_and(u8::is_ascii_hexdigit) => {
                        let mut v = 0;
                        for _ in 0..2 {
                            match raw.get(i).and_then(|d| (*d as char).to_digit(16)) {
                                Some(d) => {
                                    v = v * 16 + d;
                                    i += 1;
                                }
                                None => break,
                            }
                        }
                        out.push(v as u8);
                    }
                    c => out.push(c),
                }
            }
            all.push(Some(utf8(out)?));
        }
        Ok(all)
    }

    /// The next row's values, `None` when there is none (yet).
    fn next_row(&mut self, cx: &mut ExecCx<'_>) -> Result<Option<Vec<Value>>> {
        if self.format.kind == Kind::Binary {
            return self.next_binary(cx);
        }
        loop {
            if self.stopped {
                self.at = self.buffer.len();
                return Ok(None);
            }
            let line = match self.next_line() {
                Ok(line) => line,
                Err(e) => {
                    self.line += 1;
                    return Err(self.context(e, None));
                }
            };
            let Some((a, b)) = line else {
                if self.stopped {
                    continue;
                }
                return match self.broken.take() {
                    Some(e) => {
                        self.line += 1;
                        Err(self.context(e, None))
                    }
                    None => Ok(None),
                };
            };
            self.line += 1;
            let line = self.buffer[a..b].to_vec();
            if line == b"\\." {
                self.stopped = true;
                continue;
            }
            if a == b && self.ended && self.at >= self.buffer.len() && self.buffer.last().is_none_or(|c| *c != b'\n') {
                return Ok(None);
            }
            if line.contains(&0) {
                encoding::check_utf8(&line).map_err(|e| self.context(e, None))?;
            }
            let fields = self.fields(&line).map_err(|e| {
                if let Err(e) = encoding::check_utf8(&line) {
                    return self.context(e, None);
                }
                let text = String::from_utf8_lossy(&line).into_owned();
                e.context(format!("COPY {}, line {}: \"{text}\"", self.table, self.line))
            })?;
            if !self.header_done {
                self.header_done = true;
                if self.format.header == Header::Match {
                    for (i, n) in self.names.iter().enumerate() {
                        let got = fields.get(i).cloned().flatten().unwrap_or_default();
                        if got != *n {
                            return Err(err!(
                                BAD_COPY_FILE_FORMAT,
                                "column name mismatch in header line field {}: got \"{got}\", expected \"{n}\"",
                                i + 1
                            ));
                        }
                    }
                }
                continue;
            }
            let whole = || String::from_utf8_lossy(&line).into_owned();
            if self.types.is_empty() && line.is_empty() {
                return Ok(Some(vec![]));
            }
            if fields.len() > self.types.len() {
                return Err(err!(BAD_COPY_FILE_FORMAT, "extra data after last expected column")
                    .context(format!("COPY {}, line {}: \"{}\"", self.table, self.line, whole())));
            }
            let mut values = Vec::with_capacity(fields.len());
            for (i, f) in fields.iter().enumerate() {
                values.push(match f {
                    None => cx.input_null(self.types[i]).map_err(|e| {
                        e.context(format!(
                            "COPY {}, line {}, column {}: null input",
                            self.table, self.line, self.names[i]
                        ))
                    })?,
                    Some(t) => cx.input(self.types[i], t).map_err(|e| self.context(e, Some((&self.names[i], t))))?,
                });
            }
            if fields.len() < self.types.len() {
                let missing = &self.names[fields.len()];
                return Err(err!(BAD_COPY_FILE_FORMAT, "missing data for column \"{missing}\"").context(format!(
                    "COPY {}, line {}: \"{}\"",
                    self.table,
                    self.line,
                    whole()
                )));
            }
            self.row_text = line;
            return Ok(Some(values));
        }
    }

    /// The context of an error met while the row just read is looked at (`CopyFromErrorCallback`). PostgreSQL writes rows
    /// many at a time and then knows the line's number alone, so what an index refuses shows no text.
    fn row_context(&self, e: Error) -> Error {
        if self.row_text.is_empty() || e.code() == SqlState::UNIQUE_VIOLATION {
            return self.context(e, None);
        }
        let text = String::from_utf8_lossy(&self.row_text);
        let shown = match text.char_indices().nth(100) {
            Some((at, _)) => filled!("{}..."; &text[..at]),
            None => text.into_owned(),
        };
        e.context(format!("COPY {}, line {}: \"{shown}\"", self.table, self.line))
    }

    fn next_binary(&mut self, cx: &mut ExecCx<'_>) -> Result<Option<Vec<Value>>> {
        const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
        let rest = |s: &CopyIn| s.buffer.len() - s.at;
        let bad = |what: &str| err!(BAD_COPY_FILE_FORMAT, "{}"; what);
        if !self.header_done || self.line == 0 {
            if rest(self) < 19 {
                return if self.ended { Err(bad("COPY file signature not recognized")) } else { Ok(None) };
            }
            let h = &self.buffer[self.at..self.at + 19];
            if &h[..11] != SIGNATURE {
                return Err(bad("COPY file signature not recognized"));
            }
            let extension = u32::from_be_bytes([h[15], h[16], h[17], h[18]]) as usize;
            if rest(self) < 19 + extension {
                return if self.ended { Err(bad("invalid COPY file header (wrong length)")) } else { Ok(None) };
            }
            self.at += 19 + extension;
            self.header_done = true;
            self.line = 1;
        }
        if self.stopped || rest(self) < 2 {
            return if self.ended && !self.stopped && rest(self) == 1 { Err(bad("unexpected EOF in COPY data")) } else { Ok(None) };
        }
        let b = &self.buffer[self.at..];
        let n = i16::from_be_bytes([b[0], b[1]]);
        if n == -1 {
            self.stopped = true;
            self.at = self.buffer.len();
            return Ok(None);
        }
        if n as usize != self.types.len() {
            return Err(self.context(
                err!(BAD_COPY_FILE_FORMAT, "row field count is {n}, expected {}", self.types.len()),
                None,
            ));
        }
        let mut at = 2;
        let mut parts = Vec::new();
        let mut wrong = None;
        for _ in 0..n {
            let len = b.get(at..at + 4).map(|l| i32::from_be_bytes([l[0], l[1], l[2], l[3]]));
            at += 4;
            let size = len.unwrap_or(0).max(0) as usize;
            match (len, b.get(at..at + size)) {
                (Some(-1), _) => parts.push(None),
                (Some(0..), Some(data)) => parts.push(Some(data.to_vec())),
                (Some(..-1), _) => wrong = Some(bad("invalid field size")),
                _ if self.ended => wrong = Some(bad("unexpected EOF in COPY data")),
                _ => return Ok(None),
            }
            if wrong.is_some() {
                break;
            }
            at += size;
        }
        self.at += at;
        let mut values = Vec::new();
        for ((p, ty), name) in parts.iter().zip(&self.types).zip(&self.names) {
            values.push(match p {
                None => Value::Null,
                Some(d) => {
                    let of = |e: Error| e.context(format!("COPY {}, line {}, column {name}", self.table, self.line));
                    cx.recv(*ty, d).map_err(of)?
                }
            });
        }
        if let Some(e) = wrong {
            // What came before it was in order.
            return Err(match self.names.get(values.len()) {
                Some(name) => e.context(format!("COPY {}, line {}, column {name}", self.table, self.line)),
                None => e,
            });
        }
        self.line += 1;
        Ok(Some(values))
    }
}

/// Cuts at delimiters that no backslash precedes.
fn split_unescaped(line: &[u8], delimiter: u8) -> Vec<&[u8]> {
    let mut all = Vec::new();
    let (mut start, mut i) = (0, 0);
    while i < line.len() {
        if line[i] == b'\\' {
            i += 2;
            continue;
        }
        if line[i] == delimiter {
            all.push(&line[start..i]);
            start = i + 1;
        }
        i += 1;
    }
    all.push(&line[start.min(line.len())..]);
    all
}

/// Goes on with COPY FROM.
pub fn run_in(session: &mut Session, portal: &mut Portal, out: &mut dyn Output) -> Result<PortalStep> {
    let shared: Rc<Shared> = session.shared.clone();
    let PortalState::CopyIn(c) = &mut portal.state else { return Err(Error::internal("not copying")) };
    if !c.started {
        c.started = true;
        out.copy_in(c.types.len(), c.format.kind == Kind::Binary);
        return Ok(PortalStep::CopyIn);
    }
    if let Some(e) = c.failed.take() {
        // It was reading the next line.
        c.line += 1;
        return Err(c.context(e, None));
    }
    if c.snapshot.is_none() {
        c.snapshot = Some(shared.snapshot()?);
    }
    let Some(snapshot) = c.snapshot.clone() else { return Err(Error::internal("no snapshot")) };
    let mut cx = shared.exec_cx(snapshot)?;
    let mut n = 0;
    while let Some(mut values) = c.next_row(&mut cx)? {
        if let Some(f) = &c.filter {
            match f.pass(&mut cx, values) {
                Ok(Some(all)) => values = all,
                Ok(None) => {
                    n += 1;
                    if n >= 1000 {
                        tusklet_exec::Host::check_interrupts(&*shared)?;
                        return Ok(PortalStep::Yield);
                    }
                    continue;
                }
                Err(e) => return Err(c.row_context(e)),
            }
        }
        let mut run = Executor::new(c.program.clone(), values.into());
        loop {
            match run.step(&mut cx, 1) {
                Ok(Step::Done) => break,
                Ok(Step::Batch(_) | Step::Yield) => {}
                Ok(Step::Blocked(_) | Step::Restart(_)) => {
                    return Err(err!(LOCK_NOT_AVAILABLE, "could not obtain lock on row while copying"));
                }
                Err(e) => return Err(c.row_context(e)),
            }
        }
        c.count += run.processed();
        n += 1;
        if n >= 1000 {
            use tusklet_exec::Host;
            shared.check_interrupts()?;
            return Ok(PortalStep::Yield);
        }
    }
    if !c.ended {
        return Ok(PortalStep::CopyIn);
    }
    let tag = Tag::counted("COPY", c.count);
    shared.tx()?.next_command();
    portal.state = PortalState::Checks(tag);
    Ok(PortalStep::Yield)
}

/// Goes on with COPY TO.
pub fn run_out(session: &mut Session, portal: &mut Portal, out: &mut dyn Output) -> Result<PortalStep> {
    let shared = session.shared.clone();
    let PortalState::CopyOut(c) = &mut portal.state else { return Err(Error::internal("not copying")) };
    let binary = c.format.kind == Kind::Binary;
    let mut line = Vec::new();
    if !c.started {
        c.started = true;
        out.copy_out(c.columns.len(), binary);
        if binary {
            // It goes with the first row.
            c.ahead = BINARY_HEADER;
        } else if c.format.header != Header::No {
            for (i, col) in c.columns.iter().enumerate() {
                if i > 0 {
                    line.push(c.format.delimiter);
                }
                write_field(&c.format, col.name.as_bytes(), false, &mut line);
            }
            line.push(b'\n');
            c.give(&mut line, out)?;
        }
    }
    let mut cx = shared.exec_cx(c.snapshot.clone())?;
    let mut scratch = String::new();
    let mut text = Vec::new();
    loop {
        if out.is_full() {
            return Ok(PortalStep::Full);
        }
        let step = c.run.step(&mut cx, 2048);
        if !shared.notices.borrow().is_empty() {
            session.flush_notices(out, &portal.prepared.sql);
        }
        let batch: Batch = match step? {
            Step::Batch(b) => b,
            Step::Yield => return Ok(PortalStep::Yield),
            Step::Blocked(w) | Step::Restart(w) => return Ok(PortalStep::Blocked(w)),
            Step::Done => break,
        };
        for i in batch.sel.iter() {
            line.clear();
            if binary {
                line.extend_from_slice(std::mem::take(&mut c.ahead));
                line.extend_from_slice(&(c.columns.len() as i16).to_be_bytes());
            }
            for (k, col) in c.columns.iter().enumerate() {
                let d = batch.columns[k].get(i);
                if binary {
                    if d.is_null() {
                        line.extend_from_slice(&(-1i32).to_be_bytes());
                    } else {
                        text.clear();
                        cx.send(col.ty.oid, d, &mut text)?;
                        line.extend_from_slice(&(text.len() as i32).to_be_bytes());
                        line.extend_from_slice(&text);
                    }
                    continue;
                }
                if k > 0 {
                    line.push(c.format.delimiter);
                }
                if matches!(d, Datum::Null) {
                    line.extend_from_slice(c.format.null.as_bytes());
                    continue;
                }
                text.clear();
                write_text(&mut cx, col.ty.oid, d, &mut text, &mut scratch)?;
                let alone = c.columns.len() == 1 && text == b"\\.";
                write_field(&c.format, &text, c.quote_column[k] || alone && c.format.kind == Kind::Csv, &mut line);
            }
            if !binary {
                line.push(b'\n');
            }
            c.give(&mut line, out)?;
            c.count += 1;
        }
    }
    if binary {
        out.copy_data(&[std::mem::take(&mut c.ahead), &(-1i16).to_be_bytes()[..]].concat());
    }
    out.copy_done();
    let tag = Tag::counted("COPY", c.count);
    portal.state = PortalState::Done;
    Ok(PortalStep::Finished(tag))
}

fn write_field(f: &Format, text: &[u8], quote: bool, line: &mut Vec<u8>) {
    if f.kind == Kind::Csv {
        let special = |b: &u8| *b == f.delimiter || *b == f.quote || *b == b'\n' || *b == b'\r';
        if quote || text == f.null.as_bytes() || text.iter().any(special) {
            line.push(f.quote);
            for b in text {
                if *b == f.quote || *b == f.escape {
                    line.push(f.escape);
                }
                line.push(*b);
            }
            line.push(f.quote);
        } else {
            line.extend_from_slice(text);
        }
        return;
    }
    for b in text {
        match b {
            b'\\' => line.extend_from_slice(b"\\\\"),
            8 => line.extend_from_slice(b"\\b"),
            12 => line.extend_from_slice(b"\\f"),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            11 => line.extend_from_slice(b"\\v"),
            b if *b == f.delimiter => line.extend_from_slice(&[b'\\', *b]),
            b => line.push(*b),
        }
    }
}

