// The playground's modules without a page: bundled by the esbuild that Vite brings.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const src = join(dirname(fileURLToPath(import.meta.url)), '../src');

/** Loads a module of `src`. */
export async function load(path) {
  const outDir = mkdtempSync(join(tmpdir(), 'playground-'));
  await build({
    configFile: false, logLevel: 'error', root: src,
    build: { outDir, minify: false, target: 'node20', lib: { entry: join(src, path), formats: ['es'], fileName: 'module' } },
  });
  return import(pathToFileURL(join(outDir, 'module.js')));
}
