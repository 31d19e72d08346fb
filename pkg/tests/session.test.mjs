import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PostgresError, sql, Tusklet } from '../build/index.js';
import { RemoteBackend, serve } from '../build/rpc.js';
import { Session } from '../build/session.js';
import * as f from './support/fake-engine.mjs';

const open = async (answer, options) => {
  const module = f.fakeModule(answer);
  return { module, db: await Tusklet.create('memory://', { module: module.open, ...options }) };
};

const COLUMNS = [['b', 16], ['i2', 21], ['i4', 23], ['i8', 20], ['f4', 700], ['f8', 701], ['t', 25], ['n', 1700], ['by', 17], ['d', 1082], ['tz', 1184], ['u', 2950], ['j', 3802], ['a', 1007]];
const UUID = new Uint8Array(16).map((_, i) => i * 17);
const VALUES = [
  [true, -2, 7, 9007199254740993n, 0.1, 1.5, 'é short', '1.50', new Uint8Array([0, 255]), 8460, 0n, UUID, '{"a":[1]}', '{1,NULL}'],
  [null, null, null, null, null, null, null, null, null, null, null, null, null, null],
  [false, 32767, -1, -5n, -0.5, -1e300, 'x'.repeat(100), '-0', new Uint8Array(0), 2147483647, 2n ** 63n - 1n, UUID, 'null', '{}'],
];
const ROWS = [
  { b: true, i2: -2, i4: 7, i8: 9007199254740993n, f4: 0.1, f8: 1.5, t: 'é short', n: '1.50', by: new Uint8Array([0, 255]), d: new Date('2023-03-01'), tz: new Date('2000-01-01'), u: '00112233-4455-6677-8899-aabbccddeeff', j: { a: [1] }, a: [1, null] },
  { b: null, i2: null, i4: null, i8: null, f4: null, f8: null, t: null, n: null, by: null, d: null, tz: null, u: null, j: null, a: null },
  { b: false, i2: 32767, i4: -1, i8: -5, f4: -0.5, f8: -1e300, t: 'x'.repeat(100), n: '-0', by: new Uint8Array(0), d: Infinity, tz: Infinity, u: '00112233-4455-6677-8899-aabbccddeeff', j: null, a: [] },
];

test('every form of column, one row and many', async () => {
  const { db } = await open((r) => f.result(COLUMNS, r.sql === 'one' ? VALUES.slice(0, 1) : r.sql === 'many' ? Array(7).fill(VALUES).flat() : VALUES));
  assert.deepEqual((await db.query('three')).rows, ROWS);
  assert.deepEqual((await db.query('one')).rows, ROWS.slice(0, 1));
  assert.deepEqual((await db.query('many')).rows, Array(7).fill(ROWS).flat());
  assert.deepEqual((await db.query('three', [], { rowMode: 'array' })).rows, ROWS.map((r) => Object.values(r)));
  const { columns, rows } = await db.query('three', [], { rowMode: 'columns' });
  assert.equal(rows.length, 0);
  assert.deepEqual([...columns[2].values], [7, 0, -1]);
  assert.ok(columns[2].values instanceof Int32Array);
  assert.deepEqual([...columns[2].valid], [0b101]);
  assert.deepEqual(columns[6].values, ['é short', null, 'x'.repeat(100)]);
  const r = await db.query('three');
  assert.equal(r.command, 'SELECT');
  assert.equal(r.rowCount, 3);
  assert.equal(r.affectedRows, 0);
  assert.deepEqual(r.fields[0].name, 'b');
  assert.equal(r.fields[3].dataTypeID, 20);
});

test('an ASCII text column and one that is not', async () => {
  const values = Array.from({ length: 50 }, (_, i) => [i % 7 === 0 ? null : `value ${i}`, `wért ${i}`]);
  const { db } = await open(() => f.result([['a', 25], ['b', 25]], values));
  assert.deepEqual((await db.query('x', [], { rowMode: 'array' })).rows, values);
});

test('odd column names', async () => {
  const { db } = await open(() => f.result([['__proto__', 23], ['a"b\n', 23], ['x', 23], ['x', 23]], [[1, 2, 3, 4], [5, 6, 7, 8]]));
  const { rows } = await db.query('q');
  assert.deepEqual(Object.entries(rows[0]), [['__proto__', 1], ['a"b\n', 2], ['x', 4]]);
  assert.equal(Object.getPrototypeOf(rows[0]), Object.prototype);
});

