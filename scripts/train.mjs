// What ordinary pages do with a database, run on an instrumented engine: the functions that were entered make up the part of the engine
// that is downloaded first. What is missing here still works, after the second part has come.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './tools.mjs';

/** Numbers of the functions of `module` that ran. The package must be built, and its glue must be the module's. */
export async function train(module) {
  const ran = new Set();
  const instances = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = new Proxy(Instance, { construct: (target, args) => {
    const instance = Reflect.construct(target, args);
    instances.push(instance);
    return instance;
  } });
  try {
    const built = (name) => import(pathToFileURL(join(root, 'pkg/build', name)).href);
    const { Tusklet } = await built('index.js');
    const { instantiate } = await built('bindgen.js');
    const options = { module: () => instantiate(module, () => { throw new Error('the instrumented engine is in one piece'); }) };
    const memory = () => Tusklet.create('memory://', options);
    await small(await memory());
    await tutorial(await memory());
    await typed(await memory());
    await benchmarks(memory);
    await stored(Tusklet, options);
  } finally {
    WebAssembly.Instance = Instance;
  }
  for (const { exports } of instances) for (const [name, global] of Object.entries(exports)) if (name.startsWith('ran') && global.value !== 0) ran.add(Number(name.slice(3)));
  return [...ran].sort((a, b) => a - b);
}

/** A statement whose error is part of the training. */
const failing = (db, sql, params) => db.query(sql, params).then(() => { throw new Error(`no error: ${sql}`); }, () => undefined);

