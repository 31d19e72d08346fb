/** Instantiates the module with wasm-bindgen's glue, which `scripts/build-wasm.mjs` puts beside this file as `engine_glue.js`. */
import type { Engine, EngineModule, EngineOptions } from './engine.js';

interface Glue {
  initSync(input: { module: WebAssembly.Module }): { memory: WebAssembly.Memory };
  Engine: new (options: EngineOptions) => Engine;
  [name: string]: unknown;
}

export async function instantiate(module: WebAssembly.Module): Promise<EngineModule> {
  const glue = await load();
  const { memory } = glue.initSync({ module });
  return {
    memory,
    create: (options) => new glue.Engine(options),
    functions: Object.fromEntries(Object.entries(glue).filter(([, f]) => typeof f === 'function')) as EngineModule['functions'],
  };
}

async function load(): Promise<Glue> {
  // @ts-ignore: made by the build of the engine, with a maker around wasm-bindgen's module state so that every instance has its own.
  const { make } = (await import('./engine_glue.js')) as { make: () => Glue };
  return make();
}
