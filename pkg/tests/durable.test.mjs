// The real engine over IndexedDB: what was acknowledged is there, and nothing is overwritten that cannot be read.
import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tusklet } from '../build/index.js';
import { IdbStorage } from '../build/storage/idb.js';

const open = (name, options) => Tusklet.create(`idb://${name}`, options);
const rows = async (db, sql, params) => (await db.query(sql, params, { rowMode: 'array' })).rows;

/** What is stored, by store. */
async function stored(name) {
  const r = indexedDB.open(`tusklet:${name}`);
  const db = await new Promise((resolve, reject) => { r.onsuccess = () => resolve(r.result); r.onerror = () => reject(r.error); });
  const out = {};
  for (const s of ['meta', 'log', 'segments']) {
    const store = db.transaction(s).objectStore(s);
    const get = (q) => new Promise((resolve) => { q.onsuccess = () => resolve(q.result); });
    const [keys, values] = await Promise.all([get(store.getAllKeys()), get(store.getAll())]);
    out[s] = new Map(keys.map((k, i) => [k, values[i]]));
  }
  db.close();
  return out;
}

async function change(name, store, key, value) {
  const r = indexedDB.open(`tusklet:${name}`);
  const db = await new Promise((resolve) => { r.onsuccess = () => resolve(r.result); });
  const tx = db.transaction(store, 'readwrite');
  if (value === undefined) tx.objectStore(store).delete(key);
  else tx.objectStore(store).put(value, key);
  await new Promise((resolve) => { tx.oncomplete = resolve; });
  db.close();
}

const flipped = (bytes, at) => {
  const b = bytes.slice();
  b[at] ^= 1;
  return b;
};

test('write, close, reopen: everything is there', async () => {
  let db = await open('all');
  await db.exec(`
    CREATE SCHEMA s;
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE s.parent (id serial PRIMARY KEY, name text UNIQUE NOT NULL, m mood DEFAULT 'ok', at timestamptz DEFAULT now());
    CREATE TABLE child (id int GENERATED ALWAYS AS IDENTITY, parent int REFERENCES s.parent ON DELETE CASCADE, v numeric CHECK (v > 0), tags text[]);
    CREATE INDEX child_v ON child (v DESC) WHERE v > 1;
    CREATE VIEW both_of AS SELECT p.name, c.v FROM s.parent p JOIN child c ON c.parent = p.id;
    INSERT INTO s.parent (name) VALUES ('a'), ('b'), ('c');
    INSERT INTO child (parent, v, tags) SELECT 1 + i % 3, i / 10.0 + 1, ARRAY['t' || i] FROM generate_series(1, 300) AS i;
    UPDATE child SET v = v * 2 WHERE id % 10 = 0;
    DELETE FROM s.parent WHERE name = 'c';
    ALTER TABLE child ADD COLUMN extra int DEFAULT 7;
    COMMENT ON TABLE child IS 'kept';
  `);
  const look = async () => [
    await rows(db, 'SELECT name, m, at IS NOT NULL FROM s.parent ORDER BY id'), await rows(db, 'SELECT * FROM child ORDER BY id'),
    await rows(db, 'SELECT * FROM both_of ORDER BY v, name'), await rows(db, "SELECT obj_description('child'::regclass)"),
    await rows(db, 'SELECT count(*) FROM child WHERE v > 30'),
  ];
  const before = await look();
  assert.equal(before[1].length, 200);
  await db.close();
  for (let i = 0; i < 3; i++) {
    db = await open('all');
    assert.deepEqual(await look(), before);
    await db.close();
  }
  db = await open('all');
  assert.ok((await rows(db, "INSERT INTO s.parent (name) VALUES ('d') RETURNING id"))[0][0] > 3);
  await assert.rejects(db.query("INSERT INTO s.parent (name) VALUES ('a')"), { code: '23505' });
  await assert.rejects(db.query('INSERT INTO child (parent, v) VALUES (99, 1)'), { code: '23503' });
  await db.query('DELETE FROM s.parent');
  assert.deepEqual(await rows(db, 'SELECT count(*) FROM child'), [[0]]);
  await db.close();
});

