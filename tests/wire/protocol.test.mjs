// The extended protocol message by message; expectations are what PostgreSQL 15 answers to the same bytes.
// `TUSKLET_WIRE=host:port` runs these dialogues against another server: the oracle, to check the expectations.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { M, Wire } from './client.mjs';
import { serve } from './support.mjs';

let server;
before(async () => {
  const [host, port] = (process.env.TUSKLET_WIRE ?? '').split(':');
  server = port === undefined ? await serve() : { host, port: Number(port), kill: () => undefined };
});
after(() => server.kill());

const connect = (t, settings) => Wire.connect(server, settings).then((w) => (t.after(() => w.end()), w));
const strings = (rows) => rows.map((r) => r.map((v) => v?.toString() ?? null));

test('the greeting', async (t) => {
  const w = await connect(t, { application_name: 'wire', TimeZone: 'UTC' });
  const kinds = w.hello.map((m) => m.kind).join('');
  assert.match(kinds, /^RS+KZ$/);
  const settings = Object.fromEntries(w.hello.filter((m) => m.kind === 'S').map((m) => [m.name, m.value]));
  assert.deepEqual(Object.keys(settings).sort(), [
    'DateStyle', 'IntervalStyle', 'TimeZone', 'application_name', 'client_encoding', 'default_transaction_read_only', 'in_hot_standby', 'integer_datetimes',
    'is_superuser', 'server_encoding', 'server_version', 'session_authorization', 'standard_conforming_strings',
  ]);
  assert.equal(settings.standard_conforming_strings, 'on');
  assert.match(settings.server_version, /^15\./);
  assert.equal(settings.TimeZone, 'UTC');
});

test('parse, bind, describe, execute', async (t) => {
  const w = await connect(t);
  const r = await w.ask(M.parse('s', 'SELECT $1::int + $2 AS sum'), M.describe('S', 's'), M.bind('', 's', ['40', '2']), M.describe('P', ''), M.execute(''), M.sync());
  assert.equal(r.kinds, '1tT2TDCZ');
  assert.deepEqual(r.all[1].types, [23, 23]);
  assert.deepEqual(strings(r.rows), [['42']]);
  assert.equal((await w.ask(M.bind('', 's', ['1', null]), M.execute(''), M.sync())).rows[0][0], null);
});

test('binary parameters and results', async (t) => {
  const w = await connect(t);
  const r = await w.ask(M.parse('', 'SELECT $1::int4, $2::int8, $3::float8, $4::bool, $5::text, $6::bytea'),
    M.bind('', '', [Buffer.from([0, 0, 0, 42]), Buffer.from([0, 0, 0, 0, 0, 0, 1, 0]), Buffer.from([0x3f, 0xf8, 0, 0, 0, 0, 0, 0]), Buffer.from([1]), Buffer.from('é'), Buffer.from([0, 255])], [1]),
    M.execute(''), M.sync());
  assert.equal(r.kinds, '12DCZ', r.error?.M);
  assert.deepEqual(r.rows[0].map((v) => v.toString('hex')), ['0000002a', '0000000000000100', '3ff8000000000000', '01', 'c3a9', '00ff']);
});

test('binary and text results side by side', async (t) => {
  const w = await connect(t);
  const r = await w.ask(M.parse('', "SELECT 7::int4, 7::int4, 1.5::numeric, '2000-01-02'::date, '2000-01-01 00:00:01'::timestamp, ARRAY[1, NULL]::int4[]"), M.bind('', '', [], [1, 0, 1, 1, 1, 1]), M.execute(''), M.sync());
  assert.equal(r.kinds, '12DCZ', r.error?.M);
  assert.deepEqual(r.rows[0].map((v) => v.toString('hex')), [
    '00000007', '37', '000200000000000100011388', '00000001', '00000000000f4240', '00000001000000010000001700000002000000010000000400000001ffffffff',
  ]);
});

test('wrong binary parameters', async (t) => {
  const w = await connect(t);
  assert.equal((await w.ask(M.parse('', 'SELECT $1::int4'), M.bind('', '', [Buffer.from([1, 2])]), M.execute(''), M.sync())).error.C, '08P01');
  assert.equal((await w.ask(M.parse('', 'SELECT $1::int4'), M.bind('', '', []), M.execute(''), M.sync())).error.C, '08P01');
  assert.equal((await w.ask(M.parse('', 'SELECT $1::text'), M.bind('', '', [Buffer.from([0xff])]), M.execute(''), M.sync())).error.C, '22021');
});

