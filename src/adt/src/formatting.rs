//! `to_char`, `to_date`, `to_timestamp` and `to_number`: templates and what they do to values.
//!
//! A template is parsed into nodes: fields, separators and literal characters. Writing walks the nodes and appends; reading
//! walks nodes and input together. Reading is lenient on purpose: a separator of the template stands for any one separator of the
//! input, or none (see [`datetime`]).

pub mod datetime;
pub mod number;

/// What `FM`, `TM`, `TH` and `th` around a field ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modifiers {
    /// `FM`: no padding.
    pub(crate) fill: bool,
    /// `TM`: localized names. The only locale is English.
    pub(crate) translate: bool,
    /// `TH` or `th`: ordinal suffix, upper case or not.
    pub(crate) ordinal: Option<bool>,
}

/// The ordinal suffix of a number given as text.
pub(crate) fn ordinal_suffix(number: &str, upper: bool) -> &'static str {
    let b = number.as_bytes();
    let teen = b.len() > 1 && b[b.len() - 2] == b'1';
    let i = match b.last() {
        Some(b'1') if !teen => 0,
        Some(b'2') if !teen => 1,
        Some(b'3') if !teen => 2,
        _ => 3,
    };
    if upper { ["ST", "ND", "RD", "TH"][i] } else { ["st", "nd", "rd", "th"][i] }
}
