// The statement shapes of SQLite's speed test. Each step is one script, given to the engine's own call for scripts.
import { numberName, random } from './data.mjs';

export const title = 'Speed test shapes, in memory';
export const unit = 'ms';

export async function run(db, { scale, measure }) {
  const n = (count) => Math.max(1, Math.round(count / scale));
  const r = random(15);
  const values = (count, from = 1) => Array.from({ length: count }, (_, i) => {
    const b = r(100000);
    return `(${from + i},${b},'${numberName(b)}')`;
  });
  const inserts = (table, count) => values(count).map((v) => `INSERT INTO ${table} VALUES${v};`).join('\n');
  const lines = (count, line) => Array.from({ length: count }, (_, i) => line(i)).join('\n');
  const check = async (name, ...queries) => {
    const out = [];
    for (const q of queries) out.push(await db.query(q));
    measure.check(name, out);
  };
  const step = (name, script) => measure.step(name, () => db.exec(script));
  const table = (name) => `CREATE TABLE ${name}(a INTEGER, b INTEGER, c VARCHAR(100));`;
  const sums = (name) => `SELECT count(*), sum(a), sum(b), min(c), max(c) FROM ${name}`;

  await step('1: 1000 INSERTs, each its own transaction', table('t1') + inserts('t1', n(1000)));
  await step('2: 25000 INSERTs in a transaction', `BEGIN;${table('t2')}${inserts('t2', n(25000))}COMMIT;`);
  await step('2.1: 25000 rows in one INSERT', `${table('t2b')}INSERT INTO t2b VALUES${values(n(25000)).join(',')};`);
  await step('3: 25000 INSERTs into an indexed table', `BEGIN;${table('t3')}CREATE INDEX i3 ON t3(c);${inserts('t3', n(25000))}COMMIT;`);
  await step('3.1: 25000 rows in one INSERT, indexed', `${table('t3b')}CREATE INDEX i3b ON t3b(c);INSERT INTO t3b VALUES${values(n(25000)).join(',')};`);
  await check('rows', sums('t1'), sums('t2'), sums('t2b'), sums('t3'), sums('t3b'));
  await step('4: 100 SELECTs on a range, no index', lines(100, (i) => `SELECT count(*), avg(b) FROM t2 WHERE b>=${i * 100} AND b<${i * 100 + 1000};`));
  await check('range', 'SELECT count(*), sum(b) FROM t2 WHERE b>=5000 AND b<6000');
  await step('5: 100 SELECTs with LIKE', lines(100, (i) => `SELECT count(*), avg(b) FROM t2 WHERE c LIKE '%${numberName(i)}%';`));
  await check('like', "SELECT count(*), sum(b) FROM t2 WHERE c LIKE '%seventy one%'");
  await step('6: two CREATE INDEX', 'CREATE INDEX i2a ON t2(a);CREATE INDEX i2b ON t2(b);');
  await step('7: 5000 SELECTs on a range, indexed', lines(n(5000), (i) => `SELECT count(*), avg(b) FROM t2 WHERE b>=${(i % 1000) * 100} AND b<${(i % 1000) * 100 + 100};`));
  await check('indexed range', 'SELECT count(*), sum(b) FROM t2 WHERE b>=5000 AND b<5100');
  await step('8: 1000 UPDATEs, no index', `BEGIN;${lines(n(1000), (i) => `UPDATE t1 SET b=b*2 WHERE a>=${i * 10} AND a<${i * 10 + 10};`)}COMMIT;`);
  await step('9: 25000 UPDATEs of a number, indexed', `BEGIN;${lines(n(25000), (i) => `UPDATE t2 SET b=${r(500000)} WHERE a=${i + 1};`)}COMMIT;`);
  await step('10: 25000 UPDATEs of a text, indexed', `BEGIN;${lines(n(25000), (i) => `UPDATE t2 SET c='${numberName(r(500000))}' WHERE a=${i + 1};`)}COMMIT;`);
  await check('updated', sums('t1'), sums('t2'));
  await step('11: INSERT from SELECT, twice', 'BEGIN;INSERT INTO t1 SELECT b,a,c FROM t2;INSERT INTO t2 SELECT b,a,c FROM t1;COMMIT;');
  await check('copied', sums('t1'), sums('t2'));
  await step('12: DELETE, no index', "DELETE FROM t2 WHERE c LIKE '%fifty%';");
  await step('13: DELETE, indexed', 'DELETE FROM t2 WHERE a>10 AND a<20000;');
  await check('deleted', sums('t2'));
  await step('14: big INSERT after big DELETE', 'INSERT INTO t2 SELECT * FROM t1;');
  await step('15: big DELETE, then 12000 INSERTs', `BEGIN;DELETE FROM t1;${inserts('t1', n(12000))}COMMIT;`);
  await check('at the end', sums('t1'), sums('t2'));
  await step('16: DROP TABLE × 3', 'DROP TABLE t1;DROP TABLE t2;DROP TABLE t3;');
}
