// The package with the real engine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PostgresError, sql, Tusklet } from '../dist/index.js';

let db;
before(async () => { db = await Tusklet.create('memory://'); });
after(() => db.close());
const rows = async (text, params, options) => (await db.query(text, params, { rowMode: 'array', ...options })).rows;

test('values of every form, out and in', async () => {
  const types = {
    bool: [true, false], int2: [-32768, 32767], int4: [-1, 2147483647], int8: [5, 9007199254740993n], float4: [0.1, -1.5], float8: [0.1, 1e300],
    oid: [0, 4294967295], numeric: ['1.50', '-12345678901234567890.123'], text: ['', 'é😀'], varchar: ['a', 'b'], bytea: [new Uint8Array([0, 255]), new Uint8Array(0)],
    uuid: ['00112233-4455-6677-8899-aabbccddeeff'], date: [new Date('2024-02-29'), new Date('1999-12-31')],
    timestamptz: [new Date('2024-02-29T12:34:56.789Z'), new Date('1969-12-31T23:59:59.001Z')],
    jsonb: [{ a: [1, null, 'x'] }, [], 1.5], json: [{ b: true }], 'int4[]': [[1, null, 3], []], 'text[]': [['a b', '"', null, ''], [['x'], ['y']]],
    interval: ['1 day 02:00:00'], inet: ['192.0.2.1/24'], time: ['12:34:56.5'],
  };
  for (const [type, values] of Object.entries(types)) {
    for (const value of values) assert.deepEqual(await rows(`SELECT $1::${type}`, [value]), [[value]], `${type} ${String(value)}`);
    assert.deepEqual(await rows(`SELECT $1::${type}`, [null]), [[null]], type);
  }
  const all = await db.query(`SELECT i, i % 2 = 0 AS b, i::int2, i::int8 * 10000000000000, i / 4.0::float8 AS f, 'row ' || i AS t, CASE WHEN i % 3 = 0 THEN NULL ELSE i END AS n
    FROM generate_series(1, 5000) AS i`);
  assert.equal(all.rows.length, 5000);
  assert.deepEqual([all.rows[4998].b, all.rows[4998].f, all.rows[4998].t, all.rows[4998].n], [false, 1249.75, 'row 4999', 4999]);
  assert.equal(all.rows[2].n, null);
  assert.deepEqual(await rows("SELECT 'infinity'::timestamptz, '-infinity'::date, 'NaN'::float8"), [[Infinity, -Infinity, NaN]]);
  assert.deepEqual(await rows('SELECT true, 1.5::numeric, now() IS NOT NULL', [], { text: true }), [['t', '1.5', 't']]);
});

test('columns mode gives typed arrays', async () => {
  const { columns } = await db.query("SELECT i, i::float8 AS f, nullif(i, 2) AS n, 't' || i AS t FROM generate_series(1, 3) AS i", [], { rowMode: 'columns' });
  assert.deepEqual(columns[0].values, new Int32Array([1, 2, 3]));
  assert.deepEqual(columns[1].values, new Float64Array([1, 2, 3]));
  assert.deepEqual([...columns[2].valid], [0b101]);
  assert.deepEqual(columns[3].values, ['t1', 't2', 't3']);
});

test('results say what was done', async () => {
  const script = await db.exec('CREATE TABLE done (a int); INSERT INTO done VALUES (1), (2), (3); UPDATE done SET a = a + 1 WHERE a > 1; DELETE FROM done WHERE a = 4; SELECT * FROM done ORDER BY a');
  assert.deepEqual(script.map((r) => [r.command, r.affectedRows]), [['CREATE TABLE', 0], ['INSERT', 3], ['UPDATE', 2], ['DELETE', 1], ['SELECT', 0]]);
  assert.deepEqual(script[4].rows, [{ a: 1 }, { a: 3 }]);
  const some = await db.query('SELECT * FROM generate_series(1, 100000)', [], { maxRows: 10 });
  assert.equal(some.rows.length, 10);
  assert.equal(some.truncated, true);
  assert.deepEqual((await db.sql`SELECT ${1} + 1 AS two, ${sql`upper(${'a'})`} AS a`).rows, [{ two: 2, a: 'A' }]);
  const d = await db.describeQuery('SELECT a, $1::text AS t FROM done WHERE a = $2');
  assert.deepEqual(d.queryParams.map((p) => p.dataTypeID), [25, 23]);
  assert.deepEqual(d.resultFields.map((f) => [f.name, f.dataTypeID]), [['a', 23], ['t', 25]]);
});

