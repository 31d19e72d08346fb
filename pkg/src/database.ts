import { failure, type Notice } from './errors.js';
import type { Backend, Link } from './link.js';
import { openBackend, type OpenOptions } from './open.js';
import { MovingLink } from './rpc.js';
import { Session, type SessionOptions } from './session.js';
import { deleteIdb, listIdb } from './storage/idb.js';
import type { Parsers, Serializers } from './types.js';

export interface TuskletOptions extends OpenOptions {
  /** In place of the constructor's first argument. */
  dataDir?: string;
  username?: string;
  database?: string;
  parsers?: Parsers;
  serializers?: Serializers;
  onNotice?: (notice: Notice) => void;
}

/** A database and its first session. */
export abstract class Database extends Session {
  readonly dataDir: string;
  /** Resolves when the database is open; rejects when it could not be opened. */
  readonly waitReady: Promise<void>;
  private isReady = false;
  protected backend: Backend | undefined;
  private readonly sessions = new Set<Session>();

  constructor(dataDir: string | undefined, protected readonly options: TuskletOptions, backend: Promise<Backend>) {
    const session: SessionOptions = {};
    if (options.parsers !== undefined) session.parsers = options.parsers;
    if (options.serializers !== undefined) session.serializers = options.serializers;
    if (options.onNotice !== undefined) session.onNotice = options.onNotice;
    const user = options.username ?? 'postgres';
    const name = options.database ?? 'postgres';
    let opened: Backend | undefined;
    const first = new MovingLink(backend.then((b) => {
      opened = b;
      return b.open(user, name);
    }));
    super(first, session);
    this.dataDir = dataDir ?? options.dataDir ?? 'memory://';
    this.waitReady = first.ready.then((link) => {
      this.backend = opened;
      this.isReady = true;
      // Straight to the engine from here on.
      this.adopt(link);
    });
    this.waitReady.catch(() => undefined);
  }

  get ready(): boolean {
    return this.isReady && !this.ended;
  }

  /** A further session: its own transactions, settings and prepared statements, side by side with this one. */
  async session(options: SessionOptions & { username?: string; database?: string } = {}): Promise<Session> {
    await this.waitReady;
    if (this.ended) throw failure('08003', 'the connection is closed');
    const link: Link = await this.backend!.open(
      options.username ?? this.options.username ?? 'postgres', options.database ?? this.options.database ?? 'postgres');
    const session = new Session(link, { ...this.defaults, ...options });
    this.sessions.add(session);
    const close = session.close.bind(session);
    session.close = async () => {
      this.sessions.delete(session);
      await close();
    };
    return session;
  }

  /** Functions of the engine that need no session, by name; `tusklet/dns` stands on it. */
  async call(name: string, ...args: unknown[]): Promise<unknown> {
    await this.waitReady;
    return this.backend!.call(name, args);
  }

  dumpDataDir(): Promise<never> {
    return Promise.reject(failure('0A000', 'dumpDataDir is not supported yet'));
  }

  /** Ends all sessions, writes what is left and lets other tabs take over. */
  override async close(): Promise<void> {
    if (this.ended) return;
    await this.waitReady.catch(() => undefined);
    for (const s of [...this.sessions]) await s.close();
    await super.close();
    await this.backend?.close();
  }

  /** The names of the databases stored here, as in `idb://name`. */
  static databases(): Promise<string[]> {
    return listIdb();
  }

  /** Deletes a stored database that is not open. */
  static deleteDatabase(name: string): Promise<void> {
    return deleteIdb(name);
  }
}

/** A database in this thread. */
export class Tusklet extends Database {
  /** Opens at once; `waitReady` tells when it is open, and statements wait for that by themselves. */
  constructor(dataDir?: string | TuskletOptions, options: TuskletOptions = {}) {
    const o = typeof dataDir === 'object' ? dataDir : options;
    const dir = typeof dataDir === 'string' ? dataDir : o.dataDir;
    // Deferred, so that a bad name rejects `waitReady` and does not throw here.
    super(dir, o, Promise.resolve().then(() => openBackend(dir, o)));
  }

  /** Opens a database: `memory://` or `idb://name`. */
  static async create(dataDir?: string | TuskletOptions, options?: TuskletOptions): Promise<Tusklet> {
    const db = new Tusklet(dataDir, options);
    await db.waitReady;
    return db;
  }
}
