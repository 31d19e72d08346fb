import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './support.mjs';

let b;
before(async () => { b = await launch(); });
after(() => b.close());

test('the whole tutorial, step by step, each check passing; ticks survive a reload', { timeout: 600000 }, async () => {
  const page = await b.page();
  await page.goto(b.url);
  let steps = 0;
  for (;;) {
    await page.getByRole('button', { name: 'Run', exact: true, disabled: false }).click();
    const title = await page.getByRole('heading', { level: 1 }).textContent();
    const verdict = page.locator('.notice');
    await page.getByText('✓ That is it').waitFor().catch(async () => {
      assert.fail(`step “${title}”: ${await verdict.allTextContents()} ${await page.locator('.error-text').allTextContents()}`);
    });
    steps++;
    const next = page.getByRole('link', { name: 'Next →' });
    if (await next.count() === 0) break;
    await next.click();
    await page.getByRole('heading', { level: 1 }).filter({ hasNotText: title }).waitFor().catch(() => undefined);
  }
  assert.equal(steps, 53);
  await page.reload();
  await page.getByRole('navigation', { name: 'Steps' }).getByRole('link', { name: 'Everything (done)', exact: true }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a wrong answer is told from a right one, and a step can be reset', async () => {
  const page = await b.page();
  await page.goto(`${b.url}#/tutorial/aggregate/max`);
  await page.getByRole('button', { name: 'Run', exact: true, disabled: false }).waitFor();
  await page.getByRole('textbox', { name: 'SQL of this step' }).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText('SELECT 1 AS max');
  await page.keyboard.press('Control+Enter');
  await page.getByText('not yet what the step asks for').waitFor();
  await page.getByRole('button', { name: 'Reset this step' }).click();
  await page.getByRole('button', { name: 'Run', exact: true, disabled: false }).click();
  await page.getByText('✓ That is it').waitFor();
  await page.context().close();
});
