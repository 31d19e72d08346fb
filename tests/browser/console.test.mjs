import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, type } from './support.mjs';

let b;
before(async () => { b = await launch(); });
after(() => b.close());

const ready = (page) => page.getByRole('button', { name: 'Run', exact: true, disabled: false }).waitFor();

test('run all, run the statement at the cursor, see the error at its place', async () => {
  const page = await b.page();
  await page.goto(`${b.url}#/console`);
  await ready(page);
  await page.getByRole('button', { name: 'Run all' }).click();
  const grid = page.getByRole('region', { name: /^4 rows/ });
  await grid.getByRole('columnheader', { name: /radius_km/ }).waitFor();
  assert.deepEqual(await grid.getByRole('row').nth(1).getByRole('cell').allTextContents(), ['Earth', '6371.0', '1', '1']);
  await page.getByRole('complementary').getByText('planets', { exact: true }).click();
  await page.getByRole('complementary').getByText('radius_km numeric').waitFor();

  await type(page, 'SQL editor', "SELECT 1;\nSELECT '😀', nope FROM planets;\nSELECT NULL AS nothing, '' AS empty");
  await page.keyboard.press('Control+Enter');
  await page.getByRole('cell', { name: 'NULL' }).waitFor();
  await page.keyboard.press('Control+Shift+Enter');
  await page.getByText('ERROR 42703', { exact: true }).waitFor();
  const mark = page.locator('.cm-lintRange-error');
  assert.equal(await mark.textContent(), 'nope');
  assert.match(await page.getByRole('status').first().textContent(), /ERROR 42703/);
  await page.getByText('column "nope" does not exist').first().waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('what was stored is there after a reload', async () => {
  const page = await b.page();
  await page.goto(`${b.url}#/console`);
  await ready(page);
  await type(page, 'SQL editor', "CREATE TABLE kept (a int primary key, b text); INSERT INTO kept SELECT i, 'row ' || i FROM generate_series(1, 1000) AS i");
  await page.keyboard.press('Control+Shift+Enter');
  await page.getByText('INSERT 0 1000', { exact: true }).waitFor();
  await page.reload();
  await ready(page);
  await type(page, 'SQL editor', 'SELECT * FROM kept ORDER BY a');
  await page.keyboard.press('Control+Enter');
  const grid = page.getByRole('region', { name: /^1,000 rows/ });
  await grid.waitFor();
  // Only what is in sight is in the document; the end comes when scrolled to.
  assert.ok(await grid.getByRole('row').count() < 200);
  await grid.evaluate((el) => el.scrollTo(0, el.scrollHeight));
  await grid.getByRole('cell', { name: 'row 1000' }).waitFor();
  await page.context().close();
});

test('EXPLAIN, history, another database', async () => {
  const page = await b.page();
  await page.goto(`${b.url}#/console`);
  await ready(page);
  await type(page, 'SQL editor', 'SELECT 40 + 2 AS answer');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText(/Result\s+\(cost=/).waitFor();
  await page.getByRole('button', { name: 'New database' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('second');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.waitForFunction(() => document.querySelector('select').value === 'second');
  await ready(page);
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'SELECT 40 + 2 AS answer' }).click();
  await page.getByRole('button', { name: 'Delete database' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.waitForFunction(() => document.querySelector('select').value === 'main');
  await page.context().close();
});
