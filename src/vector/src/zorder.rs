//! Points of up to four dimensions as key bytes: the bits of their coordinates in turn, most significant first (Morton
//! order). So a B+tree of such keys is a quadtree, and a box of coordinates lies between the keys of its two corners,
//! among keys outside it that [`next_inside`] steps over.

/// Coordinates; those past the dimensions in use are zero.
pub type Point = [u64; 4];

/// Both corners of a box of coordinates, inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// The least of each coordinate.
    pub low: Point,
    /// The greatest of each.
    pub high: Point,
}

impl Rect {
    /// The whole space.
    pub const ALL: Rect = Rect { low: [0; 4], high: [u64::MAX; 4] };

    /// Whether it has a point.
    pub fn has(&self, p: &Point, dims: usize) -> bool {
        (0..dims).all(|d| self.low[d] <= p[d] && p[d] <= self.high[d])
    }
}

/// Appends the key of a point.
pub fn write(p: &Point, dims: usize, out: &mut Vec<u8>) {
    let (mut byte, mut bits) = (0u8, 0);
    for level in (0..64).rev() {
        for c in &p[..dims] {
            byte = byte << 1 | (c >> level & 1) as u8;
            bits += 1;
            if bits % 8 == 0 {
                out.push(byte);
            }
        }
    }
}

/// Reads a key; missing bytes are zero.
pub fn read(key: &[u8], dims: usize) -> Point {
    let mut p = [0; 4];
    let mut at = 0;
    for _ in 0..64 {
        for c in &mut p[..dims] {
            let byte = key.get(at / 8).copied().unwrap_or(0);
            *c = *c << 1 | u64::from(byte >> (7 - at % 8) & 1);
            at += 1;
        }
    }
    p
}

/// The least point of `r` that is not before `z` in key order, `z` not being in it (Tropf and Herzog's BIGMIN).
pub fn next_inside(z: &Point, r: &Rect, dims: usize) -> Option<Point> {
    let (mut low, mut high, mut found) = (r.low, r.high, None);
    for level in (0..64).rev() {
        let below = (1u64 << level) - 1;
        for d in 0..dims {
            let bit = |p: &Point| p[d] >> level & 1 == 1;
            match (bit(z), bit(&low), bit(&high)) {
                (false, false, true) => {
                    let mut c = low;
                    c[d] = c[d] & !(below << 1 | 1) | 1 << level;
                    found = Some(c);
                    high[d] = high[d] & !(1 << level) | below;
                }
                (false, true, _) => return Some(low),
                (true, false, false) => return found,
                (true, false, true) => low[d] = low[d] & !(below << 1 | 1) | 1 << level,
                _ => {}
            }
        }
    }
    Some(*z)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(p: &Point, dims: usize) -> Vec<u8> {
        let mut out = Vec::new();
        write(p, dims, &mut out);
        out
    }

    #[test]
    fn keys_read_back_and_the_next_point_inside_is_the_next_one() {
        let at = |n: u64| [n & 7, n >> 3 & 7, 0, 0];
        for n in 0..64 {
            assert_eq!(read(&key(&at(n), 2), 2), at(n));
        }
        for a in 0..64 {
            for b in 0..64 {
                let (p, q) = (at(a), at(b));
                let r = Rect { low: [p[0].min(q[0]), p[1].min(q[1]), 0, 0], high: [p[0].max(q[0]), p[1].max(q[1]), 0, 0] };
                for z in (0..64).map(at).filter(|z| !r.has(z, 2)) {
                    let inside = (0..64).map(at).filter(|x| r.has(x, 2) && key(x, 2) > key(&z, 2));
                    assert_eq!(next_inside(&z, &r, 2), inside.min_by_key(|x| key(x, 2)), "{z:?} {r:?}");
                }
            }
        }
    }
}
