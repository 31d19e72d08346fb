/** One session: its queue, its prepared statements, its transactions. Everything typed stands on `Link.go`. */
import { failure, type Notice, PostgresError } from './errors.js';
import type { Link } from './link.js';
import { type BackendMessage, parseMessages } from './protocol.js';
import { Kind, type Param, UNNAMED } from './request.js';
import { Collector, type Results } from './result.js';
import { ALL_TEXT, needsTextDates, type RowMode, Shape, TEXT_DATES, TEXT_ONLY } from './shape.js';
import { compose, identifier } from './template.js';
import type { Field } from './packed.js';
import { arrayElement, parserFor, type Parser, type Parsers, serialize, type Serializer, type Serializers } from './types.js';

export interface QueryOptions {
  rowMode?: RowMode;
  /** Parsers by type OID, before those of the database. */
  parsers?: Parsers;
  serializers?: Serializers;
  /** Give every value as PostgreSQL's text; parsers are not used then. */
  text?: boolean;
  /** Declared types of the parameters; 0 or missing: inferred. */
  paramTypes?: readonly number[];
  onNotice?: (notice: Notice) => void;
  /** Ends the statement with 57014 when it aborts. */
  signal?: AbortSignal;
  /** Stop after this many rows; the result then says `truncated`. */
  maxRows?: number;
}

export interface DescribeQueryResult {
  queryParams: { dataTypeID: number; serializer: Serializer }[];
  resultFields: { name: string; dataTypeID: number; parser: Parser }[];
}

/** What a transaction's callback is given. */
export interface Transaction {
  query<Row = Record<string, unknown>>(sql: string, params?: readonly unknown[], options?: QueryOptions): Promise<Results<Row>>;
  sql<Row = Record<string, unknown>>(strings: TemplateStringsArray, ...values: unknown[]): Promise<Results<Row>>;
  exec(sql: string, options?: QueryOptions): Promise<Results[]>;
  rollback(): Promise<void>;
  listen(channel: string, callback: (payload: string) => void): Promise<() => Promise<void>>;
  readonly closed: boolean;
}

export interface ExecProtocolOptions {
  /** Reject with the first ErrorResponse; default true. */
  throwOnError?: boolean;
  onNotice?: (notice: Notice) => void;
}

export interface SessionOptions {
  parsers?: Parsers;
  serializers?: Serializers;
  onNotice?: (notice: Notice) => void;
}

/** First come, first served. `hold` returns undefined when it is free now. */
class Gate {
  private held = false;
  private readonly waiting: (() => void)[] = [];
  get free(): boolean {
    return !this.held;
  }
  hold(signal?: AbortSignal): Promise<void> | undefined {
    if (!this.held) {
      this.held = true;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        const i = this.waiting.indexOf(enter);
        if (i >= 0) this.waiting.splice(i, 1);
        reject(canceled(signal!));
      };
      this.waiting.push(enter);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
  release(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.held = false;
    else next();
  }
}

function canceled(signal: AbortSignal): PostgresError {
  const error = failure('57014', 'canceling statement due to user request');
  error.cause = signal.reason;
  return error;
}

/** A statement the engine has prepared, and what is known of it. */
export interface Prepared {
  sql: string;
  handle: number;
  generation: number;
  paramTypes: readonly number[];
  fields: readonly Field[] | undefined;
  /** The decoder of the last execution, good for the same mode and parsers. */
  shape: Shape | undefined;
  shapeParsers: Parsers | undefined;
}

const CACHED = 100;
const CACHEABLE = /^\s*(?:select|insert|update|delete|with|values)\b/i;
const NO_PARAMS: readonly never[] = [];

/** Whether the values can cross before the types of the parameters are known. */
function plain(values: readonly unknown[]): boolean {
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    switch (typeof v) {
      case 'string': case 'number': case 'bigint': case 'boolean': continue;
      case 'undefined': return false;
      case 'object': if (v === null || v instanceof Uint8Array || v instanceof Date) continue;
    }
    return false;
  }
  return true;
}

