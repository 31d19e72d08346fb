// Protocol 3 by hand, for dialogues no client library would have.
import net from 'node:net';

export const text = (s) => Buffer.concat([Buffer.from(s), Buffer.from([0])]);
export const i16 = (n) => { const b = Buffer.alloc(2); b.writeInt16BE(n); return b; };
export const i32 = (n) => { const b = Buffer.alloc(4); b.writeInt32BE(n); return b; };
const message = (kind, ...parts) => {
  const body = Buffer.concat(parts.map((p) => Buffer.from(p)));
  return Buffer.concat([Buffer.from(kind), i32(body.length + 4), body]);
};

const sized = (values) => values.flatMap((v) => (v === null ? [i32(-1)] : [i32(Buffer.byteLength(v)), Buffer.from(v)]));

/** FunctionCall. */
export const F = (oid, values = [], resultFormat = 0, formats = values.map((v) => (Buffer.isBuffer(v) ? 1 : 0))) =>
  message('F', i32(oid), i16(formats.length), ...formats.map(i16), i16(values.length), ...sized(values), i16(resultFormat));

export const M = {
  query: (sql) => message('Q', text(sql)),
  parse: (name, sql, types = []) => message('P', text(name), text(sql), i16(types.length), ...types.map(i32)),
  /** `values`: strings, Buffers (binary, if `formats` does not say otherwise) or null. */
  bind: (portal, name, values = [], resultFormats = [], formats = values.map((v) => (Buffer.isBuffer(v) ? 1 : 0))) => message('B', text(portal), text(name),
    i16(formats.length), ...formats.map(i16), i16(values.length), ...sized(values), i16(resultFormats.length), ...resultFormats.map(i16)),
  describe: (kind, name) => message('D', Buffer.from(kind), text(name)),
  execute: (portal, rows = 0) => message('E', text(portal), i32(rows)),
  close: (kind, name) => message('C', Buffer.from(kind), text(name)),
  sync: () => message('S'),
  flush: () => message('H'),
  terminate: () => message('X'),
  raw: message,
};

export class Wire {
  static async connect({ host, port }, settings = {}) {
    const wire = new Wire();
    wire.buffer = Buffer.alloc(0);
    wire.queue = [];
    wire.closed = false;
    wire.socket = net.connect(port, host);
    wire.socket.on('data', (d) => {
      wire.buffer = Buffer.concat([wire.buffer, d]);
      wire.pump();
    });
    wire.socket.on('close', () => { wire.closed = true; wire.pump(); });
    wire.socket.on('error', () => undefined);
    const words = Object.entries({ user: 'postgres', database: 'postgres', ...settings }).flatMap(([k, v]) => [text(k), text(v)]);
    const body = Buffer.concat([i32(196608), ...words, Buffer.from([0])]);
    wire.socket.write(Buffer.concat([i32(body.length + 4), body]));
    wire.hello = await wire.until('Z');
    return wire;
  }

  /** All that comes in answer to bytes that are no usual beginning, as text of bytes. */
  static raw({ host, port }, ...bytes) {
    return new Promise((resolve) => {
      const socket = net.connect(port, host, () => socket.write(Buffer.concat(bytes)));
      const all = [];
      socket.on('data', (d) => all.push(d));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(Buffer.concat(all).toString()));
    });
  }

  /** Sends. */
  send(...messages) {
    this.socket.write(Buffer.concat(messages));
    return this;
  }

  next() {
    return new Promise((resolve) => {
      this.queue.push(resolve);
      this.pump();
    });
  }

  pump() {
    while (this.queue.length > 0) {
      const length = this.buffer.length >= 5 ? this.buffer.readInt32BE(1) + 1 : Infinity;
      if (this.buffer.length < length) {
        if (this.closed) this.queue.shift()({ kind: 'closed' });
        else return;
        continue;
      }
      const kind = String.fromCharCode(this.buffer[0]);
      const body = this.buffer.subarray(5, length);
      this.buffer = this.buffer.subarray(length);
      this.queue.shift()(read(kind, body));
    }
  }

  /** All messages up to one of this kind, or the end. */
  async until(kind) {
    const out = [];
    for (;;) {
      const m = await this.next();
      out.push(m);
      if (m.kind === kind || m.kind === 'closed') return out;
    }
  }

  /** Sends, reads up to ReadyForQuery; the kinds in order as one word, and the messages. */
  async ask(...messages) {
    this.send(...messages);
    const all = await this.until('Z');
    return { kinds: all.map((m) => m.kind).join(''), all, rows: all.filter((m) => m.kind === 'D').map((m) => m.values), error: all.find((m) => m.kind === 'E')?.fields };
  }

  end() {
    this.socket.destroy();
  }
}

function read(kind, body) {
  const m = { kind, body };
  if (kind === 'E' || kind === 'N') {
    m.fields = {};
    for (const word of body.toString('utf8').split('\0')) if (word !== '') m.fields[word[0]] = word.slice(1);
  } else if (kind === 'D') {
    m.values = [];
    let at = 2;
    for (let i = body.readInt16BE(0); i > 0; i--) {
      const n = body.readInt32BE(at);
      at += 4;
      m.values.push(n < 0 ? null : body.subarray(at, at + n));
      at += Math.max(n, 0);
    }
  } else if (kind === 'Z') m.status = body.toString();
  else if (kind === 'C') m.tag = body.subarray(0, -1).toString();
  else if (kind === 'S') [m.name, m.value] = body.toString().split('\0');
  else if (kind === 't') m.types = Array.from({ length: body.readInt16BE(0) }, (_, i) => body.readInt32BE(2 + 4 * i));
  return m;
}
