// The guide. Its examples are files of `examples/`, which the tests run.
import { html, js, sh } from './html.mjs';

const SECTIONS = (example) => [
  ['install', 'Install', html`<pre><code>${sh('npm install tusklet')}</code></pre>
<p>The package has no dependencies and works with any bundler that knows <code>new URL('…', import.meta.url)</code>, with Node 20 or later, Deno and Bun, and without a bundler from a static host. No special headers are needed.</p>`],
  ['open', 'Open and ask', html`<p><code>memory://</code> is gone when it is closed; <code>idb://name</code> is kept in the browser.</p>${example('01-query')}
<p>Parameters are <code>$1</code>, <code>$2</code> …; in a template of <code>sql</code> every value is one. <code>exec</code> runs a script of several statements and takes no parameters.</p>`],
  ['results', 'Results', html`<p>Rows are objects, arrays or, for many of them, whole columns as typed arrays. <code>numeric</code> is a string, for a number would lose digits; <code>int8</code> is a number when it is exact and a bigint otherwise.</p>${example('02-results')}${example('10-columns')}`],
  ['transactions', 'Transactions', html`<p>What the function given to <code>transaction</code> does is committed when it ends and rolled back when it throws.</p>${example('03-transaction')}`],
  ['prepared', 'Prepared statements', html`<p>A statement that runs often is planned once. In a database of this thread’s memory <code>sync</code> answers without promises.</p>${example('04-prepare')}`],
  ['sessions', 'Sessions', html`<p>A database has as many sessions as you like, each with its own transaction, settings and temporary tables. They wait for each other’s row locks as PostgreSQL’s do; a deadlock is found and ends one of them with <code>40P01</code>.</p>${example('05-sessions')}`],
  ['durable', 'Durable databases', html`<p>A commit is acknowledged when it is on disk. With <code>durability: 'relaxed'</code> it is when the browser has it, which is quicker and can lose the last moments if the machine, not the page, goes down.</p>${example('06-durable')}
<p>A database in IndexedDB has one owner, the tab that holds its lock; other tabs are sessions of that one. When the owner closes, another takes over.</p>`],
  ['errors', 'Errors', html`<p>Errors are PostgreSQL’s, with <a href="sqlstates.html">SQLSTATE</a>, detail, hint and position; <code>String(error)</code> looks as in psql, caret and all.</p>${example('07-errors')}`],
  ['notifications', 'Notifications', html`<p><code>LISTEN</code> and <code>NOTIFY</code> work between sessions, and between tabs.</p>${example('08-listen')}`],
  ['cancel', 'Cancel', html`<p>Every statement takes an <code>AbortSignal</code>. Long ones give the page its turn in between; in a worker they never hold it.</p>${example('09-cancel')}`],
  ['worker', 'In a worker', html`<p>The same interface, the engine in a worker of its own:</p><pre><code>${js(`import { TuskletWorker } from 'tusklet/worker';\n\nconst db = await TuskletWorker.create('idb://notes');`)}</code></pre>`],
  ['server', 'As a server', html`<p>The native binary speaks PostgreSQL’s protocol: psql and every driver connect to it.</p><pre><code>${sh('cargo run --release -p tusklet-server -- serve --listen 127.0.0.1:5432 --data ./data\npsql -h 127.0.0.1 -U postgres')}</code></pre>`],
  ['missing', 'What is missing', html`<p>Nothing is parsed and ignored: what Tusklet does not do yet raises <a href="sqlstates.html#0A000"><code>0A000</code></a> and says its name. The <a href="compatibility.html">compatibility page</a> has the list.</p>`],
];

/** @param read gives an example's text by its name */
export function guide(read) {
  const example = (name) => html`<pre><code>${js(read(name))}</code></pre>`;
  const sections = SECTIONS(example);
  return {
    titles: sections.map(([id, title]) => [id, title]),
    aside: html`<ul>${sections.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}</ul>`,
    body: html`<h1>Guide</h1><p class="lead">From installing to sessions side by side. Every example here is run by the tests.</p>
${sections.map(([id, title, body]) => html`<section class="text"><h2 id="${id}">${title}</h2>${body}</section>`)}`,
  };
}
