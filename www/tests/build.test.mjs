// The site is made again only when something has changed, and shows every example.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { html, slug } from '../src/html.mjs';
import { markdown } from '../src/markdown.mjs';

const www = join(dirname(fileURLToPath(import.meta.url)), '..');
const build = (...args) => execFileSync(process.execPath, [join(www, 'build.mjs'), ...args], { encoding: 'utf8' });

test('nothing changed, nothing made', () => {
  build();
  assert.equal(build(), '');
});

test('every example of the data is on a page', () => {
  const data = JSON.parse(readFileSync(join(www, 'data/reference.json'), 'utf8'));
  const wanted = data.chapters.flatMap((c) => c.groups.flatMap((g) => g.entries.flatMap((e) => e.examples))).length;
  const pages = readdirSync(join(www, 'dist')).filter((f) => f.endsWith('.html')).map((f) => readFileSync(join(www, 'dist', f), 'utf8'));
  const shown = pages.reduce((n, p) => n + (p.match(/<li><div class="sql">/g)?.length ?? 0), 0);
  assert.equal(shown, wanted);
  for (const p of pages) assert.ok(!/undefined|\[object Object\]|NaN</.test(p.replace(/<code>[^]*?<\/code>|<code class="form">[^]*?<\/code>|<div class="answer[^]*?<\/div>|<pre[^]*?<\/pre>|data-filter="[^"]*"|<p>[^]*?<\/p>|<td>[^]*?<\/td>|aria-label="[^"]*"/g, '')));
});

test('values are escaped', () => {
  assert.equal(String(html`<b title="${'"&'}">${['<', html`<i>x</i>`]}</b>`), '<b title="&quot;&amp;">&lt;<i>x</i></b>');
  assert.equal(slug('->>'), 'op-2d3e3e');
});

test('as much Markdown as our files use', () => {
  const text = '# A `b`\n\nText **bold** [c](COMPAT.md)\nmore [d](x)\n\n- one\n  two\n- `|`\n\n| a | b |\n|---|---:|\n| 1 | **2** |\n';
  assert.equal(markdown(text, (to) => (to === 'COMPAT.md' ? 'c.html' : undefined)).join(''), '<h1 id="a-b">A <code>b</code></h1><p>Text <strong>bold</strong> <a href="c.html">c</a> more d</p>'
    + '<ul><li>one two</li><li><code>|</code></li></ul><div class="scroll"><table><thead><tr><th>a</th><th class="num">b</th></tr></thead><tbody><tr><td>1</td><td class="num"><strong>2</strong></td></tr></tbody></table></div>');
});
