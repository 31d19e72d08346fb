/** The engine's exports as TypeScript sees them, and how the module is loaded. */
import { failure } from './errors.js';
import { Views } from './packed.js';
import { roomFor, Writer } from './request.js';

export const enum Status { Done = 0, Yielded = 1, Blocked = 2, AwaitAck = 3, AwaitSegments = 4, MoreOutput = 5, Failed = 6 }

/** io block, see PACKED.md. */
export const enum Io { Out = 1, OutLength = 2, Flags = 3, LsnLow = 4, LsnHigh = 5, TransactionState = 6, NotifySession = 8, WakeAfter = 9 }

export const enum Flag { Log = 1, Checkpoint = 2, Unblocked = 4, Notify = 8 }

/** The wasm-bindgen class `Engine` of `src/wasm`. */
export interface Engine {
  io_ptr(): number;
  /** The address of an input area of that size, 0 when there is no memory for it. */
  reserve_input(length: number): number;
  open_session(user: string, database: string): number;
  close_session(session: number): void;
  run(session: number, kind: number, length: number, budgetMs: number): number;
  step(session: number, budgetMs: number): number;
  cancel(session: number): void;
  poll(session: number): void;
  ack(lsn: number): void;
  take_log(): void;
  take_checkpoint(): number;
  checkpoint_done(ok: boolean): void;
  open(manifest: Uint8Array | undefined): number;
  replay(lsn: number, record: Uint8Array): number;
  open_done(): number;
  provide_segment(name: string, bytes: Uint8Array): number;
  free(): void;
}

/** What `new Engine(options)` is given. */
export interface EngineOptions {
  durability: 'strict' | 'relaxed' | 'none';
  settings: Record<string, string>;
}

/** An instance: the memory and a maker of engines in it. */
export interface EngineModule {
  readonly memory: { readonly buffer: ArrayBufferLike };
  create(options: EngineOptions): Engine;
  /** Functions without an engine: `dns_…`, `split`. */
  readonly functions: Readonly<Record<string, (...args: unknown[]) => unknown>>;
}

/** Where the WebAssembly comes from; by default `engine.wasm` beside this file. */
export type WasmSource = URL | string | Response | ArrayBuffer | Uint8Array | WebAssembly.Module;

/** Sees to it that a module is compiled once however many databases are opened. */
let shared: Promise<WebAssembly.Module> | undefined;

/** Compiles the engine. Nothing is fetched before the first call. */
export function compile(source?: WasmSource): Promise<WebAssembly.Module> {
  if (source === undefined) {
    shared ??= compileFrom(new URL('./engine.wasm', import.meta.url)).catch((error: unknown) => {
      shared = undefined;
      throw error;
    });
    return shared;
  }
  return compileFrom(source);
}

async function compileFrom(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) return WebAssembly.compile(source as BufferSource);
  // Asked before `Response` is named: in Node its first mention loads the whole of fetch, 35 ms.
  if (typeof source !== 'string' && !(source instanceof URL)) return compileResponse(source);
  const url = source;
  if (String(url).startsWith('file:')) {
    // Not a literal, or bundlers for the browser would look for it.
    const module = 'node:fs/promises';
    const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ module)) as typeof import('node:fs/promises');
    return WebAssembly.compile(await readFile(new URL(url)));
  }
  return compileResponse(await fetch(url));
}

async function compileResponse(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw failure('58P01', `could not load the engine: HTTP ${response.status} for ${response.url}`);
  if (response.headers.get('content-type')?.startsWith('application/wasm')) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}

/** The views on an instance's memory, made anew when it has grown. */
export class Memory {
  private current: Views;
  constructor(private readonly memory: { readonly buffer: ArrayBufferLike }) {
    this.current = new Views(memory.buffer);
  }
  views(): Views {
    return this.current.buffer === this.memory.buffer ? this.current : (this.current = new Views(this.memory.buffer));
  }
}

/** The input area's size, and up to which size it is kept for the next request. */
const INPUT = 65536;
const KEPT = 4 << 20;

/** Writes requests in place, into the engine's input area. */
export class InputWriter extends Writer {
  private start = 0;
  constructor(private readonly engine: Engine, private readonly memory: Memory) {
    super();
    this.reserve(INPUT);
  }

  begin(): this {
    // A large request's area is given back by the next one.
    if (this.limit - this.start > KEPT) this.reserve(INPUT);
    else if (this.u8.buffer !== this.memory.views().buffer) this.attach();
    this.at = this.start;
    return this;
  }

  get length(): number {
    return this.at - this.start;
  }

  override grow(n: number): void {
    const kept = this.u8.slice(this.start, this.at);
    this.reserve(roomFor(kept.length + n));
    this.u8.set(kept, this.start);
    this.at = this.start + kept.length;
  }

  private reserve(n: number): void {
    const start = n < 2 ** 32 ? this.engine.reserve_input(n) : 0;
    if (start === 0) {
      // The engine has let go of the old area to make room for the new one.
      this.limit = this.start;
      throw failure('53200', 'out of memory', { detail: `Failed on request of size ${n}.` });
    }
    this.start = start;
    this.base = this.start;
    this.limit = this.start + n;
    this.attach();
  }

  private attach(): void {
    const v = this.memory.views();
    this.u8 = v.u8;
    this.view = v.data;
  }
}