/** First steps, through both doors. */
async function small(db) {
  await db.query('SELECT 1');
  await db.query('SELECT 1 AS one, $1 AS text, $2::int + 1 AS two', ['x', 1]);
  await db.exec(`
    CREATE TABLE groups (id int PRIMARY KEY, name text NOT NULL UNIQUE);
    CREATE TABLE people (
      id serial PRIMARY KEY, name varchar(40) NOT NULL, email text UNIQUE, age int CHECK (age >= 0), score numeric(8,2) DEFAULT 0, active boolean DEFAULT true,
      born date, created timestamptz NOT NULL DEFAULT now(), group_id int REFERENCES groups (id) ON DELETE CASCADE);
    CREATE INDEX people_age ON people (age);
    INSERT INTO groups VALUES (1, 'one'), (2, 'two');
    INSERT INTO people (name, email, age, score, born, group_id) VALUES ('Ann', 'ann@example.org', 31, 12.5, '1990-05-01', 1), ('Bob', 'bob@example.org', 25, NULL, NULL, 2);
  `);
  const insert = 'INSERT INTO people (name, email, age, score, active, born, group_id) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id';
  for (let i = 0; i < 4; i++) await db.query(insert, [`P${i}`, `p${i}@example.org`, 20 + i, 1.5 * i, i % 2 === 0, '2001-02-03', 1 + (i % 2)]);
  db.sync.query(insert, ['S', null, null, '7.25', null, new Date(0), null]);
  const queries = [
    'SELECT * FROM people', 'SELECT * FROM people ORDER BY id LIMIT 2 OFFSET 1', 'SELECT name, age FROM people WHERE id = 1', 'SELECT count(*) FROM people',
    "SELECT name FROM people WHERE age > 20 AND name <> 'Bob' OR email IS NULL ORDER BY name DESC", "SELECT name FROM people WHERE name LIKE 'P%' AND name ILIKE '%1'",
    'SELECT * FROM people WHERE id IN (1, 2, 3) AND age BETWEEN 10 AND 50', 'SELECT name FROM people WHERE group_id IN (SELECT id FROM groups)',
    'SELECT name FROM people p WHERE EXISTS (SELECT 1 FROM groups g WHERE g.id = p.group_id)',
    'SELECT p.name, g.name AS group_name FROM people p JOIN groups g ON g.id = p.group_id ORDER BY p.id',
    'SELECT p.name, g.name FROM people p LEFT JOIN groups g ON g.id = p.group_id WHERE p.active ORDER BY 1',
    'SELECT g.name, count(*), sum(score), avg(age), min(p.name), max(born) FROM people p JOIN groups g USING (id) GROUP BY g.name HAVING count(*) > 0 ORDER BY 2 DESC, 1',
    'SELECT DISTINCT age FROM people ORDER BY age', 'SELECT coalesce(email, name) AS who, CASE WHEN age > 24 THEN 1 ELSE 0 END FROM people',
    "SELECT upper(name), lower(name), length(name), name || '!' FROM people", 'SELECT score * 2 + 1, score / 3, round(score, 1), age::float8 / 3 FROM people',
    "SELECT now(), current_date, created::date, born + 1, created - interval '1 day' FROM people", 'WITH t AS (SELECT id, age FROM people) SELECT sum(age) FROM t',
    'SELECT id FROM people UNION ALL SELECT id FROM groups', 'SELECT id FROM people UNION SELECT id FROM groups', 'VALUES (1), (2)', 'SELECT * FROM generate_series(1, 3) AS i',
    "SELECT count(*)::int, age::text, '5'::int, '1.5'::numeric, '2024-01-01'::date, age::numeric, score::int, 'a'::varchar(3), age::bigint FROM people GROUP BY age, score",
    "SELECT concat(name, ' ', age), substr(name, 1, 2), trim(name), replace(name, 'P', 'Q'), position('n' in name), abs(age), random() < 2, nullif(age, 3), greatest(age, 3) FROM people",
    "SELECT extract(year FROM born), date_trunc('month', created), created::timestamp, to_char(created, 'YYYY-MM-DD') FROM people", "SELECT string_agg(name, ', ' ORDER BY name), array_agg(id), bool_or(active) FROM people",
    'SELECT id, row_number() OVER (ORDER BY age), sum(age) OVER (PARTITION BY group_id ORDER BY id) FROM people',
    'WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n', 'SELECT * FROM people WHERE name ~ \'^P\' AND (age, id) > (20, 1)',
    'SELECT (SELECT max(age) FROM people) AS oldest', 'SELECT version()', 'SELECT true, false, NULL, 1.5, -3, \'text\'',
  ];
  for (const q of queries) {
    await db.query(q);
    db.sync.query(q, [], { rowMode: 'array' });
  }
  await db.query('SELECT * FROM people WHERE age = ANY ($1)', [[20, 21]]);
  for (let i = 0; i < 3; i++) {
    await db.query('SELECT * FROM people WHERE id = $1', [i]);
    await db.query('SELECT name FROM people WHERE name = $1 AND age > $2 ORDER BY id LIMIT $3', ['P1', 3, 10]);
    await db.query('UPDATE people SET age = $2, score = score + 1 WHERE id = $1', [i, 30]);
  }
  await db.query("UPDATE people SET name = upper(name) WHERE age > 22 RETURNING *");
  await db.query("INSERT INTO groups VALUES (1, 'uno') ON CONFLICT (id) DO UPDATE SET name = excluded.name");
  await db.query("INSERT INTO groups VALUES (1, 'uno') ON CONFLICT DO NOTHING");
  await db.query('DELETE FROM people WHERE id = $1', [2]);
  await db.query("DELETE FROM groups WHERE name = 'two'");
  await db.transaction(async (tx) => {
    await tx.query('INSERT INTO groups VALUES ($1, $2)', [7, 'seven']);
    await tx.query('SELECT * FROM groups');
  });
  await db.transaction(async (tx) => { await tx.query("INSERT INTO groups VALUES (8, 'eight')"); throw new Error('back'); }).catch(() => undefined);
  await db.exec('BEGIN; SAVEPOINT s; INSERT INTO groups VALUES (9, \'nine\'); ROLLBACK TO s; COMMIT');
  db.sync.transaction((tx) => tx.query('SELECT 1'));
  const prepared = await db.prepare('SELECT name, age FROM people WHERE id = $1');
  for (let i = 0; i < 3; i++) await prepared.query([i]);
  prepared.sync.query([1]);
  await prepared.close();
  await db.query('SELECT id, name, score FROM people', [], { rowMode: 'columns' });
  await db.sql`SELECT * FROM people WHERE id = ${1}`;
  for (const [sql, params] of [
    ['SELEC 1'], ['SELECT nope FROM people'], ['SELECT * FROM nope'], ['SELECT nope(1)'], ['SELECT 1 / 0'], ["SELECT 'x'::int"], ['SELECT $1::int', ['x']], ["SELECT 1 + 'a'"], ['INSERT INTO groups VALUES (1, \'again\')'],
    ["INSERT INTO groups VALUES (10, NULL)"], ['INSERT INTO people (name, age) VALUES (\'x\', -1)'], ["INSERT INTO people (name, group_id) VALUES ('x', 99)"], ['CREATE TABLE groups (id int)'], ['SELECT * FROM people WHERE'],
    ["SELECT 'open"], ['INSERT INTO groups VALUES (1, 2, 3)'],
  ]) await failing(db, sql, params);
  const second = await db.session();
  await second.query('SELECT count(*) FROM people');
  await second.close();
  await db.exec('CREATE TABLE IF NOT EXISTS groups (id int); DROP TABLE IF EXISTS nope; DROP TABLE people; DROP TABLE groups;');
  await db.close();
}

