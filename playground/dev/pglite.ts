// Development only: `tusklet/worker` made of PGlite, until the engine is there.
import { PGlite } from '@electric-sql/pglite';
import { PostgresError } from 'tusklet';

const asText = Object.fromEntries([16, 17, 20, 21, 23, 26, 114, 700, 701, 1082, 1114, 1184, 3802, 1000, 1005, 1007, 1009, 1015, 1016].map((o) => [o, (t: string) => t]));

function revive(error: unknown, sql?: string): never {
  const e = error as Record<string, string>;
  if (typeof e.code !== 'string') throw error;
  const f: Record<string, unknown> = {};
  for (const k of ['severity', 'code', 'message', 'detail', 'hint', 'where', 'schema', 'table', 'column', 'dataType', 'constraint']) if (e[k] !== undefined) f[k] = e[k];
  if (e.position !== undefined) f.position = Number(e.position);
  throw new PostgresError(f as never, sql);
}

type O = { text?: boolean; rowMode?: 'array' | 'object'; maxRows?: number };
const options = (o: O = {}) => ({ ...(o.rowMode ? { rowMode: o.rowMode } : {}), ...(o.text ? { parsers: asText } : {}) });

export class TuskletWorker {
  private constructor(private readonly pg: PGlite) {}
  static async create(dataDir: string): Promise<TuskletWorker> {
    return new TuskletWorker(await PGlite.create(dataDir));
  }
  static async databases(): Promise<string[]> {
    return (await indexedDB.databases()).flatMap((d) => (d.name?.startsWith('/pglite/') ? [d.name.slice(8)] : []));
  }
  static async deleteDatabase(name: string): Promise<void> {
    await new Promise((resolve) => { indexedDB.deleteDatabase(`/pglite/${name}`).onsuccess = resolve; });
  }
  async query(sql: string, params: unknown[] = [], o?: O) {
    const r = await this.pg.query(sql, params as never[], options(o) as never).catch((e) => revive(e, sql));
    const truncated = o?.maxRows !== undefined && r.rows.length > o.maxRows;
    return { ...r, rows: truncated ? r.rows.slice(0, o.maxRows) : r.rows, ...(truncated ? { truncated } : {}) };
  }
  exec(sql: string, o?: O) { return this.pg.exec(sql, options(o) as never).catch((e) => revive(e, sql)); }
  transaction(f: (tx: unknown) => Promise<unknown>) {
    return this.pg.transaction((tx) => f({
      query: (sql: string, params: unknown[] = [], o?: O) => tx.query(sql, params as never[], options(o) as never).catch((e) => revive(e, sql)),
      exec: (sql: string) => tx.exec(sql).catch((e) => revive(e, sql)),
    })).catch((e) => { throw e; });
  }
  get transactionStatus(): string { return 'idle'; }
  cancel(): void { /* PGlite cannot */ }
  close() { return this.pg.close(); }
}
