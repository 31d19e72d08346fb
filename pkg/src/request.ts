/** Writes requests (`src/wasm/PACKED.md`) into the engine's input area, or into a buffer that will cross a MessagePort. */
import { failure } from './errors.js';
import { dateText, oid } from './types.js';

export const enum Kind { Query = 1, Exec = 2, Prepare = 3, Execute = 4, Describe = 5, Protocol = 6, Close = 7 }

/** Request flag: see PACKED.md. */
export const UNNAMED = 4;

/** A parameter that needs its type to be known first is in text by the time it gets here. */
export type Param = null | string | number | bigint | boolean | Uint8Array | Date;

const encoder = new TextEncoder();

export class Writer {
  u8: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the request starts in `u8`. */
  base = 0;
  at = 0;
  limit = 0;

  /** Makes room for `n` more bytes. The base class owns its buffer; an engine's writer asks for more input area. */
  grow(n: number): void {
    const next = new Uint8Array(Math.max(256, (this.at + n) * 2));
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
    this.need(4 + 3 * length);
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
    const { written } = encoder.encodeInto(s, u8.subarray(start, start + 3 * length));
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
