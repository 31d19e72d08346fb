//! Encodings other than the engine's own: their names, and those of one byte a character.
//!
//! `data/encodings.bin` has the characters of bytes 128 to 255 of each (`cargo xtask unicode` asks PostgreSQL). Those of
//! several bytes are known by name only: their tables would be as much to download as a tenth of the engine.

use std::borrow::Cow;

use tusklet_error::{Error, Result, bail, err, filled};

static DATA: &[u8] = include_bytes!("../data/encodings.bin");

/// PostgreSQL's encodings by number.
pub static NAMES: [&str; 42] = [
    "SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL", "LATIN1", "LATIN2",
    "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8", "LATIN9", "LATIN10", "WIN1256", "WIN1258", "WIN866",
    "WIN874", "KOI8R", "WIN1251", "WIN1252", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250",
    "WIN1253", "WIN1254", "WIN1255", "WIN1257", "KOI8U", "SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB",
    "SHIFT_JIS_2004",
];

/// No encoding: bytes are taken as they come.
pub const SQL_ASCII: usize = 0;
/// The engine's own.
pub const UTF8: usize = 6;

/// Other names, letters and digits only.
static ALIASES: [(&str, &str); 26] = [
    ("abc", "win1258"), ("alt", "win866"), ("iso88591", "latin1"), ("iso885910", "latin6"), ("iso885913", "latin7"),
    ("iso885914", "latin8"), ("iso885915", "latin9"), ("iso885916", "latin10"), ("iso88592", "latin2"),
    ("iso88593", "latin3"), ("iso88594", "latin4"), ("iso88599", "latin5"), ("koi8", "koi8r"), ("mskanji", "sjis"),
    ("shiftjis", "sjis"), ("tcvn", "win1258"), ("tcvn5712", "win1258"), ("unicode", "utf8"), ("vscii", "win1258"),
    ("win", "win1251"), ("win932", "sjis"), ("win936", "gbk"), ("win949", "uhc"), ("win950", "big5"),
    ("windows932", "sjis"), ("windows936", "gbk"),
];

