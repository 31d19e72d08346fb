//! Every statement of `data/resolution.tsv` resolves as PostgreSQL 15 resolved it: the types of parameters and columns, or
//! the error with its SQLSTATE, position, message, detail and hint. `data/make.py` made the table from a server.

use std::collections::BTreeMap;
use std::rc::Rc;

use tusklet_analyze::{AnalyzeContext, ParamTypes, analyze, describe, rewrite};
use tusklet_catalog::builtin::oids;
use tusklet_catalog::live::*;
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::{Error, Notice, Result, Span, err};
use tusklet_ir::{Expr, ExprKind, FuncCall, Oid, Query, TypeRef, Value, Volatility};
use tusklet_syntax::parse_one;

/// A session that knows the tables of `data/schema.sql` and reads every literal as its text.
struct Fake {
    catalog: Catalog,
    path: Rc<SearchPath>,
}

impl AnalyzeContext for Fake {
    fn catalog(&self) -> Catalog {
        self.catalog.clone()
    }
    fn search_path(&self) -> Rc<SearchPath> {
        self.path.clone()
    }
    fn input(&mut self, ty: TypeRef, text: &str) -> Result<Value> {
        let bad = |name: &str| err!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {name}: \"{text}\"");
        match ty.oid {
            oids::INT4 => text.trim().parse().map(Value::I32).map_err(|_| bad("integer")),
            oids::INT8 => text.trim().parse().map(Value::I64).map_err(|_| bad("bigint")),
            oids::FLOAT8 => text.trim().parse().map(Value::F64).map_err(|_| bad("double precision")),
            oids::NUMERIC if text.parse::<f64>().is_err() => Err(bad("numeric")),
            oids::BOOL => match text {
                "t" | "true" | "1" => Ok(Value::Bool(true)),
                "f" | "false" | "0" => Ok(Value::Bool(false)),
                _ => Err(bad("boolean")),
            },
            oids::DATE if text.len() < 8 => Err(bad("date")),
            oids::INTERVAL if text == "2000-01-01" => Err(bad("interval")),
            oids::JSON | oids::JSONB if text == "a" => {
                Err(bad("json").detail("Token \"a\" is invalid."))
            }
            t if text == "a" && self.catalog.element_type(t) != 0 => Err(err!(
                INVALID_TEXT_REPRESENTATION,
                "malformed array literal: \"{text}\""
            )
            .detail("Array value must start with \"{\" or dimension information.")),
            _ => Ok(Value::text(text)),
        }
    }
    fn setting(&self, _name: &str) -> Option<String> {
        None
    }
    fn database(&self) -> String {
        "analyze_test".to_string()
    }
    fn notice(&mut self, _notice: Notice) {}
}

struct Maker {
    catalog: Catalog,
    next: Oid,
}

fn column(name: &str, ty: Oid, typmod: i32) -> Column {
    let collation = tusklet_catalog::builtin::ty(ty).map_or(0, |t| t.collation());
    Column {
        name: name.into(),
        ty: TypeRef { oid: ty, typmod },
        collation,
        not_null: false,
        default: None,
        generated: false,
        identity: None,
        dropped: false,
        is_local: true,
        inherit_count: 0,
        storage: 0,
        compression: 0,
        statistics: -1,
        acl: None,
        options: vec![],
    }
}

fn relation(oid: Oid, name: &str, kind: RelKind, row_type: Oid, columns: Vec<Column>) -> Relation {
    Relation {
        oid,
        name: name.into(),
        schema: oids::NAMESPACE_PUBLIC,
        kind,
        owner: 10,
        row_type,
        storage: 0,
        persistence: Persistence::Permanent,
        columns,
        constraints: vec![],
        indexes: vec![],
        index: None,
        view: None,
        sequence: None,
        parents: vec![],
        children: vec![],
        triggers: vec![],
        rules: vec![],
        of_type: 0,
        partition_key: None,
        partition_bound: None,
        options: vec![],
        acl: None,
        row_security: false,
        force_row_security: false,
        replica_identity: b'd',
        access_method: 2,
        system: false,
    }
}

impl Maker {
    fn oid(&mut self) -> Oid {
        self.next += 1;
        self.next
    }

