import type { Views } from './packed.js';
import type { Kind, Writer } from './request.js';

/** Takes the outputs of a run; the views are good only during the call. */
export interface Receiver {
  take(v: Views, start: number, length: number): void;
}

/**
 * One session's way to an engine, which may live in this thread, in a worker or in another tab. A request is written between `begin`
 * and `go`, without anything asynchronous in between, and the next one only after the last has ended.
 */
export interface Link {
  begin(): Writer;
  /** Ends when the statement has; undefined when it already has. Rejects only when the engine or the way to it is lost. */
  go(kind: Kind, to: Receiver): Promise<void> | undefined;
  /** As `go`, on this very stack; only where the engine is in this thread and nothing must be waited for. */
  goSync(kind: Kind, to: Receiver): void;
  /** Ends the running statement with 57014. */
  cancel(): void;
  /** 73 idle, 84 in a transaction, 69 in a failed one. */
  readonly transactionState: number;
  /** Changes when the session was made anew (the engine was restarted, another tab took over): prepared statements are gone. */
  readonly generation: number;
  /** Outputs that belong to no run: notifications of an idle session. */
  idle: Receiver | undefined;
  close(): Promise<void>;
}

/** Where sessions come from. */
export interface Backend {
  open(user: string, database: string): Promise<Link>;
  /** As `open` without waiting; only where the engine is in this thread. */
  openSync?(user: string, database: string): Link;
  /** Functions of the engine that need no session: the DNS rules, the statement splitter. */
  call(name: string, args: unknown[]): Promise<unknown>;
  close(): Promise<void>;
}
