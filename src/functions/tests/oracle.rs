//! Kernels against a real PostgreSQL: every row of `data/*.tsv` is a call and its answer.
//!
//! Columns: `prosrc`, `v` when called with a VARIADIC array (else `-`), result type, result, then the arguments as
//! `type=text`, `type` alone for NULL. A result is `=text`, `N` (NULL), `!SQLSTATE message`, or `*` and texts separated by `\x01` for a
//! set. Arguments are read by the types' own input kernels and results printed by their output kernels, so those are tested along. Batch
//! kernels run both ways. The catalog is the workspace's own data.

use std::any::Any;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use tusklet_adt::formats::Formats;
use tusklet_adt::timezone::TimeZone;
use tusklet_error::{Error, Notice, Result, err};
use tusklet_functions::KERNELS;
use tusklet_vector::{
    Call, CallContext, CallSite, Datum, Kernel, Out, Phys, Sel, TextSearch, TypeDesc, TypeKind, TypeRef, Value, Vector,
};

struct Type {
    name: String,
    desc: Rc<TypeDesc>,
    element: u32,
    input: String,
    output: String,
}

struct Session {
    types: HashMap<u32, Type>,
    names: HashMap<String, u32>,
    compare: HashMap<u32, String>,
    formats: Formats,
}

fn catalog(name: &str) -> Vec<HashMap<String, String>> {
    let path = format!("{}/../catalog/data/{name}.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or("").split('\t').collect();
    lines.map(|l| head.iter().map(|h| h.to_string()).zip(l.split('\t').map(str::to_string)).collect()).collect()
}

fn phys(name: &str, array: bool, kind: &str) -> Phys {
    match name {
        _ if array => Phys::Bytes,
        "bool" => Phys::Bool,
        "int2" | "char" => Phys::I16,
        "int4" | "date" => Phys::I32,
        "int8" | "time" | "timestamp" | "timestamptz" | "money" | "oid" | "xid" | "cid" | "xid8" | "tid" | "pg_lsn" => {
            Phys::I64
        }
        _ if name.starts_with("reg") => Phys::I64,
        "float4" => Phys::F32,
        "float8" => Phys::F64,
        "uuid" | "interval" | "timetz" | "point" => Phys::Fixed16,
        "void" => Phys::I32,
        _ if kind == "e" => Phys::I64,
        _ => Phys::Bytes,
    }
}

impl Session {
    fn new() -> Session {
        let rows = catalog("pg_type");
        let names: HashMap<String, u32> =
            rows.iter().map(|r| (r["typname"].clone(), r["oid"].parse().unwrap())).collect();
        let oid = |n: &str| names.get(n).copied().unwrap_or(0);
        let ranges: HashMap<u32, (u32, u32)> = catalog("pg_range")
            .iter()
            .map(|r| (oid(&r["rngtypid"]), (oid(&r["rngsubtype"]), oid(&r["rngmultitypid"]))))
            .collect();
        let prosrc: HashMap<String, String> = catalog("pg_proc")
            .iter()
            .map(|r| (format!("{}({})", r["proname"], r["proargtypes"]), r["prosrc"].clone()))
            .collect();
        let mut types = HashMap::new();
        for r in &rows {
            let id = oid(&r["typname"]);
            let array = r["typsubscript"].starts_with("array_subscript_handler");
            let element = oid(&r["typelem"]);
            let kind = if array {
                TypeKind::Array(element)
            } else if let Some((sub, _)) = ranges.get(&id) {
                TypeKind::Range(*sub)
            } else if let Some((range, _)) = ranges.iter().find(|(_, v)| v.1 == id) {
                TypeKind::Multirange(*range)
            } else if r["typtype"] == "p" {
                TypeKind::Pseudo
            } else {
                TypeKind::Base
            };
            let desc = TypeDesc {
                oid: id,
                name: r["typname"].clone(),
                phys: phys(&r["typname"], array, &r["typtype"]),
                kind,
                array: oid(&r["typarray"]),
                delim: r["typdelim"].as_bytes()[0],
            };
            let of = |c: &str| prosrc.get(&r[c]).cloned().unwrap_or_default();
            types.insert(
                id,
                Type {
                    name: r["typname"].clone(),
                    desc: Rc::new(desc),
                    element,
                    input: of("typinput"),
                    output: of("typoutput"),
                },
            );
        }
        let mut compare = HashMap::new();
        for r in catalog("pg_amproc") {
            if r["amprocfamily"].starts_with("btree/")
                && r["amprocnum"] == "1"
                && r["amproclefttype"] == r["amprocrighttype"]
            {
                if let Some(p) = prosrc.get(&r["amproc"]) {
                    compare.entry(oid(&r["amproclefttype"])).or_insert_with(|| p.clone());
                }
            }
        }
        let zone = TimeZone::named("America/New_York").expect("zone");
        Session { types, names, compare, formats: Formats { zone, ..Formats::default() } }
    }

    fn site(&self, args: &[u32], result: u32) -> CallSite {
        CallSite {
            func: 0,
            args: args.iter().map(|o| TypeRef::new(*o)).collect(),
            result: TypeRef::new(result),
            collation: 100,
            variadic: false,
            columns: None,
        }
    }

    fn scalar(&mut self, prosrc: &str, site: &CallSite, args: &[Datum<'_>]) -> Result<Value> {
        let f = match KERNELS.kernel(prosrc) {
            Some(Kernel::Scalar(f) | Kernel::Batch(_, f)) => f,
            _ => return Err(Error::unsupported(format!("kernel {prosrc}"))),
        };
        let phys = self.type_desc(site.result.oid)?.phys;
        let mut v = Vector::zeroed(phys, 1);
        let mut out = Out::new(&mut v, 0);
        let mut extra = None;
        f(&mut Call { cx: self, site, extra: &mut extra, row: 0 }, args, &mut out)?;
        out.finish();
        Ok(v.value(0))
    }
}

impl CallContext for Session {
    fn formats(&self) -> &dyn Any {
        &self.formats
    }
    fn transaction_time(&self) -> i64 {
        // In winter, as when the answers were made.
        848_577_600_000_000
    }
    fn statement_time(&self) -> i64 {
        self.transaction_time()
    }
    fn clock_time(&self) -> i64 {
        self.transaction_time()
    }
    fn random(&mut self) -> u64 {
        4
    }
    fn set_seed(&mut self, _: f64) {}
    fn entropy(&mut self) -> u64 {
        4
    }
    fn setting(&self, _: &str) -> Option<String> {
        None
    }
    fn text_search(&mut self, _: TextSearch<'_>) -> Result<Rc<dyn Any>> {
        Err(Error::unsupported("text search here"))
    }
    fn type_desc(&mut self, oid: u32) -> Result<Rc<TypeDesc>> {
        self.types.get(&oid).map(|t| t.desc.clone()).ok_or_else(|| err!(UNDEFINED_OBJECT, "type {oid}"))
    }
    fn output(&mut self, ty: u32, d: Datum<'_>, out: &mut String) -> Result<()> {
        let f = self.types[&ty].output.clone();
        let site = self.site(&[ty], self.names["cstring"]);
        let v = self.scalar(&f, &site, &[d])?;
        out.push_str(v.as_datum().str());
        Ok(())
    }
    fn input(&mut self, ty: TypeRef, text: &str) -> Result<Value> {
        let t = &self.types[&ty.oid];
        let (f, param) = (t.input.clone(), if t.element != 0 { t.element } else { ty.oid });
        let site = self.site(&[self.names["cstring"], self.names["oid"], self.names["int4"]], ty.oid);
        self.scalar(&f, &site, &[Datum::Bytes(text.as_bytes()), Datum::I64(param as i64), Datum::I32(ty.typmod)])
    }
    fn send(&mut self, _: u32, _: Datum<'_>, _: &mut Vec<u8>) -> Result<()> {
        Err(Error::unsupported("send here"))
    }
    fn recv(&mut self, _: TypeRef, _: &[u8]) -> Result<Value> {
        Err(Error::unsupported("recv here"))
    }
    fn compare(&mut self, ty: u32, _: u32, a: Datum<'_>, b: Datum<'_>) -> Result<Ordering> {
        let array = matches!(self.types[&ty].desc.kind, TypeKind::Array(_));
        let key = if array {
            self.names["anyarray"]
        } else if ty == self.names["varchar"] {
            self.names["text"]
        } else {
            ty
        };
        let Some(f) = self.compare.get(&key).cloned() else {
            return Err(err!(
                UNDEFINED_FUNCTION,
                "could not identify a comparison function for type {}",
                self.types[&ty].name
            ));
        };
        let site = self.site(&[ty, ty], self.names["int4"]);
        Ok(self.scalar(&f, &site, &[a, b])?.as_datum().i32().cmp(&0))
    }
    fn call(&mut self, _: u32, _: u32, _: &[Datum<'_>]) -> Result<Value> {
        Err(Error::unsupported("call here"))
    }
    fn cast(&mut self, _: u32, _: TypeRef, _: Datum<'_>) -> Result<Value> {
        Err(Error::unsupported("cast here"))
    }
    fn notice(&mut self, _: Notice) {}
    fn check_interrupts(&mut self) -> Result<()> {
        Ok(())
    }
}

fn unescape(s: &str) -> String {
    let mut out = String::new();
    let mut chars = s.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(c) => out.push(c),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// One line's call, as the answer would be written.
fn run(s: &mut Session, strict: &HashMap<String, bool>, fields: &[&str]) -> String {
    if fields[0].contains('/') {
        return aggregate(s, fields);
    }
    let (prosrc, variadic, result) = (fields[0], fields[1] == "v", s.names[fields[2]]);
    let show = |r: Result<String>| match r {
        Ok(t) => t,
        Err(e) => format!("!{} {}", e.code(), e.message()),
    };
    let mut values = Vec::new();
    let mut site = s.site(&[], result);
    site.variadic = variadic;
    for a in &fields[4..] {
        let (ty, text) = match a.split_once('=') {
            Some((t, x)) => (t, Some(unescape(x))),
            None => (*a, None),
        };
        let ty = s.names[ty];
        site.args.push(TypeRef::new(ty));
        match text {
            None => values.push(Value::Null),
            Some(t) => match s.input(TypeRef::new(ty), &t) {
                Ok(v) => values.push(v),
                Err(e) => return show(Err(e)),
            },
        }
    }
    let args: Vec<Datum<'_>> = values.iter().map(Value::as_datum).collect();
    if strict[prosrc] && args.iter().any(|d| d.is_null()) {
        return "N".into();
    }
    let text = |s: &mut Session, v: &Value| -> Result<String> {
        if v.is_null() {
            return Ok("N".into());
        }
        let mut out = String::from("=");
        s.output(result, v.as_datum(), &mut out)?;
        Ok(out)
    };
    match KERNELS.kernel(prosrc) {
        None => "missing".into(),
        Some(Kernel::Set(f)) => {
            let phys = s.types[&result].desc.phys;
            let mut extra = None;
            let mut all = Vec::new();
            let mut go = || -> Result<()> {
                let mut rows = f(&mut Call { cx: s, site: &site, extra: &mut extra, row: 0 }, &args)?;
                loop {
                    let mut out = [Vector::empty(phys)];
                    let n = rows.next(s, &mut out, 3)?;
                    if n == 0 || all.len() > 1000 {
                        return Ok(());
                    }
                    for i in 0..n {
                        all.push(text(s, &out[0].value(i))?);
                    }
                }
            };
            match go() {
                Ok(()) => format!("*{}", all.join("\x01")),
                Err(e) => show(Err(e)),
            }
        }
        Some(kernel) => {
            let one = s.scalar(prosrc, &site, &args).and_then(|v| text(s, &v));
            let one = show(one);
            if let Kernel::Batch(f, _) = kernel {
                // Columns, constants, and a row that is not selected.
                for constant in 0..=args.len() {
                    let columns: Vec<Vector> = args
                        .iter()
                        .enumerate()
                        .map(|(i, d)| {
                            let p = s.types[&site.args[i].oid].desc.phys;
                            if i + 1 == constant {
                                return Vector::constant(p, *d);
                            }
                            let mut v = Vector::empty(p);
                            (0..3).for_each(|_| v.push(*d));
                            v
                        })
                        .collect();
                    let refs: Vec<&Vector> = columns.iter().collect();
                    for sel in [Sel::All(3), Sel::Rows(Rc::new(vec![0, 2]))] {
                        let mut out = Vector::zeroed(s.types[&result].desc.phys, 3);
                        let mut extra = None;
                        let mut call = Call { cx: s, site: &site, extra: &mut extra, row: 9 };
                        let r = f(&mut call, &refs, &sel, &mut out);
                        let row = call.row;
                        let got = show(r.and_then(|()| text(s, &out.value(2))));
                        assert_eq!(got, one, "batch of {prosrc}, constant {constant}: {fields:?}");
                        assert!(!got.starts_with('!') || row == 0, "{prosrc} does not name the row that failed");
                    }
                }
            }
            one
        }
    }
}

/// An aggregate over columns: at once; in two batches, in the second of two groups, with rows left out.
fn aggregate(s: &mut Session, fields: &[&str]) -> String {
    let result = s.names[fields[2]];
    let mut site = s.site(&[], result);
    let mut columns = Vec::new();
    for a in &fields[4..] {
        let (ty, items) = a.split_once('=').unwrap();
        let ty = s.names[ty];
        site.args.push(TypeRef::new(ty));
        let phys = s.types[&ty].desc.phys;
        let mut plain = Vector::empty(phys);
        let mut spread = Vector::empty(phys);
        for item in items.split('\x01').filter(|i| !i.is_empty()) {
            let v = match item.strip_prefix('=') {
                Some(t) => s.input(TypeRef::new(ty), &unescape(t)).unwrap(),
                None => Value::Null,
            };
            plain.push(v.as_datum());
            spread.push(v.as_datum());
            spread.push(Datum::Null);
        }
        columns.push((plain, spread));
    }
    let Some(spec) = KERNELS.aggregate(fields[0]) else { return "missing".into() };
    let finish = |s: &mut Session, acc: &mut Box<dyn tusklet_vector::Accumulator>, group: usize| -> Result<String> {
        let mut v = Vector::zeroed(s.type_desc(result)?.phys, 1);
        let mut out = Out::new(&mut v, 0);
        let mut extra = None;
        acc.finish(&mut Call { cx: s, site: &site, extra: &mut extra, row: 0 }, group, &mut out)?;
        out.finish();
        if v.is_null(0) {
            return Ok("N".into());
        }
        let mut text = String::from("=");
        s.output(result, v.get(0), &mut text)?;
        Ok(text)
    };
    let show = |r: Result<String>| r.unwrap_or_else(|e| format!("!{} {}", e.code(), e.message()));
    let n = columns.first().map_or(0, |c| c.0.len());
    let whole = {
        let mut acc = (spec.make)(&site);
        acc.resize(1);
        let refs: Vec<&Vector> = columns.iter().map(|c| &c.0).collect();
        let mut extra = None;
        let r = acc.update(&mut Call { cx: s, site: &site, extra: &mut extra, row: 0 }, &refs, &Sel::All(n), &[]);
        show(r.and_then(|()| finish(s, &mut acc, 0)))
    };
    let parts = {
        let mut acc = (spec.make)(&site);
        acc.resize(1);
        acc.resize(2);
        let refs: Vec<&Vector> = columns.iter().map(|c| &c.1).collect();
        let mut extra = None;
        let rows: Vec<u16> = (0..n as u16).map(|i| 2 * i).collect();
        let mut go = || -> Result<String> {
            for half in [&rows[..n / 2], &rows[n / 2..]] {
                let groups = vec![1; half.len()];
                acc.update(
                    &mut Call { cx: s, site: &site, extra: &mut extra, row: 0 },
                    &refs,
                    &Sel::Rows(Rc::new(half.to_vec())),
                    &groups,
                )?;
            }
            finish(s, &mut acc, 1)
        };
        show(go())
    };
    assert_eq!(whole, parts, "{fields:?}");
    whole
}

#[test]
fn kernels_answer_as_postgresql_does() {
    let mut s = Session::new();
    let strict: HashMap<String, bool> =
        catalog("pg_proc").iter().map(|r| (r["prosrc"].clone(), r["proisstrict"] == "t")).collect();
    let dir = format!("{}/tests/data", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "tsv"))
        .collect();
    files.sort();
    let (mut rows, mut wrong) = (0, Vec::new());
    for f in files {
        for line in std::fs::read_to_string(&f).unwrap().lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            rows += 1;
            let got = run(&mut s, &strict, &fields);
            if got != unescape(fields[3]) {
                wrong.push(format!("{line}\n    got {got}"));
            }
        }
    }
    assert!(rows > 0);
    assert!(wrong.is_empty(), "{} of {rows} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
