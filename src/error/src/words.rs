//! Choosing by a word among many: the words lie in one text that a loop goes over, where `match` compares with one after the other.

/// Where `word` is among `words`, each of which ends in a bar; behind the last when it is none of them.
#[inline(never)]
pub fn place(words: &str, word: &str) -> usize {
    words.split('|').take_while(|w| *w != word).count()
}

/// Whether `word` is among `words`, each of which ends in a bar.
#[inline(never)]
pub fn has(words: &str, word: &str) -> bool {
    place(words, word) < place(words, "")
}

/// [`place`] when compiling.
pub const fn place_of(words: &str, word: &str) -> usize {
    let (words, word) = (words.as_bytes(), word.as_bytes());
    let (mut start, mut n) = (0, 0);
    let mut i = 0;
    while i < words.len() {
        if words[i] == b'|' {
            let mut same = i - start == word.len();
            let mut k = 0;
            while same && k < word.len() {
                same = words[start + k] == word[k];
                k += 1;
            }
            if same {
                return n;
            }
            n += 1;
            start = i + 1;
        }
        i += 1;
    }
    panic!("a word must not contain a bar")
}

/// `match` of a string with many words, in a fifth of the code: `match_word!(s; "a" => 1, "b" | "c" => 2; other => 3)`.
#[macro_export]
macro_rules! match_word {
    ($word:expr; $($($lit:literal)|+ => $body:expr),+; $rest:pat => $other:expr $(,)?) => {{
        const WORDS: &str = concat!($($($lit, "|"),+),+);
        // What `match` keeps alive for its arms.
        match $word {
            word => {
                let place = $crate::words::place(WORDS, word);
                $(if $(place == const { $crate::words::place_of(WORDS, $lit) })||+ {
                    $body
                } else)+ {
                    let $rest = word;
                    $other
                }
            }
        }
    }};
}
