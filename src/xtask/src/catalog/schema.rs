//! Which catalogs are extracted, column by column, and which orders the linked-in form keeps beside OID order.
//!
//! Columns whose value is the same in every installation and every row (`proowner`, `typisdefined`) or belongs to a
//! running database (`relpages`) are left out; the live catalog knows them.

/// What a column holds: decides how the TSV shows it and how the linked-in form stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A truth value, `t` or `f`.
    Bool,
    /// A `"char"`; the empty one is shown as an empty cell.
    Char,
    /// An integer, or a real that is always integral.
    Int,
    /// An OID shown as a number.
    Oid,
    /// Text, name, or an expression as SQL.
    Text,
    /// A text that mostly equals the row's name, its second column; stored as 0 then.
    TextOrName,
    /// An OID shown as the symbol of the row it points to.
    Ref(Class),
    /// A list of integers.
    Ints,
    /// A list of texts.
    Texts,
    /// A list of `"char"`s, shown run together.
    Chars,
    /// A list of references.
    Refs(Class),
}

/// The catalogs that symbols point into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Type,
    Proc,
    Operator,
    Relation,
    Namespace,
    Language,
    Am,
    Opfamily,
    Opclass,
    Collation,
    TsParser,
    TsTemplate,
    TsDict,
    TsConfig,
}

/// One column of a catalog.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The SQL that yields it; empty when that is the column itself.
    pub sql: &'static str,
}

/// One catalog.
#[derive(Debug)]
pub struct Catalog {
    /// PostgreSQL's name.
    pub name: &'static str,
    /// FROM and WHERE.
    pub from: &'static str,
    /// The columns that identify a row, in the order of the rows.
    pub key: &'static [&'static str],
    /// The columns.
    pub columns: &'static [Column],
    /// Second orders: a name and the columns compared.
    pub orders: &'static [(&'static str, &'static [&'static str])],
}

impl Catalog {
    /// The query that yields the rows, references as numbers.
    pub fn query(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(Column::select).collect();
        let from = self.from.replace("SYSTEM_RELATIONS", SYSTEM_RELATIONS);
        format!("SELECT {} FROM {from} ORDER BY {}", columns.join(", "), self.order())
    }

    // By number, whatever symbols the cells will show; names by bytes.
    fn order(&self) -> String {
        (1..=self.columns.len())
            .filter(|i| self.key.contains(&self.columns[i - 1].name))
            .map(|i| i.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The stem of the TSV's name.
    pub fn file(&self) -> &'static str {
        self.name
    }
}

impl Column {
    fn select(&self) -> String {
        let sql = if self.sql.is_empty() { self.name } else { self.sql };
        match self.kind {
            Kind::Ref(_) => format!("({sql})::oid AS {}", self.name),
            Kind::Int if self.name == "procost" || self.name == "prorows" => format!("({sql})::int AS {}", self.name),
            _ => format!("{sql} AS {}", self.name),
        }
    }
}

/// Comments of the built-in objects, for completion and the reference pages; not linked into the engine.
pub const DESCRIPTIONS: &str = "SELECT classoid::regclass AS classoid, objoid, objsubid, description
    FROM pg_description WHERE objoid < 16384 ORDER BY classoid::oid, objoid, objsubid";

const fn c(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, sql: "" }
}

const fn e(name: &'static str, kind: Kind, sql: &'static str) -> Column {
    Column { name, kind, sql }
}

use Class::*;
use Kind::*;

/// Relations of the two system schemas; TOAST tables are the live catalog's business.
const SYSTEM_RELATIONS: &str = "(SELECT oid FROM pg_class WHERE oid < 16384 AND relnamespace::regnamespace::text IN ('pg_catalog', 'information_schema'))";

