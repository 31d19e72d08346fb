//! Which record types there are, and which fields their contents have.

use tusklet_error::filled;
use super::fields::Field::{self, *};

/// A record type.
pub(crate) struct Type {
    name: &'static str,
    pub number: u16,
    /// The first field is kept in the column `prio`.
    pub prio: bool,
    pub fields: &'static [Field],
}

const fn t(name: &'static str, number: u16, fields: &'static [Field]) -> Type {
    Type { name, number, prio: false, fields }
}

const fn p(name: &'static str, number: u16, fields: &'static [Field]) -> Type {
    Type { name, number, prio: true, fields }
}

/// By number, as RFC 4034 orders types inside a name.
const TYPES: &[Type] = &[
    t("A", 1, &[Ipv4]),
    t("NS", 2, &[Host]),
    t("CNAME", 5, &[Target]),
    t(
        "SOA",
        6,
        &[Host, Mailbox, U32("serial"), Period("refresh"), Period("retry"), Period("expire"), Period("minimum")],
    ),
    t("MR", 9, &[Target]),
    t("PTR", 12, &[Target]),
    t("HINFO", 13, &[Str("CPU"), Str("operating system")]),
    t("MINFO", 14, &[Mailbox, Mailbox]),
    p("MX", 15, &[Host]),
    t("TXT", 16, &[Texts]),
    t("RP", 17, &[Mailbox, Target]),
    t("AFSDB", 18, &[U16("subtype"), Host]),
    t("KEY", 25, &[U16("flags"), U8("protocol"), Algorithm, Base64("key")]),
    t("AAAA", 28, &[Ipv6]),
    t("LOC", 29, &[Location]),
    p("SRV", 33, &[U16("weight"), U16("port"), Host]),
    t(
        "NAPTR",
        35,
        &[U16("order"), U16("preference"), Str("flags"), Str("services"), Str("regular expression"), Target],
    ),
    t("KX", 36, &[U16("preference"), Host]),
    t("CERT", 37, &[CertType, U16("key tag"), Algorithm, Base64("certificate")]),
    t("DNAME", 39, &[Target]),
    t("APL", 42, &[Prefixes]),
    t("DS", 43, &[U16("key tag"), Algorithm, U8("digest type"), Hex("digest")]),
    t("SSHFP", 44, &[U8("algorithm"), U8("fingerprint type"), Hex("fingerprint")]),
    t("IPSECKEY", 45, &[U8("precedence"), Gateway]),
    t("RRSIG", 46, &[]),
    t("NSEC", 47, &[]),
    t("DNSKEY", 48, &[U16("flags"), U8("protocol"), Algorithm, Base64("key")]),
    t("DHCID", 49, &[Base64("identifier")]),
    t("NSEC3", 50, &[]),
    t("NSEC3PARAM", 51, &[U8("hash algorithm"), U8("flags"), U16("iterations"), Salt]),
    t("TLSA", 52, &[U8("usage"), U8("selector"), U8("matching type"), Hex("certificate data")]),
    t("SMIMEA", 53, &[U8("usage"), U8("selector"), U8("matching type"), Hex("certificate data")]),
    t("CDS", 59, &[U16("key tag"), Algorithm, U8("digest type"), Hex("digest")]),
    t("CDNSKEY", 60, &[U16("flags"), U8("protocol"), Algorithm, Base64("key")]),
    t("OPENPGPKEY", 61, &[Base64("key")]),
    t("CSYNC", 62, &[U32("serial"), U16("flags"), TypeList]),
    t("ZONEMD", 63, &[U32("serial"), U8("scheme"), U8("hash algorithm"), Hex("digest")]),
    t("SVCB", 64, &[Service]),
    t("HTTPS", 65, &[Service]),
    t("SPF", 99, &[Texts]),
    t("NID", 104, &[U16("preference"), Node64]),
    t("L32", 105, &[U16("preference"), Ipv4]),
    t("L64", 106, &[U16("preference"), Node64]),
    t("LP", 107, &[U16("preference"), Target]),
    t("EUI48", 108, &[Eui(6)]),
    t("EUI64", 109, &[Eui(8)]),
    t("URI", 256, &[U16("priority"), U16("weight"), LongStr("URI")]),
    t("CAA", 257, &[U8("flags"), Tag, LongStr("value")]),
    t("DLV", 32769, &[U16("key tag"), Algorithm, U8("digest type"), Hex("digest")]),
    t("ALIAS", 65401, &[Target]),
    t("LUA", 65402, &[TypeName, Texts]),
];

/// Mnemonics of the types an editor can offer.
pub fn type_names() -> impl Iterator<Item = &'static str> {
    TYPES.iter().filter(|t| !t.fields.is_empty()).map(|t| t.name)
}

/// Types by mnemonic in any case, or as `TYPEnnn`. The error is a sentence.
pub(crate) fn find(name: &str) -> Result<Type, String> {
    if let Some(t) = TYPES.iter().find(|t| t.name.eq_ignore_ascii_case(name)) {
        return Ok(Type { ..*t });
    }
    let number = name.get(..4).filter(|p| p.eq_ignore_ascii_case("TYPE")).and_then(|_| decimal(&name[4..]));
    match number.and_then(|n| u16::try_from(n).ok()) {
        Some(0) | None => Err(filled!("unknown record type '{}'"; crate::name::short(name))),
        Some(number) => Ok(match TYPES.iter().find(|t| t.number == number) {
            Some(t) => Type { ..*t },
            None => Type { name: "", number, prio: false, fields: &[Unknown] },
        }),
    }
}

/// Digits only.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() < 20 && text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Types that signing makes; PowerDNS makes them itself and keeps none.
pub(crate) fn is_made_by_server(kind: &Type) -> bool {
    kind.fields.is_empty()
}

impl Type {
    /// The mnemonic.
    pub fn name(&self) -> String {
        if self.name.is_empty() { format!("TYPE{}", self.number) } else { self.name.into() }
    }

    /// Strings that belong together as one text.
    pub fn is_text(&self) -> bool {
        matches!(self.number, 16 | 99)
    }
}
