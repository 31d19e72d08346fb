/**
 * Drives an engine in this thread: steps its sessions, writes its log, loads its segments. The engine itself never waits: it says what
 * it waits for (`Status`) and the host steps it again when that has come.
 */
import { type Engine, type EngineModule, type EngineOptions, Flag, InputWriter, Io, Memory, Status } from './engine.js';
import { failure, PostgresError } from './errors.js';
import type { Backend, Link, Receiver } from './link.js';
import { eachItem, Item, Reader, readReport, type Views } from './packed.js';
import { needsRest, type Rest } from './parts.js';
import type { Kind, Writer } from './request.js';
import type { CheckpointData, LogRecord, Storage } from './storage/storage.js';

export interface HostOptions extends EngineOptions {
  /** How long a statement may hold the thread before it lets others run. */
  budgetMs: number;
}

/** How long messages may follow each other before timers, too, get their turn: a browser may prefer messages to them. */
const TIMERS_MS = 32;

/** A macrotask: lets input, rendering and messages through, without the 4 ms a nested `setTimeout` costs; timers now and then. */
export const macrotask: () => Promise<void> = (() => {
  const immediate = (globalThis as { setImmediate?: (f: () => void) => void }).setImmediate;
  if (immediate !== undefined) return () => new Promise<void>((resolve) => immediate(resolve));
  if (typeof MessageChannel === 'undefined') return () => new Promise<void>((resolve) => setTimeout(resolve));
  let waiting: (() => void)[] = [];
  let channel: MessageChannel | undefined;
  let timers = 0;
  return () => new Promise<void>((resolve) => {
    const now = performance.now();
    if (now - timers > TIMERS_MS) {
      timers = now;
      setTimeout(resolve);
      return;
    }
    if (channel === undefined) {
      channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const run = waiting;
        waiting = [];
        for (const f of run) f();
      };
    }
    if (waiting.push(resolve) === 1) channel.port2.postMessage(0);
  });
})();

/** A failed storage write, as PostgreSQL would say it. */
export function storageError(error: unknown): PostgresError {
  if (error instanceof PostgresError) return error;
  const name = (error as { name?: string } | null)?.name ?? '';
  const inner = (error as { message?: string } | null)?.message ?? String(error);
  if (name === 'QuotaExceededError') return failure('53100', 'could not write to log: no space left in the browser\'s storage', { detail: inner });
  return failure('58030', `could not write to log: ${inner || name}`);
}

export class Host implements Backend {
  engine!: Engine;
  memory!: Memory;
  writer!: InputWriter;
  generation = 0;
  private dead: unknown;
  private inside = false;
  private closed = false;
  private readonly links = new Map<number, LocalLink>();
  private readonly blocked = new Set<() => void>();
  private ackWaiters: { lsn: number; wake: () => void; fail: (why: PostgresError) => void }[] = [];
  private acked = 0;
  private pending: LogRecord[] = [];
  private writing: Promise<void> | undefined;
  private checkpointDue = false;

  private constructor(
    private readonly instantiate: () => Promise<EngineModule>,
    private readonly storage: Storage | undefined,
    readonly options: HostOptions,
  ) {}

  private module!: EngineModule;
  /** The engine's second part while it is not there. */
  rest: Rest | undefined;

  /** Opens the database: manifest, then the log, then ready. Nothing stored is changed by an open that fails. */
  static async open(instantiate: () => Promise<EngineModule>, storage: Storage | undefined, options: HostOptions): Promise<Host> {
    const host = new Host(instantiate, storage, options);
    await host.start();
    return host;
  }

  private async start(): Promise<void> {
    this.module = await this.instantiate();
    this.rest = this.module.rest;
    this.expecting = false;
    this.memory = new Memory(this.module.memory);
    const engine = this.module.create({ durability: this.options.durability, settings: this.options.settings });
    this.engine = engine;
    if (this.storage !== undefined) {
      const stored = await this.storage.load();
      this.check(engine.open(stored.manifest));
      for (const record of stored.log) {
        this.check(engine.replay(record.lsn, record.bytes));
        this.acked = Math.max(this.acked, record.lsn);
      }
      this.check(engine.open_done());
    }
    this.writer = new InputWriter(engine, this.memory);
    this.generation++;
    this.after();
  }

