// An engine made of JavaScript that speaks PACKED.md: tests say what each request answers, down to the bytes.
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Builds an output. */
export class Output {
  bytes = [];
  u8(n) { this.bytes.push(n & 255); return this; }
  u16(n) { return this.u8(n).u8(n >> 8); }
  u32(n) { return this.u16(n).u16(n >>> 16); }
  i32(n) { return this.u32(n >>> 0); }
  u64(n) { return this.u32(n % 4294967296).u32(Math.floor(n / 4294967296)); }
  raw(b) { for (const x of b) this.bytes.push(x); return this; }
  text(s) { const b = encoder.encode(s); return this.u32(b.length).raw(b); }
  pad(n) { while (this.bytes.length % n !== 0) this.bytes.push(0); return this; }
  get length() { return this.bytes.length; }
}

function item(kind, body) {
  const out = new Output().u32(kind).u32(body.length).raw(body.bytes);
  return out.pad(8).bytes;
}

const LAYOUT = {
  16: [1, 1], 21: [2, 2], 23: [3, 4], 20: [4, 8], 26: [4, 8], 700: [5, 4], 701: [6, 8], 17: [7, 0], 1082: [8, 4], 1114: [9, 8], 1184: [10, 8], 2950: [11, 16],
};
export const formOf = (type) => LAYOUT[type]?.[0] ?? 0;

export function fields(columns) {
  const b = new Output().u32(columns.length);
  for (const [name, type] of columns) {
    const n = encoder.encode(name);
    b.u32(type).i32(-1).u32(0).u16(0).u16(0xffff).u16(formOf(type)).u16(n.length).raw(n).pad(4);
  }
  return item(1, b);
}

/** Values per row as they are in memory: numbers, bigints, booleans, Uint8Array for bytes, strings for text. */
export function rows(types, values) {
  const n = values.length;
  const head = 8 + 16 * types.length;
  const body = new Output().u32(n).u32(types.length);
  const data = new Output();
  const at = () => head + data.length;
  data.raw(new Uint8Array((8 - (head % 8)) % 8));
  for (let c = 0; c < types.length; c++) {
    const column = values.map((r) => r[c]);
    let validity = 0;
    if (column.some((v) => v === null)) {
      while (at() % 8) data.u8(0);
      validity = at();
      const bits = new Uint8Array((n + 7) >> 3);
      column.forEach((v, i) => { if (v !== null) bits[i >> 3] |= 1 << (i & 7); });
      data.raw(bits);
    }
    while (at() % 8) data.u8(0);
    const start = at();
    const [form, size] = LAYOUT[types[c]] ?? [0, 0];
    let heap = 0;
    let heapLength = 0;
    if (size === 0) {
      const cells = column.map((v) => (v === null ? new Uint8Array(0) : typeof v === 'string' ? encoder.encode(v) : v));
      let offset = 0;
      data.u32(0);
      for (const cell of cells) data.u32((offset += cell.length));
      while (at() % 8) data.u8(0);
      heap = at();
      heapLength = offset;
      for (const cell of cells) data.raw(cell);
    } else {
      const buffer = new ArrayBuffer(n * size);
      const view = new DataView(buffer);
      column.forEach((v, i) => {
        if (v === null) return;
        if (form === 1) view.setUint8(i, v ? 1 : 0);
        else if (form === 2) view.setInt16(2 * i, v, true);
        else if (form === 3 || form === 8) view.setInt32(4 * i, v, true);
        else if (form === 5) view.setFloat32(4 * i, v, true);
        else if (form === 6) view.setFloat64(8 * i, v, true);
        else if (form === 11) new Uint8Array(buffer, 16 * i, 16).set(v);
        else view.setBigInt64(8 * i, BigInt(v), true);
      });
      data.raw(new Uint8Array(buffer));
    }
    body.u32(validity).u32(start).u32(heap).u32(heapLength);
  }
  return item(2, body.raw(data.bytes));
}

export const complete = (command, count, flags = 0) => item(3, new Output().u32(flags).u64(count ?? 0).u32(count === undefined ? 0 : 1).text(command));