    fn ty(&mut self, name: &str, kind: TypeEntryKind, category: u8) -> Oid {
        let (oid, array) = (self.oid(), self.oid());
        let make = |oid, name: String, kind, category, array| Type {
            oid,
            name,
            schema: oids::NAMESPACE_PUBLIC,
            owner: 10,
            kind,
            array,
            category,
            preferred: false,
            collation: 0,
            delim: b',',
            len: -1,
            by_val: false,
            align: b'i',
            storage: b'x',
            io: vec![0; 4],
            typmod_io: vec![0; 2],
            defined: true,
            subscript: category == b'A',
            acl: None,
        };
        self.catalog.put_type(make(oid, name.into(), kind, category, array));
        let inner = TypeEntryKind::Array { element: oid, varlena: true };
        self.catalog.put_type(make(array, format!("_{name}"), inner, b'A', 0));
        oid
    }

    fn table(&mut self, name: &str, kind: RelKind, columns: Vec<Column>) -> Oid {
        let oid = self.oid();
        let row = self.ty(name, TypeEntryKind::Composite(oid), b'C');
        self.catalog.put_relation(relation(oid, name, kind, row, columns));
        oid
    }

    fn unique(&mut self, table: Oid, name: &str, attno: i16, primary: bool) {
        let (index, constraint) = (self.oid(), self.oid());
        let mut t = (*self.catalog.relation(table).unwrap()).clone();
        let c = t.columns[attno as usize - 1].clone();
        let class = self.catalog.default_opclass(oids::AM_BTREE, c.ty.oid).unwrap();
        let mut r = relation(index, name, RelKind::Index, 0, vec![]);
        r.index = Some(Index {
            table,
            columns: vec![IndexColumn {
                attno,
                expr: None,
                ty: c.ty,
                opclass: class.oid,
                opfamily: class.family,
                cmp: 0,
                collation: c.collation,
                desc: false,
                nulls_first: false,
                options: vec![],
            }],
            keys: 1,
            unique: true,
            nulls_not_distinct: false,
            primary,
            exclusion: false,
            immediate: true,
            valid: true,
            clustered: false,
            replica_identity: false,
            predicate: None,
            constraint,
            parent: 0,
        });
        self.catalog.put_relation(r);
        t.indexes.push(index);
        t.constraints.push(Constraint {
            oid: constraint,
            name: name.into(),
            kind: if primary { ConstraintKind::Primary(index) } else { ConstraintKind::Unique(index) },
            columns: vec![attno],
            deferrable: false,
            deferred: false,
            validated: true,
            is_local: true,
            inherit_count: 0,
            no_inherit: false,
            parent: 0,
        });
        self.catalog.put_relation(t);
    }
}

