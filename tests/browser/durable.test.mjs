// The real engine over the browser's IndexedDB: tabs killed at random moments, and one tab taking over from another.
// TUSKLET_KILLS says how often a tab is killed.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { launch } from './support.mjs';
import { serve } from '../../scripts/serve.mjs';

const KILLS = Number(process.env.TUSKLET_KILLS ?? 15);

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

async function open(page, name) {
  await page.goto(`http://127.0.0.1:${server.address().port}/package.json`);
  await page.evaluate(async (name) => {
    const { Tusklet } = await import('/dist/index.js');
    globalThis.db = await Tusklet.create(`idb://${name}`);
    globalThis.rows = (sql) => db.query(sql, [], { rowMode: 'array' }).then((r) => r.rows, (e) => String(e));
  }, name);
}
const rows = (page, sql) => page.evaluate((sql) => rows(sql), sql);

test(`a tab killed ${KILLS} times while it writes: what was acknowledged is there, whole`, { timeout: 60000 + KILLS * 10000 }, async () => {
  const context = (await b.page()).context();
  const first = await context.newPage();
  await open(first, 'killed');
  await first.evaluate(() => db.exec('CREATE TABLE w (id int PRIMARY KEY, p text NOT NULL); CREATE INDEX ON w ((length(p))); CREATE TABLE top (id int, n int); INSERT INTO top VALUES (0, 0)'));
  await first.close();
  let acknowledged = 0;
  let checkpoints = 0;
  for (let i = 0; i <= KILLS; i++) {
    const page = await context.newPage();
    let seen = 0;
    await page.exposeFunction('acknowledge', (n) => { seen = Math.max(seen, n); });
    await open(page, 'killed');
    const [[top, updates]] = await rows(page, 'SELECT id, n FROM top');
    assert.ok(top >= acknowledged, `round ${i}: ${top} of ${acknowledged}`);
    assert.equal(updates, top);
    assert.deepEqual(await rows(page, 'SELECT count(*), coalesce(max(id), 0), count(*) FILTER (WHERE length(p) = 100 + id % 5000) FROM w'), [[top, top, top]], `round ${i}`);
    assert.deepEqual(await rows(page, `SELECT id FROM w WHERE id = ${top}`), top === 0 ? [] : [[top]]);
    checkpoints += await page.evaluate(async () => {
      const r = indexedDB.open('tusklet:killed');
      const d = await new Promise((resolve) => { r.onsuccess = () => resolve(r.result); });
      const n = d.transaction('meta').objectStore('meta').count();
      return new Promise((resolve) => { n.onsuccess = () => { d.close(); resolve(n.result); }; });
    });
    if (i === KILLS) break;
    page.evaluate(async (from) => {
      for (let id = from + 1; ; id++) {
        await db.exec(`BEGIN; INSERT INTO w VALUES (${id}, repeat('x', ${100 + (id % 5000)})); UPDATE top SET id = ${id}, n = n + 1; COMMIT`);
        acknowledge(id);
        // Now and then much at once, so that checkpoints come in between.
        if (id % 40 === 0) await db.exec("CREATE TABLE IF NOT EXISTS bulk (t text); INSERT INTO bulk SELECT repeat(md5(i::text), 100) FROM generate_series(1, 700) AS i; DELETE FROM bulk");
      }
    }, top).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 150));
    if (i % 2 === 0) await page.close();
    else {
      // The process itself goes, in the middle of whatever it does.
      const gone = page.waitForEvent('crash');
      const cdp = await context.newCDPSession(page);
      cdp.send('Page.crash').catch(() => undefined);
      await gone;
      await page.close();
    }
    acknowledged = Math.max(acknowledged, seen);
  }
  console.log(`# ${KILLS} kills, ${acknowledged} acknowledged commits, a checkpoint was there in ${checkpoints} rounds`);
  assert.ok(acknowledged > KILLS);
  await context.close();
});

test('a second tab is a session of the first: locks are waited for; it takes over when the first goes', { timeout: 60000 }, async () => {
  const one = await b.page();
  const two = await one.context().newPage();
  await open(one, 'shared');
  await open(two, 'shared');
  await one.evaluate(() => db.exec('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1)'));
  await one.evaluate(() => db.exec('BEGIN; UPDATE t SET v = 10'));
  const waiting = rows(two, 'UPDATE t SET v = v + 1 RETURNING v');
  await two.waitForTimeout(200);
  await one.evaluate(() => db.exec('COMMIT'));
  assert.deepEqual(await waiting, [[11]]);
  // The owner goes with a transaction open: the other tab has the committed state.
  await one.evaluate(() => db.exec('BEGIN; UPDATE t SET v = 99'));
  await one.close();
  let seen = await rows(two, 'SELECT v FROM t');
  if (typeof seen === 'string') seen = await rows(two, 'SELECT v FROM t');
  assert.deepEqual(seen, [[11]]);
  assert.deepEqual(await rows(two, 'UPDATE t SET v = v + 1 RETURNING v'), [[12]]);
  await two.context().close();
});

test('a large result and a long statement leave the page alive', { timeout: 60000 }, async () => {
  const page = await b.page();
  await open(page, 'alive');
  const ticks = page.evaluate(async () => {
    let n = 0;
    const timer = setInterval(() => n++, 5);
    const r = await db.query("SELECT i, repeat('x', 100) AS t FROM generate_series(1, 200000) AS i", [], { rowMode: 'columns' });
    // Long whatever the machine: the page's own work must go on beside it.
    await db.query('SELECT count(*) FROM generate_series(1, 3000) AS a, generate_series(1, 20000) AS b WHERE a % 7 = b % 5');
    clearInterval(timer);
    return [n, r.columns[0].values.length];
  });
  const [n, count] = await ticks;
  assert.equal(count, 200000);
  assert.ok(n > 0, 'the page had no turn');
  assert.deepEqual(page.errors.filter((e) => !/favicon|404/.test(e)), []);
  await page.context().close();
});