export function report(kind, f) {
  const b = new Output().u32(f.position ?? 0).u32(f.internalPosition ?? 0);
  const codes = { severity: 'S', code: 'C', message: 'M', detail: 'D', hint: 'H', where: 'W', internalQuery: 'q', schema: 's', table: 't', column: 'c', dataType: 'd', constraint: 'n' };
  for (const [key, code] of Object.entries(codes)) if (f[key] !== undefined) b.u8(code.charCodeAt(0)).text(f[key]);
  return item(kind, b.u8(0));
}
export const error = (f) => report(6, { severity: 'ERROR', ...f });
export const notice = (f) => report(4, { severity: 'NOTICE', code: '00000', ...f });
export const notification = (channel, payload) => item(5, new Output().u32(1).text(channel).text(payload));
export const paramTypes = (types) => item(7, types.reduce((b, t) => b.u32(t), new Output().u32(types.length)));
export const statement = (n) => item(8, new Output().u32(n));
export const bytes = (b) => item(9, new Output().raw(b));
export const logRecord = (lsn, b) => item(10, new Output().u64(lsn).raw(b));
export const needSegment = (name) => item(11, new Output().text(name));
export const segment = (name, b) => item(12, new Output().text(name).u32(b.length).raw(b));
export const dropSegment = (name) => item(13, new Output().text(name));
export const manifest = (lsn, b) => item(14, new Output().u64(lsn).raw(b));

/** A whole result set. */
export const result = (columns, values, command = 'SELECT') =>
  [...fields(columns), ...rows(columns.map((c) => c[1]), values), ...complete(command, values.length)];

function readRequest(kind, u8) {
  const view = new DataView(u8.buffer, u8.byteOffset, u8.length);
  let at = 0;
  const u32 = () => ((at += 4), view.getUint32(at - 4, true));
  const u16 = () => ((at += 2), view.getUint16(at - 2, true));
  const text = () => { const n = u32(); at += n; return decoder.decode(u8.subarray(at - n, at)); };
  const param = () => {
    switch (u8[at++]) {
      case 0: return null;
      case 1: return text();
      case 2: at += 4; return { int: view.getInt32(at - 4, true) };
      case 3: at += 8; return { float: view.getFloat64(at - 8, true) };
      case 4: return { bool: u8[at++] === 1 };
      case 5: { const n = u32(); at += n; return { bytes: u8.slice(at - n, at) }; }
      case 6: at += 8; return { int: view.getBigInt64(at - 8, true) };
      default: throw new Error('bad parameter tag');
    }
  };
  const params = () => Array.from({ length: u16() }, param);
  const types = () => Array.from({ length: u16() }, u32);
  const r = { kind };
  if (kind === 1) { r.flags = u32(); r.maxRows = u32(); r.sql = text(); r.params = params(); r.types = types(); }
  else if (kind === 2) { r.flags = u32(); r.sql = text(); }
  else if (kind === 3) { r.flags = u32(); r.sql = text(); r.types = types(); }
  else if (kind === 4) { r.flags = u32(); r.maxRows = u32(); r.statement = u32(); r.params = params(); }
  else if (kind === 5) r.sql = text();
  else if (kind === 6) { r.bytes = u8.slice(); at = u8.length; }
  else if (kind === 7) r.statement = u32();
  if (at !== u8.length) throw new Error(`request of kind ${kind} has ${u8.length - at} bytes too many`);
  return r;
}

/**
 * `answer(request, engine)` returns the items of the whole run, or is a generator that yields `{ status, items, … }` and returns them.
 * `request.session` is the session; `engine.requests` records everything.
 */
