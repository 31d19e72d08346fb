//! From statement to program: analysis, rewriting, planning, compiling, and the plans kept.

use std::cell::RefCell;
use std::rc::Rc;

use tusklet_analyze::{AnalyzeContext, ParamTypes};
use tusklet_catalog::live::{Catalog, Relation};
use tusklet_catalog::resolve::SearchPath;
use tusklet_error::{Error, Notice, Result, SqlState, err};
use tusklet_exec::{Evaluator, ExecCx, Executor, Program, Step, eval_constant};
use tusklet_ir::{CommandType, Expr, ExprKind, Oid, Param, Query, ResultColumn, TypeRef, Value};
use tusklet_planner::{ColumnStats, Estimate, Guess, PlanContext, RelStats};
use tusklet_storage::Snapshot;
use tusklet_syntax::ast::{self, Stmt};
use tusklet_vector::{Batch, CallContext};

use crate::commands::acl;
use crate::session::Shared;

/// A statement ready to run, perhaps many times.
pub struct Prepared {
    /// Its text.
    pub sql: Rc<str>,
    /// Its tree; `None` for the empty statement.
    pub stmt: Option<Rc<Stmt>>,
    /// Parameter types.
    pub param_types: Vec<Oid>,
    /// Result columns; `None` for statements without rows.
    pub columns: Option<Rc<[ResultColumn]>>,
    /// Parameter types as the client gave them: analysis starts from these again.
    given: Vec<Oid>,
    variable: bool,
    /// Made by PREPARE, not by the protocol.
    pub from_sql: bool,
    /// In a function's body: what it is analysed with.
    body: Option<Box<BodyContext>>,
    plan: RefCell<Option<Planned>>,
    /// Something was said to the client while it was planned: whoever sends it again is to hear that again.
    pub(crate) said: bool,
    /// What is computed of the parameters beforehand, as constants are: the values of the parameters after them.
    pub(crate) bound: Vec<Evaluator>,
    /// The estimates by which its plan was chosen for certain values of the parameters.
    estimates: Vec<Estimate>,
}

struct Planned {
    version: u64,
    /// Whose privileges were checked when it was made.
    user: Oid,
    path: Rc<SearchPath>,
    program: Rc<Program>,
    /// Size classes of its tables: a table that has grown is planned for again.
    sizes: Vec<(tusklet_storage::RelId, u32)>,
}

/// The session as analysis sees it.
pub struct Analyzer<'a>(pub &'a Shared);

impl AnalyzeContext for Analyzer<'_> {
    fn catalog(&self) -> Catalog {
        self.0.catalog()
    }

    fn search_path(&self) -> Rc<SearchPath> {
        self.0.search_path()
    }

    fn input(&mut self, ty: TypeRef, text: &str) -> Result<Value> {
        let snapshot = self.0.snapshot()?;
        self.0.exec_cx(snapshot)?.input(ty, text)
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.0.settings.borrow().show(name).ok()
    }

    fn database(&self) -> String {
        self.0.db.name.borrow().clone()
    }

    fn notice(&mut self, notice: Notice) {
        self.0.notice(notice)
    }
}

/// What a statement of a SQL function's body is analysed with.
pub struct BodyContext {
    /// The function's name, which may stand before an argument's.
    pub function: String,
    /// Names of the input arguments, empty where they have none.
    pub names: Vec<String>,
    /// The statement, where the function keeps it analysed.
    pub query: Option<Rc<Query>>,
    /// What it must give, if it is the last.
    pub returned: Option<tusklet_analyze::Returned>,
}

/// The session inside a SQL function's body: a name that is no column may be an argument's.
pub(crate) struct BodyAnalyzer<'a> {
    session: Analyzer<'a>,
    body: &'a BodyContext,
    types: &'a [Oid],
}

impl<'a> BodyAnalyzer<'a> {
    pub(crate) fn new(shared: &'a Shared, body: &'a BodyContext, types: &'a [Oid]) -> BodyAnalyzer<'a> {
        BodyAnalyzer { session: Analyzer(shared), body, types }
    }

    fn argument(&self, name: &str) -> Option<Expr> {
        if name.is_empty() {
            return None;
        }
        let i = self.body.names.iter().take(self.types.len()).position(|n| n == name)?;
        let ty = TypeRef::new(self.types[i]);
        let mut e = Expr::new(ExprKind::Param(Param::External(i as u32 + 1)), ty);
        e.collation = self.session.catalog().type_collation(ty.oid);
        Some(e)
    }

    fn field(&self, arg: Expr, name: &str) -> Option<Expr> {
        let c = self.session.catalog();
        let rel = c.relation(c.type_relation(arg.ty.oid))?;
        let (i, column) = rel.columns.iter().filter(|k| !k.dropped).enumerate().find(|(_, k)| k.name == name)?;
        let mut e = Expr::new(ExprKind::Field { arg: arg, field: i as i16 + 1 }, column.ty);
        e.collation = column.collation;
        Some(e)
    }
}

impl AnalyzeContext for BodyAnalyzer<'_> {
    fn catalog(&self) -> Catalog {
        self.session.catalog()
    }

