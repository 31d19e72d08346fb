// The engine's second part in a page: not fetched for the first row, fetched in the background after it, and at once when a synchronous
// statement needs it.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { launch } from './support.mjs';
import { serve } from '../../scripts/serve.mjs';

let b;
let server;
before(async () => {
  b = await launch();
  server = await serve(join(dirname(fileURLToPath(import.meta.url)), '../../pkg'));
});
after(async () => {
  await b.close();
  server.close();
});

/** A page of the package's own origin, and what it has asked for. */
async function blank() {
  const page = await b.page();
  const asked = [];
  page.on('request', (r) => { if (r.url().endsWith('.wasm')) asked.push(`${r.resourceType()} ${new URL(r.url()).pathname}`); });
  await page.goto(`http://127.0.0.1:${server.address().port}/package.json`);
  return { page, asked };
}

test('the first row needs the first part only; then the second comes', async () => {
  const { page, asked } = await blank();
  const seen = await page.evaluate(async () => {
    const { Tusklet } = await import('/dist/index.js');
    const db = await Tusklet.create('memory://');
    const rows = db.sync.query('SELECT 1 AS a').rows;
    const before = performance.getEntriesByType('resource').filter((e) => e.name.endsWith('.wasm')).length;
    await new Promise((r) => setTimeout(r, 2000));
    const loaded = db.sync.query("SELECT regexp_replace('abc', 'b+', 'X') AS r").rows;
    await db.close();
    return { rows, before, loaded };
  });
  assert.deepEqual(seen, { rows: [{ a: 1 }], before: 1, loaded: [{ r: 'aXc' }] });
  assert.deepEqual(asked, ['fetch /dist/engine.wasm', 'fetch /dist/engine.cold.wasm']);
  await page.context().close();
});

test('a synchronous statement that needs the second part gets it at once', async () => {
  const { page, asked } = await blank();
  const rows = await page.evaluate(async () => {
    const { Tusklet } = await import('/dist/index.js');
    const db = await Tusklet.create('memory://');
    return db.sync.query("SELECT regexp_replace('abc', 'b+', 'X') AS r").rows;
  });
  assert.deepEqual(rows, [{ r: 'aXc' }]);
  assert.deepEqual(asked.slice(0, 2), ['fetch /dist/engine.wasm', 'xhr /dist/engine.cold.wasm']);
  await page.context().close();
});

test('in a worker, too', async () => {
  const { page } = await blank();
  const seen = await page.evaluate(async () => {
    const { TuskletWorker } = await import('/dist/worker.js');
    const db = await TuskletWorker.create('memory://');
    const rows = (await db.query('SELECT 1 AS a')).rows;
    await db.exec('CREATE VIEW v AS SELECT 2 AS a');
    rows.push(...(await db.query('SELECT * FROM v')).rows);
    await db.close();
    return rows;
  });
  assert.deepEqual(seen, [{ a: 1 }, { a: 2 }]);
  await page.context().close();
});

test('without the second part statements that need it fail, others were answered', async () => {
  const { page } = await blank();
  await page.route('**/engine.cold.wasm', (route) => route.fulfill({ status: 404, body: 'Not found' }));
  const seen = await page.evaluate(async () => {
    const { Tusklet } = await import('/dist/index.js');
    const db = await Tusklet.create('memory://');
    const rows = (await db.query('SELECT 1 AS a')).rows;
    return [rows, await db.exec('CREATE VIEW v AS SELECT 1 AS a').catch((e) => `${e.code} ${e.message}`)];
  });
  assert.deepEqual(seen[0], [{ a: 1 }]);
  assert.match(seen[1], /^58P01 could not load the second part of the engine: HTTP 404/);
  await page.unroute('**/engine.cold.wasm');
  await page.context().close();
});