/** PostgreSQL's tutorial, as the goldens have it. */
async function tutorial(db) {
  for (const name of ['chapter2.test', 'chapter3.test']) {
    const text = readFileSync(join(root, 'tests/sql/tutorial', name), 'utf8').replace(/^#.*\n/gm, '');
    for (const block of text.matchAll(/([^]*?)\n----\n[^]*?(?:\n\n|$)/g)) await db.query(block[1].trim()).catch(() => undefined);
  }
  await db.close();
}

/** Values of the common types, in and out. */
async function typed(db) {
  const values = {
    bool: true, int2: 3, int4: -5, int8: 9007199254740993n, float4: 0.5, float8: 1e300, numeric: '12345.678', text: 'é', varchar: 'a', char: 'c', uuid: '00112233-4455-6677-8899-aabbccddeeff',
    date: new Date('2024-02-29'), timestamp: '2024-02-29 12:00:00', timestamptz: new Date('2024-02-29T12:34:56.789Z'), json: { a: 1 }, jsonb: { a: [1, null, 'x'] }, bytea: new Uint8Array([1, 2]),
    'int4[]': [1, null, 3], 'text[]': ['a b', '"'],
  };
  const columns = Object.keys(values);
  await db.exec(`CREATE TABLE v (id int PRIMARY KEY, ${columns.map((t, i) => `c${i} ${t}`).join(', ')})`);
  const list = columns.map((_, i) => `$${i + 2}`).join(', ');
  for (let i = 0; i < 3; i++) await db.query(`INSERT INTO v VALUES ($1, ${list})`, [i, ...Object.values(values)]);
  await db.query('INSERT INTO v (id) VALUES (9)');
  await db.query('SELECT * FROM v ORDER BY id');
  await db.query('SELECT * FROM v ORDER BY id', [], { text: true });
  for (const [i, type] of columns.entries()) {
    await db.query(`SELECT $1::${type} AS v`, [Object.values(values)[i]]);
    if (type !== 'json') await db.query(`SELECT c${i}, count(*) FROM v GROUP BY c${i} ORDER BY c${i} DESC`);
  }
  await db.query("SELECT c14 ->> 'a', c15 -> 'a' -> 2, c15 FROM v WHERE c15 @> '{\"a\": [1]}'");
  await db.query('SELECT c17[1], array_length(c17, 1), unnest(c18) FROM v');
  await db.close();
}

/** By how much the benchmarks are made smaller: what only many rows run (a sort in place, a table that grows) belongs in the first part too. */
const SCALES = { start: 1, trips: 40, speed: 1, scan: 4 };

/** The benchmark's shapes. */
async function benchmarks(memory) {
  for (const [suite, scale] of Object.entries(SCALES)) {
    const { run } = await import(pathToFileURL(join(root, 'bench/suites', `${suite}.mjs`)).href);
    const db = await memory();
    const options = { rowMode: 'array' };
    const measure = { step: async (_, work) => void (await work()), best: async (_, __, work) => void (await work()), check() {}, async rate(_, work) { if (work !== undefined) for (let i = 0; i < 20; i++) await work(); } };
    await run({
      exec: (sql) => void db.sync.exec(sql), query: (sql, params) => db.sync.query(sql, params, options).rows,
      async prepare(sql) {
        const statement = await db.prepare(sql, options);
        return (params) => statement.sync.query(params).rows;
      },
    }, { scale, measure, sql: {} });
    await db.close();
  }
}

/** Opening, logging, checkpoints, recovery. */
async function stored(Tusklet, options) {
  createRequire(join(root, 'pkg/package.json'))('fake-indexeddb/auto');
  const open = () => Tusklet.create('idb://train', options);
  let db = await open();
  await db.exec('CREATE TABLE t (id int PRIMARY KEY, name text, n numeric, at timestamptz DEFAULT now(), UNIQUE (name)); CREATE INDEX t_n ON t (n);');
  for (let i = 0; i < 20; i++) await db.query('INSERT INTO t VALUES ($1, $2, $3)', [i, `name ${i}`, i / 3]);
  await db.query('UPDATE t SET n = n + 1 WHERE id < 5');
  await db.query('DELETE FROM t WHERE id = 7');
  await db.close();
  for (let i = 0; i < 3; i++) {
    db = await open();
    await db.query('SELECT count(*), sum(n) FROM t WHERE id > 3');
    await db.query('SELECT * FROM t WHERE id = 5');
    await db.query('INSERT INTO t VALUES ($1, $2, 1)', [100 + i, `again ${i}`]);
    await db.exec(`INSERT INTO t (id, name) SELECT ${1000 * (i + 1)} + i, 'many ' || ${i} || '-' || i FROM generate_series(1, 900) AS i`);
    // More than the log may hold before a checkpoint is due: the next open reads segments.
    if (i === 0) await db.exec("CREATE TABLE big (id int PRIMARY KEY, t text); INSERT INTO big SELECT i, repeat(chr(97 + i % 26), 1000) FROM generate_series(1, 5000) AS i");
    else await db.query('SELECT count(*), max(t) FROM big WHERE id > 100');
    await db.query('UPDATE big SET t = \'short\' WHERE id = 7');
    await db.close();
  }
}

if (import.meta.filename === process.argv[1]) {
  const [instrumented, profile] = process.argv.slice(2);
  writeFileSync(profile, (await train(await WebAssembly.compile(readFileSync(instrumented)))).join('\n'));
  process.exit(0);
}