  private check(status: number): void {
    if (status !== Status.Failed) return;
    throw this.outputError() ?? failure('XX001', 'the stored database could not be read');
  }

  private outputError(): PostgresError | undefined {
    const v = this.memory.views();
    let error: PostgresError | undefined;
    this.eachOutput(v, (kind, body) => {
      if (kind === Item.Error) error = new PostgresError(readReport(v, body));
    });
    return error;
  }

  /** @internal */
  eachOutput(v: Views, visit: (kind: number, body: number, length: number) => void): void {
    const io = this.engine.io_ptr() >>> 2;
    const length = v.u32[io + Io.OutLength];
    if (length > 0) eachItem(v, v.u32[io + Io.Out], length, visit);
  }

  /** Calls into the engine; an exception means the instance is gone. */
  private enter<T>(f: () => T): T {
    if (this.dead !== undefined) throw this.lost();
    if (this.inside) throw failure('55006', 'the engine is busy: a parser or notice handler must not run statements');
    this.inside = true;
    try {
      return f();
    } catch (error) {
      this.abandon(error);
      throw this.lost();
    } finally {
      this.inside = false;
    }
  }

  /** The instance is not to be used any more. */
  private abandon(why: unknown): void {
    this.dead ??= why;
    this.rest = undefined;
    for (const wake of [...this.blocked]) wake();
    for (const waiter of this.ackWaiters.splice(0)) waiter.wake();
  }

  private lost(): PostgresError {
    const hint = this.storage === undefined ? 'A database in memory is lost with it.' : 'The database is opened again from storage with the next statement; everything acknowledged is there.';
    // In the middle of a statement the second part could not be had: the statement cannot be undone.
    if (this.dead instanceof PostgresError) return this.dead.code === '58P01' ? failure('58P01', this.dead.message, { hint }) : this.dead;
    const error = failure('XX000', 'the engine stopped unexpectedly', { detail: this.dead instanceof Error ? this.dead.message : String(this.dead), hint });
    error.cause = this.dead;
    return error;
  }

  /** Whether the instance has to be made anew before the next statement, and can be. */
  get needsRestart(): boolean {
    return this.dead !== undefined && this.storage !== undefined && !this.closed;
  }

  private restarting: Promise<void> | undefined;

  /** Makes a new instance after a panic and reads the database from storage. */
  restart(): Promise<void> {
    return (this.restarting ??= (async () => {
      await this.writing?.catch(() => undefined);
      this.pending = [];
      this.acked = 0;
      this.inside = false;
      this.dead = undefined;
      this.links.clear();
      await this.start().catch((error: unknown) => {
        this.dead = error;
        throw error;
      });
    })().finally(() => {
      this.restarting = undefined;
    }));
  }

  openId(user: string, database: string): number {
    const id = this.enter(() => this.engine.open_session(user, database));
    if (id === 0) throw this.outputError() ?? failure('08004', 'the session was refused');
    return id;
  }

  openSync(user: string, database: string): Link {
    const link = new LocalLink(this, user, database);
    this.links.set(link.attach(), link);
    return link;
  }

  async open(user: string, database: string): Promise<Link> {
    if (this.needsRestart) await this.restart();
    return this.openSync(user, database);
  }

  register(id: number, link: LocalLink): void {
    this.links.set(id, link);
  }

  forget(id: number): void {
    this.links.delete(id);
    if (this.dead !== undefined) return;
    this.enter(() => this.engine.close_session(id));
    this.after();
  }

  /** One call of `run` or `step`: its output goes to `to`, its flags are seen to. */
  turn(call: () => number, to: Receiver): number {
    const status = this.enter(call);
    const v = this.memory.views();
    const io = this.engine.io_ptr() >>> 2;
    const length = v.u32[io + Io.OutLength];
    if (length > 0) {
      this.inside = true;
      try {
        to.take(v, v.u32[io + Io.Out], length);
      } finally {
        this.inside = false;
      }
    }
    return status;
  }

  /** Has the second part fetched; rejects with why it cannot be had. */
  loadRest(): Promise<void> {
    const rest = this.rest;
    if (rest === undefined) return Promise.resolve();
    return rest.load().then(() => {
      if (this.rest === rest) this.rest = undefined;
    });
  }