    fn search_path(&self) -> Rc<SearchPath> {
        self.session.search_path()
    }

    fn input(&mut self, ty: TypeRef, text: &str) -> Result<Value> {
        self.session.input(ty, text)
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.session.setting(name)
    }

    fn database(&self) -> String {
        self.session.database()
    }

    fn notice(&mut self, notice: Notice) {
        self.session.notice(notice)
    }

    fn column_hook(&mut self, fields: &[String], found: bool) -> Result<Option<Expr>> {
        // Columns come before arguments (`sql_fn_post_column_ref`).
        if found {
            return Ok(None);
        }
        let function = |name: &String| *name == self.body.function;
        Ok(match fields {
            [name] => self.argument(name),
            [f, name] if function(f) && self.argument(name).is_some() => self.argument(name),
            [name, field] => self.argument(name).and_then(|a| self.field(a, field)),
            [f, name, field] if function(f) => self.argument(name).and_then(|a| self.field(a, field)),
            _ => None,
        })
    }
}

/// Tables below this many rows have statistics once ANALYZE took them; a larger one's are always taken.
const UNANALYZED: f64 = 10_000.0;

/// The session as the planner sees it.
struct PlanCx<'a> {
    shared: &'a Shared,
    catalog: Catalog,
    /// What the parameters are expected to be.
    guess: Option<Rc<Guess>>,
}

impl PlanContext for PlanCx<'_> {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn relation(&mut self, oid: Oid) -> Result<Rc<Relation>> {
        self.catalog.relation(oid).ok_or_else(|| err!(INTERNAL_ERROR, "could not open relation with OID {oid}"))
    }

    fn stats(&mut self, rel: &Relation) -> RelStats {
        let (store, file) = (&self.shared.db.store, tusklet_storage::RelId(rel.storage));
        if !store.is_loaded(file) {
            return RelStats { rows: store.live_rows(file) as f64, ..RelStats::default() };
        }
        let Ok(table) = store.table(file) else { return RelStats::default() };
        let mut rows = table.live_rows() as f64;
        let seen = table.looked_at();
        // Column statistics cost a sample: only where a choice could depend on them. Those of a small table nobody analyzed
        // PostgreSQL does not know, nor does it know how small one is that nobody counted.
        if rows < 64.0 && !seen.analyzed || !seen.analyzed && rows < UNANALYZED {
            let (live, (mut pages, most)) = (Some(rows), tusklet_planner::heap_pages(rel, rows, &[]));
            if !seen.counted && pages < 10.0 {
                (pages, rows) = (10.0, rows.max(most));
            }
            let mut columns = vec![ColumnStats::default(); rel.columns.len()];
            for index in rel.indexes.iter().filter_map(|i| self.catalog.relation(*i)) {
                if let Some(ix) = index.index.as_ref().filter(|ix| ix.unique && ix.keys == 1 && ix.predicate.is_none())
                    && let Some(c) = columns.get_mut((ix.columns[0].attno.max(1) - 1) as usize)
                {
                    c.distinct = if ix.columns[0].attno > 0 { rows } else { c.distinct };
                }
            }
            return RelStats { rows, live, pages, visible: seen.vacuumed, columns, params: None };
        }
        let Ok(s) = self.shared.snapshot().and_then(|snapshot| table.statistics(&snapshot)) else {
            return RelStats { rows, ..RelStats::default() };
        };
        let number = |v: &Value| match v {
            Value::I16(v) => Some(*v as f64),
            Value::I32(v) => Some(*v as f64),
            Value::I64(v) => Some(*v as f64),
            Value::F32(v) => Some(*v as f64),
            Value::F64(v) => Some(*v),
            _ => None,
        };
        let columns = s
            .columns
            .iter()
            .map(|c| ColumnStats {
                distinct: c.ndistinct,
                null_frac: c.null_frac,
                range: match (number(&c.min), number(&c.max)) {
                    (Some(a), Some(b)) => Some((a, b)),
                    _ => None,
                },
                correlation: c.correlation,
            })
            .collect();
        let widths: Vec<f64> = s.columns.iter().map(|c| c.width).collect();
        let (pages, _) = tusklet_planner::heap_pages(rel, rows, &widths);
        RelStats { rows, live: None, pages, visible: seen.vacuumed, columns, params: self.guess.clone() }
    }

    fn pattern_prefix(&self, pattern: &str, ignore_case: bool) -> Option<(String, bool)> {
        use tusklet_adt::regex::{Flags, Regex};
        Regex::new(pattern, Flags { ignore_case, ..Flags::default() }).ok()?.prefix()
    }

    fn network_range(&self, network: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let n = tusklet_adt::network::Inet::decode(network);
        Some((n.network().to_bytes(), n.broadcast().set_masklen(-1).ok()?.to_bytes()))
    }

    fn evaluate(&mut self, e: &Expr) -> Result<Value> {
        let snapshot = self.shared.snapshot()?;
        let mut cx = self.shared.exec_cx(snapshot)?;
        eval_constant(&mut cx, e)
    }

    fn index_query(&mut self, index: &Relation, column: usize, strategy: i16, value: &Expr) -> Option<Vec<u8>> {
        let snapshot = self.shared.snapshot().ok()?;
        let mut cx = self.shared.exec_cx(snapshot).ok()?;
        let v = eval_constant(&mut cx, value).ok()?;
        let keys = tusklet_exec::index_keys::IndexKeys::of(index)?;
        keys.query(&mut cx, column, strategy, (value.ty, v.as_datum())).ok()
    }

    fn external_params(&self) -> Option<&[Value]> {
        None
    }

    fn enabled(&self, setting: &str) -> bool {
        let known = self.shared.switches.borrow().iter().find(|(n, _)| n == setting).map(|(_, on)| *on);
        known.unwrap_or_else(|| {
            let on = self.shared.settings.borrow().is_on(setting);
            self.shared.switches.borrow_mut().push((setting.to_string(), on));
            on
        })
    }

    fn sql_body(&mut self, func: Oid, args: &[Oid]) -> Result<Option<Rc<Expr>>> {
        let now = (self.catalog.version(), self.shared.user());
        let mut bodies = self.shared.bodies.borrow_mut();
        if bodies.of != now {
            *bodies = Bodies { of: now, known: vec![] };
        }
        let known = bodies.known.iter().find(|k| k.0 == func && k.1 == args).map(|k| k.2.clone());
        drop(bodies);
        if let Some(k) = known {
            return Ok(k);
        }
        let body = sql_body(self.shared, func, args)?.map(Rc::new);
        self.shared.bodies.borrow_mut().known.push((func, args.to_vec(), body.clone()));
        Ok(body)
    }

    fn set_body(&mut self, func: Oid, args: &[Oid], columns: &[TypeRef]) -> Result<Option<Query>> {
        let inlinable = |p: &tusklet_catalog::live::Proc| {
            p.language == tusklet_catalog::builtin::oids::LANGUAGE_SQL
                && p.kind == b'f'
                && p.retset
                && !p.strict
                && p.volatility != b'v'
                && !p.security_definer
                && p.config.is_empty()
                && p.oid >= tusklet_catalog::live::FIRST_USER_OID
        };
        let Some(p) = self.catalog.proc(func).filter(|p| inlinable(p)) else { return Ok(None) };
        if acl::check_proc(self.shared, func, "function").is_err() {
            return Ok(None);
        }
        let mut want = crate::routine::wanted(self.shared, &p, args);
        if !matches!(columns, [one] if one.oid == want.ty) {
            want.columns = Some(columns.to_vec());
            want.as_value = false;
        }
        let body = body_query(self.shared, &p, args, &want).map_err(|e| crate::routine::while_inlining(e, &p))?;
        let Some(query) = body else { return Ok(None) };
        let query = match rewrite(self.shared, query) {
            // What is refused is refused when the function runs.
            Err(e) if e.code() == SqlState::FEATURE_NOT_SUPPORTED => return Ok(None),
            query => query?,
        };
        let given = query.targets.iter().filter(|t| !t.junk).map(|t| t.expr.ty.oid);
        let fits = query.command == CommandType::Select
            && query.ctes.iter().all(|c| c.query.command == CommandType::Select)
            && given.eq(columns.iter().map(|c| c.oid));
        Ok(fits.then_some(query))
    }
}

