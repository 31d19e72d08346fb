// The server killed with SIGKILL at random moments while it writes: every acknowledged commit is there on reopening, every
// unacknowledged one wholly there or not at all. The native cousin of the killed tab (tests/browser/tabs.test.mjs).
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { directory, serve, sleep } from '../wire/support.mjs';

const KILLS = Number(process.env.TUSKLET_KILLS ?? 200);
const WRITERS = 3;

test(`${KILLS} kills`, { timeout: 15 * 60_000 }, async (t) => {
  const dir = join(await directory(t), 'data');
  /** Highest number acknowledged, by writer; each transaction writes its number twice. */
  const acknowledged = new Array(WRITERS).fill(0);
  const sent = new Array(WRITERS).fill(0);
  let server = await serve(dir);
  const setup = await server.client();
  await setup.query('CREATE TABLE w (writer int, n int, half text, PRIMARY KEY (writer, n, half))');
  await setup.query('CREATE TABLE last (writer int PRIMARY KEY, n int)');
  await setup.query('INSERT INTO last SELECT g, 0 FROM generate_series(0, 2) g');
  await setup.end();
  for (let kill = 0; kill < KILLS; kill++) {
    const clients = await Promise.all(Array.from({ length: WRITERS }, () => server.client()));
    const writing = clients.map(async (c, writer) => {
      try {
        for (;;) {
          const n = ++sent[writer];
          await c.query('BEGIN');
          await c.query('INSERT INTO w VALUES ($1, $2, $3)', [writer, n, 'a']);
          await c.query('UPDATE last SET n = $2 WHERE writer = $1', [writer, n]);
          await c.query('INSERT INTO w VALUES ($1, $2, $3)', [writer, n, 'b']);
          await c.query('COMMIT');
          acknowledged[writer] = n;
        }
      } catch (error) {
        if (error.code !== undefined && /^\d/.test(error.code)) throw error;
      }
    });
    await sleep(Math.random() * 40);
    await server.kill();
    await Promise.all(writing);
    server = await serve(dir);
    const check = await server.client();
    const { rows } = await check.query('SELECT l.writer, l.n, count(w.n)::int AS halves, count(DISTINCT w.n)::int AS whole, max(w.n) AS top FROM last l LEFT JOIN w ON w.writer = l.writer GROUP BY l.writer, l.n ORDER BY l.writer');
    for (const { writer, n, halves, whole, top } of rows) {
      const at = `kill ${kill}, writer ${writer}`;
      assert.ok(n >= acknowledged[writer], `${at}: ${acknowledged[writer]} was acknowledged, ${n} is there`);
      assert.ok(n <= sent[writer], at);
      assert.equal(halves, 2 * whole, `${at}: half a transaction`);
      assert.equal(top ?? 0, n, at);
      acknowledged[writer] = n;
      sent[writer] = n;
    }
    await check.end();
  }
  await server.kill();
  assert.ok(acknowledged.reduce((a, b) => a + b) > KILLS / 4, 'hardly anything was written');
});
