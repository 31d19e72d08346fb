//! A compact binary form of IR nodes, for what the catalog stores: defaults, CHECK expressions, index expressions and
//! predicates, view queries, function bodies. It plays the part of PostgreSQL's `pg_node_tree`: names are resolved to
//! OIDs and attribute numbers, so renaming an object needs no rewriting of what uses it.
//!
//! The [`node!`](crate::node) macro declares a struct or enum and its codec in one place, so they cannot disagree.
//! Unsigned numbers are LEB128, signed ones zigzag, sequences carry their length, enum variants their index.
//! Decoding never panics: bytes that make no sense give XX001. A node's first variant must not contain the node: it is what
//! decoding ends with after that.
//!
//! `Clone` is written out here as `derive` marks it `inline`, which makes a copy in every crate that clones a node.

use std::rc::Rc;

use tusklet_error::{Error, Result, Span, SqlState};
use tusklet_vector::{TypeRef, Value};

/// Bytes being read. Once something made no sense only zeros are read, so that decoders need not look after every field:
/// [`Codec::from_bytes`] asks at the end.
pub struct Reader<'a> {
    bytes: &'a [u8],
    depth: u32,
    failed: bool,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, depth: 0, failed: false }
    }

    /// What was read makes no sense.
    #[cold]
    pub fn fail(&mut self) {
        self.failed = true;
        self.bytes = &[];
    }

    /// The next `n` bytes, none when there are fewer.
    pub fn take(&mut self, n: usize) -> &'a [u8] {
        let Some((a, b)) = self.bytes.split_at_checked(n) else {
            self.fail();
            return &[];
        };
        self.bytes = b;
        a
    }

    /// The next byte.
    #[inline(never)]
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// The next LEB128 number.
    #[inline(never)]
    pub fn number(&mut self) -> u64 {
        let mut v = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.byte();
            v |= ((b & 0x7F) as u64) << shift;
            if b & 0x80 == 0 {
                return v;
            }
        }
        self.fail();
        0
    }

    /// Decodes one level deeper, so that corrupted bytes cannot exhaust the stack.
    fn nested<T: Codec>(&mut self) -> T {
        if self.depth > 4000 {
            self.fail();
        }
        self.depth += 1;
        let v = T::decode(self);
        self.depth -= 1;
        v
    }
}

/// XX001 for bytes that are no node.
#[cold]
pub fn corrupted() -> Error {
    Error::new(SqlState::DATA_CORRUPTED, "stored catalog entry is corrupted")
}

/// Appends a LEB128 number.
pub fn put_number(mut v: u64, out: &mut Vec<u8>) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Something with a binary form.
pub trait Codec: Sized {
    /// Appends the binary form.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads it back; anything after a failure.
    fn decode(r: &mut Reader<'_>) -> Self;

    /// The binary form alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// Reads a whole buffer.
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut r = Reader::new(bytes);
        let v = Self::decode(&mut r);
        if r.bytes.is_empty() && !r.failed { Ok(v) } else { Err(corrupted()) }
    }
}

/// For a number out of its type's range.
#[cold]
fn zero<T: Default>(r: &mut Reader<'_>) -> T {
    r.fail();
    T::default()
}

/// The next `N` bytes.
fn fixed<const N: usize>(r: &mut Reader<'_>) -> [u8; N] {
    r.take(N).try_into().unwrap_or([0; N])
}

macro_rules! unsigned {
    ($($t:ty),*) => {$(
        impl Codec for $t {
            fn encode(&self, out: &mut Vec<u8>) { put_number(*self as u64, out) }
            fn decode(r: &mut Reader<'_>) -> Self {
                r.number().try_into().unwrap_or_else(|_| zero(r))
            }
        }
    )*};
}
unsigned!(u8, u16, u32, u64, usize);

macro_rules! signed {
    ($($t:ty),*) => {$(
        impl Codec for $t {
            fn encode(&self, out: &mut Vec<u8>) { let v = *self as i64; put_number(((v << 1) ^ (v >> 63)) as u64, out) }
            fn decode(r: &mut Reader<'_>) -> Self {
                let v = r.number();
                ((v >> 1) as i64 ^ -((v & 1) as i64)).try_into().unwrap_or_else(|_| zero(r))
            }
        }
    )*};
}
signed!(i16, i32, i64);

impl Codec for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        r.byte() != 0
    }
}

impl Codec for f64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        f64::from_le_bytes(fixed(r))
    }
}

impl Codec for f32 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        f32::from_le_bytes(fixed(r))
    }
}

impl Codec for String {
    fn encode(&self, out: &mut Vec<u8>) {
        put_number(self.len() as u64, out);
        out.extend_from_slice(self.as_bytes());
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        let n = r.number() as usize;
        String::from_utf8(r.take(n).to_vec()).unwrap_or_else(|_| zero(r))
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_number(self.len() as u64, out);
        self.iter().for_each(|v| v.encode(out));
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        let n = r.number() as usize;
        let mut all = Vec::with_capacity(n.min(1024));
        while all.len() < n && !r.failed {
            all.push(T::decode(r));
        }
        all
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.is_some() as u8);
        if let Some(v) = self {
            v.encode(out);
        }
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        if bool::decode(r) { Some(T::decode(r)) } else { None }
    }
}

impl<T: Codec> Codec for Box<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        (**self).encode(out);
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        Box::new(r.nested())
    }
}

impl<T: Codec> Codec for Rc<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        (**self).encode(out);
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        Rc::new(r.nested())
    }
}