/// Bodies of built-in functions in SQL that are one expression, or not, by function and argument types. A cast that
/// somebody makes may change what a body means, so they are good for one version of the catalog; and for one user, who
/// must be allowed to call what is to be inlined.
#[derive(Default)]
pub(crate) struct Bodies {
    of: (u64, Oid),
    known: Vec<(Oid, Vec<Oid>, Option<Rc<Expr>>)>,
}

/// The body of a function in SQL, when it is `SELECT expression` and nothing else (`inline_function`).
fn sql_body(shared: &Shared, func: Oid, args: &[Oid]) -> Result<Option<Expr>> {
    let Some(p) = shared.catalog().proc(func) else { return Ok(None) };
    // The call stays, and is refused.
    if acl::check_proc(shared, func, "function").is_err() {
        return Ok(None);
    }
    let want = crate::routine::wanted(shared, &p, args);
    let query = match body_query(shared, &p, args, &want) {
        Ok(Some(q)) => q,
        Err(e) if p.oid >= tusklet_catalog::live::FIRST_USER_OID => return Err(crate::routine::while_inlining(e, &p)),
        _ => return Ok(None),
    };
    Ok(one_expression(&shared.catalog(), query))
}

/// The only query of a function's body, giving what the function returns.
fn body_query(
    shared: &Shared,
    p: &tusklet_catalog::live::Proc,
    args: &[Oid],
    want: &tusklet_analyze::Returned,
) -> Result<Option<Query>> {
    let mut params = ParamTypes { types: args.to_vec(), variable: false };
    let body = BodyContext {
        function: p.name.clone(),
        names: crate::routine::input_names(p),
        query: None,
        returned: None,
    };
    let mut cx = BodyAnalyzer::new(shared, &body, args);
    let query = match p.body.as_slice() {
        [one] => (**one).clone(),
        [] => {
            let builtin = p.source.is_empty();
            let source = if builtin { crate::routine::builtin_body(p.oid)? } else { p.source.clone() };
            let mut list = match builtin {
                true => tusklet_syntax::parse(&source)?,
                false => crate::routine::parse_body(shared, p, &source, "inlining")?,
            };
            let (Some(raw), true) = (list.pop(), list.is_empty()) else { return Ok(None) };
            if !is_query(&raw.stmt) {
                return Ok(None);
            }
            tusklet_analyze::analyze_stmt(&mut cx, &raw.stmt, &mut params)?
        }
        _ => return Ok(None),
    };
    if p.oid < tusklet_catalog::live::FIRST_USER_OID {
        return Ok(Some(query));
    }
    tusklet_analyze::check_sql_fn_retval(&mut cx, query, want).map(Some)
}

