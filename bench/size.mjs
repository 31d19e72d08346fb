// What a browser fetches up to the first row: the entry's static imports, bundled and minified, and the engine's files; brotli 11.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;

/** The folder of an installed package, whatever its `exports` hide. */
function folder(name) {
  for (const base of require.resolve.paths(name)) {
    try {
      readFileSync(join(base, name, 'package.json'));
      return join(base, name);
    } catch { /* the next one */ }
  }
  throw new Error(`${name} is not installed`);
}

/** Bytes, raw and compressed, to the first row; `all`: compressed, with what is fetched after it without being asked for (`later`). */
export async function size({ entry, assets, later = [] }) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: dirname(import.meta.filename), loader: 'js' },
    bundle: true, minify: true, write: false, metafile: true, splitting: true, format: 'esm', platform: 'browser', outdir: 'out', logLevel: 'silent',
    external: ['fs', 'path', 'module', 'crypto', 'url', 'node:*', 'worker_threads', 'vm', 'os', 'child_process'],
    loader: { '.wasm': 'empty' },
  });
  const wanted = new Set();
  const visit = (name) => {
    if (wanted.has(name) || metafile.outputs[name] === undefined) return;
    wanted.add(name);
    for (const i of metafile.outputs[name].imports) if (i.kind === 'import-statement') visit(i.path);
  };
  visit(Object.keys(metafile.outputs).find((name) => metafile.outputs[name].entryPoint !== undefined));
  // PGlite's loaders are imported when a database opens, which is before the first row.
  for (const name of Object.keys(metafile.outputs)) if (/glue|bindgen/.test(name + Object.keys(metafile.outputs[name].inputs).join())) visit(name);
  const files = outputFiles.filter((f) => [...wanted].some((name) => f.path.endsWith(name.replace(/^.*out\//, '/')))).map((f) => f.contents);
  for (const [name, path] of assets) files.push(readFileSync(join(folder(name), path)));
  const first = files.reduce((n, f) => n + brotli(f), 0);
  return { raw: files.reduce((n, f) => n + f.length, 0), brotli: first, all: first + later.reduce((n, [name, path]) => n + brotli(readFileSync(join(folder(name), path))), 0) };
}
