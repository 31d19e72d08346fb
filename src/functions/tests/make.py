#!/usr/bin/env python3
"""Makes data/*.tsv: calls of built-in functions with chosen and drawn arguments, answered by a real PostgreSQL 15.

usage: make.py NAMES < /dev/null      NAMES: file of prosrcs to cover; psql is taken from $PSQL (default "psql").
"""
import os, random, subprocess, sys

here = os.path.dirname(os.path.abspath(__file__))
psql = os.environ.get("PSQL", "psql").split()
names = set(open(sys.argv[1]).read().split())
random.seed(15)

POOL = {
    "bool": ["t", "f"],
    "int2": ["0", "1", "-1", "7", "32767", "-32768", "100"],
    "int4": ["0", "1", "-1", "3", "7", "2147483647", "-2147483648", "100"],
    "int8": ["0", "1", "-1", "5", "9223372036854775807", "-9223372036854775808", "4294967296"],
    "float4": ["0", "1.5", "-2.25", "3.4e38", "1e-40", "NaN", "Infinity", "-Infinity", "0.1"],
    "float8": ["0", "-0", "1.5", "-2.5", "0.5", "1e308", "1e-300", "NaN", "Infinity", "-Infinity", "0.1", "100"],
    "numeric": ["0", "1", "-1.5", "2.50", "123456789.123456789", "0.00001", "99999999999999999999999999999999.5", "NaN", "Infinity", "10", "3"],
    "text": ["", "abc", "ABC", "a", "héllo wörld", "foo bar", "  pad  ", "12", "%a_", "o", "日本語"],
    "varchar": ["", "abc", "ABC", "héllo", "zz  "],
    "bpchar": ["", "abc", "abc  ", "ABC", "b"],
    "name": ["", "abc", "pg_class", "ABC"],
    "cstring": ["", "1", "abc", " 42 "],
    "char": ["", "a", "b", "Z"],
    "bytea": ["", "\\\\x00ff", "abc", "\\\\x6162", "\\\\xdeadbeef01"],
    "date": ["2000-01-01", "1999-12-31", "2024-02-29", "infinity", "-infinity", "0044-03-15 BC", "2023-07-04"],
    "time": ["00:00:00", "12:34:56.789", "23:59:59.999999", "24:00:00", "04:05"],
    "timetz": ["00:00:00+00", "12:34:56.789-05", "23:59:59+14", "04:05:06-08:30"],
    "timestamp": ["2000-01-01 00:00:00", "2024-02-29 12:34:56.789012", "infinity", "-infinity", "1900-06-15 08:00", "2023-03-12 02:30:00", "0044-03-15 12:00 BC"],
    "timestamptz": ["2000-01-01 00:00:00+00", "2024-02-29 12:34:56.789012+03", "infinity", "1900-06-15 08:00Z", "2023-11-05 05:30:00Z", "2023-11-05 06:30:00Z"],
    "interval": ["0", "1 day", "-1 mon 3 days 04:05:06", "1 year 2 mons", "36:00:00", "10 days -5 hours", "00:00:00.000001", "1 hour 30 min"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    "inet": ["192.168.1.5", "192.168.1.0/24", "10.0.0.0/8", "::1", "2001:db8::/32", "192.168.1.255/25"],
    "cidr": ["192.168.1.0/24", "10.0.0.0/8", "2001:db8::/32", "192.168.1.5/32"],
    "macaddr": ["08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"],
    "macaddr8": ["08:00:2b:01:02:03:04:05", "08:00:2b:ff:fe:01:02:03"],
    "oid": ["0", "1", "23", "4294967295"],
    "xid": ["0", "3", "4294967295"],
    "cid": ["0", "3"],
    "xid8": ["0", "3", "18446744073709551615"],
    "tid": ["(0,1)", "(1,2)", "(4294967295,65535)"],
    "pg_lsn": ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"],
    "oidvector": ["", "1 2", "23 25"],
    "int2vector": ["", "1 2"],
    "json": ["null", "1", "\"a\"", "[1, 2,3]", "{\"a\": 1, \"b\": [1,2,{\"c\":null}], \"a\":2}", "[]", "{}", "[\"a\",\"b\",null]", "true"],
    "jsonb": ["null", "1", "1.50", "\"a\"", "[1, 2,3]", "{\"a\": 1, \"b\": [1,2,{\"c\":null}]}", "[]", "{}", "[\"a\",\"b\",null]", "true", "{\"a\":{\"b\":{\"c\":1}}}"],
    "anyarray": [("_int4", x) for x in ["{}", "{1,2,3}", "{{1,2},{3,4}}", "[0:1]={5,6}", "{1,NULL,3}", "{3,2,1}"]] + [("_text", x) for x in ["{}", "{a,b}", "{\"a b\",NULL,\"c\\\\\"d\"}"]],
    "_int4": ["{}", "{1,2,3}", "{2}", "{1,NULL}", "{2,3}"],
    "_text": ["{}", "{a,b}", "{a}", "{a,0}", "{b,0}", "{b,2,c}", "{NULL}", "{a,NULL}", "{a,b,c,d}"],
    "_float8": ["{}", "{1.5,NaN}"],
    "bit": ["0", "1", "101", "11111111"],
    "varbit": ["", "1", "101", "1111000011110000"],
    "money": ["$0.00", "$12.34", "-$1,234.56", "$92233720368547758.07"],
    "int4range": ["empty", "[1,5)", "[3,10)", "(,4)", "[7,)", "(,)"],
    "numrange": ["empty", "[1.1,2.2)", "(1,5]", "(,3)"],
    "int4multirange": ["{}", "{[1,3),[5,8)}", "{[2,6)}", "{(,)}"],
    "point": ["(0,0)", "(1,2)", "(-3.5,4)"],
    "jsonpath": ["$", "$.a", "$[*]", "$.b[*] ? (@ > 1)"],
}
POLY = {"anyelement": ["int4", "text", "numeric"], "anynonarray": ["int4", "text"], "anycompatible": ["int4"]}

UNITS = ["year", "month", "day", "hour", "minute", "second", "milliseconds", "microseconds", "century", "decade", "millennium", "quarter", "week", "dow", "doy", "isodow", "isoyear", "epoch", "julian", "timezone", "timezone_hour", "fortnight", "now"]
DATE_FORMATS = ["YYYY-MM-DD HH24:MI:SS.US", "Day, DD Month YYYY", "FMDay FMDD FMMonth", "HH12:MI:SS AM", "Dy Mon DD TZ", "J Q WW IW ID DDD CC", "\"quoted\" YYYY", "YYYYth", "", "MS US SSSSS", "IYYY-IW-ID", "OF TZH:TZM"]
NUMBER_FORMATS = ["999", "9999.99", "0000.00", "FM999.999", "999,999,999", "S999", "999MI", "999PR", "RN", "FMRN", "9.99EEEE", "L999", "999V99", "", "FM9990.0099", "SG99", "99th"]
PATTERNS = ["a", "^a", "b$", "(a)(b)?", "[a-c]+", "o+", "(?i)ABC", "\\\\w+", "x*", "(", "a{1,2}", "[[:alpha:]]+", "\\\\s", "l|o", "(l)(l)"]
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "EST", "PST8PDT", "+05:30", "nowhere", "Asia/Kolkata"]
# prosrc prefix or name -> pool for its text arguments, by position
SPECIAL = [
    (("extract_", ), {0: UNITS}), (("timestamp_part", "timestamptz_part", "interval_part", "time_part", "timetz_part", "timestamp_trunc", "timestamptz_trunc", "interval_trunc"), {0: UNITS}),
    (("timestamp_to_char", "timestamptz_to_char", "interval_to_char"), {1: DATE_FORMATS}),
    (("float4_to_char", ), {0: ["0", "1.5", "-2.25", "0.1"]}), (("int4_to_char", ), {0: ["0", "1", "-7", "12345"]}), (("int4_to_char", "int8_to_char", "float4_to_char", "float8_to_char", "numeric_to_char"), {1: NUMBER_FORMATS}),
    (("numeric_to_number", ), {0: ["123", "-12.34", "1,234.5", "<12>", "$5", "abc"], 1: NUMBER_FORMATS}),
    (("to_date", "to_timestamp"), {0: ["2024-02-29", "29 Feb 2024", "20240229 123456", "2024-13-01", "12:34 PM"], 1: ["YYYY-MM-DD", "DD Mon YYYY", "YYYYMMDD HH24MISS", "HH12:MI AM", "YYYY"]}),
    (("timestamp_zone", "timestamptz_zone", "timetz_zone"), {0: ZONES}), (("timestamptz_trunc_zone", ), {0: UNITS, 2: ZONES}), (("make_timestamptz_at_timezone", ), {6: ZONES}),
    (("textregex", "texticregex", "nameregex", "nameicregex", "regexp_"), {1: PATTERNS, 2: ["", "g", "i", "gi", "x", "\\\\1-\\\\2", "[\\\\&]"], 3: ["", "g", "i", "q"], 4: ["", "i"], 5: ["", "i", "g"]}),
    (("textlike", "textnlike", "texticlike", "texticnlike", "namelike", "namenlike", "nameiclike", "nameicnlike"), {0: ["", "abc", "ABC", "aXbc", "a%b", "abcabc", "héllo"], 1: ["", "%", "a%", "%c", "%b%", "a_c", "abc", "a\\\\%b", "_", "%_c", "a%b%c", "abc\\\\", "h_llo", "%A%"]}),
    (("like_escape", "similar_to_escape", "similar_escape"), {0: ["a%", "a#%b", "a\\\\b", "(a|b)_", "a\"b\"c"], 1: ["#", "", "\\\\", "ab"]}),
    (("binary_encode", ), {1: ["hex", "base64", "escape", "nope"]}), (("binary_decode", ), {0: ["00ff", "YWJj", "abc", "\\\\\\\\000", "zz", "YQ=="], 1: ["hex", "base64", "escape", "nope"]}),
    (("text_format",), {0: ["%s", "%s %s", "%1$s %I", "%L", "%%", "%-10s|", "%*s", "%", "%5$s"]}),
    (("json_in", "jsonb_in"), {0: ["{}", "[1,2", "{\"a\":1}", "nul", "\"\\\\u00e9\"", "[1,]", " 1.0 ", "{\"b\":1,\"a\":2,\"b\":3}", "\"\\\\u0000\"", "01"]}),
    (("int2in", "int4in", "int8in", "oidin", "float4in", "float8in", "numeric_in", "xidin", "cidin", "xid8in"), {0: ["", "1", "-1", " 42 ", "1.5", "1e3", "abc", "99999999999999999999", "nan", "inf", "0x10", "1 2", "-32768", "40000", "+5", "1e400", "1e-400"]}),
    (("boolin", ), {0: ["t", "true", "TRUE", "yes", "on", "1", "of", "off", "n", "", "maybe", " t "]}),
    (("date_in", "timestamp_in", "timestamptz_in", "time_in", "timetz_in"), {0: ["2024-02-30", "Jan 5 2020", "20200105", "12:30", "2020-01-05 25:00", "epoch", "infinity", "allballs", "2020-01-05 12:30 Europe/Berlin", "2020-01-05 12:30+5", "", "5/6/2020", "J2451187", "12:30 PM"]}),
    (("interval_in", ), {0: ["1 day", "P1Y2M3DT4H5M6S", "1-2", "1 2:03", "1 fortnight", "", "@ 1 min ago", "1.5 months", "-1 day +2:00", "1 century"]}),
    (("uuid_in", ), {0: ["a0eebc999c0b4ef8bb6d6bb9bd380a11", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "zz", "", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]}),
    (("inet_in", "cidr_in"), {0: ["192.168.1.1", "192.168.1.1/24", "::1/128", "1.2.3", "10/8", "300.1.1.1", "", "::ffff:1.2.3.4"]}),
    (("macaddr_in", "macaddr8_in"), {0: ["08:00:2b:01:02:03", "08002b010203", "0800.2b01.0203", "zz", "08:00:2b:01:02:03:04:05"]}),
    (("tidin", ), {0: ["(0,1)", "(1,2", "(70000,70000)", "x"]}), (("pg_lsn_in", ), {0: ["0/0", "AB/CD", "1", "G/1", "1/123456789"]}),
    (("byteain", ), {0: ["abc", "\\\\\\\\x6162", "\\\\\\\\xzz", "a\\\\\\\\000b", "\\\\\\\\9", "\\\\\\\\x123"]}),
    (("oidvectorin", "int2vectorin"), {0: ["1 2 3", "", "a", "70000"]}),
    (("text_to_array", "text_to_table"), {0: ["a,b,c", "", "abc", "a,,b", ",a,"], 1: [",", "", "b", "~~"], 2: ["a", "", "b"]}),
    (("split_part", ), {0: ["a,b,c", "", "abc", "a,,b"], 1: [",", "", "b"], 2: ["1", "2", "-1", "0", "9"]}),
    (("timestamptz_part",), {0: UNITS}), (("pg_convert_from", "pg_convert_to"), {1: ["UTF8", "utf-8"]}),
    (("json_extract_path", "jsonb_extract_path", "jsonb_delete_path", "jsonb_set", "jsonb_insert"), {}),
    (("repeat", ), {1: ["0", "3", "-1"]}), (("lpad", "rpad"), {1: ["0", "5", "-1", "12"], 2: ["x", "", "xyz"]}),
    (("array_fill",), {0: ["7"], 1: ["{2}", "{2,2}", "{0}"], 2: ["{2}", "{0,5}", "{}"]}),
    (("generate_series_int", "generate_series_step_int"), {0: ["1", "5", "-3"], 1: ["5", "1", "3"], 2: ["1", "2", "-1", "0"]}),
    (("generate_series_numeric", "generate_series_step_numeric"), {0: ["1", "0.5", "NaN"], 1: ["3", "2.75"], 2: ["0.5", "-1", "0", "0.75"]}),
    (("generate_series_timestamp",), {0: ["2023-03-11 01:00", "2024-01-31 00:00"], 1: ["2023-03-14 00:00", "2024-05-31 00:00"], 2: ["1 day", "1 mon", "-1 day", "0", "12:00"]}),
    (("numeric_power", ), {1: ["0", "1", "2", "-1", "0.5", "10", "2.5"]}), (("numeric_fac",), {0: ["0", "5", "20", "-1"]}), (("numeric_exp",), {0: ["0", "1", "-2.5", "10", "NaN"]}),
    (("numeric_round", "numeric_trunc"), {1: ["0", "1", "-1", "3", "100"]}),
    (("make_date", "make_timestamp"), {0: ["2024", "-44", "0", "1999"], 1: ["1", "2", "13"], 2: ["1", "29", "31"], 3: ["0", "23", "24"], 4: ["0", "59", "60"], 5: ["0", "1.5", "59.9999999", "60"]}),
    (("make_time",), {0: ["0", "23", "24"], 1: ["0", "59", "60"], 2: ["0", "1.5", "60"]}), (("make_interval",), {k: ["0", "1", "-3", "100"] for k in range(7)}),
    (("varchartypmodout", "bpchartypmodout", "numerictypmodout", "timetypmodout", "timestamptypmodout", "timestamptztypmodout", "timetztypmodout", "nothing"), {0: ["-1", "0", "6", "14", "655366"]}),
    (("timestamp_scale", "timestamptz_scale", "time_scale", "timetz_scale"), {1: ["0", "2", "6", "-1"]}), (("interval_scale",), {1: ["-1"]}), (("numeric",), {1: ["-1", "655366", "131076"]}),
    (("varchar", "bpchar"), {1: ["-1", "6", "8", "14"]}), (("to_hex",), {}), (("chr",), {0: ["65", "0", "233", "55296", "1114112", "128512"]}),
    (("inet_set_masklen", "cidr_set_masklen"), {1: ["-1", "0", "16", "33", "128"]}),
    (("int8_to_char",), {1: NUMBER_FORMATS}), (("unistr",), {0: ["\\\\0061", "\\\\+000061x", "\\\\zz", "plain", "\\\\\\\\"]}),
    (("float8_timestamptz",), {0: ["0", "1700000000.5", "-1e12", "NaN", "Infinity", "1e20"]}),
    (("array_in",), {0: ["{1,2}", "{}", "{{1},{2}}", "{1,{2}}", "{1", "[2:3]={1,2}", "{a}"], 1: ["23"], 2: ["-1"]}),
    (("bitfromint4", "bitfromint8", "bit", "varbit"), {1: ["-1", "0", "3", "8", "40"]}), (("bit_in", "varbit_in"), {0: ["101", "xff", "b01", "2", ""], 1: ["0"], 2: ["-1", "3", "8"]}),
    (("range_in", "multirange_in"), {}), (("cash_in",), {0: ["12.34", "$1,234.5", "(5)", "-1", "abc", "1e5", ""]}),
    (("jsonb_set_lax",), {4: ["use_json_null", "delete_key", "return_target", "raise_exception", "x"]}),
    (("intervaltypmodout",), {0: ["-1"]}), (("to_ascii",), {}), (("unicode_normalize", "unicode_is"), {0: ["e\u0301", "\u00e9", "ﬁ", "abc"], 1: ["NFC", "NFD", "NFKC", "NFKD", "x"]}),
    (("varcharin", "bpcharin"), {0: ["abc", "abcdef  ", "", "abcdefg"], 1: ["0"], 2: ["-1", "8", "10"]}),
    (("namein", ), {0: ["abc", "x" * 70, "é" * 40]}),
]
# Last digits of the C library, the day it is, what a C string cannot hold.
EXCLUDED = {"bitcmp", "range_in", "range_intersect_agg_transfn", "dcbrt", "dacosh", "dasinh", "datanh", "network_cmp", "unknownin", "enum_in", "drandom", "time_timetz", "timetz_zone", "now"}
SKIP = ("_send", "send", "_recv", "recv", "random", "timestamp_now", "clock_timestamp", "statement_timestamp", "timeofday", "gen_random_uuid", "setseed", "record", "enum", "to_json", "row_to_json", "json_build", "jsonb_build", "refcursor")

