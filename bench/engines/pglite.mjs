// PGlite: PostgreSQL itself, compiled. It has promises only, and no prepared statements.
export const name = 'pglite';
export const sync = false;

export async function open() {
  const { PGlite } = await import('@electric-sql/pglite');
  const db = await PGlite.create();
  const options = { rowMode: 'array' };
  return {
    exec: (sql) => db.exec(sql),
    query: async (sql, params) => (await db.query(sql, params, options)).rows,
    prepare: undefined,
    close: () => db.close(),
  };
}

export const sql = {};

export const download = {
  entry: "export { PGlite } from '@electric-sql/pglite';",
  assets: [['@electric-sql/pglite', 'dist/pglite.wasm'], ['@electric-sql/pglite', 'dist/pglite.data'], ['@electric-sql/pglite', 'dist/initdb.wasm']],
};
