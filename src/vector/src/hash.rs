//! One fast 64-bit hash for hash tables. Not stable across versions: never stored.

const K: u64 = 0x9E37_79B9_7F4A_7C15;

/// Mixes one word.
#[inline]
pub fn word(x: u64) -> u64 {
    let x = (x ^ (x >> 32)).wrapping_mul(K);
    let x = (x ^ (x >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ (x >> 32)
}

/// Combines the hash so far with that of one more column.
#[inline]
pub fn combine(h: u64, x: u64) -> u64 {
    (h.rotate_left(5) ^ x).wrapping_mul(K)
}

/// Hashes bytes, eight at a time.
#[inline]
pub fn bytes(b: &[u8]) -> u64 {
    let mut h = (b.len() as u64).wrapping_mul(K);
    let mut chunks = b.chunks_exact(8);
    for c in &mut chunks {
        let w = u64::from_le_bytes([c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]]);
        h = (h.rotate_left(23) ^ w).wrapping_mul(K);
    }
    let last = match b.last_chunk() {
        // The last eight, some of them for the second time.
        Some(c) => u64::from_le_bytes(*c),
        None => chunks.remainder().iter().rev().fold(0, |w, x| w << 8 | *x as u64),
    };
    word(h ^ last)
}
