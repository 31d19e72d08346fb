//! The few type OIDs kernels must know because a stored array or record carries them, or because a result type is fixed.
//! A test compares them with `pg_type.tsv`.

macro_rules! oids {
    ($($name:ident = $oid:literal $sql:literal),* $(,)?) => {
        $(#[doc = concat!("`", $sql, "`")] pub const $name: u32 = $oid;)*

        #[cfg(test)]
        pub const ALL: &[(u32, &str)] = &[$(($oid, $sql)),*];
    };
}

oids!(
    BOOL = 16 "bool",
    BYTEA = 17 "bytea",
    CHAR = 18 "char",
    NAME = 19 "name",
    INT8 = 20 "int8",
    INT2 = 21 "int2",
    INT4 = 23 "int4",
    TEXT = 25 "text",
    OID = 26 "oid",
    TID = 27 "tid",
    XID = 28 "xid",
    CID = 29 "cid",
    XID8 = 5069 "xid8",
    PG_LSN = 3220 "pg_lsn",
    MACADDR = 829 "macaddr",
    MACADDR8 = 774 "macaddr8",
    JSON = 114 "json",
    JSONB = 3802 "jsonb",
    FLOAT4 = 700 "float4",
    FLOAT8 = 701 "float8",
    MONEY = 790 "money",
    BPCHAR = 1042 "bpchar",
    VARCHAR = 1043 "varchar",
    XML = 142 "xml",
    DATE = 1082 "date",
    TIME = 1083 "time",
    TIMESTAMP = 1114 "timestamp",
    TIMESTAMPTZ = 1184 "timestamptz",
    INTERVAL = 1186 "interval",
    TIMETZ = 1266 "timetz",
    NUMERIC = 1700 "numeric",
    NUMRANGE = 3906 "numrange",
    NUMMULTIRANGE = 4532 "nummultirange",
    UUID = 2950 "uuid",
    INET = 869 "inet",
    CIDR = 650 "cidr",
    CSTRING = 2275 "cstring",
    RECORD = 2249 "record",
    UNKNOWN = 705 "unknown",
    BIT = 1560 "bit",
    VARBIT = 1562 "varbit",
    OIDVECTOR = 30 "oidvector",
    ANYARRAY = 2277 "anyarray",
    INT2VECTOR = 22 "int2vector",
    REGTYPE = 2206 "regtype",
    POINT = 600 "point",
    LSEG = 601 "lseg",
    BOX = 603 "box",
    LINE = 628 "line",
    TSVECTOR = 3614 "tsvector",
    TSQUERY = 3615 "tsquery",
    CIRCLE = 718 "circle",
);
