/** Links over a port: the requests and the packed outputs of `PACKED.md` in typed messages, so both ends share all code above `Link`. */
import { failure, PostgresError, type ReportFields } from './errors.js';
import type { Backend, Link, Receiver } from './link.js';
import { Views } from './packed.js';
import { type Kind, Writer } from './request.js';

/** What a Worker, a MessagePort and a BroadcastChannel have in common. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close?(): void;
}

interface PlainError {
  fields: ReportFields | undefined;
  message: string;
}

type ToServer =
  | { t: 'open'; n: number; user: string; database: string }
  | { t: 'go'; s: number; kind: Kind; bytes: Uint8Array }
  | { t: 'cancel'; s: number }
  | { t: 'close'; n: number; s: number }
  | { t: 'call'; n: number; name: string; args: unknown[] };

type ToClient =
  | { t: 'reply'; n: number; value?: unknown; error?: PlainError }
  | { t: 'out'; s: number; chunks: Uint8Array[]; done?: true; error?: PlainError; state: number; generation: number }
  | { t: 'idle'; s: number; chunk: Uint8Array };

function plain(error: unknown): PlainError {
  return { fields: error instanceof PostgresError ? error.fields() : undefined, message: error instanceof Error ? error.message : String(error) };
}

function revive(error: PlainError): Error {
  return error.fields === undefined ? new Error(error.message) : new PostgresError(error.fields);
}

/** Serves a backend's sessions on a port. What is returned ends them all. */
export function serve(port: Port, backend: Backend, transfers: boolean): () => Promise<void> {
  const links = new Map<number, Link>();
  let last = 0;
  const post = (message: ToClient, chunks?: Uint8Array[]): void => {
    if (transfers && chunks !== undefined) port.postMessage(message, chunks.map((c) => c.buffer as ArrayBuffer));
    else port.postMessage(message);
  };
  const reply = (n: number, work: Promise<unknown>): void => {
    work.then((value) => post({ t: 'reply', n, value }), (error: unknown) => post({ t: 'reply', n, error: plain(error) }));
  };
  const go = (s: number, link: Link, kind: Kind, bytes: Uint8Array): void => {
    let chunks: Uint8Array[] = [];
    let running: Promise<void> | undefined;
    let later = false;
    const state = (): { state: number; generation: number } => ({ state: link.transactionState, generation: link.generation });
    const to: Receiver = {
      take(v, start, length) {
        const chunk = v.u8.slice(start, start + length);
        if (later) post({ t: 'out', s, chunks: [chunk], ...state() }, [chunk]);
        else chunks.push(chunk);
      },
    };
    const end = (error?: unknown): void => {
      const message: ToClient = { t: 'out', s, chunks, done: true, ...state() };
      if (error !== undefined) message.error = plain(error);
      post(message, chunks);
    };
    try {
      link.begin().bytes(bytes);
      running = link.go(kind, to);
    } catch (error) {
      end(error);
      return;
    }
    if (running === undefined) {
      end();
      return;
    }
    later = true;
    if (chunks.length > 0) {
      post({ t: 'out', s, chunks, ...state() }, chunks);
      chunks = [];
    }
    running.then(() => end(), end);
  };
  port.onmessage = (event: MessageEvent) => {
    const m = event.data as ToServer;
    switch (m.t) {
      case 'open':
        reply(m.n, backend.open(m.user, m.database).then((link) => {
          const s = ++last;
          links.set(s, link);
          link.idle = {
            take(v, start, length) {
              const chunk = v.u8.slice(start, start + length);
              post({ t: 'idle', s, chunk }, [chunk]);
            },
          };
          return { s, generation: link.generation };
        }));
        return;
      case 'go': {
        const link = links.get(m.s);
        if (link !== undefined) go(m.s, link, m.kind, m.bytes);
        else post({ t: 'out', s: m.s, chunks: [], done: true, error: plain(failure('08003', 'the session does not exist')), state: 73, generation: 0 });
        return;
      }
      case 'cancel': links.get(m.s)?.cancel(); return;
      case 'close': {
        const link = links.get(m.s);
        links.delete(m.s);
        reply(m.n, link?.close() ?? Promise.resolve());
        return;
      }
      case 'call': reply(m.n, backend.call(m.name, m.args)); return;
    }
  };
  return async () => {
    port.onmessage = null;
    for (const link of links.values()) await link.close().catch(() => undefined);
    port.close?.();
  };
}

/** The other end of `serve`. */
export class RemoteBackend implements Backend {
  private next = 0;
  private readonly replies = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private readonly links = new Map<number, RemoteLink>();
  private broken: Error | undefined;

  constructor(readonly port: Port, private readonly onClose?: () => void) {
    port.onmessage = (event: MessageEvent) => this.receive(event.data as ToClient);
  }

  private receive(m: ToClient): void {
    switch (m.t) {
      case 'reply': {
        const waiting = this.replies.get(m.n);
        this.replies.delete(m.n);
        if (m.error !== undefined) waiting?.reject(revive(m.error));
        else waiting?.resolve(m.value);
        return;
      }
      case 'out': this.links.get(m.s)?.receive(m.chunks, m.done === true, m.error, m.state, m.generation); return;
      case 'idle': this.links.get(m.s)?.receiveIdle(m.chunk); return;
    }
  }