/// A query that is `SELECT expression` and nothing else, as that.
fn one_expression(catalog: &Catalog, query: Query) -> Option<Expr> {
    let Query {
        command: CommandType::Select,
        rtable,
        from,
        filter: None,
        mut targets,
        having: None,
        distinct: None,
        limit: None,
        offset: None,
        set_op: None,
        has_aggs: false,
        has_windows: false,
        has_srfs: false,
        has_sublinks: false,
        ..
    } = query
    else {
        return None;
    };
    let target = targets.pop()?;
    let mut body = target.expr;
    tusklet_ir::visit::walk_mut(&mut body, &mut |e| {
        e.span = tusklet_error::Span::NONE;
        catalog.order_arguments(e);
    });
    (rtable.is_empty() && from.is_empty() && targets.is_empty()).then_some(body)
}

/// Whether a statement is a query: analysed, planned and executed, rather than a command.
pub fn is_query(stmt: &Stmt) -> bool {
    match stmt {
        // SELECT INTO is CREATE TABLE AS.
        Stmt::Select(s) => crate::commands::into_clause(s).is_none(),
        _ => matches!(stmt, Stmt::Insert(_) | Stmt::Update(_) | Stmt::Delete(_) | Stmt::Merge(_)),
    }
}

/// Analyses and rewrites a query.
pub fn analyze_query(shared: &Shared, stmt: &Stmt, params: &mut ParamTypes) -> Result<Query> {
    let query = tusklet_analyze::analyze_stmt(&mut Analyzer(shared), stmt, params)?;
    rewrite(shared, query)
}

/// The query of a prepared statement with values in place of its parameters, not rewritten yet.
pub fn bound_query(shared: &Shared, stmt: &Stmt, prepared: &Prepared, values: &[Value]) -> Result<Query> {
    let mut types = ParamTypes::fixed(prepared.param_types.clone());
    let mut query = tusklet_analyze::analyze_stmt(&mut Analyzer(shared), stmt, &mut types)?;
    tusklet_ir::visit::walk_levels_mut(&mut query, 0, &mut |e, _| {
        if let ExprKind::Param(Param::External(n)) = &e.kind
            && let Some(v) = values.get((*n as usize).wrapping_sub(1))
        {
            e.kind = ExprKind::Const(v.clone());
        }
    });
    Ok(query)
}

/// Expands views and applies rules.
pub fn rewrite(shared: &Shared, query: Query) -> Result<Query> {
    let mut all = tusklet_analyze::rewrite(&mut Analyzer(shared), query)?;
    match (all.pop(), all.is_empty()) {
        (Some(mut q), true) => {
            let catalog = shared.catalog();
            tusklet_ir::visit::walk_levels_mut(&mut q, 0, &mut |e, _| catalog.order_arguments(e));
            Ok(q)
        }
        _ => Err(Error::unsupported("a rule that adds statements")),
    }
}

/// Plans and compiles a query.
pub fn compile(shared: &Shared, query: Query) -> Result<Rc<Program>> {
    compile_for(shared, query, None)
}

fn compile_for(shared: &Shared, query: Query, guess: Option<Rc<Guess>>) -> Result<Rc<Program>> {
    let mut cx = PlanCx { shared, catalog: shared.catalog(), guess };
    let stmt = Rc::new(tusklet_planner::plan(&mut cx, query)?);
    check_privileges(shared, &stmt)?;
    let snapshot = shared.snapshot()?;
    Program::compile(&mut shared.exec_cx(snapshot)?, stmt)
}

/// An expression the catalog keeps as a plan would have it.
pub fn plan_expression(shared: &Shared, e: &Expr) -> Result<Expr> {
    let (catalog, mut e) = (shared.catalog(), e.clone());
    tusklet_ir::visit::walk_mut(&mut e, &mut |x| catalog.order_arguments(x));
    tusklet_planner::plan_expression(&mut PlanCx { shared, catalog, guess: None }, &mut e)?;
    Ok(e)
}

/// Plans a query without compiling it.
pub fn plan_only(shared: &Shared, query: Query) -> Result<tusklet_ir::PlannedStmt> {
    let mut cx = PlanCx { shared, catalog: shared.catalog(), guess: None };
    tusklet_planner::plan(&mut cx, query)
}