  /** The same on this stack. */
  loadRestSync(): void {
    this.rest?.loadSync();
    this.rest = undefined;
  }

  private expecting = false;

  /** A first statement is answered: now the second part is fetched, before something needs it. */
  expectRest(): void {
    if (this.rest?.loaded === true) this.rest = undefined;
    if (this.rest === undefined || this.expecting) return;
    this.expecting = true;
    // What is wrong with it is told to the next statement. A file keeps no process alive that has nothing else to do.
    const timer: unknown = setTimeout(() => void this.loadRest().catch(() => undefined), this.rest.near ? 50 : 0);
    if (this.rest.near) (timer as { unref?(): void }).unref?.();
  }

  /** What the last call left to do beyond its own statement. */
  after(): void {
    const v = this.memory.views();
    const io = this.engine.io_ptr() >>> 2;
    const flags = v.u32[io + Io.Flags];
    if (flags === 0) return;
    const notify = v.u32[io + Io.NotifySession];
    if ((flags & Flag.Checkpoint) !== 0) this.checkpointDue = true;
    if ((flags & Flag.Log) !== 0) this.collectLog();
    if ((flags & Flag.Unblocked) !== 0) for (const wake of [...this.blocked]) wake();
    if ((flags & Flag.Notify) !== 0) {
      // Not on the stack of the statement that sent it.
      queueMicrotask(() => {
        if (this.dead !== undefined || this.closed) return;
        const link = this.links.get(notify);
        if (link === undefined || link.running) return;
        this.turn(() => (this.engine.poll(notify), 0), { take: (v2, s, n) => link.idle?.take(v2, s, n) });
        this.after();
      });
    }
    if ((this.pending.length > 0 || this.checkpointDue) && this.storage !== undefined) this.writing ??= this.writeSoon();
  }

  private collectLog(): void {
    this.enter(() => this.engine.take_log());
    const v = this.memory.views();
    this.eachOutput(v, (kind, body, length) => {
      if (kind !== Item.LogRecord) return;
      const r = new Reader(v, body);
      const lsn = r.u64();
      this.pending.push({ lsn, bytes: r.bytes(length - 8) });
    });
  }

  /** One readwrite transaction per tick holds what all sessions committed in the meantime. */
  private async writeSoon(): Promise<void> {
    const storage = this.storage!;
    try {
      await macrotask();
      while ((this.pending.length > 0 || this.checkpointDue) && this.dead === undefined) {
        const records = this.pending;
        this.pending = [];
        if (records.length > 0) {
          const last = records[records.length - 1].lsn;
          try {
            await storage.append(records);
          } catch (error) {
            // Commits are in the instance's memory that are not in storage: as PostgreSQL does when it cannot write its log, start
            // again from what is stored. Who waits is told why.
            const told = storageError(error);
            const waiting = this.ackWaiters.splice(0);
            this.pending = [];
            this.abandon(failure('57P02', 'the session ended because the database\'s log could not be written', { detail: told.message }));
            for (const w of waiting) w.fail(told);
            continue;
          }
          this.acked = last;
          this.enter(() => this.engine.ack(last));
          this.wakeAcks(last);
          this.after();
        }
        if (this.checkpointDue && this.pending.length === 0 && this.dead === undefined) {
          this.checkpointDue = false;
          await this.checkpoint();
        }
      }
    } catch (error) {
      if (this.dead === undefined) throw error;
    } finally {
      this.writing = undefined;
    }
  }

  private async checkpoint(): Promise<void> {
    let taken = this.enter(() => this.engine.take_checkpoint());
    while (taken === 2) {
      // A table with work in the log that was never loaded: its rows are needed to write it anew.
      const names: string[] = [];
      this.eachOutput(this.memory.views(), (kind, body) => {
        if (kind === Item.NeedSegment) names.push(new Reader(this.memory.views(), body).text());
      });
      await this.loadSegments(names);
      taken = this.enter(() => this.engine.take_checkpoint());
    }
    if (taken === 0) return;
    const v = this.memory.views();
    const data: CheckpointData = { segments: [], drop: [], manifest: new Uint8Array(0), lsn: 0 };
    this.eachOutput(v, (kind, body, length) => {
      const r = new Reader(v, body);
      if (kind === Item.Segment) {
        const name = r.text();
        data.segments.push({ name, bytes: r.bytes(r.u32()) });
      } else if (kind === Item.DropSegment) data.drop.push(r.text());
      else if (kind === Item.Manifest) {
        data.lsn = r.u64();
        data.manifest = r.bytes(length - 8);
      }
    });
    let ok = true;
    try {
      await this.storage!.checkpoint(data);
    } catch {
      // The old manifest and the log still say everything; the next checkpoint tries again.
      ok = false;
    }
    if (this.dead !== undefined) return;
    this.enter(() => this.engine.checkpoint_done(ok));
    this.after();
  }

