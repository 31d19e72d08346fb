/** Instantiates the module with wasm-bindgen's glue, which `scripts/build-wasm.mjs` puts beside this file as `engine_glue.js`. */
import type { Engine, EngineModule, EngineOptions } from './engine.js';
// @ts-ignore: made by the build of the engine, with a maker around wasm-bindgen's module state so that every instance has its own.
import { make } from './engine_glue.js';
import { Rest, type RestSource } from './parts.js';

interface Glue {
  initSync(input: { module: WebAssembly.Module }): WebAssembly.Exports & { memory: WebAssembly.Memory };
  Engine: new (options: EngineOptions) => Engine;
  [name: string]: unknown;
}

/** `source` says where the second part is, if there has to be one. */
export async function instantiate(module: WebAssembly.Module, source: () => RestSource): Promise<EngineModule> {
  let rest: Rest | undefined;
  const glue = (make as (load: () => void) => Glue)(() => rest!.loadSync());
  const exports = glue.initSync({ module });
  rest = Rest.of(exports, source);
  await rest?.prepare();
  return {
    memory: exports.memory,
    create: (options) => new glue.Engine(options),
    functions: Object.fromEntries(Object.entries(glue).filter(([, f]) => typeof f === 'function')) as EngineModule['functions'],
    rest,
  };
}
