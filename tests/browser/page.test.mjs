import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './support.mjs';

let b;
before(async () => { b = await launch(); });
after(() => b.close());

test('the theme follows the system, can be chosen, and is kept', async () => {
  const page = await b.page({ colorScheme: 'dark' });
  await page.goto(b.url);
  const background = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await background();
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  assert.notEqual(await background(), dark);
  await page.reload();
  assert.notEqual(await background(), dark);
  await page.context().close();
});

test('nothing is wider than a phone', async () => {
  const page = await b.page({ viewport: { width: 360, height: 740 } });
  for (const hash of ['#/tutorial', '#/console', '#/zones']) {
    await page.goto(b.url + hash);
    await page.locator('main h1, main .editor').first().waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), hash);
  }
  await page.context().close();
});

test('text has contrast in both themes', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await b.page({ colorScheme });
    await page.goto(b.url);
    await page.getByRole('heading', { level: 1 }).waitFor();
    const low = await page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const luminance = (name) => {
        canvas.fillStyle = style.getPropertyValue(name);
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a, c) => { const [x, y] = [luminance(a), luminance(c)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
      const pairs = [];
      for (const ground of ['--bg', '--surface', '--sunk']) for (const ink of ['--text', '--muted', '--accent', '--bad', '--kw', '--str', '--num', '--com', '--type', '--fn']) pairs.push([ink, ground]);
      for (const kind of ['good', 'bad', 'warn']) pairs.push([`--${kind}`, `--${kind}-soft`]);
      pairs.push(['--accent-ink', '--accent']);
      return pairs.filter(([a, c]) => ratio(a, c) < 4.5).map(([a, c]) => `${a} on ${c}: ${ratio(a, c).toFixed(2)}`);
    });
    assert.deepEqual(low, [], colorScheme);
    await page.context().close();
  }
});
