/**
 * From packed columns to JavaScript rows. Everything that depends only on the columns' names and types (which reader, which key) is
 * settled once per shape; a row then costs one object literal of a fixed hidden class.
 */
import { decoder, Form, type Field, utf8, type Views } from './packed.js';
import { arrayElement, oid, parserFor, type Parser, type Parsers } from './types.js';

/** How a row is given: an object by column name, an array, or whole columns as typed arrays. */
export type RowMode = 'object' | 'array' | 'columns';

/** One column of a `rowMode: 'columns'` result. */
export interface Column {
  name: string;
  dataTypeID: number;
  /** A typed array for numbers and booleans (0 or 1), an array of parsed values for the rest. NULL holds 0 there, null here. */
  values: Int16Array | Int32Array | BigInt64Array | Float32Array | Float64Array | Uint8Array | unknown[];
  /** Bit `i & 7` of byte `i >> 3` is set when row `i` has a value. null: all have. */
  valid: Uint8Array | null;
}

/** What was asked of the engine about forms; see PACKED.md, request flags. */
export const ALL_TEXT = 1;
export const TEXT_DATES = 2;

/** Reads one value of a column; `at` is the column's descriptor (validity, data, heap, heap length). */
type Cell = (v: Views, body: number, data: number, heap: number, row: number) => unknown;

const UNIX_2000 = 946684800000;
const DATE_INF = 2147483647;
const DATE_NEG = -2147483648;

const TEXT: Cell = (v, body, data, heap, row) => {
  const o = ((body + data) >>> 2) + row;
  const h = body + heap;
  return utf8(v.u8, h + v.u32[o], h + v.u32[o + 1]);
};

const int64: Cell = (v, body, data, _heap, row) => {
  const o = ((body + data) >>> 2) + 2 * row;
  const low = v.u32[o];
  const high = v.i32[o + 1];
  return high >= -0x200000 && high < 0x200000 && !(high === -0x200000 && low === 0)
    ? high * 4294967296 + low
    : (BigInt(high) << 32n) | BigInt(low);
};

/** Milliseconds of a timestamp in the Unix epoch, rounded down, or ±Infinity. */
function millis(v: Views, o: number): number {
  const low = v.u32[o];
  const high = v.i32[o + 1];
  if (high === 0x7fffffff && low === 0xffffffff) return Infinity;
  if (high === -0x80000000 && low === 0) return -Infinity;
  // Up to 2^63 microseconds do not fit a double exactly: divide the halves.
  const micros = (BigInt(high) << 32n) | BigInt(low);
  const ms = high >= -0x200000 && high < 0x200000
    ? Math.floor((high * 4294967296 + low) / 1000)
    : Number((micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n);
  return ms + UNIX_2000;
}

const CELLS: Readonly<Record<number, Cell>> = {
  [Form.Text]: TEXT,
  [Form.Bool]: (v, body, data, _h, row) => v.u8[body + data + row] !== 0,
  [Form.I16]: (v, body, data, _h, row) => v.data.getInt16(body + data + 2 * row, true),
  [Form.I32]: (v, body, data, _h, row) => v.i32[((body + data) >>> 2) + row],
  [Form.I64]: int64,
  [Form.F32]: (v, body, data, _h, row) => shortestFloat4(v.data.getFloat32(body + data + 4 * row, true)),
  [Form.F64]: (v, body, data, _h, row) => v.data.getFloat64(body + data + 8 * row, true),
  [Form.Bytea]: (v, body, data, heap, row) => {
    const o = ((body + data) >>> 2) + row;
    const h = body + heap;
    return v.u8.slice(h + v.u32[o], h + v.u32[o + 1]);
  },
  [Form.Date]: (v, body, data, _h, row) => {
    const days = v.i32[((body + data) >>> 2) + row];
    return days === DATE_INF ? Infinity : days === DATE_NEG ? -Infinity : new Date(days * 86400000 + UNIX_2000);
  },
  [Form.Timestamp]: (v, body, data, _h, row) => {
    const ms = millis(v, ((body + data) >>> 2) + 2 * row);
    if (!Number.isFinite(ms)) return ms;
    // A timestamp without time zone is a wall clock: the Date that shows it here, as node-postgres and PGlite give.
    const u = new Date(ms);
    const local = new Date(2000, u.getUTCMonth(), u.getUTCDate(), u.getUTCHours(), u.getUTCMinutes(), u.getUTCSeconds(), u.getUTCMilliseconds());
    local.setFullYear(u.getUTCFullYear(), u.getUTCMonth(), u.getUTCDate());
    return local;
  },
  [Form.TimestampTz]: (v, body, data, _h, row) => {
    const ms = millis(v, ((body + data) >>> 2) + 2 * row);
    return Number.isFinite(ms) ? new Date(ms) : ms;
  },
  [Form.Uuid]: (v, body, data, _h, row) => {
    const at = body + data + 16 * row;
    let text = '';
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
      const b = v.u8[at + i];
      text += HEX[b >> 4] + HEX[b & 15];
    }
    return text;
  },
};

