//! `json_agg`, `jsonb_agg`, `json_object_agg`, `jsonb_object_agg`: the text is built as rows come; `jsonb` parses it at the end.

use tusklet_adt::jsonb;
use tusklet_error::{Result, err, filled};
use tusklet_vector::{Accumulator, AggSpec, Call, Out, Sel, Vector};

use crate::oids;
use crate::to_json::{Category, category, write, write_key};

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Array,
    Object,
}

struct Json {
    states: Vec<Option<String>>,
    shape: Shape,
    binary: bool,
    held: usize,
}

impl Json {
    fn row(&mut self, call: &mut Call<'_>, args: &[&Vector], row: usize, g: usize) -> Result<()> {
        let ty = |i: usize| call.site.args.get(i).map_or(oids::TEXT, |t| t.oid);
        let (first, second) = (ty(0), ty(1));
        let state = &mut self.states[g];
        let fresh = state.is_none();
        let s = state.get_or_insert_with(|| if self.shape == Shape::Array { "[".into() } else { "{ ".into() });
        let before = s.len();
        match (self.shape, args) {
            (Shape::Array, [v, ..]) => {
                let d = v.get(row);
                if !fresh {
                    s.push_str(", ");
                    if !d.is_null() && matches!(category(&mut *call.cx, first)?, Category::Array | Category::Composite)
                    {
                        s.push_str("\n ");
                    }
                }
                write(&mut *call.cx, first, d, s)?;
            }
            (Shape::Object, [k, v, ..]) => {
                if !fresh {
                    s.push_str(", ");
                }
                if k.is_null(row) {
                    return Err(err!(INVALID_PARAMETER_VALUE, "field name must not be null"));
                }
                write_key(&mut *call.cx, first, k.get(row), s)?;
                s.push_str(" : ");
                write(&mut *call.cx, second, v.get(row), s)?;
            }
            _ => {}
        }
        self.held += s.len() - before;
        Ok(())
    }
}

impl Accumulator for Json {
    fn resize(&mut self, groups: usize) {
        self.states.resize(groups, None);
    }

    fn update(&mut self, call: &mut Call<'_>, args: &[&Vector], sel: &Sel, groups: &[u32]) -> Result<()> {
        for (k, row) in sel.iter().enumerate() {
            let g = groups.get(k).map_or(0, |g| *g as usize);
            if let Err(e) = self.row(call, args, row, g) {
                call.row = row;
                return Err(e);
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Call<'_>, group: usize, out: &mut Out<'_>) -> Result<()> {
        let Some(s) = &self.states[group] else { return Ok(()) };
        let s = filled!("{}{}"; s, if self.shape == Shape::Array { "]" } else { " }" });
        if self.binary {
            out.bytes(&jsonb::parse(&s)?)
        } else {
            out.str(&s)
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.held
    }
}

macro_rules! json {
    ($shape:expr, $binary:literal) => {
        AggSpec { make: |_| Box::new(Json { states: Vec::new(), shape: $shape, binary: $binary, held: 0 }) }
    };
}

pub const JSON_AGG: AggSpec = json!(Shape::Array, false);
pub const JSONB_AGG: AggSpec = json!(Shape::Array, true);
pub const JSON_OBJECT_AGG: AggSpec = json!(Shape::Object, false);
pub const JSONB_OBJECT_AGG: AggSpec = json!(Shape::Object, true);
