/** A result as a real table; beyond a few hundred rows only those in sight exist. */
import { h } from './dom.js';

export interface GridData {
  label: string;
  columns: { name: string; type: string; numeric: boolean }[];
  rows: (string | null)[][];
}

const ROW = 28;
const ALL_AT_ONCE = 300;

export function grid(data: GridData): HTMLElement {
  const { columns, rows } = data;
  const sample = rows.slice(0, 200);
  const widths = columns.map((c, i) => {
    const longest = sample.reduce((n, r) => Math.max(n, r[i] === null ? 4 : Math.min(60, r[i]!.length)), Math.max(c.name.length, c.type.length * 0.95));
    return Math.min(480, Math.round(longest * 8.2 + 28));
  });
  const body = h('tbody');
  const table = h('table', { 'aria-rowcount': rows.length + 1, style: `width:${widths.reduce((a, b) => a + b, 0)}px` },
    h('caption', { class: 'visually-hidden' }, data.label),
    h('colgroup', {}, ...widths.map((w) => h('col', { style: `width:${w}px` }))),
    h('thead', {}, h('tr', {}, ...columns.map((c) => h('th', { scope: 'col', class: c.numeric ? 'num' : '', title: `${c.name}: ${c.type}` }, c.name, h('small', {}, c.type))))),
    body);
  const box = h('div', { class: 'grid', tabIndex: 0, role: 'region', 'aria-label': data.label }, table);

  const cell = (value: string | null, i: number): HTMLTableCellElement =>
    value === null
      ? h('td', { class: columns[i].numeric ? 'null num' : 'null' }, 'NULL')
      : h('td', { class: columns[i].numeric ? 'num' : '', title: value.length > 40 ? value : null }, value.includes('\n') ? value.replaceAll('\n', '↵') : value);
  const row = (r: number): HTMLTableRowElement => h('tr', { 'aria-rowindex': r + 2 }, ...rows[r].map(cell));

  if (rows.length <= ALL_AT_ONCE) {
    body.append(...rows.map((_, r) => row(r)));
    return box;
  }
  const pad = (height: number): HTMLTableRowElement => h('tr', { class: 'pad', 'aria-hidden': 'true' }, h('td', { colSpan: columns.length, style: `height:${height}px` }));
  let from = -1;
  let to = -1;
  const draw = (): void => {
    const height = box.clientHeight || 600;
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 20);
    const last = Math.min(rows.length, first + Math.ceil(height / ROW) + 40);
    if (first === from && last === to) return;
    from = first;
    to = last;
    const shown: HTMLTableRowElement[] = [];
    for (let r = first; r < last; r++) shown.push(row(r));
    body.replaceChildren(pad(first * ROW), ...shown, pad((rows.length - last) * ROW));
  };
  box.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true });
  draw();
  return box;
}

/** RFC 4180; NULL is an empty field, an empty string is quoted, as COPY … CSV does. */
export function toCsv(data: GridData): string {
  const field = (v: string | null): string => (v === null ? '' : v === '' || /[",\r\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
  return [data.columns.map((c) => field(c.name)), ...data.rows.map((r) => r.map(field))].map((r) => r.join(',')).join('\r\n') + '\r\n';
}
