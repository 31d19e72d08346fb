//! Aggregates as accumulators: the states of all groups by column.
//!
//! An accumulator takes whole batches. The ungrouped, whole-batch, no-NULLs case of the arithmetic ones is a plain loop over
//! a slice; everything else goes through [`each`], which hands out physical rows and groups.

mod bits;
mod collect;
mod count;
mod float;
mod json;
mod minmax;
mod numeric;
mod ordered;
mod sum;
pub(crate) mod transition;

use tusklet_error::Result;
use tusklet_vector::{AggSpec, Call, Sel, Vector};

/// Runs `f(physical row, group)` for each selected row of `v` that is not NULL, in order.
#[inline(always)]
fn each(v: &Vector, sel: &Sel, groups: &[u32], mut f: impl FnMut(usize, usize)) {
    let checked = !v.validity.is_all_set();
    for (k, i) in sel.iter().enumerate() {
        let p = v.at(i);
        if checked && !v.validity.get(p) {
            continue;
        }
        f(p, groups.get(k).map_or(0, |g| *g as usize));
    }
}

/// As [`each`]; the first error names its row.
#[inline(always)]
fn try_each(
    call: &mut Call<'_>,
    v: &Vector,
    sel: &Sel,
    groups: &[u32],
    mut f: impl FnMut(&mut Call<'_>, usize, usize) -> Result<()>,
) -> Result<()> {
    let checked = !v.validity.is_all_set();
    for (k, i) in sel.iter().enumerate() {
        let p = v.at(i);
        if checked && !v.validity.get(p) {
            continue;
        }
        if let Err(e) = f(call, p, groups.get(k).map_or(0, |g| *g as usize)) {
            call.row = i;
            return Err(e);
        }
    }
    Ok(())
}

/// The rows of a whole ungrouped batch, when that is what it is.
#[inline(always)]
fn dense<'a, T>(v: &Vector, values: &'a [T], sel: &Sel, groups: &[u32]) -> Option<&'a [T]> {
    match sel {
        Sel::All(n) if groups.is_empty() && !v.constant => values.get(..*n),
        _ => None,
    }
}

