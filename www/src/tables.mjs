// SQLSTATEs, settings, casts.
import { html, slug } from './html.mjs';
import { filter } from './reference.mjs';

const CLASSES = {
  '00': 'Successful completion', '01': 'Warnings', '02': 'No data', '03': 'Statement not complete', '08': 'Connections', '09': 'Triggered actions', '0A': 'Not supported',
  '0B': 'Starting transactions', '0F': 'Locators', '0L': 'Grantors', '0P': 'Roles', '0Z': 'Diagnostics', '20': 'CASE', '21': 'Cardinality', '22': 'Data', '23': 'Constraints',
  '24': 'Cursor states', '25': 'Transaction states', '26': 'Statement names', '27': 'Changes of triggered data', '28': 'Authorization', '2B': 'Dependent privileges',
  '2D': 'Ends of transactions', '2F': 'SQL routines', '34': 'Cursor names', '38': 'External routines', '39': 'Calls of external routines', '3B': 'Savepoints', '3D': 'Database names',
  '3F': 'Schema names', '40': 'Transactions rolled back', '42': 'Syntax and access rules', '44': 'WITH CHECK OPTION', '53': 'Resources', '54': 'Program limits',
  '55': 'Objects not in the state needed', '57': 'Operator intervention', '58': 'System', '72': 'Snapshots', 'F0': 'Configuration', 'HV': 'Foreign data', 'P0': 'PL/pgSQL', 'XX': 'Internal',
};

/** What a code is: success, warning, error. */
const KINDS = { S: 'success', W: 'warning', E: 'error' };

export function sqlstates(rows) {
  const seen = new Set();
  const first = rows.filter(([code]) => !seen.has(code) && seen.add(code));
  const also = (code) => rows.filter(([c]) => c === code).slice(1).map(([, , , condition]) => condition);
  const classes = Map.groupBy ? Map.groupBy(first, ([code]) => code.slice(0, 2)) : first.reduce((m, r) => m.set(r[0].slice(0, 2), [...(m.get(r[0].slice(0, 2)) ?? []), r]), new Map());
  return html`<h1>SQLSTATEs</h1>
<p class="lead">Every error and warning has a code of five characters, the same as PostgreSQL’s; in JavaScript it is <code>error.code</code>. The first two characters are its class.</p>
${filter('Filter codes')}
${[...classes].map(([name, list]) => html`<section data-group><h2 id="class-${name}">${CLASSES[name] ?? 'Others'} <small>${name}</small></h2><div class="scroll"><table class="codes"><tbody>${list.map(([code, kind, , condition]) => html`<tr id="${code}" data-filter="${`${code} ${condition} ${also(code).join(' ')}`.toLowerCase()}"><td><a href="#${code}"><code>${code}</code></a></td><td>${(condition || also(code)[0] || '').replaceAll('_', ' ')}</td><td class="muted">${KINDS[kind] ?? ''}</td></tr>`)}</tbody></table></div></section>`)}`;
}

export const settingId = (name) => `setting-${slug(name)}`;

export function settings(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row[3], [...(groups.get(row[3]) ?? []), row]);
  const unit = (u) => (u === '' ? '' : html` <span class="muted">${u}</span>`);
  const allowed = ([, , , , , , type, min, max, values]) => (values ? values.replaceAll(', ', ' · ') : min !== '' ? `${min} to ${max}` : type === 'bool' ? 'on · off' : type);
  return html`<h1>Settings</h1>
<p class="lead">What <code>SET</code>, <code>SHOW</code> and <code>pg_settings</code> know. Clients find every setting of PostgreSQL by its name; those of files, processes and networks have nothing to change here.</p>
${filter('Filter settings')}
${[...groups].sort(([a], [b]) => a.localeCompare(b)).map(([category, list]) => html`<section data-group><h2 id="${slug(category)}">${category}</h2><div class="scroll"><table class="settings"><thead><tr><th>Name</th><th>Value</th><th>What it is</th></tr></thead><tbody>${list.map((r) => html`<tr id="${settingId(r[0])}" data-filter="${`${r[0]} ${r[4]}`.toLowerCase()}"><td><a href="#${settingId(r[0])}"><code>${r[0]}</code></a></td><td><code>${r[1] === '' ? '\'\'' : r[1]}</code>${unit(r[2])}</td><td>${r[4]}<small>${allowed(r)}</small></td></tr>`)}</tbody></table></div></section>`)}`;
}

const CONTEXTS = { i: 'everywhere', a: 'in assignments', e: 'when asked for' };

export function casts(rows) {
  const groups = new Map();
  for (const [from, to, context] of rows) groups.set(from, [...(groups.get(from) ?? []), [to, context]]);
  return html`<h1>Casts</h1>
<p class="lead">Which type becomes which. Some casts happen <b>everywhere</b> a value is used, some only <b>in assignments</b> to a column, the others <b>when asked for</b> with <code>CAST</code> or <code>::</code>. Besides these, every type casts to text in assignments and from text when asked for.</p>
${filter('Filter casts')}
<section data-group><div class="scroll"><table class="codes"><thead><tr><th>From</th>${Object.values(CONTEXTS).map((c) => html`<th>${c}</th>`)}</tr></thead><tbody>${[...groups].map(([from, list]) => html`<tr data-filter="${`${from} ${list.map(([to]) => to).join(' ')}`.toLowerCase()}"><td><code>${from}</code></td>${Object.keys(CONTEXTS).map((c) => html`<td>${list.filter(([, x]) => x === c).map(([to], i) => [i > 0 ? ', ' : '', html`<code>${to}</code>`])}</td>`)}</tr>`)}</tbody></table></div></section>`;
}