const HEX = '0123456789abcdef';

/** The double whose decimal form is a float4's shortest one: 0.1, not 0.10000000149011612. */
function shortestFloat4(x: number): number {
  if (!Number.isFinite(x) || Number.isInteger(x)) return x;
  for (let digits = 6; digits <= 9; digits++) {
    const candidate = Number(x.toPrecision(digits));
    if (Math.fround(candidate) === x) return candidate;
  }
  return x;
}

/** PostgreSQL's output text of a float8 or float4 whose digits are JavaScript's shortest. */
function floatText(x: number): string {
  if (Object.is(x, -0)) return '-0';
  const s = String(x);
  if (!Number.isFinite(x)) return s;
  const exponent = x === 0 ? 0 : Math.floor(Math.log10(Math.abs(x)));
  if (exponent < 15 && exponent >= -4 && !s.includes('e')) return s;
  // JavaScript changes to exponents at 1e21 and 1e-7, PostgreSQL at 1e15 and 1e-5.
  return x.toExponential().replace(/e([+-])(\d)$/, 'e$10$2').replace(/^(-?\d)(?:\.0+)?e/, '$1e');
}

/** The text a custom parser is given, from a value in binary form. */
function textOf(form: number): (value: unknown) => string {
  switch (form) {
    case Form.Bool: return (b) => (b as boolean ? 't' : 'f');
    case Form.F32: case Form.F64: return (x) => floatText(x as number);
    case Form.Bytea: return (b) => {
      let out = '\\x';
      for (const x of b as Uint8Array) out += HEX[x >> 4] + HEX[x & 15];
      return out;
    };
    default: return String;
  }
}

/** Parsers that leave every value in PostgreSQL's text form. */
export const TEXT_ONLY: Parsers = Object.freeze({});

function cellFor(field: Field, given: Parsers | undefined): Cell {
  if (given === TEXT_ONLY) return TEXT;
  const base = CELLS[field.form] ?? TEXT;
  const type = field.dataTypeID;
  if (field.form !== Form.Text) {
    const own = given?.[type];
    if (own === undefined) return base;
    const text = textOf(field.form);
    return (v, body, data, heap, row) => own(text(base(v, body, data, heap, row)), type);
  }
  const parser: Parser = parserFor(type, given);
  if (given?.[type] === undefined && isPlainText(type)) return TEXT;
  return (v, body, data, heap, row) => parser(TEXT(v, body, data, heap, row) as string, type);
}

function isPlainText(type: number): boolean {
  return type === oid.TEXT || type === oid.VARCHAR || type === oid.NUMERIC || type === oid.BPCHAR || type === oid.NAME;
}

/** Whether custom parsers touch types whose text only the engine can make. */
export function needsTextDates(given: Parsers | undefined): boolean {
  if (given === undefined) return false;
  for (const key in given) {
    const type = +key;
    const t = arrayElement[type] ?? type;
    if (t === oid.DATE || t === oid.TIMESTAMP || t === oid.TIMESTAMPTZ) return true;
  }
  return false;
}

type MakeRow = (cells: unknown[]) => unknown;
type MakeRows = (n: number, columns: unknown[][], out: unknown[]) => void;

interface Makers {
  one: MakeRow;
  many: MakeRows;
}