/// Sorted by `transition/final`.
pub const TABLE: &[(&str, AggSpec)] = &[
    ("array_agg_array_transfn/array_agg_array_finalfn", collect::ARRAY_AGG_ARRAY),
    ("array_agg_transfn/array_agg_finalfn", collect::ARRAY_AGG),
    ("array_larger/-", minmax::MAX_ANY),
    ("array_smaller/-", minmax::MIN_ANY),
    ("booland_statefunc/-", bits::BOOL_AND),
    ("boolor_statefunc/-", bits::BOOL_OR),
    ("bpchar_larger/-", minmax::MAX_BPCHAR),
    ("bpchar_smaller/-", minmax::MIN_BPCHAR),
    ("bytea_string_agg_transfn/bytea_string_agg_finalfn", collect::STRING_AGG),
    ("cashlarger/-", minmax::MAX_I64),
    ("cashsmaller/-", minmax::MIN_I64),
    ("date_larger/-", minmax::MAX_I32),
    ("date_smaller/-", minmax::MIN_I32),
    ("enum_larger/-", minmax::MAX_ANY),
    ("enum_smaller/-", minmax::MIN_ANY),
    ("float4_accum/float8_avg", float::AVG_F32),
    ("float4_accum/float8_stddev_pop", float::STDDEV_POP_F32),
    ("float4_accum/float8_stddev_samp", float::STDDEV_SAMP_F32),
    ("float4_accum/float8_var_pop", float::VAR_POP_F32),
    ("float4_accum/float8_var_samp", float::VAR_SAMP_F32),
    ("float4larger/-", minmax::MAX_F32),
    ("float4pl/-", float::SUM_F32),
    ("float4smaller/-", minmax::MIN_F32),
    ("float8_accum/float8_avg", float::AVG_F64),
    ("float8_accum/float8_stddev_pop", float::STDDEV_POP_F64),
    ("float8_accum/float8_stddev_samp", float::STDDEV_SAMP_F64),
    ("float8_accum/float8_var_pop", float::VAR_POP_F64),
    ("float8_accum/float8_var_samp", float::VAR_SAMP_F64),
    ("float8_regr_accum/float8_corr", float::CORR),
    ("float8_regr_accum/float8_covar_pop", float::COVAR_POP),
    ("float8_regr_accum/float8_covar_samp", float::COVAR_SAMP),
    ("float8_regr_accum/float8_regr_avgx", float::REGR_AVGX),
    ("float8_regr_accum/float8_regr_avgy", float::REGR_AVGY),
    ("float8_regr_accum/float8_regr_intercept", float::REGR_INTERCEPT),
    ("float8_regr_accum/float8_regr_r2", float::REGR_R2),
    ("float8_regr_accum/float8_regr_slope", float::REGR_SLOPE),
    ("float8_regr_accum/float8_regr_sxx", float::REGR_SXX),
    ("float8_regr_accum/float8_regr_sxy", float::REGR_SXY),
    ("float8_regr_accum/float8_regr_syy", float::REGR_SYY),
    ("float8larger/-", minmax::MAX_F64),
    ("float8pl/-", float::SUM_F64),
    ("float8smaller/-", minmax::MIN_F64),
    ("int2_accum/numeric_poly_stddev_pop", numeric::STDDEV_POP_I16),
    ("int2_accum/numeric_poly_stddev_samp", numeric::STDDEV_SAMP_I16),
    ("int2_accum/numeric_poly_var_pop", numeric::VAR_POP_I16),
    ("int2_accum/numeric_poly_var_samp", numeric::VAR_SAMP_I16),
    ("int2_avg_accum/int8_avg", sum::AVG_I16),
    ("int2_sum/-", sum::SUM_I16),
    ("int2and/-", bits::AND_I16),
    ("int2larger/-", minmax::MAX_I16),
    ("int2or/-", bits::OR_I16),
    ("int2smaller/-", minmax::MIN_I16),
    ("int2xor/-", bits::XOR_I16),
    ("int4_accum/numeric_poly_stddev_pop", numeric::STDDEV_POP_I32),
    ("int4_accum/numeric_poly_stddev_samp", numeric::STDDEV_SAMP_I32),
    ("int4_accum/numeric_poly_var_pop", numeric::VAR_POP_I32),
    ("int4_accum/numeric_poly_var_samp", numeric::VAR_SAMP_I32),
    ("int4_avg_accum/int8_avg", sum::AVG_I32),
    ("int4_sum/-", sum::SUM_I32),
    ("int4and/-", bits::AND_I32),
    ("int4larger/-", minmax::MAX_I32),
    ("int4or/-", bits::OR_I32),
    ("int4smaller/-", minmax::MIN_I32),
    ("int4xor/-", bits::XOR_I32),
    ("int8_accum/numeric_stddev_pop", numeric::STDDEV_POP_I64),
    ("int8_accum/numeric_stddev_samp", numeric::STDDEV_SAMP_I64),
    ("int8_accum/numeric_var_pop", numeric::VAR_POP_I64),
    ("int8_accum/numeric_var_samp", numeric::VAR_SAMP_I64),
    ("int8_avg_accum/numeric_poly_avg", sum::AVG_I64),
    ("int8_avg_accum/numeric_poly_sum", sum::SUM_I64),
    ("int8and/-", bits::AND_I64),
    ("int8inc/-", count::COUNT_ALL),
    ("int8inc_any/-", count::COUNT),
    ("int8inc_float8_float8/-", count::COUNT_PAIRS),
    ("int8larger/-", minmax::MAX_I64),
    ("int8or/-", bits::OR_I64),
    ("int8smaller/-", minmax::MIN_I64),
    ("int8xor/-", bits::XOR_I64),
    ("interval_accum/interval_avg", sum::AVG_INTERVAL),
    ("interval_larger/-", minmax::MAX_INTERVAL),
    ("interval_pl/-", sum::SUM_INTERVAL),
    ("interval_smaller/-", minmax::MIN_INTERVAL),
    ("json_agg_transfn/json_agg_finalfn", json::JSON_AGG),
    ("json_object_agg_transfn/json_object_agg_finalfn", json::JSON_OBJECT_AGG),
    ("jsonb_agg_transfn/jsonb_agg_finalfn", json::JSONB_AGG),
    ("jsonb_object_agg_transfn/jsonb_object_agg_finalfn", json::JSONB_OBJECT_AGG),
    ("multirange_agg_transfn/range_agg_finalfn", crate::multirange::RANGE_AGG),
    ("multirange_intersect_agg_transfn/-", crate::multirange::INTERSECT_AGG),
    ("network_larger/-", minmax::MAX_INET),
    ("network_smaller/-", minmax::MIN_INET),
    ("numeric_accum/numeric_stddev_pop", numeric::STDDEV_POP),
    ("numeric_accum/numeric_stddev_samp", numeric::STDDEV_SAMP),
    ("numeric_accum/numeric_var_pop", numeric::VAR_POP),
    ("numeric_accum/numeric_var_samp", numeric::VAR_SAMP),
    ("numeric_avg_accum/numeric_avg", numeric::AVG),
    ("numeric_avg_accum/numeric_sum", numeric::SUM),
    ("numeric_larger/-", minmax::MAX_NUMERIC),
    ("numeric_smaller/-", minmax::MIN_NUMERIC),
    ("oidlarger/-", minmax::MAX_I64),
    ("oidsmaller/-", minmax::MIN_I64),
    ("ordered_set_transition/mode_final", ordered::MODE),
    ("ordered_set_transition/percentile_cont_float8_final", ordered::CONT),
    ("ordered_set_transition/percentile_cont_float8_multi_final", ordered::CONT_MULTI),
    ("ordered_set_transition/percentile_cont_interval_final", ordered::CONT_INTERVAL),
    ("ordered_set_transition/percentile_cont_interval_multi_final", ordered::CONT_INTERVAL_MULTI),
    ("ordered_set_transition/percentile_disc_final", ordered::DISC),
    ("ordered_set_transition/percentile_disc_multi_final", ordered::DISC_MULTI),
    ("range_agg_transfn/range_agg_finalfn", crate::multirange::RANGE_AGG),
    ("range_intersect_agg_transfn/-", crate::multirange::INTERSECT_AGG),
    ("string_agg_transfn/string_agg_finalfn", collect::STRING_AGG),
    ("text_larger/-", minmax::MAX_BYTES),
    ("text_smaller/-", minmax::MIN_BYTES),
    ("tidlarger/-", minmax::MAX_I64),
    ("tidsmaller/-", minmax::MIN_I64),
    ("time_larger/-", minmax::MAX_I64),
    ("time_smaller/-", minmax::MIN_I64),
    ("timestamp_larger/-", minmax::MAX_I64),
    ("timestamp_smaller/-", minmax::MIN_I64),
    ("timetz_larger/-", minmax::MAX_TIMETZ),
    ("timetz_smaller/-", minmax::MIN_TIMETZ),
];
