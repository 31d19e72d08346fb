/** The tutorial's page: steps at the side, one step with its editor, results and check. */
import { closeDb, type Db, openDb, read, write } from '../db.js';
import { readSchema } from '../schema.js';
import { split } from '../sql/split.js';
import { announce, confirmDialog, h } from '../ui/dom.js';
import { createEditor, type SqlEditor } from '../ui/editor.js';
import { type Outcome, runStatement } from '../ui/run.js';
import { chapter2 } from './chapter2.js';
import { chapter3 } from './chapter3.js';
import type { Lesson, Step } from './lesson.js';

const CHAPTERS = [{ title: 'The SQL language', lessons: chapter2 }, { title: 'Advanced features', lessons: chapter3 }] as const;
const LESSONS: readonly Lesson[] = CHAPTERS.flatMap((c) => [...c.lessons]);
const ALL = LESSONS.flatMap((lesson) => lesson.steps.map((step) => ({ lesson, step, path: `${lesson.id}/${step.id}` })));

const DONE = 'tusklet.tutorial.done';
const TEXTS = 'tusklet.tutorial.texts';
const PREPARED = 'tusklet.tutorial.lesson';

/** Whether the step is done, by its check. */
async function passes(db: Db, step: Step, last: Outcome): Promise<boolean> {
  if (step.error !== undefined && last.error?.code !== step.error) return false;
  if (step.error === undefined && last.error !== undefined) return false;
  if (step.check.includes('{sql}') && last.command !== 'SELECT') return false;
  try {
    const { rows } = await db.query<string[]>(step.check.replaceAll('{sql}', () => last.sql), [], { rowMode: 'array', text: true });
    return (rows as unknown as string[][])[0]?.[0] === 't';
  } catch {
    return false;
  }
}