fn check_privileges(shared: &Shared, stmt: &tusklet_ir::PlannedStmt) -> Result<()> {
    prevent_in_read_only(shared, stmt)?;
    crate::privileges::check(shared, stmt)
}

/// Refuses to change data in a read-only transaction.
pub(crate) fn prevent_in_read_only(shared: &Shared, stmt: &tusklet_ir::PlannedStmt) -> Result<()> {
    if !shared.transaction.borrow().as_ref().is_some_and(|t| t.read_only) {
        return Ok(());
    }
    shared.prevent_in_read_only(match stmt.command {
        // Temporary tables are the session's own (`ExecCheckXactReadOnly`).
        _ if stmt.relations.iter().all(|u| !(u.insert || u.update || u.delete || u.row_lock) || shared.is_temporary(u.rel)) => return Ok(()),
        CommandType::Select => locking(&stmt.plan).unwrap_or("SELECT"),
        CommandType::Insert => "INSERT",
        CommandType::Update => "UPDATE",
        CommandType::Delete => "DELETE",
        CommandType::Merge => "MERGE",
    })
}

/// SELECT FOR …, as its tag calls it.
fn locking(plan: &tusklet_ir::Plan) -> Option<&'static str> {
    use tusklet_ir::LockStrength;
    match &plan.node {
        tusklet_ir::Node::LockRows { marks, .. } => Some(match marks.first()?.strength {
            LockStrength::KeyShare => "SELECT FOR KEY SHARE",
            LockStrength::Share => "SELECT FOR SHARE",
            LockStrength::NoKeyUpdate => "SELECT FOR NO KEY UPDATE",
            LockStrength::Update => "SELECT FOR UPDATE",
        }),
        _ => plan.children().into_iter().find_map(locking),
    }
}

impl Prepared {
    /// Analyses a statement. `given` are the types the client declared (0 unknown); with `variable` the rest is inferred.
    pub fn new(shared: &Shared, sql: Rc<str>, stmt: Option<Rc<Stmt>>, given: Vec<Oid>, variable: bool) -> Result<Prepared> {
        Prepared::with_body(shared, sql, stmt, given, variable, None)
    }

    fn with_body(
        shared: &Shared,
        sql: Rc<str>,
        stmt: Option<Rc<Stmt>>,
        given: Vec<Oid>,
        variable: bool,
        body: Option<Box<BodyContext>>,
    ) -> Result<Prepared> {
        let mut p = Prepared {
            sql,
            stmt,
            param_types: given.clone(),
            columns: None,
            given,
            variable,
            from_sql: false,
            body,
            plan: RefCell::new(None),
            said: false,
            bound: vec![],
            estimates: vec![],
        };
        let analysed = p.body.as_ref().is_some_and(|b| b.query.is_some());
        let stmt = match p.stmt.clone() {
            Some(s) => s,
            None if analysed => Rc::new(Stmt::CheckPoint),
            None => return Ok(p),
        };
        let said = shared.notices.borrow().len();
        if variable && !analysed && is_query(&stmt) {
            let mut params = ParamTypes { types: p.given.clone(), variable };
            let query = analyze_query(shared, &stmt, &mut params)?;
            let columns = tusklet_planner::result_columns(&query);
            if !columns.is_empty() || query.command == CommandType::Select {
                p.columns = Some(told_columns(shared, &columns).into());
            }
            p.param_types = params.types;
            // An error of planning is said when it is to run: it is planned again then.
            if let Ok(program) = compile(shared, query) {
                p.keep(shared, program);
            }
        } else if analysed || is_query(&stmt) {
            let (program, types) = p.make(shared)?;
            p.param_types = types;
            if !program.stmt.columns.is_empty() || program.stmt.command == CommandType::Select {
                p.columns = Some(told_columns(shared, &program.stmt.columns).into());
            }
            p.keep(shared, program);
        } else {
            p.columns = crate::utility::columns(shared, &stmt)?;
            let declared;
            let inner = match &*stmt {
                Stmt::Explain(e) if is_query(&e.query) => Some(&e.query),
                Stmt::DeclareCursor(d) => {
                    declared = Stmt::Select(d.query.clone());
                    Some(&declared)
                }
                _ => None,
            };
            if let (Some(inner), true) = (inner, variable) {
                let mut params = ParamTypes { types: p.given.clone(), variable };
                analyze_query(shared, inner, &mut params)?;
                p.param_types = params.types;
            }
        }
        p.said = shared.notices.borrow().len() > said;
        Ok(p)
    }

