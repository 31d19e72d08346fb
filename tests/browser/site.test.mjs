// The site: links that lead somewhere, search and filters by keyboard, the live box, phones, both themes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './support.mjs';

let b;
before(async () => { b = await launch(); });
after(() => b.close());

const site = (file = '') => `${b.url}www/${file}`;
const external = (page) => {
  page.outside = [];
  page.on('request', (r) => { if (!r.url().startsWith(b.url) && !/^(data|blob):/.test(r.url())) page.outside.push(r.url()); });
  return page;
};

test('every page opens without errors, requests from elsewhere or broken links', async () => {
  const page = external(await b.page());
  const pages = new Map();
  const open = async (file) => {
    await page.goto(site(file));
    pages.set(file, await page.evaluate(() => ({
      ids: [...document.querySelectorAll('[id]')].map((e) => e.id),
      links: [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')),
      h1: document.querySelectorAll('h1').length,
      unnamed: [...document.querySelectorAll('button, input, textarea, a')].filter((e) => !(e.getAttribute('aria-label') ?? e.textContent).trim()).length,
    })));
  };
  const queue = ['index.html'];
  while (queue.length > 0) {
    const file = queue.pop();
    if (pages.has(file)) continue;
    await open(file);
    for (const href of pages.get(file).links) {
      const [to] = href.split('#');
      if (to !== '' && to !== '../' && !pages.has(to)) queue.push(to);
    }
  }
  assert.ok(pages.size > 30, `${pages.size} pages`);
  const broken = [];
  for (const [file, { ids, links, h1, unnamed }] of pages) {
    assert.equal(h1, 1, `${file}: one heading of the first level`);
    assert.equal(unnamed, 0, `${file}: everything to press has a name`);
    assert.equal(new Set(ids).size, ids.length, `${file}: ids are unique`);
    for (const href of links) {
      const [to, id] = href.split('#');
      const target = to === '' ? pages.get(file) : pages.get(to);
      if (to !== '../' && (target === undefined || (id !== undefined && id !== 'main' && !target.ids.includes(decodeURIComponent(id))))) broken.push(`${file}: ${href}`);
    }
  }
  assert.deepEqual(broken, []);
  assert.deepEqual(page.errors, []);
  assert.deepEqual(page.outside, []);
  const index = await page.evaluate(async () => (await (await fetch('index.json')).json()).map(([, to]) => to));
  const lost = index.filter((to) => { const [file, id] = to.split('#'); return !pages.get(file)?.ids.includes(id); });
  assert.deepEqual(lost, [], 'the search leads somewhere');
  await page.context().close();
});

test('the search is found and used by keyboard', async () => {
  const page = await b.page();
  await page.goto(site());
  await page.keyboard.press('/');
  await page.keyboard.type('regexp_replace');
  await page.getByRole('option').first().waitFor();
  assert.match(await page.getByRole('option', { selected: true }).textContent(), /^regexp_replace/);
  await page.keyboard.press('Enter');
  await page.waitForURL(/functions-string\.html#regexp_replace$/);
  assert.ok(await page.locator('#regexp_replace').isVisible());
  for (const [text, where] of [['22012', /sqlstates\.html#22012$/], ['timestamptz', /types\.html#/], ['work_mem', /settings\.html#setting-work_mem$/], ['->>', /functions-json\.html#/]]) {
    await page.getByRole('combobox', { name: 'Search the reference' }).fill(text);
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(where);
  }
  await page.getByRole('combobox', { name: 'Search the reference' }).fill('zzzz');
  await page.getByText('Nothing found').waitFor();
  await page.keyboard.press('Escape');
  assert.ok(await page.getByRole('listbox').isHidden());
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('filters leave what fits', async () => {
  const page = await b.page();
  await page.goto(site('functions.html'));
  await page.getByRole('searchbox', { name: 'Filter functions' }).fill('greatest common');
  await page.locator('.count').filter({ hasText: /^1 of/ }).waitFor();
  assert.ok(await page.getByRole('link', { name: 'gcd', exact: true }).isVisible());
  assert.equal(await page.locator('main section:not([hidden])').count(), 1);
  await page.keyboard.press('Escape');
  assert.ok(await page.locator('main section:not([hidden])').count() > 20);
  await page.goto(site('functions-string.html'));
  await page.getByRole('searchbox', { name: 'Filter this page' }).fill('md5');
  assert.equal(await page.locator('.entry:not([hidden])').count(), 1);
  await page.context().close();
});

test('the live box and the examples run the real engine', async () => {
  const page = external(await b.page());
  await page.goto(site());
  const early = await page.evaluate(() => performance.getEntriesByType('resource').filter((e) => e.name.endsWith('.wasm')).length);
  assert.equal(early, 0, 'no engine before something is run');
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByLabel('Results').getByRole('cell', { name: '{Io,Europa}' }).waitFor();
  await page.getByRole('textbox', { name: 'SQL' }).fill('SELECT 1 / 0');
  await page.keyboard.press('Control+Enter');
  await page.getByLabel('Results').getByText('division by zero').waitFor();
  assert.equal(await page.locator('#live-note').textContent(), 'SQLSTATE 22012');
  await page.goto(site('functions-enum.html'));
  await page.getByRole('button', { name: 'Try enum_last(NULL::rainbow)' }).click();
  const dialog = page.getByRole('dialog', { name: 'Try it' });
  await dialog.getByRole('cell', { name: 'purple' }).waitFor();
  await page.keyboard.press('Escape');
  assert.ok(await dialog.isHidden());
  assert.deepEqual(page.errors, []);
  assert.deepEqual(page.outside, []);
  await page.context().close();
});

test('nothing is wider than a phone, and nothing moves while loading', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await b.page({ viewport: { width: 390, height: 844 }, colorScheme });
    await page.addInitScript(() => {
      window.shift = 0;
      new PerformanceObserver((l) => { for (const e of l.getEntries()) if (!e.hadRecentInput) window.shift += e.value; }).observe({ type: 'layout-shift', buffered: true });
    });
    for (const file of ['', 'guide.html', 'functions.html', 'functions-json.html', 'functions-information.html', 'types.html', 'casts.html', 'sqlstates.html', 'settings.html', 'compatibility.html']) {
      await page.goto(site(file));
      await page.waitForTimeout(150);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${file} is too wide`);
      assert.ok(await page.evaluate(() => window.shift) < 0.02, `${file} moves: ${await page.evaluate(() => window.shift)}`);
    }
    await page.context().close();
  }
});

test('the theme is the playground’s, and is kept', async () => {
  const page = await b.page({ colorScheme: 'dark' });
  await page.goto(site());
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  const light = await background();
  assert.notEqual(light, dark);
  await page.getByRole('link', { name: 'Playground', exact: true }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.equal(await background(), light);
  await page.context().close();
});
