// Rust to pkg/build: engine.wasm, engine.cold.wasm and their glue. `--dev`: unoptimised and quick, in one part. `--names`: in one part
// whose functions keep their names, for a profiler.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { output, root, run, target, tools } from './tools.mjs';

/** Must be the version of the wasm-bindgen crate in Cargo.toml, to the letter. */
const BINDGEN = /^wasm-bindgen = "=([\d.]+)"/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1];

const TARGET = 'wasm32-unknown-unknown';

/** Crates that are compiled for size here alone: what of them is hot says so itself, which only this build hears (`cfg(tuned)`). */
const MARKED = ['functions', 'exec'];

/** The folder with wasm-bindgen and its test runner, of the crate's version; installs them when there is none. */
export function bindgenTools() {
  const own = join(tools, 'bin');
  if (output(join(own, 'wasm-bindgen'), ['--version']) !== `wasm-bindgen ${BINDGEN}`) {
    // Not --locked: the lock file it was published with may name crates a mirror does not have yet.
    run('cargo', ['install', 'wasm-bindgen-cli', '--version', BINDGEN, '--root', tools]);
  }
  return own;
}

/** Whether the toolchain in use has this file or folder of Rust's libraries. */
function installed(...path) {
  const sysroot = output('rustc', ['--print', 'sysroot']);
  return sysroot !== undefined && existsSync(join(sysroot, 'lib', 'rustlib', ...path));
}

/** Rust's own libraries for wasm: rust-toolchain.toml names the target, but rustup brings it by itself only when it installs the toolchain. */
export function wasmTarget() {
  if (installed(TARGET, 'lib')) return;
  run('rustup', ['target', 'add', TARGET]);
}

/**
 * What compiles Rust's own library with the engine, so that a panic is a trap and nothing else: its texts and places, which no page sees, are
 * 22 KiB of the download. Needs the library's source and, as the option is not stable yet, leave to use it; without the source the engine
 * is built as usual, and larger.
 */
function withLibrary() {
  const source = () => installed('src/rust/library/Cargo.lock');
  if (!source()) output('rustup', ['component', 'add', 'rust-src']);
  if (!source()) {
    console.warn('no rust-src: the engine is built with the library as it is installed, and is 22 KiB larger');
    return { args: [], env: {} };
  }
  const flags = JSON.stringify(['-Zunstable-options', '-Cpanic=immediate-abort', '--cfg=tuned']);
  const levels = MARKED.flatMap((crate) => ['--config', `profile.release.package.tusklet-${crate}.opt-level="z"`]);
  return { args: ['-Zbuild-std=std,panic_abort', '--config', `target.${TARGET}.rustflags=${flags}`, ...levels], env: { RUSTC_BOOTSTRAP: '1' } };
}

/** Parts, or the whole for `dev`, in `pkg/build`. The package's JavaScript is built too: the training that decides on the parts runs it. */
export async function buildWasm(dev = false) {
  wasmTarget();
  const cli = join(bindgenTools(), 'wasm-bindgen');
  const { args, env } = dev ? { args: [], env: {} } : withLibrary();
  // `#[inline]` says little about where code grows when all of it is seen at once: 3 KiB.
  const hint = dev ? [] : ['--', '-Cllvm-args=-inlinehint-threshold=150'];
  // As a module alone: of a library that is an rlib too, as tests want it, Cargo leaves link-time optimisation out and says nothing.
  run('cargo', ['rustc', ...(dev ? [] : ['--release']), '--target', TARGET, '-p', 'tusklet-wasm', '--lib', '--crate-type', 'cdylib', ...args, ...hint], { env: { ...process.env, ...env } });
  const names = process.argv.includes('--names');
  const out = join(target, 'bindgen');
  rmSync(out, { recursive: true, force: true });
  run(cli, ['--target', 'web', '--no-typescript', ...(dev || names ? [] : ['--remove-name-section', '--remove-producers-section']), '--out-dir', out, '--out-name', 'engine',
    join(target, TARGET, dev ? 'debug' : 'release', 'tusklet_wasm.wasm')]);
  const build = join(root, 'pkg', 'build');
  mkdirSync(build, { recursive: true });
  writeFileSync(join(build, 'engine_glue.js'), wrap(readFileSync(join(out, 'engine.js'), 'utf8')));
  const whole = join(out, 'engine_bg.wasm');
  const [first, second] = [join(build, 'engine.wasm'), join(build, 'engine.cold.wasm')];
  rmSync(second, { force: true });
  if (dev || names) writeFileSync(first, readFileSync(whole));
  else await split(whole, first, second, out);
  for (const file of [first, second]) if (existsSync(file)) report(file, dev);
}