    /// Prepares a query whose parameters stand for constants: what is computed of constants when a statement is planned is
    /// computed of these before it runs. The plan is for values like those that `values` answers, given the types;
    /// `Ok(None)` when it has none.
    pub(crate) fn for_values(
        shared: &Shared,
        sql: Rc<str>,
        stmt: Rc<Stmt>,
        given: Vec<Oid>,
        values: &dyn Fn(&[Oid]) -> Option<Vec<Value>>,
    ) -> Result<Option<Prepared>> {
        let mut params = ParamTypes { types: given.clone(), variable: true };
        let mut query = analyze_query(shared, &stmt, &mut params)?;
        let mut exprs = Vec::new();
        let n = params.types.len() as u32;
        tusklet_ir::visit::query_exprs_mut(&mut query, &mut |e| bind_constants(e, n, &mut exprs));
        let Some(mut values) = values(&params.types) else { return Ok(None) };
        let mut cx = shared.exec_cx(shared.snapshot()?)?;
        let mut bound = Vec::with_capacity(exprs.len());
        for e in &exprs {
            let e = Evaluator::over_params(&mut cx, e)?;
            let v = e.eval(&mut cx, &values[..n as usize])?;
            values.push(v);
            bound.push(e);
        }
        drop(cx);
        let guess = Rc::new(Guess { values, used: RefCell::default() });
        let program = compile_for(shared, query, Some(guess.clone()))?;
        let told = !program.stmt.columns.is_empty() || program.stmt.command == CommandType::Select;
        let p = Prepared {
            sql,
            stmt: Some(stmt),
            param_types: params.types,
            columns: told.then(|| told_columns(shared, &program.stmt.columns).into()),
            given,
            variable: true,
            body: None,
            plan: RefCell::new(None),
            bound,
            from_sql: false,
            estimates: guess.used.take(),
            said: false,
        };
        p.keep(shared, program);
        Ok(Some(p))
    }

    /// Values of one class are served by one plan: those for which about the same share of the rows is expected, within
    /// a factor of the square root of two.
    pub(crate) fn class(&self, values: impl Fn(usize) -> Option<Value>) -> i32 {
        let share = |e: &Estimate| e.share(&values(e.param as usize)?);
        let product: f64 = self.estimates.iter().filter_map(share).product();
        (product.log2() * 2.0).round() as i32
    }

    /// Whether its plan depends on the values it was made for.
    pub(crate) fn has_classes(&self) -> bool {
        !self.estimates.is_empty()
    }

    fn make(&self, shared: &Shared) -> Result<(Rc<Program>, Vec<Oid>)> {
        let mut params = ParamTypes { types: self.given.clone(), variable: self.variable };
        let empty = || Error::internal("empty statement");
        let query = match &self.body {
            None => analyze_query(shared, self.stmt.as_deref().ok_or_else(empty)?, &mut params)?,
            Some(body) => rewrite(shared, analyze_in_function(shared, self.stmt.as_deref(), &self.given, body)?)?,
        };
        Ok((compile(shared, query)?, params.types))
    }

    fn keep(&self, shared: &Shared, program: Rc<Program>) {
        let catalog = shared.catalog.borrow();
        let mut sizes = vec![];
        for u in &program.stmt.relations {
            if let Some(r) = catalog.user_relation(u.rel).filter(|r| r.storage != 0) {
                let rel = tusklet_storage::RelId(r.storage);
                sizes.push((rel, size_class(shared, rel)));
            }
        }
        let version = catalog.version();
        drop(catalog);
        *self.plan.borrow_mut() = Some(Planned { version, user: shared.user(), path: shared.search_path(), program, sizes });
    }

    /// Whether it has a plan that is good as it is.
    pub(crate) fn is_current(&self, shared: &Shared) -> bool {
        self.plan.borrow().as_ref().is_some_and(|p| p.is_current(shared))
    }

    /// The parameter types the client declared.
    pub fn given(&self) -> &[Oid] {
        &self.given
    }

    /// Whether the rows it writes are computed with volatile functions.
    pub(crate) fn computes_volatile(&self, shared: &Shared) -> bool {
        let Ok(program) = self.program(shared) else { return true };
        let tusklet_ir::Node::ModifyTable(m) = &program.stmt.plan.node else { return false };
        m.input.project.iter().flatten().any(|e| {
            tusklet_ir::visit::any(e, &mut |x| match &x.kind {
                tusklet_ir::ExprKind::Call(c) => c.volatility == tusklet_ir::Volatility::Volatile,
                tusklet_ir::ExprKind::NextVal(_) => true,
                _ => false,
            })
        })
    }

    /// An error if its result would have another shape now.
    pub fn is_as_described(&self, shared: &Shared) -> Result<()> {
        if self.columns.is_some() && self.stmt.as_ref().is_some_and(|s| is_query(s)) {
            shared.begin_transaction(false);
            shared.refresh_catalog()?;
            if self.is_current(shared) {
                return Ok(());
            }
            // It is not planned for this.
            let mut params = ParamTypes { types: self.given.clone(), variable: self.variable };
            let Some(stmt) = &self.stmt else { return Ok(()) };
            let query = analyze_query(shared, stmt, &mut params)?;
            self.check_shape(shared, &tusklet_planner::result_columns(&query), &params.types)?;
        }
        Ok(())
    }

    fn check_shape(&self, shared: &Shared, columns: &[ResultColumn], types: &[Oid]) -> Result<()> {
        let same = match &self.columns {
            Some(old) => {
                old.len() == columns.len()
                    && old.iter().zip(&told_columns(shared, columns)).all(|(a, b)| a.ty == b.ty && a.name == b.name)
            }
            None => columns.is_empty(),
        };
        if !same || types != self.param_types {
            return Err(err!(FEATURE_NOT_SUPPORTED, "cached plan must not change result type"));
        }
        Ok(())
    }

