// Running SQL in the page. The engine is loaded when something is run for the first time, in a worker.

let database;

/** One database a page, with what the page's examples use. */
function open() {
  database ??= (async () => {
    const { TuskletWorker } = await import('./tusklet/worker.js');
    const db = await TuskletWorker.create('memory://');
    for (const sql of JSON.parse(document.getElementById('setup')?.textContent ?? '[]')) await db.exec(sql).catch(() => undefined);
    return db;
  })();
  database.catch(() => { database = undefined; });
  return database;
}

const element = (tag, text, name) => {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (name) e.className = name;
  return e;
};

const MOST = 200;

function table(result) {
  const scroll = element('div', undefined, 'scroll');
  const t = element('table', undefined, 'rows');
  const head = t.createTHead().insertRow();
  for (const f of result.fields) head.append(element('th', f.name));
  const body = t.createTBody();
  for (const row of result.rows) {
    const tr = body.insertRow();
    for (const v of row) {
      const td = tr.insertCell();
      if (v === null) td.append(element('i', 'NULL', 'null'));
      else td.textContent = v;
    }
  }
  scroll.append(t);
  return scroll;
}

/** Runs a script and shows what came of it. */
async function run(sql, out, note) {
  out.replaceChildren(element('p', database ? 'Running…' : 'Loading the engine…', 'hint'));
  const shown = [];
  const notices = [];
  try {
    const begun = performance.now();
    const fresh = database === undefined;
    const db = await open();
    const started = fresh ? begun : performance.now();
    const results = await db.exec(sql, { rowMode: 'array', text: true, maxRows: MOST, onNotice: (n) => notices.push(n) });
    const took = performance.now() - started;
    for (const r of results) if (r.fields.length > 0) shown.push(table(r));
    for (const n of notices) shown.push(element('p', `${n.severity}: ${n.message}`, 'notice'));
    const last = results.at(-1);
    const rows = last?.fields.length > 0 ? `${last.rows.length} row${last.rows.length === 1 ? '' : 's'}` : last?.command ?? '';
    note.textContent = `${rows}${rows ? ', ' : ''}${took < 10 ? took.toFixed(1) : took.toFixed(0)} ms${fresh ? ' with loading the engine' : ''}`;
    if (shown.length === 0) shown.push(element('p', last?.command ?? 'Nothing to run', 'hint'));
  } catch (error) {
    shown.push(element('pre', error.code ? String(error) : error.message, 'error'));
    note.textContent = error.code ? `SQLSTATE ${error.code}` : '';
  }
  out.replaceChildren(...shown);
  document.getElementById('live').textContent = note.textContent;
}

/** Makes a box of an editor, a button and a place for results. */
export function attach(input, button, out, note) {
  let busy = false;
  const go = async () => {
    if (busy) return;
    busy = true;
    button.setAttribute('aria-busy', 'true');
    await run(input.value, out, note);
    button.removeAttribute('aria-busy');
    busy = false;
  };
  button.addEventListener('click', () => void go());
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); void go(); }
  });
  return go;
}

let made;

/** An example, to be changed and run. */
export function dialog(sql) {
  if (made === undefined) {
    const d = element('dialog', undefined, 'try-it');
    d.setAttribute('aria-label', 'Try it');
    const input = element('textarea');
    input.rows = 5;
    input.spellcheck = false;
    input.setAttribute('aria-label', 'SQL');
    const bar = element('p', undefined, 'bar');
    const button = element('button', 'Run', 'primary');
    const end = element('button', 'Close');
    const note = element('span', '', 'hint grow');
    button.type = end.type = 'button';
    end.addEventListener('click', () => d.close());
    bar.append(button, note, end);
    const out = element('div', undefined, 'results');
    out.tabIndex = 0;
    out.setAttribute('aria-label', 'Results');
    d.append(input, bar, out);
    document.body.append(d);
    made = { d, input, go: attach(input, button, out, note) };
  }
  const statement = /^(SELECT|WITH|VALUES|CREATE|INSERT|UPDATE)\b/.test(sql);
  made.input.value = statement ? sql : `SELECT ${sql}`;
  made.d.showModal();
  made.input.focus();
  void made.go();
}
