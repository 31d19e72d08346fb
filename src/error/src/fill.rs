//! Texts with holes, `{}`, that strings fill: what `format!` does with much less code where it is called, for nothing is formatted.

/// The text with its holes filled.
#[inline(never)]
pub fn with(text: &str, args: &[&str]) -> String {
    let mut out = String::new();
    let mut rest = text;
    for a in args {
        let (before, behind) = rest.split_once("{}").unwrap_or((rest, ""));
        out.push_str(before);
        out.push_str(a);
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// [`with`] one string.
#[inline(never)]
pub fn one(text: &str, a: &str) -> String {
    with(text, &[a])
}

/// [`with`] two strings.
#[inline(never)]
pub fn two(text: &str, a: &str, b: &str) -> String {
    with(text, &[a, b])
}

/// [`with`] three strings.
#[inline(never)]
pub fn three(text: &str, a: &str, b: &str, c: &str) -> String {
    with(text, &[a, b, c])
}

/// Fails to compile unless the text has as many holes, and nothing else that `format!` would see to.
pub const fn check(text: &str, holes: usize) {
    let text = text.as_bytes();
    let (mut i, mut n) = (0, 0);
    while i < text.len() {
        if text[i] == b'{' {
            assert!(i + 1 < text.len() && text[i + 1] == b'}', "a hole must be empty");
            n += 1;
            i += 1;
        }
        i += 1;
    }
    assert!(n == holes, "as many strings as holes");
}

/// `format!` of one to three strings: `filled!("{}.{}"; schema, name)`.
#[macro_export]
macro_rules! filled {
    ($text:literal; $a:expr) => {{
        const { $crate::fill::check($text, 1) };
        $crate::fill::one($text, ::core::convert::AsRef::<str>::as_ref(&$a))
    }};
    ($text:literal; $a:expr, $b:expr) => {{
        const { $crate::fill::check($text, 2) };
        $crate::fill::two($text, ::core::convert::AsRef::<str>::as_ref(&$a), ::core::convert::AsRef::<str>::as_ref(&$b))
    }};
    ($text:literal; $a:expr, $b:expr, $c:expr) => {{
        const { $crate::fill::check($text, 3) };
        $crate::fill::three(
            $text,
            ::core::convert::AsRef::<str>::as_ref(&$a),
            ::core::convert::AsRef::<str>::as_ref(&$b),
            ::core::convert::AsRef::<str>::as_ref(&$c),
        )
    }};
}