export class Session {
  /** Statements and transactions of callers. */
  private readonly outer = new Gate();
  /** Requests on the link, those inside a transaction too. */
  private readonly inner = new Gate();
  private readonly cache = new Map<string, Prepared | null>();
  private readonly channels = new Map<string, Set<(payload: string) => void>>();
  private readonly listeners = new Set<(channel: string, payload: string) => void>();
  private notify: ((notice: Notice) => void) | undefined;
  protected ended = false;
  readonly sync: SyncSession;

  constructor(protected link: Link, protected readonly defaults: SessionOptions) {
    this.sync = new SyncSession(this);
    if (link !== undefined) this.adopt(link);
  }

  protected adopt(link: Link): void {
    this.link = link;
    link.idle = { take: (v, start, length) => new Collector(this.sinks, 'array', undefined).take(v, start, length) };
  }

  private readonly sinks = {
    notice: (n: Notice): void => {
      const f = this.notify ?? this.defaults.onNotice;
      if (f !== undefined) f(n);
    },
    notification: (channel: string, payload: string): void => {
      // Callbacks may run statements: never on the stack of the statement that brought the message.
      queueMicrotask(() => {
        for (const f of this.channels.get(channel) ?? []) f(payload);
        for (const f of this.listeners) f(channel, payload);
      });
    },
  };

  /** Runs one statement with parameters `$1`, `$2`, … */
  query<Row = Record<string, unknown>>(sql: string, params?: readonly unknown[] | null, options?: QueryOptions): Promise<Results<Row>> {
    return this.outside(options?.signal, () => this.runQuery(sql, params ?? NO_PARAMS, options)) as Promise<Results<Row>>;
  }

  /** Runs one statement written as a template; values become parameters, fragments made with the package's `sql` are spliced in. */
  sql<Row = Record<string, unknown>>(strings: TemplateStringsArray, ...values: unknown[]): Promise<Results<Row>> {
    const { text, params } = compose(strings, values);
    return this.query<Row>(text, params);
  }

  /** Runs a script of statements without parameters, as psql's simple query does. */
  exec(sql: string, options?: QueryOptions): Promise<Results[]> {
    return this.outside(options?.signal, () => this.runExec(sql, options));
  }

  /** The types of a statement's parameters and result. */
  async describeQuery(sql: string, options?: QueryOptions): Promise<DescribeQueryResult> {
    return this.outside(options?.signal, () => this.runDescribe(sql, options));
  }

  /** A statement the engine keeps planned. Close it when it is no longer needed. */
  prepare<Row = Record<string, unknown>>(sql: string, options: QueryOptions = {}): Promise<Statement<Row>> {
    return this.outside(options.signal, () => {
      const p = this.prepareNow(sql, options.paramTypes, 0);
      return p instanceof Promise ? p.then((q) => new Statement<Row>(this, q, options)) : new Statement<Row>(this, p, options);
    });
  }

