//! Identifiers as SQL text.
use tusklet_error::filled;

/// The words of the grammar that cannot stand for every kind of name without quotes: all but the unreserved.
static KEYWORDS: &str = " all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both \
case cast char character check coalesce collate collation column concurrently constraint create cross current_catalog \
current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc \
distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping \
having ilike in initially inner inout int integer intersect interval into is isnull join lateral leading least left like \
limit localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or \
order out outer overlaps overlay placing position precision primary real references returning right row select \
session_user setof similar smallint some substring symmetric table tablesample then time timestamp to trailing treat trim \
true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement \
xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable ";

/// The name, in double quotes where it would not be read back as itself (`quote_identifier`).
pub fn quote_identifier(name: &str) -> String {
    let mut bytes = name.bytes();
    let simple = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if simple && !KEYWORDS.contains(&filled!(" {} "; name)) {
        return name.to_string();
    }
    filled!("\"{}\""; name.replace('"', "\"\""))
}
