// The package in the browser, with an engine made of JavaScript: tabs share a database, and one takes over from another.
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

/** In the page: `INSERT` logs a record and waits for it to be stored; `count` tells how many records the engine has seen. */
async function open(page, name, durability = 'strict') {
  await page.goto(`http://127.0.0.1:${server.address().port}/package.json`);
  await page.evaluate(async ([name, durability]) => {
    const f = await import('/tests/support/fake-engine.mjs');
    const { Tusklet } = await import('/dist/index.js');
    let lsn = 0;
    const module = f.fakeModule(function* (r, engine) {
      if (r.sql === 'INSERT') {
        lsn = Math.max(lsn, ...engine.replayed.map((x) => x[0])) + 1;
        const mine = lsn;
        engine.pendingLog.push([mine, [1]]);
        if (engine.options.durability === 'strict') while (engine.acked < mine) yield { status: 3, lsn: mine };
        return f.complete('INSERT', mine);
      }
      if (r.sql === 'hang') for (;;) yield { status: 1 };
      return f.complete('SELECT', Math.max(lsn, engine.replayed.length));
    });
    globalThis.module = module;
    globalThis.db = await Tusklet.create(`idb://${name}`, { module: module.open, durability });
  }, [name, durability]);
}
const run = (page, sql) => page.evaluate((sql) => db.query(sql).then((r) => r.rowCount, (e) => e.code), sql);
const owns = (page) => page.evaluate(() => module.engines.length > 0);

test('a second tab is a session of the first, and takes over when that closes', { timeout: 60000 }, async () => {
  const one = await b.page();
  const two = await one.context().newPage();
  const three = await one.context().newPage();
  await open(one, 'shared');
  await open(two, 'shared');
  await open(three, 'shared');
  assert.deepEqual([await owns(one), await owns(two), await owns(three)], [true, false, false]);
  assert.equal(await run(one, 'INSERT'), 1);
  assert.equal(await run(two, 'INSERT'), 2);
  assert.equal(await run(three, 'INSERT'), 3);
  assert.equal(await one.evaluate(() => module.engine.sessions.size), 3);

  const hanging = run(two, 'hang');
  await two.waitForTimeout(200);
  await one.close();
  assert.equal(await hanging, '57P01');
  assert.equal(await run(two, 'count'), 3);
  // The third tab may not have heard of the new owner yet: its connection ends, and the next statement is on a new one.
  const first = await run(three, 'INSERT');
  assert.ok(first === 4 || first === '57P01', String(first));
  if (first !== 4) assert.equal(await run(three, 'INSERT'), 4);
  assert.equal(await run(two, 'count'), 4);
  const owners = [await owns(two), await owns(three)];
  assert.equal(owners.filter(Boolean).length, 1);
  // The tab that goes without a word loses its session.
  const [owner, guest] = owners[0] ? [two, three] : [three, two];
  await guest.close();
  await owner.waitForFunction(() => module.engine.sessions.size === 1);
  await one.context().close();
});

test('a tab killed while it writes: what was acknowledged is there', { timeout: 120000 }, async () => {
  const context = (await b.page()).context();
  let acknowledged = 0;
  for (let i = 0; i < 20; i++) {
    const page = await context.newPage();
    let seen = 0;
    await page.exposeFunction('acknowledge', (n) => { seen = Math.max(seen, n); });
    await open(page, 'killed');
    const there = await run(page, 'count');
    assert.ok(there >= acknowledged, `round ${i}: ${there} of ${acknowledged}`);
    page.evaluate(async () => { for (;;) await acknowledge((await db.query('INSERT')).rowCount); }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 60));
    await page.close();
    acknowledged = Math.max(acknowledged, seen);
  }
  assert.ok(acknowledged > 20);
  await context.close();
});
