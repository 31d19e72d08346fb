use super::*;
use crate::testing::check_tsv;

/// Arrays of text: the stored bytes of an element are its bytes.
fn read(s: &str) -> Result<Vec<u8>> {
    parse(s, 25, ',', &mut |x| Ok(x.as_bytes().to_vec()))
}

fn show(b: &[u8]) -> Result<String> {
    let mut s = String::new();
    Array::decode(b)?.write(
        ',',
        &mut |x, out| {
            out.push_str(std::str::from_utf8(x).expect("text"));
            Ok(())
        },
        &mut s,
    )?;
    Ok(s)
}

fn run(f: &[&str]) -> Result<String> {
    let null = |s: &'static str| s.to_owned();
    let bytes = read(f[1])?;
    let a = Array::decode(&bytes)?;
    let n = |i: usize| f[i].parse::<i32>().expect("a number");
    let arg = |i: usize| (f[i] != "\\N").then(|| f[i].as_bytes());
    let eq = |a: &[u8], b: &[u8]| a == b;
    let opt = |x: Option<i32>| x.map_or(null("\\N"), |x| x.to_string());
    match f[0] {
        "in" => show(&bytes),
        "get" => Ok(a.get(&[n(2)]).map_or(null("\\N"), |x| String::from_utf8_lossy(x).into_owned())),
        "slice" => show(&a.slice(&[(Some(n(2)), Some(n(3)))])?),
        "slice2" => show(&a.slice(&[(None, Some(n(2))), (Some(n(3)), None)])?),
        "append" => show(&a.append(arg(2))?),
        "prepend" => show(&a.prepend(arg(2))?),
        "cat" => show(&a.cat(&Array::decode(&read(f[2])?)?)?),
        "cmp" => Ok((a.cmp(&Array::decode(&read(f[2])?)?, &|a, b| a.cmp(b)) as i32).to_string()),
        "eq" => Ok(crate::bool::to_text(a.equals(&Array::decode(&read(f[2])?)?, &eq)).to_owned()),
        "contains" => Ok(crate::bool::to_text(a.contains(&Array::decode(&read(f[2])?)?, &eq)).to_owned()),
        "overlaps" => Ok(crate::bool::to_text(a.overlaps(&Array::decode(&read(f[2])?)?, &eq)).to_owned()),
        "dims" => Ok(a.dims_text().unwrap_or(null("\\N"))),
        "lower" => Ok(opt(a.lower(n(2)))),
        "upper" => Ok(opt(a.upper(n(2)))),
        "length" => Ok(opt(a.length(n(2)))),
        "position" => Ok(opt(a.position(arg(2), None, &eq)?)),
        "remove" => show(&a.remove(arg(2), &eq)?),
        "replace" => show(&a.replace(arg(2), arg(3), &eq)?),
        "trim" => show(&a.trim(n(2))?),
        "send" => {
            let mut out = Vec::new();
            a.send(
                &mut |x, o| {
                    o.extend_from_slice(x);
                    Ok(())
                },
                &mut out,
            )?;
            assert_eq!(recv(&out, 25, &mut |x| Ok(x.to_vec()), &|_| Error::internal("another type"))?, bytes);
            Ok(crate::bytea::to_hex(&out))
        }
        other => panic!("unknown operation {other}"),
    }
}

#[test]
fn answers_are_postgresql_s() {
    check_tsv(include_str!("../../tests/data/array.tsv"), run);
}

#[test]
fn assignment_grows_one_dimension() {
    let v = |s: &str| read(s).unwrap();
    let set = |s: &str, i: &[i32]| Array::decode(&v(s)).unwrap().set(i, Some(b"x")).and_then(|b| show(&b));
    assert_eq!(set("{a,b}", &[4]).unwrap(), "{a,b,NULL,x}");
    assert_eq!(set("{a,b}", &[-1]).unwrap(), "[-1:2]={x,NULL,a,b}");
    assert_eq!(set("{}", &[3]).unwrap(), "[3:3]={x}");
    assert_eq!(set("{{a,b},{c,d}}", &[2, 1]).unwrap(), "{{a,b},{x,d}}");
    assert_eq!(set("{{a}}", &[3, 1]).unwrap_err().message(), "array subscript out of range");
}
