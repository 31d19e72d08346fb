// One browser for a test file, the built page on a local port. Elements are found by role and name, as people find them.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from '../../scripts/serve.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const dist = join(root, 'playground', 'dist');

export async function launch() {
  if (!existsSync(join(dist, 'index.html'))) throw new Error('the playground is not built: npm run build');
  const server = await serve(dist, 0, undefined, { '/www': join(root, 'www', 'dist') });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const url = `http://127.0.0.1:${server.address().port}/`;
  return {
    url,
    browser,
    /** A page in a profile of its own; what goes wrong in its scripts is collected in `errors`. */
    async page(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true, ...options });
      const page = await context.newPage();
      page.errors = [];
      page.on('pageerror', (e) => page.errors.push(String(e)));
      page.on('console', (m) => { if (m.type() === 'error') page.errors.push(m.text()); });
      page.setDefaultTimeout(30000);
      return page;
    },
    async close() {
      await browser.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Replaces the editor's text. */
export async function type(page, name, text) {
  const editor = page.getByRole('textbox', { name });
  await editor.click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.evaluate(() => 0);
  await page.keyboard.insertText(text);
}
