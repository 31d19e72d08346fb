// What every page has.
import { html, raw } from './html.mjs';

const SECTIONS = [
  ['guide.html', 'Guide'],
  ['functions.html', 'Functions'],
  ['types.html', 'Types'],
  ['compatibility.html', 'Compatibility'],
];

const LOGO = raw('<svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true"><path d="M6 4c0 13 6 22 20 24-7-5-10-12-10-20" fill="none" stroke="currentColor" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/></svg>');

// Beside the text the list is open, above it closed; decided before the first paint.
const OPEN = raw("<script>document.currentScript.previousElementSibling.open=matchMedia('(min-width:60.01rem)').matches</script>");

/**
 * A whole page. `aside` is the list beside the text, `section` the file of the heading it stands under.
 * @returns {string}
 */
export function page({ file, title, description, section, aside, body, wide = false }) {
  const main = aside === undefined
    ? html`<main id="main" tabindex="-1" class="${wide ? 'wide' : 'single'}">${body}</main>`
    : html`<div class="columns"><nav class="aside" aria-label="Pages"><details class="menu"><summary>Contents</summary>${aside}</details>${OPEN}</nav>
<main id="main" tabindex="-1">${body}</main></div>`;
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${description}">
<title>${title === undefined ? 'Tusklet: PostgreSQL’s SQL in the page' : `${title} · Tusklet`}</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<script>try{const t=localStorage.getItem('tusklet.theme');if(t)document.documentElement.dataset.theme=t}catch{}</script>
<link rel="stylesheet" href="style.css">
<script type="module" src="site.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<a class="brand" href="index.html"${raw(file === 'index.html' ? ' aria-current="page"' : '')}>${LOGO}<span>Tusklet</span></a>
<nav aria-label="Sections" class="sections">${SECTIONS.map(([to, name]) => html`<a href="${to}"${raw(section === to ? ' aria-current="page"' : '')}>${name}</a>`)}<a href="../">Playground</a></nav>
<div class="search"><input type="search" role="combobox" aria-label="Search the reference" aria-expanded="false" aria-controls="found" aria-autocomplete="list" autocomplete="off" spellcheck="false" placeholder="Search"><kbd aria-hidden="true">/</kbd>
<ul id="found" role="listbox" aria-label="Found" hidden></ul></div>
<button type="button" id="theme" class="quiet" aria-label="Theme: system">◐</button>
</header>
${main}
<footer>Tusklet is MIT licensed. Catalog data, settings’ descriptions and SQLSTATEs are derived from PostgreSQL 15, under <a href="notice.html">its licence</a>. PostgreSQL is a registered trademark of the PostgreSQL Community Association of Canada.</footer>
<div id="live" class="visually-hidden" role="status" aria-live="polite"></div>
</body>
</html>
`);
}
