//! `inet`, `cidr`, `macaddr`, `macaddr8`.

use tusklet_adt::macaddr::{self, from_stored};
use tusklet_adt::network::Inet;

use crate::bind::{Entry, written};
use crate::date::ordered;
use crate::text::{EQ, GE, GT, LE, LT, NE};

const SIGN: tusklet_vector::Kernel = f!(a: &[u8], b: &[u8] => a.cmp(b) as i32);

type Mac = [u8; 6];
type Mac8 = [u8; 8];

fn shown(v: &Inet) -> String {
    format!("{}/{}", v.host(), v.masklen())
}

pub const TABLES: &[&[Entry]] = &[
    &ordered!("network_", "", |_c, a: Inet, b: Inet| a.cmp(&b)),
    &[
        ("network_larger", f!(a: Inet, b: Inet => if a.cmp(&b).is_gt() { a } else { b })),
        ("network_smaller", f!(a: Inet, b: Inet => if a.cmp(&b).is_lt() { a } else { b })),
        ("inet_in", f!(a: &str => Inet::parse(a)?)),
        ("inet_out", f!(a: Inet => written(|s| a.write(s)))),
        ("cidr_in", f!(a: &str => Inet::parse_cidr(a)?)),
        ("cidr_out", f!(a: Inet => written(|s| a.write_cidr(s)))),
        ("inet_to_cidr", f!(a: Inet => a.network())),
        ("inet_abbrev", f!(a: Inet => a.abbrev())),
        ("cidr_abbrev", f!(a: Inet => a.abbrev_cidr())),
        (
            "inet_set_masklen",
            f!(a: Inet, n: i32 => a.set_masklen(if n == -1 { if a.family() == 4 { 32 } else { 128 } } else { n })?),
        ),
        (
            "cidr_set_masklen",
            f!(a: Inet, n: i32 => a.set_masklen_cidr(if n == -1 { if a.family() == 4 { 32 } else { 128 } } else { n })?),
        ),
        ("inet_merge", f!(a: Inet, b: Inet => a.merge(&b)?)),
        ("inet_same_family", f!(a: Inet, b: Inet => a.same_family(&b))),
        ("inetand", f!(a: Inet, b: Inet => a.and(&b)?)),
        ("inetor", f!(a: Inet, b: Inet => a.or(&b)?)),
        ("inetnot", f!(a: Inet => a.not())),
        ("inetpl", f!(a: Inet, n: i64 => a.add(n)?)),
        ("inetmi_int8", f!(a: Inet, n: i64 => a.sub(n)?)),
        ("inetmi", f!(a: Inet, b: Inet => a.distance(&b)?)),
        ("network_broadcast", f!(a: Inet => a.broadcast())),
        ("network_family", f!(a: Inet => a.family())),
        ("network_host", f!(a: Inet => a.host())),
        ("network_hostmask", f!(a: Inet => a.hostmask())),
        ("network_masklen", f!(a: Inet => a.masklen())),
        ("network_netmask", f!(a: Inet => a.netmask())),
        ("network_network", f!(a: Inet => a.network())),
        ("network_show", f!(a: Inet => shown(&a))),
        ("network_overlap", f!(a: Inet, b: Inet => a.overlaps(&b))),
        ("network_sub", f!(a: Inet, b: Inet => b.contains(&a))),
        ("network_subeq", f!(a: Inet, b: Inet => b.contains_or_equals(&a))),
        ("network_sup", f!(a: Inet, b: Inet => a.contains(&b))),
        ("network_supeq", f!(a: Inet, b: Inet => a.contains_or_equals(&b))),
    ],
    &[
        ("macaddr_eq", EQ),
        ("macaddr_ne", NE),
        ("macaddr_lt", LT),
        ("macaddr_le", LE),
        ("macaddr_gt", GT),
        ("macaddr_ge", GE),
        ("macaddr_cmp", SIGN),
        ("macaddr8_eq", EQ),
        ("macaddr8_ne", NE),
        ("macaddr8_lt", LT),
        ("macaddr8_le", LE),
        ("macaddr8_gt", GT),
        ("macaddr8_ge", GE),
        ("macaddr8_cmp", SIGN),
        ("macaddr_in", f!(a: &str => macaddr::parse(a)?.to_vec())),
        ("macaddr_out", f!(a: &[u8] => written(|s| macaddr::write(a, s)))),
        ("macaddr8_in", f!(a: &str => macaddr::parse8(a)?.to_vec())),
        ("macaddr8_out", f!(a: &[u8] => written(|s| macaddr::write(a, s)))),
        ("macaddr_recv", f!(a: &[u8] => from_stored::<6>(a)?.to_vec())),
        ("macaddr_send", f!(a: &[u8] => a)),
        (
            "macaddr8_recv",
            f!(a: &[u8] => if a.len() == 6 { macaddr::to_macaddr8(from_stored(a)?).to_vec() } else { from_stored::<8>(a)?.to_vec() }),
        ),
        ("macaddr8_send", f!(a: &[u8] => a)),
        ("macaddr_trunc", f!(a: &[u8] => macaddr::trunc::<6>(from_stored(a)?).to_vec())),
        ("macaddr8_trunc", f!(a: &[u8] => macaddr::trunc::<8>(from_stored(a)?).to_vec())),
        ("macaddr8_set7bit", f!(a: &[u8] => macaddr::set7bit(from_stored(a)?).to_vec())),
        ("macaddrtomacaddr8", f!(a: &[u8] => macaddr::to_macaddr8(from_stored(a)?).to_vec())),
        ("macaddr8tomacaddr", f!(a: &[u8] => macaddr::to_macaddr(from_stored(a)?)?.to_vec())),
        ("macaddr_not", f!(a: &[u8] => { let v: Mac = from_stored(a)?; macaddr::not(v).to_vec() })),
        ("macaddr8_not", f!(a: &[u8] => { let v: Mac8 = from_stored(a)?; macaddr::not(v).to_vec() })),
        (
            "macaddr_and",
            f!(a: &[u8], b: &[u8] => { let v: Mac = from_stored(a)?; macaddr::and(v, from_stored(b)?).to_vec() }),
        ),
        (
            "macaddr8_and",
            f!(a: &[u8], b: &[u8] => { let v: Mac8 = from_stored(a)?; macaddr::and(v, from_stored(b)?).to_vec() }),
        ),
        (
            "macaddr_or",
            f!(a: &[u8], b: &[u8] => { let v: Mac = from_stored(a)?; macaddr::or(v, from_stored(b)?).to_vec() }),
        ),
        (
            "macaddr8_or",
            f!(a: &[u8], b: &[u8] => { let v: Mac8 = from_stored(a)?; macaddr::or(v, from_stored(b)?).to_vec() }),
        ),
    ],
];