/** What a training run enters stays in the first part (`src/xtask/src/split.rs`). */
async function split(whole, first, second, out) {
  run('npx', ['tsc', '-p', 'pkg/tsconfig.json']);
  const [instrumented, profile] = [join(out, 'instrumented.wasm'), join(out, 'profile.txt')];
  run('cargo', ['xtask', 'instrument', whole, instrumented]);
  // A process of its own: the package that is trained must not be the one a caller has loaded.
  run(process.execPath, [join(root, 'scripts/train.mjs'), instrumented, profile]);
  const plain = join(out, 'cold.wasm');
  run('cargo', ['xtask', 'split', whole, profile, first, plain, second]);
  // What the package makes of the packed part must be the part, to the byte.
  const { unpack } = await import(pathToFileURL(join(root, 'pkg/build/unpack.js')).href);
  const [packed] = WebAssembly.Module.customSections(await WebAssembly.compile(readFileSync(second)), 'packed');
  const steps = unpack(new Uint8Array(packed));
  let step = steps.next();
  while (!step.done) step = steps.next();
  if (!readFileSync(plain).equals(step.value)) throw new Error('the second part is not what was packed');
}

function report(file, dev) {
  const wasm = readFileSync(file);
  const br = brotliCompressSync(wasm, { params: { [constants.BROTLI_PARAM_QUALITY]: dev ? 4 : 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length } }).length;
  console.log(`${basename(file)}: ${(wasm.length / 1024).toFixed(0)} KiB, ${(br / 1024).toFixed(0)} KiB brotli`);
}

/**
 * wasm-bindgen's glue keeps its instance in module variables: one instance a page. Inside a function it can be made as often as databases
 * are opened, each with memory of its own that goes when the database is closed. `load` is the import by which a first part asks for the second.
 */
function wrap(glue) {
  const names = [];
  const body = glue
    .replace(/^export (class|function|async function|const|let) (\w+)/gm, (_, kind, name) => {
      names.push(name);
      return `${kind} ${name}`;
    })
    .replace(/^export default [\w$]+;?$/gm, '')
    .replace(/^export \{([^}]*)\};?$/gm, (_, list) => {
      for (const part of list.split(',')) {
        const [from, to = from] = part.trim().split(/\s+as\s+/);
        if (from !== '' && to !== 'default') names.push(from === to ? from : `${to}: ${from}`);
      }
      return '';
    })
    .replace(/const import0 = \{/, '$& load,')
    // Loading is engine.ts's business; bundlers must not see this name.
    .replace(/new URL\('engine_bg\.wasm', import\.meta\.url\)/g, 'undefined');
  if (/^(import|export) /m.test(body) || !body.includes('{ load,')) throw new Error('the glue imports or exports something this script does not know');
  return `// Made by scripts/build-wasm.mjs from wasm-bindgen's output.\nexport function make(load) {\n${body}\nreturn { ${[...new Set(names)].join(', ')} };\n}\n`;
}

if (import.meta.filename === process.argv[1]) {
  await buildWasm(process.argv.includes('--dev'));
  if (!existsSync(join(root, 'pkg/build/engine.wasm')) || statSync(join(root, 'pkg/build/engine.wasm')).size === 0) process.exit(1);
}
