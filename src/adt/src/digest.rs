//! MD5 and SHA-2, small rather than fast: the round constants are computed from what defines them.

use std::sync::OnceLock;

/// First 64 bits of the fractional part of the `root`-th root (2 or 3) of `n`: ⌊n^(1/root)·2^64⌋ mod 2^64 by bisection.
fn root_fraction(n: u64, root: u32) -> u64 {
    // Find the largest x with x^root ≤ n·2^(64·root), comparing in limbs of 32 bits.
    let (mut lo, mut hi) = (0u128, 1u128 << 70);
    while hi - lo > 1 {
        let mid = (lo + hi) / 2;
        if power_at_most(mid, root, n) { lo = mid } else { hi = mid }
    }
    lo as u64
}

fn limbs_mul(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut r = vec![0u32; a.len() + b.len()];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0u64;
        for (j, &y) in b.iter().enumerate() {
            let t = u64::from(r[i + j]) + u64::from(x) * u64::from(y) + carry;
            r[i + j] = t as u32;
            carry = t >> 32;
        }
        r[i + b.len()] = carry as u32;
    }
    r
}

fn power_at_most(x: u128, root: u32, n: u64) -> bool {
    let limbs = [x as u32, (x >> 32) as u32, (x >> 64) as u32];
    let mut p = limbs.to_vec();
    for _ in 1..root {
        p = limbs_mul(&p, &limbs);
    }
    let mut bound = vec![0u32; 2 * root as usize];
    bound.push(n as u32);
    bound.resize(p.len().max(bound.len()), 0);
    p.resize(bound.len(), 0);
    p.iter().rev().cmp(bound.iter().rev()).is_le()
}

fn primes(count: usize) -> Vec<u64> {
    let mut out: Vec<u64> = Vec::with_capacity(count);
    let mut n = 2;
    while out.len() < count {
        if out.iter().all(|p| n % p != 0) {
            out.push(n);
        }
        n += 1;
    }
    out
}

/// The message padded to whole blocks.
fn padded(data: &[u8], block: usize) -> Vec<u8> {
    let mut m = data.to_vec();
    m.push(0x80);
    let length_bytes = block / 8;
    while m.len() % block != block - length_bytes {
        m.push(0);
    }
    let bits = (data.len() as u128) * 8;
    m.extend_from_slice(&bits.to_be_bytes()[16 - length_bytes..]);
    m
}

/// MD5.
pub fn md5(data: &[u8]) -> [u8; 16] {
    static SINES: OnceLock<[u32; 64]> = OnceLock::new();
    let k = SINES.get_or_init(|| std::array::from_fn(|i| ((i as f64 + 1.0).sin().abs() * 4294967296.0) as u32));
    let mut h = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let mut rest = data;
    while let Some((block, more)) = rest.split_first_chunk() {
        md5_block(&mut h, block, k);
        rest = more;
    }
    // The rest, a bit, zeros, and the length in the last eight bytes: one block or two.
    let mut last = [0; 128];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    let end = if rest.len() < 56 { 64 } else { 128 };
    last[end - 8..end].copy_from_slice(&(data.len() as u64 * 8).to_le_bytes());
    let mut rest = &last[..end];
    while let Some((block, more)) = rest.split_first_chunk() {
        md5_block(&mut h, block, k);
        rest = more;
    }
    (u128::from(h[0]) | u128::from(h[1]) << 32 | u128::from(h[2]) << 64 | u128::from(h[3]) << 96).to_le_bytes()
}

fn md5_block(h: &mut [u32; 4], block: &[u8; 64], k: &[u32; 64]) {
    let mut m = [0; 16];
    for i in 0..16 {
        m[i] = u32::from_le_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]]);
    }
    let [mut a, mut b, mut c, mut d] = *h;
    // Four steps at a time, so that the four words keep their places.
    macro_rules! round {
        ($round:literal, $times:literal, $plus:literal, $f:expr, $s0:literal $s1:literal $s2:literal $s3:literal) => {
            let f = $f;
            for i in ($round * 16..$round * 16 + 16).step_by(4) {
                macro_rules! step {
                    ($a:ident $b:ident $c:ident $d:ident $n:literal $s:literal) => {
                        let i = i + $n;
                        let t = $a.wrapping_add(f($b, $c, $d)).wrapping_add(k[i & 63]).wrapping_add(m[($times * i + $plus) & 15]);
                        $a = $b.wrapping_add(t.rotate_left($s));
                    };
                }
                step!(a b c d 0 $s0);
                step!(d a b c 1 $s1);
                step!(c d a b 2 $s2);
                step!(b c d a 3 $s3);
            }
        };
    }
    round!(0, 1, 0, |b: u32, c: u32, d: u32| d ^ (b & (c ^ d)), 7 12 17 22);
    round!(1, 5, 1, |b: u32, c: u32, d: u32| c ^ (d & (b ^ c)), 5 9 14 20);
    round!(2, 3, 5, |b: u32, c: u32, d: u32| b ^ c ^ d, 4 11 16 23);
    round!(3, 7, 0, |b: u32, c: u32, d: u32| c ^ (b | !d), 6 10 15 21);
    h[0] = h[0].wrapping_add(a);
    h[1] = h[1].wrapping_add(b);
    h[2] = h[2].wrapping_add(c);
    h[3] = h[3].wrapping_add(d);
}

