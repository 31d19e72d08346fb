//! What the planner wants to know, as cheaply as it can be had: zone maps and column statistics.

use std::rc::Rc;

use tusklet_error::{Result, SortShort};
use tusklet_vector::hashing::ByteSet;
use tusklet_vector::{Column, Datum, Value, Vector, hash, key};

use crate::RelId;
use crate::heap::Table;
use crate::snapshot::Snapshot;

/// A range condition on a column, for skipping groups: `low <= column <= high`, either end open.
#[derive(Clone, Copy, Debug)]
pub struct ZoneFilter {
    /// The column slot.
    pub column: usize,
    /// The least value, as [`zone_key`] makes it.
    pub low: u64,
    /// The greatest.
    pub high: u64,
}

impl ZoneFilter {
    /// A filter from datums of the column's own physical type; `None` when that type has no zone maps.
    pub fn new(column: usize, low: Option<Datum<'_>>, high: Option<Datum<'_>>) -> Option<ZoneFilter> {
        let low = match low {
            Some(d) => zone_key(d)?,
            None => 0,
        };
        let high = match high {
            Some(d) => zone_key(d)?,
            None => u64::MAX,
        };
        Some(ZoneFilter { column, low, high })
    }
}

/// A number that orders as the values do; `None` for NULL and for types without zone maps.
pub fn zone_key(d: Datum<'_>) -> Option<u64> {
    Some(match d {
        Datum::Bool(v) => v as u64,
        Datum::I16(_) | Datum::I32(_) | Datum::I64(_) => (d.i64() as u64) ^ 1 << 63,
        Datum::F32(v) => key::f64_key(v as f64),
        Datum::F64(v) => key::f64_key(v),
        _ => return None,
    })
}

/// The range of a full group's values, dead versions included. Empty (`low > high`) when all are NULL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Zone {
    low: u64,
    high: u64,
}

impl Zone {
    pub fn of(v: &Vector) -> Option<Zone> {
        let mut z = Zone { low: u64::MAX, high: 0 };
        match &v.data {
            Column::I32(x) if v.validity.is_all_set() => {
                let (mut lo, mut hi) = (i32::MAX, i32::MIN);
                for v in x {
                    lo = lo.min(*v);
                    hi = hi.max(*v);
                }
                if !x.is_empty() {
                    z = Zone { low: (lo as i64 as u64) ^ 1 << 63, high: (hi as i64 as u64) ^ 1 << 63 };
                }
            }
            Column::Bytes(_) | Column::Fixed16(_) => return None,
            _ => {
                for i in 0..v.len() {
                    if let Some(k) = zone_key(v.get(i)) {
                        z.low = z.low.min(k);
                        z.high = z.high.max(k);
                    }
                }
            }
        }
        Some(z)
    }

    pub fn meets(&self, f: &ZoneFilter) -> bool {
        self.low <= f.high && self.high >= f.low
    }
}

/// What was found out about a group's values, dead versions included; gone when one changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Of full groups.
    pub zones: Vec<Option<Zone>>,
    pub summaries: Vec<(RelId, Rc<[u8]>)>,
}

/// What is known of one column.
#[derive(Clone, Debug, Default)]
pub struct ColumnStats {
    /// Share of NULLs.
    pub null_frac: f64,
    /// Estimated number of different values.
    pub ndistinct: f64,
    /// Average bytes of a value.
    pub width: f64,
    /// Least and greatest sampled value by the physical type's own order (byte strings by `memcmp`).
    pub min: Value,
    /// See `min`.
    pub max: Value,
    /// How far the order of the rows is that of the values, from -1 to 1.
    pub correlation: f64,
    /// The most common values of the sample with their shares, most frequent first; only those above average.
    pub common: Vec<(Value, f64)>,
}

/// What is known of a table.
#[derive(Clone, Debug, Default)]
pub struct TableStats {
    /// Live rows when the sample was taken.
    pub live_rows: u64,
    /// Groups then.
    pub groups: usize,
    /// For every column slot.
    pub columns: Vec<ColumnStats>,
    changes: u64,
}

/// What commands have looked at a table since it was made or opened: planning trusts the numbers of a small table only then,
/// as PostgreSQL knows them only then.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LookedAt {
    /// VACUUM, ANALYZE or the building of an index counted its rows.
    pub counted: bool,
    /// ANALYZE took statistics.
    pub analyzed: bool,
    /// VACUUM marked its rows visible to all.
    pub vacuumed: bool,
}

/// Sums for a correlation of values with their places.
#[derive(Default)]
struct Correlation {
    n: f64,
    first: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Correlation {
    fn add(&mut self, place: u64, d: &Datum<'_>) {
        let head = |b: &[u8]| b.iter().take(8).fold(0u64, |n, c| n << 8 | *c as u64) << (8 * (8 - b.len().min(8)));
        let y = match d {
            Datum::Bytes(b) if b.is_empty() => 0.0,
            Datum::Bytes(b) => head(b) as f64,
            Datum::Fixed16(b) => head(b) as f64,
            Datum::F32(_) | Datum::F64(_) => d.f64(),
            other => other.i64() as f64,
        };
        if self.n == 0.0 {
            self.first = y;
        }
        let (x, y) = (place as f64, y - self.first);
        self.n += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.yy += y * y;
        self.xy += x * y;
    }

    fn value(&self) -> f64 {
        let both = (self.n * self.xx - self.x * self.x) * (self.n * self.yy - self.y * self.y);
        let c = (self.n * self.xy - self.x * self.y) / both.max(0.0).sqrt();
        if c.is_finite() { c.clamp(-1.0, 1.0) } else { 0.0 }
    }
}

/// Groups read for a sample.
const SAMPLE_GROUPS: usize = 12;

impl Table {
    /// Column statistics from a sample of groups, taken when first asked for and again when a fifth of the table has
    /// changed since.
    pub fn statistics(&self, snapshot: &Snapshot) -> Result<Rc<TableStats>> {
        if let Some(s) = &*self.stats.borrow() {
            let age = self.changes.get().saturating_sub(s.changes);
            if age <= 50 + s.live_rows / 5 {
                return Ok(s.clone());
            }
        }
        let s = Rc::new(self.sample(snapshot)?);
        *self.stats.borrow_mut() = Some(s.clone());
        Ok(s)
    }

