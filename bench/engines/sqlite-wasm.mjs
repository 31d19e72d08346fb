// SQLite's own build for the web, in memory on the calling thread.
export const name = 'sqlite-wasm';
export const sync = true;

export async function open() {
  const { default: init } = await import('@sqlite.org/sqlite-wasm');
  const sqlite3 = await init({ print: () => undefined, printErr: () => undefined });
  const db = new sqlite3.oo1.DB(':memory:', 'c');
  const all = (statement, params) => {
    if (params !== undefined && params.length > 0) statement.bind(params);
    const rows = [];
    while (statement.step()) rows.push(statement.get([]));
    statement.reset();
    return rows;
  };
  return {
    // SQLite's own loop over a script; `db.exec` has one in JavaScript, ten times slower on long ones.
    exec: (sql) => void db.checkRc(sqlite3.capi.sqlite3_exec(db, sql, 0, 0, 0)),
    query(sql, params) {
      const statement = db.prepare(sql);
      try {
        return all(statement, params);
      } finally {
        statement.finalize();
      }
    },
    prepare(sql) {
      const statement = db.prepare(sql);
      return (params) => all(statement, params);
    },
    close: () => db.close(),
  };
}

export { sqlite as sql } from './sqlite-sql.mjs';

export const download = { entry: "export { default } from '@sqlite.org/sqlite-wasm';", assets: [['@sqlite.org/sqlite-wasm', 'dist/sqlite3.wasm']] };
