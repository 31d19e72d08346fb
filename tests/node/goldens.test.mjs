// The goldens through the npm package: the harness at one end of a socket, the package's engine at the other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { bridge } from './bridge.mjs';
import { root } from '../../scripts/tools.mjs';

let server;
before(async () => {
  server = await bridge();
});
after(() => server.close());

test('goldens', async (t) => {
  const args = ['run', '--quiet', '-p', 'tusklet-harness', '--', 'check', '--bridge', `127.0.0.1:${server.address().port}`];
  const harness = spawn('cargo', args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  harness.stdout.on('data', (d) => (out += d));
  harness.stderr.on('data', (d) => (err += d));
  const status = await new Promise((resolve) => harness.on('close', resolve));
  const verdicts = [...out.matchAll(/^test (\S+) \.\.\. (ok|FAILED) (.*)$/gm)];
  for (const [, name, verdict, count] of verdicts) {
    const at = out.indexOf(`test ${name} ...`);
    const next = out.indexOf('\ntest ', at + 1);
    await t.test(`${name} ${count}`, () => assert.equal(verdict, 'ok', out.slice(at, next < 0 ? undefined : next)));
  }
  assert.ok(verdicts.length > 0, err.slice(-4000));
  assert.equal(status, 0);
});
