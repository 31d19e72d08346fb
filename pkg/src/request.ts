/** Writes requests (`src/wasm/PACKED.md`) into the engine's input area, or into a buffer that will cross a MessagePort. */
import { failure } from './errors.js';
import { dateText, oid } from './types.js';

export const enum Kind { Query = 1, Exec = 2, Prepare = 3, Execute = 4, Describe = 5, Protocol = 6, Close = 7 }

/** Request flag: see PACKED.md. */
export const UNNAMED = 4;

/** A parameter that needs its type to be known first is in text by the time it gets here. */
export type Param = null | string | number | bigint | boolean | Uint8Array | Date;

const encoder = new TextEncoder();

/** How much to ask for when `n` bytes are needed: twice as much, but of a large request no more than a little. */
export function roomFor(n: number): number {
  return n + Math.min(Math.max(n, 256), 1 << 20);
}

/** Bytes of a string in UTF-8; a lone surrogate becomes U+FFFD, as `TextEncoder` has it. */
function utf8Length(s: string): number {
  let n = s.length;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c < 0x80) continue;
    if (c < 0x800) n += 1;
    else {
      n += 2;
      // A pair is four bytes, two for each of its units.
      if (c >= 0xd800 && c < 0xdc00 && (s.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
    }
  }
  return n;
}

export class Writer {
  u8: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the request starts in `u8`. */
  base = 0;
  at = 0;
  limit = 0;

  /** Makes room for `n` more bytes. The base class owns its buffer; an engine's writer asks for more input area. */
  grow(n: number): void {
    const next = new Uint8Array(roomFor(this.at + n));
    next.set(this.u8.subarray(0, this.at));
    this.u8 = next;
    this.view = new DataView(next.buffer);
    this.limit = next.length;
  }

  need(n: number): void {
    if (this.at + n > this.limit) this.grow(n);
  }

  u16(n: number): void { this.need(2); this.view.setUint16(this.at, n, true); this.at += 2; }
  u32(n: number): void { this.need(4); this.view.setUint32(this.at, n, true); this.at += 4; }

  text(s: string): void {
    const length = s.length;
    // Room for the worst case is cheap while it is small.
    const room = length <= 65536 ? 3 * length : utf8Length(s);
    this.need(4 + room);
    const start = this.at + 4;
    const u8 = this.u8;
    if (length <= 32) {
      let i = 0;
      for (; i < length; i++) {
        const c = s.charCodeAt(i);
        if (c > 127) break;
        u8[start + i] = c;
      }
      if (i === length) {
        this.view.setUint32(this.at, length, true);
        this.at = start + length;
        return;
      }
    }
    const { written } = encoder.encodeInto(s, u8.subarray(start, start + room));
    this.view.setUint32(this.at, written, true);
    this.at = start + written;
  }

  bytes(b: Uint8Array): void { this.need(b.length); this.u8.set(b, this.at); this.at += b.length; }

  params(values: readonly Param[], types?: readonly number[]): void {
    if (values.length > 65535) throw failure('54000', 'a statement cannot have more than 65535 parameters');
    this.u16(values.length);
    for (let i = 0; i < values.length; i++) this.param(values[i], types === undefined ? 0 : types[i]);
  }

  private param(value: Param, type: number): void {
    this.need(16);
    if (value === null) {
      this.u8[this.at++] = 0;
      return;
    }
    switch (typeof value) {
      case 'number':
        if (type === oid.FLOAT8 || type === oid.FLOAT4) {
          this.u8[this.at] = 3;
          this.view.setFloat64(this.at + 1, value, true);
          this.at += 9;
        } else if ((value | 0) === value && !Object.is(value, -0)) {
          this.u8[this.at] = 2;
          this.view.setInt32(this.at + 1, value, true);
          this.at += 5;
        } else {
          this.u8[this.at++] = 1;
          this.text(String(value));
        }
        return;
      case 'string':
        this.u8[this.at++] = 1;
        this.text(value);
        return;
      case 'boolean':
        this.u8[this.at] = 4;
        this.u8[this.at + 1] = value ? 1 : 0;
        this.at += 2;
        return;
      case 'bigint':
        if (BigInt.asIntN(64, value) === value) {
          this.u8[this.at] = 6;
          this.view.setBigInt64(this.at + 1, value, true);
          this.at += 9;
        } else {
          this.u8[this.at++] = 1;
          this.text(String(value));
        }
        return;
      default:
        if (value instanceof Date) {
          this.u8[this.at++] = 1;
          this.text(dateText(value));
        } else {
          this.u8[this.at++] = 5;
          this.u32(value.length);
          this.bytes(value);
        }
    }
  }

  typeIds(ids: readonly number[] | undefined): void {
    this.u16(ids?.length ?? 0);
    if (ids !== undefined) for (const id of ids) this.u32(id);
  }
}