test('an open transaction is not kept, nor a table of it', async () => {
  let db = await open('open');
  await db.exec('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
  await db.exec('BEGIN; INSERT INTO t VALUES (2); CREATE TABLE u (a int)');
  await db.close();
  db = await open('open');
  assert.deepEqual(await rows(db, 'SELECT a FROM t'), [[1]]);
  assert.deepEqual(await rows(db, "SELECT to_regclass('u') IS NULL"), [[true]]);
  await db.close();
});

/** Enough for several checkpoints, in rounds; what must be in the tables then. */
async function fill(db, rounds, size = 700) {
  await db.exec('CREATE TABLE IF NOT EXISTS big (id int PRIMARY KEY, n int, t text); CREATE TABLE IF NOT EXISTS small (id int PRIMARY KEY, big int REFERENCES big ON DELETE CASCADE)');
  const [[last]] = await rows(db, 'SELECT coalesce(max(id), 0) FROM big');
  for (let i = 0; i < rounds; i++) {
    const from = last + i * 2000;
    await db.query(`INSERT INTO big SELECT i, 0, repeat(chr(97 + i % 26), ${size}) FROM generate_series($1::int, $2::int) AS i`, [from + 1, from + 2000]);
    await db.query('UPDATE big SET n = n + 1 WHERE id % 7 = 0');
    await db.query('DELETE FROM big WHERE id % 11 = 3');
    await db.query('INSERT INTO small VALUES ($1, $2)', [from + 1, from + 5 - ((from + 5) % 11 === 3 ? 1 : 0)]);
  }
}
const facts = async (db) => [
  ...(await rows(db, 'SELECT count(*), sum(n), sum(id::int8), sum(length(t)), min(t), max(t) FROM big')),
  ...(await rows(db, 'SELECT count(*), sum(big) FROM small')), ...(await rows(db, 'SELECT id, n FROM big WHERE id IN (7, 14, 1500, 2001) ORDER BY id')),
];

test('checkpoints: the log is cut, cold tables are loaded when asked for, and written anew', { timeout: 120000 }, async () => {
  let db = await open('big');
  await fill(db, 5);
  let is = await facts(db);
  await db.close();
  let s = await stored('big');
  assert.ok(s.meta.has('manifest'));
  assert.ok(s.segments.size > 5);
  const sum = (m) => [...m.values()].reduce((n, b) => n + b.length, 0);
  assert.ok(sum(s.log) < 6e6, `${sum(s.log)} bytes of log`);
  for (let round = 0; round < 4; round++) {
    db = await open('big');
    if (round === 1) {
      // The first statement on a cold table waits for it, whatever it is.
      await db.query('UPDATE big SET n = n + 1 WHERE id = 14');
      is = await facts(db);
    } else if (round === 2) {
      // Work in the log for a table that nobody has loaded, then a checkpoint.
      await db.query('DELETE FROM big WHERE id = 2001');
      await fill(db, 4);
      is = await facts(db);
    } else assert.deepEqual(await facts(db), is);
    assert.deepEqual(await facts(db), is);
    await db.close();
  }
  // Nothing is kept that no manifest names: as many bytes as the tables need, not as were ever written.
  s = await stored('big');
  assert.ok(sum(s.segments) < 4 * is[0][3], `${sum(s.segments)} bytes of segments for ${is[0][3]}`);

  db = await open('big');
  const [a, b] = [await db.session(), await db.session()];
  const together = await Promise.all([rows(a, 'SELECT count(*) FROM big'), rows(b, 'SELECT count(*) FROM small'), rows(db, 'SELECT count(*) FROM small JOIN big ON big.id = small.big')]);
  assert.deepEqual(together.slice(0, 2), [[[is[0][0]]], [[is[1][0]]]]);
  await db.query('DELETE FROM big');
  assert.deepEqual(await rows(db, 'SELECT count(*) FROM small'), [[0]]);
  await db.close();
});

test('commands on cold tables', { timeout: 60000 }, async () => {
  let db = await open('cold');
  await fill(db, 5);
  const [[count]] = await rows(db, 'SELECT count(*) FROM big');
  await db.close();
  const commands = ['CREATE INDEX ON big (n)', 'ALTER TABLE big ADD COLUMN c int DEFAULT 3', 'CREATE VIEW v AS SELECT * FROM big', 'ALTER TABLE big ADD CHECK (n >= 0)', 'CREATE TABLE copy AS SELECT * FROM big', 'ANALYZE big', 'VACUUM big'];
  for (const c of commands) {
    db = await open('cold');
    await db.query(c);
    await db.close();
    db = await open('cold');
    assert.deepEqual(await rows(db, 'SELECT count(*) FROM big'), [[count]], c);
    await db.close();
  }
  db = await open('cold');
  assert.deepEqual(await rows(db, 'SELECT count(*), min(c) FROM v JOIN big USING (id)').catch(() => rows(db, 'SELECT count(*), 3 FROM copy')), [[count, 3]]);
  await db.query('TRUNCATE big CASCADE');
  await db.close();
  db = await open('cold');
  assert.deepEqual(await rows(db, 'SELECT (SELECT count(*) FROM big), (SELECT count(*) FROM small)'), [[0, 0]]);
  await db.close();
});

test('a damaged log record: XX001, and nothing is overwritten', async () => {
  let db = await open('damaged');
  await db.exec('CREATE TABLE t (a int)');
  for (let i = 0; i < 5; i++) await db.query('INSERT INTO t VALUES ($1)', [i]);
  await db.close();
  const { log } = await stored('damaged');
  const keys = [...log.keys()];
  for (const key of [keys[0], keys[2], keys.at(-1)]) {
    for (const bad of [flipped(log.get(key), log.get(key).length - 1), flipped(log.get(key), 0), flipped(log.get(key), 5), log.get(key).slice(0, -3), new Uint8Array(0)]) {
      await change('damaged', 'log', key, bad);
      await assert.rejects(open('damaged'), (e) => e.code === 'XX001', `record ${key}`);
      const now = await stored('damaged');
      assert.deepEqual([...now.log.keys()], keys);
      assert.deepEqual(now.log.get(key), bad);
      await change('damaged', 'log', key, log.get(key));
    }
  }
  await change('damaged', 'log', keys[2], undefined);
  await assert.rejects(open('damaged'), { code: 'XX001' });
  await change('damaged', 'log', keys[2], log.get(keys[2]));
  db = await open('damaged');
  assert.deepEqual(await rows(db, 'SELECT count(*) FROM t'), [[5]]);
  await db.close();
});

test('a damaged manifest or segment: XX001, other tables can be read', { timeout: 60000 }, async () => {
  let db = await open('seg');
  await fill(db, 3);
  await db.exec('CREATE TABLE other (a int); INSERT INTO other VALUES (1)');
  const is = await facts(db);
  await db.close();
  const before = await stored('seg');
  assert.ok(before.segments.size > 0);
  const manifest = before.meta.get('manifest');
  await change('seg', 'meta', 'manifest', flipped(manifest, manifest.length >> 1));
  await assert.rejects(open('seg'), { code: 'XX001' });
  await change('seg', 'meta', 'manifest', manifest);
  const [name, bytes] = [...before.segments].sort((a, b) => b[1].length - a[1].length)[0];
  for (const bad of [flipped(bytes, bytes.length >> 1), undefined]) {
    await change('seg', 'segments', name, bad);
    db = await open('seg');
    await assert.rejects(rows(db, 'SELECT count(*) FROM big'), { code: 'XX001' });
    await assert.rejects(rows(db, 'SELECT count(*) FROM big'), { code: 'XX001' });
    assert.deepEqual(await rows(db, 'SELECT a FROM other'), [[1]]);
    await db.close();
    await change('seg', 'segments', name, bytes);
  }
  db = await open('seg');
  assert.deepEqual(await facts(db), is);
  await db.close();
});

test('a full quota: 53100, the commit never was, the database goes on', async (t) => {
  let db = await open('quota');
  await db.exec('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
  const other = await db.session();
  await other.exec('BEGIN; INSERT INTO t VALUES (50)');
  t.mock.method(IdbStorage.prototype, 'append', async () => { throw new DOMException('full', 'QuotaExceededError'); }, { times: 1 });
  await assert.rejects(db.query('INSERT INTO t VALUES (2)'), { code: '53100' });
  assert.deepEqual(await rows(db, 'SELECT a FROM t'), [[1]]);
  assert.equal((await db.query('INSERT INTO t VALUES (3)')).affectedRows, 1);
  await other.exec('COMMIT').catch(() => undefined);
  assert.deepEqual(await rows(other, 'SELECT a FROM t ORDER BY a'), [[1], [3]]);
  await db.close();
  db = await open('quota');
  assert.deepEqual(await rows(db, 'SELECT a FROM t ORDER BY a'), [[1], [3]]);
  await db.close();
});

test('a checkpoint that cannot be stored changes nothing', { timeout: 60000 }, async (t) => {
  let db = await open('nockpt');
  const m = t.mock.method(IdbStorage.prototype, 'checkpoint', async () => { throw new DOMException('full', 'QuotaExceededError'); }, { times: 1 });
  await fill(db, 6);
  assert.ok(m.mock.callCount() > 0);
  const is = await facts(db);
  await db.close();
  db = await open('nockpt');
  assert.deepEqual(await facts(db), is);
  await db.close();
});

test('relaxed durability keeps what was closed', async () => {
  let db = await open('relaxed', { durability: 'relaxed' });
  await db.exec('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
  await db.close();
  db = await open('relaxed', { durability: 'relaxed' });
  assert.deepEqual(await rows(db, 'SELECT a FROM t'), [[1]]);
  await db.close();
});
