// `npm run bench [-- --only tusklet,sqlite-wasm] [--suites speed,trips] [--reps 3] [--quick]`
// Engines take turns, each run in a process of its own: A B C A B C. Medians. Results are compared, so that a fast wrong answer is seen.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { size } from './size.mjs';
import { table } from './table.mjs';

const here = dirname(import.meta.filename);
const argument = (name) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? undefined : process.argv[i + 1];
};
const quick = process.argv.includes('--quick');
const ENGINES = ['tusklet', 'sqlite-wasm', 'sqljs', 'pglite', 'duckdb-wasm'];
const SUITES = ['start', 'trips', 'speed', 'scan', 'kernels'];
const only = argument('only')?.split(',');
const engines = ENGINES.filter((e) => only === undefined || only.some((o) => e.startsWith(o)));
const suites = argument('suites')?.split(',') ?? SUITES;
const reps = Number(argument('reps') ?? (quick ? 1 : 3));
const scale = quick ? 20 : 1;

const modules = Object.fromEntries(await Promise.all(engines.map(async (e) => [e, await import(`./engines/${e}.mjs`)])));
const notes = [];
const sections = [];

for (const suite of suites) {
  const { title, unit } = await import(`./suites/${suite}.mjs`);
  const runs = Object.fromEntries(engines.map((e) => [e, []]));
  for (let rep = 0; rep < (suite === 'start' ? Math.max(reps, quick ? 1 : 7) : reps); rep++) {
    for (const engine of engines) {
      process.stderr.write(`${suite} ${rep + 1}: ${engine}\n`);
      const { stdout, stderr, status } = spawnSync(process.execPath, ['--max-old-space-size=4096', join(here, 'child.mjs'), engine, suite, String(scale)], { encoding: 'utf8', maxBuffer: 1 << 28, timeout: 600_000 });
      let result;
      try {
        result = JSON.parse(stdout.trim().split('\n').at(-1));
      } catch {
        result = { steps: {}, checks: {}, error: `ended with ${status}: ${stderr.trim().split('\n').find((l) => /^\w*Error/.test(l))?.slice(0, 200) ?? ''}` };
      }
      if (result.error !== undefined) notes.push(`${modules[engine].name}, ${suite}: ${result.error}`);
      runs[engine].push(result);
    }
  }
  // Every check of every run must say the same.
  const agreed = {};
  for (const engine of engines) {
    for (const { checks } of runs[engine]) {
      for (const [name, value] of Object.entries(checks)) {
        agreed[name] ??= { value, engine };
        if (agreed[name].value !== value) notes.push(`${modules[engine].name}, ${suite}: "${name}" is ${value.slice(0, 200)}, but ${agreed[name].value.slice(0, 200)} for ${modules[agreed[name].engine].name}`);
      }
    }
  }
  const steps = [...new Set(engines.flatMap((e) => runs[e].flatMap((r) => Object.keys(r.steps))))];
  const cell = (engine, step) => median(runs[engine].map((r) => r.steps[step]).filter((v) => v !== undefined));
  sections.push({ title, unit, suite, rows: steps.map((step) => ({ step, values: engines.map((e) => cell(e, step)) })) });
}

if (argument('suites') === undefined) {
  const sizes = [];
  for (const e of engines) sizes.push(await size(modules[e].download).catch((error) => (notes.push(`${modules[e].name}, size: ${error.message}`), undefined)));
  sections.push({
    title: 'Download up to the first row', unit: 'KiB', suite: 'size',
    rows: [{ step: 'JavaScript and wasm', values: sizes.map((s) => s && s.raw / 1024) }, { step: 'the same, brotli', values: sizes.map((s) => s && s.brotli / 1024) },
      { step: 'with what is loaded in the background after it, brotli', values: sizes.map((s) => s && s.all / 1024) }],
  });
}

const names = engines.map((e) => modules[e].name);
const text = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'processor'}; medians of ${reps} interleaved runs${quick ? `, data a ${scale}th of the full size` : ''}; in brackets the ratio to the best.`,
  ...sections.map((s) => table(s, names)),
  notes.length > 0 ? `Notes:\n\n${[...new Set(notes)].map((n) => `- ${n}`).join('\n')}` : 'All engines gave the same results.',
].join('\n\n');
console.log(text);
if (only === undefined && argument('suites') === undefined && !quick) {
  writeFileSync(join(here, 'RESULTS.md'), `# Benchmarks\n\nWritten by \`npm run bench\`.\n\n${text}\n`);
  const readme = join(here, '..', 'README.md');
  const before = readFileSync(readme, 'utf8');
  const marked = /(<!-- bench -->\n)[^]*?(<!-- \/bench -->)/;
  if (marked.test(before)) writeFileSync(readme, before.replace(marked, (_, a, b) => `${a}\n${text}\n\n${b}`));
}

function median(list) {
  return list.length === 0 ? undefined : [...list].sort((a, b) => a - b)[list.length >> 1];
}
