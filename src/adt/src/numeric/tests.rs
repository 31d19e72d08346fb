use super::*;
use crate::testing::{Rng, check_tsv};

fn n(s: &str) -> Numeric {
    Numeric::parse(s).unwrap()
}

fn hex(b: &[u8]) -> String {
    b.iter().map(|b| format!("{b:02x}")).collect()
}

fn run(op: &str, a: &str, b: &str) -> Result<String> {
    let s = |r: Result<Numeric>| r.map(|n| n.to_string());
    let null = |r: Result<Option<Numeric>>| r.map(|n| n.map_or("\\N".to_owned(), |n| n.to_string()));
    let sums = || -> Result<(NumericSum, NumericVariance)> {
        let (mut x, mut y) = (NumericSum::default(), NumericVariance::default());
        for v in a.split(',') {
            x.add(&n(v))?;
            y.add(&n(v))?;
        }
        Ok((x, y))
    };
    match op {
        "in" => s(Numeric::parse(a)),
        "send" => {
            let mut out = Vec::new();
            let v = Numeric::parse(a)?;
            v.send(&mut out);
            assert_eq!(Numeric::recv(&out)?.to_bytes(), v.to_bytes());
            Ok(hex(&out))
        }
        "add" => s(n(a).add(&n(b))),
        "sub" => s(n(a).sub(&n(b))),
        "mul" => s(n(a).mul(&n(b))),
        "div" => s(n(a).div(&n(b))),
        "rem" => s(n(a).rem(&n(b))),
        "div_trunc" => s(n(a).div_trunc(&n(b))),
        "gcd" => s(n(a).gcd(&n(b))),
        "lcm" => s(n(a).lcm(&n(b))),
        "cmp" => Ok((n(a).cmp(&n(b)) as i32).to_string()),
        "sqrt" => s(n(a).sqrt()),
        "exp" => s(n(a).exp()),
        "ln" => s(n(a).ln()),
        "log" => s(n(b).log(&n(a))),
        "power" => s(n(a).power(&n(b))),
        "ceil" => s(n(a).ceil()),
        "floor" => s(n(a).floor()),
        "abs" => Ok(n(a).abs().to_string()),
        "sign" => Ok(n(a).sign().to_string()),
        "trim_scale" => Ok(n(a).trim_scale().to_string()),
        "min_scale" => Ok(n(a).min_scale().map_or("\\N".into(), |v| v.to_string())),
        "round" => s(n(a).round(b.parse().unwrap())),
        "trunc" => s(n(a).trunc(b.parse().unwrap())),
        "int2" => n(a).to_int2().map(|v| v.to_string()),
        "int4" => n(a).to_int4().map(|v| v.to_string()),
        "int8" => n(a).to_int8().map(|v| v.to_string()),
        "float8" => n(a).to_f64().map(|v| {
            let mut s = String::new();
            crate::float::write_float8(v, &mut s);
            s
        }),
        "float4" => n(a).to_f32().map(|v| {
            let mut s = String::new();
            crate::float::write_float4(v, &mut s);
            s
        }),
        "from_f64" => s(Numeric::from_f64(a.parse().unwrap())),
        "from_f32" => s(Numeric::from_f32(a.parse().unwrap())),
        "factorial" => s(Numeric::factorial(a.parse().unwrap())),
        "typmod" => {
            let args: Vec<i32> = b.split(',').map(|x| x.parse().unwrap()).collect();
            s(n(a).apply_typmod(typmod_in(&args)?))
        }
        "width_bucket" => {
            let args: Vec<&str> = b.split(',').collect();
            n(a).width_bucket(&n(args[0]), &n(args[1]), args[2].parse().unwrap()).map(|v| v.to_string())
        }
        "sum" => null(sums()?.0.sum()),
        "avg" => null(sums()?.0.avg()),
        "var_pop" => null(sums()?.1.finish(true, false)),
        "var_samp" => null(sums()?.1.finish(false, false)),
        "stddev_pop" => null(sums()?.1.finish(true, true)),
        "stddev_samp" => null(sums()?.1.finish(false, true)),
        _ => panic!("unknown operation {op}"),
    }
}

#[test]
fn answers_are_postgresql_s() {
    check_tsv(include_str!("../../tests/data/numeric.tsv"), |f| run(f[0], f[1], f[2]));
}

fn random(r: &mut Rng) -> Numeric {
    let digits = [1, 3, 9, 20, 28, 40][r.below(6)];
    let mut s = String::from(if r.below(2) == 0 { "-" } else { "" });
    for _ in 0..digits {
        s.push(char::from(b'0' + r.below(10) as u8));
    }
    if r.below(2) == 0 {
        s.push('.');
        for _ in 0..=r.below(12) {
            s.push(char::from(b'0' + [0, 0, 5, 9][r.below(4)]));
        }
    }
    match r.below(40) {
        0 => Numeric::NaN,
        1 => Numeric::PosInf,
        2 => Numeric::NegInf,
        3 => Numeric::ZERO,
        _ => n(&s),
    }
}

#[test]
fn keys_order_as_values_and_bytes_round_trip() {
    let mut r = Rng::new(1);
    for _ in 0..3000 {
        let (a, b) = (random(&mut r), random(&mut r));
        let (mut ka, mut kb) = (Vec::new(), Vec::new());
        a.key(&mut ka);
        b.key(&mut kb);
        assert_eq!(ka.cmp(&kb), a.cmp(&b), "{a} {b}");
        if a.cmp(&b) == Ordering::Equal {
            assert_eq!(a.hash(), b.hash(), "{a} {b}");
        }
        let bytes = a.to_bytes();
        assert_eq!(Numeric::decode(&bytes).to_bytes(), bytes);
        assert_eq!(n(&a.to_string()).to_bytes(), bytes, "{a}");
        let widened = a.round(30).unwrap();
        if a.is_finite() {
            assert_eq!((widened.cmp(&a), widened.hash()), (Ordering::Equal, a.hash()), "{a}");
        }
    }
}

#[test]
fn ordinary_values_are_short() {
    for s in ["0", "12345.67", "-99999999999999999999.9999", "0.00000001"] {
        assert!(n(s).to_bytes().len() <= 12, "{s}");
    }
}