fn sha2_32(data: &[u8], mut h: [u32; 8]) -> Vec<u8> {
    let k: Vec<u32> = primes(64).iter().map(|&p| (root_fraction(p, 3) >> 32) as u32).collect();
    for block in padded(data, 64).chunks_exact(64) {
        let mut w: Vec<u32> = block.chunks_exact(4).map(|w| u32::from_be_bytes([w[0], w[1], w[2], w[3]])).collect();
        for i in 16..64 {
            let (x, y) = (w[i - 15], w[i - 2]);
            let s0 = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3);
            let s1 = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = h;
        for i in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let ch = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7].wrapping_add(s1).wrapping_add(ch).wrapping_add(k[i]).wrapping_add(w[i]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v = [t1.wrapping_add(s0.wrapping_add(maj)), v[0], v[1], v[2], v[3].wrapping_add(t1), v[4], v[5], v[6]];
        }
        for (x, y) in h.iter_mut().zip(v) {
            *x = x.wrapping_add(y);
        }
    }
    h.iter().flat_map(|w| w.to_be_bytes()).collect()
}

fn sha2_64(data: &[u8], mut h: [u64; 8]) -> Vec<u8> {
    let k: Vec<u64> = primes(80).iter().map(|&p| root_fraction(p, 3)).collect();
    for block in padded(data, 128).chunks_exact(128) {
        let mut w: Vec<u64> =
            block.chunks_exact(8).map(|b| b.iter().fold(0, |v, &x| (v << 8) | u64::from(x))).collect();
        for i in 16..80 {
            let (x, y) = (w[i - 15], w[i - 2]);
            let s0 = x.rotate_right(1) ^ x.rotate_right(8) ^ (x >> 7);
            let s1 = y.rotate_right(19) ^ y.rotate_right(61) ^ (y >> 6);
            w.push(w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1));
        }
        let mut v = h;
        for i in 0..80 {
            let s1 = v[4].rotate_right(14) ^ v[4].rotate_right(18) ^ v[4].rotate_right(41);
            let ch = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 = v[7].wrapping_add(s1).wrapping_add(ch).wrapping_add(k[i]).wrapping_add(w[i]);
            let s0 = v[0].rotate_right(28) ^ v[0].rotate_right(34) ^ v[0].rotate_right(39);
            let maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v = [t1.wrapping_add(s0.wrapping_add(maj)), v[0], v[1], v[2], v[3].wrapping_add(t1), v[4], v[5], v[6]];
        }
        for (x, y) in h.iter_mut().zip(v) {
            *x = x.wrapping_add(y);
        }
    }
    h.iter().flat_map(|w| w.to_be_bytes()).collect()
}

/// Initial words: square roots of eight primes.
fn initial(skip: usize) -> [u64; 8] {
    let mut h = [0; 8];
    for (x, p) in h.iter_mut().zip(primes(16).into_iter().skip(skip)) {
        *x = root_fraction(p, 2);
    }
    h
}

/// SHA-224.
pub fn sha224(data: &[u8]) -> Vec<u8> {
    // The second 32 bits of the roots of the ninth to sixteenth prime.
    let mut out = sha2_32(data, initial(8).map(|x| x as u32));
    out.truncate(28);
    out
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> Vec<u8> {
    sha2_32(data, initial(0).map(|x| (x >> 32) as u32))
}

/// SHA-384.
pub fn sha384(data: &[u8]) -> Vec<u8> {
    let mut out = sha2_64(data, initial(8));
    out.truncate(48);
    out
}

/// SHA-512.
pub fn sha512(data: &[u8]) -> Vec<u8> {
    sha2_64(data, initial(0))
}
