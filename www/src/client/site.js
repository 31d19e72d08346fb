// Theme, search, filters; the live box when there is something to try. Pages work without it.

const root = document.documentElement;
const live = document.getElementById('live');

const themeButton = document.getElementById('theme');
function theme(next) {
  if (next !== undefined) {
    if (next === 'system') delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === 'system') localStorage.removeItem('tusklet.theme');
      else localStorage.setItem('tusklet.theme', next);
    } catch { /* Not kept then. */ }
  }
  const now = root.dataset.theme ?? 'system';
  themeButton.textContent = now === 'light' ? '☀' : now === 'dark' ? '☾' : '◐';
  themeButton.setAttribute('aria-label', `Theme: ${now}`);
  themeButton.title = `Theme: ${now}`;
}
themeButton.addEventListener('click', () => theme({ system: 'light', light: 'dark', dark: 'system' }[root.dataset.theme ?? 'system']));
theme();

// The page one is on is seen in the list.
if (matchMedia('(min-width: 60.01rem)').matches) document.querySelector('.aside [aria-current]')?.scrollIntoView({ block: 'nearest' });

// Search.
const box = document.querySelector('.search input');
const list = document.getElementById('found');
let entries;
let shown = [];
let active = -1;

const load = () => (entries ??= fetch('index.json').then((r) => r.json()).then((all) => all.map(([name, to, about, kind]) => ({ name, to, about, kind: kind ?? about, key: name.toLowerCase(), text: about.toLowerCase() }))));

/** The better, the smaller; undefined when it does not fit. */
function rank(e, words, whole) {
  if (e.key === whole) return 0;
  if (e.key.startsWith(whole)) return 1 + e.key.length / 100;
  if (e.key.includes(whole)) return 3 + e.key.length / 100;
  if (words.every((w) => e.key.includes(w) || e.text.includes(w))) return 6 + (words.some((w) => e.key.includes(w)) ? 0 : 2);
  return undefined;
}

async function search() {
  const whole = box.value.trim().toLowerCase();
  if (whole === '') return close();
  const all = await load();
  if (box.value.trim().toLowerCase() !== whole) return;
  const words = whole.split(/\s+/);
  shown = all.map((e) => [rank(e, words, whole), e]).filter(([r]) => r !== undefined).sort(([a], [b]) => a - b).slice(0, 12).map(([, e]) => e);
  list.replaceChildren(...shown.map((e, i) => {
    const item = document.createElement('li');
    item.id = `found-${i}`;
    item.role = 'option';
    const name = document.createElement('code');
    name.textContent = e.name;
    const about = document.createElement('span');
    about.textContent = e.kind === e.about ? '' : e.about;
    const kind = document.createElement('small');
    kind.textContent = e.kind;
    item.append(name, kind, about);
    item.addEventListener('mousedown', (event) => { event.preventDefault(); go(i); });
    return item;
  }));
  if (shown.length === 0) {
    const none = document.createElement('li');
    none.textContent = 'Nothing found';
    none.className = 'none';
    list.append(none);
  }
  list.hidden = false;
  box.setAttribute('aria-expanded', 'true');
  choose(shown.length > 0 ? 0 : -1);
  live.textContent = `${shown.length === 12 ? 'More than 11' : shown.length} found`;
}

function choose(i) {
  active = i;
  [...list.children].forEach((c, n) => c.setAttribute('aria-selected', String(n === i)));
  if (i < 0) box.removeAttribute('aria-activedescendant');
  else {
    box.setAttribute('aria-activedescendant', `found-${i}`);
    list.children[i].scrollIntoView({ block: 'nearest' });
  }
}

function close() {
  list.hidden = true;
  shown = [];
  box.setAttribute('aria-expanded', 'false');
  choose(-1);
}

function go(i) {
  const to = shown[i]?.to;
  close();
  box.value = '';
  box.blur();
  if (to) location.href = to;
}

box.addEventListener('focus', load);
box.addEventListener('input', () => void search());
box.addEventListener('blur', close);
box.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && shown.length > 0) { event.preventDefault(); choose((active + step + shown.length) % shown.length); }
  else if (event.key === 'Enter') { event.preventDefault(); if (active >= 0) go(active); else void search().then(() => go(0)); }
  else if (event.key === 'Escape') { if (list.hidden) box.blur(); else close(); }
});
addEventListener('keydown', (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? '') || document.querySelector('dialog[open]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); box.focus(); }
});

// Filters: hide what does not fit, and headings with nothing left.
for (const input of document.querySelectorAll('[data-filters]')) {
  const count = input.parentElement.querySelector('.count');
  const all = [...document.querySelectorAll('[data-filter]')].map((element) => ({ element, text: element.dataset.filter }));
  const groups = [...document.querySelectorAll('[data-group]')];
  input.addEventListener('input', () => {
    const words = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const { element, text } of all) {
      element.hidden = !words.every((w) => text.includes(w));
      if (!element.hidden) left++;
    }
    for (const g of groups) g.hidden = !g.querySelector('[data-filter]:not([hidden])');
    count.textContent = words.length > 0 ? `${left} of ${all.length}` : '';
    live.textContent = words.length > 0 ? `${left} shown` : '';
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && input.value !== '') { event.preventDefault(); input.value = ''; input.dispatchEvent(new Event('input')); }
  });
}

// What can be tried.
const buttons = document.querySelectorAll('button.try');
if (buttons.length > 0 || document.getElementById('live-sql')) {
  const open = () => import('./live.js');
  for (const b of buttons) {
    b.disabled = false;
    b.addEventListener('click', () => void open().then((m) => m.dialog(b.parentElement.querySelector('code').textContent)));
  }
  const sql = document.getElementById('live-sql');
  if (sql) void open().then((m) => m.attach(sql, document.getElementById('live-run'), document.getElementById('live-out'), document.getElementById('live-note')));
}
