/**
 * A database in IndexedDB: `meta` holds the manifest, `log` the records by lsn, `segments` the checkpointed groups by name.
 * A commit is one readwrite transaction on `log`; a checkpoint is one over all three stores, so a crash leaves the old state or the new.
 */
import { failure } from '../errors.js';
import type { CheckpointData, LogRecord, Storage, Stored } from './storage.js';

const PREFIX = 'tusklet:';
const VERSION = 1;

function request<T>(r: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error as Error);
  });
}

function finished(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new DOMException('the transaction was aborted', 'AbortError'));
  });
}

function bytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw failure('XX001', `${what} is not a byte string`, { hint: 'The stored database was changed by something else. Nothing was overwritten.' });
}

export class IdbStorage implements Storage {
  private constructor(private readonly db: IDBDatabase, private readonly durability: IDBTransactionDurability) {}

  static async open(name: string, durability: 'strict' | 'relaxed'): Promise<IdbStorage> {
    const open = indexedDB.open(PREFIX + name, VERSION);
    open.onupgradeneeded = () => {
      const db = open.result;
      if (!db.objectStoreNames.contains('meta')) db.createObjectStore('meta');
      if (!db.objectStoreNames.contains('log')) db.createObjectStore('log');
      if (!db.objectStoreNames.contains('segments')) db.createObjectStore('segments');
    };
    let db: IDBDatabase;
    try {
      db = await request(open);
    } catch (error) {
      const e = error as DOMException;
      if (e.name === 'VersionError') {
        throw failure('58P01', `database "${name}" was written by a newer version`, { detail: e.message });
      }
      throw failure('58030', `could not open IndexedDB database "${name}": ${e.message}`);
    }
    // Another tab that deletes the database must not be kept waiting for ever.
    db.onversionchange = () => db.close();
    return new IdbStorage(db, durability);
  }

  async load(): Promise<Stored> {
    const tx = this.db.transaction(['meta', 'log']);
    const done = finished(tx);
    const meta = request<unknown>(tx.objectStore('meta').get('manifest'));
    const keys = request(tx.objectStore('log').getAllKeys());
    const values = request<unknown[]>(tx.objectStore('log').getAll());
    const [manifest, lsns, records] = await Promise.all([meta, keys, values]);
    await done;
    const log = lsns.map((lsn, i): LogRecord => {
      if (typeof lsn !== 'number') throw failure('XX001', `log record with an invalid key: ${String(lsn)}`);
      return { lsn, bytes: bytes(records[i], `log record ${lsn}`) };
    });
    return { manifest: manifest === undefined ? undefined : bytes(manifest, 'the manifest'), log };
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    const tx = this.db.transaction('log', 'readwrite', { durability: this.durability });
    const done = finished(tx);
    const store = tx.objectStore('log');
    // `add`, not `put`: a record that is already there belongs to another owner, and is never written over.
    try {
      for (const r of records) store.add(r.bytes, r.lsn);
      tx.commit();
    } catch (error) {
      done.catch(() => undefined);
      try {
        tx.abort();
      } catch {
        // It has ended by itself.
      }
      throw error;
    }
    await done;
  }

  async checkpoint(data: CheckpointData): Promise<void> {
    const tx = this.db.transaction(['meta', 'log', 'segments'], 'readwrite', { durability: this.durability });
    const done = finished(tx);
    const segments = tx.objectStore('segments');
    for (const s of data.segments) segments.put(s.bytes, s.name);
    for (const name of data.drop) segments.delete(name);
    tx.objectStore('meta').put(data.manifest, 'manifest');
    tx.objectStore('log').delete(IDBKeyRange.upperBound(data.lsn));
    tx.commit();
    await done;
  }

  async segment(name: string): Promise<Uint8Array | undefined> {
    const value = await request<unknown>(this.db.transaction('segments').objectStore('segments').get(name));
    return value === undefined ? undefined : bytes(value, `segment ${name}`);
  }

  async close(): Promise<void> {
    this.db.close();
  }
}

/** The names of the databases stored here. */
export async function listIdb(): Promise<string[]> {
  const all = await indexedDB.databases();
  return all.flatMap((d) => (d.name?.startsWith(PREFIX) ? [d.name.slice(PREFIX.length)] : [])).sort();
}

/** Deletes a stored database. It must not be open anywhere. */
export async function deleteIdb(name: string): Promise<void> {
  const r = indexedDB.deleteDatabase(PREFIX + name);
  await new Promise<void>((resolve, reject) => {
    r.onsuccess = () => resolve();
    r.onerror = () => reject(r.error as Error);
    r.onblocked = () => reject(failure('55006', `database "${name}" is being accessed by other users`));
  });
}
