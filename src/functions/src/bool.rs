//! `boolean`.

use tusklet_adt::bool as adt;
use tusklet_vector::Kernel;

use crate::batch::map2;
use crate::bind::Entry;

macro_rules! cmp {
    ($op:tt) => {
        Kernel::Batch(
            |_, args, sel, out| {
                map2::<u8, u8, u8>(args, sel, out, |a, b| (a $op b) as u8);
                Ok(())
            },
            s!(a: bool, b: bool => a $op b),
        )
    };
}

pub const TABLES: &[&[Entry]] = &[&[
    ("bool_int4", f!(a: bool => a as i32)),
    ("int4_bool", f!(a: i32 => a != 0)),
    ("booland_statefunc", f!(a: bool, b: bool => a && b)),
    ("booleq", cmp!(==)),
    ("boolge", cmp!(>=)),
    ("boolgt", cmp!(>)),
    ("boolin", f!(a: &str => adt::parse(a)?)),
    ("boolle", cmp!(<=)),
    ("boollt", cmp!(<)),
    ("boolne", cmp!(!=)),
    ("boolor_statefunc", f!(a: bool, b: bool => a || b)),
    ("boolout", f!(a: bool => adt::format(a))),
    ("booltext", f!(a: bool => adt::to_text(a))),
    ("btboolcmp", f!(a: bool, b: bool => a as i32 - b as i32)),
]];
