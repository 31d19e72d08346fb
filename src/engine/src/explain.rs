//! EXPLAIN: the plan as PostgreSQL prints one.

use tusklet_error::{Error, Result, err};
use tusklet_exec::{Executor, NodeStats, Step};
use tusklet_ir::{AggStrategy, CommandType, JoinKind, Node, Plan, PlannedStmt, ResultColumn, SetOpKind, TypeRef, Value};
use tusklet_syntax::ast::{DefArg, ExplainStmt};

use crate::query::{analyze_query, compile, is_query};
use crate::session::{Session, Shared};

/// What was asked for.
struct Options {
    analyze: bool,
    costs: bool,
    timing: bool,
    summary: bool,
    verbose: bool,
}

fn options(e: &ExplainStmt) -> Result<Options> {
    let mut o = Options { analyze: false, costs: true, timing: true, summary: false, verbose: false };
    let mut summary = None;
    for d in &e.options {
        let on = || -> Result<bool> {
            match &d.arg {
                None => Ok(true),
                Some(DefArg::Boolean(b)) => Ok(*b),
                Some(DefArg::Integer(n)) => Ok(*n != 0),
                Some(DefArg::String(s)) => crate::settings::parse_bool(s)
                    .ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a Boolean value", d.name)),
                Some(DefArg::TypeName(t)) => crate::settings::parse_bool(&t.names.join("."))
                    .ok_or_else(|| err!(SYNTAX_ERROR, "{} requires a Boolean value", d.name)),
                _ => Err(err!(SYNTAX_ERROR, "{} requires a Boolean value", d.name)),
            }
        };
        match d.name.as_str() {
            "analyze" => o.analyze = on()?,
            "costs" => o.costs = on()?,
            "timing" => o.timing = on()?,
            "verbose" => o.verbose = on()?,
            "summary" => summary = Some(on()?),
            "buffers" | "settings" | "wal" => {
                if on()? {
                    return Err(Error::unsupported(format!("EXPLAIN ({})", d.name.to_uppercase())));
                }
            }
            "format" => {
                let f = match &d.arg {
                    Some(DefArg::String(s)) => s.clone(),
                    Some(DefArg::TypeName(t)) => t.names.join("."),
                    _ => String::new(),
                };
                match f.as_str() {
                    "text" => {}
                    "json" | "xml" | "yaml" => {
                        return Err(Error::unsupported(format!("EXPLAIN (FORMAT {})", f.to_uppercase())));
                    }
                    f => {
                        return Err(err!(
                            INVALID_PARAMETER_VALUE,
                            "unrecognized value for EXPLAIN option \"format\": \"{f}\""
                        )
                        .at(d.span));
                    }
                }
            }
            n => return Err(err!(SYNTAX_ERROR, "unrecognized EXPLAIN option \"{n}\"").at(d.span)),
        }
    }
    o.summary = summary.unwrap_or(o.analyze);
    Ok(o)
}

/// The result column.
pub fn column(e: &ExplainStmt) -> Result<ResultColumn> {
    options(e)?;
    Ok(ResultColumn {
        name: "QUERY PLAN".into(),
        ty: TypeRef::new(tusklet_catalog::builtin::oids::TEXT),
        collation: 100,
        origin: (0, 0),
    })
}

/// Explains, and with ANALYZE runs.
pub fn run(session: &mut Session, e: &ExplainStmt, params: &std::rc::Rc<[Value]>) -> Result<Vec<String>> {
    let o = options(e)?;
    let shared = session.shared.clone();
    if !is_query(&e.query) {
        return Err(Error::unsupported("EXPLAIN of this statement"));
    }
    let started = shared.db.env.now();
    let query = analyze_query(&shared, &e.query, &mut tusklet_analyze::ParamTypes::variable(vec![]))?;
    let program = compile(&shared, query)?;
    let planned = shared.db.env.now();
    let mut stats: Option<Vec<NodeStats>> = None;
    if o.analyze {
        let snapshot = shared.snapshot()?;
        let mut cx = shared.exec_cx(snapshot)?;
        let mut run = Executor::new(program.clone(), params.clone()).instrument();
        loop {
            match run.step(&mut cx, 2048)? {
                Step::Done => break,
                Step::Batch(_) => {}
                Step::Yield => tusklet_exec::Host::check_interrupts(&*shared)?,
                Step::Blocked(_) | Step::Restart(_) => {
                    return Err(err!(LOCK_NOT_AVAILABLE, "could not obtain lock on row"));
                }
            }
        }
        stats = run.stats().map(<[NodeStats]>::to_vec);
        shared.tx()?.next_command();
    }
    let ended = shared.db.env.now();
    let mut p = Printer { shared: &shared, stmt: &program.stmt, o: &o, stats, next: 0, lines: vec![] };
    p.node(&program.stmt.plan, 0, None);
    for (i, s) in program.stmt.subplans.iter().enumerate() {
        p.lines.push(format!("  SubPlan {}", i + 1));
        p.node(s, 2, None);
    }
    for c in &program.stmt.ctes {
        p.lines.push(format!("  CTE {}", c.name));
        p.node(&c.plan, 2, None);
    }
    let mut lines = p.lines;
    if o.summary {
        lines.push(format!("Planning Time: {:.3} ms", (planned - started) as f64 / 1000.0));
        if o.analyze {
            lines.push(format!("Execution Time: {:.3} ms", (ended - planned) as f64 / 1000.0));
        }
    }
    Ok(lines)
}

struct Printer<'a> {
    shared: &'a Shared,
    stmt: &'a PlannedStmt,
    o: &'a Options,
    stats: Option<Vec<NodeStats>>,
    next: usize,
    lines: Vec<String>,
}

