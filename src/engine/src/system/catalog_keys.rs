//! `pg_get_catalog_foreign_keys`: which columns of PostgreSQL's catalogs refer to which.

use tusklet_adt::array::from_items;
use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::system::values;
use tusklet_error::Result;
use tusklet_ir::Oid;
use tusklet_vector::{Datum, TypeRef, Value};

use super::Env;

/// As a running PostgreSQL 15 tells them: a catalog, then its keys. A key is a column's number as a character from `/` on and
/// the letter of what it refers to, a capital one if it may be 0. `*` precedes an array of references, `&` a reference by two
/// columns to a column.
const KEYS: &str = "1255 2n3a4l7T8PBt*Ct*Dt*Ht 1247 2n3a;C<P=T>T?p@pAPBPCPDPEPITLO 1249 0c2TEO 1259 2n3T4T5a6M8S<CKC \
     2604 1c&12j 2606 2n7C8T9C:K;C*Dr*Er*Fr*Hr*&7BJ*&;Cj 2611 0c1c 2610 0c1c*@O*Aq*&1?J 2617 \
     2n3a7T8t9T:R;R<P=P>P 2753 1m3n4a 2616 1m3n4a5f6t8T 2601 2p 2602 1f2t3t6r7m8F 2603 1f2t3t5p 2612 \
     2a5P6P7P 2995 1a 2613 0h 2600 0p3p4P5P6P7P8P9P:P?R@tBT 2619 0c;R<R=R>R?R@OAOBOCODO&01j 3381 \
     1c3n4a*&16j 3429 0i 2618 2c 2620 1c2G4p8C9C:K*&1>j 3466 3a4p 2609 1c 2605 1t2t3P 3501 1t 2615 2a \
     2607 2n3a6p 2608 0c3c 1262 2a:s 2964 0D1A 1213 2a 1261 0a1a2a 1214 0D1c4c 2396 1c 3602 2n3a4x 3603 \
     0y3z 3600 2n3a4u 3601 2n3p4p5p6P7p 3764 2n3P4p 3079 2a3n*6c 2328 2a3P4P 1417 2a3w 1418 1A2v 3118 \
     0c1v 3256 2c*5A 826 1a2N 3394 1c 3596 1c 3592 1c 3456 2n3a 3350 0c3C*5q*6O*&04J 3541 0t1t2t3O4q5P6P \
     3576 1t2l3P4P 2224 0c1t 6104 2a 6237 1b2n 6106 1b2c 6100 1d4a 6102 0e1c";

/// What the letters stand for.
const TARGETS: [u16; 26] = [
    1260, 6104, 1259, 1262, 6100, 2753, 2620, 2995, 3381, 1249, 2606, 2612, 2601, 2615, 3456, 1255, 2616, 2617, 1213,
    1247, 3764, 1417, 2328, 3601, 3602, 3600,
];

fn columns(rel: Oid, numbers: &[u8]) -> Result<Value> {
    let name = |n: &u8| builtin::attributes(rel).find(|a| a.number() == i32::from(*n)).map_or("", |a| a.name());
    let names: Vec<&str> = numbers.iter().map(name).collect();
    Ok(Value::bytes(&from_items(oids::TEXT, names.iter().map(|n| Some(n.as_bytes())))?))
}

pub(super) fn rows(_: &mut Env<'_, '_>, _: &[Datum<'_>], _: &[TypeRef]) -> Result<Vec<Vec<Value>>> {
    let mut out = vec![];
    let mut words = KEYS.split(' ');
    while let (Some(table), Some(keys)) = (words.next(), words.next()) {
        let table: Oid = table.parse().unwrap_or(0);
        let (mut from, mut wanted, mut array) = (vec![], 1, false);
        for b in keys.bytes() {
            match b {
                b'*' => array = true,
                b'&' => wanted = 2,
                _ if from.len() < wanted => from.push(b - b'/'),
                letter => {
                    let target = Oid::from(TARGETS[usize::from(letter.to_ascii_lowercase() - b'a')]);
                    // A column is told by its relation and number; the OID comes first in the others.
                    let to: &[u8] = if wanted == 2 { &[1, 6] } else { &[1] };
                    out.push(vec![
                        values::oid(table),
                        columns(table, &from)?,
                        values::oid(target),
                        columns(target, to)?,
                        Value::Bool(array),
                        Value::Bool(letter.is_ascii_uppercase()),
                    ]);
                    (from, wanted, array) = (vec![], 1, false);
                }
            }
        }
    }
    Ok(out)
}
