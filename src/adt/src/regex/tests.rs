use super::*;
use crate::testing::check_tsv;

fn run(f: &[&str]) -> Result<String> {
    let flags = Flags::parse(f[3])?;
    let re = Regex::new(f[2], flags)?;
    let list = |v: Vec<Option<&str>>| {
        v.iter().map(|x| x.map_or("<null>".to_owned(), str::to_owned)).collect::<Vec<_>>().join("|")
    };
    Ok(match f[0] {
        "match" => re.first_match(f[1]).map_or("\\N".to_owned(), list),
        "is_match" => crate::bool::to_text(re.is_match(f[1])).to_owned(),
        "replace" => re.replace(f[1], "<\\1\\&>", 1, if flags.global { 0 } else { 1 })?,
        "split" => list(re.split(f[1]).into_iter().map(Some).collect()),
        "count" => re.count(f[1], 1)?.to_string(),
        "substring" => re.substring(f[1]).unwrap_or("\\N").to_owned(),
        other => panic!("unknown operation {other}"),
    })
}

#[test]
fn answers_are_postgresql_s() {
    check_tsv(include_str!("../../tests/data/regex.tsv"), run);
}

#[test]
fn hostile_patterns_end() {
    let text = "a".repeat(3000);
    assert!(!Regex::new("(a*)*b", Flags::default()).unwrap().is_match(&text));
    assert!(Regex::new("(((a{1,250}){1,250}){1,250})", Flags::default()).is_err());
    assert!(Regex::new(&"(".repeat(10_000), Flags::default()).is_err());
    assert_eq!(Regex::new("(a)*", Flags::default()).unwrap().first_match(&"a".repeat(300)), Some(vec![Some("a")]));
}