test('errors have every field, and the place', async () => {
  await assert.rejects(db.query("SELECT '😀', nope FROM pg_class"), (e) => e instanceof PostgresError && e.code === '42703' && e.position === 13 && e.message === 'column "nope" does not exist');
  await assert.rejects(db.query('SELEC 1'), { code: '42601', position: 1, message: 'syntax error at or near "SELEC"' });
  await assert.rejects(db.query('SELECT 1 / $1::int', [0]), { code: '22012' });
  await assert.rejects(db.query('SELECT $1::int', ['x']), { code: '22P02' });
  await db.exec('CREATE TABLE fields (a int PRIMARY KEY, b int CHECK (b > 0))');
  await db.query('INSERT INTO fields VALUES (1, 1)');
  await assert.rejects(db.query('INSERT INTO fields VALUES (1, 1)'), { code: '23505', detail: 'Key (a)=(1) already exists.', table: 'fields', constraint: 'fields_pkey', schema: 'public' });
  await assert.rejects(db.query('INSERT INTO fields VALUES (2, 0)'), { code: '23514', constraint: 'fields_b_check' });
  await assert.rejects(db.exec('INSERT INTO fields VALUES (5, 5); SELECT 1/0'), { code: '22012' });
  assert.deepEqual(await rows('SELECT count(*) FROM fields'), [[1]]);
});

test('malformed and enormous input', async () => {
  // Deep nesting is answered or refused; the engine lives on.
  for (const deep of [`${'('.repeat(10000)}1${')'.repeat(10000)}`, `${'- '.repeat(10000)}1`, `${'abs('.repeat(10000)}1${')'.repeat(10000)}`, `${'(SELECT '.repeat(10000)}1${')'.repeat(10000)}`,
    `${'ARRAY['.repeat(10000)}1${']'.repeat(10000)}`, `${'1 + '.repeat(10000)}1`, `${'CASE WHEN true THEN '.repeat(10000)}1${' END'.repeat(10000)}`]) {
    await db.query(`SELECT ${deep}`).catch((e) => assert.ok(['54001', '54000'].includes(e.code), `${deep.slice(0, 20)} ${e}`));
  }
  const big = 'x'.repeat(20_000_000);
  assert.deepEqual(await rows('SELECT length($1)', [big]), [[20_000_000]]);
  await assert.rejects(db.query('SELECT $1::text', ['a\0b']), (e) => e.code === '22021');
  assert.deepEqual(await rows('SELECT 1'), [[1]]);
});

test('transactions', async () => {
  await db.exec('CREATE TABLE tx (a int)');
  await db.transaction(async (t) => { await t.query('INSERT INTO tx VALUES (1)'); await t.sql`INSERT INTO tx VALUES (${2})`; });
  await assert.rejects(db.transaction(async (t) => { await t.query('INSERT INTO tx VALUES (3)'); throw new Error('no'); }), /no/);
  await db.transaction(async (t) => { await t.query('INSERT INTO tx VALUES (4)'); await t.rollback(); });
  await assert.rejects(db.transaction(async (t) => { await t.query('SELECT 1/0').catch(() => undefined); }), { code: '25P02' });
  assert.deepEqual(await rows('SELECT a FROM tx ORDER BY a'), [[1], [2]]);
  assert.equal(db.transactionStatus, 'idle');
  await db.exec('BEGIN; SAVEPOINT a; INSERT INTO tx VALUES (9)');
  assert.equal(db.transactionStatus, 'transaction');
  await assert.rejects(db.query('SELECT nope'));
  assert.equal(db.transactionStatus, 'failed');
  await db.exec('ROLLBACK TO a; COMMIT');
  assert.deepEqual(await rows('SELECT count(*) FROM tx'), [[2]]);
});

