// Analytics: a million rows.
export const title = 'A million rows';
export const unit = 'ms';

export async function run(db, { scale, measure, sql }) {
  const rows = Math.round(1_000_000 / scale);
  const series = sql.series ?? ((n) => `SELECT g FROM generate_series(1, ${n}) AS g`);
  await db.exec('CREATE TABLE big (k INTEGER, v INTEGER, g INTEGER, f DOUBLE PRECISION);');
  await measure.step('INSERT from a series', () => db.exec(`INSERT INTO big SELECT (g * 337) % 100003, g % 1000, g % 100, g * 0.5 FROM (${series(rows)}) s;`));
  const queries = {
    'full scan, filter and sum': 'SELECT count(*), sum(v) FROM big WHERE k < 50000',
    'filter on a double, average': 'SELECT count(*), avg(f) FROM big WHERE f > 1000.5',
    'GROUP BY, 100 groups': 'SELECT g, count(*), sum(v), max(k) FROM big GROUP BY g ORDER BY g',
    'GROUP BY, 100,000 groups': 'SELECT count(*), sum(s) FROM (SELECT k, sum(v) AS s FROM big GROUP BY k) t',
    'top 10 of a sort': 'SELECT k, v FROM big ORDER BY k DESC, v DESC, f LIMIT 10',
    'self join on a key': 'SELECT count(*) FROM big a JOIN big b ON a.k = b.k WHERE a.v < 10 AND b.v >= 990',
  };
  for (const [name, query] of Object.entries(queries)) {
    let rows;
    await measure.best(name, 5, async () => {
      rows = await db.query(query);
    });
    measure.check(name, rows);
  }
}