export async function open(main: HTMLElement): Promise<{ show(path: string): Promise<void>; leave(): void }> {
  let db = await openDb('tutorial', 'main');
  let editor: SqlEditor | undefined;
  const list = h('nav', { class: 'steps', id: 'steps', 'aria-label': 'Steps' });
  const toggle = h('button', { type: 'button', class: 'steps-toggle', 'aria-expanded': 'false', 'aria-controls': 'steps', onclick: () => {
    const open = list.classList.toggle('open');
    toggle.setAttribute('aria-expanded', String(open));
  } }, 'All steps');
  const lesson = h('article', { class: 'lesson' });
  main.replaceChildren(h('div', { class: 'tutorial' }, toggle, list, lesson));

  const done = (): Set<string> => new Set(read<string[]>(DONE, []));

  function drawList(path: string): void {
    const ticks = done();
    list.replaceChildren(
      ...CHAPTERS.flatMap((c) => c.lessons.flatMap((l) => [
        h('h2', {}, `${l.section} ${l.title}`),
        h('ol', {}, ...l.steps.map((s) => {
          const p = `${l.id}/${s.id}`;
          const is = ticks.has(p);
          return h('li', {}, h('a', { href: `#/tutorial/${p}`, class: is ? 'done' : '', 'aria-current': p === path ? 'step' : null },
            h('span', { class: 'mark', 'aria-hidden': 'true' }, is ? '✓' : '·'), h('span', {}, s.title), is ? h('span', { class: 'visually-hidden' }, ' (done)') : null));
        })),
      ])),
      h('p', { class: 'bar', style: 'margin-top:1.2rem' }, h('button', { type: 'button', class: 'quiet', onclick: () => void startOver() }, 'Start over')));
    // Only within the list: the page itself must not jump.
    const here = list.querySelector<HTMLElement>('[aria-current]');
    if (here !== null) list.scrollTop = Math.max(0, here.offsetTop - list.clientHeight / 2);
  }

  async function startOver(): Promise<void> {
    if (!(await confirmDialog('Start over', 'Forget what you did in the tutorial and begin with the first step?', 'Start over'))) return;
    write(DONE, []);
    write(TEXTS, {});
    write(PREPARED, '');
    if (location.hash === `#/tutorial/${ALL[0].path}`) await show(ALL[0].path);
    else location.hash = `#/tutorial/${ALL[0].path}`;
  }

  /** Makes the tables a lesson begins with, and does again what its steps before this one did. */
  async function prepare(l: Lesson, step: Step): Promise<void> {
    if (db.transactionStatus !== 'idle') await db.exec('ROLLBACK');
    await db.exec(l.setup);
    for (const s of l.steps) {
      if (s === step) break;
      if (s.error === undefined) await db.exec(s.sql);
    }
    write(PREPARED, l.id);
  }

  async function show(path: string): Promise<void> {
    const index = Math.max(0, ALL.findIndex((s) => s.path === path));
    const here = ALL[index];
    const { step } = here;
    editor?.destroy();
    const texts = read<Record<string, string>>(TEXTS, {});
    const results = h('div', { class: 'results', role: 'region', 'aria-label': 'Results' });
    const verdict = h('div');
    let running = false;
    const run = h('button', { type: 'button', class: 'primary', title: 'Ctrl-Enter', onclick: () => void go() }, 'Run');
    editor = createEditor({
      label: 'SQL of this step', text: texts[here.path] ?? step.sql, run: () => void go(),
      change: (text) => write(TEXTS, { ...read<Record<string, string>>(TEXTS, {}), [here.path]: text }),
    });
    const mine = editor;
    const next = ALL[index + 1];
    const before = ALL[index - 1];
    const reset = h('button', { type: 'button', onclick: () => void (async () => {
      mine.text = step.sql;
      mine.clearErrors();
      results.replaceChildren();
      await attempt(() => prepare(here.lesson, step));
      verdict.replaceChildren(h('p', { class: 'notice' }, 'The tables are as they were at the beginning of this step.'));
      announce('The step was reset');
    })() }, 'Reset this step');
    lesson.replaceChildren(
      h('header', {}, h('p', { class: 'eyebrow' }, `${here.lesson.section} ${here.lesson.title} · step ${here.lesson.steps.indexOf(step) + 1} of ${here.lesson.steps.length}`), h('h1', {}, step.title)),
      h('div', { class: 'prose', innerHTML: step.text }),
      mine.dom,
      h('div', { class: 'bar' }, run, reset, h('span', { class: 'hint' }, h('kbd', {}, 'Ctrl'), ' ', h('kbd', {}, 'Enter'))),
      verdict,
      results,
      h('nav', { 'aria-label': 'Previous and next step' },
        before === undefined ? h('span') : h('a', { class: 'button', href: `#/tutorial/${before.path}` }, '← Back'),
        next === undefined ? h('a', { class: 'button', href: '#/console' }, 'To the console →') : h('a', { class: 'button', href: `#/tutorial/${next.path}` }, 'Next →')));
    drawList(here.path);
    list.classList.remove('open');
    toggle.setAttribute('aria-expanded', 'false');
    if (scrollY > 0) scrollTo(0, 0);
    void readSchema(db).then((r) => mine.setSchema(r), () => undefined);

    if (read(PREPARED, '') !== here.lesson.id) {
      run.disabled = true;
      await attempt(() => prepare(here.lesson, step));
      run.disabled = false;
    }

    async function attempt(work: () => Promise<void>): Promise<void> {
      try {
        await work();
      } catch (error) {
        verdict.replaceChildren(h('p', { class: 'notice bad', role: 'alert' }, `The lesson's tables could not be made: ${(error as Error).message}`));
      }
    }

    async function go(): Promise<void> {
      if (running || run.disabled) return;
      running = true;
      run.disabled = true;
      mine.clearErrors();
      results.replaceChildren();
      verdict.replaceChildren();
      try {
        const text = mine.text;
        let last: Outcome | undefined;
        for (const p of split(text)) {
          const sql = text.slice(p.start, p.end);
          last = await runStatement(db, sql, results);
          if (last.error === undefined) continue;
          mine.showError(last.error, p.start, sql.length);
          break;
        }
        if (last === undefined) return;
        const ok = await passes(db, step, last);
        if (ok) {
          const ticks = done().add(here.path);
          write(DONE, [...ticks]);
          drawList(here.path);
          verdict.replaceChildren(h('p', { class: 'notice good' }, step.error === undefined ? '✓ That is it.' : `✓ That is it: the error with SQLSTATE ${step.error} was to be expected.`));
          announce('Step done');
        } else if (last.error === undefined) {
          verdict.replaceChildren(h('p', { class: 'notice warn' }, 'It ran, but this is not yet what the step asks for. “Reset this step” brings back where it began.'));
        }
        void readSchema(db).then((r) => mine.setSchema(r), () => undefined);
      } finally {
        running = false;
        run.disabled = false;
      }
    }
  }

  return {
    async show(path: string) {
      // From another section the database may have been closed meanwhile.
      db = await openDb('tutorial', 'main');
      const first = ALL.find((s) => !done().has(s.path)) ?? ALL[0];
      await show(path === '' ? first.path : path);
    },
    leave: () => {
      editor?.destroy();
      void closeDb();
    },
  };
}
