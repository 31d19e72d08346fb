// What one function costs over many rows: numeric, text, hashing, LIKE, dates, jsonb.
// An engine that cannot say a step (`sql.lacks`: SQLite has neither timestamps nor md5, DuckDB's JSON is an extension to be fetched) is left out of it.
export const title = 'Kernels: half a million rows, 200,000 documents';
export const unit = 'ms';

export async function run(db, { scale, measure, sql }) {
  const rows = Math.round(500_000 / scale);
  const documents = Math.round(200_000 / scale);
  const names = Math.round(100_000 / scale);
  const series = sql.series ?? ((n) => `SELECT g FROM generate_series(1, ${n}) AS g`);
  const lacks = (what) => sql.lacks?.includes(what) ?? false;
  const made = lacks('date') ? 'NULL' : "timestamp '2018-03-01 00:00:00' + g * interval '397 seconds'";
  await db.exec('CREATE TABLE facts (id INTEGER, price NUMERIC(12,2), qty NUMERIC(8,3), k BIGINT, city TEXT, name TEXT, note TEXT, made TIMESTAMP);');
  await db.exec(`INSERT INTO facts SELECT g, (g * 337) % 1000003 * 0.01, (g * 61) % 50021 * 0.001, CAST(g % ${names + 3} AS BIGINT) * 1000003, 'city of the number ' || (g % 50),
    'n' || ((g * 337) % ${names + 3}), 'Order ' || (g % 977) || ' for ' || CASE g % 13 WHEN 3 THEN 'Seventy' WHEN 5 THEN 'Eleven' ELSE 'Some' END || ' Things, Sent By ' || ((g * 31) % 1009), ${made} FROM (${series(rows)}) s;`);
  await db.exec(`CREATE TABLE people (name TEXT, age INTEGER); INSERT INTO people SELECT 'n' || g, g % 90 FROM (${series(names)}) s;`);

  const queries = {
    'numeric: sum, avg, min, max': 'SELECT round(sum(price), 2), round(avg(price), 4), min(price), max(price) FROM facts',
    'numeric: arithmetic and comparison': 'SELECT count(*), round(sum(price * qty - price * 0.1), 2) FROM facts WHERE price > 100.5',
    'numeric: sums of 50 groups': 'SELECT city, round(sum(price), 2), round(sum(qty), 3) FROM facts GROUP BY city ORDER BY city',
    'text: =, <>, <, >=': "SELECT count(*), sum(id) FROM facts WHERE city = 'city of the number 7' OR (name >= 'n4' AND name < 'n5' AND city <> 'city of the number 8')",
    'text: min, max': 'SELECT min(name), max(name), min(note), max(note) FROM facts',
    'text: ORDER BY': `SELECT id, name FROM facts ORDER BY name, id LIMIT 5 OFFSET ${rows >> 1}`,
    'hash: GROUP BY text, 100,000 groups': 'SELECT count(*), sum(n), max(n) FROM (SELECT name, count(*) AS n FROM facts GROUP BY name) t',
    'hash: GROUP BY int8, 100,000 groups': 'SELECT count(*), sum(n), max(n) FROM (SELECT k, sum(id) AS n FROM facts GROUP BY k) t',
    'hash: join on text': 'SELECT count(*), sum(age) FROM facts JOIN people ON people.name = facts.name',
    'hash: count(DISTINCT text)': 'SELECT count(DISTINCT city), count(DISTINCT note) FROM facts',
    'hash: md5': lacks('md5') ? undefined : 'SELECT min(md5(name)), max(md5(note)) FROM facts',
    "LIKE 'prefix%'": "SELECT count(*), sum(id) FROM facts WHERE note LIKE 'Order 12%'",
    "LIKE '%infix%'": "SELECT count(*), sum(id) FROM facts WHERE note LIKE '%Seventy%'",
    "ILIKE '%infix%'": `SELECT count(*), sum(id) FROM facts WHERE note ${sql.ilike ?? 'ILIKE'} '%eleven things%'`,
    'dates: extract': lacks('date') ? undefined : 'SELECT extract(year FROM made) AS y, extract(month FROM made) AS m, count(*), sum(extract(hour FROM made)) FROM facts GROUP BY 1, 2 ORDER BY 1, 2',
    'dates: date_trunc': lacks('date') ? undefined : "SELECT count(*), max(n) FROM (SELECT date_trunc('day', made) AS d, count(*) AS n FROM facts GROUP BY 1) t",
    'dates: arithmetic': lacks('date') ? undefined : "SELECT count(*), sum(extract(epoch FROM made - timestamp '2018-01-01')) FROM facts WHERE made + interval '1 month' > timestamp '2019-05-31' AND made - interval '3 days' < timestamp '2023-01-01'",
  };
  if (!lacks('json')) {
    const document = `'{"n": ' || (g % 1000) || ', "kind": "k' || (g % 20) || '", "tags": ["a", "b' || (g % 7) || '"], "who": {"name": "user' || (g % 5003) || '", "age": ' || (g % 90) || '}}'`;
    await db.exec(`CREATE TABLE docs (id INTEGER, doc JSONB); INSERT INTO docs SELECT g, ${sql.json?.(document) ?? `CAST(${document} AS JSONB)`} FROM (${series(documents)}) s;`);
    Object.assign(queries, {
      'jsonb: ->> summed': "SELECT count(*), sum(CAST(doc->>'n' AS INTEGER)) FROM docs",
      'jsonb: nested -> ->> in WHERE': "SELECT count(*), sum(id) FROM docs WHERE doc->>'kind' = 'k7' OR doc->'who'->>'name' = 'user77'",
      'jsonb: GROUP BY ->>, an element': "SELECT doc->>'kind' AS kind, count(*), max(doc->'tags'->>1), sum(CAST(doc->'who'->>'age' AS INTEGER)) FROM docs GROUP BY 1 ORDER BY 1",
    });
  }
  for (const [name, query] of Object.entries(queries)) {
    if (query === undefined) continue;
    let answer;
    await measure.best(name, 5, async () => {
      answer = await db.query(query);
    });
    measure.check(name, answer);
  }
}