impl<A: Codec, B: Codec> Codec for (A, B) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        (A::decode(r), B::decode(r))
    }
}

impl<A: Codec, B: Codec, C: Codec> Codec for (A, B, C) {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
        self.2.encode(out);
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        (A::decode(r), B::decode(r), C::decode(r))
    }
}

impl<T: Codec + Copy + Default, const N: usize> Codec for [T; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|v| v.encode(out));
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        let mut out = [T::default(); N];
        for v in &mut out {
            *v = T::decode(r);
        }
        out
    }
}

/// Positions belong to a text that is not stored.
impl Codec for Span {
    fn encode(&self, _: &mut Vec<u8>) {}
    fn decode(_: &mut Reader<'_>) -> Self {
        Span::NONE
    }
}

impl Codec for TypeRef {
    fn encode(&self, out: &mut Vec<u8>) {
        self.oid.encode(out);
        self.typmod.encode(out);
    }
    fn decode(r: &mut Reader<'_>) -> Self {
        TypeRef { oid: u32::decode(r), typmod: i32::decode(r) }
    }
}

impl Codec for Value {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(0),
            Value::Bool(v) => out.extend_from_slice(&[1, *v as u8]),
            Value::I16(v) => {
                out.push(2);
                v.encode(out);
            }
            Value::I32(v) => {
                out.push(3);
                v.encode(out);
            }
            Value::I64(v) => {
                out.push(4);
                v.encode(out);
            }
            Value::F32(v) => {
                out.push(5);
                v.encode(out);
            }
            Value::F64(v) => {
                out.push(6);
                v.encode(out);
            }
            Value::Fixed16(v) => {
                out.push(7);
                out.extend_from_slice(v);
            }
            Value::Bytes(v) => {
                out.push(8);
                put_number(v.len() as u64, out);
                out.extend_from_slice(v);
            }
        }
    }

    fn decode(r: &mut Reader<'_>) -> Self {
        match r.byte() {
            0 => Value::Null,
            1 => Value::Bool(bool::decode(r)),
            2 => Value::I16(i16::decode(r)),
            3 => Value::I32(i32::decode(r)),
            4 => Value::I64(i64::decode(r)),
            5 => Value::F32(f32::decode(r)),
            6 => Value::F64(f64::decode(r)),
            7 => Value::Fixed16(fixed(r)),
            8 => {
                let n = r.number() as usize;
                Value::bytes(r.take(n))
            }
            _ => {
                r.fail();
                Value::Null
            }
        }
    }
}

/// Declares IR structs and enums (unit, tuple or struct variants, at most 255) together with their [`Codec`]. Fields of variants
/// have PostgreSQL's names or are told by their variant's comment.
#[macro_export]
macro_rules! node {
    () => {};
    ($(#[$m:meta])* pub struct $name:ident { $($(#[$fm:meta])* pub $f:ident : $t:ty),* $(,)? } $($rest:tt)*) => {
        $(#[$m])* #[derive(Debug, PartialEq)]
        pub struct $name { $($(#[$fm])* pub $f: $t),* }
        impl Clone for $name {
            fn clone(&self) -> Self {
                $name { $( $f: self.$f.clone() ),* }
            }
        }
        impl $crate::codec::Codec for $name {
            fn encode(&self, _out: &mut Vec<u8>) { $( self.$f.encode(_out); )* }
            fn decode(_r: &mut $crate::codec::Reader<'_>) -> Self {
                $name { $( $f: $crate::codec::Codec::decode(_r) ),* }
            }
        }
        $crate::node! { $($rest)* }
    };
    ($(#[$m:meta])* pub enum $name:ident { $($(#[$vm:meta])* $v:ident $( ( $($tn:ident : $tt:ty),* ) )? $( { $($(#[$fm:meta])* $f:ident : $t:ty),* $(,)? } )?),* $(,)? } $($rest:tt)*) => {
        $(#[$m])* #[derive(Debug, PartialEq)]
        pub enum $name { $($(#[$vm])* #[allow(missing_docs)] $v $( ( $($tt),* ) )? $( { $($(#[$fm])* #[allow(missing_docs)] $f: $t),* } )?),* }
        impl Clone for $name {
            fn clone(&self) -> Self {
                match self { $(
                    $name::$v $( ( $($tn),* ) )? $( { $($f),* } )? => $name::$v $( ( $($tn.clone()),* ) )? $( { $($f: $f.clone()),* } )?,
                )* }
            }
        }
        impl $crate::codec::Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                #[allow(non_camel_case_types, dead_code, clippy::upper_case_acronyms)]
                enum Tag { $($v),* }
                match self { $(
                    $name::$v $( ( $($tn),* ) )? $( { $($f),* } )? => {
                        out.push(Tag::$v as u8);
                        $( $( $tn.encode(out); )* )?
                        $( $( $f.encode(out); )* )?
                    }
                )* }
            }
            fn decode(r: &mut $crate::codec::Reader<'_>) -> Self {
                #[allow(non_camel_case_types, dead_code, clippy::upper_case_acronyms)]
                enum Tag { $($v),* }
                let tag = r.byte();
                $( if tag == Tag::$v as u8 {
                    return $name::$v
                        $( ( $( <$tt as $crate::codec::Codec>::decode(r) ),* ) )?
                        $( { $( $f: $crate::codec::Codec::decode(r) ),* } )?;
                } )*
                // Zeros follow: the first variant.
                r.fail();
                Self::decode(r)
            }
        }
        $crate::node! { $($rest)* }
    };
}
