//! Costs and row estimates, as `costsize.c`, `selfuncs.c` and `clausesel.c` make them: one unit is the reading of one page
//! in order. Everything is in memory here; the pages are those PostgreSQL would have, so that its plan, and with it the
//! order of the rows, is chosen.

use tusklet_catalog::builtin::{self, oids};
use tusklet_catalog::live::Relation;
use tusklet_ir::*;

use crate::RelStats;
use crate::scan::IndexChoice;

/// Reading a page in order (`seq_page_cost`).
pub const SEQ_PAGE: f64 = 1.0;
/// Reading a page somewhere (`random_page_cost`).
pub const RANDOM_PAGE: f64 = 4.0;
/// Handling one row (`cpu_tuple_cost`).
pub const ROW: f64 = 0.01;
/// Handling one index entry (`cpu_index_tuple_cost`).
pub const INDEX_ROW: f64 = 0.005;
/// Evaluating one operator for one row (`cpu_operator_cost`).
pub const OP: f64 = 0.0025;
/// Rows of a function, VALUES or table nothing is known about.
pub const UNKNOWN_ROWS: f64 = 1000.0;
/// Usable bytes of a page.
const PAGE: f64 = 8168.0;
/// `work_mem`, in bytes.
const WORK_MEM: f64 = 4194304.0;

/// A start and an end (`Path`'s costs).
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub startup: f64,
    pub total: f64,
}

impl Cost {
    /// Up to this share of the rows.
    pub fn part(self, share: f64) -> f64 {
        self.startup + (self.total - self.startup) * share
    }

    /// Whether it is better beyond all doubt: by a hundredth in one of the two, and in the other not worse by as much
    /// (`compare_path_costs_fuzzily`, where the start matters).
    pub fn beats(self, other: Cost) -> bool {
        const FUZZ: f64 = 1.01;
        if self.total > other.total * FUZZ {
            return false;
        }
        if other.total > self.total * FUZZ {
            return true;
        }
        other.startup > self.startup * FUZZ
    }
}

fn aligned(n: f64) -> f64 {
    (n / 8.0).ceil() * 8.0
}

/// Bytes of a value nobody measured (`get_typavgwidth`).
fn type_width(t: TypeRef) -> f64 {
    let len = builtin::ty(t.oid).map_or(-1, |t| i32::from(t.len()));
    if len > 0 {
        return f64::from(len);
    }
    let most = f64::from(t.typmod - 4);
    match t.oid {
        oids::BPCHAR if most > 0.0 => most + 4.0,
        oids::VARCHAR if most > 0.0 && most <= 32.0 => most,
        oids::VARCHAR if most > 0.0 && most < 1000.0 => 32.0 + (most - 32.0) / 2.0,
        _ => 32.0,
    }
}

/// The pages a table of so many rows fills, and the rows of ten pages, with the measured widths of its columns where they
/// are known (`estimate_rel_size`).
pub fn heap_pages(rel: &Relation, rows: f64, widths: &[f64]) -> (f64, f64) {
    let mut data = 0.0;
    for (i, c) in rel.columns.iter().enumerate().filter(|(_, c)| !c.dropped) {
        let len = builtin::ty(c.ty.oid).map_or(-1, |t| i32::from(t.len()));
        data += match widths.get(i) {
            Some(w) if *w > 0.0 && len <= 0 => *w + 1.0,
            _ => type_width(c.ty),
        };
    }
    let guessed = (PAGE / (data + 28.0)).floor().max(1.0);
    let filled = (PAGE / (aligned(data + 24.0) + 4.0)).floor().max(1.0);
    ((rows / filled).ceil(), guessed * 10.0)
}

/// Pages fetched for rows here and there, each page once (`index_pages_fetched`, with all in the cache).
pub fn pages_fetched(tuples: f64, pages: f64) -> f64 {
    let t = pages.max(1.0);
    let n = 2.0 * t * tuples / (2.0 * t + tuples);
    if n >= t { t } else { n.ceil() }
}

