/**
 * One owner per stored database. The tab that holds the Web Lock has the engine; the others are sessions of it, over a BroadcastChannel
 * each. When the owner goes, the lock passes on, and whoever gets it opens the database and moves its sessions over.
 *
 * A statement that was running when the owner went fails with 57P01: whether it committed is not known. Nothing acknowledged is lost.
 */
import { failure } from './errors.js';
import type { Backend, Link } from './link.js';
import { MovingLink, RemoteBackend, serve } from './rpc.js';

type Hello = { t: 'hello'; client: string } | { t: 'owner' } | { t: 'welcome' };

const id = (): string => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

export class SharedBackend implements Backend {
  private inner: Backend | undefined;
  private readonly links = new Set<{ link: MovingLink; user: string; database: string }>();
  private readonly board: BroadcastChannel;
  private readonly leave: (() => void)[] = [];
  private readonly guests = new Map<string, () => Promise<void>>();
  private closed = false;
  /** Whether the engine is in this thread. */
  owner = false;

  private constructor(private readonly name: string, private readonly start: () => Promise<Backend>) {
    this.board = new BroadcastChannel(name);
  }

  static async open(name: string, start: () => Promise<Backend>): Promise<Backend> {
    if (typeof navigator === 'undefined' || navigator.locks === undefined || typeof BroadcastChannel === 'undefined') return start();
    const shared = new SharedBackend(name, start);
    try {
      await shared.join();
    } catch (error) {
      await shared.close();
      throw error;
    }
    return shared;
  }

  private async join(): Promise<void> {
    if (await this.hold({ ifAvailable: true })) {
      await this.own();
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.enter(resolve);
      // In line for the owner's place.
      this.hold({}).then(async (held) => {
        if (!held || this.closed) return;
        await this.takeOver();
        resolve();
      }).catch(reject);
    });
  }

  /** Holds the owner's lock until `close`. */
  private hold(options: LockOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const waiting = new AbortController();
      if (options.ifAvailable !== true) {
        options = { ...options, signal: waiting.signal };
        this.leave.push(() => waiting.abort());
      }
      navigator.locks.request(this.name, options, (lock) => {
        if (lock === null || this.closed) {
          resolve(false);
          return undefined;
        }
        resolve(true);
        return new Promise<void>((release) => this.leave.push(release));
      }).catch((error: unknown) => ((error as Error).name === 'AbortError' ? resolve(false) : reject(error as Error)));
    });
  }

  /** Owner: opens the database and serves the other tabs. */
  private async own(): Promise<void> {
    this.inner = await this.start();
    this.owner = true;
    this.board.onmessage = (event: MessageEvent) => {
      const m = event.data as Hello;
      if (m.t === 'hello') this.welcome(m.client);
    };
    this.board.postMessage({ t: 'owner' } satisfies Hello);
  }

  private welcome(client: string): void {
    const known = this.guests.has(client);
    if (!known) {
      const channel = new BroadcastChannel(`${this.name}/${client}`);
      const end = serve(channel, this.inner!, false);
      const serveRequests = channel.onmessage!;
      channel.onmessage = (event: MessageEvent) => {
        if ((event.data as Hello).t !== 'welcome') serveRequests.call(channel, event);
      };
      this.guests.set(client, async () => {
        this.guests.delete(client);
        await end();
      });
      channel.postMessage({ t: 'welcome' } satisfies Hello);
      // The guest holds this lock while it lives; when we get it, its tab is gone and its sessions are rolled back.
      const gone = new AbortController();
      this.leave.push(() => gone.abort());
      navigator.locks.request(`${this.name}/${client}`, { signal: gone.signal }, () => this.guests.get(client)?.()).catch(() => undefined);
    }
  }

  /** Guest: finds the owner, again whenever a new one announces itself. */
  private enter(ready: () => void): void {
    const client = id();
    let alive: (() => void) | undefined;
    void navigator.locks.request(`${this.name}/${client}`, () => new Promise<void>((release) => {
      alive = release;
      this.leave.push(release);
    })).catch(() => undefined);
    const channel = new BroadcastChannel(`${this.name}/${client}`);
    const remote = new RemoteBackend(channel, () => alive?.());
    const receive = channel.onmessage!;
    let welcomed = false;
    channel.onmessage = (event: MessageEvent) => {
      if ((event.data as Hello).t === 'welcome') {
        if (welcomed) return;
        welcomed = true;
        clearInterval(timer);
        this.inner = remote;
        this.moveAll();
        ready();
      } else receive.call(channel, event);
    };
    const hello = (): void => {
      if (!welcomed && !this.closed) this.board.postMessage({ t: 'hello', client } satisfies Hello);
    };
    this.board.onmessage = (event: MessageEvent) => {
      if ((event.data as Hello).t !== 'owner') return;
      if (welcomed) {
        // Another guest took over: this connection's owner is gone.
        this.lose(remote);
        alive?.();
        this.enter(() => undefined);
      } else hello();
    };
    // The owner may still be opening the database, or be about to fail.
    const timer = setInterval(hello, 200);
    this.leave.push(() => {
      clearInterval(timer);
      channel.close();
    });
    hello();
  }

  private lose(remote: Backend | undefined): void {
    if (remote instanceof RemoteBackend) remote.fail(failure('57P01', 'terminating connection: the tab that owned the database was closed'));
  }

  private async takeOver(): Promise<void> {
    const old = this.inner;
    this.inner = undefined;
    const opening = this.own();
    this.lose(old);
    for (const entry of this.links) entry.link.move(opening.then(() => this.inner!.open(entry.user, entry.database)));
    await opening;
  }

  private moveAll(): void {
    for (const entry of this.links) entry.link.move(this.inner!.open(entry.user, entry.database));
  }

  async open(user: string, database: string): Promise<Link> {
    if (this.closed) throw failure('57P01', 'the database is closed');
    if (this.inner === undefined) throw failure('57P03', 'the database is being taken over; try again');
    const first = await this.inner.open(user, database);
    const entry = { link: new MovingLink(Promise.resolve(first)), user, database };
    await entry.link.ready;
    this.links.add(entry);
    const close = entry.link.close.bind(entry.link);
    entry.link.close = async () => {
      this.links.delete(entry);
      await close();
    };
    return entry.link;
  }

  call(name: string, args: unknown[]): Promise<unknown> {
    return this.inner?.call(name, args) ?? Promise.reject(failure('57P03', 'the database is being taken over; try again'));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const end of [...this.guests.values()]) await end();
    await this.inner?.close();
    this.board.close();
    for (const release of this.leave.splice(0)) release();
  }
}
