/** Elements without a framework. */
type Child = Node | string | number | null | undefined | false;
type Props = Record<string, unknown>;

/** `h('button', { class: 'primary', onclick: run }, 'Run')`; a property if the element has one of that name, otherwise an attribute. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: (Child | Child[])[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) el.addEventListener(key.slice(2), value as EventListener);
    else if (key === 'class') el.className = String(value);
    else if (key in el && !key.startsWith('aria') && key !== 'role' && key !== 'list') (el as unknown as Props)[key] = value;
    else el.setAttribute(key, value === true ? '' : String(value));
  }
  el.append(...children.flat().filter((c): c is Node | string | number => c !== null && c !== undefined && c !== false).map((c) => (typeof c === 'number' ? String(c) : c)));
  return el;
}

/** Tells people who cannot see the page what happened. */
export function announce(text: string): void {
  const live = document.getElementById('live');
  if (live !== null) live.textContent = text;
}

/** A modal dialog; resolves with the form's submit button value, or undefined when it was closed. */
export function openDialog(title: string, build: (form: HTMLFormElement, dialog: HTMLDialogElement) => void): Promise<string | undefined> {
  const form = h('form', { method: 'dialog' });
  const id = `dialog-${Math.random().toString(36).slice(2)}`;
  const dialog = h('dialog', { 'aria-labelledby': id }, h('h2', { id }, title), form);
  build(form, dialog);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === '' ? undefined : dialog.returnValue);
    });
  });
}

export async function confirmDialog(title: string, text: string, action: string): Promise<boolean> {
  return (await openDialog(title, (form) => {
    form.append(h('p', {}, text), h('div', { class: 'bar' },
      h('button', { value: 'yes', class: 'danger' }, action), h('button', { value: '', type: 'submit', formNoValidate: true }, 'Cancel')));
  })) === 'yes';
}

export function download(name: string, text: string, type = 'text/plain'): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