/** A page whose Content-Security-Policy forbids `new Function` gets the slower loop. */
let evalAllowed: boolean | undefined;

function canEval(): boolean {
  if (evalAllowed === undefined) {
    try {
      new Function('return 0');
      evalAllowed = true;
    } catch {
      evalAllowed = false;
    }
  }
  return evalAllowed;
}

/** Functions made for lists of column names: making one costs more than a small statement. */
const made = new Map<string, Makers>();
const MADE = 500;

function makers(fields: readonly Field[], mode: RowMode): Makers {
  if (mode === 'array' || fields.length > 200) return newMakers(fields, mode);
  let key = '';
  for (let i = 0; i < fields.length; i++) key += `${fields[i].name.length}:${fields[i].name}`;
  let m = made.get(key);
  if (m === undefined) {
    if (made.size >= MADE) made.clear();
    made.set(key, (m = newMakers(fields, mode)));
  }
  return m;
}

function newMakers(fields: readonly Field[], mode: RowMode): Makers {
  const width = fields.length;
  if (mode === 'array') {
    return {
      one: (cells) => cells.slice(0, width),
      many: (n, columns, out) => {
        for (let i = 0; i < n; i++) {
          const row = new Array<unknown>(width);
          for (let c = 0; c < width; c++) row[c] = columns[c][i];
          out.push(row);
        }
      },
    };
  }
  // Of columns with the same name the last one stays, as in PGlite and node-postgres; a key stands where it first appeared.
  const last = new Map<string, number>();
  fields.forEach((f, i) => last.set(f.name, i));
  if (canEval() && width <= 200) {
    // `__proto__:` in a literal sets the prototype; computed it makes a property.
    const key = (name: string): string => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name));
    const literal = (cell: (i: number) => string): string => `{${[...last].map(([name, i]) => `${key(name)}:${cell(i)}`).join(',')}}`;
    const names = fields.map((_, i) => `c${i}`).join(',');
    return {
      one: new Function('r', `return ${literal((i) => `r[${i}]`)}`) as MakeRow,
      many: new Function('n', 'cols', 'out', `const [${names}]=cols;for(let i=0;i<n;i++)out.push(${literal((i) => `c${i}[i]`)})`) as MakeRows,
    };
  }
  const keys = [...last];
  const set = (row: Record<string, unknown>, name: string, value: unknown): void => {
    if (name === '__proto__') Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
    else row[name] = value;
  };
  return {
    one: (cells) => {
      const row = {};
      for (const [name, i] of keys) set(row, name, cells[i]);
      return row;
    },
    many: (n, columns, out) => {
      for (let r = 0; r < n; r++) {
        const row = {};
        for (const [name, i] of keys) set(row, name, columns[i][r]);
        out.push(row);
      }
    },
  };
}

/** The part of a result's decoding that is the same for every execution. */
export class Shape {
  private readonly cells: Cell[];
  private readonly make: Makers;
  private readonly scratch: unknown[];
  constructor(readonly fields: readonly Field[], readonly mode: RowMode, given: Parsers | undefined) {
    this.cells = fields.map((f) => cellFor(f, given));
    this.make = makers(fields, mode === 'columns' ? 'array' : mode);
    this.scratch = new Array<unknown>(fields.length);
  }

  /** Appends the rows of a Rows item to `out`. */
  rows(v: Views, body: number, out: unknown[]): void {
    const u32 = v.u32;
    const w = body >>> 2;
    const n = u32[w];
    const width = this.cells.length;
    if (n === 1) {
      const scratch = this.scratch;
      for (let c = 0, d = w + 2; c < width; c++, d += 4) {
        const validity = u32[d];
        scratch[c] = validity !== 0 && (v.u8[body + validity] & 1) === 0 ? null : this.cells[c](v, body, u32[d + 1], u32[d + 2], 0);
      }
      out.push(this.make.one(scratch));
      return;
    }
    const columns: unknown[][] = new Array<unknown[]>(width);
    for (let c = 0; c < width; c++) columns[c] = this.column(v, body, c, n);
    this.make.many(n, columns, out);
  }

