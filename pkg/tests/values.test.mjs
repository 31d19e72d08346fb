import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifier, ident, join, parseArray, PostgresError, raw, serializeArray, sql, utf16Offset } from '../build/index.js';
import { date, int8, parserFor, serialize } from '../build/types.js';
import { compose } from '../build/template.js';

test('int8 is a number while that is exact', () => {
  assert.equal(int8('9007199254740991'), 9007199254740991);
  assert.equal(int8('9007199254740993'), 9007199254740993n);
  assert.equal(int8('-9223372036854775808'), -9223372036854775808n);
});

test('dates and timestamps', () => {
  assert.equal(date('2024-02-29').toISOString(), '2024-02-29T00:00:00.000Z');
  assert.equal(date('2024-02-29 10:20:30.123456+02').toISOString(), '2024-02-29T08:20:30.123Z');
  assert.equal(date('2024-02-29 10:20:30-03:30').toISOString(), '2024-02-29T13:50:30.000Z');
  assert.equal(date('0044-03-15 BC').toISOString(), '-000043-03-15T00:00:00.000Z');
  assert.deepEqual([date('infinity'), date('-infinity')], [Infinity, -Infinity]);
  assert.equal(date('2024-02-29 10:20:30').getHours(), 10);
});

test('arrays in and out', () => {
  assert.deepEqual(parseArray('{1,NULL,"a b","q\\"\\\\"}', (s) => s), ['1', null, 'a b', 'q"\\']);
  assert.deepEqual(parseArray('{{1,2},{3,4}}', Number), [[1, 2], [3, 4]]);
  assert.deepEqual(parseArray('[2:3]={7,8}', Number), [7, 8]);
  assert.deepEqual(parseArray('{}', Number), []);
  assert.throws(() => parseArray('{1', Number), { code: '22P02' });
  assert.throws(() => parseArray('{"1', Number), { code: '22P02' });
  assert.equal(serializeArray([1, null, 'a"b', [true]], String), '{"1",NULL,"a\\"b",{"true"}}');
  assert.deepEqual(parserFor(1016)('{1,9007199254740993}'), [1, 9007199254740993n]);
  assert.deepEqual(parserFor(3807)('{"{\\"a\\": 1}"}'), [{ a: 1 }]);
  assert.equal(serialize([{ a: 1 }], 3807), '{"{\\"a\\":1}"}');
});

test('serializers by type', () => {
  assert.equal(serialize({ a: 1 }, 3802), '{"a":1}');
  assert.equal(serialize([1, 2], 114), '[1,2]');
  assert.equal(serialize([1, 2], 1007), '{"1","2"}');
  assert.equal(serialize(new Uint8Array([1, 255]), 17), '\\x01ff');
  assert.equal(serialize(new Date(0), 1184), '1970-01-01T00:00:00.000Z');
  assert.equal(serialize(new Date('-000043-03-15T00:00:00Z'), 1184), '0044-03-15T00:00:00.000Z BC');
  assert.equal(serialize(5, 23, { 23: (v) => `${v}0` }), '50');
  assert.throws(() => serialize(() => 0, 25), { code: '22023' });
  assert.throws(() => serialize(new Date(NaN), 1184), { code: '22007' });
});

test('templates', () => {
  const cond = sql`WHERE a = ${1} AND b IN (${join([2, 3])})`;
  assert.deepEqual(compose(['SELECT * FROM ', ' ', ' LIMIT ', ''], [ident('my "t'), cond, 5]), {
    text: 'SELECT * FROM "my ""t" WHERE a = $1 AND b IN ($2, $3) LIMIT $4', params: [1, 2, 3, 5],
  });
  assert.equal(compose(['', ''], [raw('now()')]).text, 'now()');
  assert.equal(identifier('a'), '"a"');
});

test('positions are characters, offsets UTF-16 units', () => {
  assert.equal(utf16Offset('a😀b', 3), 3);
  assert.equal(utf16Offset('ab', 9), 2);
});

test('an error prints as in psql', () => {
  const e = new PostgresError({ severity: 'ERROR', code: '42P01', message: 'relation "t" does not exist', position: 19, hint: 'h' }, 'SELECT 😀,\n * FROM t');
  assert.equal(e.toString(), 'ERROR:  42P01: relation "t" does not exist\nLINE 2:  * FROM t\n                ^\nHINT:  h');
  assert.ok(e instanceof Error);
  assert.deepEqual(new PostgresError(structuredClone(e.fields()), e.query).toString(), e.toString());
});

test('a long line is cut around the caret', () => {
  const sqlText = `SELECT ${'x, '.repeat(100)}y`;
  const e = new PostgresError({ severity: 'ERROR', code: '42703', message: 'm', position: 151 }, sqlText);
  const [, line, mark] = e.toString().split('\n');
  assert.equal(line[mark.length - 1], sqlText[150]);
  assert.ok(line.length < 90);
});
