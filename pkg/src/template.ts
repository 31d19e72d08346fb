/** SQL as tagged templates: values become parameters, so nothing in them can change the statement. */

const FRAGMENT = Symbol('tusklet.fragment');

/** A piece of SQL with its own values. */
export interface Fragment {
  readonly [FRAGMENT]: true;
  readonly strings: readonly string[];
  readonly values: readonly unknown[];
}

function fragment(strings: readonly string[], values: readonly unknown[]): Fragment {
  return { [FRAGMENT]: true, strings, values };
}

function isFragment(value: unknown): value is Fragment {
  return typeof value === 'object' && value !== null && FRAGMENT in value;
}

/** A fragment to be spliced into a statement: ``db.sql`SELECT * FROM t ${cond}` `` with ``cond = sql`WHERE a = ${1}` ``. */
export function sql(strings: TemplateStringsArray, ...values: unknown[]): Fragment {
  return fragment(strings, values);
}

/** A quoted identifier: ``identifier`my table` `` in a template, or a function of a string. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An identifier as a fragment. */
export function ident(name: string): Fragment {
  return fragment([identifier(name)], []);
}

/** SQL text taken as it is. Never give it what a user typed. */
export function raw(text: string): Fragment {
  return fragment([text], []);
}

/** Fragments or values with `separator` between them: ``sql`IN (${join(ids)})` ``. */
export function join(items: readonly unknown[], separator = ', '): Fragment {
  return fragment(items.length === 0 ? [''] : ['', ...items.slice(1).map(() => separator), ''], items);
}

/** The text with `$n` and the parameters of a template. */
export function compose(strings: readonly string[], values: readonly unknown[]): { text: string; params: unknown[] } {
  const params: unknown[] = [];
  return { text: write(strings, values, params), params };
}

function write(strings: readonly string[], values: readonly unknown[], params: unknown[]): string {
  let text = strings[0];
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (isFragment(v)) text += write(v.strings, v.values, params);
    else {
      params.push(v);
      text += `$${params.length}`;
    }
    text += strings[i + 1];
  }
  return text;
}