test('two sessions: a row lock is waited for; a deadlock is found; snapshots', { timeout: 20000 }, async () => {
  const [a, b] = [await db.session(), await db.session()];
  await a.exec('CREATE TABLE acc (id int PRIMARY KEY, v int); INSERT INTO acc VALUES (1, 10), (2, 20)');
  await a.exec('BEGIN; UPDATE acc SET v = v + 1 WHERE id = 1');
  let waited = false;
  const second = b.query('UPDATE acc SET v = v * 2 WHERE id = 1').then((r) => { assert.ok(waited); return r.affectedRows; });
  await new Promise((r) => setTimeout(r, 120));
  waited = true;
  await a.exec('COMMIT');
  assert.equal(await second, 1);
  assert.deepEqual(await rows('SELECT v FROM acc WHERE id = 1'), [[22]]);

  await a.exec('BEGIN; UPDATE acc SET v = 0 WHERE id = 1');
  await b.exec('BEGIN; UPDATE acc SET v = 0 WHERE id = 2');
  const one = a.exec('UPDATE acc SET v = 0 WHERE id = 2');
  await new Promise((r) => setTimeout(r, 30));
  await assert.rejects(b.exec('UPDATE acc SET v = 0 WHERE id = 1'), { code: '40P01', message: 'deadlock detected' });
  await one;
  await a.exec('ROLLBACK');
  await b.exec('ROLLBACK');

  await a.exec('BEGIN ISOLATION LEVEL REPEATABLE READ');
  assert.deepEqual((await a.query('SELECT sum(v)::int AS s FROM acc')).rows, [{ s: 42 }]);
  await b.exec('UPDATE acc SET v = v + 100 WHERE id = 2');
  assert.deepEqual((await a.query('SELECT sum(v)::int AS s FROM acc')).rows, [{ s: 42 }]);
  await assert.rejects(a.exec('UPDATE acc SET v = 1 WHERE id = 2'), { code: '40001' });
  await a.exec('ROLLBACK');

  await a.exec('BEGIN; UPDATE acc SET v = 0 WHERE id = 1');
  await b.exec("SET lock_timeout = '50ms'");
  await assert.rejects(b.exec('UPDATE acc SET v = 1 WHERE id = 1'), { code: '55P03' });
  await a.close();
  assert.equal((await b.query('UPDATE acc SET v = 5 WHERE id = 1')).affectedRows, 1);
  await b.close();
});

test('ten sessions at once', { timeout: 20000 }, async () => {
  await db.exec('CREATE TABLE ten (v int); INSERT INTO ten VALUES (0)');
  const all = await Promise.all(Array.from({ length: 10 }, () => db.session()));
  await Promise.all(all.map((s) => s.transaction(async (t) => { await t.query('UPDATE ten SET v = v + 1'); await new Promise((r) => setTimeout(r, 5)); })));
  assert.deepEqual(await rows('SELECT v FROM ten'), [[10]]);
  await Promise.all(all.map((s) => s.close()));
});

test('prepared statements', async () => {
  await db.exec('CREATE TABLE prep (id int PRIMARY KEY, name text); INSERT INTO prep SELECT i, \'n\' || i FROM generate_series(1, 100) AS i');
  const st = await db.prepare('SELECT name FROM prep WHERE id = $1');
  assert.deepEqual(st.paramTypes, [23]);
  assert.deepEqual(st.fields.map((f) => f.name), ['name']);
  for (let i = 1; i <= 100; i++) assert.deepEqual((await st.query([i])).rows, [{ name: `n${i}` }]);
  assert.deepEqual(st.sync.query([7]).rows, [{ name: 'n7' }]);
  await assert.rejects(st.query([1, 2]), { code: '08P01' });
  // A repeated query keeps its plan; a change of the table makes a new one.
  for (let i = 0; i < 3; i++) assert.deepEqual((await db.query('SELECT * FROM prep WHERE id = $1', [1])).rows, [{ id: 1, name: 'n1' }]);
  await db.exec('ALTER TABLE prep ADD COLUMN more int DEFAULT 5');
  assert.deepEqual((await db.query('SELECT * FROM prep WHERE id = $1', [1])).rows, [{ id: 1, name: 'n1', more: 5 }]);
  await st.close();
  await assert.rejects(async () => st.query([1]), { code: '26000' });
});

test('the synchronous door', async () => {
  assert.deepEqual(db.sync.query('SELECT $1::int + 1 AS a', [1]).rows, [{ a: 2 }]);
  db.sync.exec('CREATE TABLE syn (a int)');
  assert.throws(() => db.sync.transaction((t) => { t.query('INSERT INTO syn VALUES (1)'); t.query('SELECT 1/0'); }), { code: '22012' });
  db.sync.transaction((t) => t.query('INSERT INTO syn VALUES (2)'));
  assert.deepEqual(db.sync.query('SELECT a FROM syn').rows, [{ a: 2 }]);
  const other = await db.session();
  await other.exec('BEGIN; UPDATE syn SET a = 3');
  assert.throws(() => db.sync.query('UPDATE syn SET a = 4'), { code: '55P03' });
  await other.close();
  assert.deepEqual(db.sync.query('SELECT a FROM syn').rows, [{ a: 2 }]);
});

