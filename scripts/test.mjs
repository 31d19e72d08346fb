// `npm test`: every suite, one after the other, all of them even when one fails; one closing line.
// Names as arguments choose suites: `npm test -- pkg browser`.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { bindgenTools, wasmTarget } from './build-wasm.mjs';
import { chromedriver, chromium } from './setup.mjs';
import { root, tools } from './tools.mjs';

const files = (dir) => readdirSync(join(root, dir)).filter((f) => f.endsWith('.test.mjs')).map((f) => join(dir, f));
const node = (dir, ...args) => () => ['node', ['--test', '--test-reporter=tap', ...args, ...files(dir)]];
const serial = '--test-concurrency=1';

/** The suites in order; `command` is made when its turn comes. */
const suites = [
  { name: 'tidy', command: () => ['cargo', ['xtask', 'tidy']] },
  { name: 'rust', command: () => ['cargo', ['test', '--workspace', '--no-fail-fast']] },
  { name: 'server', command: () => ['cargo', ['build', '-p', 'tusklet-server']] },
  { name: 'wire', command: node('tests/wire', serial) },
  { name: 'crash', command: node('tests/crash', serial) },
  { name: 'wasm-node', command: () => wasm('node') },
  { name: 'wasm-web', command: () => wasm('web') },
  { name: 'build', command: () => ['node', ['scripts/build.mjs']] },
  { name: 'pkg', command: node('pkg/tests') },
  { name: 'goldens-node', command: node('tests/node', serial) },
  { name: 'playground', command: node('playground/tests') },
  { name: 'www', command: node('www/tests') },
  { name: 'browser', command: () => ((process.env.CHROMIUM = chromium()), node('tests/browser', serial)()) },
];

/** wasm-bindgen's test suites of the boundary, in Node or in headless Chromium. */
function wasm(host) {
  bindgenTools();
  wasmTarget();
  const env = { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: 'wasm-bindgen-test-runner', PATH: `${join(tools, 'bin')}${delimiter}${process.env.PATH}` };
  if (host === 'web') {
    chromium();
    env.CHROMEDRIVER = chromedriver();
  }
  return ['cargo', ['test', '--target', 'wasm32-unknown-unknown', '-p', 'tusklet-wasm', '--test', host], env];
}

/** Passed and failed counts from what a suite printed: node's TAP, cargo's "test result" lines. */
function counts(text) {
  let passed = 0;
  let failed = 0;
  for (const m of text.matchAll(/^# (pass|fail|cancelled) (\d+)$/gm)) if (m[1] === 'pass') passed += +m[2]; else failed += +m[2];
  for (const m of text.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed/gm)) { passed += +m[1]; failed += +m[2]; }
  return { passed, failed };
}

/** Runs a command without showing what it prints; a line now and then says it is alive. */
function quiet(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (d) => (stdout += d));
    child.stderr.on('data', (d) => (stderr += d));
    child.on('error', (error) => resolve({ status: 1, stdout, stderr: String(error) }));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

const wanted = process.argv.slice(2);
let passed = 0;
let failed = 0;
const broken = [];
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.includes(suite.name)) continue;
  process.stdout.write(`== ${suite.name} `);
  const start = Date.now();
  let result;
  try {
    const [command, args, env] = suite.command();
    result = await quiet(command, args, env);
  } catch (error) {
    result = { status: 1, stdout: '', stderr: String(error.stack ?? error) };
  }
  const c = counts(result.stdout);
  passed += c.passed;
  failed += c.failed;
  const seconds = `${((Date.now() - start) / 1000).toFixed(0)} s`;
  if (result.status !== 0) {
    broken.push(suite.name);
    if (c.failed === 0) failed++;
    console.log(`FAILED, ${c.passed} passed, ${Math.max(c.failed, 1)} failed, ${seconds}`);
    process.stdout.write(interesting(result.stdout));
    process.stderr.write(result.stderr.split('\n').filter((l) => !/^\s*(Compiling|Finished|Running|Doc-tests|Downloaded)/.test(l)).join('\n').slice(-12000));
  } else console.log(`${c.passed > 0 ? `${c.passed} passed` : 'ok'}, ${seconds}`);
}
console.log(`\n${passed} passed, ${failed} failed${broken.length > 0 ? ` (${broken.join(', ')})` : ''}`);
process.exit(broken.length > 0 ? 1 : 0);

/** The end of an output, without the lines of what passed. */
function interesting(text) {
  return text.split('\n').filter((l) => !/^(test .* \.\.\. ok|\s*ok \d+|# Subtest|\s*---|\s*\.\.\.|\s*duration_ms|\s*type:)/.test(l)).join('\n').slice(-16000) + '\n';
}