export function fakeModule(answer, extra = {}) {
  const memory = { buffer: new ArrayBuffer(1 << 20) };
  const engines = [];
  const IO = 64;
  const INPUT = 4096;
  class Engine {
    requests = [];
    calls = [];
    sessions = new Map();
    lastSession = 0;
    input = INPUT;
    capacity = 65536;
    outAt = 262144;
    acked = 0;
    pendingLog = [];
    checkpointItems = undefined;
    replayed = [];
    constructor(options) { this.options = options; engines.push(this); }
    io(word, value) { new Uint32Array(memory.buffer)[(IO >> 2) + word] = value; }
    flags = 0;
    put(items) {
      const need = this.outAt + items.length;
      if (need > memory.buffer.byteLength) {
        const bigger = new ArrayBuffer(need * 2);
        new Uint8Array(bigger).set(new Uint8Array(memory.buffer));
        memory.buffer = bigger;
      }
      new Uint8Array(memory.buffer).set(items, this.outAt);
      this.io(1, this.outAt);
      this.io(2, items.length);
      this.io(3, this.flags | (this.pendingLog.length ? 1 : 0) | (this.checkpointItems ? 2 : 0));
      this.flags = 0;
    }
    io_ptr() { return IO; }
    reserve_input(n) {
      if (n > this.capacity) {
        this.capacity = n;
        this.input = this.outAt;
        this.outAt += (n + 7) & ~7;
        if (this.outAt + 4096 > memory.buffer.byteLength) {
          const bigger = new ArrayBuffer((this.outAt + 4096) * 2);
          new Uint8Array(bigger).set(new Uint8Array(memory.buffer));
          memory.buffer = bigger;
        }
      }
      return this.input;
    }
    open_session(user, database) {
      this.put([]);
      const id = ++this.lastSession;
      this.sessions.set(id, { user, database, state: 73, canceled: false });
      return id;
    }
    close_session(id) { this.sessions.delete(id); this.calls.push(`close ${id}`); this.put([]); }
    run(session, kind, length, budget) {
      const u8 = new Uint8Array(memory.buffer).slice(this.input, this.input + length);
      const request = { session, ...readRequest(kind, u8) };
      this.requests.push(request);
      const s = this.sessions.get(session);
      s.canceled = false;
      const r = answer(request, this);
      if (typeof r?.next !== 'function') return this.end(s, r ?? []);
      s.running = r;
      return this.step(session, budget);
    }
    end(s, items) {
      this.put(items);
      this.io(6, s.state);
      return 0;
    }
    step(session) {
      const s = this.sessions.get(session);
      if (s.canceled) {
        s.running = undefined;
        return this.end(s, error({ code: '57014', message: 'canceling statement due to user request' }));
      }
      const { value, done } = s.running.next();
      if (done) return this.end(s, value ?? []);
      this.put(value.items ?? []);
      this.io(4, value.lsn ?? 0);
      this.io(5, 0);
      this.io(6, s.state);
      this.io(9, value.wakeAfter ?? 0);
      return value.status;
    }
    cancel(session) { this.sessions.get(session).canceled = true; }
    poll(session) { const items = this.notifications ?? []; this.notifications = undefined; this.put(items); }
    ack(lsn) { this.acked = lsn; this.calls.push(`ack ${lsn}`); this.put([]); }
    take_log() {
      const items = this.pendingLog.flatMap(([lsn, b]) => logRecord(lsn, b));
      this.pendingLog = [];
      this.put(items);
    }
    take_checkpoint() {
      const items = this.checkpointItems;
      this.checkpointItems = undefined;
      this.put(items ?? []);
      return items ? 1 : 0;
    }
    checkpoint_done(ok) { this.calls.push(`checkpoint ${ok}`); this.put([]); }
    open(m) { this.manifest = m; this.put([]); return 0; }
    replay(lsn, b) {
      this.replayed.push([lsn, [...b]]);
      if (b[0] === 255) {
        this.put(error({ code: 'XX001', message: `log record ${lsn} is damaged` }));
        return 6;
      }
      this.put([]);
      return 0;
    }
    open_done() { this.put([]); return 0; }
    provide_segment(name, b) { this.calls.push(`segment ${name} ${[...b]}`); this.put([]); return 0; }
    free() { this.freed = true; }
  }
  Object.assign(Engine.prototype, extra);
  return {
    engines,
    memory,
    open: async () => ({ memory, create: (options) => new Engine(options), functions: { add: (a, b) => a + b } }),
    get engine() { return engines[engines.length - 1]; },
  };
}
