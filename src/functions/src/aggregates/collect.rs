//! Aggregates that keep every value: `string_agg`, `array_agg`.

use tusklet_adt::array::{ArrayBuilder, nest};
use tusklet_error::Result;
use tusklet_vector::{Accumulator, AggSpec, Call, Out, Sel, Vector};

use super::try_each;

/// No value is larger, as PostgreSQL's `MaxAllocSize` has it.
const LARGEST: usize = 0x3FFF_FFFF;

fn too_large(bytes: usize) -> tusklet_error::Error {
    tusklet_error::err!(INTERNAL_ERROR, "invalid memory alloc request size {bytes}")
}

/// `string_agg`: NULL values are left out, and their delimiters.
#[derive(Default)]
struct StringAgg {
    states: Vec<Option<Vec<u8>>>,
    held: usize,
}

impl Accumulator for StringAgg {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, None);
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, delimiter, ..] = args else { return Ok(()) };
        let (states, held) = (&mut self.states, &mut self.held);
        // `try_each` gives physical rows; the delimiter needs the logical one.
        for (k, row) in sel.iter().enumerate() {
            if v.is_null(row) {
                continue;
            }
            let g = groups.get(k).map_or(0, |g| *g as usize);
            let b = v.get(row).bytes();
            *held += b.len();
            match &mut states[g] {
                Some(s) => {
                    s.extend_from_slice(delimiter.get(row).bytes());
                    s.extend_from_slice(b);
                    if s.len() > LARGEST {
                        call.row = row;
                        return Err(tusklet_error::err!(PROGRAM_LIMIT_EXCEEDED, "out of memory").detail(format!(
                            "Cannot enlarge string buffer containing {} bytes by {} more bytes.",
                            s.len() - b.len(),
                            b.len()
                        )));
                    }
                }
                s => *s = Some(b.to_vec()),
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        if let Some(s) = &self.states[group] {
            out.bytes(s);
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.held
    }
}

pub const STRING_AGG: AggSpec = AggSpec { make: |_| Box::<StringAgg>::default() };

/// `array_agg(anynonarray)`: NULLs are elements.
struct ArrayAgg {
    states: Vec<Option<ArrayBuilder>>,
    element: u32,
    held: usize,
}

impl Accumulator for ArrayAgg {
    fn resize(&mut self, groups: usize) {
        self.states.resize_with(groups, || None);
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        let mut stored = Vec::new();
        for (k, row) in sel.iter().enumerate() {
            let g = groups.get(k).map_or(0, |g| *g as usize);
            let d = v.get(row);
            stored.clear();
            d.store(&mut stored);
            self.held += stored.len() + 4;
            let b = self.states[g].get_or_insert_with(|| ArrayBuilder::new(self.element));
            if b.data_len() + stored.len() > LARGEST {
                call.row = row;
                return Err(too_large(b.data_len() + stored.len()));
            }
            b.push(if d.is_null() { None } else { Some(&stored) });
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        if let Some(b) = &self.states[group] {
            out.bytes(&b.clone().finish_1d()?);
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.held
    }
}

pub const ARRAY_AGG: AggSpec = AggSpec {
    make: |site| Box::new(ArrayAgg { states: Vec::new(), element: site.args.first().map_or(0, |t| t.oid), held: 0 }),
};

/// `array_agg(anyarray)`: the arrays become the slices of one more dimension.
#[derive(Default)]
struct ArrayAggArray {
    /// Bytes of each group.
    sizes: Vec<usize>,
    states: Vec<Vec<Vec<u8>>>,
    held: usize,
}

impl Accumulator for ArrayAggArray {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, Vec::new());
        self.sizes.resize(groups, 0);
    }

    #[cfg_attr(tuned, optimize(speed))]
    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        let [v, ..] = args else { return Ok(()) };
        if let Some(row) = sel.iter().find(|i| v.is_null(*i)) {
            call.row = row;
            return Err(tusklet_error::err!(NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays"));
        }
        let (states, sizes, held) = (&mut self.states, &mut self.sizes, &mut self.held);
        try_each(call, v, sel, groups, |_, i, g| {
            let b = v.get(i).bytes();
            let array = tusklet_adt::array::Array::decode(b)?;
            if let Some(first) = states[g].first()
                && tusklet_adt::array::Array::decode(first)?.dims != array.dims
            {
                return Err(tusklet_error::err!(
                    ARRAY_SUBSCRIPT_ERROR,
                    "cannot accumulate arrays of different dimensionality"
                ));
            }
            if array.is_empty() {
                return Err(tusklet_error::err!(ARRAY_SUBSCRIPT_ERROR, "cannot accumulate empty arrays"));
            }
            *held += b.len();
            sizes[g] += b.len();
            if sizes[g] > LARGEST {
                return Err(too_large(sizes[g]));
            }
            states[g].push(b.to_vec());
            Ok(())
        })
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let all = &self.states[group];
        if let Some(first) = all.first() {
            let element = tusklet_adt::array::Array::decode(first)?.element;
            let parts: Vec<Option<&[u8]>> = all.iter().map(|b| Some(b.as_slice())).collect();
            out.bytes(&nest(element, &parts)?);
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.held
    }
}

pub const ARRAY_AGG_ARRAY: AggSpec = AggSpec { make: |_| Box::<ArrayAggArray>::default() };
