//! The shapes of kernels: how a function of `pg_proc` is implemented, and what it may ask of the session that calls it.

use std::any::Any;
use std::cmp::Ordering;
use std::rc::Rc;

use tusklet_error::{Error, Notice, Result};

use crate::{Datum, Phys, Sel, Value, Vector};

/// A type as an expression carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeRef {
    /// `pg_type.oid`.
    pub oid: u32,
    /// Modifier, -1 for none.
    pub typmod: i32,
}

impl TypeRef {
    /// The type without a modifier.
    pub const fn new(oid: u32) -> TypeRef {
        TypeRef { oid, typmod: -1 }
    }
}

/// What sort of type it is (`pg_type.typtype`, arrays apart).
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// A scalar.
    Base,
    /// A true array, of elements of the given type.
    Array(u32),
    /// A composite type: its columns, dropped ones excluded.
    Composite(Vec<(String, TypeRef)>),
    /// An enum: label oids, sort positions and labels, in sort order.
    Enum(Vec<(u32, f32, String)>),
    /// A range over the given subtype.
    Range(u32),
    /// A multirange over the given range type.
    Multirange(u32),
    /// A domain over the given type.
    Domain(TypeRef),
    /// `record`, `anyelement`, `unknown`, ….
    Pseudo,
}

/// What kernels of containers and generic code must know of a type.
#[derive(Clone, Debug)]
pub struct TypeDesc {
    /// `pg_type.oid`.
    pub oid: u32,
    /// Unqualified name.
    pub name: String,
    /// How its values lie in columns.
    pub phys: Phys,
    /// What sort.
    pub kind: TypeKind,
    /// The array type over it, 0 when none.
    pub array: u32,
    /// Delimiter of array text (`typdelim`).
    pub delim: u8,
}

/// What [`CallContext::text_search`] is asked for.
#[derive(Clone, Copy, Debug)]
pub enum TextSearch<'a> {
    /// A configuration; that of the session for 0.
    Config(u32),
    /// A dictionary.
    Dictionary(u32),
    /// A parser: nothing but that it is there.
    Parser(u32),
    /// A parser by its name.
    ParserNamed(&'a str),
}

/// What a kernel may ask of the session and statement that run it. Clock, randomness, settings and the catalog are
/// reached only here, so that given its inputs the engine is deterministic.
pub trait CallContext {
    /// The session's formatting state, a `tusklet_adt` structure (`DateTimeConfig` and friends) behind `Any`, because
    /// this crate knows no type.
    fn formats(&self) -> &dyn Any;
    /// Start of the transaction, µs since 2000-01-01 UTC.
    fn transaction_time(&self) -> i64;
    /// Start of the statement.
    fn statement_time(&self) -> i64;
    /// Now.
    fn clock_time(&self) -> i64;
    /// Uniform random bits of the session's generator (`random`, `setseed`).
    fn random(&mut self) -> u64;
    /// Whether a label was added to an enum type by a transaction that has not ended, though the type is older: it cannot be
    /// used yet.
    fn label_is_new(&mut self, _ty: u32, _label: u32) -> bool {
        false
    }
    /// Seeds that generator.
    fn set_seed(&mut self, seed: f64);
    /// Unpredictable bits (`gen_random_uuid`).
    fn entropy(&mut self) -> u64;
    /// A setting's value, as SHOW prints it.
    fn setting(&self, name: &str) -> Option<String>;
    /// Facts about a type. Cached by the callee: cheap.
    fn type_desc(&mut self, oid: u32) -> Result<Rc<TypeDesc>>;
    /// Appends the text form of a value, as its output function gives it.
    fn output(&mut self, ty: u32, d: Datum<'_>, out: &mut String) -> Result<()>;
    /// Reads a value from text, as its input function does.
    fn input(&mut self, ty: TypeRef, text: &str) -> Result<Value>;
    /// Appends the binary wire form.
    fn send(&mut self, ty: u32, d: Datum<'_>, out: &mut Vec<u8>) -> Result<()>;
    /// Reads the binary wire form.
    fn recv(&mut self, ty: TypeRef, bytes: &[u8]) -> Result<Value>;
    /// Compares two non-NULL values by the type's default B-tree operator class.
    fn compare(&mut self, ty: u32, collation: u32, a: Datum<'_>, b: Datum<'_>) -> Result<Ordering>;
    /// Raises 42883 when values of the type cannot be compared, or with `equality` not even told apart.
    fn comparable(&mut self, _ty: u32, _equality: bool) -> Result<()> {
        Ok(())
    }
    /// Calls any function of the catalog.
    fn call(&mut self, func: u32, collation: u32, args: &[Datum<'_>]) -> Result<Value>;
    /// Casts as an explicit `CAST` from one type to another would, for containers and JSON.
    fn cast(&mut self, from: u32, to: TypeRef, d: Datum<'_>) -> Result<Value>;
    /// A text search object, ready for use: a structure of `tusklet_adt::tsearch` behind `Any`, kept by the session.
    fn text_search(&mut self, what: TextSearch<'_>) -> Result<Rc<dyn Any>>;
    /// Sends a notice to the client.
    fn notice(&mut self, notice: Notice);
    /// Raises 57014 when the statement was cancelled or ran out of time; kernels that loop for long call it.
    fn check_interrupts(&mut self) -> Result<()>;
}

/// The place in a statement where a function is called: what `fmgr`'s `FmgrInfo` and `fn_expr` tell.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// `pg_proc.oid`.
    pub func: u32,
    /// Actual argument types.
    pub args: Vec<TypeRef>,
    /// Actual result type.
    pub result: TypeRef,
    /// Input collation.
    pub collation: u32,
    /// Called with `VARIADIC array`.
    pub variadic: bool,
    /// Called for rows that are to be spread over columns, these (`ReturnSetInfo.expectedDesc`): a call in FROM, or one in
    /// a select list whose columns are known. A set-returning function without them writes one column.
    pub columns: Option<Rc<[(String, TypeRef)]>>,
}

/// One call (or one batch of calls) of a kernel.
pub struct Call<'a> {
    /// The session.
    pub cx: &'a mut dyn CallContext,
    /// The call site.
    pub site: &'a CallSite,
    /// Kept from call to call at one site: compiled patterns and the like.
    pub extra: &'a mut Option<Box<dyn Any>>,
    /// The row being worked on. A batch kernel that fails leaves here the row that failed, so that the rows before it can
    /// be delivered first.
    pub row: usize,
}

impl Call<'_> {
    /// The site's `extra`, made by `make` when it is missing or of another type.
    pub fn extra<T: Any>(&mut self, make: impl FnOnce() -> Result<T>) -> Result<&mut T> {
        if !self.extra.as_ref().is_some_and(|e| e.is::<T>()) {
            *self.extra = Some(Box::new(make()?));
        }
        match self.extra.as_mut().and_then(|e| e.downcast_mut::<T>()) {
            Some(t) => Ok(t),
            None => Err(Error::internal("call site state has the wrong type")),
        }
    }
}

/// Where a scalar kernel writes its result: one row of a column. A kernel that writes nothing has answered NULL.
pub struct Out<'a> {
    vector: &'a mut Vector,
    row: usize,
    written: bool,
}

impl<'a> Out<'a> {
    /// Row `row` of `vector`.
    #[inline]
    pub fn new(vector: &'a mut Vector, row: usize) -> Out<'a> {
        Out { vector, row, written: false }
    }

    /// Writes any value; `Datum::Null` for NULL.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn set(&mut self, d: Datum<'_>) {
        self.vector.set(self.row, d);
        self.written = true;
    }

    /// Writes a boolean.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn bool(&mut self, v: bool) {
        self.set(Datum::Bool(v));
    }

    /// Writes a 16-bit integer.
    #[inline]
    pub fn i16(&mut self, v: i16) {
        self.set(Datum::I16(v));
    }

    /// Writes a 32-bit integer.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn i32(&mut self, v: i32) {
        self.set(Datum::I32(v));
    }