/// What evaluating conditions costs for a row (`cost_qual_eval`).
pub fn quals_cost(quals: &[&Expr]) -> f64 {
    let mut ops = 0.0;
    for q in quals {
        visit::walk(q, &mut |x| {
            ops += match &x.kind {
                ExprKind::Call(c) | ExprKind::NullIf(c) | ExprKind::Distinct(c) if c.func < 16384 => 1.0,
                ExprKind::Call(_) | ExprKind::NullIf(_) | ExprKind::Distinct(_) => 100.0,
                ExprKind::ScalarArray { right, .. } => 0.5 * elements(right),
                ExprKind::ViaIo { .. } => 2.0,
                ExprKind::SubPlan(_) => 10.0,
                _ => 0.0,
            };
            true
        });
    }
    ops * OP
}

/// How many elements an array has, or is thought to (`estimate_array_length`).
pub fn elements(e: &Expr) -> f64 {
    match &e.kind {
        // The first dimension's length stands behind the element's type, the number of dimensions and the flags.
        ExprKind::Const(Value::Bytes(b)) => match b.get(6..10) {
            Some([a, b, c, d]) => f64::from(u32::from_le_bytes([*a, *b, *c, *d])).clamp(1.0, 1e6),
            _ => 1.0,
        },
        ExprKind::Array { elements, .. } => elements.len() as f64,
        ExprKind::Relabel { arg, .. } => self::elements(arg),
        _ => 10.0,
    }
}

/// Reading a whole table.
pub fn seq_scan(stats: &RelStats, quals: &[&Expr]) -> Cost {
    Cost { startup: 0.0, total: stats.pages * SEQ_PAGE + stats.rows * (ROW + quals_cost(quals)) }
}

/// The pages and the height of an index of so many entries, `width` bytes the key, `copies` entries a key.
fn index_size(entries: f64, width: f64, copies: f64) -> (f64, f64) {
    let item = aligned(width + 8.0) + 4.0;
    // Copies of a key share it.
    let each = if copies > 2.0 { 6.0 + item / copies.min(220.0) } else { item };
    let leaves = (entries * each / 7333.0).ceil().max(1.0);
    let (mut pages, mut level, mut height) = (leaves + 1.0, leaves, 0.0);
    while level > 1.0 {
        level = (level * item / 5700.0).ceil();
        pages += level;
        height += 1.0;
    }
    (pages, height)
}

impl IndexChoice {
    /// What finding the entries costs, for one of `loops` scans (`btcostestimate`).
    fn entries_cost(&self, stats: &RelStats, loops: f64) -> Cost {
        let mut width = 0.0;
        let mut distinct = 1.0;
        let columns = self.index.index.as_ref().map_or(&[][..], |ix| &ix.columns);
        for c in columns {
            width += type_width(c.ty);
            distinct *= match stats.columns.get((c.attno - 1).max(0) as usize) {
                Some(s) if c.attno > 0 && s.distinct > 0.0 => s.distinct,
                _ => default_distinct(stats.rows),
            };
        }
        let (pages, height) = index_size(stats.live.unwrap_or(stats.rows), width, stats.rows / distinct.max(1.0));
        let tuples = if self.unique { 1.0 } else { (stats.rows * self.boundary).round().max(1.0) };
        let read = (tuples / self.scans / stats.rows.max(1.0) * pages).ceil().max(1.0);
        let io = if self.scans * loops > 1.0 {
            pages_fetched(read * self.scans * loops, pages) * RANDOM_PAGE / loops
        } else {
            read * RANDOM_PAGE
        };
        let ops = self.keys.len() as f64 * OP;
        let descent = stats.rows.max(2.0).log2().ceil() * OP + (height + 1.0) * 50.0 * OP;
        Cost { startup: descent, total: io + tuples * (INDEX_ROW + ops) + self.scans * descent }
    }

    /// How far the rows lie in the index's order.
    fn correlation(&self, stats: &RelStats) -> f64 {
        let Some(ix) = &self.index.index else { return 0.0 };
        let Some(c) = ix.columns.first().filter(|c| c.attno > 0) else { return 0.0 };
        let r = stats.columns.get(c.attno as usize - 1).map_or(0.0, |s| s.correlation);
        if ix.keys > 1 { r * 0.75 } else { r }
    }

