// Pages of functions, operators and types, from data/reference.json.
import { html, raw, slug, sql, typeset } from './html.mjs';

/** `functions-math.html`; chapter 8 is the page of types. */
export const fileOf = (chapter) => (chapter.file.startsWith('8') ? 'types.html' : `functions-${chapter.file.split('-')[1]}.html`);

/** The title without its number, and the number. */
export function heading(chapter) {
  const [, number, title] = /^([\d.]+) (.*)$/.exec(chapter.title);
  return { number, title };
}

/** What an entry is called in lists: every name once. */
export function namesOf(entry) {
  const names = entry.keys.map((k) => (k.kind === 'syntax' ? undefined : k.name)).filter(Boolean);
  const all = names.length > 0 ? names : entry.keys.map((k) => k.form);
  return [...new Set(all)];
}

/** Gives every entry of a chapter its place on the page. */
export function withIds(chapter) {
  const taken = new Set();
  for (const group of chapter.groups) {
    group.id = unique(taken, slug(group.title || 'all'));
    for (const entry of group.entries) entry.id = unique(taken, slug(entry.keys[0].kind === 'operator' ? `op ${entry.keys[0].form}`.replace(/[^ \w→]/g, (c) => ` ${c.codePointAt(0).toString(16)} `) : namesOf(entry)[0]));
  }
}

function unique(taken, id) {
  let name = id;
  for (let n = 2; taken.has(name); n++) name = `${id}-${n}`;
  taken.add(name);
  return name;
}

/** Name, operands and types apart. */
function form(key) {
  if (key.kind === 'syntax') return html`<code class="form">${sql(key.form)}</code>`;
  const [call, result] = key.form.split(' → ');
  const arrow = result === undefined ? '' : html` <span class="to">→ ${result}</span>`;
  const missing = key.missing ? html` <span class="missing">not there yet</span>` : '';
  if (key.kind === 'function') {
    const name = call.slice(0, key.name.length);
    return html`<code class="form"><b>${name}</b><span class="args">${call.slice(name.length)}</span>${arrow}</code>${missing}`;
  }
  const [before, after] = split(call, key.name);
  return html`<code class="form"><span class="args">${before}</span><b>${key.name}</b><span class="args">${after}</span>${arrow}</code>`;
}

/** Around the operator, which stands between spaces or at the start. */
function split(call, name) {
  if (call.startsWith(`${name} `)) return ['', call.slice(name.length)];
  const at = call.indexOf(` ${name} `) + 1;
  return [call.slice(0, at), call.slice(at + name.length)];
}

const FORMS = 6;

/** The first forms are the entry's heading, the others and those of sets of types stand folded below it. */
function forms(keys) {
  const rest = keys.slice(FORMS);
  const sets = keys.filter((k) => k.of?.length > 1);
  return [keys.slice(0, FORMS).map(form), [
    ...(rest.length > 0 ? [html`<details class="of"><summary>${rest.length} more</summary>${rest.map(form)}</details>`] : []),
    ...sets.map((k) => html`<details class="of"><summary>${sets.length > 1 ? html`<code>${k.form.split(' → ')[0]}</code>: ` : ''}${k.of.length} forms</summary>${k.of.map((f) => html`<code class="form args">${f}</code>`)}</details>`),
  ]];
}

function types(keys) {
  const size = (k) => (k.length > 0 ? `${k.length} byte${k.length === 1 ? '' : 's'}` : k.category === 'P' ? '–' : 'variable');
  return html`<div class="scroll"><table class="types"><thead><tr><th>Type</th><th>Also</th><th>PostgreSQL stores</th></tr></thead><tbody>${keys.map((k) => html`<tr><td><code class="form"><b>${k.form}</b></code></td><td>${k.aliases.map((a, i) => [i > 0 ? ', ' : '', html`<code>${a}</code>`])}</td><td>${size(k)}</td></tr>`)}</tbody></table></div>`;
}

const value = (v) => (v === null ? html`<i class="null">NULL</i>` : v === '' ? html`<i class="null">empty</i>` : v);

/** An answer PostgreSQL gave. */
export function answer({ columns, rows, error }) {
  if (error) {
    return html`<div class="answer error"><a href="sqlstates.html#${error.code}">${error.code}</a> ${error.message}${error.detail ? html`<small>${error.detail}</small>` : ''}${error.hint ? html`<small>${error.hint}</small>` : ''}</div>`;
  }
  if (rows === undefined) return html`<div class="answer any">a ${columns[0][1]}, another one each time</div>`;
  if (columns.length === 1 && columns[0][1] === 'void') return html`<div class="answer any">nothing</div>`;
  if (columns.length === 1 && rows.length === 1) {
    const [[v]] = rows;
    return html`<div class="answer"><span class="value">${value(v)}</span><span class="type">${columns[0][1]}</span></div>`;
  }
  if (rows.length === 0) return html`<div class="answer any">no rows</div>`;
  const head = columns.length > 1 || !/^\?column\?$/.test(columns[0][0]);
  return html`<div class="answer scroll"><table class="rows">${head ? html`<thead><tr>${columns.map(([name, type]) => html`<th title="${type}">${name}</th>`)}</tr></thead>` : ''}<tbody>${rows.map((r) => html`<tr>${r.map((v) => html`<td>${value(v)}</td>`)}</tr>`)}</tbody></table></div>`;
}

