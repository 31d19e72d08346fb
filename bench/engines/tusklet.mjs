// Our package, through its synchronous door: what a page with a memory database uses when speed matters.
export const name = 'tusklet';
export const sync = true;

export async function open() {
  const { Tusklet } = await import('tusklet');
  const db = await Tusklet.create('memory://');
  const options = { rowMode: 'array' };
  return {
    exec: (sql) => void db.sync.exec(sql),
    query: (sql, params) => db.sync.query(sql, params, options).rows,
    async prepare(sql) {
      const statement = await db.prepare(sql, options);
      return (params) => statement.sync.query(params).rows;
    },
    close: () => db.close(),
  };
}

export const sql = {};

export const download = { entry: "export { Tusklet } from 'tusklet';", assets: [['tusklet', 'dist/engine.wasm']], later: [['tusklet', 'dist/engine.cold.wasm']] };