fn plain(s: &str) -> String {
    s.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// `pg_char_to_encoding`: the number of an encoding by any of its names.
pub fn by_name(name: &str) -> Option<usize> {
    let mut wanted = plain(name);
    if let Some(rest) = wanted.strip_prefix("windows") {
        wanted = filled!("win{}"; rest);
    }
    let wanted = ALIASES.iter().find(|a| a.0 == wanted).map_or(wanted.as_str(), |a| a.1);
    NAMES.iter().position(|n| plain(n) == wanted)
}

/// The characters of the upper half, 0 where there is none.
fn upper(encoding: usize) -> Option<[u32; 128]> {
    let mut data = DATA;
    while let Some((number, rest)) = data.split_first() {
        data = rest;
        let (mut table, mut c) = ([0; 128], 0i64);
        for slot in &mut table {
            let n = i64::from(crate::unicode_norm::number(&mut data));
            c += if n & 1 == 0 { n >> 1 } else { -(n >> 1) - 1 };
            *slot = c as u32;
        }
        if usize::from(*number) == encoding {
            return Some(table);
        }
    }
    None
}

fn unsupported(encoding: usize) -> Error {
    Error::unsupported(filled!("encoding {}"; NAMES.get(encoding).copied().unwrap_or("")))
}

fn shown(b: &[u8]) -> String {
    b.iter().map(|b| format!("0x{b:02x}")).collect::<Vec<_>>().join(" ")
}

fn no_equivalent(b: &[u8], from: usize, to: usize) -> Error {
    err!(
        UNTRANSLATABLE_CHARACTER,
        "character with byte sequence {} in encoding \"{}\" has no equivalent in encoding \"{}\"";
        shown(b),
        NAMES[from],
        NAMES[to]
    )
}

fn invalid(encoding: usize, b: &[u8]) -> Error {
    err!(CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"{}\": {}"; NAMES[encoding], shown(b))
}

/// Text from bytes a client sent: valid UTF-8 without NUL.
pub fn check_utf8(b: &[u8]) -> Result<&str> {
    let (end, s) = match std::str::from_utf8(b) {
        Ok(s) => (b.len(), Some(s)),
        Err(e) => (e.valid_up_to(), None),
    };
    if let Some(zero) = b[..end].iter().position(|x| *x == 0) {
        return Err(invalid(UTF8, &b[zero..zero + 1]));
    }
    s.ok_or_else(|| {
        let want = match b.get(end) {
            Some(0xC0..=0xDF) => 2,
            Some(0xE0..=0xEF) => 3,
            Some(0xF0..=0xF7) => 4,
            _ => 1,
        };
        invalid(UTF8, &b[end..b.len().min(end + want)])
    })
}

/// `pg_verify_mbstr_len`: how many characters there are.
pub fn length(b: &[u8], encoding: usize) -> Result<usize> {
    match encoding {
        UTF8 => Ok(check_utf8(b)?.chars().count()),
        SQL_ASCII | 8..=34 => match b.contains(&0) {
            true => Err(invalid(encoding, &[0])),
            false => Ok(b.len()),
        },
        // What is ASCII is so in all of them.
        _ if b.iter().all(|c| (1..128).contains(c)) => Ok(b.len()),
        _ => Err(unsupported(encoding)),
    }
}

/// Encodings that are converted into one another without a detour (`pg_conversion`).
static SIDEWAYS: [&[usize]; 10] = [
    &[20, 22, 23, 25, 7], &[9, 29, 7], &[8, 7], &[10, 7], &[11, 7], &[36, 4, 7], &[1, 35, 7], &[2, 7], &[3, 7], &[5, 41],
];

/// What a client's text is in, where it is neither the engine's own encoding nor none: both ways.
#[derive(Debug)]
pub struct Client {
    number: usize,
    /// The characters of bytes 128 to 255; none are known of encodings of several bytes, which serve for ASCII alone.
    upper: Option<[u32; 128]>,
}

impl Client {
    /// `None` where nothing is converted.
    pub fn new(number: usize) -> Option<Client> {
        (!matches!(number, UTF8 | SQL_ASCII)).then(|| Client { number, upper: upper(number) })
    }

    /// Text from its bytes.
    pub fn decode<'a>(&self, b: &'a [u8]) -> Result<Cow<'a, str>> {
        if b.is_ascii() {
            return check_utf8(b).map(Cow::Borrowed).map_err(|_| invalid(self.number, &[0]));
        }
        let mut out = String::with_capacity(b.len() + b.len() / 2);
        let read = self.decode_prefix(b, &mut out);
        read.1.map_or(Ok(Cow::Owned(out)), Err)
    }

    /// As far as it is text: how many bytes were, and what is wrong with the next.
    pub fn decode_prefix(&self, b: &[u8], out: &mut String) -> (usize, Option<Error>) {
        let Some(upper) = &self.upper else {
            let n = b.iter().position(|c| *c > 127).unwrap_or(b.len());
            out.extend(b[..n].iter().map(|c| *c as char));
            return (n, (n < b.len()).then(|| unsupported(self.number)));
        };
        for (i, x) in b.iter().enumerate() {
            let c = if *x < 128 { u32::from(*x) } else { upper[usize::from(*x - 128)] };
            match char::from_u32(c) {
                Some('\0') | None if *x == 0 => return (i, Some(invalid(self.number, &[0]))),
                Some('\0') | None => return (i, Some(no_equivalent(&[*x], self.number, UTF8))),
                Some(c) => out.push(c),
            }
        }
        (b.len(), None)
    }

    /// Text as its bytes.
    pub fn encode<'a>(&self, b: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        if b.is_ascii() {
            return Ok(Cow::Borrowed(b));
        }
        let upper = self.upper.as_ref().ok_or_else(|| unsupported(self.number))?;
        let mut out = Vec::with_capacity(b.len());
        for c in check_utf8(b)?.chars() {
            match upper.iter().position(|x| *x == c as u32) {
                _ if c.is_ascii() => out.push(c as u8),
                Some(i) => out.push(i as u8 + 128),
                None => return Err(no_equivalent(c.encode_utf8(&mut [0; 4]).as_bytes(), UTF8, self.number)),
            }
        }
        Ok(Cow::Owned(out))
    }
}

