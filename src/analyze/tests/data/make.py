#!/usr/bin/env python3
"""Asks a real PostgreSQL 15 what statements resolve to, and writes resolution.tsv.

usage: make.py HOST PORT USER DATABASE     (an empty database; schema.sql is loaded into it)

Each statement of statements.sql, and of a fixed random mixture of operators and functions with typed operands, is sent as
Parse + Describe. A line is: statement, parameter types, and either the columns (name:type …) or the error (SQLSTATE,
position, message, detail, hint).
"""
import random, socket, struct, sys

host, port, user, db = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

class Conn:
    def __init__(self):
        self.s = socket.create_connection((host, port))
        p = b"user\0" + user.encode() + b"\0database\0" + db.encode() + b"\0\0"
        self.s.sendall(struct.pack(">ii", len(p) + 8, 196608) + p)
        self.buf = b""
        self.until_ready()
    def msg(self):
        while len(self.buf) < 5 or len(self.buf) < 1 + struct.unpack(">i", self.buf[1:5])[0]:
            d = self.s.recv(65536)
            if not d:
                raise SystemExit("connection lost")
            self.buf += d
        n = struct.unpack(">i", self.buf[1:5])[0]
        t, body = self.buf[:1], self.buf[5:1 + n]
        self.buf = self.buf[1 + n:]
        return t, body
    def until_ready(self):
        out = []
        while True:
            t, b = self.msg()
            if t == b"Z":
                return out
            out.append((t, b))
    def send(self, t, body):
        self.s.sendall(t + struct.pack(">i", len(body) + 4) + body)
    def simple(self, sql):
        self.send(b"Q", sql.encode() + b"\0")
        rows = []
        for t, b in self.until_ready():
            if t == b"E":
                raise SystemExit(sql + ": " + repr(b))
            if t == b"D":
                n, at, row = struct.unpack(">h", b[:2])[0], 2, []
                for _ in range(n):
                    l = struct.unpack(">i", b[at:at + 4])[0]; at += 4
                    row.append(None if l < 0 else b[at:at + l].decode()); at += max(l, 0)
                rows.append(row)
        return rows
    def describe(self, sql):
        self.send(b"P", b"\0" + sql.encode() + b"\0" + struct.pack(">h", 0))
        self.send(b"D", b"S\0")
        self.send(b"S", b"")
        params, cols, err = [], [], None
        for t, b in self.until_ready():
            if t == b"t":
                n = struct.unpack(">h", b[:2])[0]
                params = list(struct.unpack(">%di" % n, b[2:]))
            elif t == b"T":
                n, at = struct.unpack(">h", b[:2])[0], 2
                for _ in range(n):
                    e = b.index(b"\0", at)
                    name = b[at:e].decode(); at = e + 1
                    _, _, ty, _, mod, _ = struct.unpack(">ihihih", b[at:at + 18]); at += 18
                    cols.append((name, ty, mod))
            elif t == b"E":
                err = {}
                for f in b.split(b"\0"):
                    if f:
                        err[chr(f[0])] = f[1:].decode()
        return params, cols, err

c = Conn()
here = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
c.simple("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
c.simple(open(here + "/schema.sql").read())
names = {}
def type_name(oid, mod):
    if (oid, mod) not in names:
        names[oid, mod] = c.simple("SELECT format_type(%d, %d)" % (oid, mod))[0][0]
    return names[oid, mod]

random.seed(15)
operands = ["NULL", "NULL", "$1", "1", "1.5", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
            "r", "s", "u", "v", "w", "t1", "now()", "ROW(1,b)", "b::name", "a::oid", "f::real", "b::inet", "b::point", "b::bytea", "b::json"]
pick = lambda: random.choice(operands)
mixed = []
# Every operator and function row with the types it is declared for, and with one of them untyped; then random operands.
for name, l, r in c.simple("SELECT oprname, oprleft::regtype::text, oprright::regtype::text FROM pg_operator ORDER BY oid"):
    right = "NULL::" + r
    if l == "-":
        mixed.append("SELECT %s %s" % (name, right))
        continue
    left = "NULL::" + l
    mixed.append("SELECT %s %s %s" % (left, name, right))
    mixed.append(random.choice(["SELECT NULL %s %s" % (name, right), "SELECT %s %s NULL" % (left, name), "SELECT $1 %s %s" % (name, right)]))
for op, in c.simple("SELECT DISTINCT oprname FROM pg_operator ORDER BY 1"):
    for _ in range(4):
        mixed.append("SELECT %s %s %s FROM t1" % (pick(), op, pick()))
keyword = set(r[0] for r in c.simple("SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'"))
for name, args in c.simple("""SELECT proname, array_to_string(proargtypes::regtype[], ';') FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
    AND prokind IN ('f', 'a') AND NOT (proargtypes::oid[] && '{2281,2275,2276}') AND prorettype <> 2281
    AND (proname !~ '^(pg_|binary_upgrade|RI_|has_|ts_|float|int[248]|text|bp|name|array_|hash|in_range|money|cash|macaddr|box|circle|poly|path|lseg)' OR oid::int % 7 = 0) ORDER BY oid"""):
    types = args.split(";") if args else []
    if name in keyword:
        continue
    mixed.append("SELECT %s(%s)" % (name, ", ".join("NULL::" + t for t in types)))
    if types and random.random() < 0.5:
        k = random.randrange(len(types))
        mixed.append("SELECT %s(%s)" % (name, ", ".join("NULL" if i == k else "NULL::" + t for i, t in enumerate(types))))
    if types and random.random() < 0.3:
        mixed.append("SELECT %s(%s) FROM t1" % (name, ", ".join(pick() for t in types)))
written = []
for line in open(here + "/statements.sql"):
    line = line.strip()
    if line and not line.startswith("--"):
        written.append(line.rstrip(";"))
esc = lambda s: (s or "").replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
mixed_set = set(mixed)
with open(here + "/resolution.tsv", "w") as out:
    for sql in written + mixed:
        params, cols, err = c.describe(sql)
        if err and err.get("C") == "42601" and sql in mixed_set:
            continue
        if err:
            row = [sql, "", "ERROR", err.get("C"), err.get("P", ""), esc(err.get("M")), esc(err.get("D")), esc(err.get("H"))]
        else:
            row = [sql, ",".join(type_name(p, -1) for p in params), " ".join("%s:%s" % (esc(n), type_name(t, m).replace(" ", "_")) for n, t, m in cols)]
        out.write("\t".join(row) + "\n")