test('after an error everything up to Sync is passed over', async (t) => {
  const w = await connect(t);
  const r = await w.ask(M.parse('', 'SELECT nope'), M.bind('', ''), M.execute(''), M.query('SELECT 1'), M.sync());
  // The simple query is passed over too.
  assert.equal(r.kinds, 'EZ');
  assert.equal(r.error.C, '42703');
  assert.equal(r.error.P, '8');
  assert.equal((await w.ask(M.query('SELECT 1'))).kinds, 'TDCZ');
});

test('one Sync is one transaction', async (t) => {
  const w = await connect(t);
  await w.ask(M.query('DROP TABLE IF EXISTS wire_one; CREATE TABLE wire_one (v int PRIMARY KEY)'));
  const insert = (v) => [M.parse('', `INSERT INTO wire_one VALUES (${v})`), M.bind('', ''), M.execute('')];
  const r = await w.ask(...insert(1), ...insert(1), M.sync());
  assert.equal(r.kinds, '12C12EZ');
  assert.equal(r.error.C, '23505');
  assert.deepEqual(strings((await w.ask(M.query('SELECT count(*) FROM wire_one'))).rows), [['0']]);
  assert.equal((await w.ask(...insert(1), ...insert(2), M.sync())).kinds, '12C12CZ');
  await w.ask(M.query('DROP TABLE wire_one'));
});

test('portals give rows in parts', async (t) => {
  const w = await connect(t);
  await w.ask(M.query('BEGIN'));
  const a = await w.ask(M.parse('', 'SELECT generate_series(1, 5)'), M.bind('p', ''), M.execute('p', 2), M.sync());
  assert.equal(a.kinds, '12DDsZ');
  const b = await w.ask(M.execute('p', 2), M.execute('p', 0), M.sync());
  assert.equal(b.kinds, 'DDsDCZ');
  assert.equal(b.all.find((m) => m.kind === 'C').tag, 'SELECT 1');
  assert.equal((await w.ask(M.close('P', 'p'), M.execute('p', 0), M.sync())).kinds, '3EZ');
  await w.ask(M.query('ROLLBACK'));
  assert.equal((await w.ask(M.execute('p', 0), M.sync())).error.C, '34000');
});

test('statements: named once, closed, described', async (t) => {
  const w = await connect(t);
  assert.equal((await w.ask(M.parse('x', 'SELECT 1'), M.sync())).kinds, '1Z');
  assert.equal((await w.ask(M.parse('x', 'SELECT 2'), M.sync())).error.C, '42P05');
  assert.equal((await w.ask(M.close('S', 'x'), M.parse('x', 'SELECT 2'), M.sync())).kinds, '31Z');
  assert.equal((await w.ask(M.close('S', 'never'), M.sync())).kinds, '3Z');
  assert.equal((await w.ask(M.bind('', 'never'), M.sync())).error.C, '26000');
  assert.equal((await w.ask(M.parse('', 'INSERT INTO nope VALUES (1)'), M.sync())).error.C, '42P01');
  const r = await w.ask(M.parse('n', "SET application_name = 'q'"), M.describe('S', 'n'), M.bind('', 'n'), M.describe('P', ''), M.execute(''), M.sync());
  assert.equal(r.kinds.replace('S', ''), '1tn2nCZ');
  assert.equal((await w.ask(M.parse('', ''), M.bind('', ''), M.execute(''), M.sync())).kinds, '12IZ');
  assert.equal((await w.ask(M.parse('', 'SELECT 1; SELECT 2'), M.sync())).error.C, '42601');
  assert.equal((await w.ask(M.query('DEALLOCATE x'))).kinds, 'CZ');
});

test('a declared cursor is a portal', async (t) => {
  const w = await connect(t);
  await w.ask(M.query('BEGIN; DECLARE c CURSOR FOR SELECT g FROM generate_series(1, 3) g'));
  const r = await w.ask(M.describe('P', 'c'), M.execute('c', 2), M.execute('c', 0), M.sync());
  assert.equal(r.kinds, 'TDDsDCZ');
  assert.deepEqual(strings(r.rows), [['1'], ['2'], ['3']]);
  assert.equal((await w.ask(M.close('P', 'c'), M.describe('P', 'c'), M.sync())).error.C, '34000');
});

