// The tutorial through the package: every step as the page does it, with its check.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Tusklet } from '../../pkg/dist/index.js';
import { load } from './support.mjs';

const { chapter2 } = await load('tutorial/chapter2.ts');
const { chapter3 } = await load('tutorial/chapter3.ts');
const { split } = await load('sql/split.ts');

let db;
before(async () => { db = await Tusklet.create('memory://'); });
after(() => db.close());

/** Runs the statements of a step one by one, up to the first that fails. */
async function run(text) {
  let last;
  for (const s of split(text)) {
    const sql = text.slice(s.start, s.end);
    try {
      last = { sql, command: (await db.query(sql, [], { rowMode: 'array', text: true })).command };
    } catch (error) {
      return { sql, error };
    }
  }
  return last;
}

for (const lesson of [...chapter2, ...chapter3]) {
  test(`${lesson.section} ${lesson.title}`, async () => {
    await db.exec(lesson.setup);
    for (const step of lesson.steps) {
      const last = await run(step.sql);
      assert.equal(last.error?.code, step.error, `${step.id}: ${last.error}`);
      const { rows } = await db.query(step.check.replaceAll('{sql}', () => last.sql), [], { rowMode: 'array' });
      assert.deepEqual(rows, [[true]], `${step.id}: its check`);
      if (db.transactionStatus !== 'idle' && step.error !== undefined) await db.exec('ROLLBACK');
    }
    if (db.transactionStatus !== 'idle') await db.exec('ROLLBACK');
    // Any step can be come to first: the page then makes the lesson's tables and runs the steps before.
    for (const step of lesson.steps) {
      await db.exec(lesson.setup);
      for (const s of lesson.steps.slice(0, lesson.steps.indexOf(step))) if (s.error === undefined) await db.exec(s.sql);
      if (db.transactionStatus !== 'idle') await db.exec('ROLLBACK');
    }
  });
}
