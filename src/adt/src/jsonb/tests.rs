use super::*;
use crate::testing::check_tsv;

fn run(f: &[&str]) -> Result<String> {
    if f[0] == "json" {
        return json::validate(f[1]).map(|()| f[1].to_owned());
    }
    if f[0].starts_with("json_") {
        json::validate(f[1])?;
    }
    let none = || "\\N".to_owned();
    let path = || f[2].split(',').map(Some).collect::<Vec<_>>();
    let n = |i: usize| f[i].parse::<i32>().expect("a number");
    match f[0] {
        "json_key" => return Ok(json::get_key(f[1], f[2])?.map_or(none(), str::to_owned)),
        "json_at" => return Ok(json::get_index(f[1], n(2)).map_or(none(), str::to_owned)),
        "json_path" => return Ok(json::get_path(f[1], &f[2].split(',').collect::<Vec<_>>())?.map_or(none(), str::to_owned)),
        "json_text" => return Ok(json::get_key(f[1], f[2])?.map_or(Ok(None), json::to_text)?.unwrap_or_else(none)),
        "json_strip_nulls" => {
            let mut s = String::new();
            json::strip_nulls(f[1], &mut s)?;
            return Ok(s);
        }
        _ => {}
    }
    let bytes = parse(f[1])?;
    let j = Jsonb(&bytes);
    let other = || parse(f[2]);
    let show = |v: Option<Jsonb<'_>>| v.map_or(none(), |v| to_string(v.0));
    let truth = |b: bool| crate::bool::to_text(b).to_owned();
    Ok(match f[0] {
        "in" => to_string(&bytes),
        "pretty" => {
            let mut s = String::new();
            j.pretty(0, &mut s);
            s
        }
        "key" => show(j.get(f[2])),
        "at" => show(j.at(n(2))),
        "path" => show(j.path(&f[2].split(',').collect::<Vec<_>>())),
        "cmp" => {
            let o = other()?;
            let c = j.cmp(&Jsonb(&o));
            let (mut a, mut b) = (Vec::new(), Vec::new());
            j.key(&mut a);
            Jsonb(&o).key(&mut b);
            assert_eq!(a.cmp(&b), c, "{f:?}");
            if c.is_eq() {
                assert_eq!(j.hash(), Jsonb(&o).hash());
            }
            (c as i32).to_string()
        }
        "contains" => truth(j.contains(&Jsonb(&other()?))),
        "exists" => truth(j.exists(f[2])),
        "concat" => to_string(&j.concat(&Jsonb(&other()?))),
        "delete" => to_string(&j.delete_keys(&[f[2]])?),
        "delete_at" => to_string(&j.delete_index(n(2))?),
        "delete_path" => to_string(&j.delete_path(&path())?),
        "set" => to_string(&j.set(&path(), &Jsonb(&string("new")), f[3] == "true")?),
        "insert" => to_string(&j.insert(&path(), &Jsonb(&string("new")), f[3] == "true")?),
        "strip_nulls" => to_string(&j.strip_nulls()),
        "length" => j.array_length()?.to_string(),
        other => panic!("unknown operation {other}"),
    })
}

#[test]
fn answers_are_postgresql_s() {
    check_tsv(include_str!("../../tests/data/jsonb.tsv"), run);
}

#[test]
fn errors_quote_the_line() {
    let e = json::validate("{\"a\":1,\n \"b\":2,\n \"c\":xx}").unwrap_err();
    assert_eq!(e.report().context.as_deref(), Some("JSON data, line 3:  \"c\":xx..."));
    let e = json::validate("tru").unwrap_err();
    assert_eq!(e.report().context.as_deref(), Some("JSON data, line 1: tru"));
    let long = format!("{{\"{}\":1, \"b\" x \"ccc\"}}", "a".repeat(80));
    let e = json::validate(&long).unwrap_err();
    assert_eq!(e.report().context.as_deref(), Some(&*format!("JSON data, line 1: ...{}\":1, \"b\" x...", "a".repeat(39))));
    assert!(json::validate(&"[".repeat(100_000)).is_err());
}