def special(src, i):
    if i == 2 and src in ("date_in", "timestamp_in", "timestamptz_in", "time_in", "timetz_in", "interval_in", "numeric_in"):
        return ["-1", "2"] if src != "numeric_in" and src != "interval_in" else ["-1", "655366"] if src == "numeric_in" else ["-1"]
    for prefixes, by in SPECIAL:
        if any(src == p or (src.startswith(p) and len(p) > 3 and p not in ("numeric", "varchar", "bpchar", "repeat")) for p in prefixes) and i in by:
            return by[i]

rows = [l.rstrip("\n").split("\t") for l in open(os.path.join(here, "../../catalog/data/pg_proc.tsv"))]
head = rows[0]
calls = []
for r in rows[1:]:
    p = dict(zip(head, r))
    src = p["prosrc"]
    if src in EXCLUDED or src not in names or p["prokind"] != "f" or p["prolang"] not in ("internal", "12") or p["proargmodes"] not in ("\\N", "") and "o" in p["proargmodes"]:
        continue
    if any(src == s or src.endswith(s) and s.endswith("end") or src.endswith(s) and s.endswith("recv") or (len(s) > 3 and src.startswith(s)) for s in SKIP):
        continue
    types = [t for t in p["proargtypes"].split(",") if t]
    if p["provariadic"] != "-" and types and types[-1] == "any":
        continue
    seen = set()
    for _ in range(40):
        args, poly, array = [], None, None
        for i, t in enumerate(types):
            pool = special(src, i)
            if t in ("anyarray", "anycompatiblearray"):
                if array is None:
                    array = random.choice(POOL["anyarray"])
                    args.append(array)
                else:
                    args.append(random.choice([x for x in POOL["anyarray"] if x[0] == array[0]]))
                continue
            if t in POLY:
                if array is None:
                    later = [x for x in types[i:] if x.endswith("array")]
                    array = random.choice([x for x in POOL["anyarray"] if x[0] in ("_int4", "_text")]) if later or poly is None else array
                base = (array[0][1:] if array else random.choice(POLY[t]))
                poly = base
                args.append((base, random.choice(pool or POOL[base])))
                if not [x for x in types if x.endswith("array")]:
                    array = ("_" + base, "")
                continue
            if t in ("anyrange",):
                args.append(("int4range", random.choice(POOL["int4range"])))
                poly = "int4"
                array = ("_int4", "{}")
                continue
            if t in ("anymultirange",):
                args.append(("int4multirange", random.choice(POOL["int4multirange"])))
                array = ("_int4", "{}")
                continue
            pool = pool or POOL.get(t)
            if pool is None:
                args = None
                break
            args.append((t, random.choice(pool)))
        if args is None:
            break
        if args and p["proisstrict"] == "f" and random.random() < 0.3:
            i = random.randrange(len(args))
            args[i] = (args[i][0], None)
        if tuple(args) in seen:
            continue
        seen.add(tuple(args))
        if len(seen) > (4 if len(types) < 2 else 7 if not any(special(src, i) for i in range(len(types))) else 16):
            break
        calls.append((p["proname"], src, p["proretset"] == "t", p["provariadic"] != "-", p["prorettype"], args))