    /// An index scan, one of `loops`, with conditions beyond the index's own.
    pub fn scan_cost(&self, stats: &RelStats, loops: f64, rest: &[&Expr]) -> Cost {
        let found = self.entries_cost(stats, loops);
        let tuples = if self.unique { 1.0 } else { (stats.rows * self.selectivity).round().max(1.0) };
        let seen = self.only && stats.visible;
        index_scan(found, (self.selectivity, tuples), self.correlation(stats), seen, stats, loops, rest)
    }

    /// What finding its entries costs, that with the bitmap of them, and their share of the table (`cost_bitmap_tree_node`).
    pub fn bitmap_cost(&self, stats: &RelStats, loops: f64) -> (f64, f64, f64) {
        let rows = (stats.rows * self.selectivity).max(1.0);
        let entries = self.entries_cost(stats, loops).total;
        (entries, entries + 0.1 * OP * rows, self.selectivity)
    }
}

/// Reading the rows that the entries point to, a share of all: unless they need not be `seen` (`cost_index`).
pub fn index_scan(
    found: Cost,
    (selectivity, tuples): (f64, f64),
    correlation: f64,
    seen: bool,
    stats: &RelStats,
    loops: f64,
    rest: &[&Expr],
) -> Cost {
    let seen = |pages: f64| if seen { 0.0 } else { pages };
    let near = (selectivity * stats.pages).ceil();
    let (most, least) = if loops > 1.0 {
        let most = seen(pages_fetched(tuples * loops, stats.pages)) * RANDOM_PAGE / loops;
        (most, seen(pages_fetched(near * loops, stats.pages)) * RANDOM_PAGE / loops)
    } else {
        let most = seen(pages_fetched(tuples, stats.pages)) * RANDOM_PAGE;
        let near = seen(near);
        (most, if near > 0.0 { RANDOM_PAGE + (near - 1.0) * SEQ_PAGE } else { 0.0 })
    };
    let io = most + correlation * correlation * (least - most);
    Cost { startup: found.startup, total: found.total + io + tuples * (ROW + quals_cost(rest)) }
}

/// The pages of a GiST or SP-GiST index with keys of these types.
pub fn spatial_pages(keys: &[TypeRef], fixed: f64, stats: &RelStats) -> f64 {
    let item = aligned(keys.iter().map(|t| type_width(*t)).sum::<f64>() + 8.0) + 4.0;
    // Pages are left fuller or emptier by how they were divided.
    (stats.live.unwrap_or(stats.rows).max(1.0) * item / 5700.0).ceil().max(1.0) + fixed
}

/// Finding `tuples` entries of such an index by `ops` conditions and distances (`gistcostestimate`, `spgcostestimate`).
pub fn spatial_entries(pages: f64, tuples: f64, ops: usize, stats: &RelStats, loops: f64) -> Cost {
    let rows = stats.rows.max(1.0);
    let read = if pages > 1.0 && rows > 1.0 { (tuples * pages / rows).ceil() } else { 1.0 };
    let read = if loops > 1.0 { pages_fetched(read * loops, pages) / loops } else { read };
    let height = (pages.ln() / 100f64.ln()).floor();
    let descent = rows.log2().ceil() * OP + (height + 1.0) * 50.0 * OP;
    let total = descent + read * RANDOM_PAGE + tuples * (INDEX_ROW + ops as f64 * OP);
    Cost { startup: descent, total }
}

/// The ranges of a BRIN index that conditions on columns leave (`brincostestimate`): what finding them costs beside the pages
/// of the index, their share of the table, and those pages.
pub fn brin_ranges(
    index: &Relation,
    selectivity: f64,
    columns: impl Iterator<Item = i16>,
    stats: &RelStats,
) -> (Cost, f64, f64) {
    let long = f64::from(pages_per_range(index));
    let ranges = (stats.pages / long).ceil().max(1.0);
    let correlation = |a: i16| stats.columns.get((a - 1).max(0) as usize).map_or(0.0, |c| c.correlation.abs());
    let correlation = columns.filter(|a| *a > 0).map(correlation).fold(0.0, f64::max);
    let found = if correlation < 1e-10 { ranges } else { ((ranges * selectivity).ceil() / correlation).min(ranges) };
    let width: f64 = index.index.iter().flat_map(|ix| &ix.columns).map(|c| 2.0 * type_width(c.ty)).sum();
    // The first page, one for where the summaries are (more are read in order), and the summaries.
    let more = (ranges / 1360.0).ceil() - 1.0;
    let pages = 2.0 + (ranges * (aligned(width + 5.0) + 4.0) / PAGE).ceil();
    (Cost { startup: more * SEQ_PAGE, total: more * SEQ_PAGE + 0.1 * OP * found * long }, found / ranges, pages)
}

