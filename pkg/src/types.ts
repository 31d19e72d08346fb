import { failure } from './errors.js';

/** PostgreSQL's OIDs of the types a program meets. */
export const oid = {
  BOOL: 16, BYTEA: 17, CHAR: 18, NAME: 19, INT8: 20, INT2: 21, INT4: 23, REGPROC: 24, TEXT: 25, OID: 26, TID: 27, XID: 28, CID: 29,
  JSON: 114, XML: 142, POINT: 600, FLOAT4: 700, FLOAT8: 701, MONEY: 790, MACADDR: 829, INET: 869, CIDR: 650, BPCHAR: 1042,
  VARCHAR: 1043, DATE: 1082, TIME: 1083, TIMESTAMP: 1114, TIMESTAMPTZ: 1184, INTERVAL: 1186, TIMETZ: 1266, BIT: 1560, VARBIT: 1562,
  NUMERIC: 1700, UUID: 2950, JSONB: 3802, RECORD: 2249, VOID: 2278,
} as const;

/** The element type of each built-in array type. */
export const arrayElement: Readonly<Record<number, number>> = {
  1000: 16, 1001: 17, 1002: 18, 1003: 19, 1016: 20, 1005: 21, 1007: 23, 1008: 24, 1009: 25, 1028: 26, 1010: 27, 1011: 28, 1012: 29,
  199: 114, 143: 142, 1017: 600, 1021: 700, 1022: 701, 791: 790, 1040: 829, 1041: 869, 651: 650, 1014: 1042, 1015: 1043, 1182: 1082,
  1183: 1083, 1115: 1114, 1185: 1184, 1187: 1186, 1270: 1266, 1561: 1560, 1563: 1562, 1231: 1700, 2951: 2950, 3807: 3802,
};

/** From a type's text output to a JavaScript value. Never called for NULL. */
export type Parser = (text: string, typeId: number) => unknown;
/** From a JavaScript value to a type's text input. Never called for null or undefined. */
export type Serializer = (value: unknown) => string | null;
/** Parsers by type OID. */
export type Parsers = Readonly<Record<number, Parser>>;
/** Serializers by type OID. */
export type Serializers = Readonly<Record<number, Serializer>>;

const toText: Parser = (text) => text;

/** The value of an int8: a number when it is exact, otherwise a bigint. */
export function int8(text: string): number | bigint {
  const n = Number(text);
  return Number.isSafeInteger(n) ? n : BigInt(text);
}

/** The bytes of `\x…`. */
export function bytea(text: string): Uint8Array {
  if (!text.startsWith('\\x')) throw failure('22P02', 'bytea is not in hexadecimal form; SET bytea_output = hex');
  const out = new Uint8Array((text.length - 2) >> 1);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16);
  return out;
}

