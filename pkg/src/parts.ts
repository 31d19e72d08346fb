/**
 * The engine's second part: everything a first row does not need. `src/xtask/src/split.rs` says how the two are joined; here it is found,
 * compiled once for all instances, and linked to each of them.
 *
 * The first part calls `load` (`loadSync` here) when it comes to a function that is not there, and cannot wait. So that a page hardly ever meets
 * that, the host has the second part fetched when the first statement is answered, and lets statements that surely need it wait (`needsRest`).
 */
import type { WasmSource } from './engine.js';
import { failure, PostgresError } from './errors.js';
import { Kind, type Writer } from './request.js';
import { unpack } from './unpack.js';

/** What Node, Bun and Deno read files with. */
type Files = typeof import('node:fs');

let files: Files | undefined;

/** Node's files, without a literal import that bundlers for the browser would follow. */
export async function nodeFiles(): Promise<Files> {
  const name = 'node:fs';
  return (files ??= (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Files);
}

const isFile = (source: WasmSource): source is URL | string => (typeof source === 'string' || source instanceof URL) && String(source).startsWith('file:');

/** Compiles what `source` is or names. `what` is for the error. */
export async function compileFrom(source: WasmSource, what: string): Promise<WebAssembly.Module> {
  try {
    if (source instanceof WebAssembly.Module) return source;
    if (source instanceof ArrayBuffer || source instanceof Uint8Array) return await WebAssembly.compile(source as BufferSource);
    // Asked before `Response` is named: in Node its first mention loads the whole of fetch, 35 ms.
    if (isFile(source)) return await WebAssembly.compile((await nodeFiles()).readFileSync(new URL(source)));
    const response = typeof source === 'string' || source instanceof URL ? await fetch(source) : source;
    if (!response.ok) throw new Error(`HTTP ${response.status} for ${response.url}`);
    if (response.headers.get('content-type')?.startsWith('application/wasm')) return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (error) {
    throw notLoaded(what, error);
  }
}

function notLoaded(what: string, error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  const told = failure('58P01', `could not load ${what}: ${error instanceof Error ? error.message : String(error)}`);
  told.cause = error;
  return told;
}

const REST = 'the second part of the engine';

/** The pieces a packed part is made of; undefined for one that is not packed. */
function pieces(module: WebAssembly.Module) {
  const [packed] = WebAssembly.Module.customSections(module, 'packed');
  return packed && unpack(new Uint8Array(packed));
}

/** What travelled as `module`. Other things are done between the pieces. */
async function unpacked(module: WebAssembly.Module): Promise<WebAssembly.Module> {
  const steps = pieces(module);
  if (steps === undefined) return module;
  let step = steps.next();
  for (; !step.done; step = steps.next()) await new Promise((resolve) => setTimeout(resolve));
  return WebAssembly.compile(step.value);
}

function unpackedSync(module: WebAssembly.Module): WebAssembly.Module {
  const steps = pieces(module);
  if (steps === undefined) return module;
  let step = steps.next();
  while (!step.done) step = steps.next();
  return new WebAssembly.Module(step.value);
}

/** Where the second part comes from; compiled once. */
export class RestSource {
  module: WebAssembly.Module | undefined;
  private loading: Promise<WebAssembly.Module> | undefined;

  constructor(private readonly source: WasmSource) {}

  /** Whether `compileSync` has a way to its bytes. */
  get immediate(): boolean {
    const { source } = this;
    if (this.module !== undefined || source instanceof WebAssembly.Module || source instanceof ArrayBuffer || source instanceof Uint8Array) return true;
    if (isFile(source)) return files !== undefined;
    return (typeof source === 'string' || source instanceof URL) && typeof XMLHttpRequest !== 'undefined';
  }

  /** In a file there is no need to hurry: it can be had at once at any time. */
  get near(): boolean {
    return isFile(this.source);
  }

  compile(): Promise<WebAssembly.Module> {
    if (this.module !== undefined) return Promise.resolve(this.module);
    return (this.loading ??= compileFrom(this.source, REST).then(unpacked).then((module) => (this.module = module)).finally(() => {
      this.loading = undefined;
    }));
  }

  compileSync(): WebAssembly.Module {
    try {
      const { source } = this;
      return (this.module ??= unpackedSync(source instanceof WebAssembly.Module ? source : new WebAssembly.Module(this.bytes() as BufferSource)));
    } catch (error) {
      throw notLoaded(REST, error);
    }
  }

  private bytes(): ArrayBuffer | Uint8Array {
    const { source } = this;
    if (source instanceof ArrayBuffer || source instanceof Uint8Array) return source;
    if (isFile(source) && files !== undefined) return files.readFileSync(new URL(source));
    if (!this.immediate) throw new Error('it cannot be fetched synchronously here');
    const request = new XMLHttpRequest();
    request.open('GET', String(source), false);
    // A page may not ask for bytes synchronously, but for text in which every character is one.
    request.overrideMimeType('text/plain; charset=x-user-defined');
    request.send();
    if (request.status !== 200 && request.status !== 0) throw new Error(`HTTP ${request.status} for ${String(source)}`);
    const text = request.responseText;
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }
}

/** The second part of one instance, from when it is missing until it is linked. */
export class Rest {
  /** Linked: there is nothing left to do. */
  loaded = false;
  /** The last attempt failed: nothing may enter the engine that could come to a function that is not there. */
  failed = false;
  private readonly flag: WebAssembly.Global;
  private readonly build: string;

  private constructor(private readonly exports: WebAssembly.Exports, name: string, private readonly source: RestSource) {
    this.flag = exports[name] as WebAssembly.Global;
    this.build = name.slice(name.indexOf(':') + 1);
  }

  /** Of an instance of a first part; undefined for an engine in one piece. */
  static of(exports: WebAssembly.Exports, source: () => RestSource): Rest | undefined {
    const name = Object.keys(exports).find((key) => key.startsWith('cold:'));
    return name === undefined ? undefined : new Rest(exports, name, source());
  }

  /** Makes sure that `loadSync` can work: where nothing can be fetched synchronously the second part is loaded now. */
  async prepare(): Promise<void> {
    if (this.source.near) await nodeFiles();
    if (!this.source.immediate) await this.load();
  }

  get near(): boolean {
    return this.source.near;
  }

  async load(): Promise<void> {
    if (this.loaded) return;
    try {
      this.link(await this.source.compile());
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }

  loadSync(): void {
    if (this.loaded) return;
    try {
      this.link(this.source.compileSync());
    } catch (error) {
      this.failed = true;
      throw error;
    }
  }

  private link(module: WebAssembly.Module): void {
    if (this.loaded) return;
    const { exports } = this;
    const table = exports['cold.table'] as WebAssembly.Table;
    const names = new Proxy({}, {
      get: (_, name) => ((name as string).startsWith('cold.') ? exports[name as string] : table.get(parseInt(name as string, 36))),
    }) as WebAssembly.ModuleImports;
    try {
      new WebAssembly.Instance(module, { [this.build]: { memory: exports.memory }, '': names });
    } catch (error) {
      throw failure('58P01', 'could not load the second part of the engine: it is of another build', { detail: error instanceof Error ? error.message : String(error) });
    }
    this.flag.value = 1;
    this.loaded = true;
    this.failed = false;
  }
}

/** What every script begins with somewhere: these run without the second part, or with little of it. */
const FIRST_WORDS = /^(?:select|insert|update|delete|values|with|begin|commit|rollback|end|start\s+transaction|create\s+(?:unique\s+)?(?:table|index)|drop\s+table)\b/i;
/** Longer scripts are worth waiting for; when the second part is near, what is beyond is not looked at. */
const LONG = 8192;
const decoder = new TextDecoder();

/**
 * Whether the request in `w` is of a kind that surely, or with some likelihood, uses the second part. A wrong guess costs time, nothing else:
 * less when the second part is `near`.
 */
export function needsRest(kind: Kind, w: Writer, near: boolean): boolean {
  let at = w.base;
  switch (kind) {
    case Kind.Execute: case Kind.Close: return false;
    case Kind.Query: at += 8; break;
    case Kind.Exec: case Kind.Prepare: at += 4; break;
    case Kind.Describe: break;
    default: return true;
  }
  const length = w.view.getUint32(at, true);
  if (length > LONG && !near) return true;
  // A copy: some browsers do not decode shared memory.
  const statements = decoder.decode(w.u8.slice(at + 4, at + 4 + Math.min(length, LONG))).split(';');
  // The last one is cut, perhaps in its first word.
  if (length > LONG && statements.length > 1) statements.pop();
  // Semicolons in strings make a statement out of what is none; comments hide what is one. Both only cost time.
  return statements.some((statement) => {
    const start = statement.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)+/, '');
    return start !== '' && !FIRST_WORDS.test(start);
  });
}