    /// Whether its result would have another shape now.
    pub fn is_stale(&self, shared: &Shared) -> Result<bool> {
        let Some(stmt) = &self.stmt else { return Ok(false) };
        if !is_query(stmt) {
            return Ok(false);
        }
        shared.begin_transaction(false);
        shared.refresh_catalog()?;
        match self.program(shared) {
            Ok(_) => Ok(false),
            Err(e) if e.code() == tusklet_error::SqlState::FEATURE_NOT_SUPPORTED && e.message().starts_with("cached plan") => Ok(true),
            Err(e) => Err(e),
        }
    }

    /// The program, made again when the catalog or the search path changed. A result of another shape is an error.
    pub fn program(&self, shared: &Shared) -> Result<Rc<Program>> {
        if let Some(p) = &*self.plan.borrow() {
            if p.is_current(shared) {
                return Ok(p.program.clone());
            }
        }
        let (program, types) = self.make(shared)?;
        self.check_shape(shared, &program.stmt.columns, &types)?;
        self.keep(shared, program.clone());
        Ok(program)
    }
}

/// Replaces what constant folding would compute of the first `n` parameters, were they constants, by further parameters.
fn bind_constants(e: &mut Expr, n: u32, bound: &mut Vec<Expr>) {
    let is_param = |x: &Expr| matches!(x.kind, ExprKind::Param(Param::External(_)));
    if !is_param(e) && folds(e) && tusklet_ir::visit::any(e, &mut |x| is_param(x)) {
        bound.push(e.clone());
        e.kind = ExprKind::Param(Param::External(n + bound.len() as u32));
        return;
    }
    tusklet_ir::visit::children_mut(e, &mut |c| bind_constants(c, n, bound));
}

/// Whether an expression is of constants and parameters alone, and constant folding would compute it.
fn folds(e: &Expr) -> bool {
    use tusklet_catalog::builtin;
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Param(Param::External(_)) => true,
        ExprKind::Call(c) => c.volatility == tusklet_ir::Volatility::Immutable && !c.retset && c.args.iter().all(folds),
        ExprKind::Relabel { arg, .. } => folds(arg),
        ExprKind::ViaIo { arg, .. } => {
            let immutable = |f: Oid| builtin::proc(f).is_some_and(|p| p.volatile() == b'i');
            let (from, to) = (builtin::ty(arg.ty.oid), builtin::ty(e.ty.oid));
            from.is_some_and(|t| immutable(t.output())) && to.is_some_and(|t| immutable(t.input())) && folds(arg)
        }
        _ => false,
    }
}

/// The result's columns as clients are told of them: a domain's column as one of its base type.
fn told_columns(shared: &Shared, columns: &[ResultColumn]) -> Vec<ResultColumn> {
    let catalog = shared.catalog.borrow();
    let base = |c: &ResultColumn| ResultColumn { ty: catalog.base_type_and_typmod(c.ty), ..c.clone() };
    columns.iter().map(base).collect()
}

impl Planned {
    fn is_current(&self, shared: &Shared) -> bool {
        self.version == shared.catalog.borrow().version()
            && self.user == shared.user()
            && same_path(&self.path, &shared.search_path())
            && self.sizes.iter().all(|(rel, class)| size_class(shared, *rel) == *class)
    }
}

/// Classes of table sizes between which plans are expected to differ: fourfold, and small ones are all the same.
fn size_class(shared: &Shared, rel: tusklet_storage::RelId) -> u32 {
    let Ok(t) = shared.db.store.table(rel) else { return 0 };
    let (rows, seen) = (t.live_rows() as u64, t.looked_at());
    let seen = u32::from(seen.counted) << 6 | u32::from(seen.analyzed) << 7 | u32::from(seen.vacuumed) << 8;
    (rows >> 6).checked_ilog2().map_or(0, |n| n / 2 + 1) | seen
}

fn same_path(a: &Rc<SearchPath>, b: &Rc<SearchPath>) -> bool {
    Rc::ptr_eq(a, b) || a.schemas == b.schemas
}

/// Runs a compiled program to its end. A lock that must be waited for is an error; [`Shared::take_wait`] tells which, so
/// that the caller's statement can wait and start over.
pub fn run_program(shared: &Shared, cx: &mut ExecCx<'_>, program: Rc<Program>, params: &[Value]) -> Result<(u64, Vec<Batch>)> {
    let mut run = Executor::new(program, Rc::from(params));
    let mut batches = Vec::new();
    loop {
        match run.step(cx, 2048)? {
            Step::Batch(b) => batches.push(b),
            Step::Done => return Ok((run.processed(), batches)),
            Step::Yield => tusklet_exec::Host::check_interrupts(shared)?,
            Step::Blocked(w) | Step::Restart(w) => {
                shared.pending_wait.set(Some(w));
                return Err(cx.must_wait(w));
            }
        }
    }
}

