import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './support.mjs';

const m = await load('zones/model.ts');
const day = new Date('2024-05-06T12:00:00Z');
const zone = { id: 7, name: 'example.org', type: 'NATIVE', records: 2, serial: 1 };
const row = (id, now, before = now) => ({ id, before, now: { ...now }, deleted: false });
const soa = { name: 'example.org', type: 'SOA', content: 'ns1.example.org h.example.org 2024010101 1 2 3 4', ttl: 3600, prio: 0, disabled: false };
const RAISED = 'ns1.example.org h.example.org 2024050601 1 2 3 4';
const a = { name: 'www.example.org', type: 'A', content: '192.0.2.1', ttl: 3600, prio: 0, disabled: false };

test('names are shown relative and kept absolute', () => {
  assert.equal(m.relative('example.org', 'example.org'), '@');
  assert.equal(m.relative('a.b.example.org', 'example.org'), 'a.b');
  assert.equal(m.relative('other.net', 'example.org'), 'other.net.');
  for (const [typed, kept] of [['@', 'example.org'], ['', 'example.org'], ['WWW', 'www.example.org'], ['www.example.org', 'www.example.org'], ['other.net.', 'other.net']]) {
    assert.equal(m.absolute(typed, 'example.org'), kept);
  }
});

test('changes become statements, and raise the serial once', () => {
  assert.equal(m.dayNumber(day), 20240506);
  assert.match(m.newZone('example.org', 'NATIVE', ['ns1.example.org'], 'h@example.org', day)[1], / h\.example\.org 2024050601 /);
  const changed = row('2', { ...a, content: "it's" }, a);
  const gone = { ...row('3', a), deleted: true };
  const fresh = { id: null, before: null, now: { ...a, ttl: null }, deleted: false };
  assert.deepEqual(m.statements(zone, [row('1', soa), changed, gone, fresh], RAISED), [
    "UPDATE records SET content = 'it''s' WHERE id = 2;",
    'DELETE FROM records WHERE id = 3;',
    "INSERT INTO records (domain_id, name, type, content, ttl, prio, disabled, auth) VALUES\n  (7, 'www.example.org', 'A', '192.0.2.1', NULL, 0, false, true);",
    "UPDATE records SET content = 'ns1.example.org h.example.org 2024050601 1 2 3 4' WHERE id = 1;",
  ]);
  assert.deepEqual(m.statements(zone, [row('1', soa), row('2', a)], RAISED), []);
  assert.equal(m.statements(zone, [row('1', { ...soa, content: 'x' }, soa)], RAISED).length, 1);
});