  private wakeAcks(upTo: number): void {
    const ready = this.ackWaiters.filter((w) => w.lsn <= upTo);
    this.ackWaiters = this.ackWaiters.filter((w) => w.lsn > upTo);
    for (const w of ready) w.wake();
  }

  /** Resolves when what `status` waits for may have come. */
  wait(status: number, names: readonly string[]): Promise<void> {
    const v = this.memory.views();
    const io = this.engine.io_ptr() >>> 2;
    switch (status) {
      case Status.Blocked: {
        const ms = v.u32[io + Io.WakeAfter];
        return new Promise((resolve) => {
          let timer: ReturnType<typeof setTimeout> | undefined;
          const wake = (): void => {
            this.blocked.delete(wake);
            if (timer !== undefined) clearTimeout(timer);
            resolve();
          };
          this.blocked.add(wake);
          if (ms > 0) timer = setTimeout(wake, ms);
        });
      }
      case Status.AwaitAck: {
        const lsn = v.u32[io + Io.LsnLow] + v.u32[io + Io.LsnHigh] * 4294967296;
        if (lsn <= this.acked) return Promise.resolve();
        return new Promise((wake, fail) => this.ackWaiters.push({ lsn, wake, fail }));
      }
      case Status.AwaitSegments: return this.loadSegments(names);
      default: return macrotask();
    }
  }

  private async loadSegments(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const bytes = await this.storage?.segment(name);
      this.enter(() => this.engine.provide_segment(name, bytes ?? new Uint8Array(0)));
    }
  }

  wakeBlocked(): void {
    for (const wake of [...this.blocked]) wake();
  }

  call(name: string, args: unknown[]): Promise<unknown> {
    const f = this.module.functions[name];
    if (f === undefined) return Promise.reject(failure('42883', `the engine has no function ${name}`));
    if (this.rest !== undefined) return this.loadRest().then(() => this.call(name, args));
    try {
      return Promise.resolve(f(...args));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : failure('XX000', String(error)));
    }
  }

  /** Writes what is left and lets go of everything. */
  async close(): Promise<void> {
    if (this.closed) return;
    for (const link of [...this.links.values()]) await link.close();
    while (this.writing !== undefined) await this.writing;
    this.closed = true;
    this.rest = undefined;
    if (this.dead === undefined) {
      this.dead = failure('57P01', 'the database is closed');
      this.engine.free();
    }
    await this.storage?.close();
  }
}

/** A session of an engine in this thread. */
export class LocalLink implements Link {
  idle: Receiver | undefined;
  running = false;
  private id = 0;
  private made = 0;
  private names: string[] = [];
  private ended = false;

  constructor(private readonly host: Host, private readonly user: string, private readonly database: string) {}

  attach(): number {
    this.id = this.host.openId(this.user, this.database);
    this.made = this.host.generation;
    return this.id;
  }

  get generation(): number {
    return this.host.generation;
  }

  get transactionState(): number {
    return this.state;
  }
  private state = 73;

  private ensure(): void {
    if (this.ended) throw failure('08003', 'the session is closed');
    if (this.made === this.host.generation) return;
    this.host.register(this.attach(), this);
    this.state = 73;
  }

  begin(): Writer {
    if (!this.host.needsRestart) this.ensure();
    return this.host.writer.begin();
  }

  private to: Receiver | undefined;

  private turn(call: () => number): number {
    this.names = [];
    const status = this.host.turn(call, this.to!);
    const v = this.host.memory.views();
    if (status === Status.AwaitSegments) {
      this.host.eachOutput(v, (kind, body) => {
        if (kind === Item.NeedSegment) this.names.push(new Reader(v, body).text());
      });
    }
    this.state = v.u32[(this.host.engine.io_ptr() >>> 2) + Io.TransactionState];
    return status;
  }

