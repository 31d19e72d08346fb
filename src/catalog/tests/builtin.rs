//! The linked-in catalog against `data/*.tsv`, cell by cell, and its lookups against a scan of the rows.

use std::fs;
use std::path::Path;

use tusklet_catalog::builtin::{self, Class, Field, Kind, oids};

fn data(name: &str) -> Vec<Vec<Option<String>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(format!("{name}.tsv"));
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split('\t').map(unescape).collect()).collect()
}

fn unescape(cell: &str) -> Option<String> {
    if cell == "\\N" {
        return None;
    }
    let mut out = String::new();
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                other => other,
            },
            c => c,
        });
    }
    Some(out)
}

/// The symbol of an object, as the TSVs write it.
fn symbol(class: Class, oid: u32) -> String {
    if oid == 0 {
        return "-".into();
    }
    let ns = |oid: u32| match oid {
        oids::NAMESPACE_PG_CATALOG => String::new(),
        other => format!("{}.", builtin::namespace(other).unwrap().name()),
    };
    let operand = |oid: u32| if oid == 0 { String::new() } else { symbol(Class::Type, oid) };
    // Catalogs that few references point into have no lookup of their own.
    let named = |catalog: &str| {
        let table = builtin::table(catalog).unwrap();
        let row = (0..table.rows).find(|&row| table.field(row, &table.columns[0]) == Field::Oid(oid)).unwrap();
        match table.field(row, &table.columns[1]) {
            Field::Text(name) => name.to_string(),
            other => panic!("{other:?}"),
        }
    };
    match class {
        Class::Type => builtin::ty(oid).map(|t| ns(t.namespace()) + t.name()).unwrap(),
        Class::Proc => {
            let p = builtin::proc(oid).unwrap();
            let args: Vec<String> = p.args().iter().map(|&a| symbol(Class::Type, a)).collect();
            format!("{}{}({})", ns(p.namespace()), p.name(), args.join(","))
        }
        Class::Operator => {
            let o = builtin::operator(oid).unwrap();
            format!("{}({},{})", o.name(), operand(o.left()), operand(o.right()))
        }
        Class::Relation => builtin::relation(oid).map(|r| ns(r.namespace()) + r.name()).unwrap(),
        Class::Namespace => builtin::namespace(oid).unwrap().name().into(),
        Class::Language => builtin::language(oid).unwrap().name().into(),
        Class::Am => builtin::am(oid).unwrap().name().into(),
        Class::Opfamily => {
            builtin::opfamily(oid).map(|f| format!("{}/{}", symbol(Class::Am, f.method()), f.name())).unwrap()
        }
        Class::Opclass => {
            builtin::opclass(oid).map(|c| format!("{}/{}", symbol(Class::Am, c.method()), c.name())).unwrap()
        }
        Class::Collation => builtin::collation(oid).map(|c| ns(c.namespace()) + c.name()).unwrap(),
        Class::TsParser => named("pg_ts_parser"),
        Class::TsTemplate => named("pg_ts_template"),
        Class::TsDict => named("pg_ts_dict"),
        Class::TsConfig => named("pg_ts_config"),
    }
}

fn shown(kind: Kind, field: Field) -> Option<String> {
    let joined = |list: Vec<String>| list.join(",");
    Some(match (kind, field) {
        (_, Field::Null) => return None,
        (Kind::Ref(class), Field::Oid(oid)) => symbol(class, oid),
        (Kind::Refs(class), Field::Numbers(list)) => joined(list.iter().map(|&oid| symbol(class, oid)).collect()),
        (_, Field::Bool(b)) => if b { "t" } else { "f" }.into(),
        (_, Field::Char(0)) => String::new(),
        (_, Field::Char(c)) => char::from(c).to_string(),
        (_, Field::Int(n)) => n.to_string(),
        (_, Field::Oid(n)) => n.to_string(),
        (_, Field::Text(text)) => text.to_string(),
        (_, Field::Numbers(list)) => joined(list.iter().map(u32::to_string).collect()),
        (_, Field::Texts(list)) => joined(list.iter().map(String::from).collect()),
        (_, Field::Chars(list)) => list.iter().map(|&c| char::from(c as u8)).collect(),
    })
}

#[test]
fn every_cell_is_the_data_s() {
    let mut cells = 0;
    for table in builtin::TABLES {
        let rows = data(table.name);
        let header: Vec<Option<String>> = table.columns.iter().map(|c| Some(c.name.to_string())).collect();
        assert_eq!(rows[0], header, "{}", table.name);
        assert_eq!(rows.len() - 1, table.rows, "{}", table.name);
        for (row, expected) in rows[1..].iter().enumerate() {
            for (column, expected) in table.columns.iter().zip(expected) {
                let found = shown(column.kind, table.field(row, column));
                assert_eq!(&found, expected, "{} row {row} column {}", table.name, column.name);
                cells += 1;
            }
        }
    }
    assert!(cells > 170_000, "{cells}");
}

#[test]
fn functions_by_name_are_all_of_that_name() {
    let all: Vec<_> = builtin::Proc::all().collect();
    for &p in &all {
        assert_eq!(builtin::proc(p.oid()), Some(p));
        let by_name: Vec<_> = builtin::procs_by_name(p.name()).collect();
        assert!(by_name.contains(&p) && by_name.iter().all(|q| q.name() == p.name()), "{}", p.name());
        assert!(by_name.is_sorted_by_key(|q| q.oid()));
    }
    let total: usize = {
        let mut names: Vec<_> = all.iter().map(|p| p.name()).collect();
        names.sort_unstable();
        names.dedup();
        names.iter().map(|name| builtin::procs_by_name(name).count()).sum()
    };
    assert_eq!(total, all.len());
    for absent in ["", "no_such_function", "int4p", "int4plx", "int4pl\0", "\u{ffff}", "zzzz", " ", "pg_catalog"] {
        assert_eq!(builtin::procs_by_name(absent).count(), 0, "{absent:?}");
    }
    assert_eq!(builtin::proc(0), None);
    assert_eq!(builtin::proc(u32::MAX), None);
}