    /// The statistics there are, however old, without looking at a row.
    pub fn known_statistics(&self) -> Option<Rc<TableStats>> {
        self.stats.borrow().clone()
    }

    /// Forgets the statistics, so that the next look takes a new sample (ANALYZE).
    pub fn forget_statistics(&self) {
        *self.stats.borrow_mut() = None;
    }

    /// What was looked at.
    pub fn looked_at(&self) -> LookedAt {
        self.looked_at.get()
    }

    /// Notes what a command looked at.
    pub fn look_at(&self, f: impl FnOnce(&mut LookedAt)) {
        let mut l = self.looked_at.get();
        f(&mut l);
        self.looked_at.set(l);
    }

    fn sample(&self, snapshot: &Snapshot) -> Result<TableStats> {
        let heap = self.read()?;
        let status = self.txns.status.borrow();
        let n = heap.groups.len();
        let step = n.div_ceil(SAMPLE_GROUPS).max(1);
        let total = self.live_rows();
        let picked: Vec<_> = heap
            .groups
            .iter()
            .step_by(step)
            .filter(|g| g.rows > 0)
            .map(|g| (g, crate::scan::select(g, snapshot, &status)))
            .filter(|(_, sel)| !sel.is_empty())
            .collect();
        let mut columns = Vec::with_capacity(heap.columns.len());
        for c in 0..heap.columns.len() {
            if heap.columns[c].dropped {
                columns.push(ColumnStats::default());
                continue;
            }
            // How often each value is there, and where first.
            let (mut values, mut counts) = (ByteSet::default(), Vec::<(u32, usize, usize)>::new());
            let (mut rows, mut nulls, mut width) = (0u64, 0u64, 0u64);
            let mut ends: [Option<(Vec<u8>, Value)>; 2] = [None, None];
            let mut buf = Vec::new();
            let mut correlation = Correlation::default();
            for (gi, (g, sel)) in picked.iter().enumerate() {
                for i in sel.iter() {
                    let d = g.value(&heap.columns, i, c);
                    rows += 1;
                    if d.is_null() {
                        nulls += 1;
                        continue;
                    }
                    correlation.add(rows, &d);
                    let long = d.bytes().len();
                    width += if long > 0 { long } else { heap.columns[c].phys.width() } as u64;
                    // Long values are told apart by length and first bytes; a sample needs no more.
                    let h = match d {
                        Datum::Bytes(b) => hash::bytes(&b[..b.len().min(256)]) ^ hash::word(b.len() as u64),
                        Datum::F32(_) | Datum::F64(_) => hash::word(key::f64_key(d.f64())),
                        Datum::Fixed16(b) => hash::bytes(&b),
                        other => hash::word(other.i64() as u64),
                    };
                    let (n, new) = values.insert(&h.to_le_bytes());
                    if !new {
                        counts[n].0 += 1;
                    } else {
                        counts.push((1, gi, i));
                        buf.clear();
                        let short = match d {
                            Datum::Bytes(b) => Datum::Bytes(&b[..b.len().min(64)]),
                            other => other,
                        };
                        key::KeyPart::ASC.write(short, &mut buf);
                        if ends[0].as_ref().is_none_or(|(k, _)| buf < *k) {
                            ends[0] = Some((buf.clone(), d.to_value()));
                        }
                        if ends[1].as_ref().is_none_or(|(k, _)| buf > *k) {
                            ends[1] = Some((buf.clone(), d.to_value()));
                        }
                    }
                }
            }
            let known = rows - nulls;
            let mut s = ColumnStats::default();
            if rows > 0 {
                s.null_frac = nulls as f64 / rows as f64;
            }
            if known > 0 {
                let d = counts.len() as f64;
                let once = counts.iter().filter(|e| e.0 == 1).count() as f64;
                let all = (total as f64 * (1.0 - s.null_frac)).max(known as f64);
                // Haas and Stokes' estimator, as ANALYZE uses; a column without repeats is taken for unique.
                s.ndistinct = if once == known as f64 {
                    all
                } else {
                    let (n, f1) = (known as f64, once);
                    (n * d / (n - f1 + f1 * n / all)).clamp(d, all)
                };
                s.width = width as f64 / known as f64;
                s.correlation = correlation.value();
                let average = known as f64 / d;
                let mut top: Vec<_> =
                    counts.iter().filter(|e| e.0 > 1 && e.0 as f64 > average * 1.25).copied().collect();
                top.order_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
                top.truncate(20);
                s.common = top
                    .iter()
                    .map(|(n, gi, i)| (picked[*gi].0.value(&heap.columns, *i, c).to_value(), *n as f64 / rows as f64))
                    .collect();
                let [min, max] = ends;
                s.min = min.map(|e| e.1).unwrap_or_default();
                s.max = max.map(|e| e.1).unwrap_or_default();
            }
            columns.push(s);
        }
        Ok(TableStats { live_rows: total, groups: n, columns, changes: self.changes.get() })
    }
}
