// Starting the server: what can be in the way, and how it says so.
import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { directory, run, serve } from './support.mjs';

test('a port that is taken', async (t) => {
  const server = await serve();
  t.after(() => server.kill());
  const { status, stderr } = await run(['serve', '--listen', `127.0.0.1:${server.port}`]);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`^tusklet: 127\\.0\\.0\\.1:${server.port} is in use by another process; choose another with --listen\\n$`));
});

test('a directory that is in use', async (t) => {
  const dir = join(await directory(t), 'data');
  const server = await serve(dir);
  t.after(() => server.kill());
  const { status, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--data', dir]);
  assert.equal(status, 1);
  assert.match(stderr, /^tusklet: data directory ".*" is in use by another process\n$/);
});

test('a directory that cannot be read', async (t) => {
  const dir = await directory(t);
  await writeFile(join(dir, 'file'), 'not a directory');
  const { status, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--data', join(dir, 'file')]);
  assert.equal(status, 1);
  assert.match(stderr, /^tusklet: could not .* ".*file.*": /);
  if (process.getuid?.() !== 0) {
    await mkdir(join(dir, 'closed'));
    await chmod(join(dir, 'closed'), 0);
    assert.match((await run(['serve', '--listen', '127.0.0.1:0', '--data', join(dir, 'closed')])).stderr, /Permission denied/);
  }
});

test('an address that is none', async () => {
  const { status, stderr } = await run(['serve', '--listen', 'nowhere']);
  assert.notEqual(status, 0);
  assert.match(stderr, /^tusklet: /);
});

test('data outlives the server', async (t) => {
  const dir = join(await directory(t), 'data');
  let server = await serve(dir);
  let client = await server.client();
  await client.query('CREATE TABLE kept (id serial PRIMARY KEY, v text)');
  await client.query("INSERT INTO kept (v) VALUES ('one'), ('two')");
  await client.query('CREATE DATABASE second');
  await client.end();
  await server.kill('SIGTERM');
  server = await serve(dir);
  t.after(() => server.kill());
  client = await server.client();
  await client.query("INSERT INTO kept (v) VALUES ('three')");
  // A sequence may leave numbers out when its server ends, as PostgreSQL's does after a crash.
  assert.deepEqual((await client.query('SELECT v FROM kept ORDER BY id')).rows.map((r) => r.v), ['one', 'two', 'three']);
  await client.end();
  const second = await server.client({ database: 'second' });
  await second.end();
});
