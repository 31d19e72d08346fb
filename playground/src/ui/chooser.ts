/** Choosing, making and deleting a section's databases. */
import { currentDb, deleteDb, listDbs, rememberDb, type Section } from '../db.js';
import { announce, confirmDialog, h, openDialog } from './dom.js';

export interface Chooser {
  readonly dom: HTMLElement;
  readonly name: string;
  /** Draws the list and calls `use` for the current database. */
  start(): Promise<void>;
}

export function createChooser(section: Section, use: (name: string) => Promise<void>, deleted: (name: string) => void = () => undefined): Chooser {
  let name = currentDb(section);
  const select = h('select', { 'aria-label': 'Database', onchange: () => void choose(select.value) });
  const dom = h('div', { class: 'bar' }, select,
    h('button', { type: 'button', class: 'quiet', 'aria-label': 'New database', title: 'New database', onclick: () => void create() }, '+'),
    h('button', { type: 'button', class: 'quiet danger', 'aria-label': 'Delete database', title: 'Delete database', onclick: () => void remove() }, '✕'));

  async function choose(next: string): Promise<void> {
    name = next;
    const names = await listDbs(section);
    if (!names.includes(name)) names.push(name);
    rememberDb(section, names, name);
    select.replaceChildren(...names.map((n) => h('option', { value: n, selected: n === name }, n)));
    await use(name);
  }

  async function create(): Promise<void> {
    let input!: HTMLInputElement;
    const answer = await openDialog('New database', (form) => {
      input = h('input', { required: true, pattern: '[A-Za-z0-9_\\-]{1,40}', autocomplete: 'off', title: 'Letters, digits, _ and -' });
      form.append(h('label', {}, 'Name', input), h('div', { class: 'bar' }, h('button', { value: 'ok', class: 'primary' }, 'Create'),
        h('button', { value: '', formNoValidate: true }, 'Cancel')));
    });
    if (answer === 'ok' && input.value !== '') await choose(input.value);
  }

  async function remove(): Promise<void> {
    if (!(await confirmDialog('Delete database', `Delete the database “${name}” with everything in it? This cannot be undone.`, 'Delete'))) return;
    const gone = name;
    await deleteDb(section, gone);
    deleted(gone);
    announce(`Deleted ${gone}`);
    const rest = (await listDbs(section)).filter((n) => n !== gone);
    await choose(rest[0] ?? 'main');
  }

  return {
    dom,
    get name() {
      return name;
    },
    start: () => choose(name),
  };
}
