/** The page's databases: which exist, which is open. Only the public interface of `tusklet` is used. */
import { TuskletWorker } from 'tusklet/worker';

export type Db = TuskletWorker;
export type Section = 'tutorial' | 'console' | 'zones';

const prefix = (section: Section): string => `playground-${section}-`;

let open: { name: string; db: Promise<Db> } | undefined;

/** Opens a section's database; the one that was open before is closed, since each has an engine of its own. */
export async function openDb(section: Section, name: string): Promise<Db> {
  const full = prefix(section) + name;
  if (open?.name === full) return open.db;
  const before = open;
  const db = (async () => {
    await before?.db.then((d) => d.close()).catch(() => undefined);
    return TuskletWorker.create(`idb://${full}`);
  })();
  open = { name: full, db };
  db.catch(() => {
    if (open?.db === db) open = undefined;
  });
  return db;
}

/** Closes what is open, so that it can be deleted. */
export async function closeDb(): Promise<void> {
  const before = open;
  open = undefined;
  await before?.db.then((d) => d.close()).catch(() => undefined);
}

const key = (section: Section): string => `tusklet.databases.${section}`;

/** Names by section: those stored, and those made but not yet written to. */
export async function listDbs(section: Section): Promise<string[]> {
  const known = new Set<string>(read(key(section), ['main'] as string[]));
  for (const name of await TuskletWorker.databases().catch(() => [])) if (name.startsWith(prefix(section))) known.add(name.slice(prefix(section).length));
  return [...known].sort();
}

export function rememberDb(section: Section, names: readonly string[], current: string): void {
  write(key(section), names);
  write(`${key(section)}.current`, current);
}

export function currentDb(section: Section): string {
  return read(`${key(section)}.current`, 'main');
}

export async function deleteDb(section: Section, name: string): Promise<void> {
  await closeDb();
  await TuskletWorker.deleteDatabase(prefix(section) + name);
  write(key(section), read(key(section), [] as string[]).filter((n) => n !== name));
}

export function read<T>(name: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(name);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Private mode or a full store: the page works without.
  }
}
