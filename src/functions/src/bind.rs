//! How a Rust expression becomes a kernel: the types it takes and gives, and the macros that write the glue.
//!
//! `f!(a: i32, b: i32 => a < b)` is a scalar kernel; `f!(c; a: &str => …)` can ask the session through the call `c`;
//! `?` raises. An `Option` argument may be NULL (the function is not strict), an `Option` result gives NULL.

use std::borrow::Cow;

use tusklet_adt::datetime::DateTimeConfig;
use tusklet_adt::formats::Formats;
use tusklet_adt::interval::Interval;
use tusklet_adt::network::Inet;
use tusklet_adt::numeric::Numeric;
use tusklet_adt::time::TimeTz;
use tusklet_error::{Error, Result};
use tusklet_vector::{Call, CallContext, Datum, Out, Value};

/// A row of a kernel table.
pub use tusklet_vector::kernel_table::Entry;

/// A Rust type an SQL argument reads as.
pub trait Arg<'a>: Sized {
    /// Reads it.
    fn arg(d: Datum<'a>) -> Self;

    /// Reads argument `i` of a call; one that is not there reads as NULL does. Out of line: there are more than a thousand
    /// kernels, and each would have its own copy.
    #[inline(never)]
    #[cfg_attr(tuned, optimize(speed))]
    fn at(args: &[Datum<'a>], i: usize) -> Self {
        Self::arg(args.get(i).copied().unwrap_or(Datum::Null))
    }
}

/// The arguments of a call, one after the other.
pub struct Args<'x, 'a> {
    args: &'x [Datum<'a>],
    next: usize,
}

impl<'x, 'a> Args<'x, 'a> {
    /// All of them.
    #[inline(always)]
    pub fn new(args: &'x [Datum<'a>]) -> Args<'x, 'a> {
        Args { args, next: 0 }
    }

    /// The next one.
    #[inline(always)]
    pub fn next<T: Arg<'a>>(&mut self) -> T {
        self.next += 1;
        T::at(self.args, self.next - 1)
    }
}

/// A Rust type that writes an SQL result.
pub trait Ret {
    /// Writes it.
    fn put(self, out: &mut Out<'_>);
}

macro_rules! plain {
    ($($t:ty, $get:ident, $put:ident);*) => {$(
        impl<'a> Arg<'a> for $t {
            #[inline]
            fn arg(d: Datum<'a>) -> $t { d.$get() }
        }
        impl Ret for $t {
            #[inline(never)]
            #[cfg_attr(tuned, optimize(speed))]
            fn put(self, out: &mut Out<'_>) { out.$put(self) }
        }
    )*};
}

plain!(bool, bool, bool; i16, i16, i16; i32, i32, i32; i64, i64, i64; f32, f32, f32; f64, f64, f64; [u8; 16], fixed16, fixed16);

impl<'a> Arg<'a> for &'a [u8] {
    #[inline]
    fn arg(d: Datum<'a>) -> &'a [u8] {
        d.bytes()
    }
}

impl<'a> Arg<'a> for &'a str {
    #[inline]
    fn arg(d: Datum<'a>) -> &'a str {
        d.str()
    }
}

impl<'a> Arg<'a> for Datum<'a> {
    #[inline]
    fn arg(d: Datum<'a>) -> Datum<'a> {
        d
    }
}

impl<'a, T: Arg<'a>> Arg<'a> for Option<T> {
    #[inline]
    fn arg(d: Datum<'a>) -> Option<T> {
        if d.is_null() { None } else { Some(T::arg(d)) }
    }
}

impl<'a> Arg<'a> for Numeric {
    #[inline]
    fn arg(d: Datum<'a>) -> Numeric {
        Numeric::decode(d.bytes())
    }
}

impl<'a> Arg<'a> for Interval {
    #[inline]
    fn arg(d: Datum<'a>) -> Interval {
        Interval::decode(&d.fixed16())
    }
}

impl<'a> Arg<'a> for TimeTz {
    #[inline]
    fn arg(d: Datum<'a>) -> TimeTz {
        TimeTz::decode(&d.fixed16())
    }
}

impl<'a> Arg<'a> for Inet {
    #[inline]
    fn arg(d: Datum<'a>) -> Inet {
        Inet::decode(d.bytes())
    }
}

impl<T: Ret> Ret for Option<T> {
    #[inline]
    fn put(self, out: &mut Out<'_>) {
        match self {
            Some(v) => v.put(out),
            None => out.null(),
        }
    }
}

impl Ret for &str {
    #[inline(never)]
    #[cfg_attr(tuned, optimize(speed))]
    fn put(self, out: &mut Out<'_>) {
        out.str(self)
    }
}

impl Ret for String {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        out.str(&self)
    }
}

impl Ret for Cow<'_, str> {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        out.str(&self)
    }
}

