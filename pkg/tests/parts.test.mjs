// The engine in two parts: when the second is loaded, and what happens when it cannot be.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Tusklet } from '../dist/index.js';

const file = (name) => new URL(`../dist/${name}`, import.meta.url);
const cold = readFileSync(file('engine.cold.wasm'));
const folder = mkdtempSync(join(tmpdir(), 'tusklet-parts-'));
after(() => rmSync(folder, { recursive: true }));

/** Second parts linked so far. */
let linked = 0;
const { Instance } = WebAssembly;
WebAssembly.Instance = new Proxy(Instance, { construct: (target, args) => {
  const instance = Reflect.construct(target, args);
  if (args[1]?.[''] !== undefined) linked++;
  return instance;
} });
const loads = async (work) => {
  const before = linked;
  await work();
  return linked - before;
};

/** A statement that needs the second part, and one more that is known to. */
const REGULAR = "SELECT regexp_replace('abc', 'b+', 'X') AS r";
const COMMAND = 'CREATE VIEW v AS SELECT 1 AS a';

test('ordinary statements need no second part', async () => {
  let db;
  assert.equal(await loads(async () => {
    db = await Tusklet.create('memory://');
    assert.deepEqual((await db.query('SELECT 1 AS a')).rows, [{ a: 1 }]);
    db.sync.exec('CREATE TABLE t (id int PRIMARY KEY, name text)');
    for (let i = 0; i < 20; i++) db.sync.query('INSERT INTO t VALUES ($1, $2)', [i, `name ${i}`]);
    assert.deepEqual(db.sync.query('SELECT count(*) AS n FROM t WHERE id > 3').rows, [{ n: 16 }]);
    assert.throws(() => db.sync.query('INSERT INTO t VALUES (1)'), { code: '23505' });
  }), 0);
  await db.close();
});

test('the synchronous door loads it when it is called', async () => {
  const db = await Tusklet.create('memory://');
  assert.equal(await loads(() => assert.deepEqual(db.sync.query(REGULAR).rows, [{ r: 'aXc' }])), 1);
  db.sync.exec(COMMAND);
  assert.equal(await loads(() => assert.deepEqual(db.sync.query('SELECT * FROM v').rows, [{ a: 1 }])), 0);
  await db.close();
  const other = await Tusklet.create('memory://');
  assert.equal(await loads(() => other.sync.exec(COMMAND)), 1);
  await other.close();
});

test('the asynchronous door waits for it, and two sessions may', async () => {
  const db = await Tusklet.create('memory://');
  const second = await db.session();
  assert.equal(await loads(async () => {
    await Promise.all([db.exec(COMMAND), second.exec("COMMENT ON SCHEMA public IS 'mine'"), second.query('SELECT $1::int AS n', [5])]);
    assert.deepEqual((await second.query('SELECT * FROM v')).rows, [{ a: 1 }]);
    assert.deepEqual((await second.query("SELECT obj_description('public'::regnamespace) AS d")).rows, [{ d: 'mine' }]);
  }), 1);
  await db.close();
});

test('it comes by itself after the first statement', async () => {
  const db = await Tusklet.create('memory://', { wasmCold: cold });
  assert.equal(await loads(async () => {
    const before = linked;
    await db.query('SELECT 1');
    for (let i = 0; i < 500 && linked === before; i++) await new Promise((r) => setTimeout(r, 20));
    await new Promise((r) => setTimeout(r, 500));
  }), 1);
  await db.close();
});

test('without it statements fail clearly and change nothing; when it is there they work', async () => {
  const path = join(folder, 'late.wasm');
  const db = await Tusklet.create('memory://', { wasmCold: pathToFileURL(path) });
  await db.query('CREATE TABLE t (a int)');
  await db.query('BEGIN');
  await db.query('INSERT INTO t VALUES (1)');
  await assert.rejects(db.exec(COMMAND), { code: '58P01', message: /^could not load the second part of the engine: ENOENT/ });
  // Known to be missing: nothing is begun that might need it.
  await assert.rejects(db.query(REGULAR), { code: '58P01' });
  assert.throws(() => db.sync.query(REGULAR), { code: '58P01' });
  copyFileSync(file('engine.cold.wasm'), path);
  assert.deepEqual((await db.query(REGULAR)).rows, [{ r: 'aXc' }]);
  await db.exec(`${COMMAND}; COMMIT`);
  assert.deepEqual((await db.query('SELECT t.a, v.a AS b FROM t, v')).rows, [{ a: 1, b: 1 }]);
  await db.close();
});

test('in the middle of a statement a missing part ends the instance, and says so', async () => {
  const db = await Tusklet.create('memory://', { wasmCold: pathToFileURL(join(folder, 'never.wasm')) });
  for (let i = 0; i < 2; i++) await assert.rejects(db.query(REGULAR), { code: '58P01', hint: 'A database in memory is lost with it.' });
  await db.close();
});

test('what is no second part, or that of another build, is refused', async () => {
  const open = (wasmCold) => Tusklet.create('memory://', { wasmCold });
  const broken = await open(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 99]));
  await assert.rejects(broken.exec(COMMAND), { code: '58P01', message: /^could not load the second part/ });
  await broken.close();
  // The build's name is what the memory is imported from: the first import.
  const other = new Uint8Array(cold);
  const at = Buffer.from(other.buffer).indexOf('memory') - 9;
  other[at] = other[at] === 48 ? 49 : 48;
  const strange = await open(other);
  await assert.rejects(strange.exec(COMMAND), { code: '58P01', message: 'could not load the second part of the engine: it is of another build' });
  assert.throws(() => strange.sync.exec(COMMAND), { code: '58P01' });
  await strange.close();
});

test('over HTTP: where nothing can be fetched synchronously both parts come first', async () => {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { 'content-type': 'application/wasm' }).end(readFileSync(file(request.url.slice(1))));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;
  const db = await Tusklet.create('memory://', { wasm: `${base}/engine.wasm`, wasmCold: `${base}/engine.cold.wasm` });
  assert.deepEqual(asked, ['/engine.wasm', '/engine.cold.wasm']);
  assert.deepEqual(db.sync.query(REGULAR).rows, [{ r: 'aXc' }]);
  await db.close();
  server.close();
  server.closeAllConnections();
  await assert.rejects(Tusklet.create('memory://', { wasm: `${base}/engine.wasm` }), { code: '58P01', message: /^could not load the engine/ });
});

test('a script that is over does not wait for it', async () => {
  const { spawnSync } = await import('node:child_process');
  const script = `let made = 0;
    const { Instance } = WebAssembly;
    WebAssembly.Instance = new Proxy(Instance, { construct: (target, args) => { made++; return Reflect.construct(target, args); } });
    const { Tusklet } = await import(${JSON.stringify(file('index.js').href)});
    const db = await Tusklet.create('memory://');
    await db.query('SELECT 1');
    process.on('exit', () => console.log(made));`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.deepEqual([stdout, status], ['1\n', 0]);
});
