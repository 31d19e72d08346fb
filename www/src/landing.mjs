// The first page.
import { html, js } from './html.mjs';
import { markdown } from './markdown.mjs';

const START = `WITH moon (planet, name, km) AS (VALUES
  ('Mars', 'Phobos', 22.5),
  ('Mars', 'Deimos', 12.4),
  ('Jupiter', 'Io', 3643.2),
  ('Jupiter', 'Europa', 3121.6))
SELECT planet, count(*),
       round(avg(km), 1) AS mean_km,
       array_agg(name ORDER BY km DESC) AS moons
FROM moon
GROUP BY planet ORDER BY planet;`;

/** What stands between two comments of the README. */
export function part(readme, name) {
  const found = new RegExp(`<!-- ${name} -->([^]*?)<!-- /${name} -->`).exec(readme);
  if (found === null) throw new Error(`README.md has no part ${name}`);
  return found[1];
}

export function landing({ readme, example, counts, link }) {
  return html`<section class="hero">
<h1>PostgreSQL’s SQL, in the page</h1>
<p class="lead">Tusklet is PostgreSQL 15’s SQL, rewritten in Rust and compiled to WebAssembly: the same rows, the same errors, the same SQLSTATEs, without a server. It runs in browsers, workers and Node, in memory or durable in IndexedDB.</p>
<p class="bar"><a class="button primary" href="guide.html">Get started</a><a class="button" href="../">Open the playground</a><a class="button" href="functions.html">Look something up</a></p>
</section>
<section class="live card" aria-label="Try it">
<div class="pane"><textarea id="live-sql" rows="11" spellcheck="false" autocapitalize="off" aria-label="SQL">${START}</textarea>
<p class="bar"><button type="button" class="primary" id="live-run">Run</button><span class="hint"><kbd>Ctrl</kbd> <kbd>Enter</kbd></span><span class="grow"></span><span class="hint" id="live-note">The engine is loaded on the first run.</span></p></div>
<div class="pane results" id="live-out" tabindex="0" aria-label="Results"></div>
</section>
<section class="points">
<div><h2>The judge is PostgreSQL</h2><p>Every SQL result the tests expect was given by a running PostgreSQL 15: ${counts.examples} examples of ${counts.forms} functions and operators in <a href="functions.html">this reference</a> alone. What is missing raises <a href="sqlstates.html#0A000"><code>0A000</code></a> and says its name.</p></div>
<div><h2>Sessions side by side</h2><p>Any number of sessions in one page, with transactions, row locks, isolation levels and deadlock detection, on one thread. Several tabs share one database.</p></div>
<div><h2>Durable</h2><p>A commit is acknowledged when it is on disk. A closed tab, a crash or a full disk lose nothing that was acknowledged; opening is as fast for large databases as for small ones.</p></div>
<div><h2>Small and quick</h2><p>Columns, not rows, and a short path for small statements. What ordinary statements need is downloaded first, the rest in the background.</p></div>
</section>
<section class="code"><h2>From JavaScript</h2><pre><code>${js(example)}</code></pre><p>The <a href="guide.html">guide</a> goes on from here.</p></section>
<section class="text"><h2>How compatible</h2>${markdown(part(readme, 'compat'), link)}<p>The <a href="compatibility.html">compatibility page</a> lists what is missing.</p></section>
<section class="text"><h2>How fast</h2>${markdown(part(readme, 'bench'), link)}</section>`;
}
