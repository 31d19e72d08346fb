// Several clients of one server at once, as the `pg` package speaks to it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve, settled } from './support.mjs';

let server;
before(async () => {
  server = await serve();
});
after(() => server.kill());

test('ten sessions at once', async () => {
  const clients = await Promise.all(Array.from({ length: 10 }, () => server.client()));
  await clients[0].query('CREATE TABLE counter (id int PRIMARY KEY, n int)');
  await clients[0].query('INSERT INTO counter VALUES (1, 0), (2, 0)');
  await Promise.all(clients.map(async (c, i) => {
    for (let k = 0; k < 20; k++) {
      await c.query('UPDATE counter SET n = n + 1 WHERE id = 1');
      const { rows } = await c.query('SELECT $1::int AS me, count(*)::int AS n FROM counter', [i]);
      assert.deepEqual(rows, [{ me: i, n: 2 }]);
    }
  }));
  assert.deepEqual((await clients[3].query('SELECT n FROM counter ORDER BY id')).rows, [{ n: 200 }, { n: 0 }]);
  await Promise.all(clients.map((c) => c.end()));
});

test('the second writer of a row waits, then answers', async () => {
  const [a, b] = [await server.client(), await server.client()];
  await a.query('CREATE TABLE w (id int PRIMARY KEY, v text)');
  await a.query("INSERT INTO w VALUES (1, 'x')");
  await a.query('BEGIN');
  await a.query("UPDATE w SET v = v || 'a' WHERE id = 1");
  const second = b.query("UPDATE w SET v = v || 'b' WHERE id = 1 RETURNING v");
  assert.equal(await settled(second), 'waiting');
  // Others are served meanwhile.
  assert.equal((await a.query('SELECT v FROM w')).rows[0].v, 'xa');
  await a.query('COMMIT');
  assert.deepEqual((await second).rows, [{ v: 'xab' }]);
  await a.end();
  await b.end();
});

test('a deadlock ends one of the two', async () => {
  const [a, b] = [await server.client(), await server.client()];
  await a.query('CREATE TABLE d (id int PRIMARY KEY, v int)');
  await a.query('INSERT INTO d VALUES (1, 0), (2, 0)');
  await a.query('BEGIN');
  await b.query('BEGIN');
  await a.query('UPDATE d SET v = 1 WHERE id = 1');
  await b.query('UPDATE d SET v = 2 WHERE id = 2');
  const first = a.query('UPDATE d SET v = 1 WHERE id = 2').then(() => undefined, (e) => e.code);
  await settled(first, 100);
  const second = b.query('UPDATE d SET v = 2 WHERE id = 1').then(() => undefined, (e) => e.code);
  // The victim's locks go with its failed transaction, so both end.
  const codes = await Promise.all([first, second]);
  assert.deepEqual(codes.filter((c) => c !== undefined), ['40P01']);
  await a.query('ROLLBACK');
  await b.query('ROLLBACK');
  await a.end();
  await b.end();
});

test('a client that goes away leaves no locks', async () => {
  const [a, b] = [await server.client(), await server.client()];
  await a.query('CREATE TABLE gone (id int PRIMARY KEY, v int)');
  await a.query('INSERT INTO gone VALUES (1, 0)');
  await a.query('BEGIN');
  await a.query('UPDATE gone SET v = 1');
  const waiting = b.query('UPDATE gone SET v = v + 10 RETURNING v');
  assert.equal(await settled(waiting), 'waiting');
  a.connection.stream.destroy();
  assert.deepEqual((await waiting).rows, [{ v: 10 }]);
  await b.end();
});

test('statement names and settings belong to a session', async () => {
  const [a, b] = [await server.client(), await server.client()];
  const one = { name: 'stmt1', text: 'SELECT $1::int + 1 AS v', values: [1] };
  const two = { name: 'stmt1', text: 'SELECT upper($1) AS v', values: ['x'] };
  assert.equal((await a.query(one)).rows[0].v, 2);
  assert.equal((await b.query(two)).rows[0].v, 'X');
  assert.equal((await a.query(one)).rows[0].v, 2);
  await a.query("SET TimeZone = 'Asia/Tokyo'");
  assert.equal((await a.query('SHOW TimeZone')).rows[0].TimeZone, 'Asia/Tokyo');
  assert.notEqual((await b.query('SHOW TimeZone')).rows[0].TimeZone, 'Asia/Tokyo');
  await a.end();
  await b.end();
});

