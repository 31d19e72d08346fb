import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { launch } from './support.mjs';

let b;
before(async () => { b = await launch(); });
after(() => b.close());

const FILE = `$TTL 3600
@ IN SOA ns1 hostmaster 2024010101 10800 3600 604800 3600
@ IN NS ns1
@ IN MX 10 mail
ns1 IN A 192.0.2.1
mail IN A 192.0.2.2
www IN CNAME @
`;

test('a zone is made, edited, applied, and there after a reload', { timeout: 240000 }, async () => {
  const page = await b.page();
  await page.goto(`${b.url}#/zones`);
  await page.getByRole('button', { name: 'Create the tables' }).click();
  await page.getByRole('button', { name: 'New zone' }).click();
  let dialog = page.getByRole('dialog', { name: 'New zone' });
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('example.org');
  await dialog.getByText("INSERT INTO domains (name, type) VALUES ('example.org', 'NATIVE');").waitFor();
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'example.org' }).waitFor();
  const table = page.getByRole('table', { name: 'Records of example.org' });
  assert.equal(await table.getByRole('row').count(), 4);
  const serial = Number(/serial (\d+)/.exec(await page.getByText(/NATIVE zone/).textContent())[1]);

  await page.getByRole('button', { name: 'Add record' }).click();
  dialog = page.getByRole('dialog', { name: 'Add record' });
  await dialog.getByRole('textbox', { name: 'Name' }).fill('www');
  await dialog.getByRole('textbox', { name: 'Content' }).fill('192.0.2.300');
  await dialog.getByRole('button', { name: 'Add' }).click();
  assert.ok((await dialog.locator('.field-error').first().textContent()).length > 5);
  await dialog.getByRole('textbox', { name: 'Content' }).fill('192.0.2.30');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('button', { name: 'Disable @ NS' }).first().click();
  await page.getByRole('button', { name: 'Delete @ NS' }).last().click();
  await page.getByRole('button', { name: 'Apply 3 changes…' }).click();
  dialog = page.getByRole('dialog', { name: 'Apply changes to example.org' });
  const sql = await dialog.getByLabel('SQL to be run').textContent();
  assert.match(sql, /^BEGIN;\n/);
  assert.match(sql, /UPDATE records SET disabled = true WHERE id = \d+;/);
  assert.match(sql, /DELETE FROM records WHERE id = \d+;/);
  assert.match(sql, /'www.example.org', 'A', '192.0.2.30', 3600, /);
  assert.match(sql, new RegExp(`UPDATE records SET content = '.* ${serial + 1} .*' WHERE`));
  await dialog.getByRole('button', { name: 'Run' }).click();
  await page.getByText(`serial ${serial + 1}`).waitFor();

  await page.reload();
  await page.getByRole('button', { name: 'Edit www A' }).waitFor();
  await page.getByRole('button', { name: 'Enable @ NS' }).waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});

test('a zone file in, with its errors by line, and out again', async () => {
  const page = await b.page();
  await page.goto(`${b.url}#/zones`);
  await page.getByRole('button', { name: 'Create the tables' }).click();
  await page.getByRole('button', { name: 'Import…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Import a zone file' });
  await dialog.getByRole('textbox', { name: 'Zone' }).fill('example.net');
  await dialog.getByRole('textbox', { name: 'Text of the file' }).fill(`${FILE}bad IN A 1.2.3\nworse IN A 192.0.2.999\n`);
  await dialog.getByRole('button', { name: 'Import' }).click();
  await dialog.getByText('2 errors; nothing was imported.').waitFor();
  await dialog.getByText(/line 8, column \d+:/).waitFor();
  await dialog.getByText(/line 9, column \d+:/).waitFor();
  await dialog.getByRole('textbox', { name: 'Text of the file' }).fill(FILE);
  await dialog.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('heading', { name: 'example.net' }).waitFor();
  assert.equal(await page.getByRole('table').getByRole('row').count(), 7);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
  const text = await readFile(await download.path(), 'utf8');
  assert.match(text, /www\S*\s+.*CNAME\s+/);

  // The same file again changes nothing; one with a record less, replacing, deletes one.
  await page.getByRole('region', { name: 'Zone' }).getByRole('button', { name: 'Import…' }).click();
  const again = page.getByRole('dialog', { name: 'Import into example.net' });
  await again.getByRole('textbox', { name: 'Text of the file' }).fill(FILE.replace(/www.*\n/, ''));
  await again.getByRole('checkbox').check();
  await again.getByRole('button', { name: 'Import' }).click();
  await page.getByRole('button', { name: 'Apply 1 change…' }).waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();

  await page.getByRole('button', { name: 'Delete zone' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There are no zones yet.').waitFor();
  assert.deepEqual(page.errors, []);
  await page.context().close();
});