fn session() -> Fake {
    use oids::*;
    let mut m = Maker { catalog: Catalog::new(), next: FIRST_USER_OID };
    let labels = ["sad", "ok", "happy"];
    let labels = labels
        .iter()
        .enumerate()
        .map(|(i, l)| EnumLabel { oid: 16000 + i as u32, order: i as f32, label: l.to_string() })
        .collect();
    let mood = m.ty("mood", TypeEntryKind::Enum(labels), b'E');
    m.table("comp", RelKind::Composite, vec![column("x", INT4, -1), column("y", TEXT, -1)]);
    let comp = m.catalog.type_named(NAMESPACE_PUBLIC, "comp").unwrap();
    let base = TypeRef::new(INT4);
    let posint = m.ty("posint", TypeEntryKind::Domain { base, not_null: false, default: None, checks: vec![] }, b'N');
    let bpchar = |n: i32| n + 4;
    let t1 = m.table(
        "t1",
        RelKind::Table,
        vec![
            column("a", INT4, -1),
            column("b", TEXT, -1),
            column("c", NUMERIC, ((10 << 16) | 2) + 4),
            column("d", DATE, -1),
            column("e", TIMESTAMPTZ, -1),
            column("f", FLOAT8, -1),
            column("g", BOOL, -1),
            column("h", INT4_ARRAY, -1),
            column("i", JSONB, -1),
            column("j", VARCHAR, bpchar(10)),
            column("k", INT8, -1),
            column("l", INTERVAL, -1),
            column("m", mood, -1),
            column("n", comp, -1),
            column("o", posint, -1),
            column("p", INT4RANGE, -1),
            column("q", BPCHAR, bpchar(5)),
            column("r", TEXT_ARRAY, -1),
            column("s", TIMESTAMP, -1),
            column("u", TIME, -1),
            column("v", INT2, -1),
            column("w", BIT, 8),
        ],
    );
    m.unique(t1, "t1_pkey", 1, true);
    let mut generated = column("gen", INT4, -1);
    generated.generated = true;
    generated.default = Some(Rc::new(Expr::new(
        ExprKind::Call(Box::new(FuncCall {
            func: 141,
            op: OP_INT4_TIMES,
            args: vec![],
            input_collation: 0,
            variadic: false,
            retset: false,
            form: tusklet_ir::CoercionForm::Call,
            strict: true,
            volatility: Volatility::Immutable,
        })),
        TypeRef::new(INT4),
    )));
    let t2 = m.table(
        "t2",
        RelKind::Table,
        vec![
            column("a", INT4, -1),
            column("x", TEXT, -1),
            column("y", INT8, -1),
            column("z", BPCHAR, bpchar(5)),
            generated,
        ],
    );
    m.unique(t2, "t2_x_key", 2, false);
    let mut id = column("id", INT4, -1);
    id.identity = Some(true);
    let mut name = column("name", VARCHAR, bpchar(20));
    name.default = Some(Rc::new(Expr::constant(Value::text("none"), TypeRef { oid: VARCHAR, typmod: bpchar(20) })));
    let t3 = m.table("t3", RelKind::Table, vec![id, name, column("c", comp, -1), column("h", INT4_ARRAY, -1)]);
    let seq = m.oid();
    let mut s = relation(seq, "t3_id_seq", RelKind::Sequence, 0, vec![]);
    s.sequence = Some(Sequence {
        ty: INT4,
        start: 1,
        increment: 1,
        min: 1,
        max: i64::MAX,
        cache: 1,
        cycle: false,
        owned_by: (t3, 1),
        identity: true,
    });
    m.catalog.put_relation(s);
    m.table(
        "records",
        RelKind::Table,
        vec![
            column("id", INT8, -1),
            column("domain_id", INT4, -1),
            column("name", VARCHAR, bpchar(255)),
            column("type", VARCHAR, bpchar(10)),
            column("content", VARCHAR, bpchar(65535)),
            column("ttl", INT4, -1),
            column("prio", INT4, -1),
            column("disabled", BOOL, -1),
            column("ordername", VARCHAR, bpchar(255)),
            column("auth", BOOL, -1),
        ],
    );
    m.table(
        "domains",
        RelKind::Table,
        vec![
            column("id", INT4, -1),
            column("name", VARCHAR, bpchar(255)),
            column("master", VARCHAR, bpchar(128)),
            column("last_check", INT4, -1),
            column("type", TEXT, -1),
            column("notified_serial", INT8, -1),
        ],
    );
    m.table(
        "cryptokeys",
        RelKind::Table,
        vec![
            column("id", INT4, -1),
            column("domain_id", INT4, -1),
            column("flags", INT4, -1),
            column("active", BOOL, -1),
            column("published", BOOL, -1),
            column("content", TEXT, -1),
        ],
    );
    m.table(
        "domainmetadata",
        RelKind::Table,
        vec![column("id", INT4, -1), column("domain_id", INT4, -1), column("kind", VARCHAR, bpchar(32)), column("content", TEXT, -1)],
    );
    m.table(
        "supermasters",
        RelKind::Table,
        vec![column("ip", INET, -1), column("nameserver", VARCHAR, bpchar(255)), column("account", VARCHAR, bpchar(40))],
    );
    let path = Rc::new(SearchPath::new(&m.catalog, &["public".to_string()], "postgres", 0));
    let mut fake = Fake { catalog: m.catalog, path };
    let raw = parse_one("SELECT a, b AS bb, c + 1 AS cc FROM t1 WHERE g").unwrap();
    let q: Query = analyze(&mut fake, &raw.stmt, &mut ParamTypes::none()).unwrap();
    let mut m = Maker { catalog: fake.catalog.clone(), next: 20000 };
    let columns = describe(&q).into_iter().map(|c| column(&c.name, c.ty.oid, c.ty.typmod)).collect();
    let v = m.table("v1", RelKind::View, columns);
    let mut r = (*m.catalog.relation(v).unwrap()).clone();
    r.view = Some(View { query: Some(Rc::new(q)), text: String::new(), check_option: 0, populated: true });
    m.catalog.put_relation(r);
    fake.catalog = m.catalog;
    fake
}