/// How long the ranges of a BRIN index are.
pub fn pages_per_range(index: &Relation) -> u32 {
    let given = index.options.iter().find(|(n, _)| n == "pages_per_range");
    given.and_then(|(_, v)| v.parse().ok()).unwrap_or(128)
}

/// What a GIN index is searched for (`GinQualCounts`).
#[derive(Clone, Copy, Debug, Default)]
pub struct GinEntries {
    exact: f64,
    partial: f64,
    /// Nothing can match.
    none: bool,
    /// All entries of some column must be looked at.
    pub whole: bool,
}

impl GinEntries {
    /// Adds the tree of a condition, as `tusklet_index_query` writes it (none where the value is not known yet); whether it
    /// says nothing.
    pub fn add(&mut self, query: Option<&[u8]>) -> bool {
        match query {
            Some([b'N', ..]) => self.none = true,
            Some(mut q) => return self.walk(&mut q),
            None => self.exact += 1.0,
        }
        false
    }

    /// Recursion is as deep as the kernel's that wrote it.
    fn walk(&mut self, q: &mut &[u8]) -> bool {
        let Some((op, rest)) = q.split_first() else { return true };
        *q = rest;
        if !matches!(op, b'K' | b'P' | b'A' | b'O') {
            return *op == b'E';
        }
        let Some((n, rest)) = q.split_first_chunk::<4>() else { return true };
        let n = u32::from_le_bytes(*n) as usize;
        *q = rest;
        if matches!(op, b'K' | b'P') {
            *q = q.get(n..).unwrap_or_default();
            if *op == b'K' {
                self.exact += 1.0;
            } else {
                self.partial += 1.0;
            }
            return false;
        }
        let (mut every, mut some) = (true, false);
        for _ in 0..n {
            let all = self.walk(q);
            (every, some) = (every && all, some || all);
        }
        if *op == b'A' { every } else { some }
    }
}

/// Finding entries of a GIN index (`gincostestimate`), of whose pages nine tenths are thought to be entries, a hundred on
/// each.
pub fn gin_entries(g: &GinEntries, stats: &RelStats, pages: f64, share: f64, ops: usize, loops: f64) -> Cost {
    if g.none {
        return Cost { startup: 0.0, total: 0.0 };
    }
    let pages = pages.max(10.0);
    let entry_pages = (pages * 0.9).floor();
    let (data_pages, entries) = (pages - entry_pages, entry_pages * 100.0);
    let (mut partial, mut exact) = (g.partial * 100.0, g.exact);
    let mut searches = g.exact + g.partial;
    if g.whole || ops == 0 {
        (partial, exact, searches) = (0.0, entries, entries);
    }
    let again = |n: f64, of: f64| if loops > 1.0 { pages_fetched(n * loops, of) / loops } else { n };
    let scale = (partial / entries).min(1.0);
    let read = (searches * entry_pages.powf(0.15).round()).ceil() + (entry_pages * scale).ceil();
    let startup = (again(read, entry_pages) + again((data_pages * scale).ceil(), data_pages)) * RANDOM_PAGE;
    let data = (data_pages * exact / entries).ceil().max((share * (stats.rows / (8192.0 / 3.0))).ceil());
    let total = startup + again(data, data_pages) * RANDOM_PAGE;
    Cost { startup, total: total + stats.rows * share * (INDEX_ROW + OP * ops as f64) }
}

