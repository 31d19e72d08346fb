/** The same database with its engine in a worker, so that a long statement never holds the page. */
import { Database, type TuskletOptions } from './database.js';
import type { WasmSource } from './engine.js';
import { failure } from './errors.js';
import type { Backend } from './link.js';
import { RemoteBackend } from './rpc.js';

export interface TuskletWorkerOptions extends TuskletOptions {
  /** Makes the worker, when the bundler does not understand the default. It must run `tusklet`'s `worker-main.js`. */
  worker?: () => Worker;
}

/** What the worker is told first. */
export interface StartMessage {
  t: 'start';
  dataDir: string;
  options: Pick<TuskletOptions, 'durability' | 'relaxedDurability' | 'settings' | 'budgetMs'> & { wasm?: WebAssembly.Module | string; wasmCold?: WebAssembly.Module | string };
}

/** What can be sent to a worker. */
function portable(source: WasmSource | undefined): WebAssembly.Module | string | undefined {
  if (source === undefined || source instanceof WebAssembly.Module || typeof source === 'string') return source;
  if (source instanceof URL) return String(source);
  throw failure('22023', 'a worker takes the engine as a URL or a WebAssembly.Module');
}

function start(dataDir: string | undefined, options: TuskletWorkerOptions): Promise<Backend> {
  return new Promise((resolve, reject) => {
    const worker = options.worker?.() ?? new Worker(new URL('./worker-main.js', import.meta.url), { type: 'module' });
    let wasm: WebAssembly.Module | string | undefined;
    let wasmCold: WebAssembly.Module | string | undefined;
    try {
      wasm = portable(options.wasm);
      wasmCold = portable(options.wasmCold);
    } catch (error) {
      reject(error as Error);
      return;
    }
    const message: StartMessage = { t: 'start', dataDir: dataDir ?? 'memory://', options: { budgetMs: options.budgetMs ?? 40 } };
    if (options.durability !== undefined) message.options.durability = options.durability;
    if (options.relaxedDurability !== undefined) message.options.relaxedDurability = options.relaxedDurability;
    if (options.settings !== undefined) message.options.settings = options.settings;
    if (wasm !== undefined) message.options.wasm = wasm;
    if (wasmCold !== undefined) message.options.wasmCold = wasmCold;
    const remote = new RemoteBackend(worker as unknown as Worker & { close?(): void }, () => worker.terminate());
    worker.onerror = (event) => {
      const error = failure('57P02', `the worker failed: ${event.message || 'it could not be loaded'}`);
      remote.fail(error);
      reject(error);
    };
    remote.ask(message as unknown as Record<string, unknown>).then(() => resolve(new WorkerBackend(remote)), reject);
  });
}

class WorkerBackend implements Backend {
  constructor(private readonly remote: RemoteBackend) {}
  open(user: string, database: string): ReturnType<RemoteBackend['open']> {
    return this.remote.open(user, database);
  }
  call(name: string, args: unknown[]): Promise<unknown> {
    return this.remote.call(name, args);
  }
  async close(): Promise<void> {
    await this.remote.ask({ t: 'stop' }).catch(() => undefined);
    await this.remote.close();
  }
}

export class TuskletWorker extends Database {
  constructor(dataDir?: string | TuskletWorkerOptions, options: TuskletWorkerOptions = {}) {
    const o = typeof dataDir === 'object' ? dataDir : options;
    const dir = typeof dataDir === 'string' ? dataDir : o.dataDir;
    super(dir, o, start(dir, o));
  }

  static async create(dataDir?: string | TuskletWorkerOptions, options?: TuskletWorkerOptions): Promise<TuskletWorker> {
    const db = new TuskletWorker(dataDir, options);
    try {
      await db.waitReady;
    } catch (error) {
      await db.close();
      throw error;
    }
    return db;
  }
}