test('custom parsers get the text, dates are asked for as text', async () => {
  const { db, module } = await open((r) => (r.sql === 'd' ? f.result([['d', 25]], [['2020-01-01']]) : f.result([['a', 20], ['b', 701], ['c', 16]], [[5n, 1e21, true]])));
  const { rows } = await db.query('x', [], { parsers: { 20: (t) => `<${t}>`, 701: (t) => t, 16: (t) => t } });
  assert.deepEqual(rows, [{ a: '<5>', b: '1e+21', c: 't' }]);
  await db.query('d', [], { parsers: { 1082: (t) => t } });
  assert.deepEqual(module.engine.requests.map((r) => r.flags), [0, 2]);
});

test('parameters cross by tag', async () => {
  const { db, module } = await open((r) => (r.kind === 3 ? [...f.statement(1), ...f.paramTypes([701, 3802, 1007])] : f.complete('INSERT', 1)));
  const result = await db.query('insert 1', ['x', 5, 1.5, 2 ** 40, true, null, 7n, 2n ** 70n, new Uint8Array([1]), new Date(0), 'é'.repeat(40)]);
  assert.equal(result.affectedRows, 1);
  assert.deepEqual(module.engine.requests[0].params, ['x', { int: 5 }, '1.5', '1099511627776', { bool: true }, null, { int: 7n }, '1180591620717411303424', { bytes: new Uint8Array([1]) }, '1970-01-01T00:00:00.000Z', 'é'.repeat(40)]);
  await db.query('insert 2', [1, { a: 1 }, [1, 2]]);
  assert.deepEqual(module.engine.requests.map((r) => r.kind), [1, 3, 4]);
  assert.deepEqual(module.engine.requests[2].params, [{ float: 1 }, '{"a":1}', '{"1","2"}']);
  await db.query('big', ['y'.repeat(300000)]);
  assert.equal(module.engine.requests[3].params[0].length, 300000);
});

test('a text run twice is prepared, and executed by handle from then on', async () => {
  let prepared = 0;
  const { db, module } = await open((r) => {
    if (r.kind === 7) return [];
    if (r.kind === 3) return [...f.statement(++prepared), ...f.paramTypes([23]), ...f.fields([['v', 23]])];
    if (r.kind === 4) return [...f.rows([23], [[r.params[0].int]]), ...f.complete('SELECT', 1)];
    return f.result([['v', 23]], [[r.params[0].int]]);
  });
  for (let i = 0; i < 5; i++) assert.deepEqual((await db.query('SELECT $1::int AS v', [i])).rows, [{ v: i }]);
  assert.deepEqual(module.engine.requests.map((r) => r.kind), [1, 3, 4, 4, 4, 4]);
  assert.equal(module.engine.requests[3].flags, 4);
  // More texts than are kept: the oldest is closed.
  for (let i = 0; i < 150; i++) for (let k = 0; k < 2; k++) await db.query(`SELECT ${i}`, [1]);
  assert.ok(module.engine.requests.some((r) => r.kind === 7));
});

test('a changed shape brings its fields', async () => {
  let wide = false;
  const { db } = await open((r) => {
    if (r.kind === 3) return [...f.statement(1), ...f.paramTypes([]), ...f.fields([['v', 23]])];
    return wide ? f.result([['v', 23], ['w', 25]], [[1, 'x']]) : r.kind === 4 ? [...f.rows([23], [[1]]), ...f.complete('SELECT', 1)] : f.result([['v', 23]], [[1]]);
  });
  await db.query('SELECT * FROM t');
  await db.query('SELECT * FROM t');
  wide = true;
  assert.deepEqual((await db.query('SELECT * FROM t')).rows, [{ v: 1, w: 'x' }]);
});

test('prepared statements, also without promises', async () => {
  const { db, module } = await open((r) => (r.kind === 3 ? [...f.statement(9), ...f.paramTypes([23]), ...f.fields([['v', 23]])] : r.kind === 4 ? [...f.rows([23], [[r.params[0].int * 2]]), ...f.complete('SELECT', 1)] : []));
  const s = await db.prepare('SELECT $1 * 2 AS v');
  assert.deepEqual(s.paramTypes, [23]);
  assert.equal(s.fields[0].name, 'v');
  assert.deepEqual((await s.query([4])).rows, [{ v: 8 }]);
  assert.deepEqual(s.sync.query([5]).rows, [{ v: 10 }]);
  await s.close();
  assert.throws(() => s.query([1]), { code: '26000' });
  assert.equal(module.engine.requests.at(-1).kind, 7);
});

