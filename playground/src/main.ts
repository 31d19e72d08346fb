/** The shell: theme, sections by hash. Each section's code is loaded when it is first opened. */
import { closeDb } from './db.js';
import { announce, h } from './ui/dom.js';

interface View {
  /** Shows the section for the rest of the hash; called again when only that changes. */
  show(path: string): void | Promise<void>;
  leave?(): void;
}

const sections: Record<string, { title: string; load: (main: HTMLElement) => Promise<View> }> = {
  tutorial: { title: 'Tutorial', load: async (main) => (await import('./tutorial/tutorial.js')).open(main) },
  console: { title: 'Console', load: async (main) => (await import('./console/console.js')).open(main) },
  zones: { title: 'Zones', load: async (main) => (await import('./zones/zones.js')).open(main) },
};

const main = document.getElementById('main')!;
let current: { name: string; view: View } | undefined;
let route = 0;

async function go(): Promise<void> {
  const mine = ++route;
  const [, name = 'tutorial', path = ''] = /^#\/(\w+)\/?(.*)$/.exec(location.hash) ?? [];
  const section = sections[name] ?? sections['tutorial'];
  for (const a of document.querySelectorAll<HTMLAnchorElement>('.sections a')) {
    if (a.hash === `#/${name}`) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
  document.title = `${section.title} · Tusklet`;
  try {
    if (current?.name !== name) {
      current?.view.leave?.();
      current = undefined;
      main.replaceChildren(h('p', { class: 'loading' }, 'Loading…'));
      await closeDb();
      const view = await section.load(main);
      if (mine !== route) return;
      current = { name, view };
    }
    await current.view.show(decodeURIComponent(path));
  } catch (error) {
    if (mine !== route) return;
    current = undefined;
    const text = error instanceof Error ? error.message : String(error);
    announce(text);
    main.replaceChildren(h('div', { class: 'loading' }, h('p', { class: 'notice bad', role: 'alert' }, text),
      h('button', { type: 'button', onclick: () => void go() }, 'Try again')));
  }
}

const themeButton = document.getElementById('theme') as HTMLButtonElement;
function theme(next?: string): void {
  const root = document.documentElement;
  if (next !== undefined) {
    if (next === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = next;
    try {
      if (next === 'system') localStorage.removeItem('tusklet.theme');
      else localStorage.setItem('tusklet.theme', next);
    } catch {
      // Not kept then.
    }
  }
  const now = root.dataset['theme'] ?? 'system';
  themeButton.textContent = now === 'light' ? '☀' : now === 'dark' ? '☾' : '◐';
  themeButton.setAttribute('aria-label', `Theme: ${now}`);
  themeButton.title = `Theme: ${now}`;
}
themeButton.addEventListener('click', () => {
  const now = document.documentElement.dataset['theme'] ?? 'system';
  theme(now === 'system' ? 'light' : now === 'light' ? 'dark' : 'system');
});
theme();
document.querySelector('.skip')!.addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener('hashchange', () => void go());
void go();