/// What share of the rows an operator keeps of which nothing else is known, by its estimator.
pub fn operator_share(op: Oid) -> f64 {
    let Some(op) = builtin::operator(op) else { return 0.5 };
    let rest = builtin::proc(op.rest());
    let name = op.name();
    match rest.as_ref().map_or("", |p| p.name()) {
        "" => 0.5,
        "contsel" => 0.001,
        "positionsel" => 0.1,
        "neqsel" => 0.995,
        "matchingsel" => 0.01,
        "scalarltsel" | "scalarlesel" | "scalargtsel" | "scalargesel" => 1.0 / 3.0,
        "rangesel" | "multirangesel" => match name {
            "@>" | "<@" => 0.005,
            "&&" | "-|-" => 0.01,
            _ => 1.0 / 3.0,
        },
        "networksel" | "arraycontsel" if name == "&&" => 0.01,
        _ => 0.005,
    }
}

/// Reading the rows of a bitmap (`cost_bitmap_heap_scan`).
pub fn bitmap_scan((bitmap, share): (f64, f64), stats: &RelStats, loops: f64, quals: &[&Expr]) -> Cost {
    let t = stats.pages.max(1.0);
    let tuples = (stats.rows * share).round().max(1.0);
    let pages = if loops > 1.0 { pages_fetched(tuples * loops, t) / loops } else { 2.0 * t * tuples / (2.0 * t + tuples) };
    let pages = if pages >= t { t } else { pages.ceil() };
    let each = if pages >= 2.0 { RANDOM_PAGE - (RANDOM_PAGE - SEQ_PAGE) * (pages / t).sqrt() } else { RANDOM_PAGE };
    Cost { startup: bitmap, total: bitmap + pages * each + tuples * (ROW + quals_cost(quals)) }
}

/// Sorting, with a limit on the rows that are kept (`cost_tuplesort`).
pub fn sort(input: Cost, rows: f64, width: u32, limit: Option<f64>) -> Cost {
    let rows = rows.max(2.0);
    let compare = 2.0 * OP;
    let size = |n: f64| n * (aligned(f64::from(width)) + 24.0);
    let kept = limit.filter(|l| *l < rows).unwrap_or(rows).max(1.0);
    let work = if size(kept) > WORK_MEM {
        let pages = (size(rows) / 8192.0).ceil();
        compare * rows * rows.log2() + 2.0 * pages * (SEQ_PAGE * 0.75 + RANDOM_PAGE * 0.25)
    } else if rows > 2.0 * kept || size(rows) > WORK_MEM {
        compare * rows * (2.0 * kept).log2()
    } else {
        compare * rows * rows.log2()
    };
    let startup = input.total + work;
    Cost { startup, total: startup + OP * rows }
}

/// Keeping rows (`cost_material`) and giving them again.
pub fn material(input: Cost, rows: f64, width: u32) -> (Cost, f64) {
    let bytes = rows * (aligned(f64::from(width)) + 24.0);
    let spill = if bytes > WORK_MEM { (bytes / 8192.0).ceil() * SEQ_PAGE } else { 0.0 };
    (Cost { startup: input.startup, total: input.total + 2.0 * OP * rows + spill }, OP * rows + spill)
}

/// A nested loop: `again` is what the inner side costs each time but the first, `tests` what conditions cost for a pair.
pub fn nest_loop(l: Cost, l_rows: f64, r: Cost, r_rows: f64, again: f64, tests: f64) -> Cost {
    let startup = l.startup + r.startup;
    let run = l.total - l.startup + r.total - r.startup + (l_rows - 1.0).max(0.0) * again;
    Cost { startup, total: startup + run + l_rows * r_rows * (ROW + tests) }
}

/// A hash join (`initial_cost_hashjoin`, `final_cost_hashjoin`): `bucket` is the share of the inner rows in a bucket.
pub fn hash_join(l: Cost, l_rows: f64, r: Cost, r_rows: f64, keys: f64, bucket: f64, out: f64) -> Cost {
    let startup = l.startup + r.total + (OP * keys + ROW) * r_rows;
    let compare = OP * keys * l_rows * (r_rows * bucket).round().max(1.0) * 0.5;
    Cost { startup, total: startup + l.total - l.startup + OP * keys * l_rows + compare + out * ROW }
}

/// A merge join of sorted sides.
pub fn merge_join(l: Cost, l_rows: f64, r: Cost, r_rows: f64, keys: f64, out: f64) -> Cost {
    let startup = l.startup + r.startup;
    let run = l.total - l.startup + r.total - r.startup;
    Cost { startup, total: startup + run + OP * keys * (l_rows + r_rows) + out * ROW }
}

