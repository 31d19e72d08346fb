// HTML as values: what `html` makes is markup, everything else put into it is text.

class Markup {
  constructor(text) { this.text = text; }
  toString() { return this.text; }
}

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as HTML. */
export const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ENTITIES[c]);

/** Trusted markup. */
export const raw = (text) => new Markup(text);

const put = (value) => {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(put).join('');
  return value === undefined || value === null || value === false ? '' : escape(value);
};

/** A template whose values are escaped; arrays are joined. */
export function html(strings, ...values) {
  return new Markup(strings.reduce((out, s, i) => out + put(values[i - 1]) + s));
}

/** With the apostrophes of print. */
export const typeset = (text) => text.replace(/(?<=\w)'(?=\w)|(?<=s)'(?= )/g, '’');

const SQL = /(?<com>--[^\n]*)|(?<str>[EBXU]?&?'(?:[^']|'')*'|\$\$[^]*?\$\$)|(?<num>\b\d[\d._]*(?:e[+-]?\d+)?\b)|(?<kw>\b[A-Z][A-Z_]+\b)|(?<fn>\b[a-z_][a-z0-9_]*(?=\())/g;
const JS = /(?<com>\/\/[^\n]*)|(?<str>'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|(?<num>\b\d[\d_.]*n?\b)|(?<kw>\b(?:import|from|const|let|await|async|for|of|try|catch|return|new|throw|if|using)\b)|(?<fn>\b[A-Za-z_]\w*(?=\())/g;
const SH = /(?<com>#[^\n]*)/g;

function colour(text, pattern) {
  let out = '';
  let at = 0;
  for (const m of text.matchAll(pattern)) {
    const [kind] = Object.entries(m.groups).find(([, v]) => v !== undefined);
    out += `${escape(text.slice(at, m.index))}<span class="${kind}">${escape(m[0])}</span>`;
    at = m.index + m[0].length;
  }
  return raw(out + escape(text.slice(at)));
}

export const sql = (text) => colour(text, SQL);
export const js = (text) => colour(text, JS);
export const sh = (text) => colour(text, SH);

/** A name for an address: letters and digits stay, operators are spelled by their codes. */
export function slug(text) {
  const plain = text.toLowerCase().replace(/[^a-z0-9_]+/g, '-').replace(/^-+|-+$/g, '');
  return plain || 'op-' + [...text].map((c) => c.codePointAt(0).toString(16)).join('');
}