fn escaped(s: Option<&str>) -> String {
    s.unwrap_or("").replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n")
}

fn error_line(sql: &str, e: &Error) -> String {
    let r = e.report();
    let position = match r.span {
        s if s == Span::NONE => String::new(),
        s => (sql[..(s.start as usize).min(sql.len())].chars().count() + 1).to_string(),
    };
    format!(
        "ERROR\t{}\t{position}\t{}\t{}\t{}",
        r.code,
        escaped(Some(&r.message)),
        escaped(r.detail.as_deref()),
        escaped(r.hint.as_deref())
    )
}

fn answer(fake: &mut Fake, sql: &str) -> String {
    let raw = match parse_one(sql) {
        Ok(r) => r,
        Err(e) => return error_line(sql, &e),
    };
    let mut params = ParamTypes::variable(vec![]);
    let done = analyze(fake, &raw.stmt, &mut params).and_then(|q| {
        for (i, t) in params.types.iter().enumerate() {
            if *t == oids::UNKNOWN || *t == 0 {
                return Err(err!(INDETERMINATE_DATATYPE, "could not determine data type of parameter ${}", i + 1));
            }
        }
        let columns = describe(&q);
        rewrite(fake, q)?;
        Ok(columns)
    });
    match done {
        Ok(columns) => {
            let cat = &fake.catalog;
            let name = |oid, m| cat.format_type_with_typmod(&fake.path, oid, m);
            let params: Vec<String> = params.types.iter().map(|t| cat.format_type_extended(&fake.path, *t, Some(-1))).collect();
            let columns: Vec<String> = columns
                .iter()
                .map(|c| {
                    // The protocol names what a domain is over.
                    let ty = cat.base_type_and_typmod(c.ty);
                    format!("{}:{}", escaped(Some(&c.name)), name(ty.oid, ty.typmod).replace(' ', "_"))
                })
                .collect();
            format!("{}\t{}", params.join(","), columns.join(" "))
        }
        Err(e) => format!("\t{}", error_line(sql, &e)),
    }
}

/// What is known to differ, and why; each must differ still.
fn known() -> BTreeMap<&'static str, &'static str> {
    include_str!("data/known.tsv")
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .filter_map(|l| l.split_once('\t'))
        .collect()
}

#[test]
fn statements_resolve_as_postgresql_resolves_them() {
    let mut fake = session();
    let known = known();
    let mut bad = vec![];
    let mut total = 0;
    for line in include_str!("data/resolution.tsv").lines() {
        let Some((sql, want)) = line.split_once('\t') else { continue };
        total += 1;
        let got = answer(&mut fake, sql);
        let want = want.trim_end_matches('\t');
        let got = got.trim_end_matches('\t');
        match (got == want, known.contains_key(sql)) {
            (true, false) | (false, true) => {}
            (true, true) => bad.push(format!("{sql}\n  is right now: take it off data/known.tsv")),
            (false, false) => bad.push(format!("{sql}\n  want {want}\n  got  {got}")),
        }
    }
    assert!(total > 300);
    assert!(bad.is_empty(), "{} of {total} differ:\n{}", bad.len(), bad.join("\n"));
}

/// Every view of `pg_catalog` and `information_schema` can be analysed, and gives the columns the catalog says it has.
#[test]
fn system_views_give_their_columns() {
    let mut fake = session();
    let mut bad = vec![];
    let mut total = 0;
    for view in tusklet_catalog::builtin::SystemView::all() {
        total += 1;
        let rel = fake.catalog.relation(view.oid()).unwrap();
        match tusklet_analyze::view_query(&mut fake, view.oid()) {
            Ok(q) => {
                let got: Vec<(String, TypeRef)> = describe(&q).into_iter().map(|c| (c.name, c.ty)).collect();
                let want: Vec<(String, TypeRef)> = rel.columns.iter().map(|c| (c.name.clone(), c.ty)).collect();
                if got != want {
                    let at = got.iter().zip(&want).find(|(a, b)| a != b);
                    bad.push(format!("{}: {} columns for {}, first difference {at:?}", rel.name, got.len(), want.len()));
                }
            }
            Err(e) => bad.push(format!("{}: {e}", rel.name)),
        }
    }
    assert!(total > 100);
    assert!(bad.is_empty(), "{} of {total}:\n{}", bad.len(), bad.join("\n"));
}
