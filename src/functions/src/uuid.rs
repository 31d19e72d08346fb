//! `uuid`.

use tusklet_adt::uuid as adt;
use tusklet_vector::Kernel;

use crate::batch::map2;
use crate::bind::{Entry, written};

macro_rules! cmp {
    ($op:tt) => {
        Kernel::Batch(
            batch!(|_, args, sel, out| {
                map2::<[u8; 16], [u8; 16], u8>(args, sel, out, |a, b| (u128::from_be_bytes(a) $op u128::from_be_bytes(b)) as u8);
                Ok(())
            }),
            s!(a: [u8; 16], b: [u8; 16] => a $op b),
        )
    };
}

pub const TABLES: &[&[Entry]] = &[&[
    ("uuid_eq", cmp!(==)),
    ("uuid_ne", cmp!(!=)),
    ("uuid_lt", cmp!(<)),
    ("uuid_le", cmp!(<=)),
    ("uuid_gt", cmp!(>)),
    ("uuid_ge", cmp!(>=)),
    ("uuid_cmp", f!(a: [u8; 16], b: [u8; 16] => crate::text::memcmp(&a, &b))),
    ("uuid_in", f!(a: &str => adt::parse(a)?)),
    ("uuid_out", f!(a: [u8; 16] => written(|s| adt::write(&a, s)))),
    (
        "gen_random_uuid",
        f!(c; => {
            let (a, b) = (c.cx.entropy(), c.cx.entropy());
            adt::from_random(((a as u128) << 64 | b as u128).to_le_bytes())
        }),
    ),
]];