  ask(message: Record<string, unknown>): Promise<unknown> {
    if (this.broken !== undefined) return Promise.reject(this.broken);
    return new Promise((resolve, reject) => {
      const n = ++this.next;
      this.replies.set(n, { resolve, reject });
      this.port.postMessage({ ...message, n });
    });
  }

  async open(user: string, database: string): Promise<RemoteLink> {
    const { s, generation } = (await this.ask({ t: 'open', user, database })) as { s: number; generation: number };
    const link = new RemoteLink(this, s, generation);
    this.links.set(s, link);
    return link;
  }

  send(message: ToServer, transfer?: Transferable[]): void {
    if (transfer === undefined) this.port.postMessage(message);
    else this.port.postMessage(message, transfer);
  }

  call(name: string, args: unknown[]): Promise<unknown> {
    return this.ask({ t: 'call', name, args });
  }

  async closeLink(s: number): Promise<void> {
    this.links.delete(s);
    if (this.broken === undefined) await this.ask({ t: 'close', s });
  }

  /** The other end is gone: everything that waits for it fails. */
  fail(error: Error): void {
    this.broken = error;
    for (const r of this.replies.values()) r.reject(error);
    this.replies.clear();
    for (const link of this.links.values()) link.fail(error);
  }

  get error(): Error | undefined {
    return this.broken;
  }

  async close(): Promise<void> {
    this.fail(failure('57P01', 'the database is closed'));
    this.port.close?.();
    this.onClose?.();
  }
}

export class RemoteLink implements Link {
  idle: Receiver | undefined;
  transactionState = 73;
  private readonly writer = new Writer();
  private running: { to: Receiver; resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(private readonly backend: RemoteBackend, private readonly s: number, public generation: number) {}

  begin(): Writer {
    this.writer.at = 0;
    return this.writer;
  }

  go(kind: Kind, to: Receiver): Promise<void> {
    const error = this.backend.error;
    if (error !== undefined) return Promise.reject(error);
    const bytes = this.writer.u8.slice(0, this.writer.at);
    return new Promise((resolve, reject) => {
      this.running = { to, resolve, reject };
      this.backend.send({ t: 'go', s: this.s, kind, bytes });
    });
  }

  goSync(): void {
    throw failure('0A000', 'the synchronous door is not supported for a database in a worker or another tab');
  }

  receive(chunks: Uint8Array[], done: boolean, error: PlainError | undefined, state: number, generation: number): void {
    const run = this.running;
    this.transactionState = state;
    this.generation = generation;
    if (run === undefined) return;
    for (const c of chunks) run.to.take(new Views(c.buffer), 0, c.length);
    if (!done) return;
    this.running = undefined;
    if (error !== undefined) run.reject(revive(error));
    else run.resolve();
  }

  receiveIdle(chunk: Uint8Array): void {
    this.idle?.take(new Views(chunk.buffer), 0, chunk.length);
  }

  fail(error: Error): void {
    const run = this.running;
    this.running = undefined;
    run?.reject(error);
  }

  cancel(): void {
    if (this.running !== undefined) this.backend.send({ t: 'cancel', s: this.s });
  }

  close(): Promise<void> {
    return this.backend.closeLink(this.s);
  }
}

/** A session whose way to the engine is still being found, or changes when another tab takes over. */
export class MovingLink implements Link {
  generation = 0;
  private current: Link | undefined;
  private readonly writer = new Writer();
  private waiting: Promise<Link>;
  private idleTo: Receiver | undefined;
  private ended = false;

  constructor(connect: Promise<Link>) {
    this.waiting = this.follow(connect);
  }

  /** From now on `connect`'s link carries the session; prepared statements of the old one are gone. */
  move(connect: Promise<Link>): void {
    this.current = undefined;
    this.waiting = this.follow(connect);
  }

  private follow(connect: Promise<Link>): Promise<Link> {
    const p = connect.then((link) => {
      this.generation++;
      link.idle = this.idleTo;
      if (this.ended) void link.close();
      return (this.current = link);
    });
    p.catch(() => undefined);
    return p;
  }

  get ready(): Promise<Link> {
    return this.waiting;
  }

  get idle(): Receiver | undefined {
    return this.idleTo;
  }
  set idle(to: Receiver | undefined) {
    this.idleTo = to;
    if (this.current !== undefined) this.current.idle = to;
  }

  get transactionState(): number {
    return this.current?.transactionState ?? 73;
  }

  private direct: Link | undefined;

  begin(): Writer {
    this.direct = this.current;
    if (this.direct !== undefined) return this.direct.begin();
    this.writer.at = 0;
    return this.writer;
  }

  go(kind: Kind, to: Receiver): Promise<void> | undefined {
    if (this.direct !== undefined) return this.direct.go(kind, to);
    const bytes = this.writer.u8.slice(0, this.writer.at);
    return this.waiting.then((link) => {
      link.begin().bytes(bytes);
      return link.go(kind, to);
    });
  }

  goSync(kind: Kind, to: Receiver): void {
    if (this.direct === undefined) throw failure('57P03', 'the database is not ready yet: await waitReady first');
    this.direct.goSync(kind, to);
  }

  cancel(): void {
    this.current?.cancel();
  }

  async close(): Promise<void> {
    this.ended = true;
    await this.current?.close();
  }
}
