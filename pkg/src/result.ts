/** Collects the items of one run into results, or an error. */
import { PostgresError, type Notice, type ReportFields } from './errors.js';
import type { Receiver } from './link.js';
import { type Complete, type Field, Item, Reader, readComplete, readFields, readReport, type Views } from './packed.js';
import { type Column, type ColumnBuilder, type RowMode, Shape } from './shape.js';
import type { Parsers } from './types.js';

/** The result of one statement, in PGlite's shape. */
export interface Results<Row = Record<string, unknown>> {
  rows: Row[];
  fields: Field[];
  /** Rows inserted, updated, deleted or merged; 0 for the rest. */
  affectedRows: number;
  /** The command tag without its numbers: `SELECT`, `INSERT`, `CREATE TABLE`. */
  command: string;
  /** The count of the command tag. */
  rowCount: number;
  /** There were more rows than `maxRows`. */
  truncated?: true;
  /** With `rowMode: 'columns'`; `rows` is empty then. */
  columns?: Column[];
}

export interface Sinks {
  notice(notice: Notice): void;
  notification(channel: string, payload: string, pid: number): void;
}

function isCounted(command: string): boolean {
  return command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE' || command === 'COPY';
}
const NO_FIELDS: readonly Field[] = [];
const NOTHING = new Uint8Array(0);

/** Whether `length` bytes at `at` are these. */
function same(u8: Uint8Array, at: number, length: number, as: Uint8Array): boolean {
  if (as.length !== length) return false;
  for (let i = 0; i < length; i++) if (u8[at + i] !== as[i]) return false;
  return true;
}


/** Results of as many statements that gave no rows. */
function repeat(results: Results[], more: number, fields: readonly Field[], affectedRows: number, command: string, rowCount: number): void {
  for (let i = 0; i < more; i++) results.push({ rows: [], fields: fields as Field[], affectedRows, command, rowCount });
}

export class Collector implements Receiver {
  readonly results: Results[] = [];
  error: ReportFields | undefined;
  /** An exception of a parser: the statement ran, its result cannot be had. */
  private thrown: { error: unknown } | undefined;
  fields: readonly Field[] | undefined;
  paramTypes: number[] | undefined;
  statement = 0;
  chunks: Uint8Array[] = [];
  shape: Shape | undefined;
  private rows: unknown[] = [];
  private builders: ColumnBuilder[] = [];
  /** The last Fields item. */
  private described = NOTHING;

  constructor(private readonly sinks: Sinks, private readonly mode: RowMode, private readonly parsers: Parsers | undefined) {}

  take(v: Views, start: number, length: number): void {
    try {
      const end = start + length;
      let at = start;
      while (at < end) {
        const kind = v.u32[at >>> 2];
        const size = v.u32[(at >>> 2) + 1];
        if (kind === Item.Complete) this.complete(readComplete(v, at + 8));
        else this.item(v, kind, at + 8, size);
        at += 8 + Math.ceil(size / 8) * 8;
      }
    } catch (error) {
      this.thrown ??= { error };
    }
  }

  private item(v: Views, kind: number, body: number, size: number): void {
    switch (kind) {
      case Item.Fields:
        if (this.lastFields !== undefined && same(v.u8, body, size, this.described)) {
          // As the statement before: its columns are read by what is there.
          this.fields = this.lastFields;
          this.shape = this.lastShape;
          return;
        }
        this.fields = readFields(v, body);
        this.shape = undefined;
        this.described = v.u8.slice(body, body + size);
        return;
      case Item.Rows: {
        if (this.thrown !== undefined) return;
        const shape = (this.shape ??= new Shape(this.fields ?? NO_FIELDS, this.mode, this.parsers));
        if (this.mode === 'columns') shape.columns(v, body, this.builders);
        else shape.rows(v, body, this.rows);
        return;
      }
      case Item.Error: this.error = readReport(v, body); return;
      case Item.Notice: this.sinks.notice(readReport(v, body)); return;
      case Item.Notification: {
        const r = new Reader(v, body);
        const pid = r.u32();
        const channel = r.text();
        this.sinks.notification(channel, r.text(), pid);
        return;
      }
      case Item.ParamTypes: {
        const r = new Reader(v, body);
        this.paramTypes = Array.from({ length: r.u32() }, () => r.u32());
        return;
      }
      case Item.Statement: this.statement = v.u32[body >>> 2]; return;
      case Item.Bytes: this.chunks.push(v.u8.slice(body, body + size)); return;
    }
  }

  private complete(c: Complete): void {
    if (c.empty) {
      this.fields = undefined;
      return;
    }
    const fields = (this.fields ?? NO_FIELDS) as Field[];
    const command = c.command;
    const count = c.count ?? 0;
    const affectedRows = isCounted(command) ? count : 0;
    const result: Results = { rows: this.rows as Results['rows'], fields, affectedRows, command, rowCount: count };
    if (c.truncated) result.truncated = true;
    if (this.mode === 'columns') {
      result.columns = (this.shape ?? new Shape(fields, this.mode, this.parsers)).finish(this.builders);
      this.builders = [];
    }
    this.results.push(result);
    if (c.more > 0) {
      if (this.mode === 'columns') for (let i = 0; i < c.more; i++) this.results.push({ ...result, rows: [], columns: [] });
      else repeat(this.results, c.more, fields, affectedRows, command, count);
    }
    this.rows = [];
    if (this.fields !== undefined) {
      this.lastShape = this.shape;
      this.lastFields = this.fields;
    }
    this.fields = undefined;
    this.shape = undefined;
  }

  /** What the finished statement was decoded with, for the next execution. */
  lastShape: Shape | undefined;
  lastFields: readonly Field[] | undefined;

  /** Throws what went wrong, if anything did. */
  check(sql?: string, params?: readonly unknown[]): void {
    if (this.error !== undefined) throw new PostgresError(this.error, sql, params);
    if (this.thrown !== undefined) throw this.thrown.error;
  }

  /** The one result of a query; an empty statement has an empty one. */
  get single(): Results {
    return this.results[0] ?? { rows: [], fields: [], affectedRows: 0, command: '', rowCount: 0 };
  }
}
