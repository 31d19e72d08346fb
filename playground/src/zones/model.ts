/** Zones and records as the gpgsql tables hold them, and staged changes as the SQL that will make them. No page in here. */
import type { Db } from '../db.js';

export interface Zone {
  id: number;
  name: string;
  type: string;
  records: number;
  serial: number | null;
}

export interface RecordValues {
  name: string;
  type: string;
  content: string;
  ttl: number | null;
  prio: number | null;
  disabled: boolean;
}

/** A row of the grid: what is stored, and what it is to become. */
export interface Row {
  /** Null: not stored yet. */
  id: string | null;
  before: RecordValues | null;
  now: RecordValues;
  deleted: boolean;
}

export type State = 'same' | 'new' | 'changed' | 'deleted';

const KEYS = ['name', 'type', 'content', 'ttl', 'prio', 'disabled'] as const;

export function stateOf(row: Row): State {
  if (row.deleted) return 'deleted';
  if (row.before === null) return 'new';
  return KEYS.some((k) => row.before![k] !== row.now[k]) ? 'changed' : 'same';
}

/** Whether two records say the same; the TTL belongs to the whole set, and no priority is priority 0. */
export const sameRecord = (a: RecordValues, b: RecordValues): boolean => KEYS.every((k) => k === 'ttl' || (k === 'prio' ? (a.prio ?? 0) === (b.prio ?? 0) : a[k] === b[k]));

/** A literal: standard_conforming_strings is on, so only quotes are special. */
export function literal(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  return String(value);
}

/** `www` for `www.example.org` in `example.org`, `@` for the zone itself. */
export function relative(name: string, zone: string): string {
  return name === zone ? '@' : name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1) : `${name}.`;
}

/** The stored form of a name as typed: lower case, absolute, no trailing dot. */
export function absolute(typed: string, zone: string): string {
  const name = typed.trim().toLowerCase();
  if (name === '' || name === '@') return zone;
  if (name.endsWith('.')) return name.slice(0, -1);
  return name === zone || name.endsWith(`.${zone}`) ? name : `${name}.${zone}`;
}

/** The day as a number: YYYYMMDD. */
export const dayNumber = (day: Date): number => (day.getUTCFullYear() * 100 + day.getUTCMonth() + 1) * 100 + day.getUTCDate();

/** The SOA whose serial an Apply raises: none when nothing changes, or the SOA itself does. */
export function soaToRaise(zone: Zone, rows: readonly Row[]): Row | undefined {
  const changed = rows.filter((r) => stateOf(r) !== 'same');
  if (changed.length === 0 || changed.some((r) => r.now.type === 'SOA')) return undefined;
  return rows.find((r) => r.now.type === 'SOA' && r.now.name === zone.name && !r.now.disabled);
}

/** The statements of one Apply, without BEGIN and COMMIT. `raised` is the content the SOA is to get besides. */
export function statements(zone: Zone, rows: readonly Row[], raised?: string): string[] {
  const out: string[] = [];
  const inserts: string[] = [];
  for (const row of rows) {
    const state = stateOf(row);
    const r = row.now;
    if (state === 'deleted' && row.id !== null) out.push(`DELETE FROM records WHERE id = ${row.id};`);
    else if (state === 'changed') {
      const set = KEYS.filter((k) => row.before![k] !== r[k]).map((k) => `${k} = ${literal(r[k])}`);
      out.push(`UPDATE records SET ${set.join(', ')} WHERE id = ${row.id};`);
    } else if (state === 'new') {
      inserts.push(`(${[zone.id, r.name, r.type, r.content, r.ttl, r.prio, r.disabled, true].map(literal).join(', ')})`);
    }
  }
  if (inserts.length > 0) {
    out.push(`INSERT INTO records (domain_id, name, type, content, ttl, prio, disabled, auth) VALUES\n  ${inserts.join(',\n  ')};`);
  }
  const soa = raised === undefined ? undefined : soaToRaise(zone, rows);
  if (soa !== undefined) out.push(`UPDATE records SET content = ${literal(raised!)} WHERE id = ${soa.id};`);
  return out;
}

/** The statements that make a zone with its SOA and NS records. */
export function newZone(name: string, kind: string, ns: readonly string[], hostmaster: string, today: Date): string[] {
  const n = literal(name);
  const soa = `${ns[0]} ${hostmaster.replace('@', '.')} ${dayNumber(today)}01 10800 3600 604800 3600`;
  const id = `(SELECT id FROM domains WHERE name = ${n})`;
  const row = (type: string, content: string): string => `(${id}, ${n}, ${literal(type)}, ${literal(content)}, 3600, 0, false, true)`;
  return [
    `INSERT INTO domains (name, type) VALUES (${n}, ${literal(kind)});`,
    `INSERT INTO records (domain_id, name, type, content, ttl, prio, disabled, auth) VALUES\n  ${[row('SOA', soa), ...ns.map((s) => row('NS', s))].join(',\n  ')};`,
  ];
}

/** One transaction: all of it or nothing. */
export async function apply(db: Db, sql: readonly string[]): Promise<void> {
  await db.transaction(async (tx) => {
    for (const s of sql) await tx.exec(s);
  });
}

const ZONES = `SELECT d.id, d.name, d.type, count(r.id),
       max(CASE WHEN r.type = 'SOA' AND NOT r.disabled THEN r.content END)
FROM domains d LEFT JOIN records r ON r.domain_id = d.id AND r.type IS NOT NULL
GROUP BY d.id, d.name, d.type
ORDER BY d.name`;

export async function readZones(db: Db): Promise<Zone[]> {
  const { rows } = await db.query<unknown[]>(ZONES, [], { rowMode: 'array', text: true });
  return (rows as unknown as (string | null)[][]).map(([id, name, type, records, soa]) => {
    const serial = Number(soa?.split(/\s+/)[2]);
    return { id: Number(id), name: name!, type: type!, records: Number(records), serial: Number.isInteger(serial) ? serial : null };
  });
}

const RECORDS = `SELECT id, name, type, content, ttl, prio, disabled FROM records
WHERE domain_id = $1 AND type IS NOT NULL
ORDER BY name, type, prio, content`;

export async function readRecords(db: Db, zone: Zone): Promise<Row[]> {
  const { rows } = await db.query<unknown[]>(RECORDS, [zone.id], { rowMode: 'array', text: true });
  const out = (rows as unknown as (string | null)[][]).map(([id, name, type, content, ttl, prio, disabled]): Row => {
    const values: RecordValues = {
      name: name ?? '', type: type ?? '', content: content ?? '', ttl: ttl === null ? null : Number(ttl), prio: prio === null ? null : Number(prio), disabled: disabled === 't',
    };
    return { id, before: values, now: { ...values }, deleted: false };
  });
  // The zone's own records first, SOA and NS before the rest.
  const rank = (r: Row): number => (r.now.name !== zone.name ? 3 : r.now.type === 'SOA' ? 0 : r.now.type === 'NS' ? 1 : 2);
  return out.sort((a, b) => rank(a) - rank(b));
}

export async function hasSchema(db: Db): Promise<boolean> {
  const { rows } = await db.query<unknown[]>(`SELECT to_regclass('domains') IS NOT NULL AND to_regclass('records') IS NOT NULL`, [], { rowMode: 'array', text: true });
  return (rows as unknown as string[][])[0]?.[0] === 't';
}
