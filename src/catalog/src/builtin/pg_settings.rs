//! Settings (GUCs): what `SHOW`, `SET` and `pg_settings` know before anything is set.

use super::table::search;
use super::{generated, view};

view! {
    /// A setting. Those flagged `NO_SHOW_ALL` are hidden from `pg_settings` and `SHOW ALL`.
    Setting of pg_settings {
        /// `name`, in its canonical case.
        name: text = NAME;
        /// `vartype`: `bool`, `enum`, `integer`, `real`, `string`.
        vartype: text = VARTYPE;
        /// `context`: who may change it, and when.
        context: text = CONTEXT;
        /// `unit`.
        unit: opt_text = UNIT;
        /// `boot_val`: the value when nothing says otherwise, in `unit`s.
        boot_val: opt_text = BOOT_VAL;
        /// `min_val`.
        min_val: opt_text = MIN_VAL;
        /// `max_val`.
        max_val: opt_text = MAX_VAL;
        /// `enumvals`.
        enumvals: opt_texts = ENUMVALS;
        /// What `pg_settings_get_flags` says.
        flags: opt_texts = FLAGS;
        /// `category`.
        category: text = CATEGORY;
        /// `short_desc`.
        short_desc: text = SHORT_DESC;
        /// `extra_desc`.
        extra_desc: opt_text = EXTRA_DESC;
    }
}

/// A setting by name, whatever its case, as `find_option` does.
pub fn setting(name: &str) -> Option<Setting> {
    use generated::pg_settings::{BY_LOWER_NAME, ROWS};
    let at = |i: usize| Setting(BY_LOWER_NAME.get(i) as u16);
    let lower = |s: Setting| s.name().bytes().map(|b| b.to_ascii_lowercase());
    let wanted = || name.bytes().map(|b| b.to_ascii_lowercase());
    let found = search(ROWS, |i| lower(at(i)).lt(wanted()));
    if found < ROWS && lower(at(found)).eq(wanted()) { Some(at(found)) } else { None }
}

/// All settings in the order of `SHOW ALL`, which ignores case.
pub fn settings() -> impl ExactSizeIterator<Item = Setting> + Clone {
    use generated::pg_settings::{BY_LOWER_NAME, ROWS};
    (0..ROWS).map(|i| Setting(BY_LOWER_NAME.get(i) as u16))
}
