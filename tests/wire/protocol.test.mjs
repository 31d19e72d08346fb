// The extended protocol message by message; expectations are what PostgreSQL 15 answers to the same bytes.
// `TUSKLET_WIRE=host:port` runs these dialogues against another server: the oracle, to check the expectations.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { F, M, Wire, i32, text } from './client.mjs';
import { serve, sleep } from './support.mjs';

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

test('a cancel request ends the statement, one with a wrong key nothing', async (t) => {
  const w = await connect(t);
  const [pid, key] = [0, 4].map((at) => w.hello.find((m) => m.kind === 'K').body.readInt32BE(at));
  const cancel = (k) => Wire.raw(server, i32(16), i32(80877102), i32(pid), i32(k));
  w.send(M.query('SELECT pg_sleep(10)'));
  await sleep(100);
  assert.equal(await cancel(key ^ 1), '');
  await sleep(100);
  assert.equal(await cancel(key), '');
  assert.equal((await w.until('Z')).find((m) => m.kind === 'E').fields.C, '57014');
  assert.equal((await w.ask(M.query('SELECT 1'))).kinds, 'TDCZ');
});

test('other first packets', async () => {
  const packet = (...parts) => Wire.raw(server, i32(4 + Buffer.concat(parts).length), ...parts);
  assert.match(await packet(i32(2 << 16)), /^EFATAL: {2}unsupported frontend protocol 2.0: server supports 3.0 to 3.0\n\0$/);
  assert.match(await packet(i32(4 << 16)), /^E.*C0A000\0Munsupported frontend protocol 4.0/s);
  assert.match(await packet(i32(3 << 16), Buffer.from([0])), /C28000\0Mno PostgreSQL user name specified in startup packet/);
  assert.match(await packet(i32(3 << 16), text('user'), text('postgres')), /C08P01\0Minvalid startup packet layout: expected terminator as last byte/);
  assert.equal(await Wire.raw(server, i32(3), i32(3 << 16)), '');
});

test('notifications come while a session is idle and after its transaction', async (t) => {
  const [w, other] = [await connect(t), await connect(t)];
  await w.ask(M.query('LISTEN wire_n'));
  await other.ask(M.query("NOTIFY wire_n, 'é'"));
  const m = await w.next();
  assert.deepEqual([m.kind, m.body.subarray(4).toString()], ['A', 'wire_n\0é\0']);
  await w.ask(M.query('BEGIN'));
  await other.ask(M.query('NOTIFY wire_n'));
  assert.equal((await w.ask(M.query('SELECT 1'))).kinds, 'TDCZ');
  assert.equal((await w.ask(M.query('COMMIT'))).kinds, 'CAZ');
});

test('a function of the user by its OID', async (t) => {
  const w = await connect(t);
  await w.ask(M.query("CREATE FUNCTION pg_temp.twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2'"));
  const [[oid]] = strings((await w.ask(M.query("SELECT 'pg_temp.twice'::regproc::oid"))).rows);
  const r = await w.ask(F(Number(oid), ['21']));
  assert.deepEqual([r.kinds, r.all[0].body.toString('hex')], ['VZ', '000000023432']);
});

test('encodings whose tables we have not are refused', { skip: process.env.TUSKLET_WIRE !== undefined }, async (t) => {
  const w = await connect(t);
  const { error } = await w.ask(M.query("SET client_encoding = 'EUC_JP'"));
  assert.deepEqual([error.C, error.M, error.D], ['0A000', 'invalid value for parameter "client_encoding": "EUC_JP"', 'Conversion between EUC_JP and UTF8 is not supported.']);
});
