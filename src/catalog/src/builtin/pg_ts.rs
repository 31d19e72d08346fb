//! Text search objects and encoding conversions.

use super::{by_key, view};

view! {
    /// A row of `pg_ts_config`.
    TsConfig of pg_ts_config {
        /// `oid`.
        oid: oid = OID;
        /// `cfgname`.
        name: text = CFGNAME;
        /// `cfgnamespace`.
        namespace: oid = CFGNAMESPACE;
        /// `cfgparser`.
        parser: oid = CFGPARSER;
    }
}

view! {
    /// A row of `pg_ts_config_map`.
    TsConfigMap of pg_ts_config_map {
        /// `mapcfg`.
        config: oid = MAPCFG;
        /// `maptokentype`.
        token_type: int = MAPTOKENTYPE;
        /// `mapseqno`.
        seqno: int = MAPSEQNO;
        /// `mapdict`.
        dict: oid = MAPDICT;
    }
}

view! {
    /// A row of `pg_ts_dict`.
    TsDict of pg_ts_dict {
        /// `oid`.
        oid: oid = OID;
        /// `dictname`.
        name: text = DICTNAME;
        /// `dictnamespace`.
        namespace: oid = DICTNAMESPACE;
        /// `dicttemplate`.
        template: oid = DICTTEMPLATE;
        /// `dictinitoption`.
        init_option: opt_text = DICTINITOPTION;
    }
}

view! {
    /// A row of `pg_ts_parser`.
    TsParser of pg_ts_parser {
        /// `oid`.
        oid: oid = OID;
        /// `prsname`.
        name: text = PRSNAME;
        /// `prsnamespace`.
        namespace: oid = PRSNAMESPACE;
    }
}

view! {
    /// A row of `pg_ts_template`.
    TsTemplate of pg_ts_template {
        /// `oid`.
        oid: oid = OID;
        /// `tmplname`.
        name: text = TMPLNAME;
        /// `tmplnamespace`.
        namespace: oid = TMPLNAMESPACE;
    }
}

view! {
    /// A row of `pg_conversion`.
    Conversion of pg_conversion {
        /// `oid`.
        oid: oid = OID;
        /// `conname`.
        name: text = CONNAME;
        /// `connamespace`.
        namespace: oid = CONNAMESPACE;
        /// `conforencoding`.
        source: int = CONFORENCODING;
        /// `contoencoding`.
        target: int = CONTOENCODING;
        /// `conproc`.
        function: oid = CONPROC;
        /// `condefault`.
        default: bool = CONDEFAULT;
    }
}

/// A text search configuration by OID.
pub fn ts_config(oid: u32) -> Option<TsConfig> {
    by_key!(pg_ts_config, OID, oid).map(TsConfig)
}

/// A text search configuration by name.
pub fn ts_config_by_name(name: &str) -> Option<TsConfig> {
    TsConfig::all().find(|c| c.name() == name)
}

/// A text search dictionary by OID.
pub fn ts_dict(oid: u32) -> Option<TsDict> {
    by_key!(pg_ts_dict, OID, oid).map(TsDict)
}
