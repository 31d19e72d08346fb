//! Functions and aggregates.

use super::generated::pg_proc::PROSRC;
use super::table::{find_text, text};
use super::{by_key, by_order, oids, view};

view! {
    /// A row of `pg_proc`.
    Proc of pg_proc {
        /// `oid`.
        oid: oid = OID;
        /// `proname`.
        name: text = PRONAME;
        /// `pronamespace`.
        namespace: oid = PRONAMESPACE;
        /// `prolang`.
        language: oid = PROLANG;
        /// `procost`, always integral here.
        cost: int = PROCOST;
        /// `prorows`, always integral here.
        rows: int = PROROWS;
        /// `provariadic`: the element type of a variadic last argument, or 0.
        variadic: oid = PROVARIADIC;
        /// `prosupport`.
        support: oid = PROSUPPORT;
        /// `prokind`: `f`unction, `p`rocedure, `a`ggregate, `w`indow function.
        kind: char = PROKIND;
        /// `prosecdef`.
        secdef: bool = PROSECDEF;
        /// `proleakproof`.
        leakproof: bool = PROLEAKPROOF;
        /// `proisstrict`.
        strict: bool = PROISSTRICT;
        /// `proretset`.
        retset: bool = PRORETSET;
        /// `provolatile`: `i`mmutable, `s`table, `v`olatile.
        volatile: char = PROVOLATILE;
        /// `proparallel`.
        parallel: char = PROPARALLEL;
        /// `pronargs`: how many input arguments.
        nargs: int = PRONARGS;
        /// `pronargdefaults`: how many of the last ones have defaults.
        nargdefaults: int = PRONARGDEFAULTS;
        /// `prorettype`.
        rettype: oid = PRORETTYPE;
        /// `proargtypes`: the input arguments' types.
        args: list = PROARGTYPES;
        /// `proallargtypes`: every argument's type, when there are others than input ones.
        all_args: opt_list = PROALLARGTYPES;
        /// `proargmodes`: `i`, `o`, `b`, `v`, `t` per argument of `all_args`.
        arg_modes: opt_list = PROARGMODES;
        /// `proargnames`: empty where an argument has none.
        arg_names: opt_texts = PROARGNAMES;
        /// `proargdefaults` as SQL, separated by commas.
        defaults: opt_text = PROARGDEFAULTS;
        /// `probin`.
        bin: opt_text = PROBIN;
        /// `prosqlbody` as SQL: `RETURN …` or `BEGIN ATOMIC …`.
        sql_body: opt_text = PROSQLBODY;
        /// `proacl` as text.
        acl: opt_text = PROACL;
    }
}

impl Proc {
    /// `prosrc`: the kernel's symbol, or the text of an SQL function without a parsed body.
    pub fn src(self) -> &'static str {
        match PROSRC.get(self.row()) {
            0 => self.name(),
            id => text(id as u32).unwrap_or(""),
        }
    }

    /// Whether calling it needs a kernel bound to [`src`](Proc::src): it is neither SQL nor an aggregate, whose transition
    /// and final functions are functions of their own.
    pub fn needs_kernel(self) -> bool {
        self.language() != oids::LANGUAGE_SQL && self.kind() != b'a'
    }
}

view! {
    /// A row of `pg_aggregate`.
    Aggregate of pg_aggregate {
        /// `aggfnoid`.
        function: oid = AGGFNOID;
        /// `aggkind`: `n`ormal, `o`rdered-set, `h`ypothetical-set.
        kind: char = AGGKIND;
        /// `aggnumdirectargs`.
        direct_args: int = AGGNUMDIRECTARGS;
        /// `aggtransfn`.
        transfn: oid = AGGTRANSFN;
        /// `aggfinalfn`.
        finalfn: oid = AGGFINALFN;
        /// `aggcombinefn`.
        combinefn: oid = AGGCOMBINEFN;
        /// `aggserialfn`.
        serialfn: oid = AGGSERIALFN;
        /// `aggdeserialfn`.
        deserialfn: oid = AGGDESERIALFN;
        /// `aggmtransfn`.
        mtransfn: oid = AGGMTRANSFN;
        /// `aggminvtransfn`.
        minvtransfn: oid = AGGMINVTRANSFN;
        /// `aggmfinalfn`.
        mfinalfn: oid = AGGMFINALFN;
        /// `aggfinalextra`.
        finalextra: bool = AGGFINALEXTRA;
        /// `aggmfinalextra`.
        mfinalextra: bool = AGGMFINALEXTRA;
        /// `aggfinalmodify`: `r`ead-only, `s`hareable, read-`w`rite.
        finalmodify: char = AGGFINALMODIFY;
        /// `aggmfinalmodify`.
        mfinalmodify: char = AGGMFINALMODIFY;
        /// `aggsortop`: the operator whose order's first row is the answer.
        sortop: oid = AGGSORTOP;
        /// `aggtranstype`.
        transtype: oid = AGGTRANSTYPE;
        /// `aggtransspace`.
        transspace: int = AGGTRANSSPACE;
        /// `aggmtranstype`.
        mtranstype: oid = AGGMTRANSTYPE;
        /// `aggmtransspace`.
        mtransspace: int = AGGMTRANSSPACE;
        /// `agginitval`: the first state as text.
        initval: opt_text = AGGINITVAL;
        /// `aggminitval`.
        minitval: opt_text = AGGMINITVAL;
    }
}

/// A function by OID.
pub fn proc(oid: u32) -> Option<Proc> {
    by_key!(pg_proc, OID, oid).map(Proc)
}

/// The functions of this name, in OID order.
pub fn procs_by_name(name: &str) -> impl Iterator<Item = Proc> {
    find_text(name).into_iter().flat_map(|name| by_order!(pg_proc, BY_NAME, PRONAME == name)).map(Proc)
}

/// The internal function whose kernel has this symbol: one of the same name if there is one. Looked for row by row, since
/// only CREATE FUNCTION … LANGUAGE internal asks.
pub fn proc_by_source(source: &str) -> Option<Proc> {
    let internal = |p: &Proc| p.language() == oids::LANGUAGE_INTERNAL && p.kind() != b'a' && p.src() == source;
    procs_by_name(source).find(internal).or_else(|| Proc::all().find(internal))
}

/// The function of this name with exactly these argument types, in any schema.
pub fn proc_exact(name: &str, args: &[u32]) -> Option<Proc> {
    procs_by_name(name).find(|p| p.args() == args)
}

/// The aggregate behind a function.
pub fn aggregate(function: u32) -> Option<Aggregate> {
    by_key!(pg_aggregate, AGGFNOID, function).map(Aggregate)
}
