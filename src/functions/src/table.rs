//! The kernel table: every family's explicit arrays, put together and sorted while compiling.

use tusklet_vector::KernelTable;

use crate::bind::Entry;

const FAMILIES: &[&[&[Entry]]] = &[
    crate::aggregates::transition::TABLES,
    crate::array::TABLES,
    crate::bit::TABLES,
    crate::bool::TABLES,
    crate::bytea::TABLES,
    crate::char::TABLES,
    crate::date::TABLES,
    crate::dbsize::TABLES,
    crate::enums::TABLES,
    crate::float::TABLES,
    crate::formatting::TABLES,
    crate::geo::TABLES,
    crate::hash::TABLES,
    crate::indexing::TABLES,
    crate::int::TABLES,
    crate::io::TABLES,
    crate::json::TABLES,
    crate::jsonb::TABLES,
    crate::jsonpath::TABLES,
    crate::like::TABLES,
    crate::money::TABLES,
    crate::multirange::TABLES,
    crate::network::TABLES,
    crate::numeric::TABLES,
    crate::oid::TABLES,
    crate::populate::TABLES,
    crate::range::TABLES,
    crate::record::TABLES,
    crate::regexp::TABLES,
    crate::sets::TABLES,
    crate::text::TABLES,
    crate::timestamp::TABLES,
    crate::tsearch::TABLES,
    crate::tsvector::TABLES,
    crate::uuid::TABLES,
    crate::xid8funcs::TABLES,
    crate::xml::TABLES,
];

const fn count() -> usize {
    let (mut n, mut i) = (0, 0);
    while i < FAMILIES.len() {
        let mut j = 0;
        while j < FAMILIES[i].len() {
            n += FAMILIES[i][j].len();
            j += 1;
        }
        i += 1;
    }
    n
}

const fn less(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if a[i] != b[i] {
            return a[i] < b[i];
        }
        i += 1;
    }
    a.len() < b.len()
}

/// All entries, merge-sorted by name.
const fn sorted<const N: usize>() -> [Entry; N] {
    let mut a = [FAMILIES[0][0][0]; N];
    let (mut n, mut i) = (0, 0);
    while i < FAMILIES.len() {
        let mut j = 0;
        while j < FAMILIES[i].len() {
            let mut k = 0;
            while k < FAMILIES[i][j].len() {
                a[n] = FAMILIES[i][j][k];
                n += 1;
                k += 1;
            }
            j += 1;
        }
        i += 1;
    }
    let mut b = a;
    let mut width = 1;
    while width < N {
        let mut start = 0;
        while start < N {
            let mid = if start + width < N { start + width } else { N };
            let end = if start + 2 * width < N { start + 2 * width } else { N };
            let (mut l, mut r, mut o) = (start, mid, start);
            while o < end {
                if l < mid && (r >= end || !less(a[r].0, a[l].0)) {
                    b[o] = a[l];
                    l += 1;
                } else {
                    b[o] = a[r];
                    r += 1;
                }
                o += 1;
            }
            start += 2 * width;
        }
        a = b;
        width *= 2;
    }
    a
}

const SORTED: [Entry; count()] = sorted();

/// Everything this crate implements.
pub static KERNELS: KernelTable = KernelTable {
    kernels: tusklet_vector::kernels!(&SORTED),
    aggregates: crate::aggregates::TABLE,
    keys: crate::keys::TABLE,
};
