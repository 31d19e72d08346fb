// `npm test`: every suite, one after the other, all of them even when one fails; one closing line.
// Names as arguments choose suites: `npm test -- pkg browser`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from './setup.mjs';
import { root } from './tools.mjs';

const files = (dir) => readdirSync(join(root, dir)).filter((f) => f.endsWith('.test.mjs')).map((f) => join(dir, f));
const node = (dir, ...args) => () => ['node', ['--test', '--test-reporter=tap', ...args, ...files(dir)]];

/** Each suite: its name, and the command, made when its turn comes. `needs` are run before and count as failures of it. */
const suites = [
  { name: 'build', command: () => ['node', ['scripts/build.mjs']] },
  { name: 'pkg', command: node('pkg/tests') },
  { name: 'playground', command: node('playground/tests') },
  {
    name: 'browser',
    command: () => {
      process.env.CHROMIUM = chromium();
      return node('tests/browser', '--test-concurrency=1')();
    },
  },
];

/** Passed and failed counts from what a suite printed: node's TAP, cargo's "test result" lines. */
function counts(text) {
  let passed = 0;
  let failed = 0;
  for (const m of text.matchAll(/^# (pass|fail|cancelled) (\d+)$/gm)) if (m[1] === 'pass') passed += +m[2]; else failed += +m[2];
  for (const m of text.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed/gm)) { passed += +m[1]; failed += +m[2]; }
  return { passed, failed };
}

const wanted = process.argv.slice(2);
let passed = 0;
let failed = 0;
const broken = [];
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  console.log(`\n== ${suite.name}`);
  const [command, args] = suite.command();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  const c = counts(stdout);
  passed += c.passed;
  failed += c.failed;
  if (status !== 0) {
    broken.push(suite.name);
    if (c.failed === 0) failed++;
    process.stdout.write(stdout.slice(-20000));
    process.stderr.write(stderr.slice(-20000));
  } else console.log(c.passed > 0 ? `${c.passed} passed` : 'ok');
}
console.log(`\n${passed} passed, ${failed} failed${broken.length > 0 ? ` (${broken.join(', ')})` : ''}`);
process.exit(broken.length > 0 ? 1 : 0);
