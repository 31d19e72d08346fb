/**
 * Reads what the engine writes (`src/wasm/PACKED.md`): a run of items, decoded straight from WebAssembly memory, or from a copy of it
 * that crossed a MessagePort. Nothing here keeps a view longer than the call.
 */
import type { Notice, ReportFields } from './errors.js';

export const enum Item {
  Fields = 1, Rows = 2, Complete = 3, Notice = 4, Notification = 5, Error = 6, ParamTypes = 7, Statement = 8, Bytes = 9,
  LogRecord = 10, NeedSegment = 11, Segment = 12, DropSegment = 13, Manifest = 14, Setting = 15,
}

export const enum Form {
  Text = 0, Bool = 1, I16 = 2, I32 = 3, I64 = 4, F32 = 5, F64 = 6, Bytea = 7, Date = 8, Timestamp = 9, TimestampTz = 10, Uuid = 11,
}

/** One column of a result. */
export interface Field {
  name: string;
  /** Type OID. */
  dataTypeID: number;
  typmod: number;
  tableID: number;
  columnID: number;
  /** How Rows lays the column out; of no interest outside this package. */
  form: number;
}

/** Views on the memory that holds the output. They are made anew when memory grows. Addresses pass 2 GiB: shift them with `>>>`. */
export class Views {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly data: DataView;
  constructor(readonly buffer: ArrayBufferLike) {
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    this.i32 = new Int32Array(buffer, 0, buffer.byteLength >>> 2);
    this.data = new DataView(buffer);
  }
}

export const decoder: TextDecoder = new TextDecoder();
const fromCharCode = String.fromCharCode;

/** UTF-8 to a string. Short ASCII never reaches TextDecoder, whose call costs more than the loop. */
export function utf8(u8: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0) return '';
  if (length <= 24) {
    let text = '';
    let i = start;
    for (; i < end; i++) {
      const c = u8[i];
      if (c > 127) break;
      text += fromCharCode(c);
    }
    if (i === end) return text;
  }
  return decoder.decode(u8.subarray(start, end));
}

/** A cursor over one item's body. */
export class Reader {
  constructor(readonly v: Views, public at: number) {}
  u8(): number { return this.v.u8[this.at++]; }
  u16(): number { const n = this.v.data.getUint16(this.at, true); this.at += 2; return n; }
  i16(): number { const n = this.v.data.getInt16(this.at, true); this.at += 2; return n; }
  u32(): number { const n = this.v.data.getUint32(this.at, true); this.at += 4; return n; }
  i32(): number { const n = this.v.data.getInt32(this.at, true); this.at += 4; return n; }
  u64(): number { const low = this.u32(); return low + this.u32() * 4294967296; }
  text(): string { const n = this.u32(); const s = utf8(this.v.u8, this.at, this.at + n); this.at += n; return s; }
  bytes(n: number): Uint8Array { const b = this.v.u8.slice(this.at, this.at + n); this.at += n; return b; }
}

export function readFields(v: Views, body: number): Field[] {
  const r = new Reader(v, body);
  const out: Field[] = new Array<Field>(r.u32());
  for (let i = 0; i < out.length; i++) {
    const dataTypeID = r.u32();
    const typmod = r.i32();
    const tableID = r.u32();
    const columnID = r.i16();
    r.i16();
    const form = r.u16();
    const length = r.u16();
    const name = utf8(v.u8, r.at, r.at + length);
    r.at += (length + 3) & ~3;
    out[i] = { name, dataTypeID, typmod, tableID, columnID, form };
  }
  return out;
}

export interface Complete {
  command: string;
  /** Of the command tag; undefined when the tag has no count. */
  count: number | undefined;
  truncated: boolean;
  empty: boolean;
  /** How many more statements in a row gave the same. */
  more: number;
}

export function readComplete(v: Views, body: number): Complete {
  const at = body >>> 2;
  const flags = v.u32[at];
  const count = v.u32[at + 3] === 0 ? undefined : v.u32[at + 1] + v.u32[at + 2] * 4294967296;
  const length = v.u32[at + 4];
  const command = (length === 6 ? commonTag(v.u32[at + 5]) : undefined) ?? utf8(v.u8, body + 20, body + 20 + length);
  return { command, count, truncated: (flags & 1) !== 0, empty: (flags & 2) !== 0, more: flags >>> 8 };
}

/** A tag of six letters by its first four: a script has thousands of them. */
function commonTag(letters: number): string | undefined {
  switch (letters) {
    case 0x45534e49: return 'INSERT';
    case 0x41445055: return 'UPDATE';
    case 0x454c4544: return 'DELETE';
    case 0x454c4553: return 'SELECT';
    default: return undefined;
  }
}

const FIELD_NAMES: Readonly<Record<string, keyof ReportFields>> = {
  S: 'severity', C: 'code', M: 'message', D: 'detail', H: 'hint', W: 'where', q: 'internalQuery', s: 'schema', t: 'table', c: 'column',
  d: 'dataType', n: 'constraint',
};

export function readReport(v: Views, body: number): ReportFields & Notice {
  const r = new Reader(v, body);
  const out: Record<string, unknown> = { severity: 'ERROR', code: 'XX000', message: '' };
  const position = r.u32();
  const internal = r.u32();
  if (position > 0) out['position'] = position;
  if (internal > 0) out['internalPosition'] = internal;
  for (let code = r.u8(); code !== 0; code = r.u8()) {
    const text = r.text();
    const key = FIELD_NAMES[fromCharCode(code)];
    if (key !== undefined) out[key] = text;
  }
  return out as unknown as ReportFields;
}

/** Calls `visit(kind, body address, body length)` for each item of an output. */
export function eachItem(v: Views, start: number, length: number, visit: (kind: number, body: number, length: number) => void): void {
  const end = start + length;
  let at = start;
  while (at < end) {
    const kind = v.u32[at >>> 2];
    const size = v.u32[(at >>> 2) + 1];
    visit(kind, at + 8, size);
    at += 8 + Math.ceil(size / 8) * 8;
  }
}
