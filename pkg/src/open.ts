/** From a data directory's name to a backend in this thread. */
import { instantiate } from './bindgen.js';
import { compile, restOf, type EngineModule, type WasmSource } from './engine.js';
import { failure } from './errors.js';
import { Host } from './host.js';
import type { Backend } from './link.js';
import { IdbStorage } from './storage/idb.js';
import { SharedBackend } from './tabs.js';

export interface OpenOptions {
  /** When a commit is acknowledged: after storage has flushed it, or after storage has taken it. Default `strict`. */
  durability?: 'strict' | 'relaxed';
  /** PGlite's name for `durability: 'relaxed'`. */
  relaxedDurability?: boolean;
  /** Initial settings of every session, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
  /** How long a statement may hold the thread before it lets others run, in milliseconds. */
  budgetMs?: number;
  /** The engine's WebAssembly, when it is not beside the package's files. */
  wasm?: WasmSource;
  /** Its second part (`engine.cold.wasm`), when that is not beside the package's files; not needed when `wasm` is in one piece. */
  wasmCold?: WasmSource;
  /** An engine of your own: for tests. */
  module?: () => Promise<EngineModule>;
}

/** The parts of `memory://` or `idb://name`. */
export function parseDataDir(dataDir: string | undefined): { kind: 'memory' | 'idb'; name: string } {
  const dir = dataDir ?? 'memory://';
  if (dir === 'memory://' || dir === '') return { kind: 'memory', name: '' };
  if (dir.startsWith('memory://')) return { kind: 'memory', name: dir.slice(9) };
  if (dir.startsWith('idb://') && dir.length > 6) return { kind: 'idb', name: dir.slice(6) };
  throw failure('22023', `invalid data directory: "${dir}"`, { hint: 'Use "memory://" or "idb://name".' });
}

async function loadModule(options: OpenOptions): Promise<EngineModule> {
  if (options.module !== undefined) return options.module();
  return instantiate(await compile(options.wasm), () => restOf(options.wasmCold));
}

/** Opens a database in this thread. */
export async function openBackend(dataDir: string | undefined, options: OpenOptions): Promise<Backend> {
  const { kind, name } = parseDataDir(dataDir);
  const durability = options.durability ?? (options.relaxedDurability === true ? 'relaxed' : 'strict');
  const budgetMs = options.budgetMs ?? 12;
  const settings = { ...options.settings };
  const module = (): Promise<EngineModule> => loadModule(options);
  if (kind === 'memory') return Host.open(module, undefined, { durability: 'none', settings, budgetMs });
  if (typeof indexedDB === 'undefined') throw failure('0A000', 'IndexedDB is not available here', { hint: 'Use "memory://".' });
  return SharedBackend.open(`tusklet:${name}`, async () => {
    const storage = await IdbStorage.open(name, durability);
    try {
      return await Host.open(module, storage, { durability, settings, budgetMs });
    } catch (error) {
      await storage.close();
      throw error;
    }
  });
}