  private column(v: Views, body: number, c: number, n: number): unknown[] {
    const d = (body >>> 2) + 2 + 4 * c;
    const validity = v.u32[d];
    const data = v.u32[d + 1];
    const heap = v.u32[d + 2];
    const cell = this.cells[c];
    const values = new Array<unknown>(n);
    if (cell === TEXT && n > 8) {
      // One decode for the whole column when it is ASCII: then byte offsets are string offsets.
      const length = v.u32[d + 3];
      const all = decoder.decode(v.u8.subarray(body + heap, body + heap + length));
      if (all.length === length) {
        const o = (body + data) >>> 2;
        for (let i = 0; i < n; i++) {
          values[i] = validity !== 0 && isNull(v.u8, body + validity, i) ? null : all.slice(v.u32[o + i], v.u32[o + i + 1]);
        }
        return values;
      }
    }
    if (validity === 0) for (let i = 0; i < n; i++) values[i] = cell(v, body, data, heap, i);
    else for (let i = 0; i < n; i++) values[i] = isNull(v.u8, body + validity, i) ? null : cell(v, body, data, heap, i);
    return values;
  }

  /** Appends a Rows item to columns under construction. */
  columns(v: Views, body: number, out: ColumnBuilder[]): number {
    const n = v.u32[body >>> 2];
    for (let c = 0; c < this.cells.length; c++) {
      const d = (body >>> 2) + 2 + 4 * c;
      const form = this.fields[c].form;
      const builder = (out[c] ??= { parts: [], valid: [], rows: [], nulls: false });
      const typed = TYPED[form];
      const validity = v.u32[d];
      builder.rows.push(n);
      builder.valid.push(validity === 0 ? null : v.u8.slice(body + validity, body + validity + ((n + 7) >> 3)));
      if (validity !== 0) builder.nulls = true;
      if (typed === undefined) builder.parts.push(this.column(v, body, c, n));
      else {
        const from = body + v.u32[d + 1];
        builder.parts.push(new typed(v.buffer.slice(from, from + n * typed.BYTES_PER_ELEMENT) as ArrayBuffer));
      }
    }
    return n;
  }

  /** The columns of a `rowMode: 'columns'` result. */
  finish(builders: readonly ColumnBuilder[]): Column[] {
    return this.fields.map((f, c) => {
      const typed = TYPED[f.form];
      const b = builders[c] ?? { parts: [], valid: [], rows: [], nulls: false };
      const total = b.rows.reduce((x, y) => x + y, 0);
      let values: Column['values'];
      if (typed === undefined) values = b.parts.length === 1 ? (b.parts[0] as unknown[]) : (b.parts as unknown[][]).flat(1);
      else if (b.parts.length === 1) values = b.parts[0] as Column['values'];
      else {
        const all = new typed(total);
        let at = 0;
        for (const part of b.parts) {
          (all as Float64Array).set(part as Float64Array, at);
          at += (part as Float64Array).length;
        }
        values = all as Column['values'];
      }
      let valid: Uint8Array | null = null;
      if (b.nulls) {
        valid = new Uint8Array((total + 7) >> 3);
        let at = 0;
        b.rows.forEach((n, part) => {
          const bits = b.valid[part];
          for (let i = 0; i < n; i++, at++) if (bits === null || (bits[i >> 3] & (1 << (i & 7))) !== 0) valid![at >> 3] |= 1 << (at & 7);
        });
      }
      return { name: f.name, dataTypeID: f.dataTypeID, values, valid };
    });
  }
}

function isNull(u8: Uint8Array, bitmap: number, row: number): boolean {
  return (u8[bitmap + (row >> 3)] & (1 << (row & 7))) === 0;
}

export interface ColumnBuilder {
  parts: unknown[];
  valid: (Uint8Array | null)[];
  rows: number[];
  nulls: boolean;
}

type TypedConstructor = {
  new (buffer: ArrayBuffer): ArrayBufferView;
  new (length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT: number;
};

const TYPED: Readonly<Record<number, TypedConstructor | undefined>> = {
  [Form.Bool]: Uint8Array, [Form.I16]: Int16Array, [Form.I32]: Int32Array, [Form.I64]: BigInt64Array as unknown as TypedConstructor,
  [Form.F32]: Float32Array, [Form.F64]: Float64Array,
};