    /// Writes a 64-bit integer.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn i64(&mut self, v: i64) {
        self.set(Datum::I64(v));
    }

    /// Writes a single-precision float.
    #[inline]
    pub fn f32(&mut self, v: f32) {
        self.set(Datum::F32(v));
    }

    /// Writes a double-precision float.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn f64(&mut self, v: f64) {
        self.set(Datum::F64(v));
    }

    /// Writes 16 bytes.
    #[inline]
    pub fn fixed16(&mut self, v: [u8; 16]) {
        self.set(Datum::Fixed16(v));
    }

    /// Writes bytes.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn bytes(&mut self, v: &[u8]) {
        self.set(Datum::Bytes(v));
    }

    /// Writes text.
    #[inline]
    #[cfg_attr(tuned, optimize(speed))]
    pub fn str(&mut self, v: &str) {
        self.set(Datum::Bytes(v.as_bytes()));
    }

    /// Writes NULL.
    #[inline]
    pub fn null(&mut self) {
        self.set(Datum::Null);
    }

    /// To be called once after the kernel: NULL when it wrote nothing.
    #[inline]
    pub fn finish(self) {
        if !self.written {
            self.vector.set(self.row, Datum::Null);
        }
    }
}

/// A function of one row. For a strict function (`pg_proc.proisstrict`) the caller has handled NULL arguments.
pub type ScalarFn = fn(&mut Call<'_>, &[Datum<'_>], &mut Out<'_>) -> Result<()>;

/// A strict function of whole columns. Arguments may be constant vectors. `out` comes zeroed, long enough, and with NULL
/// already set for every row with a NULL argument: those rows may be computed or skipped, but never raise.
pub type BatchFn = fn(&mut Call<'_>, &[&Vector], &Sel, &mut Vector) -> Result<()>;

/// A set-returning function: the arguments give a source of rows.
pub type SetFn = fn(&mut Call<'_>, &[Datum<'_>]) -> Result<Box<dyn RowSource>>;

/// The rows of a set-returning function, produced as they are wanted.
pub trait RowSource {
    /// Appends up to `want` rows to `out` (one vector a column) and says how many; 0 is the end.
    fn next(&mut self, cx: &mut dyn CallContext, out: &mut [Vector], want: usize) -> Result<usize>;
}

/// The running states of one aggregate for all groups, by column.
pub trait Accumulator {
    /// There are now `groups` groups; new ones start empty.
    fn resize(&mut self, groups: usize);
    /// Takes the selected rows in order. `groups[k]` is the group of the `k`-th selected row; an empty slice means group
    /// 0 for all. NULL handling is the accumulator's.
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()>;
    /// Writes the result of one group; may be called again after more updates (window frames).
    fn finish(&mut self, call: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()>;
    /// Bytes held, roughly.
    fn memory(&self) -> usize {
        0
    }
}

/// How an aggregate is implemented when not by running its transition function row by row.
#[derive(Clone, Copy)]
pub struct AggSpec {
    /// Makes the states.
    pub make: fn(&CallSite) -> Box<dyn Accumulator>,
}

/// The implementation of one `prosrc`.
#[derive(Clone, Copy)]
pub enum Kernel {
    /// Row by row.
    Scalar(ScalarFn),
    /// Column by column, with a scalar twin for single rows.
    Batch(BatchFn, ScalarFn),
    /// Set-returning.
    Set(SetFn),
}