/** A date, timestamp or timestamptz in ISO form as a Date; `±Infinity` for PostgreSQL's infinities. */
export function date(text: string): Date | number {
  if (text === 'infinity') return Infinity;
  if (text === '-infinity') return -Infinity;
  const m = /^(\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/.exec(text);
  if (m === null) return new Date(text);
  const year = m[12] === undefined ? +m[1] : 1 - +m[1];
  const ms = m[7] === undefined ? 0 : Math.floor(+`0.${m[7]}` * 1000);
  if (m[4] !== undefined && m[8] === undefined) {
    const local = new Date(2000, +m[2] - 1, +m[3], +m[4], +m[5], +m[6], ms);
    local.setFullYear(year, +m[2] - 1, +m[3]);
    return local;
  }
  const utc = new Date(0);
  utc.setUTCFullYear(year, +m[2] - 1, +m[3]);
  utc.setUTCHours(+(m[4] ?? 0), +(m[5] ?? 0), +(m[6] ?? 0), ms);
  if (m[8] === undefined) return utc;
  const zone = (+m[9] * 60 + +(m[10] ?? 0)) * 60 + +(m[11] ?? 0);
  return new Date(utc.getTime() - (m[8] === '-' ? -zone : zone) * 1000);
}

/** The parsers used unless the caller gives others. Types not listed stay text. */
export const defaultParsers: Parsers = {
  [oid.BOOL]: (t) => t === 't' || t === 'true',
  [oid.BYTEA]: bytea,
  [oid.INT8]: int8,
  [oid.INT2]: Number, [oid.INT4]: Number, [oid.OID]: Number,
  [oid.FLOAT4]: Number, [oid.FLOAT8]: Number,
  [oid.JSON]: (t) => JSON.parse(t) as unknown,
  [oid.JSONB]: (t) => JSON.parse(t) as unknown,
  [oid.DATE]: date, [oid.TIMESTAMP]: date, [oid.TIMESTAMPTZ]: date,
};

/** The parser of a type: given ones first, arrays through their element type. */
export function parserFor(typeId: number, given: Parsers | undefined): Parser {
  const own = given?.[typeId] ?? defaultParsers[typeId];
  if (own !== undefined) return own;
  const element = arrayElement[typeId];
  if (element === undefined) return toText;
  const inner = parserFor(element, given);
  return (text) => parseArray(text, (item) => inner(item, element));
}

/** Reads PostgreSQL's array literal (`{1,NULL,"a b"}`, nested, with or without bounds). */
export function parseArray<T>(text: string, item: (text: string) => T): unknown[] {
  let i = 0;
  if (text[0] === '[') {
    i = text.indexOf('=') + 1;
    if (i === 0) throw malformed(text);
  }
  const result = list();
  if (i !== text.length) throw malformed(text);
  return result;

  function list(): unknown[] {
    if (text[i] !== '{') throw malformed(text);
    i++;
    const out: unknown[] = [];
    if (text[i] === '}') {
      i++;
      return out;
    }
    for (;;) {
      const c = text[i];
      if (c === '{') out.push(list());
      else if (c === '"') {
        i++;
        let s = '';
        let from = i;
        while (text[i] !== '"') {
          if (i >= text.length) throw malformed(text);
          if (text[i] === '\\') {
            s += text.slice(from, i) + (text[i + 1] ?? '');
            i += 2;
            from = i;
          } else i++;
        }
        s += text.slice(from, i);
        i++;
        out.push(item(s));
      } else {
        const from = i;
        while (i < text.length && text[i] !== ',' && text[i] !== '}') i++;
        const s = text.slice(from, i);
        out.push(s === 'NULL' ? null : item(s));
      }
      if (text[i] === ',') i++;
      else if (text[i] === '}') {
        i++;
        return out;
      } else throw malformed(text);
    }
  }
}

function malformed(text: string): Error {
  return failure('22P02', `malformed array literal: "${text.length > 80 ? `${text.slice(0, 80)}…` : text}"`);
}

/** Writes an array literal; `item` gives each element's text. */
export function serializeArray(value: readonly unknown[], item: (value: unknown) => string | null): string {
  const parts = value.map((v) => {
    if (v === null || v === undefined) return 'NULL';
    if (Array.isArray(v)) return serializeArray(v, item);
    const text = item(v);
    return text === null ? 'NULL' : `"${text.replace(/[\\"]/g, '\\$&')}"`;
  });
  return `{${parts.join(',')}}`;
}

/** Bytes as `\x…`. */
export function hex(bytes: Uint8Array): string {
  let out = '\\x';
  for (const b of bytes) out += (b < 16 ? '0' : '') + b.toString(16);
  return out;
}

function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

/** The text of a value for a parameter of type `typeId` (0: unknown). Never called with null. */
export function serialize(value: unknown, typeId: number, given?: Serializers): string | null {
  const own = given?.[typeId];
  if (own !== undefined) return own(value);
  if (typeId === oid.JSON || typeId === oid.JSONB) return typeof value === 'string' ? value : JSON.stringify(value);
  switch (typeof value) {
    case 'string': return value;
    case 'number': case 'bigint': case 'boolean': return String(value);
    case 'object': break;
    default: throw failure('22023', `a ${typeof value} cannot be a parameter`);
  }
  if (value instanceof Date) return dateText(value);
  const bytes = asBytes(value);
  if (bytes !== undefined) return hex(bytes);
  if (Array.isArray(value)) {
    const element = arrayElement[typeId] ?? 0;
    return serializeArray(value, (v) => serialize(v, element, given));
  }
  return JSON.stringify(value);
}

/** A Date as input for date, timestamp and timestamptz, in UTC. */
export function dateText(value: Date): string {
  const time = value.getTime();
  if (Number.isNaN(time)) throw failure('22007', 'an invalid Date cannot be a parameter');
  const year = value.getUTCFullYear();
  if (year >= 0 && year <= 9999 && year !== 0) return value.toISOString();
  const rest = value.toISOString().replace(/^[+-]?\d+/, '');
  return year > 0 ? `${String(year).padStart(4, '0')}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`;
}