def sql_text(s):
    return "E'" + s.replace("'", "''") + "'"

def cast(t, v):
    return f"CAST({'NULL' if v is None else sql_text(v)} AS \"pg_catalog\".\"{t}\")"

def tsv(s):
    # The pool is written with E'' escapes already: undo them, then escape for the file.
    s = s.replace("\\\\", "\\")
    return s.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")

script = """
SET client_min_messages = error; SET timezone = 'America/New_York'; SET bytea_output = 'hex';
CREATE OR REPLACE FUNCTION pg_temp.answer(call text, isset bool) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE t text; r text;
BEGIN
  IF isset THEN
    EXECUTE 'SELECT coalesce(min(pg_typeof(v)::oid::regtype::text), ''void''), string_agg(CASE WHEN v IS NULL THEN ''N'' ELSE ''='' || format(''%s'', v) END, E''\\x01'') FROM (SELECT ' || call || ' AS v) s' INTO t, r;
    RETURN t || E'\\x02*' || coalesce(r, '');
  END IF;
  EXECUTE 'SELECT pg_typeof(v)::oid::regtype::text, CASE WHEN v IS NULL THEN ''N'' ELSE ''='' || format(''%s'', v) END FROM (SELECT ' || call || ' AS v OFFSET 0) s' INTO t, r;
  RETURN t || E'\\x02' || r;
EXCEPTION WHEN OTHERS THEN RETURN E'?\\x02!' || SQLSTATE || ' ' || SQLERRM;
END $f$;
"""
body = []
for proname, src, isset, variadic, _, args in calls:
    call = f'pg_catalog."{proname}"({", ".join(("VARIADIC " if variadic and i == len(args) - 1 else "") + cast(*a) for i, a in enumerate(args))})'
    quoted = "$q$" + call + "$q$"
    body.append(f"SELECT encode(convert_to(pg_temp.answer({quoted}, {isset}), 'UTF8'), 'hex');")