/// Settings that SHOW and SET know but `pg_settings` hides.
const HIDDEN_SETTINGS: &str = "(SELECT name, vartype, context, unit, boot_val, min_val, max_val, enumvals, category,
      short_desc, extra_desc, pg_settings_get_flags(name) AS flags FROM pg_settings WHERE name !~ '[.]'
    UNION ALL SELECT name, vartype, context, unit, boot_val, min_val, max_val, NULL, category, short_desc, NULL, pg_settings_get_flags(name) FROM (VALUES
      ('default_with_oids', 'bool', 'user', NULL, 'off', NULL, NULL, 'Version and Platform Compatibility / Previous PostgreSQL Versions', 'WITH OIDS is no longer supported; this can only be false.'),
      ('is_superuser', 'bool', 'internal', NULL, 'off', NULL, NULL, 'Ungrouped', 'Shows whether the current user is a superuser.'),
      ('role', 'string', 'user', NULL, 'none', NULL, NULL, 'Ungrouped', 'Sets the current role.'),
      ('seed', 'real', 'user', NULL, '0', '-1', '1', 'Ungrouped', 'Sets the seed for random-number generation.'),
      ('session_authorization', 'string', 'user', NULL, NULL, NULL, NULL, 'Ungrouped', 'Sets the session user name.'),
      ('ssl_renegotiation_limit', 'integer', 'user', 'kB', '0', '0', '0', 'Connections and Authentication / SSL', 'SSL renegotiation is no longer supported; this can only be 0.')
    ) h(name, vartype, context, unit, boot_val, min_val, max_val, category, short_desc)
    WHERE name NOT IN (SELECT name FROM pg_settings)) s";