test('cancelling', { timeout: 20000 }, async () => {
  const long = 'SELECT count(*) FROM generate_series(1, 30000) AS a, generate_series(1, 30000) AS b';
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(db.query(long, [], { signal: stop.signal }), { code: '57014', message: 'canceling statement due to user request' });
  setTimeout(() => db.cancel(), 50);
  await assert.rejects(db.query(long), { code: '57014' });
  await db.exec("SET statement_timeout = '50ms'");
  await assert.rejects(db.query(long), { code: '57014', message: 'canceling statement due to statement timeout' });
  await db.exec('RESET statement_timeout');
  const waiting = await db.session();
  await db.exec('CREATE TABLE held (a int); INSERT INTO held VALUES (1)');
  await db.exec('BEGIN; UPDATE held SET a = 2');
  setTimeout(() => waiting.cancel(), 50);
  await assert.rejects(waiting.query('UPDATE held SET a = 3'), { code: '57014' });
  await db.exec('ROLLBACK');
  await waiting.close();
});

test('notices, listen and notify', async () => {
  const notices = [];
  await db.query('DROP TABLE IF EXISTS nothing_there', [], { onNotice: (n) => notices.push(n) });
  assert.deepEqual(notices.map((n) => [n.severity, n.code, n.message]), [['NOTICE', '00000', 'table "nothing_there" does not exist, skipping']]);
  const heard = [];
  const other = await db.session();
  const end = await db.listen('News', (payload) => heard.push(payload));
  await other.exec("NOTIFY news, 'one'");
  await other.query("SELECT pg_notify('news', 'two')");
  await other.transaction(async (t) => { await t.query("SELECT pg_notify('news', 'never')"); await t.rollback(); });
  await db.exec("NOTIFY news, 'own'");
  await new Promise((r) => setTimeout(r, 20));
  assert.deepEqual(heard, ['one', 'two', 'own']);
  await end();
  await other.exec("NOTIFY news, 'late'");
  await new Promise((r) => setTimeout(r, 20));
  assert.equal(heard.length, 3);
  await other.close();
});

test('the protocol as bytes', async () => {
  const text = new TextEncoder();
  const message = (type, ...parts) => {
    const body = parts.flatMap((p) => (typeof p === 'string' ? [...text.encode(p), 0] : p));
    const n = body.length + 4;
    return [type.charCodeAt(0), n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255, ...body];
  };
  const simple = await db.execProtocol(new Uint8Array(message('Q', "SELECT 1 AS a, 'x' AS b")));
  assert.deepEqual(simple.messages.map((m) => m.name), ['rowDescription', 'dataRow', 'commandComplete', 'readyForQuery']);
  assert.deepEqual(simple.messages[1].fields, ['1', 'x']);
  const extended = await db.execProtocol(new Uint8Array([
    ...message('P', '', 'SELECT $1::int + 1', [0, 0]), ...message('B', '', '', [0, 0, 0, 1, 0, 0, 0, 2, 52, 49, 0, 0]), ...message('D', [80], ''),
    ...message('E', '', [0, 0, 0, 0]), ...message('S')]));
  assert.deepEqual(extended.messages.map((m) => m.name), ['parseComplete', 'bindComplete', 'rowDescription', 'dataRow', 'commandComplete', 'readyForQuery']);
  assert.deepEqual(extended.messages[3].fields, ['42']);
  await assert.rejects(db.execProtocol(new Uint8Array(message('Q', 'SELECT nope'))), { code: '42703' });
  assert.deepEqual(await rows('SELECT 2'), [[2]]);
});

test('settings of a database, and a user', async () => {
  const other = await Tusklet.create('memory://', { settings: { TimeZone: 'Europe/Vienna', search_path: 'pg_catalog' } });
  assert.deepEqual((await other.query('SHOW TimeZone')).rows, [{ TimeZone: 'Europe/Vienna' }]);
  assert.deepEqual((await other.query("SELECT current_user AS u, '2024-07-01 12:00+00'::timestamptz::text AS t")).rows, [{ u: 'postgres', t: '2024-07-01 14:00:00+02' }]);
  await other.close();
  await assert.rejects(other.query('SELECT 1'), { code: '08003' });
});
