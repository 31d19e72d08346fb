// Rust to pkg/dist/engine.wasm and its glue. `--dev`: unoptimised and quick. `--names`: functions keep their names, for a profiler.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { output, root, run, target, tools } from './tools.mjs';

/** Must be the version of the wasm-bindgen crate in Cargo.toml, to the letter. */
const BINDGEN = /^wasm-bindgen = "=([\d.]+)"/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1];

const TARGET = 'wasm32-unknown-unknown';

/** The folder with wasm-bindgen and its test runner, of the crate's version; installs them when there is none. */
export function bindgenTools() {
  const own = join(tools, 'bin');
  if (output(join(own, 'wasm-bindgen'), ['--version']) !== `wasm-bindgen ${BINDGEN}`) {
    // Not --locked: the lock file it was published with may name crates a mirror does not have yet.
    run('cargo', ['install', 'wasm-bindgen-cli', '--version', BINDGEN, '--root', tools]);
  }
  return own;
}

/** Rust's own libraries for wasm: rust-toolchain.toml names the target, but rustup brings it by itself only when it installs the toolchain. */
export function wasmTarget() {
  const sysroot = output('rustc', ['--print', 'sysroot']);
  if (sysroot !== undefined && existsSync(join(sysroot, 'lib', 'rustlib', TARGET, 'lib'))) return;
  run('rustup', ['target', 'add', TARGET]);
}

export function buildWasm(dev = false) {
  wasmTarget();
  const cli = join(bindgenTools(), 'wasm-bindgen');
  run('cargo', ['build', ...(dev ? [] : ['--release']), '--target', TARGET, '-p', 'tusklet-wasm']);
  const out = join(target, 'bindgen');
  rmSync(out, { recursive: true, force: true });
  run(cli, ['--target', 'web', '--no-typescript', ...(dev || process.argv.includes('--names') ? [] : ['--remove-name-section', '--remove-producers-section']), '--out-dir', out, '--out-name', 'engine',
    join(target, 'wasm32-unknown-unknown', dev ? 'debug' : 'release', 'tusklet_wasm.wasm')]);
  const dist = join(root, 'pkg', 'dist');
  mkdirSync(dist, { recursive: true });
  const wasm = readFileSync(join(out, 'engine_bg.wasm'));
  writeFileSync(join(dist, 'engine.wasm'), wasm);
  writeFileSync(join(dist, 'engine_glue.js'), wrap(readFileSync(join(out, 'engine.js'), 'utf8')));
  const br = brotliCompressSync(wasm, { params: { [constants.BROTLI_PARAM_QUALITY]: dev ? 4 : 11, [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length } }).length;
  console.log(`engine.wasm: ${(wasm.length / 1024).toFixed(0)} KiB, ${(br / 1024).toFixed(0)} KiB brotli`);
}

/**
 * wasm-bindgen's glue keeps its instance in module variables: one instance a page. Inside a function it can be made as often as databases
 * are opened, each with memory of its own that goes when the database is closed.
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
    // Loading is engine.ts's business; bundlers must not see this name.
    .replace(/new URL\('engine_bg\.wasm', import\.meta\.url\)/g, 'undefined');
  if (/^(import|export) /m.test(body)) throw new Error('the glue imports or exports something this script does not know');
  return `// Made by scripts/build-wasm.mjs from wasm-bindgen's output.\nexport function make() {\n${body}\nreturn { ${[...new Set(names)].join(', ')} };\n}\n`;
}

if (import.meta.filename === process.argv[1]) {
  buildWasm(process.argv.includes('--dev'));
  if (!existsSync(join(root, 'pkg/dist/engine.wasm')) || statSync(join(root, 'pkg/dist/engine.wasm')).size === 0) process.exit(1);
}
