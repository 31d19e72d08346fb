/** The SQL console: an editor, the statements' results, what is in the database. */
import { createEditor } from '../ui/editor.js';
import { createChooser } from '../ui/chooser.js';
import { h, openDialog } from '../ui/dom.js';
import { type Outcome, runStatement } from '../ui/run.js';
import { type Db, openDb, read, write } from '../db.js';
import { readSchema, type Relation } from '../schema.js';
import { split } from '../sql/split.js';

const WELCOME = `-- Ctrl-Enter runs the statement at the cursor, Ctrl-Shift-Enter runs all.
CREATE TABLE IF NOT EXISTS planets (
  name text PRIMARY KEY,
  radius_km numeric NOT NULL,
  moons int NOT NULL DEFAULT 0
);

INSERT INTO planets VALUES
  ('Mercury', 2439.7, 0), ('Venus', 6051.8, 0), ('Earth', 6371.0, 1), ('Mars', 3389.5, 2)
ON CONFLICT DO NOTHING;

SELECT name, radius_km, moons,
       rank() OVER (ORDER BY radius_km DESC) AS by_size
FROM planets
ORDER BY by_size;
`;

const HISTORY = 'tusklet.history';

export async function open(main: HTMLElement): Promise<{ show(): void; leave(): void }> {
  const chooser = createChooser('console', (next) => use(next), (gone) => write(`tusklet.console.text.${gone}`, WELCOME));
  let name = chooser.name;
  let db: Db | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  let running: AbortController | undefined;

  const results = h('div', { class: 'results', role: 'region', 'aria-label': 'Results', tabIndex: 0 });
  const side = h('div');
  const run = h('button', { type: 'button', class: 'primary', disabled: true, title: 'Ctrl-Enter', onclick: () => void runNow(false) }, 'Run');
  const runAll = h('button', { type: 'button', disabled: true, title: 'Ctrl-Shift-Enter', onclick: () => void runNow(true) }, 'Run all');
  const explain = h('button', { type: 'button', disabled: true, onclick: () => void runNow(false, 'EXPLAIN ') }, 'Explain');
  const cancel = h('button', { type: 'button', class: 'danger', disabled: true, title: 'Ctrl-.', onclick: () => running?.abort() }, 'Cancel');
  const state = h('span', { class: 'hint' });
  const docKey = (): string => `tusklet.console.text.${name}`;
  const editor = createEditor({
    label: 'SQL editor', text: read(docKey(), WELCOME), run: (all) => void runNow(all), cancel: () => running?.abort(), change: (text) => write(docKey(), text),
  });

  main.replaceChildren(h('div', { class: 'console' },
    h('aside', { class: 'side', 'aria-label': 'Database' },
      chooser.dom,
      side),
    h('div', { class: 'work' },
      h('div', { class: 'bar', role: 'toolbar', 'aria-label': 'Run' }, run, runAll, explain, cancel, h('span', { class: 'grow' }), state,
        h('button', { type: 'button', class: 'quiet', onclick: () => void showHistory() }, 'History')),
      editor.dom,
      h('h2', { class: 'visually-hidden' }, 'Results'),
      results)));

  async function use(next: string): Promise<void> {
    running?.abort();
    if (next !== name) {
      name = next;
      editor.text = read(docKey(), WELCOME);
      editor.clearErrors();
    }
    results.replaceChildren(h('p', { class: 'hint' }, 'Opening the database…'));
    run.disabled = runAll.disabled = explain.disabled = true;
    try {
      const opened = openDb('console', name);
      opening = opened.catch(() => undefined);
      db = await opened;
    } catch (error) {
      db = undefined;
      results.replaceChildren(h('p', { class: 'notice bad', role: 'alert' }, `The database could not be opened: ${(error as Error).message}`));
      return;
    }
    results.replaceChildren(h('p', { class: 'hint' }, 'Results appear here. The database lives in this browser; nothing is sent anywhere.'));
    run.disabled = runAll.disabled = explain.disabled = false;
    await refresh();
  }

  async function refresh(): Promise<void> {
    if (db === undefined) return;
    let relations: Relation[];
    try {
      relations = await readSchema(db);
    } catch {
      // In a failed transaction nothing can be read; the side bar stays as it is.
      return;
    }
    editor.setSchema(relations);
    const schemas = [...new Set(relations.map((r) => r.schema))];
    side.replaceChildren(...(relations.length === 0
      ? [h('h2', {}, 'Tables'), h('p', { class: 'hint' }, 'None yet.')]
      : schemas.flatMap((s) => [
          h('h2', {}, s === 'public' ? 'Tables' : s),
          ...relations.filter((r) => r.schema === s).map((r) => h('details', {},
            h('summary', {}, r.name, r.kind === 'v' ? h('small', { class: 'hint' }, ' view') : null),
            h('ul', {}, ...r.columns.map((c) => h('li', {}, h('b', {}, c.name), ` ${c.type}${c.notNull ? ' ·' : ''}`))))),
        ])));
  }

  async function runNow(all: boolean, before = ''): Promise<void> {
    // A key pressed while the database is still being opened counts all the same.
    await opening;
    if (db === undefined || running !== undefined) return;
    const text = editor.text;
    const picked = all ? { text, start: 0 } : editor.current();
    if (picked === undefined) return;
    const pieces = split(picked.text);
    if (pieces.length === 0) return;
    editor.clearErrors();
    results.replaceChildren();
    running = new AbortController();
    run.disabled = runAll.disabled = explain.disabled = true;
    cancel.disabled = false;
    let last: Outcome | undefined;
    try {
      for (const p of pieces) {
        const sql = picked.text.slice(p.start, p.end);
        const prefix = before !== '' && !/^explain\b/i.test(sql) ? before : '';
        last = await runStatement(db, prefix + sql, results, running.signal);
        remember(sql);
        if (last.error === undefined) continue;
        const { position } = last.error;
        // Positions count from the statement sent, which may have EXPLAIN before it.
        const shifted = position === undefined || prefix === '' ? last.error : Object.create(last.error, { position: { value: position - prefix.length } });
        editor.showError(shifted as typeof last.error, picked.start + p.start, sql.length);
        break;
      }
    } finally {
      running = undefined;
      run.disabled = runAll.disabled = explain.disabled = false;
      cancel.disabled = true;
    }
    state.textContent = db.transactionStatus === 'transaction' ? 'in a transaction' : db.transactionStatus === 'failed' ? 'in a failed transaction' : '';
    await refresh();
  }

  function remember(sql: string): void {
    const all = read<string[]>(HISTORY, []).filter((s) => s !== sql);
    write(HISTORY, [sql, ...all].slice(0, 300));
  }

  async function showHistory(): Promise<void> {
    const picked = await openDialog('History', (form, dialog) => {
      const search = h('input', { type: 'search', placeholder: 'Search', 'aria-label': 'Search the history' });
      const list = h('ul', { class: 'history' });
      const all = read<string[]>(HISTORY, []);
      const draw = (): void => {
        const wanted = search.value.toLowerCase();
        const hits = all.filter((s) => s.toLowerCase().includes(wanted)).slice(0, 100);
        list.replaceChildren(...(hits.length === 0 ? [h('li', { class: 'hint' }, 'Nothing here.')] : hits.map((s) =>
          h('li', {}, h('button', { type: 'button', title: s, onclick: () => dialog.close(s) }, s.replace(/\s+/g, ' ').slice(0, 200))))));
      };
      search.addEventListener('input', draw);
      draw();
      form.append(search, list, h('div', { class: 'bar' }, h('button', { value: '' }, 'Close')));
    });
    if (picked !== undefined && picked !== '') editor.insert(picked);
  }

  await chooser.start();
  return {
    show: () => undefined,
    leave: () => {
      running?.abort();
      editor.destroy();
    },
  };
}
