// sql.js: SQLite compiled with a small interface.
import { createRequire } from 'node:module';

export const name = 'sql.js';
export const sync = true;

export async function open() {
  const require = createRequire(import.meta.url);
  const SQL = await require('sql.js')();
  const db = new SQL.Database();
  const all = (statement, params) => {
    statement.bind(params);
    const rows = [];
    while (statement.step()) rows.push(statement.get());
    statement.reset();
    return rows;
  };
  return {
    exec: (sql) => void db.exec(sql),
    query(sql, params) {
      const statement = db.prepare(sql);
      const rows = all(statement, params);
      statement.free();
      return rows;
    },
    prepare(sql) {
      const statement = db.prepare(sql);
      return (params) => all(statement, params);
    },
    close: () => db.close(),
  };
}

export { sqlite as sql } from './sqlite-sql.mjs';

export const download = { entry: "export { default } from 'sql.js/dist/sql-wasm-browser.js';", assets: [['sql.js', 'dist/sql-wasm-browser.wasm']] };
