// DuckDB-wasm in its blocking build: no worker between it and the caller, which is the fastest it has.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const name = 'duckdb-wasm';
export const sync = true;

const plain = (v) => (typeof v === 'bigint' ? Number(v) : v);

export async function open() {
  const require = createRequire(import.meta.url);
  const duckdb = require('@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs');
  const dist = dirname(require.resolve('@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs'));
  const bundles = { mvp: { mainModule: join(dist, 'duckdb-mvp.wasm'), mainWorker: '' }, eh: { mainModule: join(dist, 'duckdb-eh.wasm'), mainWorker: '' } };
  const db = await duckdb.createDuckDB(bundles, new duckdb.VoidLogger(), duckdb.NODE_RUNTIME);
  await db.instantiate(() => undefined);
  db.open({ query: { castBigIntToDouble: true, castDecimalToDouble: true } });
  const connection = db.connect();
  const rows = (table) => table.toArray().map((row) => Object.values(row.toJSON()).map(plain));
  return {
    exec: (sql) => void connection.query(sql),
    query(sql, params) {
      if (params === undefined || params.length === 0) return rows(connection.query(sql));
      const statement = connection.prepare(sql);
      try {
        return rows(statement.query(...params));
      } finally {
        statement.close();
      }
    },
    prepare(sql) {
      const statement = connection.prepare(sql);
      return (params) => rows(statement.query(...params));
    },
    close: () => connection.close(),
  };
}

export const sql = { series: (n) => `SELECT range::int AS g FROM range(1, ${n} + 1)`, lacks: ['json'] };

export const download = { entry: "export * from '@duckdb/duckdb-wasm';", assets: [['@duckdb/duckdb-wasm', 'dist/duckdb-eh.wasm'], ['@duckdb/duckdb-wasm', 'dist/duckdb-browser-eh.worker.js']] };
