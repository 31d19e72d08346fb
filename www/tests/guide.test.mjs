// The guide's examples print what they say they print.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const examples = join(dirname(fileURLToPath(import.meta.url)), '../examples');

for (const name of readdirSync(examples)) {
  test(name, async () => {
    const text = readFileSync(join(examples, name), 'utf8');
    const says = [...text.matchAll(/console\.log\(.*\);? +\/\/ (.*)$|console\.log\(.*\)\);? +\/\/ (.*)$/gm)].map((m) => m[1] ?? m[2]);
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'fake-indexeddb/auto', join(examples, name)], { cwd: examples });
    assert.ok(says.length > 0, 'it prints something');
    assert.deepEqual(stdout.trim().split('\n'), says);
  });
}

test('the first example is the README’s of the package', () => {
  const readme = readFileSync(join(examples, '../../pkg/README.md'), 'utf8');
  const [, code] = /```js\n([^]*?)```/.exec(readme);
  assert.equal(readFileSync(join(examples, '01-query.mjs'), 'utf8'), code);
});
