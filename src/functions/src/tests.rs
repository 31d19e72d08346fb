//! The tables against the catalog's data.

use std::collections::{HashMap, HashSet};

use crate::KERNELS;

fn rows(name: &str) -> Vec<HashMap<String, String>> {
    let path = format!("{}/../catalog/data/{name}.tsv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split('\t').collect();
    lines.map(|l| head.iter().map(|h| h.to_string()).zip(l.split('\t').map(str::to_string)).collect()).collect()
}

fn ascending(names: impl Iterator<Item = &'static str>) {
    let names: Vec<_> = names.collect();
    for w in names.windows(2) {
        assert!(w[0] < w[1], "{} and {} are out of order or double", w[0], w[1]);
    }
}

#[test]
fn tables_are_sorted_and_name_what_the_catalog_has() {
    ascending(KERNELS.aggregates.iter().map(|k| k.0));
    ascending(KERNELS.keys.iter().map(|k| k.0));
    let procs = rows("pg_proc");
    let prosrc: HashSet<&str> = procs.iter().map(|r| r["prosrc"].as_str()).collect();
    let mut kernels = HashSet::new();
    for name in KERNELS.kernels.names() {
        assert!(KERNELS.kernel(name).is_some() && kernels.insert(name), "{name} is not found, or double");
        assert!(prosrc.contains(name) || name.starts_with("tusklet_"), "{name} is no prosrc");
    }
    let by_signature: HashMap<String, &str> =
        procs.iter().map(|r| (format!("{}({})", r["proname"], r["proargtypes"]), r["prosrc"].as_str())).collect();
    let named: HashSet<String> = rows("pg_aggregate")
        .iter()
        .map(|r| {
            let of = |c: &str| by_signature.get(&r[c]).map_or("-", |p| *p);
            format!("{}/{}", of("aggtransfn"), of("aggfinalfn"))
        })
        .collect();
    for (name, _) in KERNELS.aggregates {
        assert!(named.contains(*name), "{name} is no aggregate");
    }
    let compare: HashSet<&str> = rows("pg_amproc")
        .iter()
        .filter(|r| r["amprocnum"] == "1")
        .filter_map(|r| by_signature.get(&r["amproc"]).copied())
        .collect();
    for (name, _) in KERNELS.keys {
        assert!(compare.contains(name), "{name} is no comparison function");
    }
}

#[test]
fn type_oids_are_the_catalog_s() {
    let types: HashMap<String, u32> =
        rows("pg_type").iter().map(|r| (r["typname"].clone(), r["oid"].parse().unwrap())).collect();
    for (oid, name) in crate::oids::ALL {
        assert_eq!(types[*name], *oid, "{name}");
    }
}