  go(kind: Kind, to: Receiver): Promise<void> | undefined {
    const host = this.host;
    if (host.needsRestart) {
      // The request was written into the lost instance; it is taken along to the new one.
      const bytes = host.writer.u8.slice(host.writer.base, host.writer.at);
      return host.restart().then(() => {
        this.ensure();
        host.writer.begin().bytes(bytes);
        return this.go(kind, to);
      });
    }
    if (host.rest !== undefined) {
      const rest = host.rest;
      if (!rest.loaded && (rest.failed || needsRest(kind, host.writer, rest.near))) return this.goWithRest(kind, to);
      host.expectRest();
    }
    this.running = true;
    this.to = to;
    let status: number;
    try {
      status = this.turn(() => host.engine.run(this.id, kind, host.writer.length, host.options.budgetMs));
      if (status === Status.Done) {
        this.running = false;
        host.after();
        return undefined;
      }
    } catch (error) {
      this.running = false;
      return Promise.reject(error as Error);
    }
    return this.pump(status, to);
  }

  private endWait: ((why: PostgresError) => void) | undefined;

  /** The request waits until the engine's second part is there; another session's may be written in the meantime. */
  private async goWithRest(kind: Kind, to: Receiver): Promise<void> {
    const host = this.host;
    const bytes = host.writer.u8.slice(host.writer.base, host.writer.at);
    const generation = host.generation;
    this.running = true;
    try {
      await Promise.race([host.loadRest(), new Promise<never>((_, reject) => (this.endWait = reject))]);
    } finally {
      this.endWait = undefined;
      this.running = false;
    }
    if (host.generation !== generation) throw failure('57P02', 'the engine was restarted while the statement ran');
    this.ensure();
    host.writer.begin().bytes(bytes);
    await this.go(kind, to);
  }

  private async pump(first: number, to: Receiver): Promise<void> {
    const host = this.host;
    const generation = this.made;
    let status = first;
    let since = performance.now();
    try {
      for (;;) {
        // A result of many pieces lets others have their turn as often as a statement that computes.
        const more = status === Status.MoreOutput && performance.now() - since < host.options.budgetMs;
        const wait = more ? undefined : host.wait(status, this.names);
        host.after();
        if (status === Status.Done) return;
        if (wait !== undefined) {
          await wait;
          since = performance.now();
        }
        if (host.generation !== generation) throw failure('57P02', 'the engine was restarted while the statement ran');
        this.to = to;
        status = this.turn(() => host.engine.step(this.id, host.options.budgetMs));
      }
    } finally {
      this.running = false;
    }
  }

  goSync(kind: Kind, to: Receiver): void {
    const host = this.host;
    this.ensure();
    if (host.rest !== undefined) {
      // Here an attempt that fails has changed nothing yet.
      if (!host.rest.loaded && (host.rest.failed || needsRest(kind, host.writer, host.rest.near))) host.loadRestSync();
      else host.expectRest();
    }
    this.to = to;
    let status = this.turn(() => host.engine.run(this.id, kind, host.writer.length, 1e9));
    while (status !== Status.Done) {
      if (status === Status.Yielded || status === Status.MoreOutput) {
        status = this.turn(() => host.engine.step(this.id, 1e9));
        continue;
      }
      // It would have to wait: the statement ends here, then the caller is told why.
      const why = status === Status.Blocked ? 'another session holds a lock it needs' : 'it must wait for storage';
      host.engine.cancel(this.id);
      for (let i = 0; i < 1000 && status !== Status.Done; i++) status = host.turn(() => host.engine.step(this.id, 1e9), { take: () => undefined });
      host.after();
      throw failure('55P03', `the statement cannot run synchronously: ${why}`);
    }
    host.after();
  }

  cancel(): void {
    if (!this.running || this.ended) return;
    if (this.endWait !== undefined) {
      this.endWait(failure('57014', 'canceling statement due to user request'));
      return;
    }
    this.host.engine.cancel(this.id);
    this.host.wakeBlocked();
  }

  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    if (this.running) this.cancelForClose();
    if (this.made === this.host.generation) this.host.forget(this.id);
  }

  private cancelForClose(): void {
    this.host.engine.cancel(this.id);
    this.host.wakeBlocked();
  }
}