/// Different values where nothing is known (`DEFAULT_NUM_DISTINCT`).
pub fn default_distinct(rows: f64) -> f64 {
    rows.clamp(1.0, 200.0)
}

/// An aggregation beyond its input (`cost_agg`): `ops` operators of the aggregates for each row, `keys` compared.
pub fn aggregate(input: Cost, rows: f64, groups: f64, keys: f64, ops: f64, hashed: bool) -> Cost {
    let work = rows * OP * (ops + keys);
    let total = input.total + work + groups * ROW;
    Cost { startup: if hashed { input.total + work } else { input.startup }, total }
}

/// Bytes a row is thought to take.
pub fn width(columns: &[TypeRef]) -> u32 {
    columns
        .iter()
        .map(|t| match t.oid {
            oids::BOOL | oids::CHAR => 1,
            oids::INT2 => 2,
            oids::INT4 | oids::FLOAT4 | oids::DATE | oids::OID => 4,
            oids::INT8 | oids::FLOAT8 | oids::TIMESTAMP | oids::TIMESTAMPTZ | oids::TIME => 8,
            oids::UUID | oids::INTERVAL | oids::POINT => 16,
            oids::NAME => 64,
            _ => 32,
        })
        .sum()
}

fn column<'a>(stats: &'a RelStats, e: &Expr) -> Option<&'a crate::ColumnStats> {
    match &e.kind {
        ExprKind::Var(v) if v.attno > 0 => stats.columns.get(v.attno as usize - 1),
        ExprKind::Relabel { arg, .. } => column(stats, arg),
        _ => None,
    }
}

fn number(e: &Expr, stats: &RelStats) -> Option<f64> {
    if let ExprKind::Param(Param::External(n)) = &e.kind {
        return value_number(stats.params.as_ref()?.values.get(*n as usize - 1)?);
    }
    value_number(e.as_const()?)
}

/// A value as a number, for types where that makes sense.
pub(crate) fn value_number(v: &Value) -> Option<f64> {
    match v {
        Value::I16(v) => Some(*v as f64),
        Value::I32(v) => Some(*v as f64),
        Value::I64(v) => Some(*v as f64),
        Value::F32(v) => Some(*v as f64),
        Value::F64(v) => Some(*v),
        _ => None,
    }
}

/// What part of a range lies below a number.
pub(crate) fn part_below(v: f64, (lo, hi): (f64, f64)) -> f64 {
    ((v - lo) / (hi - lo)).clamp(0.0001, 0.9999)
}

/// Notes that the share below (or above) a parameter was asked for.
fn note(e: &Expr, stats: &RelStats, range: (f64, f64), below: bool) {
    let (ExprKind::Param(Param::External(n)), Some(guess)) = (&e.kind, &stats.params) else { return };
    let estimate = crate::Estimate { param: *n - 1, range, below };
    let mut used = guess.used.borrow_mut();
    if !used.contains(&estimate) {
        used.push(estimate);
    }
}

/// The side of a column a comparison bounds, for pairing (`addRangeClause`): the column, and whether from above.
fn range_side(e: &Expr) -> Option<(&Expr, bool)> {
    let ExprKind::Call(c) = &e.kind else { return None };
    let (a, b) = (c.args.first()?, c.args.get(1)?);
    let op = builtin::operator(c.op)?.name();
    if !matches!(op, "<" | "<=" | ">" | ">=") {
        return None;
    }
    match (&a.kind, &b.kind) {
        (ExprKind::Var(_), ExprKind::Const(_) | ExprKind::Param(_)) => Some((a, op.starts_with('<'))),
        (ExprKind::Const(_) | ExprKind::Param(_), ExprKind::Var(_)) => Some((b, op.starts_with('>'))),
        _ => None,
    }
}

