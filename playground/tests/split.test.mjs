import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './support.mjs';

const { split, statementAt } = await load('sql/split.ts');
const texts = (sql) => split(sql).map((p) => sql.slice(p.start, p.end));

test('statements end at semicolons that are not inside something', () => {
  assert.deepEqual(texts('SELECT 1; SELECT 2'), ['SELECT 1', 'SELECT 2']);
  assert.deepEqual(texts(" -- a;b\nSELECT ';' /* ; /* ; */ ; */, \"a;b\";;\n"), ["SELECT ';' /* ; /* ; */ ; */, \"a;b\""]);
  assert.deepEqual(texts('DO $$ BEGIN; END $$; SELECT $1; SELECT $a$;$$;$a$'), ['DO $$ BEGIN; END $$', 'SELECT $1', 'SELECT $a$;$$;$a$']);
  assert.deepEqual(texts("SELECT E'\\';'; SELECT '\\'; SELECT 3"), ["SELECT E'\\';'", "SELECT '\\'", 'SELECT 3']);
  assert.deepEqual(texts('CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); x'), ['CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)', 'x']);
  assert.deepEqual(texts('CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; x').length, 2);
  assert.deepEqual(texts('BEGIN; SELECT 1; END'), ['BEGIN', 'SELECT 1', 'END']);
  assert.deepEqual(texts("SELECT 'open"), ["SELECT 'open"]);
  assert.deepEqual(texts('  -- nothing\n'), []);
});

test('the statement at the cursor', () => {
  const sql = 'SELECT 1;\n\nSELECT 2; SELECT 3;\n';
  const at = (cursor) => { const p = statementAt(sql, cursor); return p && sql.slice(p.start, p.end); };
  assert.equal(at(0), 'SELECT 1');
  assert.equal(at(9), 'SELECT 1');
  assert.equal(at(12), 'SELECT 2');
  assert.equal(at(20), 'SELECT 2');
  assert.equal(at(25), 'SELECT 3');
  assert.equal(at(sql.length), 'SELECT 3');
});
