// The dialogues of `dialogues.mjs`: each message of ours as PostgreSQL 15 sends it. See there for how the answers are had.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Wire } from './client.mjs';
import { dialogues } from './dialogues.mjs';
import { serve, sleep } from './support.mjs';

const path = new URL('dialogues.txt', import.meta.url);
const bless = process.env.TUSKLET_BLESS !== undefined;
const known = new Map();
if (!bless) {
  for (const part of readFileSync(path, 'utf8').split(/^## /m).slice(1)) known.set(part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trimEnd());
}

let server;
before(async () => {
  const [host, port] = (process.env.TUSKLET_WIRE ?? '').split(':');
  server = port === undefined ? await serve() : { host, port: Number(port), kill: () => undefined };
});
after(() => {
  server.kill();
  if (bless) writeFileSync(path, [...known].map(([name, answers]) => `## ${name}\n${answers}\n`).join('\n'));
});

/** A message's body in ASCII. */
const ascii = (b) => b.toString('latin1').replace(/[\0-\x1f\x7f-\xff\\]/g, (c) => (c === '\\' ? '\\\\' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`));
/** Numbers of objects somebody made differ from server to server. */
const oid = (n) => (n >= 16384 ? 'new' : n);

const readers = {
  closed: () => '',
  K: () => '',
  E: (b) => fields(b),
  N: (b) => fields(b),
  S: (b) => ascii(b).replace(/^server_version.*/, 'server_version').replace('\\x00', '=').replace(/\\x00$/, ''),
  A: (b) => ascii(b.subarray(4)),
  t: (b) => Array.from({ length: b.readInt16BE(0) }, (_, i) => oid(b.readInt32BE(2 + 4 * i))).join(' '),
  T(b) {
    const columns = [];
    for (let i = b.readInt16BE(0), at = 2; i > 0; i--) {
      const end = b.indexOf(0, at);
      const [table, number, type, length, modifier, format] = [oid(b.readInt32BE(end + 1)), b.readInt16BE(end + 5), oid(b.readInt32BE(end + 7)), b.readInt16BE(end + 11), b.readInt32BE(end + 13), b.readInt16BE(end + 17)];
      columns.push(`${ascii(b.subarray(at, end))}(${[table, number, type, length, modifier, format]})`);
      at = end + 19;
    }
    return columns.join(' ');
  },
  D(b) {
    const values = [];
    for (let i = b.readInt16BE(0), at = 2; i > 0; i--) {
      const n = b.readInt32BE(at);
      values.push(n < 0 ? 'NULL' : ascii(b.subarray(at + 4, at + 4 + n)));
      at += 4 + Math.max(n, 0);
    }
    return values.join(' | ');
  },
};

/** All of an error but where in the source it was raised. */
function fields(b) {
  const out = [];
  for (let at = 0; b[at] !== 0;) {
    const end = b.indexOf(0, at);
    if (!'FLR'.includes(String.fromCharCode(b[at]))) out.push(`${String.fromCharCode(b[at])}=${ascii(b.subarray(at + 1, end))}`);
    at = end + 1;
  }
  return out.join('|').replace(/pg_temp_\d+/g, 'pg_temp_N');
}

const show = (m) => `${m.kind} ${(readers[m.kind] ?? ascii)(m.body)}`.trimEnd();

/** What comes until there are so many ReadyForQuery, or COPY wants data, or nothing more comes. */
async function answers(wire, ready) {
  const out = [];
  const patience = ready === 0 ? 150 : 1000;
  for (;;) {
    wire.pending ??= wire.next();
    const m = await Promise.race([wire.pending, sleep(out.at(-1)?.kind === 'G' ? 50 : patience)]);
    if (m === undefined) return out;
    wire.pending = undefined;
    out.push(m);
    if (m.kind === 'Z') ready--;
    if (m.kind === 'closed' || (m.kind === 'Z' && ready <= 0)) return out;
  }
}

async function play({ settings, steps }) {
  const wire = await Wire.connect(server, settings);
  const lines = wire.hello.map(show);
  const greeted = Object.keys(settings).length > 0 || steps.length === 0;
  const out = greeted ? lines : [];
  for (const step of steps) {
    if (wire.closed) break;
    const list = Array.isArray(step) ? step : [step];
    const ready = list.filter((m) => 'QSF'.includes(String.fromCharCode(m[0]))).length;
    wire.send(...list);
    out.push('--', ...(await answers(wire, ready)).map(show));
  }
  wire.end();
  return out.join('\n');
}

for (const dialogue of dialogues) {
  test(dialogue.name, async () => {
    const got = await play(dialogue);
    if (bless) known.set(dialogue.name, got);
    else assert.equal(got, known.get(dialogue.name));
  });
}