test('errors carry every field, and the statement', async () => {
  const fields = { code: '23505', message: 'duplicate', detail: 'd', hint: 'h', position: 3, where: 'w', schema: 's', table: 't', column: 'c', dataType: 'ty', constraint: 'k', internalQuery: 'iq', internalPosition: 2 };
  const { db } = await open((r) => (r.kind === 2 ? [...f.result([['a', 23]], [[1]]), ...f.error(fields)] : f.error(fields)));
  await assert.rejects(db.query('bad', [1]), (e) => {
    assert.ok(e instanceof PostgresError);
    assert.deepEqual(e.fields(), { severity: 'ERROR', ...fields });
    assert.equal(e.query, 'bad');
    assert.deepEqual(e.params, [1]);
    return true;
  });
  await assert.rejects(db.exec('a; b'), { code: '23505' });
  assert.throws(() => db.sync.query('bad'), { code: '23505' });
});

test('a script has one result per statement; notices are handed over', async () => {
  const { db } = await open(() => [...f.notice({ message: 'hm' }), ...f.complete('CREATE TABLE'), ...f.complete('INSERT', 2), ...f.result([['a', 23]], [[1], [2]]), ...f.complete('', undefined, 2)]);
  const seen = [];
  const results = await db.exec('…', { onNotice: (n) => seen.push(n.message) });
  assert.deepEqual(results.map((r) => [r.command, r.affectedRows, r.rows.length]), [['CREATE TABLE', 0, 0], ['INSERT', 2, 0], ['SELECT', 0, 2]]);
  assert.deepEqual(seen, ['hm']);
});

test('a transaction commits, rolls back, and keeps others out', async () => {
  const { db, module } = await open((r) => f.complete(r.sql === 'COMMIT' ? 'COMMIT' : 'SELECT', 0));
  const other = [];
  await db.transaction(async (tx) => {
    other.push(db.query('outside'));
    await tx.query('inside');
    await tx.sql`SELECT ${1}`;
    assert.equal(tx.closed, false);
  });
  await Promise.all(other);
  assert.deepEqual(module.engine.requests.map((r) => r.sql), ['BEGIN', 'inside', 'SELECT $1', 'COMMIT', 'outside']);
  await assert.rejects(db.transaction(async () => { throw new Error('mine'); }), /mine/);
  assert.equal(module.engine.requests.at(-1).sql, 'ROLLBACK');
  let kept;
  await db.transaction(async (tx) => { kept = tx; await tx.rollback(); });
  await assert.rejects(kept.query('late'), { code: '25P01' });
});

test('COMMIT of a failed transaction is told', async () => {
  const { db } = await open((r) => f.complete(r.sql === 'COMMIT' ? 'ROLLBACK' : r.sql));
  await assert.rejects(db.transaction(async () => undefined), { code: '25P02' });
});

test('a long statement yields, and can be cancelled by a signal', async () => {
  const { db } = await open(function* (r) {
    if (r.sql === 'long') for (let i = 0; i < 1e6; i++) yield { status: 1 };
    if (r.sql === 'parts') for (let i = 0; i < 3; i++) yield { status: 5, items: [...(i === 0 ? f.fields([['a', 23]]) : []), ...f.rows([23], [[i]])] };
    return r.sql === 'parts' ? f.complete('SELECT', 3) : f.result([['a', 23]], [[1]]);
  });
  const abort = new AbortController();
  const long = db.query('long', [], { signal: abort.signal });
  const queued = db.query('queued', [], { signal: abort.signal });
  const after = db.query('after');
  setTimeout(() => abort.abort(), 5);
  await Promise.all([assert.rejects(long, { code: '57014' }), assert.rejects(queued, { code: '57014' })]);
  assert.deepEqual((await after).rows, [{ a: 1 }]);
  assert.deepEqual((await db.query('parts')).rows, [{ a: 0 }, { a: 1 }, { a: 2 }]);
  await assert.rejects(db.query('x', [], { signal: abort.signal }), { code: '57014' });
});

test('sessions block each other and go on', async () => {
  let locked = true;
  const { db, module } = await open(function* (r, engine) {
    if (r.sql === 'wait') while (locked) yield { status: 2 };
    if (r.sql === 'release') {
      locked = false;
      engine.flags = 4;
    }
    return f.complete('SELECT', 0);
  });
  const second = await db.session();
  const order = [];
  const waiting = second.query('wait').then(() => order.push('second'));
  await new Promise((r) => setTimeout(r, 10));
  order.push('first');
  await db.query('release');
  await waiting;
  assert.deepEqual(order, ['first', 'second']);
  locked = true;
  assert.throws(() => second.sync.query('wait'), { code: '55P03' });
  await second.close();
  assert.deepEqual(module.engine.calls, ['close 2']);
  await assert.rejects(second.query('x'), { code: '08003' });
});

