//! Validity bitmaps: one bit a row, set when the value is not NULL.

/// A growable bitmap. The empty bitmap means "all set", which is the common case and costs nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// All bits set, whatever the length.
    pub const fn all_set() -> Bitmap {
        Bitmap { words: Vec::new() }
    }

    /// Whether nothing was ever cleared.
    #[inline]
    pub fn is_all_set(&self) -> bool {
        self.words.is_empty()
    }

    /// The bit of row `i`.
    #[inline]
    pub fn get(&self, i: usize) -> bool {
        match self.words.get(i >> 6) {
            Some(w) => w >> (i & 63) & 1 == 1,
            None => true,
        }
    }

    /// Sets or clears the bit of row `i`.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn set(&mut self, i: usize, valid: bool) {
        let w = i >> 6;
        if w >= self.words.len() {
            if valid {
                return;
            }
            self.words.resize(w + 1, u64::MAX);
        }
        if valid {
            self.words[w] |= 1 << (i & 63);
        } else {
            self.words[w] &= !(1 << (i & 63));
        }
    }

    /// Clears rows `0..n`.
    pub fn clear_all(&mut self, n: usize) {
        self.words.clear();
        self.words.resize(n.div_ceil(64), 0);
        if n % 64 != 0 {
            if let Some(last) = self.words.last_mut() {
                *last = u64::MAX << (n % 64);
            }
        }
    }

    /// Back to all set.
    pub fn reset(&mut self) {
        self.words.clear();
    }

    /// Rows valid in both, for strict functions.
    pub fn and(&self, other: &Bitmap) -> Bitmap {
        if self.is_all_set() {
            return other.clone();
        }
        let n = self.words.len().max(other.words.len());
        let word = |b: &Bitmap, i: usize| b.words.get(i).copied().unwrap_or(u64::MAX);
        Bitmap { words: (0..n).map(|i| word(self, i) & word(other, i)).collect() }
    }

    /// The words, least significant bit first; rows past the end are set.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Rebuilds from words.
    pub fn from_words(words: Vec<u64>) -> Bitmap {
        Bitmap { words }
    }
}
