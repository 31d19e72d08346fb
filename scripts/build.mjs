// Everything a static host needs: the engine, the package, the page. `--dev` for an unoptimised engine, `--no-wasm` to keep the one there is.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildWasm } from './build-wasm.mjs';
import { root, run } from './tools.mjs';

export async function build(args = []) {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) run('npm', ['ci']);
  if (!args.includes('--no-wasm')) await buildWasm(args.includes('--dev'));
  run('npm', ['run', '--silent', 'build', '-w', 'pkg']);
  run('npm', ['run', '--silent', 'build', '-w', 'playground']);
  run('npm', ['run', '--silent', 'build', '-w', 'www']);
}

if (import.meta.filename === process.argv[1]) await build(process.argv.slice(2));
