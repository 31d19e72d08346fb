// One engine, one suite, one process: prints what it measured as JSON.
// Time is the processor time of the thread at work for steps, so that neighbours and V8's compiling threads do not count; the clock for starting and for rates.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const [engineName, suiteName, scale] = process.argv.slice(2);
const memories = watchMemories();
const rssBefore = process.memoryUsage.rss();
const begin = performance.now();
const engine = await import(`./engines/${engineName}.mjs`);
const db = await engine.open();
const first = await db.query('SELECT 1');
const started = performance.now() - begin;
const rss = process.memoryUsage.rss() - rssBefore;
if (first.length !== 1 || Number(first[0][0]) !== 1) throw new Error('SELECT 1 did not give 1');

const steps = {};
const checks = {};
if (suiteName === 'start') {
  steps['import to first `SELECT 1` row, ms'] = started;
  steps['resident memory added, MB'] = rss / 2 ** 20;
  steps['wasm memory, MB'] = [...memories].reduce((sum, m) => sum + m.buffer.byteLength, 0) / 2 ** 20;
}

const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;
const cpu = () => {
  try {
    return Number(readFileSync(SCHEDSTAT, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    // Not Linux: the whole process.
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
};

const measure = {
  async step(name, work) {
    const from = cpu();
    const result = work();
    if (result instanceof Promise) await result;
    steps[name] = cpu() - from;
  },
  /** The median of several runs of the same. */
  async best(name, times, work) {
    const all = [];
    for (let i = 0; i < times; i++) {
      const from = cpu();
      await work();
      all.push(cpu() - from);
    }
    steps[name] = median(all);
  },
  /** Operations in a second, after a warm-up. */
  async rate(name, work) {
    if (work === undefined) return;
    const loop = async (ms) => {
      let count = 0;
      const from = performance.now();
      const end = from + ms;
      if (engine.sync) {
        while (performance.now() < end) for (let i = 0; i < 16; i++, count++) work();
      } else {
        while (performance.now() < end) for (let i = 0; i < 16; i++, count++) await work();
      }
      return count / (performance.now() - from) * 1000;
    };
    await loop(scale > 1 ? 30 : 300);
    steps[name] = await loop(scale > 1 ? 100 : 1000);
  },
  check(name, rows) {
    checks[name] = JSON.stringify(rows, (_, v) => (typeof v === 'bigint' ? Number(v) : typeof v === 'string' && /^-?\d+(\.\d+)?$/.test(v) ? Number(Number(v).toFixed(6)) : typeof v === 'number' ? Number(v.toFixed(6)) : v));
  },
};

const suite = await import(`./suites/${suiteName}.mjs`);
let error;
try {
  await suite.run(db, { scale: Number(scale), measure, sql: engine.sql });
} catch (e) {
  error = String(e.message ?? e).split('\n')[0];
}
console.log(JSON.stringify({ steps, checks, error }));
process.exit(0);

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}

/** Every WebAssembly memory made from here on: by a script, or by a module that exports its own. */
function watchMemories() {
  const found = new Set();
  const { Memory, instantiate, instantiateStreaming } = WebAssembly;
  WebAssembly.Memory = new Proxy(Memory, { construct: (target, args) => {
    const memory = Reflect.construct(target, args);
    found.add(memory);
    return memory;
  } });
  const note = (result) => {
    for (const v of Object.values((result.instance ?? result).exports)) if (v instanceof Memory) found.add(v);
    return result;
  };
  WebAssembly.instantiate = async (source, imports) => note(await instantiate(source, imports));
  if (instantiateStreaming) WebAssembly.instantiateStreaming = async (source, imports) => note(await instantiateStreaming(source, imports));
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, { construct: (target, args) => note(Reflect.construct(target, args)) });
  return found;
}
