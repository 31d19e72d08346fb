/** What is in the database, for completion and the side bar: plain queries over pg_catalog. */
import type { Db } from './db.js';

export interface Column {
  name: string;
  type: string;
  notNull: boolean;
}

export interface Relation {
  schema: string;
  name: string;
  kind: 'r' | 'v' | 'm' | 'p' | 'f' | 'S';
  columns: Column[];
}

const RELATIONS = `SELECT n.nspname, c.relname, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY n.nspname, c.relname, a.attnum`;

/** All relations of the user's schemas. */
export async function readSchema(db: Db): Promise<Relation[]> {
  const { rows } = await db.query<unknown[]>(RELATIONS, [], { rowMode: 'array', text: true });
  const out: Relation[] = [];
  for (const row of rows as string[][]) {
    const [schema, name, kind, column, type, notNull] = row;
    let last = out.at(-1);
    if (last === undefined || last.schema !== schema || last.name !== name) out.push((last = { schema, name, kind: kind as Relation['kind'], columns: [] }));
    if (column !== null) last.columns.push({ name: column, type, notNull: notNull === 't' });
  }
  return out;
}

const KNOWN: Record<number, string> = {
  16: 'boolean', 17: 'bytea', 18: '"char"', 19: 'name', 20: 'bigint', 21: 'smallint', 23: 'integer', 25: 'text', 26: 'oid', 114: 'json', 600: 'point', 650: 'cidr',
  700: 'real', 701: 'double precision', 705: 'unknown', 790: 'money', 869: 'inet', 1042: 'character', 1043: 'character varying', 1082: 'date', 1083: 'time', 1114: 'timestamp',
  1184: 'timestamptz', 1186: 'interval', 1266: 'timetz', 1560: 'bit', 1700: 'numeric', 2249: 'record', 2278: 'void', 2950: 'uuid', 3802: 'jsonb',
  1000: 'boolean[]', 1005: 'smallint[]', 1007: 'integer[]', 1009: 'text[]', 1015: 'character varying[]', 1016: 'bigint[]', 1022: 'double precision[]', 1231: 'numeric[]',
};
const learnt = new Map<number, string>();

/** Names of types by OID; those not built in are asked for once. */
export async function typeNames(db: Db, oids: readonly number[]): Promise<(oid: number) => string> {
  const unknown = [...new Set(oids)].filter((o) => KNOWN[o] === undefined && !learnt.has(o));
  for (const o of unknown) {
    const name = await db.query<string[]>('SELECT format_type($1::oid, NULL)', [o], { rowMode: 'array', text: true }).then((r) => (r.rows as string[][])[0]?.[0], () => undefined);
    learnt.set(o, name ?? String(o));
  }
  return (o) => KNOWN[o] ?? learnt.get(o) ?? String(o);
}

const NUMERIC = new Set([20, 21, 23, 26, 700, 701, 790, 1700]);

/** Whether values of a type stand right-aligned. */
export const isNumeric = (oid: number): boolean => NUMERIC.has(oid);