out = subprocess.run(psql + ["-qAtX", "-v", "ON_ERROR_STOP=0"], input=script + "\n".join(body), capture_output=True, text=True)
answers = out.stdout.split("\n")[: len(body)]
if len(answers) != len(body) or out.stderr:
    sys.exit(out.stderr[:2000] or "answers are missing")
long = {"integer": "int4", "smallint": "int2", "bigint": "int8", "real": "float4", "double precision": "float8", "boolean": "bool", "character varying": "varchar", "character": "bpchar", "time without time zone": "time", "time with time zone": "timetz", "timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz", '"char"': "char", "bit varying": "varbit"}
# Aggregates: columns of values as arrays.
sources = {}
for r in rows[1:]:
    p = dict(zip(head, r))
    sources[f"{p['proname']}({p['proargtypes']})"] = p["prosrc"]
agg_rows = [l.rstrip("\n").split("\t") for l in open(os.path.join(here, "../../catalog/data/pg_aggregate.tsv"))]
COLUMN = {"anyelement": ["int4", "text", "numeric", "timestamptz", "jsonb"], "anynonarray": ["int4", "text", "interval"], "any": ["text", "int4", "bool"], "anyarray": ["int4"]}
SORTED = {"float8": ["-1.5", "0", "2", "2", "7.25"], "interval": ["-1 day", "0", "01:00:00", "2 days", "1 mon"], "int4": ["1", "2", "2", "9"], "text": ["a", "b", "b", "c"]}
aggs = []
for r in agg_rows[1:]:
    a = dict(zip(agg_rows[0], r))
    name, types = a["aggfnoid"][:-1].split("(")
    types = [t for t in types.split(",") if t]
    key = sources[a["aggtransfn"]] + "/" + sources.get(a["aggfinalfn"], "-")
    if key not in names or name == "every":
        continue
    for _ in range(6):
        columns = []
        if a["aggkind"] == "o":
            if types[0].startswith("_"):
                types = [types[0]] + types[1:]
            fraction = [] if name == "mode" else [(types[0], "{0,0.3,1,NULL}" if types[0][0] == "_" else random.choice(["0", "0.3", "0.5", "1", "1.5"]))]
            t = types[-1] if types[-1] in SORTED else random.choice(["int4", "text"])
            values = SORTED[t][: random.choice([1, 3, 4, 5])]
            call = f"{name}({', '.join(cast(*f) for f in fraction)}) WITHIN GROUP (ORDER BY x) FROM unnest(ARRAY[{', '.join(cast(t, v) for v in values)}]) x"
            columns = [(f[0], [f[1]] * len(values)) for f in fraction] + [(t, values)]
        else:
            n = random.choice([0, 1, 2, 5, 7])
            for t in types:
                t = random.choice(COLUMN[t]) if t in COLUMN else t
                if types == ["anyarray"]:
                    t = "_int4"
                pool = ["{1,2}", "{3,4}", "{0,9}"] if t == "_int4" else POOL.get(t)
                if pool is None:
                    break
                column = [None if random.random() < 0.15 and not (name == "json_object_agg" or name == "jsonb_object_agg" or t == "_int4") else random.choice(pool) for _ in range(n)]
                if name in ("sum", "avg", "variance", "stddev", "regr_slope") and random.random() < 0.6:
                    column = [v for v in column if v not in ("NaN", "Infinity", "-Infinity", "infinity", "-infinity")]
                    n = len(column)
                columns.append((t, column))
            if len(columns) != len(types):
                break
            columns = [(t, c[:n]) for t, c in columns]
            names_ = [f"c{i}" for i in range(len(columns))] or ["c0"]
            lines = [[cast(t, c[i]) for t, c in columns] or ["1"] for i in range(n)]
            if not lines:
                lines, where = [[cast(t, None) for t, _ in columns] or ["1"]], "WHERE false"
            else:
                where = ""
            call = f"{name}({', '.join(names_) if columns else '*'}) FROM (VALUES {', '.join('(' + ', '.join(l) + ')' for l in lines)}) v({', '.join(names_)}) {where}"
            if not columns:
                columns = [("int4", ["1"] * n)]
        aggs.append((key, columns, call))