test('listen, and a message for an idle session', async () => {
  const { db, module } = await open((r) => (r.sql === 'NOTIFY a' ? [...f.notification('chan', 'hello'), ...f.complete('NOTIFY')] : f.complete('LISTEN')));
  const seen = [];
  const stop = await db.listen('Chan', (p) => seen.push(p));
  db.onNotification((c, p) => seen.push(`${c}:${p}`));
  assert.equal(module.engine.requests[0].sql, 'LISTEN "chan"');
  await db.query('NOTIFY a');
  await new Promise((r) => setTimeout(r));
  assert.deepEqual(seen, ['hello', 'chan:hello']);
  const other = await db.session();
  module.engine.notifications = f.notification('chan', 'later');
  module.engine.flags = 8;
  module.engine.io(8, 1);
  await other.query('x');
  await new Promise((r) => setTimeout(r));
  assert.equal(seen[2], 'later');
  await stop();
  assert.equal(module.engine.requests.at(-1).sql, 'UNLISTEN "chan"');
});

test('protocol bytes', async () => {
  const message = (type, body) => [type.charCodeAt(0), ...new Uint8Array(new Uint32Array([body.length + 4]).buffer).reverse(), ...body];
  const { db, module } = await open(() => f.bytes([...message('C', [...Buffer.from('SELECT 1\0')]), ...message('Z', [73])]));
  const { messages, data } = await db.execProtocol(new Uint8Array([81, 0, 0, 0, 4]));
  assert.deepEqual(messages.map((m) => m.name), ['commandComplete', 'readyForQuery']);
  assert.equal(data.length, 20);
  assert.deepEqual([...module.engine.requests[0].bytes], [81, 0, 0, 0, 4]);
});

test('describe', async () => {
  const { db } = await open(() => [...f.paramTypes([3802]), ...f.fields([['a', 20]])]);
  const d = await db.describeQuery('x');
  assert.equal(d.queryParams[0].serializer({ a: 1 }), '{"a":1}');
  assert.equal(d.resultFields[0].parser('5'), 5);
});

test('over a port everything is the same', async () => {
  const module = f.fakeModule(function* (r) {
    if (r.sql === 'long') for (let i = 0; i < 1e6; i++) yield { status: 1 };
    if (r.sql === 'bad') return f.error({ code: '42601', message: 'm', position: 1 });
    if (r.sql === 'parts') yield { status: 5, items: [...f.fields([['a', 23]]), ...f.rows([23], [[1]])] };
    return r.sql === 'parts' ? [...f.rows([23], [[2]]), ...f.complete('SELECT', 2)] : f.result(COLUMNS, VALUES);
  });
  const { Host } = await import('../build/host.js');
  const host = await Host.open(module.open, undefined, { durability: 'none', settings: {}, budgetMs: 5 });
  const { port1, port2 } = new MessageChannel();
  const wrap = (p) => ({ postMessage: (m, t) => p.postMessage(m, t), set onmessage(h) { p.onmessage = h; }, get onmessage() { return p.onmessage; }, close: () => p.close() });
  const end = serve(wrap(port1), host, true);
  const remote = new RemoteBackend(wrap(port2));
  const session = new Session(await remote.open('u', 'd'), {});
  assert.deepEqual((await session.query('all')).rows, ROWS);
  assert.deepEqual((await session.query('parts')).rows, [{ a: 1 }, { a: 2 }]);
  await assert.rejects(session.query('bad'), { code: '42601', query: 'bad' });
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 5);
  await assert.rejects(session.query('long', [], { signal: abort.signal }), { code: '57014' });
  assert.throws(() => session.sync.query('x'), { code: '0A000' });
  assert.equal(await remote.call('add', [1, 2]), 3);
  await assert.rejects(remote.call('nope', []), { code: '42883' });
  await session.close();
  await end();
  port2.close();
});

test('a parser that throws fails its statement only', async () => {
  const { db } = await open(() => f.result([['a', 23]], [[1]]));
  await assert.rejects(db.query('x', [], { parsers: { 23: () => { throw new Error('mine'); } } }), /mine/);
  assert.deepEqual((await db.query('x')).rows, [{ a: 1 }]);
  await db.close();
  await assert.rejects(db.query('x'), { code: '08003' });
  assert.equal(db.closed, true);
});

test('a panic loses a database in memory with a clear error', async () => {
  const { db } = await open((r) => { if (r.sql === 'boom') throw new Error('unreachable'); return f.complete('SELECT', 0); });
  await assert.rejects(db.query('boom'), { code: 'XX000', detail: 'unreachable' });
  await assert.rejects(db.query('x'), { code: 'XX000' });
});

test('bad options', async () => {
  await assert.rejects(Tusklet.create('s3://x'), { code: '22023' });
  await assert.rejects(Tusklet.create('idb://x'), { code: '0A000' });
  const db = new Tusklet('s3://x');
  await assert.rejects(db.query('x'), { code: '22023' });
  assert.ok(sql`a`);
});