test('cancel ends a running statement and a waiting one', async () => {
  const [a, b] = [await server.client(), await server.client()];
  await a.query('CREATE TABLE c (id int PRIMARY KEY)');
  await a.query('INSERT INTO c VALUES (1)');
  await a.query('BEGIN');
  await a.query('DELETE FROM c');
  const waiting = b.query('DELETE FROM c').then(() => 'done', (e) => e.code);
  assert.equal(await settled(waiting), 'waiting');
  await cancel(b);
  assert.equal(await waiting, '57014');
  await a.query('ROLLBACK');
  const long = b.query('SELECT count(*) FROM generate_series(1, 2000000000) a').then(() => 'done', (e) => e.code);
  await settled(long, 100);
  // Others are served while it runs.
  assert.equal((await a.query('SELECT 1 AS one')).rows[0].one, 1);
  await cancel(b);
  assert.equal(await long, '57014');
  assert.equal((await b.query('SELECT 1 AS one')).rows[0].one, 1);
  await a.end();
  await b.end();
});

test('notifications', async () => {
  const [a, b] = [await server.client(), await server.client()];
  await b.query('LISTEN news');
  const heard = new Promise((resolve) => b.once('notification', resolve));
  await a.query("NOTIFY news, 'hello'");
  const { channel, payload } = await heard;
  assert.deepEqual([channel, payload], ['news', 'hello']);
  await a.end();
  await b.end();
});

test('databases are apart', async () => {
  const a = await server.client();
  await a.query('CREATE DATABASE other');
  const b = await server.client({ database: 'other' });
  await b.query('CREATE TABLE only_here (id int)');
  await assert.rejects(a.query('SELECT * FROM only_here'), { code: '42P01' });
  assert.equal((await b.query('SELECT current_database() AS d')).rows[0].d, 'other');
  await assert.rejects(a.query('DROP DATABASE other'), { code: '55006' });
  await b.end();
  await assert.rejects(server.client({ database: 'nowhere' }), { code: '3D000' });
  await a.end();
});

/** As libpq does it: a connection of its own with the process's number and secret. */
async function cancel(client) {
  const { default: net } = await import('node:net');
  await new Promise((resolve, reject) => {
    const socket = net.connect(server.port, server.host, () => {
      const request = Buffer.alloc(16);
      request.writeInt32BE(16, 0);
      request.writeInt32BE(80877102, 4);
      request.writeInt32BE(client.processID, 8);
      request.writeInt32BE(client.secretKey, 12);
      socket.write(request);
    });
    socket.on('data', () => undefined);
    socket.on('close', resolve);
    socket.on('error', reject);
  });
}

test('pg_sleep keeps nobody else waiting, pauses as often as it is called, and can be cancelled', async () => {
  const [a, b] = [await server.client(), await server.client()];
  const start = performance.now();
  const slept = a.query('SELECT count(*)::int AS n FROM (SELECT pg_sleep(0.1) FROM generate_series(1, 3)) x');
  assert.deepEqual((await b.query('SELECT 1 AS x')).rows, [{ x: 1 }]);
  assert.equal(await settled(slept, 50), 'waiting');
  assert.deepEqual((await slept).rows, [{ n: 3 }]);
  assert.ok(performance.now() - start >= 300);
  await a.query("SET statement_timeout = '100ms'");
  await assert.rejects(a.query('SELECT pg_sleep(60)'), (e) => e.code === '57014');
  await a.end();
  await b.end();
});

test('a transaction takes over the snapshot of another', async () => {
  const [a, b, c] = [await server.client(), await server.client(), await server.client()];
  const count = async (client) => (await client.query('SELECT count(*)::int AS n FROM shot')).rows[0].n;
  await a.query('CREATE TABLE shot AS SELECT 1 AS id');
  await a.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await a.query('INSERT INTO shot VALUES (2)');
  const id = (await a.query('SELECT pg_export_snapshot() AS id')).rows[0].id;
  await c.query('INSERT INTO shot VALUES (3)');
  await b.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await b.query(`SET TRANSACTION SNAPSHOT '${id}'`);
  await assert.rejects(b.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'), { code: '25001' });
  await b.query('ROLLBACK');
  await b.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await b.query(`SET TRANSACTION SNAPSHOT '${id}'`);
  // Neither what the first one does itself is seen, nor what was committed since; its own work is.
  assert.equal(await count(b), 1);
  await b.query('INSERT INTO shot VALUES (4), (5)');
  assert.equal(await count(b), 3);
  await a.query('COMMIT');
  await c.query('VACUUM shot');
  assert.equal(await count(b), 3);
  assert.equal(await count(c), 3);
  // With its transaction the snapshot is gone.
  await c.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await assert.rejects(c.query(`SET TRANSACTION SNAPSHOT '${id}'`), { code: '22023' });
  await c.query('ROLLBACK');
  await b.query('COMMIT');
  assert.equal(await count(c), 5);
  // A serializable one only takes over another's.
  await a.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const plain = (await a.query('SELECT pg_export_snapshot() AS id')).rows[0].id;
  await b.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
  await assert.rejects(b.query(`SET TRANSACTION SNAPSHOT '${plain}'`), { code: '0A000' });
  await Promise.all([a.end(), b.end(), c.end()]);
});