/// Every extracted catalog. Those that symbols are made from come before nothing in particular: all are read first.
pub const CATALOGS: &[Catalog] = &[
    Catalog {
        name: "pg_type",
        from: "pg_type WHERE oid < 16384 AND (typrelid = 0 OR typrelid IN (SELECT oid FROM pg_class WHERE relnamespace <> 99))",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("typname", Text),
            c("typnamespace", Ref(Namespace)),
            c("typlen", Int),
            c("typbyval", Bool),
            c("typtype", Char),
            c("typcategory", Char),
            c("typispreferred", Bool),
            c("typdelim", Char),
            c("typrelid", Ref(Relation)),
            c("typsubscript", Ref(Proc)),
            c("typelem", Ref(Type)),
            c("typarray", Ref(Type)),
            c("typinput", Ref(Proc)),
            c("typoutput", Ref(Proc)),
            c("typreceive", Ref(Proc)),
            c("typsend", Ref(Proc)),
            c("typmodin", Ref(Proc)),
            c("typmodout", Ref(Proc)),
            c("typanalyze", Ref(Proc)),
            c("typalign", Char),
            c("typstorage", Char),
            c("typnotnull", Bool),
            c("typbasetype", Ref(Type)),
            c("typtypmod", Int),
            c("typndims", Int),
            c("typcollation", Ref(Collation)),
            c("typdefault", Text),
            c("typacl", Text),
        ],
        orders: &[("BY_NAME", &["typname", "typnamespace"]), ("BY_ELEM", &["typelem"])],
    },
    Catalog {
        name: "pg_proc",
        from: "pg_proc WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("proname", Text),
            c("pronamespace", Ref(Namespace)),
            c("prolang", Ref(Language)),
            c("procost", Int),
            c("prorows", Int),
            c("provariadic", Ref(Type)),
            c("prosupport", Ref(Proc)),
            c("prokind", Char),
            c("prosecdef", Bool),
            c("proleakproof", Bool),
            c("proisstrict", Bool),
            c("proretset", Bool),
            c("provolatile", Char),
            c("proparallel", Char),
            c("pronargs", Int),
            c("pronargdefaults", Int),
            c("prorettype", Ref(Type)),
            c("proargtypes", Refs(Type)),
            c("proallargtypes", Refs(Type)),
            c("proargmodes", Chars),
            c("proargnames", Texts),
            e("proargdefaults", Text, "pg_get_expr(proargdefaults, 0)"),
            c("prosrc", TextOrName),
            c("probin", Text),
            e("prosqlbody", Text, "pg_get_function_sqlbody(oid)"),
            c("proacl", Text),
        ],
        orders: &[("BY_NAME", &["proname"])],
    },
    Catalog {
        name: "pg_operator",
        from: "pg_operator WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("oprname", Text),
            c("oprnamespace", Ref(Namespace)),
            c("oprkind", Char),
            c("oprcanmerge", Bool),
            c("oprcanhash", Bool),
            c("oprleft", Ref(Type)),
            c("oprright", Ref(Type)),
            c("oprresult", Ref(Type)),
            c("oprcom", Ref(Operator)),
            c("oprnegate", Ref(Operator)),
            c("oprcode", Ref(Proc)),
            c("oprrest", Ref(Proc)),
            c("oprjoin", Ref(Proc)),
        ],
        orders: &[("BY_NAME", &["oprname", "oprleft", "oprright"])],
    },
    Catalog {
        name: "pg_cast",
        from: "pg_cast WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("castsource", Ref(Type)),
            c("casttarget", Ref(Type)),
            c("castfunc", Ref(Proc)),
            c("castcontext", Char),
            c("castmethod", Char),
        ],
        orders: &[("BY_SOURCE", &["castsource", "casttarget"]), ("BY_TARGET", &["casttarget", "castsource"])],
    },
    Catalog {
        name: "pg_aggregate",
        from: "pg_aggregate WHERE aggfnoid < 16384",
        key: &["aggfnoid"],
        columns: &[
            c("aggfnoid", Ref(Proc)),
            c("aggkind", Char),
            c("aggnumdirectargs", Int),
            c("aggtransfn", Ref(Proc)),
            c("aggfinalfn", Ref(Proc)),
            c("aggcombinefn", Ref(Proc)),
            c("aggserialfn", Ref(Proc)),
            c("aggdeserialfn", Ref(Proc)),
            c("aggmtransfn", Ref(Proc)),
            c("aggminvtransfn", Ref(Proc)),
            c("aggmfinalfn", Ref(Proc)),
            c("aggfinalextra", Bool),
            c("aggmfinalextra", Bool),
            c("aggfinalmodify", Char),
            c("aggmfinalmodify", Char),
            c("aggsortop", Ref(Operator)),
            c("aggtranstype", Ref(Type)),
            c("aggtransspace", Int),
            c("aggmtranstype", Ref(Type)),
            c("aggmtransspace", Int),
            c("agginitval", Text),
            c("aggminitval", Text),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_am",
        from: "pg_am WHERE oid < 16384",
        key: &["oid"],
        columns: &[c("oid", Oid), c("amname", Text), c("amhandler", Ref(Proc)), c("amtype", Char)],
        orders: &[],
    },
    Catalog {
        name: "pg_opfamily",
        from: "pg_opfamily WHERE oid < 16384",
        key: &["oid"],
        columns: &[c("oid", Oid), c("opfmethod", Ref(Am)), c("opfname", Text), c("opfnamespace", Ref(Namespace))],
        orders: &[],
    },
    Catalog {
        name: "pg_opclass",
        from: "pg_opclass WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("opcmethod", Ref(Am)),
            c("opcname", Text),
            c("opcnamespace", Ref(Namespace)),
            c("opcfamily", Ref(Opfamily)),
            c("opcintype", Ref(Type)),
            c("opcdefault", Bool),
            c("opckeytype", Ref(Type)),
        ],
        orders: &[("BY_NAME", &["opcname", "opcmethod"]), ("BY_TYPE", &["opcintype", "opcmethod"])],
    },
    Catalog {
        name: "pg_amop",
        from: "pg_amop WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("amopfamily", Ref(Opfamily)),
            c("amoplefttype", Ref(Type)),
            c("amoprighttype", Ref(Type)),
            c("amopstrategy", Int),
            c("amoppurpose", Char),
            c("amopopr", Ref(Operator)),
            c("amopmethod", Ref(Am)),
            c("amopsortfamily", Ref(Opfamily)),
        ],
        orders: &[
            ("BY_FAMILY", &["amopfamily", "amoplefttype", "amoprighttype", "amopstrategy"]),
            ("BY_OPERATOR", &["amopopr", "amoppurpose", "amopfamily"]),
        ],
    },
    Catalog {
        name: "pg_amproc",
        from: "pg_amproc WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("amprocfamily", Ref(Opfamily)),
            c("amproclefttype", Ref(Type)),
            c("amprocrighttype", Ref(Type)),
            c("amprocnum", Int),
            c("amproc", Ref(Proc)),
        ],
        orders: &[("BY_FAMILY", &["amprocfamily", "amproclefttype", "amprocrighttype", "amprocnum"])],
    },
    Catalog {
        name: "pg_range",
        from: "pg_range WHERE rngtypid < 16384",
        key: &["rngtypid"],
        columns: &[
            c("rngtypid", Ref(Type)),
            c("rngsubtype", Ref(Type)),
            c("rngmultitypid", Ref(Type)),
            c("rngcollation", Ref(Collation)),
            c("rngsubopc", Ref(Opclass)),
            c("rngcanonical", Ref(Proc)),
            c("rngsubdiff", Ref(Proc)),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_collation",
        from: "pg_collation WHERE collname IN ('default', 'C', 'POSIX', 'ucs_basic')",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("collname", Text),
            c("collnamespace", Ref(Namespace)),
            c("collprovider", Char),
            c("collisdeterministic", Bool),
            c("collencoding", Int),
            c("collcollate", Text),
            c("collctype", Text),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_namespace",
        from: "pg_namespace WHERE oid < 16384",
        key: &["oid"],
        columns: &[c("oid", Oid), c("nspname", Text), c("nspacl", Text)],
        orders: &[],
    },
    Catalog {
        name: "pg_language",
        from: "pg_language WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("lanname", Text),
            c("lanispl", Bool),
            c("lanpltrusted", Bool),
            c("lanplcallfoid", Ref(Proc)),
            c("laninline", Ref(Proc)),
            c("lanvalidator", Ref(Proc)),
            c("lanacl", Text),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_authid",
        from: "pg_authid WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("rolname", Text),
            c("rolsuper", Bool),
            c("rolinherit", Bool),
            c("rolcreaterole", Bool),
            c("rolcreatedb", Bool),
            c("rolcanlogin", Bool),
            c("rolreplication", Bool),
            c("rolbypassrls", Bool),
            c("rolconnlimit", Int),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_auth_members",
        from: "pg_auth_members WHERE roleid < 16384 AND member < 16384",
        key: &["roleid", "member"],
        columns: &[c("roleid", Oid), c("member", Oid), c("grantor", Oid), c("admin_option", Bool)],
        orders: &[],
    },
    Catalog {
        name: "pg_tablespace",
        from: "pg_tablespace WHERE oid < 16384",
        key: &["oid"],
        columns: &[c("oid", Oid), c("spcname", Text)],
        orders: &[],
    },
    Catalog {
        name: "pg_extension",
        from: "pg_extension WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("extname", Text),
            c("extnamespace", Ref(Namespace)),
            c("extrelocatable", Bool),
            c("extversion", Text),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_class",
        from: "pg_class WHERE oid < 16384 AND relnamespace::regnamespace::text IN ('pg_catalog', 'information_schema')",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("relname", Text),
            c("relnamespace", Ref(Namespace)),
            c("reltype", Ref(Type)),
            c("relam", Ref(Am)),
            c("reltablespace", Oid),
            c("relhasindex", Bool),
            c("relisshared", Bool),
            c("relkind", Char),
            c("relnatts", Int),
            c("relhasrules", Bool),
            c("relreplident", Char),
            c("relacl", Text),
            c("reloptions", Text),
        ],
        orders: &[("BY_NAME", &["relname", "relnamespace"])],
    },
    Catalog {
        name: "pg_attribute",
        // attlen, attbyval, attalign and attstorage repeat the type's; system columns are the same for every table.
        from: "pg_attribute WHERE attnum > 0 AND attrelid IN SYSTEM_RELATIONS",
        key: &["attrelid", "attnum"],
        columns: &[
            c("attrelid", Ref(Relation)),
            c("attnum", Int),
            c("attname", Text),
            c("atttypid", Ref(Type)),
            c("atttypmod", Int),
            c("attndims", Int),
            c("attstattarget", Int),
            c("attnotnull", Bool),
            c("attcollation", Ref(Collation)),
            c("attacl", Text),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_index",
        from: "pg_index WHERE indrelid IN SYSTEM_RELATIONS",
        key: &["indexrelid"],
        columns: &[
            c("indexrelid", Ref(Relation)),
            c("indrelid", Ref(Relation)),
            c("indnatts", Int),
            c("indnkeyatts", Int),
            c("indisunique", Bool),
            c("indisprimary", Bool),
            c("indkey", Ints),
            c("indcollation", Refs(Collation)),
            c("indclass", Refs(Opclass)),
            c("indoption", Ints),
        ],
        orders: &[("BY_RELATION", &["indrelid"])],
    },
    Catalog {
        name: "pg_constraint",
        from: "pg_constraint WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("conname", Text),
            c("connamespace", Ref(Namespace)),
            c("contype", Char),
            c("conrelid", Ref(Relation)),
            c("contypid", Ref(Type)),
            c("conindid", Ref(Relation)),
            c("conislocal", Bool),
            c("connoinherit", Bool),
            c("conkey", Ints),
            e("condef", Text, "pg_get_constraintdef(oid)"),
        ],
        orders: &[("BY_RELATION", &["conrelid"])],
    },
    Catalog {
        name: "system_views",
        from: "pg_class JOIN pg_rewrite r ON r.ev_class = pg_class.oid
            WHERE relkind = 'v' AND pg_class.oid IN SYSTEM_RELATIONS AND rulename = '_RETURN'",
        key: &["viewid"],
        columns: &[
            e("viewid", Ref(Relation), "pg_class.oid"),
            e("ruleid", Oid, "r.oid"),
            e("definition", Text, "pg_get_viewdef(pg_class.oid)"),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_conversion",
        from: "pg_conversion WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("conname", Text),
            c("connamespace", Ref(Namespace)),
            c("conforencoding", Int),
            c("contoencoding", Int),
            c("conproc", Ref(Proc)),
            c("condefault", Bool),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_ts_parser",
        from: "pg_ts_parser WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("prsname", Text),
            c("prsnamespace", Ref(Namespace)),
            c("prsstart", Ref(Proc)),
            c("prstoken", Ref(Proc)),
            c("prsend", Ref(Proc)),
            c("prsheadline", Ref(Proc)),
            c("prslextype", Ref(Proc)),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_ts_template",
        from: "pg_ts_template WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("tmplname", Text),
            c("tmplnamespace", Ref(Namespace)),
            c("tmplinit", Ref(Proc)),
            c("tmpllexize", Ref(Proc)),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_ts_dict",
        from: "pg_ts_dict WHERE oid < 16384",
        key: &["oid"],
        columns: &[
            c("oid", Oid),
            c("dictname", Text),
            c("dictnamespace", Ref(Namespace)),
            c("dicttemplate", Ref(TsTemplate)),
            c("dictinitoption", Text),
        ],
        orders: &[],
    },
    Catalog {
        name: "pg_ts_config",
        from: "pg_ts_config WHERE oid < 16384",
        key: &["oid"],
        columns: &[c("oid", Oid), c("cfgname", Text), c("cfgnamespace", Ref(Namespace)), c("cfgparser", Ref(TsParser))],
        orders: &[],
    },
    Catalog {
        name: "pg_ts_config_map",
        from: "pg_ts_config_map WHERE mapcfg < 16384",
        key: &["mapcfg", "maptokentype", "mapseqno"],
        columns: &[c("mapcfg", Ref(TsConfig)), c("maptokentype", Int), c("mapseqno", Int), c("mapdict", Ref(TsDict))],
        orders: &[],
    },
    Catalog {
        name: "pg_settings",
        from: HIDDEN_SETTINGS,
        key: &["name"],
        columns: &[
            c("name", Text),
            c("vartype", Text),
            c("context", Text),
            c("unit", Text),
            c("boot_val", Text),
            c("min_val", Text),
            c("max_val", Text),
            c("enumvals", Texts),
            c("flags", Texts),
            c("category", Text),
            c("short_desc", Text),
            c("extra_desc", Text),
        ],
        orders: &[("BY_LOWER_NAME", &["name"])],
    },
];
