import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tusklet } from '../build/index.js';
import { IdbStorage } from '../build/storage/idb.js';
import * as f from './support/fake-engine.mjs';

// INSERT logs a record and waits until it is acknowledged, as a strict commit does.
const logging = (state = { lsn: 0 }) => f.fakeModule(function* (r, engine) {
  if (r.sql === 'checkpoint') engine.checkpointItems = [...f.segment('s1', [9, 9]), ...f.dropSegment('s0'), ...f.manifest(state.lsn, [1, 2, 3])];
  if (r.sql?.startsWith('insert')) {
    const lsn = (state.lsn = Math.max(state.lsn, ...engine.replayed.map((x) => x[0])) + 1);
    engine.pendingLog.push([lsn, [lsn, r.sql === 'insert bad' ? 255 : 0].reverse()]);
    while (engine.acked < lsn) yield { status: 3, lsn };
    return f.complete('INSERT', 1);
  }
  if (r.sql === 'load') yield { status: 4, items: f.needSegment('s1') };
  return f.complete('SELECT', 0);
});
const open = (name, module) => Tusklet.create(`idb://${name}`, { module: module.open });

test('a commit is acknowledged when stored, and there after reopening', async () => {
  const a = logging();
  let db = await open('one', a);
  await db.query('insert 1');
  await Promise.all([db.query('insert 2'), (await db.session()).query('insert 3')]);
  // Two sessions' commits of one tick are one write.
  assert.deepEqual(a.engine.calls.filter((c) => c.startsWith('ack')), ['ack 1', 'ack 3']);
  await db.close();
  const b = logging();
  db = await open('one', b);
  assert.deepEqual(b.engine.replayed.map((r) => r[0]), [1, 2, 3]);
  await db.query('insert 4');
  await db.query('checkpoint');
  for (let i = 0; i < 100 && !b.engine.calls.includes('checkpoint true'); i++) await new Promise((r) => setTimeout(r, 20));
  assert.ok(b.engine.calls.includes('checkpoint true'));
  await db.close();
  const c = logging();
  db = await open('one', c);
  assert.deepEqual([...c.engine.manifest], [1, 2, 3]);
  assert.deepEqual(c.engine.replayed, []);
  await db.query('load');
  assert.deepEqual(c.engine.calls, ['segment s1 9,9']);
  await db.close();
  assert.deepEqual(await Tusklet.databases(), ['one']);
  await Tusklet.deleteDatabase('one');
  assert.deepEqual(await Tusklet.databases(), []);
});

test('a damaged record ends the open and nothing is overwritten', async () => {
  let db = await open('damaged', logging());
  await db.query('insert 1');
  await db.query('insert bad');
  await db.close();
  for (let i = 0; i < 2; i++) await assert.rejects(open('damaged', logging()), { code: 'XX001', message: 'log record 2 is damaged' });
  const storage = await IdbStorage.open('damaged', 'strict');
  assert.deepEqual((await storage.load()).log.map((r) => [...r.bytes]), [[0, 1], [255, 2]]);
  await storage.close();
});

test('a full quota fails the commit with 53100 and the database goes on', async (t) => {
  const db = await open('quota', logging());
  const append = IdbStorage.prototype.append;
  t.mock.method(IdbStorage.prototype, 'append', async () => { throw new DOMException('full', 'QuotaExceededError'); }, { times: 1 });
  await assert.rejects(db.query('insert 1'), { code: '53100' });
  assert.equal(IdbStorage.prototype.append, append);
  assert.equal((await db.query('insert 2')).affectedRows, 1);
  await db.close();
});

test('a record that exists is never written over', async () => {
  const storage = await IdbStorage.open('twice', 'strict');
  await storage.append([{ lsn: 1, bytes: new Uint8Array([1]) }]);
  await assert.rejects(storage.append([{ lsn: 2, bytes: new Uint8Array([2]) }, { lsn: 1, bytes: new Uint8Array([3]) }]));
  assert.deepEqual((await storage.load()).log.map((r) => [r.lsn, ...r.bytes]), [[1, 1]]);
  await storage.close();
});

test('after a panic the database is read from storage again', async () => {
  const state = { lsn: 0 };
  const m = f.fakeModule(function* (r, engine) {
    if (r.sql === 'boom') throw new Error('unreachable');
    if (r.sql === 'insert') {
      const lsn = ++state.lsn;
      engine.pendingLog.push([lsn, [0]]);
      while (engine.acked < lsn) yield { status: 3, lsn };
    }
    return f.complete('SELECT', engine.replayed.length);
  });
  const db = await open('panic', m);
  await db.query('insert');
  await assert.rejects(db.query('boom'), { code: 'XX000' });
  assert.equal((await db.query('x')).rowCount, 1);
  assert.equal(m.engines.length, 2);
  await db.close();
});