  /**
   * Runs `body` between BEGIN and COMMIT; rolls back when it throws. Other statements of this session wait until it has ended, so the
   * body must use what it is given and nothing else. For work side by side open another `session()`.
   */
  transaction<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.outside(undefined, async () => {
      await this.runExec('BEGIN');
      let closed = false;
      const open = (): void => {
        if (closed) throw failure('25P01', 'the transaction has ended');
      };
      const tx: Transaction = {
        query: async <Row>(sql: string, params?: readonly unknown[], options?: QueryOptions) => {
          open();
          return (await this.runQuery(sql, params ?? NO_PARAMS, options)) as Results<Row>;
        },
        sql: async <Row>(strings: TemplateStringsArray, ...values: unknown[]) => {
          open();
          const { text, params } = compose(strings, values);
          return (await this.runQuery(text, params)) as Results<Row>;
        },
        exec: async (sql, options) => {
          open();
          return this.runExec(sql, options);
        },
        rollback: async () => {
          open();
          closed = true;
          await this.runExec('ROLLBACK');
        },
        listen: async (channel, callback) => {
          open();
          return this.subscribe(channel, callback);
        },
        get closed() {
          return closed;
        },
      };
      let value: T;
      try {
        value = await body(tx);
      } catch (error) {
        if (!closed) {
          closed = true;
          await this.runExec('ROLLBACK').catch(() => undefined);
        }
        throw error;
      }
      if (!closed) {
        closed = true;
        const [end] = await this.runExec('COMMIT');
        if (end?.command === 'ROLLBACK') throw failure('25P02', 'the transaction was rolled back: a statement in it had failed');
      }
      return value;
    });
  }

  /** Runs `body` while no other caller's statement runs. */
  runExclusive<T>(body: () => Promise<T>): Promise<T> {
    return this.outside(undefined, body);
  }

  /** Protocol 3 bytes in, protocol 3 bytes out. */
  async execProtocolRaw(message: Uint8Array): Promise<Uint8Array> {
    const c = new Collector(this.sinks, 'array', undefined);
    await this.request(Kind.Protocol, c, (w) => w.bytes(message));
    c.check();
    if (c.chunks.length === 1) return c.chunks[0];
    const out = new Uint8Array(c.chunks.reduce((n, b) => n + b.length, 0));
    let at = 0;
    for (const b of c.chunks) {
      out.set(b, at);
      at += b.length;
    }
    return out;
  }

  /** As `execProtocolRaw`, with the answer's messages read. */
  async execProtocol(message: Uint8Array, options: ExecProtocolOptions = {}): Promise<{ messages: BackendMessage[]; data: Uint8Array }> {
    const data = await this.execProtocolRaw(message);
    const messages = parseMessages(data);
    for (const m of messages) {
      if (m.name === 'notice') (options.onNotice ?? this.defaults.onNotice)?.(m.fields);
      else if (m.name === 'error' && options.throwOnError !== false) throw new PostgresError(m.fields);
    }
    return { messages, data };
  }

  /** LISTENs on a channel; what is returned ends it. */
  async listen(channel: string, callback: (payload: string) => void): Promise<() => Promise<void>> {
    return this.outside(undefined, () => this.subscribe(channel, callback));
  }

  /** Ends one callback's listening, or all of the channel's. */
  async unlisten(channel: string, callback?: (payload: string) => void): Promise<void> {
    const name = channelName(channel);
    const set = this.channels.get(name);
    if (callback === undefined) set?.clear();
    else set?.delete(callback);
    if (set === undefined || set.size > 0) return;
    this.channels.delete(name);
    await this.exec(`UNLISTEN ${identifier(name)}`);
  }

  /** Every notification of every channel listened to. */
  onNotification(callback: (channel: string, payload: string) => void): () => void {
    this.listeners.add(callback);
    return () => this.offNotification(callback);
  }

  offNotification(callback: (channel: string, payload: string) => void): void {
    this.listeners.delete(callback);
  }

  /** Cancels what runs now, as `pg_cancel_backend` does. */
  cancel(): void {
    this.link.cancel();
  }

  /** `idle`, `transaction` or `failed`, after the last statement. */
  get transactionStatus(): 'idle' | 'transaction' | 'failed' {
    const state = this.link.transactionState;
    return state === 84 ? 'transaction' : state === 69 ? 'failed' : 'idle';
  }

  get closed(): boolean {
    return this.ended;
  }

  /** Rolls back what is open and ends the session. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    await this.link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async subscribe(channel: string, callback: (payload: string) => void): Promise<() => Promise<void>> {
    const name = channelName(channel);
    let set = this.channels.get(name);
    if (set === undefined) this.channels.set(name, (set = new Set()));
    set.add(callback);
    await this.runExec(`LISTEN ${identifier(name)}`);
    return () => this.unlisten(channel, callback);
  }

  /** Waits for the caller's turn; takes no detour when it is free and the work ends on this stack. */
  private outside<T>(signal: AbortSignal | undefined, work: () => T | Promise<T>): Promise<T> {
    if (this.ended) return Promise.reject(failure('08003', 'the connection is closed'));
    if (signal?.aborted === true) return Promise.reject(canceled(signal));
    const turn = this.outer.hold(signal);
    if (turn !== undefined) return turn.then(() => this.finish(work));
    return this.finish(work);
  }

  /** @internal */
  runExclusiveNow<T>(signal: AbortSignal | undefined, work: () => T | Promise<T>): Promise<T> {
    return this.outside(signal, work);
  }

  private finish<T>(work: () => T | Promise<T>): Promise<T> {
    let result: T | Promise<T>;
    try {
      result = work();
    } catch (error) {
      this.outer.release();
      return Promise.reject(error as Error);
    }
    if (result instanceof Promise) return result.finally(() => this.outer.release());
    this.outer.release();
    return Promise.resolve(result);
  }

  /** One request on the link, after those before it. */
  private request(kind: Kind, to: Collector, write: (w: ReturnType<Link['begin']>) => void, options?: QueryOptions): Promise<void> | undefined {
    const turn = this.inner.hold(options?.signal);
    if (turn !== undefined) return turn.then(() => this.send(kind, to, write, options));
    return this.send(kind, to, write, options);
  }

  private send(kind: Kind, to: Collector, write: (w: ReturnType<Link['begin']>) => void, options?: QueryOptions): Promise<void> | undefined {
    let running: Promise<void> | undefined;
    try {
      if (options?.onNotice !== undefined) this.notify = options.onNotice;
      write(this.link.begin());
      running = this.link.go(kind, to);
    } catch (error) {
      this.notify = undefined;
      this.inner.release();
      throw error;
    }
    if (running === undefined) {
      this.notify = undefined;
      this.inner.release();
      return undefined;
    }
    const signal = options?.signal;
    const abort = (): void => this.link.cancel();
    signal?.addEventListener('abort', abort, { once: true });
    return running.finally(() => {
      signal?.removeEventListener('abort', abort);
      this.notify = undefined;
      this.inner.release();
    });
  }

  private parsers(options: QueryOptions | undefined): Parsers | undefined {
    if (options?.text === true) return TEXT_ONLY;
    const own = options?.parsers;
    const all = this.defaults.parsers;
    return own === undefined ? all : all === undefined ? own : { ...all, ...own };
  }

  private serializers(options: QueryOptions | undefined): Serializers | undefined {
    const own = options?.serializers;
    const all = this.defaults.serializers;
    return own === undefined ? all : all === undefined ? own : { ...all, ...own };
  }

  private flags(parsers: Parsers | undefined): number {
    return parsers === undefined ? 0 : parsers === TEXT_ONLY ? ALL_TEXT : needsTextDates(parsers) ? TEXT_DATES : 0;
  }

  /** `sql` prepared now if it is worth it: the second time a text is run, or when its parameters' types are needed. */
  private runQuery(sql: string, values: readonly unknown[], options?: QueryOptions): Results | Promise<Results> {
    const custom = this.serializers(options) !== undefined;
    const needTypes = values.length > 0 && (custom || !plain(values));
    const known = this.cache.get(sql);
    if (known !== undefined && known !== null && known.generation === this.link.generation && options?.paramTypes === undefined) {
      // Most recently used last.
      this.cache.delete(sql);
      this.cache.set(sql, known);
      return this.execute(known, values, options, UNNAMED);
    }
    if (needTypes || (known !== undefined && options?.paramTypes === undefined)) {
      const prepared = this.prepareNow(sql, options?.paramTypes, UNNAMED);
      const then = (p: Prepared): Results | Promise<Results> => {
        if (options?.paramTypes === undefined) this.remember(sql, p);
        return this.execute(p, values, options, UNNAMED);
      };
      return prepared instanceof Promise ? prepared.then(then) : then(prepared);
    }
    if (CACHEABLE.test(sql) && sql.length < 10000 && options?.paramTypes === undefined) this.remember(sql, null);
    const parsers = this.parsers(options);
    const c = new Collector(this.sinks, options?.rowMode ?? 'object', parsers);
    const running = this.request(Kind.Query, c, (w) => {
      w.u32(this.flags(parsers));
      w.u32(options?.maxRows ?? 0);
      w.text(sql);
      w.params(values as readonly Param[], options?.paramTypes);
      w.typeIds(options?.paramTypes);
    }, options);
    if (running === undefined) {
      c.check(sql, values);
      return c.single;
    }
    return running.then(() => {
      c.check(sql, values);
      return c.single;
    });
  }

  private remember(sql: string, prepared: Prepared | null): void {
    this.cache.delete(sql);
    this.cache.set(sql, prepared);
    if (this.cache.size <= CACHED) return;
    const [oldest, dropped] = this.cache.entries().next().value!;
    this.cache.delete(oldest);
    if (dropped !== null) void this.closePrepared(dropped);
  }

  /** @internal */
  closePrepared(p: Prepared): Promise<void> {
    if (p.generation !== this.link.generation || this.ended) return Promise.resolve();
    const c = new Collector(this.sinks, 'array', undefined);
    return Promise.resolve(this.request(Kind.Close, c, (w) => w.u32(p.handle))).catch(() => undefined);
  }

  private prepareNow(sql: string, types: readonly number[] | undefined, flags: number): Prepared | Promise<Prepared> {
    const c = new Collector(this.sinks, 'array', undefined);
    const done = (): Prepared => {
      c.check(sql);
      return {
        sql, handle: c.statement, generation: this.link.generation, paramTypes: c.paramTypes ?? [], fields: c.fields,
        shape: undefined, shapeParsers: undefined,
      };
    };
    const running = this.request(Kind.Prepare, c, (w) => {
      w.u32(flags);
      w.text(sql);
      w.typeIds(types);
    });
    return running === undefined ? done() : running.then(done);
  }

  /** @internal One execution of a prepared statement. */
  execute(p: Prepared, values: readonly unknown[], options: QueryOptions | undefined, named: number): Results | Promise<Results> {
    if (p.generation !== this.link.generation) {
      const again = this.prepareNow(p.sql, undefined, named);
      const then = (q: Prepared): Results | Promise<Results> => {
        Object.assign(p, q);
        return this.execute(p, values, options, named);
      };
      return again instanceof Promise ? again.then(then) : then(again);
    }
    const c = this.executeCollector(p, options);
    const running = this.request(Kind.Execute, c, (w) => this.writeExecute(w, p, values, options, named), options);
    if (running === undefined) return this.executed(p, c, values, options);
    return running.then(() => this.executed(p, c, values, options));
  }

  private executeCollector(p: Prepared, options: QueryOptions | undefined): Collector {
    const mode = options?.rowMode ?? 'object';
    const parsers = this.parsers(options);
    const c = new Collector(this.sinks, mode, parsers);
    c.fields = p.fields;
    if (p.shape !== undefined && p.shape.mode === mode && p.shapeParsers === parsers) c.shape = p.shape;
    return c;
  }

  private writeExecute(w: ReturnType<Link['begin']>, p: Prepared, values: readonly unknown[], options: QueryOptions | undefined, named: number): void {
    w.u32(this.flags(this.parsers(options)) | named);
    w.u32(options?.maxRows ?? 0);
    w.u32(p.handle);
    const given = this.serializers(options);
    if (given === undefined && plain(values)) w.params(values as readonly Param[], p.paramTypes);
    else {
      w.params(values.map((v, i): Param => {
        if (v === null || v === undefined) return null;
        const type = p.paramTypes[i] ?? 0;
        if (given?.[type] === undefined && given?.[arrayElement[type] ?? 0] === undefined && plain([v])) return v as Param;
        return serialize(v, type, given);
      }), p.paramTypes);
    }
  }

  private executed(p: Prepared, c: Collector, values: readonly unknown[], options: QueryOptions | undefined): Results {
    c.check(p.sql, values);
    p.fields = c.lastFields;
    p.shape = c.lastShape;
    p.shapeParsers = this.parsers(options);
    return c.single;
  }

  private runExec(sql: string, options?: QueryOptions): Promise<Results[]> {
    const parsers = this.parsers(options);
    const c = new Collector(this.sinks, options?.rowMode ?? 'object', parsers);
    const done = (): Results[] => {
      c.check(sql);
      return c.results;
    };
    const running = this.request(Kind.Exec, c, (w) => {
      w.u32(this.flags(parsers));
      w.text(sql);
    }, options);
    if (running !== undefined) return running.then(done);
    try {
      return Promise.resolve(done());
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  private async runDescribe(sql: string, options?: QueryOptions): Promise<DescribeQueryResult> {
    const c = new Collector(this.sinks, 'array', undefined);
    await this.request(Kind.Describe, c, (w) => w.text(sql), options);
    c.check(sql);
    const parsers = this.parsers(options);
    const serializers = this.serializers(options);
    return {
      queryParams: (c.paramTypes ?? []).map((dataTypeID) => ({
        dataTypeID, serializer: (v: unknown) => (v === null || v === undefined ? null : serialize(v, dataTypeID, serializers)),
      })),
      resultFields: (c.fields ?? []).map((f) => ({ name: f.name, dataTypeID: f.dataTypeID, parser: parserFor(f.dataTypeID, parsers) })),
    };
  }

  /** @internal The synchronous door's entry. */
  now(kind: Kind, mode: RowMode, parsers: Parsers | undefined, write: (w: ReturnType<Link['begin']>) => void): Collector {
    if (this.ended) throw failure('08003', 'the connection is closed');
    if (!this.outer.free || !this.inner.free) throw failure('55006', 'the session is busy with an asynchronous statement');
    const c = new Collector(this.sinks, mode, parsers);
    write(this.link.begin());
    this.link.goSync(kind, c);
    return c;
  }

  /** @internal */
  querySync(sql: string, values: readonly unknown[], options: QueryOptions | undefined): Results {
    const p = this.cache.get(sql) ?? undefined;
    const given = this.serializers(options);
    if (options?.paramTypes === undefined && p !== undefined && p.generation === this.link.generation) return this.executeSync(p, values, options, UNNAMED);
    if ((this.cache.has(sql) && options?.paramTypes === undefined) || (values.length > 0 && (given !== undefined || !plain(values)))) {
      const q = this.prepareSync(sql, options?.paramTypes, UNNAMED);
      if (options?.paramTypes === undefined) this.remember(sql, q);
      return this.executeSync(q, values, options, UNNAMED);
    }
    if (CACHEABLE.test(sql) && sql.length < 10000 && options?.paramTypes === undefined) this.remember(sql, null);
    const parsers = this.parsers(options);
    const c = this.now(Kind.Query, options?.rowMode ?? 'object', parsers, (w) => {
      w.u32(this.flags(parsers));
      w.u32(options?.maxRows ?? 0);
      w.text(sql);
      w.params(values as readonly Param[], options?.paramTypes);
      w.typeIds(options?.paramTypes);
    });
    c.check(sql, values);
    return c.single;
  }

  private prepareSync(sql: string, types: readonly number[] | undefined, flags: number): Prepared {
    const c = this.now(Kind.Prepare, 'array', undefined, (w) => {
      w.u32(flags);
      w.text(sql);
      w.typeIds(types);
    });
    c.check(sql);
    return {
      sql, handle: c.statement, generation: this.link.generation, paramTypes: c.paramTypes ?? [], fields: c.fields, shape: undefined,
      shapeParsers: undefined,
    };
  }

  /** @internal */
  executeSync(p: Prepared, values: readonly unknown[], options: QueryOptions | undefined, named: number): Results {
    if (this.ended) throw failure('08003', 'the connection is closed');
    if (!this.outer.free || !this.inner.free) throw failure('55006', 'the session is busy with an asynchronous statement');
    if (p.generation !== this.link.generation) Object.assign(p, this.prepareSync(p.sql, undefined, named));
    const c = this.executeCollector(p, options);
    this.writeExecute(this.link.begin(), p, values, options, named);
    this.link.goSync(Kind.Execute, c);
    return this.executed(p, c, values, options);
  }

  /** @internal */
  execSync(sql: string, options: QueryOptions | undefined): Results[] {
    const parsers = this.parsers(options);
    const c = this.now(Kind.Exec, options?.rowMode ?? 'object', parsers, (w) => {
      w.u32(this.flags(parsers));
      w.text(sql);
    });
    c.check(sql);
    return c.results;
  }
}

/** A channel's name as PostgreSQL folds it. */
function channelName(channel: string): string {
  return channel.startsWith('"') && channel.endsWith('"') && channel.length > 1 ? channel.slice(1, -1).replaceAll('""', '"') : channel.toLowerCase();
}

/** The same session without promises: for databases in this thread's memory. A statement that would have to wait raises 55P03. */
export class SyncSession {
  constructor(private readonly session: Session) {}

  query<Row = Record<string, unknown>>(sql: string, params?: readonly unknown[], options?: QueryOptions): Results<Row> {
    return this.session.querySync(sql, params ?? NO_PARAMS, options) as Results<Row>;
  }

  sql<Row = Record<string, unknown>>(strings: TemplateStringsArray, ...values: unknown[]): Results<Row> {
    const { text, params } = compose(strings, values);
    return this.query<Row>(text, params);
  }

  exec(sql: string, options?: QueryOptions): Results[] {
    return this.session.execSync(sql, options);
  }

  /** Runs `body` between BEGIN and COMMIT; rolls back when it throws. */
  transaction<T>(body: (tx: SyncSession) => T): T {
    this.exec('BEGIN');
    let value: T;
    try {
      value = body(this);
    } catch (error) {
      this.exec('ROLLBACK');
      throw error;
    }
    if (this.exec('COMMIT')[0]?.command === 'ROLLBACK') throw failure('25P02', 'the transaction was rolled back: a statement in it had failed');
    return value;
  }
}

/** A prepared statement. */
export class Statement<Row = Record<string, unknown>> {
  private open = true;
  /** The same without promises. */
  readonly sync: { query(params?: readonly unknown[], options?: QueryOptions): Results<Row> };

  constructor(private readonly session: Session, private readonly prepared: Prepared, private readonly options: QueryOptions) {
    this.sync = {
      query: (params, options) => {
        this.check();
        return session.executeSync(prepared, params ?? NO_PARAMS, options ?? this.options, 0) as Results<Row>;
      },
    };
  }

  /** Type OIDs of the parameters. */
  get paramTypes(): readonly number[] {
    return this.prepared.paramTypes;
  }

  /** Columns of the result; empty when there is none. */
  get fields(): readonly Field[] {
    return this.prepared.fields ?? [];
  }

  query(params?: readonly unknown[], options?: QueryOptions): Promise<Results<Row>> {
    this.check();
    const o = options ?? this.options;
    return this.session.runExclusiveNow(o.signal, () => this.session.execute(this.prepared, params ?? NO_PARAMS, o, 0)) as Promise<Results<Row>>;
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.session.closePrepared(this.prepared);
  }

  private check(): void {
    if (!this.open) throw failure('26000', 'the prepared statement is closed');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
