/** Runs statements one by one and shows what came of each. */
import { PostgresError, type Notice } from 'tusklet';
import type { Db } from '../db.js';
import { isNumeric, typeNames } from '../schema.js';
import { announce, download, h } from './dom.js';
import { grid, type GridData, toCsv } from './grid.js';

export interface Outcome {
  sql: string;
  ms: number;
  error?: PostgresError;
  command?: string;
  count?: number;
  rows?: (string | null)[][];
}

/** Rows a statement may show; more would only fill memory. */
export const MAX_ROWS = 100_000;

export function asPostgresError(error: unknown, sql: string): PostgresError {
  if (error instanceof PostgresError) return error;
  return new PostgresError({ severity: 'ERROR', code: 'XX000', message: error instanceof Error ? error.message : String(error) }, sql);
}

const plural = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
const time = (ms: number): string => (ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** The tag as psql prints it. */
function tag(command: string, count: number): string {
  if (command === 'INSERT') return `INSERT 0 ${count}`;
  return /^(SELECT|UPDATE|DELETE|MERGE|COPY|MOVE|FETCH)$/.test(command) ? `${command} ${count}` : command;
}

/** Runs one statement, appends its card to `into`. */
export async function runStatement(db: Db, sql: string, into: HTMLElement, signal?: AbortSignal): Promise<Outcome> {
  const notices: Notice[] = [];
  const started = performance.now();
  const title = sql.replace(/\s+/g, ' ').trim();
  const card = h('section', { class: 'result card', 'aria-label': `Result of ${title.slice(0, 60)}` });
  try {
    const result = await db.query<(string | null)[]>(sql, [], {
      rowMode: 'array', text: true, maxRows: MAX_ROWS, onNotice: (n) => notices.push(n), ...(signal === undefined ? {} : { signal }),
    });
    const ms = performance.now() - started;
    const rows = result.rows as unknown as (string | null)[][];
    const command = result.command ?? '';
    const count = /^(INSERT|UPDATE|DELETE|MERGE|COPY)$/.test(command) ? (result.affectedRows ?? 0) : rows.length;
    const outcome: Outcome = { sql, ms, command, count, rows };
    const header = h('header', {}, h('code', { title }, title), h('span', { class: 'tag' }, tag(command, count)), h('span', {}, time(ms)));
    card.append(header);
    for (const n of notices) card.append(h('p', { class: `notice ${n.severity === 'WARNING' ? 'warn' : ''}` }, `${n.severity}: ${n.message}`));
    if (result.fields.length > 0) {
      if (/^EXPLAIN/i.test(command) || (result.fields.length === 1 && result.fields[0].name === 'QUERY PLAN')) {
        card.append(h('div', { class: 'body' }, h('pre', { class: 'plan', tabIndex: 0 }, rows.map((r) => r[0] ?? '').join('\n'))));
      } else {
        const name = await typeNames(db, result.fields.map((f) => f.dataTypeID));
        const data: GridData = {
          label: `${plural(rows.length, 'row')}: ${title.slice(0, 60)}`,
          columns: result.fields.map((f) => ({ name: f.name, type: name(f.dataTypeID), numeric: isNumeric(f.dataTypeID) })),
          rows,
        };
        const copy = h('button', { type: 'button', class: 'quiet', 'aria-label': 'Copy the result as CSV', onclick: async () => {
          const csv = toCsv(data);
          try {
            await navigator.clipboard.writeText(csv);
            announce('Copied as CSV');
            copy.textContent = 'Copied';
            setTimeout(() => (copy.textContent = 'CSV'), 1500);
          } catch {
            download('result.csv', csv, 'text/csv');
          }
        } }, 'CSV');
        header.append(copy);
        card.append(grid(data));
      }
      if ('truncated' in result && result.truncated === true) card.append(h('p', { class: 'notice warn' }, `Only the first ${plural(MAX_ROWS, 'row')} are shown.`));
    }
    into.append(card);
    announce(result.fields.length > 0 ? `${plural(rows.length, 'row')}, ${time(ms)}` : `${tag(command, count)}, ${time(ms)}`);
    return outcome;
  } catch (thrown) {
    const error = asPostgresError(thrown, sql);
    const ms = performance.now() - started;
    card.classList.add('failed');
    card.append(
      h('header', {}, h('code', { title }, title), h('span', { class: 'tag' }, `${error.severity} ${error.code}`), h('span', {}, time(ms))),
      ...notices.map((n) => h('p', { class: 'notice' }, `${n.severity}: ${n.message}`)),
      h('div', { class: 'body' }, h('pre', { class: 'error-text' }, error.toString().replace(`:  ${error.code}: `, ':  '))));
    into.append(card);
    announce(`${error.severity} ${error.code}: ${error.message}`);
    return { sql, ms, error };
  }
}
