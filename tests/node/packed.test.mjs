// The goldens of one session through `exec` and `query`, whose rows cross as packed columns: columns, rows, tags and errors as PostgreSQL
// has them, and every value the same whether it crosses as text or typed. COPY's data and what comes beside results are `goldens.test.mjs`'s.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Tusklet } from 'tusklet';
import { root } from '../../scripts/tools.mjs';

const sql = join(root, 'tests/sql');
const names = readdirSync(sql, { recursive: true }).filter((f) => f.endsWith('.test')).map((f) => f.slice(0, -5).replaceAll('\\', '/')).sort();
const types = new Map(readFileSync(join(root, 'src/catalog/data/pg_type.tsv'), 'utf8').split('\n').map((l) => l.split('\t')).map(([oid, name]) => [Number(oid), name]));

/** Statements of a file: SQL, directives, expectation, number. */
function parse(text) {
  const out = [];
  let current;
  let expecting = false;
  for (const line of text.split('\n')) {
    if (line.trim() === '') current = undefined;
    else if (current === undefined && (line.startsWith('#') || line.startsWith('session '))) continue;
    else if (current !== undefined && line === '----') expecting = true;
    else {
      if (current === undefined) {
        out.push((current = { number: out.length + 1, sql: [], params: [], directives: [], expected: [] }));
        expecting = false;
      }
      if (expecting) current.expected.push(line);
      else if (line.startsWith('@params')) current.params.push(values(line.slice(7).trim()));
      else if (line.startsWith('@')) current.directives.push(line.slice(1).split(' ')[0]);
      else current.sql.push(line);
    }
  }
  return out.map((s) => ({ ...s, sql: s.sql.join('\n') }));
}

/** What a `@params` line holds, written as rows are. */
function values(text) {
  const out = [];
  for (const [, quoted, plain] of text.matchAll(/(?:^| \| )(?:"((?:[^"\\]|\\.)*)"|((?:(?! \| ).)*))/g)) {
    if (quoted !== undefined) out.push(quoted.replace(/\\(.)/g, (_, c) => ({ n: '\n', t: '\t', r: '\r' })[c] ?? c));
    else if (text !== '') out.push(plain.trim() === 'NULL' ? null : plain.trim());
  }
  return out;
}

function quoted(v) {
  const control = /[\u0000-\u001f\u007f-\u009f]/.test(v);
  if (v !== '' && v !== 'NULL' && !/^[ ">]/.test(v) && !v.endsWith(' ') && !v.includes(' | ') && !control && (!v.startsWith('(') || v.endsWith(')'))) return v;
  return `"${v.replace(/["\\]/g, '\\$&').replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => ({ '\n': '\\n', '\t': '\\t', '\r': '\\r' })[c] ?? `\\u{${c.charCodeAt(0).toString(16)}}`)}"`;
}

function typeName({ dataTypeID, typmod }) {
  let name = types.get(dataTypeID);
  if (name === undefined) return '(user type)';
  const base = name.replace(/^_/, '');
  if (name !== base) name = `${base}[]`;
  if (typmod < 0) return name;
  if (base === 'varchar' || base === 'bpchar') return `${name}(${typmod - 4})`;
  if (base === 'numeric') return `${name}(${(typmod - 4) >> 16},${(((typmod - 4) & 0x7ff) ^ 1024) - 1024})`;
  return `${name}(${typmod})`;
}

const header = (r) => (r.fields.map((f) => `${quoted(f.name)} ${typeName(f)}`).join(' | '));
const row = (r) => (r.length === 0 ? '()' : r.map((v) => (v === null ? 'NULL' : quoted(v))).join(' | '));
const tag = (r) => (r.command === 'INSERT' ? `INSERT 0 ${r.rowCount}` : /^(SELECT|UPDATE|DELETE|MERGE|FETCH|MOVE|COPY)$/.test(r.command) ? `${r.command} ${r.rowCount}` : r.command);
const failed = (e) => [`ERROR ${e.code} ${e.message.replaceAll('\n', '\\n')}`, e.detail && `  detail: ${e.detail.replaceAll('\n', '\\n')}`, e.hint && `  hint: ${e.hint}`, e.position && `  position: ${e.position}`].filter(Boolean);

/** The part of an expectation that results and errors say. */
function wanted(expected) {
  const error = expected.findIndex((l) => /^(ERROR|FATAL) /.test(l));
  if (error >= 0) {
    return expected.slice(error).filter((l, i) => i === 0 || /^ {2}(detail|hint|position):/.test(l)).map((l) => l.replace(/^( {2}position: \d+).*/, '$1'));
  }
  const out = [];
  let report = false;
  for (const l of expected) {
    report = /^(NOTICE|WARNING|INFO) \w{5} /.test(l) || (report && l.startsWith('  '));
    if (!report && !/^\((setting|notification|in a|idle|copy|empty|no columns)/.test(l) && !l.startsWith('parameters:')) out.push(l);
  }
  return out;
}

/** A result's lines. That a result has no columns is not told apart from there being no result. */
const said = (r) => (r.command === '' ? [] : [...(r.fields.length > 0 ? [header(r)] : []), ...r.rows.map(row), tag(r)]);

for (const name of names) {
  const text = readFileSync(join(sql, `${name}.test`), 'utf8');
  // Several sessions and COPY's data go over the protocol alone.
  if (/^session /m.test(text) || /^COPY .*(STDIN|STDOUT)/im.test(text)) continue;
  test(name, async () => {
    const db = await Tusklet.create('memory://', { settings: { TimeZone: 'UTC' } });
    const options = { rowMode: 'array', text: true };
    const known = new Set(readFileSync(join(root, 'tests/known_failures.txt'), 'utf8').split('\n').filter((l) => l.startsWith(`${name}:`)).flatMap((l) => l.slice(name.length + 1).split(',').flatMap((part) => {
      const [a, b = a] = part.trim().split('-').map(Number);
      return Array.from({ length: b - a + 1 }, (_, i) => a + i);
    })));
    const wrong = [];
    for (const s of parse(text)) {
      if (s.directives.includes('describe') || s.directives.includes('types')) continue;
      let got;
      try {
        if (s.params.length === 0) got = (await db.exec(s.sql, options)).flatMap(said);
        else {
          got = [];
          for (const p of s.params) {
            const r = said(await db.query(s.sql, p, options));
            // The header comes once, from Describe.
            got.push(...(got.length > 0 && r.length > 1 ? r.slice(1) : r));
          }
        }
      } catch (error) {
        if (error.code === undefined) throw error;
        got = failed(error);
      }
      const want = wanted(s.expected);
      const both = [got, want].map((l) => (s.directives.includes('sorted') ? [...l].sort() : l).join('\n'));
      if (both[0] !== both[1] && !known.has(s.number)) wrong.push(`statement ${s.number}: ${s.sql}\n--- PostgreSQL\n${both[1]}\n+++ here\n${both[0]}`);
    }
    await db.close();
    assert.equal(wrong.length, 0, wrong.slice(0, 5).join('\n\n'));
  });
}