test('a failed transaction says so until it is over', async (t) => {
  const w = await connect(t);
  const status = async (...m) => (await w.ask(...m)).all.at(-1).status;
  assert.equal(await status(M.query('BEGIN')), 'T');
  assert.equal(await status(M.query('SELECT nope')), 'E');
  assert.equal((await w.ask(M.parse('', 'SELECT 1'), M.sync())).error.C, '25P02');
  assert.equal(await status(M.parse('', 'ROLLBACK'), M.bind('', ''), M.execute(''), M.sync()), 'I');
});

test('COPY both ways', async (t) => {
  const w = await connect(t);
  await w.ask(M.query('DROP TABLE IF EXISTS wire_copy; CREATE TABLE wire_copy (a int, b text)'));
  w.send(M.query('COPY wire_copy FROM STDIN'));
  assert.equal((await w.next()).kind, 'G');
  const r = await w.ask(M.raw('d', Buffer.from('1\to')), M.raw('d', Buffer.from('ne\n2\t\\N\n')), M.raw('c'));
  assert.equal(r.all[0].tag, 'COPY 2');
  const out = await w.ask(M.query('COPY wire_copy TO STDOUT'));
  assert.equal(out.kinds, 'HddcCZ');
  assert.equal(out.all.filter((m) => m.kind === 'd').map((m) => m.body).join(''), '1\tone\n2\t\\N\n');
  w.send(M.query('COPY wire_copy FROM STDIN'));
  await w.next();
  const failed = await w.ask(M.raw('f', Buffer.from('enough\0')));
  assert.equal(failed.error.C, '57014');
  await w.ask(M.query('DROP TABLE wire_copy'));
});

test('a large result and a large literal', async (t) => {
  const w = await connect(t);
  const r = await w.ask(M.query("SELECT g, repeat('x', 100) FROM generate_series(1, 50000) g"));
  assert.equal(r.rows.length, 50000);
  const literal = 'y'.repeat(5_000_000);
  const l = await w.ask(M.query(`SELECT length('${literal}')`));
  assert.deepEqual(strings(l.rows), [['5000000']]);
  const p = await w.ask(M.parse('', 'SELECT length($1)'), M.bind('', '', [literal]), M.execute(''), M.sync());
  assert.deepEqual(strings(p.rows), [['5000000']]);
});

test('bytes that are no protocol end the connection with a reason', async (t) => {
  const w = await connect(t);
  w.send(M.raw('?', Buffer.from('what')));
  const all = await w.until('closed');
  assert.equal(all.find((m) => m.kind === 'E')?.fields.C, '08P01');
  const other = await connect(t);
  assert.equal((await other.ask(M.query('SELECT 1'))).kinds, 'TDCZ');
});

test('statements in pieces and many at once', async (t) => {
  const w = await connect(t);
  const bytes = M.query('SELECT 42 AS v');
  for (const b of bytes) w.socket.write(Buffer.from([b]));
  assert.deepEqual(strings((await w.until('Z')).filter((m) => m.kind === 'D').map((m) => m.values)), [['42']]);
  w.send(...Array.from({ length: 200 }, (_, i) => M.query(`SELECT ${i}`)));
  for (let i = 0; i < 200; i++) {
    const all = await w.until('Z');
    assert.equal(all.find((m) => m.kind === 'D').values[0].toString(), String(i));
  }
});

test('deep nesting is an error, not an end', async (t) => {
  const w = await connect(t);
  const deep = await w.ask(M.query(`SELECT ${'('.repeat(10000)}1${')'.repeat(10000)}`));
  assert.ok(['54001', '42601', undefined].includes(deep.error?.C), deep.error?.M);
  const minus = await w.ask(M.query(`SELECT ${'- '.repeat(10000)}1`));
  assert.ok(['54001', '42601', undefined].includes(minus.error?.C), minus.error?.M);
  assert.equal((await w.ask(M.query('SELECT 1'))).kinds, 'TDCZ');
});