#[test]
fn every_other_lookup_finds_every_row() {
    for t in builtin::Type::all() {
        assert_eq!(builtin::ty(t.oid()), Some(t));
        assert_eq!(builtin::type_by_name(t.namespace(), t.name()), Some(t));
        if t.array() != 0 {
            assert_eq!(builtin::array_of(t.oid()), Some(t.array()));
            assert_eq!(builtin::type_of_array(t.array()), Some(t.oid()));
        }
        if t.elem() != 0 {
            assert!(builtin::types_with_elem(t.elem()).any(|x| x == t));
        }
    }
    assert_eq!(builtin::type_of_array(oids::NAME), None);
    assert_eq!(builtin::type_of_array(oids::OIDVECTOR), Some(oids::OID));
    for o in builtin::Operator::all() {
        assert_eq!(builtin::operator(o.oid()), Some(o));
        assert_eq!(builtin::operator_exact(o.name(), o.left(), o.right()), Some(o));
        assert!(builtin::operators_by_name(o.name()).any(|x| x == o));
    }
    for c in builtin::Cast::all() {
        assert_eq!(builtin::cast(c.source(), c.target()), Some(c));
        assert!(builtin::casts_from(c.source()).any(|x| x == c) && builtin::casts_to(c.target()).any(|x| x == c));
    }
    for a in builtin::Amop::all() {
        assert!(builtin::amops_by_operator(a.operator()).any(|x| x == a));
        assert!(builtin::amops_of_family(a.family()).any(|x| x == a));
        let found = builtin::amop(a.family(), a.left(), a.right(), a.strategy()).unwrap();
        assert_eq!(found, a);
    }
    for a in builtin::Amproc::all() {
        assert_eq!(builtin::amproc(a.family(), a.left(), a.right(), a.number()), Some(a));
    }
    for c in builtin::Opclass::all() {
        assert_eq!(builtin::opclass(c.oid()), Some(c));
        assert!(builtin::opclasses_by_name(c.name()).any(|x| x == c));
        if c.default() {
            assert_eq!(builtin::opclass_default(c.method(), c.intype()), Some(c));
        }
    }
    for a in builtin::Aggregate::all() {
        assert_eq!(builtin::aggregate(a.function()), Some(a));
    }
    let mut attributes = 0;
    for r in builtin::relations() {
        assert_eq!(builtin::relation(r.oid()), Some(r));
        assert_eq!(builtin::relation_by_name(r.namespace(), r.name()), Some(r));
        assert_eq!(builtin::attributes(r.oid()).len(), r.natts() as usize, "{}", r.name());
        attributes += builtin::attributes(r.oid()).len();
        assert_eq!(builtin::view_definition(r.oid()).is_some(), r.kind() == b'v', "{}", r.name());
        assert_eq!(builtin::index(r.oid()).is_some(), r.kind() == b'i');
    }
    assert_eq!(attributes, builtin::Attribute::all().len());
    for s in builtin::settings() {
        assert_eq!(builtin::setting(&s.name().to_uppercase()), Some(s));
    }
    assert!(builtin::settings().len() > 350 && builtin::setting("nothing").is_none() && builtin::setting("").is_none());
    for r in builtin::Range::all() {
        assert_eq!(builtin::range_for_subtype(r.subtype()), Some(r));
        assert_eq!(builtin::range_of_multirange(r.multirange()), Some(r));
    }
}

#[test]
fn well_known_rows_read_as_postgresql_s() {
    let int4pl = builtin::proc(oids::F_INT4PL_INT4_INT4).unwrap();
    assert_eq!((int4pl.name(), int4pl.src(), int4pl.args()), ("int4pl", "int4pl", &[oids::INT4, oids::INT4][..]));
    assert!(int4pl.strict() && int4pl.volatile() == b'i' && int4pl.rettype() == oids::INT4);
    let lpad = builtin::proc_exact("lpad", &[oids::TEXT, oids::INT4]).unwrap();
    assert_eq!((lpad.language(), lpad.sql_body()), (oids::LANGUAGE_SQL, Some("RETURN lpad($1, $2, ' '::text)")));
    let json_each = builtin::procs_by_name("json_each").next().unwrap();
    assert_eq!(json_each.arg_names().unwrap().iter().collect::<Vec<_>>(), ["from_json", "key", "value"]);
    assert_eq!(builtin::operator_exact("=", oids::INT4, oids::INT8).unwrap().code(), 852);
    assert_eq!(builtin::setting("datestyle").unwrap().boot_val(), Some("ISO, MDY"));
    assert_eq!(builtin::opclass_default(oids::AM_BTREE, oids::TEXT).unwrap().oid(), oids::OPCLASS_BTREE_TEXT_OPS);
}

/// `data/unimplemented.tsv` names functions that need a kernel, each once, by prosrc and signature.
#[test]
fn the_unimplemented_are_functions_that_need_a_kernel() {
    let mut needed: Vec<(String, String)> = builtin::Proc::all()
        .filter(|p| p.needs_kernel())
        .map(|p| (p.src().to_string(), symbol(Class::Proc, p.oid())))
        .collect();
    needed.sort();
    let rows = data("unimplemented");
    for row in &rows[1..] {
        let line = (row[0].clone().unwrap(), row[1].clone().unwrap());
        assert!(needed.binary_search(&line).is_ok(), "{line:?}");
    }
    assert!(rows[1..].windows(2).all(|pair| pair[0] < pair[1]));
}
