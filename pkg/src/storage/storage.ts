/** What the host needs of a place to keep a database. Everything is bytes; only the engine knows what they mean. */
export interface LogRecord {
  lsn: number;
  bytes: Uint8Array;
}

export interface CheckpointData {
  segments: { name: string; bytes: Uint8Array }[];
  drop: string[];
  manifest: Uint8Array;
  /** Log records up to this one are in the segments. */
  lsn: number;
}

export interface Stored {
  manifest: Uint8Array | undefined;
  /** In order of lsn. */
  log: LogRecord[];
}

export interface Storage {
  load(): Promise<Stored>;
  /** All of the records or none, durable when it resolves (as far as `durability` promises). */
  append(records: readonly LogRecord[]): Promise<void>;
  /** All of it or nothing. */
  checkpoint(data: CheckpointData): Promise<void>;
  segment(name: string): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}
