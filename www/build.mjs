// The site: data and templates to dist. `--force` builds although nothing has changed.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guide } from './src/guide.mjs';
import { html, typeset } from './src/html.mjs';
import { landing } from './src/landing.mjs';
import { page } from './src/layout.mjs';
import { markdown } from './src/markdown.mjs';
import { aside, chapter, fileOf, heading, index, namesOf, withIds } from './src/reference.mjs';
import { casts, settingId, settings, sqlstates } from './src/tables.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const dist = join(here, 'dist');
const read = (path) => readFileSync(join(root, path), 'utf8');

/** What the live box loads: the package as it is published. */
const engine = join(root, 'pkg', 'dist');
const parts = existsSync(engine) ? readdirSync(engine).filter((f) => /\.(js|wasm)$/.test(f)) : [];

/** Everything the site is made from, by content; the package by size and time. */
function state() {
  const hash = createHash('sha256');
  const files = ['build.mjs', ...['src', 'src/client', 'examples', 'data'].flatMap((d) => readdirSync(join(here, d)).map((f) => `${d}/${f}`))].map((f) => `www/${f}`);
  for (const file of [...files, 'README.md', 'COMPAT.md', 'NOTICE', 'playground/src/tokens.css', 'playground/public/icon.svg']) {
    if (statSync(join(root, file)).isFile()) hash.update(file).update(readFileSync(join(root, file)));
  }
  for (const f of parts) hash.update(`${f} ${statSync(join(engine, f)).size} ${statSync(join(engine, f)).mtimeMs}`);
  return hash.digest('hex');
}

/** Addresses in our Markdown files that lead somewhere on the site. */
const link = (to) => ({ 'COMPAT.md': 'compatibility.html', 'pkg/README.md': 'guide.html', 'playground/README.md': '../' })[to];

function build() {
  const data = JSON.parse(read('www/data/reference.json'));
  const { chapters } = data;
  chapters.forEach(withIds);
  const types = chapters.find((c) => fileOf(c) === 'types.html');
  const out = new Map();
  const add = (p) => out.set(p.file, page(p));
  const entries = chapters.flatMap((c) => c.groups.flatMap((g) => g.entries));
  const counts = {
    examples: entries.reduce((n, e) => n + e.examples.length, 0).toLocaleString('en'),
    forms: entries.reduce((n, e) => n + e.keys.reduce((m, k) => m + (k.of?.length ?? 1), 0), 0).toLocaleString('en'),
  };
  const example = (name) => read(`www/examples/${name}.mjs`).trim();
  add({
    file: 'index.html', description: 'PostgreSQL 15’s SQL in WebAssembly: the same rows, errors and SQLSTATEs in browsers, workers and Node.', wide: true,
    body: landing({ readme: read('README.md'), example: example('01-query'), counts, link }),
  });
  const text = guide(example);
  add({ file: 'guide.html', section: 'guide.html', title: 'Guide', description: 'How to install, open and query Tusklet; sessions, durability, errors.', aside: text.aside, body: text.body });
  add({ file: 'functions.html', section: 'functions.html', title: 'Functions and operators', description: 'All functions and operators with PostgreSQL’s answers to examples.', aside: aside(chapters), body: index(chapters) });
  for (const c of chapters) {
    if (c === types) continue;
    const { title } = heading(c);
    add({ file: fileOf(c), section: 'functions.html', title, description: `${title} of PostgreSQL 15 in Tusklet, with examples.`, aside: aside(chapters, c), body: chapter(c) });
  }
  const more = (now) => html`<ul>${[['types.html', 'Data types'], ['casts.html', 'Casts'], ['sqlstates.html', 'SQLSTATEs'], ['settings.html', 'Settings']].map(([to, name]) => (to === now
    ? html`<li><a href="${to}" aria-current="page">${name}</a>${to === 'types.html' ? html`<ul>${types.groups.map((g) => html`<li><a href="#${g.id}">${g.title.replace(/^[\d.]+ /, '')}</a></li>`)}</ul>` : ''}</li>`
    : html`<li><a href="${to}">${name}</a></li>`))}</ul>`;
  for (const [file, title, description, body] of [
    ['types.html', 'Data types', 'The data types of PostgreSQL 15 in Tusklet: names, sizes, what is read and written.', chapter(types)],
    ['casts.html', 'Casts', 'Which type becomes which, and when.', casts(data.casts)],
    ['sqlstates.html', 'SQLSTATEs', 'All SQLSTATEs.', sqlstates(data.sqlstates)],
    ['settings.html', 'Settings', 'All settings with their values.', settings(data.settings)],
  ]) add({ file, section: 'types.html', title, description, aside: more(file), body });
  add({ file: 'compatibility.html', section: 'compatibility.html', title: 'Compatibility', description: 'What of PostgreSQL 15 is there, by asking the engine.', body: html`<div class="text">${markdown(read('COMPAT.md'), link)}</div>` });
  add({ file: 'notice.html', title: 'Notice', description: 'Licences of what Tusklet derives from.', body: html`<h1>Notice</h1><pre class="notice">${read('NOTICE')}</pre>` });

  out.set('style.css', read('playground/src/tokens.css') + readFileSync(join(here, 'src/client/style.css'), 'utf8'));
  for (const f of ['site.js', 'live.js']) out.set(f, readFileSync(join(here, 'src/client', f), 'utf8'));
  out.set('icon.svg', read('playground/public/icon.svg'));
  out.set('index.json', JSON.stringify(found(data, text)));
  for (const [file, content] of out) writeFileSync(join(dist, file), content);
  return out;
}

/** What the search box looks through: label, address, what it is. */
function found(data, text) {
  const all = [];
  for (const [id, title] of text.titles) all.push([title, `guide.html#${id}`, 'Guide']);
  for (const c of data.chapters) {
    const { title } = heading(c);
    for (const g of c.groups) for (const e of g.entries) for (const name of namesOf(e)) all.push([name, `${fileOf(c)}#${e.id}`, typeset(e.prose), title]);
  }
  const aliases = data.chapters.flatMap((c) => c.groups.flatMap((g) => g.entries.flatMap((e) => e.keys.filter((k) => k.kind === 'type').flatMap((k) => [k.form, ...k.aliases].filter((n) => n !== k.name).map((n) => [n, `${fileOf(c)}#${e.id}`, typeset(e.prose), 'Data types'])))));
  all.push(...aliases);
  for (const [name, , , , about] of data.settings) all.push([name, `settings.html#${settingId(name)}`, about, 'Setting']);
  for (const [code, , , condition] of data.sqlstates) if (condition) all.push([code, `sqlstates.html#${code}`, condition.replaceAll('_', ' '), 'SQLSTATE']);
  return all;
}

const stamp = join(dist, '.made');
const now = state();
if (process.argv.includes('--force') || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== now) {
  const started = performance.now();
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(join(dist, 'tusklet'), { recursive: true });
  const made = build();
  for (const f of parts) copyFileSync(join(engine, f), join(dist, 'tusklet', f));
  writeFileSync(stamp, now);
  const bytes = [...made.values()].reduce((n, t) => n + Buffer.byteLength(t), 0);
  console.log(`www: ${made.size} files, ${(bytes / 1024).toFixed(0)} KiB, ${(performance.now() - started).toFixed(0)} ms`);
}