function example(e) {
  return html`<li><div class="sql"><code>${sql(e.sql)}</code><button type="button" class="try" disabled aria-label="Try ${e.sql}">Try</button></div>${answer(e.answer)}</li>`;
}

function entryOf(entry) {
  const isType = entry.keys.every((k) => k.kind === 'type');
  const names = namesOf(entry).join(', ');
  const [heads, folded] = isType ? [] : forms(entry.keys);
  const anchor = html`<a class="anchor" href="#${entry.id}" aria-label="Link to ${names}">#</a>`;
  const words = [...entry.keys.flatMap((k) => [k.form, ...(k.aliases ?? []), ...(k.of ?? [])]), entry.prose].join(' ').toLowerCase();
  return html`<article class="entry${isType ? ' type' : ''}" id="${entry.id}" data-filter="${words}">
<div class="what"><h3>${anchor}${isType ? html`<span class="visually-hidden">${names}</span>` : heads}</h3>${isType ? types(entry.keys) : folded}
<p>${typeset(entry.prose)}</p></div>
<ul class="examples">${entry.examples.map(example)}</ul></article>
`;
}

/** A chapter's body. */
export function chapter(c) {
  const { number, title } = heading(c);
  const many = c.groups.reduce((n, g) => n + g.entries.length, 0) > 12;
  return html`<p class="eyebrow">PostgreSQL 15, ${number}</p><h1>${title}</h1>${c.prose ? html`<p class="lead">${typeset(c.prose)}</p>` : ''}
${many ? filter('Filter this page') : ''}
${c.setup.length > 0 ? html`<script type="application/json" id="setup">${raw(JSON.stringify(c.setup).replace(/</g, '\\u003c'))}</script>` : ''}
${c.groups.map((g) => html`<section data-group>${g.title ? html`<h2 id="${g.id}">${g.title}</h2>` : ''}${g.prose ? html`<p>${typeset(g.prose)}</p>` : ''}${g.entries.map(entryOf)}</section>`)}`;
}

/** The box that hides what does not fit. */
export const filter = (label) => html`<p class="filter"><input type="search" data-filters aria-label="${label}" placeholder="${label}" autocomplete="off" spellcheck="false"><span class="count"></span></p>`;

/** The list beside the text. */
export function aside(chapters, here) {
  const first = html`<li><a href="functions.html"${raw(here === undefined ? ' aria-current="page"' : '')}>All functions</a></li>`;
  return html`<ul>${first}${chapters.filter((c) => fileOf(c) !== 'types.html').map((c) => {
    const { title } = heading(c);
    const groups = c === here && c.groups.length > 1 ? html`<ul>${c.groups.map((g) => html`<li><a href="#${g.id}">${g.title}</a></li>`)}</ul>` : '';
    return html`<li><a href="${fileOf(c)}"${raw(c === here ? ' aria-current="page"' : '')}>${short(title)}</a>${groups}</li>`;
  })}</ul>`;
}

const short = (title) => title.replace(/ (functions and operators|functions|operators|expressions)$/, '').replace(/ functions and operators$/, '');

/** Every function and operator by chapter. */
export function index(chapters) {
  const of = chapters.filter((c) => fileOf(c) !== 'types.html');
  const forms = of.reduce((n, c) => n + c.groups.reduce((m, g) => m + g.entries.reduce((k, e) => k + e.keys.reduce((j, x) => j + (x.of?.length ?? 1), 0), 0), 0), 0);
  const examples = of.reduce((n, c) => n + c.groups.reduce((m, g) => m + g.entries.reduce((k, e) => k + e.examples.length, 0), 0), 0);
  return html`<h1>Functions and operators</h1>
<p class="lead">${forms} forms in the order of PostgreSQL’s manual. Signatures are what the engine’s catalog says. The ${examples} examples show what PostgreSQL 15 answered; our tests compare.</p>
${filter('Filter functions')}
${of.map((c) => {
    const { number, title } = heading(c);
    return html`<section data-group class="chapter"><h2><a href="${fileOf(c)}">${title}</a> <small>${number}</small></h2><ul class="names">${c.groups.flatMap((g) => g.entries).map((e) => html`<li data-filter="${`${namesOf(e).join(' ')} ${e.keys.map((k) => k.form).join(' ')} ${e.prose}`.toLowerCase()}"><a href="${fileOf(c)}#${e.id}"><code>${label(e)}</code></a></li>`)}</ul></section>`;
  })}`;
}

/** What an entry is called in the list: functions by name, others as they are written. */
function label(entry) {
  const functions = namesOf({ keys: entry.keys.filter((k) => k.kind === 'function') });
  const [first, ...rest] = entry.keys.every((k) => k.kind === 'function') ? functions : [...new Set(entry.keys.map((k) => (k.kind === 'function' ? undefined : k.form.split(' → ')[0])).filter(Boolean))];
  if (rest.length === 0) return first;
  return rest.length < 3 && functions.length > 1 ? [first, ...rest].join(', ') : `${first} …`;
}