/// Analyses a statement of a SQL function's body.
pub(crate) fn analyze_in_function(shared: &Shared, stmt: Option<&Stmt>, types: &[Oid], body: &BodyContext) -> Result<Query> {
    let mut cx = BodyAnalyzer::new(shared, body, types);
    let query = match (&body.query, stmt) {
        (Some(q), _) => (**q).clone(),
        (None, Some(stmt)) => {
            let mut params = ParamTypes { types: types.to_vec(), variable: false };
            tusklet_analyze::analyze_stmt(&mut cx, stmt, &mut params)?
        }
        (None, None) => return Err(Error::internal("empty statement")),
    };
    match &body.returned {
        Some(r) => tusklet_analyze::check_sql_fn_retval(&mut cx, query, r),
        None => Ok(query),
    }
}

/// Prepares a statement of a SQL function's body: `$n` and the arguments' names are its parameters.
pub fn prepare_in_function(
    shared: &Shared,
    sql: Rc<str>,
    stmt: Option<Rc<Stmt>>,
    types: Vec<Oid>,
    body: BodyContext,
) -> Result<Prepared> {
    Prepared::with_body(shared, sql, stmt, types, false, Some(Box::new(body)))
}

/// Runs an analysed query to its end under a snapshot of its own.
pub fn run_query(shared: &Shared, query: Query) -> Result<(Vec<TypeRef>, Vec<Batch>)> {
    let query = rewrite(shared, query)?;
    let program = compile(shared, query)?;
    let types = program.stmt.columns.iter().map(|c| c.ty).collect();
    let snapshot = shared.snapshot()?;
    let mut cx = shared.exec_cx(snapshot)?;
    let (_, batches) = run_program(shared, &mut cx, program, &[])?;
    shared.tx()?.next_command();
    Ok((types, batches))
}

/// Runs one of the engine's own statements; its plan is kept. Parameters carry their types.
pub fn run_sql(shared: &Shared, sql: &str, params: &[(Oid, Value)]) -> Result<Vec<Vec<Value>>> {
    run_sql_under(shared, sql, params, shared.snapshot()?)
}

/// The same under a snapshot.
pub fn run_sql_under(shared: &Shared, sql: &str, params: &[(Oid, Value)], snapshot: Snapshot) -> Result<Vec<Vec<Value>>> {
    let known = shared.internal_plans.borrow().get(sql).cloned();
    let prepared = match known {
        Some(p) => p,
        None => {
            let raw = tusklet_syntax::parse_one(sql)?;
            let types = params.iter().map(|(t, _)| *t).collect();
            let p = Rc::new(Prepared::new(shared, Rc::from(sql), Some(Rc::new(raw.stmt)), types, false)?);
            shared.internal_plans.borrow_mut().insert(sql.to_string(), p.clone());
            p
        }
    };
    let values: Vec<Value> = params.iter().map(|(_, v)| v.clone()).collect();
    run_prepared(shared, &prepared, &values, snapshot)
}

/// As [`run_sql`], of a query that is not kept.
pub fn run_once(shared: &Shared, sql: &str) -> Result<Vec<Vec<Value>>> {
    let raw = tusklet_syntax::parse_one(sql)?;
    let prepared = Prepared::new(shared, Rc::from(sql), Some(Rc::new(raw.stmt)), vec![], false)?;
    run_prepared(shared, &prepared, &[], shared.snapshot()?)
}

fn run_prepared(shared: &Shared, prepared: &Prepared, values: &[Value], snapshot: Snapshot) -> Result<Vec<Vec<Value>>> {
    let program = prepared.program(shared)?;
    let mut cx = shared.exec_cx(snapshot)?;
    let (_, batches) = run_program(shared, &mut cx, program, values)?;
    shared.tx()?.next_command();
    Ok(rows_of(&batches))
}

/// Batches as rows.
pub fn rows_of(batches: &[Batch]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for b in batches {
        for i in b.sel.iter() {
            rows.push(b.columns.iter().map(|c| c.value(i)).collect());
        }
    }
    rows
}

/// Values of expressions without a table, as EXECUTE's parameters are.
pub fn eval_expr(shared: &Shared, e: &Expr) -> Result<Value> {
    let snapshot = shared.snapshot()?;
    let mut cx = shared.exec_cx(snapshot)?;
    eval_constant(&mut cx, e)
}

/// The text of a statement of a longer text.
pub fn statement_text<'a>(sql: &'a str, raw: &ast::RawStmt) -> &'a str {
    sql.get(raw.span.start as usize..raw.span.end as usize).unwrap_or(sql)
}

/// A parameter of EXECUTE as a value's expression of the type the statement wants.
pub fn analyze_parameter(shared: &Shared, e: &ast::Expr, ty: Oid) -> Result<Expr> {
    let scope = tusklet_analyze::ExprScope {
        clause: tusklet_analyze::Clause::ExecuteParameter,
        target: Some((TypeRef::new(ty), "EXECUTE")),
        ..Default::default()
    };
    tusklet_analyze::analyze_expr(&mut Analyzer(shared), e, &scope, &mut ParamTypes::none())
}
