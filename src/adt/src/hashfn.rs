//! PostgreSQL's own hash of bytes: Bob Jenkins' lookup3, as `hashfn.c` uses it. Its values are seen by users (`hashtext`)
//! and decide the partition of a row, so they are fixed for ever.

/// `hash_bytes_extended`; with seed 0 the low half is `hash_bytes`.
pub fn bytes(k: &[u8], seed: u64) -> u64 {
    let start = 0x9e37_79b9_u32.wrapping_add(k.len() as u32).wrapping_add(3_923_095);
    let mut s = [start; 3];
    if seed != 0 {
        s[0] = s[0].wrapping_add((seed >> 32) as u32);
        s[1] = s[1].wrapping_add(seed as u32);
        mix(&mut s);
    }
    let mut rest = k;
    while let Some((block, tail)) = rest.split_at_checked(12) {
        add(&mut s, block, 0);
        mix(&mut s);
        rest = tail;
    }
    // The lowest byte of the third word is left to the length.
    add(&mut s, &rest[..rest.len().min(8)], 0);
    add(&mut s, &rest[rest.len().min(8)..], 9);
    let [mut a, mut b, mut c] = s;
    let step = |x: &mut u32, y: u32, bits: u32| *x = (*x ^ y).wrapping_sub(y.rotate_left(bits));
    step(&mut c, b, 14);
    step(&mut a, c, 11);
    step(&mut b, a, 25);
    step(&mut c, b, 16);
    step(&mut a, c, 4);
    step(&mut b, a, 14);
    step(&mut c, b, 24);
    (b as u64) << 32 | c as u64
}

/// `hash_uint32_extended`.
pub fn word(k: u32, seed: u64) -> u64 {
    bytes(&k.to_le_bytes(), seed)
}

/// `hashint8extended`: values that fit in 32 bits hash as those.
pub fn int8(v: i64, seed: u64) -> u64 {
    let high = (v >> 32) as u32;
    word(v as u32 ^ if v >= 0 { high } else { !high }, seed)
}

/// `hashfloat8extended`: both zeros alike, all NaNs alike.
pub fn float8(v: f64, seed: u64) -> u64 {
    match v {
        0.0 => seed,
        _ if v.is_nan() => bytes(&0x7ff8_0000_0000_0000_u64.to_le_bytes(), seed),
        _ => bytes(&v.to_le_bytes(), seed),
    }
}

/// Rotates both halves left by one bit.
pub fn rotate(v: u64) -> u64 {
    (v << 1) & 0xffff_fffe_ffff_fffe | (v >> 31) & 0x1_0000_0001
}

/// How hashes of a container's items are put together.
pub fn combine(all: u64, item: u64) -> u64 {
    (all << 5).wrapping_sub(all).wrapping_add(item)
}

fn add(s: &mut [u32; 3], k: &[u8], from: usize) {
    for (i, b) in k.iter().enumerate() {
        let at = from + i;
        s[at / 4] = s[at / 4].wrapping_add((*b as u32) << (at % 4 * 8));
    }
}

fn mix(s: &mut [u32; 3]) {
    for (i, bits) in [4, 6, 8, 16, 19, 4].into_iter().enumerate() {
        let (x, y, z) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        s[x] = s[x].wrapping_sub(s[y]) ^ s[y].rotate_left(bits);
        s[y] = s[y].wrapping_add(s[z]);
    }
}
