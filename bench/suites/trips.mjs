// Round trips: one small statement after the other, as an application sends them.
import { random } from './data.mjs';

export const title = 'Round trips per second';
export const unit = 'ops/s';

export async function run(db, { scale, measure, sql }) {
  const rows = Math.round(100000 / scale);
  const series = sql.series ?? ((n) => `SELECT g FROM generate_series(1, ${n}) AS g`);
  const p = sql.params ?? ((s) => s);
  await db.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(40), n INTEGER); CREATE TABLE orders (id INTEGER PRIMARY KEY, item_id INTEGER, qty INTEGER);');
  await db.exec(`INSERT INTO items SELECT g, 'item ' || g, g % 1000 FROM (${series(rows)}) s; INSERT INTO orders SELECT g, (g * 7919) % ${rows} + 1, g % 10 FROM (${series(rows)}) s;`);
  const r = random(7);
  const id = () => r(rows) + 1;
  let next = rows;

  await measure.rate('`SELECT $1`', () => db.query(p('SELECT $1'), ['x']));
  const lookup = p('SELECT id, name, n FROM items WHERE id = $1');
  await measure.rate('point lookup by primary key', () => db.query(lookup, [id()]));
  measure.check('lookup', await db.query(lookup, [77]));
  const prepared = await db.prepare?.(lookup);
  await measure.rate('the same, prepared', prepared && (() => prepared([id()])));
  if (prepared) measure.check('prepared', await prepared([78]));
  const insert = p('INSERT INTO items VALUES ($1, $2, $3)');
  await measure.rate('INSERT one row, autocommit', () => db.query(insert, [++next, 'new', 1]));
  const update = p('UPDATE items SET n = $2 WHERE id = $1');
  await measure.rate('UPDATE one row by primary key', () => db.query(update, [id(), 5]));
  await db.query(update, [77, 12]);
  measure.check('updated', await db.query(lookup, [77]));
  const join = p('SELECT i.name, o.qty FROM orders o JOIN items i ON i.id = o.item_id WHERE o.id >= $1 ORDER BY o.id LIMIT 10');
  await measure.rate('join of two tables, LIMIT 10', () => db.query(join, [id()]));
  measure.check('join', await db.query(join, [500]));
}