asked = ["SELECT encode(convert_to(pg_temp.answer($q$(SELECT " + c + ")$q$, false), 'UTF8'), 'hex');" for _, _, c in aggs]
out = subprocess.run(psql + ["-qAtX", "-v", "ON_ERROR_STOP=0"], input=script + "\n".join(asked), capture_output=True, text=True)
told = out.stdout.split("\n")[: len(asked)]
if out.stderr:
    sys.exit(out.stderr[:2000])
files = {}
for (key, columns, call), a in zip(aggs, told):
    ty, _, answer = bytes.fromhex(a).decode().partition("\x02")
    if ty == "?" and not answer.startswith("!22"):
        continue
    base = ty[:-2] if ty.endswith("[]") else ty
    base = long.get(base, base)
    ty = "text" if ty == "?" else "_" + base if ty.endswith("[]") else base
    cells = [key, "-", ty, tsv(answer.replace("\\", "\\\\"))]
    for t, c in columns:
        cells.append(t + "=" + "\x01".join("N" if v is None else "=" + tsv(v) for v in c))
    files.setdefault("aggregates", []).append("\t".join(cells))
for (proname, src, isset, variadic, returned, args), a in zip(calls, answers):
    ty, _, answer = bytes.fromhex(a).decode().partition("\x02")
    if answer.startswith("!42883"):
        continue
    base = ty[:-2] if ty.endswith("[]") else ty
    base = long.get(base, base)
    ty = "_" + base if ty.endswith("[]") else base
    if ty in ("?", "void"):
        ty = returned
        if ty.startswith("any"):
            first = args[0][0] if args else "int4"
            ty = "_" + first.strip("_") if ty.endswith("array") else first.strip("_")
    family = "sets" if isset else ("json" if "json" in src else "array" if "array" in src else "regexp" if "regex" in src else "input" if src.endswith("in") else args[0][0].strip("_") if args else "int4")
    family = {"int2": "int", "int4": "int", "int8": "int", "float4": "float", "float8": "float", "varchar": "text", "bpchar": "text", "name": "text", "timetz": "time", "timestamptz": "timestamp", "cidr": "inet", "macaddr8": "macaddr", "xid": "oid", "cid": "oid", "tid": "oid", "xid8": "oid", "pg_lsn": "oid", "oidvector": "oid", "int2vector": "oid", "char": "text", "cstring": "input", "varbit": "bit"}.get(family, family)
    cells = [src, "v" if variadic else "-", ty, tsv(answer.replace("\\", "\\\\"))]
    cells += [t if v is None else t + "=" + tsv(v) for t, v in args]
    files.setdefault(family, []).append("\t".join(cells))
for f, lines in files.items():
    with open(os.path.join(here, "data", f + ".tsv"), "w") as o:
        o.write("\n".join(lines) + "\n")
print(sum(map(len, files.values())), "calls")
