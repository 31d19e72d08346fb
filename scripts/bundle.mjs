// pkg/build (TypeScript's output, and the engine's) to pkg/dist, what is published: few files, since each costs a start in Node a millisecond.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './tools.mjs';

const from = join(root, 'pkg', 'build');
const to = join(root, 'pkg', 'dist');
if (!existsSync(join(from, 'engine_glue.js'))) throw new Error('the engine is not built: node scripts/build-wasm.mjs');
mkdirSync(to, { recursive: true });
for (const file of readdirSync(to)) if (/\.(js|wasm)$/.test(file)) rmSync(join(to, file));
await build({
  entryPoints: ['index', 'worker', 'worker-main', 'dns'].map((name) => join(from, `${name}.js`)),
  bundle: true, splitting: true, format: 'esm', target: 'es2022', platform: 'neutral', outdir: to, chunkNames: 'shared-[hash]', logLevel: 'warning',
});
for (const file of readdirSync(from)) if (file.endsWith('.wasm')) copyFileSync(join(from, file), join(to, file));