/// Text a client sent.
pub fn from_client<'a>(client: Option<&Client>, b: &'a [u8]) -> Result<Cow<'a, str>> {
    match client {
        None => check_utf8(b).map(Cow::Borrowed),
        Some(c) => c.decode(b),
    }
}

/// Whether a client can be spoken to in it (`PrepareClientEncoding`).
pub fn is_client(encoding: usize) -> bool {
    matches!(encoding, SQL_ASCII | UTF8 | 8..=34)
}

/// `pg_convert`: bytes of one encoding as bytes of another.
pub fn convert(b: &[u8], from: usize, to: usize) -> Result<Vec<u8>> {
    length(b, from)?;
    if from == to || to == SQL_ASCII {
        return Ok(b.to_vec());
    }
    if from == SQL_ASCII {
        length(b, to)?;
        return Ok(b.to_vec());
    }
    if from != UTF8 && to != UTF8 && !SIDEWAYS.iter().any(|g| g.contains(&from) && g.contains(&to)) {
        bail!(
            UNDEFINED_FUNCTION,
            "default conversion function for encoding \"{}\" to \"{}\" does not exist";
            NAMES[from],
            NAMES[to]
        );
    }
    if b.is_ascii() {
        return Ok(b.to_vec());
    }
    match (Client::new(from), Client::new(to)) {
        (Some(f), None) => f.decode(b).map(|s| s.into_owned().into_bytes()),
        (None, Some(t)) => t.encode(b).map(Cow::into_owned),
        (None, None) => Ok(b.to_vec()),
        (Some(f), Some(t)) => {
            if let Some(c) = [&f, &t].into_iter().find(|c| c.upper.is_none()) {
                return Err(unsupported(c.number));
            }
            let mut out = Vec::with_capacity(b.len());
            for x in b {
                let one = f.decode(std::slice::from_ref(x)).and_then(|c| Ok(out.extend_from_slice(&t.encode(c.as_bytes())?)));
                one.map_err(|_| no_equivalent(&[*x], from, to))?;
            }
            Ok(out)
        }
    }
}

/// What `to_ascii` makes of bytes from 128 on, as far as they occur in UTF-8.
static ASCII: [(usize, &str); 4] = [
    (8, "                                  cL Y  \"Ca  -R     'u .,      ?AAAAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooo"),
    (9, "                                 A L LS \"SSTZ-ZZ a,l'ls ,sstz\"zzAAAAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoo"),
    (16, "                                  cL YS sCa  -R     Zu .z   EeY?AAAAAAACEEEEIIII NOOOOOxOUUUUYTBaaaaaaaceeeeiiii nooo"),
    (29, "  ' \"    %S<STZZ `'\"\".--  s>stzz   L A  \"CS  -RZ  ,l'u .,as L\"lzAAAAALCCCEEEEIIDDNNOOOOxRUUUUYTBraaaalccceeeeiiddnnoo"),
];

/// `to_ascii`: PostgreSQL looks at the bytes of the text as if it were in that encoding.
pub fn to_ascii(s: &str, encoding: usize) -> Result<String> {
    let Some((_, table)) = ASCII.iter().find(|a| a.0 == encoding) else {
        bail!(FEATURE_NOT_SUPPORTED, "encoding conversion from {} to ASCII not supported"; NAMES[encoding]);
    };
    let of = |b: u8| if b < 128 { b } else { table.as_bytes().get(usize::from(b - 128)).copied().unwrap_or(b' ') };
    Ok(s.bytes().map(|b| of(b) as char).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_there_is_comes_back() {
        for e in 8..=34 {
            for b in 1..=255u8 {
                if let Ok(u) = convert(&[b], e, UTF8) {
                    assert_eq!(convert(&u, UTF8, e).ok(), Some(vec![b]), "{} {b}", NAMES[e]);
                }
            }
        }
    }
}