impl Printer<'_> {
    /// A node and what is below it. The first has no arrow.
    fn node(&mut self, plan: &Plan, depth: usize, _parent: Option<&Plan>) {
        let number = self.next;
        self.next += 1;
        let mut line = String::new();
        if depth > 0 {
            line.push_str(&" ".repeat(depth * 6 - 4));
            line.push_str("->  ");
        }
        line.push_str(&self.title(plan));
        if self.o.costs {
            line.push_str(&format!(
                "  (cost={:.2}..{:.2} rows={:.0} width={})",
                plan.startup_cost,
                plan.total_cost,
                plan.rows.max(1.0),
                plan.width
            ));
        }
        if let Some(s) = self.stats.as_ref().and_then(|s| s.get(number)) {
            if s.loops == 0 {
                line.push_str(" (never executed)");
            } else {
                let per = s.loops as f64;
                if self.o.timing {
                    line.push_str(&format!(
                        " (actual time={:.3}..{:.3} rows={:.0} loops={})",
                        s.startup as f64 / 1000.0 / per,
                        s.total as f64 / 1000.0 / per,
                        s.rows as f64 / per,
                        s.loops
                    ));
                } else {
                    line.push_str(&format!(" (actual rows={:.0} loops={})", s.rows as f64 / per, s.loops));
                }
            }
        }
        self.lines.push(line);
        for child in plan.children() {
            self.node(child, depth + 1, Some(plan));
        }
    }

    fn relation(&self, oid: u32, alias: &str) -> String {
        let name = self.shared.catalog().relation(oid).map_or_else(|| oid.to_string(), |r| r.name.clone());
        let name = tusklet_catalog::resolve::quote_identifier(&name);
        if alias.is_empty() || alias == name { name } else { format!("{name} {alias}") }
    }

    fn title(&self, plan: &Plan) -> String {
        let join = |kind: JoinKind, base: &str| match kind {
            JoinKind::Inner if base == "Nested Loop" => base.to_string(),
            JoinKind::Inner => format!("{base} Join"),
            JoinKind::Left => format!("{base} Left Join"),
            JoinKind::Right => format!("{base} Right Join"),
            JoinKind::Full => format!("{base} Full Join"),
            JoinKind::Semi => format!("{base} Semi Join"),
            JoinKind::Anti => format!("{base} Anti Join"),
        };
        match &plan.node {
            Node::Result { .. } => "Result".into(),
            Node::SeqScan { rel, sample, .. } => {
                let kind = if sample.is_some() { "Sample Scan" } else { "Seq Scan" };
                format!("{kind} on {}", self.relation(rel.oid, &rel.alias))
            }
            Node::IndexScan { rel, index, backward, .. } => {
                let name = self.shared.catalog().relation(*index).map_or_else(String::new, |r| r.name.clone());
                let how = if *backward { " Backward" } else { "" };
                format!("Index Scan{how} using {name} on {}", self.relation(rel.oid, &rel.alias))
            }
            Node::TidScan { rel, .. } => format!("Tid Scan on {}", self.relation(rel.oid, &rel.alias)),
            Node::CatalogScan { rel } => format!("Seq Scan on {}", self.relation(rel.oid, &rel.alias)),
            Node::FunctionScan { alias, .. } => format!("Function Scan on {alias}"),
            Node::ValuesScan { .. } | Node::LiteralScan { .. } => "Values Scan on \"*VALUES*\"".into(),
            Node::CteScan { cte, alias } => {
                let name = self.stmt.ctes.get(*cte as usize).map_or("", |c| &c.name);
                if alias.is_empty() || alias == name {
                    format!("CTE Scan on {name}")
                } else {
                    format!("CTE Scan on {name} {alias}")
                }
            }
            Node::WorkTableScan { alias, .. } => format!("WorkTable Scan on {alias}"),
            Node::SubqueryScan { alias, .. } => format!("Subquery Scan on {alias}"),
            Node::With { .. } => "Result".into(),
            Node::NestLoop { kind, .. } => join(*kind, "Nested Loop"),
            Node::HashJoin { kind, .. } => join(*kind, "Hash"),
            Node::MergeJoin { kind, .. } => join(*kind, "Merge"),
            Node::Sort { .. } => "Sort".into(),
            Node::Limit { .. } => "Limit".into(),
            Node::Unique { .. } => "Unique".into(),
            Node::Aggregate { strategy, sets, .. } => match (strategy, sets) {
                (AggStrategy::Plain, None) => "Aggregate".into(),
                (AggStrategy::Sorted, _) => "GroupAggregate".into(),
                (_, Some(_)) => "MixedAggregate".into(),
                (AggStrategy::Hashed, None) => "HashAggregate".into(),
            },
            Node::WindowAgg { .. } => "WindowAgg".into(),
            Node::Append { .. } => "Append".into(),
            Node::MergeAppend { .. } => "Merge Append".into(),
            Node::SetOp { kind, all, .. } => format!(
                "HashSetOp {}{}",
                if *kind == SetOpKind::Intersect { "Intersect" } else { "Except" },
                if *all { " All" } else { "" }
            ),
            Node::RecursiveUnion { .. } => "Recursive Union".into(),
            Node::ProjectSet { .. } => "ProjectSet".into(),
            Node::Material { .. } => "Materialize".into(),
            Node::LockRows { .. } => "LockRows".into(),
            Node::ModifyTable(m) => {
                let verb = match m.command {
                    CommandType::Insert => "Insert",
                    CommandType::Update => "Update",
                    CommandType::Delete => "Delete",
                    _ => "Merge",
                };
                format!("{verb} on {}", m.targets.first().map_or("", |t| &t.name.1))
            }
        }
    }
}