impl Ret for Cow<'_, [u8]> {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        out.bytes(&self)
    }
}

impl Ret for &[u8] {
    #[inline(never)]
    #[cfg_attr(tuned, optimize(speed))]
    fn put(self, out: &mut Out<'_>) {
        out.bytes(self)
    }
}

impl Ret for Vec<u8> {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        out.bytes(&self)
    }
}

impl Ret for Datum<'_> {
    #[inline(never)]
    #[cfg_attr(tuned, optimize(speed))]
    fn put(self, out: &mut Out<'_>) {
        out.set(self)
    }
}

impl Ret for Value {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        out.set(self.as_datum())
    }
}

impl Ret for Numeric {
    #[inline(never)]
    #[cfg_attr(tuned, optimize(speed))]
    fn put(self, out: &mut Out<'_>) {
        let mut b = Vec::with_capacity(18);
        self.encode(&mut b);
        out.bytes(&b)
    }
}

impl Ret for Interval {
    #[inline(never)]
    #[cfg_attr(tuned, optimize(speed))]
    fn put(self, out: &mut Out<'_>) {
        out.fixed16(self.encode())
    }
}

impl Ret for TimeTz {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        out.fixed16(self.encode())
    }
}

impl Ret for Inet {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        out.bytes(&self.to_bytes())
    }
}

impl Ret for () {
    #[inline(never)]
    fn put(self, out: &mut Out<'_>) {
        // `void`: an empty value, not NULL.
        out.i32(0)
    }
}

/// A scalar function: see the module.
macro_rules! s {
    ($c:ident; $($x:ident : $t:ty),* => $body:expr) => {
        |$c, args, out| {
            #[allow(unused_mut, unused_variables)]
            let mut args = $crate::bind::Args::new(args);
            $(let $x: $t = args.next();)*
            $crate::bind::Ret::put($body, out);
            Ok(())
        }
    };
    ($($x:ident : $t:ty),* => $body:expr) => { s!(_c; $($x : $t),* => $body) };
}

/// A scalar kernel: see the module.
macro_rules! f {
    ($($rest:tt)*) => { ::tusklet_vector::Kernel::Scalar(s!($($rest)*)) };
}

/// A batch function. It has a name because only what has one can be marked as hot: the crate is compiled for size.
macro_rules! batch {
    (|$c:tt, $args:ident, $sel:ident, $out:ident| $body:expr) => {{
        #[cfg_attr(tuned, optimize(speed))]
        fn batch(
            $c: &mut ::tusklet_vector::Call<'_>,
            $args: &[&::tusklet_vector::Vector],
            $sel: &::tusklet_vector::Sel,
            $out: &mut ::tusklet_vector::Vector,
        ) -> ::tusklet_error::Result<()> {
            $body
        }
        batch
    }};
}

/// A call with fewer arguments than the function has: a kernel bound to the wrong catalog row.
#[cold]
#[inline(never)]
pub fn too_few() -> Error {
    Error::internal("kernel called with too few arguments")
}

/// The session's formatting state.
pub fn formats<'a>(cx: &'a dyn CallContext) -> Result<&'a Formats> {
    cx.formats().downcast_ref::<Formats>().ok_or_else(|| Error::internal("session has no formatting state"))
}

/// What date and time types need of the session.
pub fn datetime<'a>(c: &'a Call<'_>) -> Result<DateTimeConfig<'a>> {
    Ok(formats(&*c.cx)?.datetime(c.cx.transaction_time()))
}

/// Runs `write` on an empty string and gives it.
pub fn written(write: impl FnOnce(&mut String)) -> String {
    let mut s = String::new();
    write(&mut s);
    s
}

/// Runs `write` on an empty buffer and gives it.
pub fn bytes_written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut b = Vec::new();
    write(&mut b);
    b
}