/// What share of the rows several conditions keep: two that bound a column from both sides count as one range
/// (`clauselist_selectivity`).
pub fn conjunction(list: &[&Expr], stats: &RelStats) -> f64 {
    let mut share = 1.0;
    let mut paired = vec![false; list.len()];
    for (i, c) in list.iter().enumerate() {
        if paired[i] {
            continue;
        }
        let own = selectivity(c, stats);
        let other = range_side(c).and_then(|(col, above)| {
            (i + 1..list.len()).find(|j| {
                !paired[*j] && range_side(list[*j]).is_some_and(|(o, a)| a != above && crate::expr::same(o, col))
            })
        });
        let Some(j) = other else {
            share *= own;
            continue;
        };
        paired[j] = true;
        let both = selectivity(list[j], stats);
        share *= match own + both - 1.0 {
            _ if own == 1.0 / 3.0 && both == 1.0 / 3.0 => 0.005,
            s if s <= 0.0 => 0.0001,
            s => s,
        };
    }
    share.clamp(1e-9, 1.0)
}

/// What share of a table's rows a condition on it keeps.
pub fn selectivity(e: &Expr, stats: &RelStats) -> f64 {
    match &e.kind {
        ExprKind::Const(Value::Bool(true)) => 1.0,
        ExprKind::Const(_) => 0.0,
        ExprKind::And(v) => conjunction(&v.iter().collect::<Vec<_>>(), stats),
        ExprKind::Or(v) => 1.0 - v.iter().map(|x| 1.0 - selectivity(x, stats)).product::<f64>(),
        ExprKind::Not(a) => 1.0 - selectivity(a, stats),
        ExprKind::NullTest { arg, negated, .. } => {
            let f = column(stats, arg).map_or(0.005, |c| c.null_frac);
            if *negated { 1.0 - f } else { f.max(1e-6) }
        }
        ExprKind::ScalarArray { any: true, left, right, .. } => {
            let distinct = column(stats, left).map_or(0.0, |c| c.distinct);
            (elements(right) / if distinct > 0.0 { distinct } else { default_distinct(stats.rows) }).min(1.0)
        }
        ExprKind::Var(v) if v.attno > 0 => 0.5,
        // By the first columns alone (`rowcomparesel`).
        ExprKind::RowCompare { kind, left, right, .. } => {
            let (Some(a), Some(b)) = (left.first(), right.first()) else { return 1.0 / 3.0 };
            let less = matches!(kind, RowCompareKind::Lt | RowCompareKind::Le);
            let (s, v, below) = match (column(stats, a), number(b, stats), column(stats, b), number(a, stats)) {
                (Some(s), Some(v), _, _) => (s, v, less),
                (_, _, Some(s), Some(v)) => (s, v, !less),
                _ => return 1.0 / 3.0,
            };
            match s.range {
                Some((lo, hi)) if hi > lo => {
                    let f = part_below(v, (lo, hi));
                    if below { f } else { 1.0 - f }
                }
                _ => 1.0 / 3.0,
            }
        }
        ExprKind::Call(c) if c.op != 0 && c.args.len() == 2 => {
            let Some(op) = tusklet_catalog::builtin::operator(c.op) else { return 0.25 };
            let (a, b) = (&c.args[0], &c.args[1]);
            let col = column(stats, a).or_else(|| column(stats, b));
            match op.name() {
                "=" => match col {
                    Some(s) if s.distinct > 0.0 => (1.0 - s.null_frac) / s.distinct,
                    _ => 1.0 / default_distinct(stats.rows),
                },
                "<>" => 0.995,
                n @ ("<" | "<=" | ">" | ">=") => {
                    let (s, v, below, e) =
                        match (column(stats, a), number(b, stats), column(stats, b), number(a, stats)) {
                            (Some(s), Some(v), _, _) => (s, v, n.starts_with('<'), b),
                            (_, _, Some(s), Some(v)) => (s, v, n.starts_with('>'), a),
                            _ => return 1.0 / 3.0,
                        };
                    match s.range {
                        Some((lo, hi)) if hi > lo => {
                            note(e, stats, (lo, hi), below);
                            let f = part_below(v, (lo, hi));
                            if below { f } else { 1.0 - f }
                        }
                        _ => 1.0 / 3.0,
                    }
                }
                "~~" | "~~*" | "~" | "~*" => 0.02,
                "!~~" | "!~~*" | "!~" | "!~*" => 0.98,
                _ => operator_share(c.op),
            }
        }
        _ => 0.3,
    }
}
