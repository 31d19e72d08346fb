//! The crate's 64-bit hash: stable across runs and platforms, since hashes may be stored.

/// Hashes bytes: multiply-fold over 8-byte words, strong enough for hash tables, not against an enemy.
pub fn bytes(b: &[u8]) -> u64 {
    let mut h = 0x9e37_79b9_7f4a_7c15u64 ^ (b.len() as u64);
    let mut words = b.chunks_exact(8);
    for w in &mut words {
        let mut x = [0u8; 8];
        x.copy_from_slice(w);
        h = fold(h ^ u64::from_le_bytes(x));
    }
    let mut x = [0u8; 8];
    let rest = words.remainder();
    x[..rest.len()].copy_from_slice(rest);
    fold(h ^ u64::from_le_bytes(x))
}

/// Hashes one word.
pub fn word(w: u64) -> u64 {
    fold(w ^ 0x2545_f491_4f6c_dd1d)
}

/// Combines two hashes, order matters.
pub fn combine(a: u64, b: u64) -> u64 {
    fold(a.rotate_left(23) ^ b)
}

fn fold(x: u64) -> u64 {
    let m = u128::from(x ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db_u128;
    (m as u64) ^ ((m >> 64) as u64)
}
