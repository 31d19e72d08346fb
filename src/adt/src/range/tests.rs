use super::*;
use crate::testing::check_tsv;

fn int(b: &[u8]) -> i32 {
    i32::from_le_bytes(b.try_into().expect("four bytes"))
}

fn cmp(a: &[u8], b: &[u8]) -> Ordering {
    int(a).cmp(&int(b))
}

fn next(b: &[u8]) -> Result<Vec<u8>> {
    crate::int::int4::add(int(b), 1).map(|v| v.to_le_bytes().to_vec())
}

fn run(f: &[&str]) -> Result<String> {
    let t = Subtype { cmp: &cmp, next: Some(&next) };
    let read = |s: &str| parse(s, &mut |x| crate::int::parse_int4(x).map(|v| v.to_le_bytes().to_vec()), &t);
    let show = |b: Vec<u8>| {
        let mut s = String::new();
        Range::decode(&b).write(
            &mut |x, o| {
                crate::int::write(i64::from(int(x)), o);
                Ok(())
            },
            &mut s,
        )?;
        Ok(s)
    };
    let a = read(f[1])?;
    if f[0] == "in" {
        return show(a);
    }
    let truth = |b: bool| Ok(crate::bool::to_text(b).to_owned());
    let b = read(f[2])?;
    let (a, b) = (Range::decode(&a), Range::decode(&b));
    match f[0] {
        "cmp" => Ok((a.cmp(&b, &t) as i32).to_string()),
        "contains" => truth(a.contains(&b, &t)),
        "overlaps" => truth(a.overlaps(&b, &t)),
        "before" => truth(a.before(&b, &t)),
        "over_left" => truth(a.over_left(&b, &t)),
        "over_right" => truth(a.over_right(&b, &t)),
        "adjacent" => truth(a.adjacent(&b, &t)?),
        "union" => show(a.union(&b, &t)?),
        "intersect" => show(a.intersect(&b, &t)?),
        "minus" => show(a.minus(&b, &t)?),
        "merge" => show(a.merge(&b, &t)?),
        "has" => truth(a.contains_value(&5i32.to_le_bytes(), &t)),
        other => panic!("unknown operation {other}"),
    }
}

#[test]
fn answers_are_postgresql_s() {
    check_tsv(include_str!("../../tests/data/range.tsv"), run);
}
