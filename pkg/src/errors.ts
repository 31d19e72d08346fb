/** The fields of PostgreSQL's ErrorResponse and NoticeResponse, by the names node users know. */
export interface ReportFields {
  severity: string;
  /** SQLSTATE, five characters. */
  code: string;
  message: string;
  detail?: string;
  hint?: string;
  /** Where in the statement: 1-based, in characters (code points), not UTF-16 units. */
  position?: number;
  internalPosition?: number;
  internalQuery?: string;
  /** Call stack of functions, innermost first. */
  where?: string;
  schema?: string;
  table?: string;
  column?: string;
  dataType?: string;
  constraint?: string;
}

/** A message that ends nothing (NOTICE, WARNING, …). */
export interface Notice extends ReportFields {}

const FIELDS = [
  'severity', 'code', 'detail', 'hint', 'position', 'internalPosition', 'internalQuery', 'where', 'schema', 'table', 'column',
  'dataType', 'constraint',
] as const;

/** Every error the database reports, and every one of ours that has an SQLSTATE. */
export class PostgresError extends Error implements ReportFields {
  override readonly name = 'PostgresError';
  readonly severity: string;
  readonly code: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: number;
  readonly internalPosition?: number;
  readonly internalQuery?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  /** The text that was being run, when there was one. */
  query?: string;
  /** Its parameters. */
  params?: readonly unknown[];

  constructor(fields: ReportFields, query?: string, params?: readonly unknown[]) {
    super(fields.message);
    this.severity = fields.severity;
    this.code = fields.code;
    const self = this as Record<string, unknown>;
    for (const key of FIELDS) if (fields[key] !== undefined) self[key] = fields[key];
    if (query !== undefined) this.query = query;
    if (params !== undefined && params.length > 0) this.params = params;
  }

  /** Plain data for `postMessage`; `new PostgresError(error.fields(), error.query)` makes it an error again. */
  fields(): ReportFields {
    const out: Record<string, unknown> = { message: this.message };
    for (const key of FIELDS) if (this[key] !== undefined) out[key] = this[key];
    return out as unknown as ReportFields;
  }

  /** As psql prints it, with the line and a caret below the position. */
  override toString(): string {
    let text = `${this.severity}:  ${this.code}: ${this.message}`;
    const at = this.position !== undefined && this.query !== undefined
      ? caret(this.query, this.position)
      : this.internalPosition !== undefined && this.internalQuery !== undefined
        ? caret(this.internalQuery, this.internalPosition)
        : '';
    text += at;
    if (this.detail !== undefined) text += `\nDETAIL:  ${this.detail}`;
    if (this.hint !== undefined) text += `\nHINT:  ${this.hint}`;
    if (this.internalQuery !== undefined) text += `\nQUERY:  ${this.internalQuery}`;
    if (this.where !== undefined) text += `\nCONTEXT:  ${this.where}`;
    return text;
  }
}

/** An error of the package itself. */
export function failure(code: string, message: string, more?: Partial<ReportFields>): PostgresError {
  return new PostgresError({ severity: 'ERROR', code, message, ...more });
}

/** The UTF-16 offset of PostgreSQL's 1-based character position in `sql`; its length when it lies beyond. */
export function utf16Offset(sql: string, position: number): number {
  let offset = 0;
  for (let n = 1; n < position && offset < sql.length; n++) {
    const unit = sql.charCodeAt(offset);
    offset += unit >= 0xd800 && unit < 0xdc00 && offset + 1 < sql.length ? 2 : 1;
  }
  return offset;
}

const LINE_WIDTH = 60;

function caret(sql: string, position: number): string {
  const at = utf16Offset(sql, position);
  const start = sql.lastIndexOf('\n', at - 1) + 1;
  const newline = sql.indexOf('\n', at);
  const line = sql.slice(start, newline < 0 ? undefined : newline).replaceAll('\t', ' ').replaceAll('\r', '');
  const number = sql.slice(0, start).split('\n').length;
  let prefix = `LINE ${number}: `;
  // A long line is cut around the position, as psql does.
  let from = 0;
  let to = line.length;
  let column = at - start;
  if (to > LINE_WIDTH) {
    from = Math.max(0, Math.min(column - LINE_WIDTH / 2, to - LINE_WIDTH));
    to = Math.min(line.length, from + LINE_WIDTH);
    column -= from;
    if (from > 0) prefix += '...';
  }
  const shown = line.slice(from, to) + (to < line.length ? '...' : '');
  const width = [...shown.slice(0, column)].length;
  return `\n${prefix}${shown}\n${' '.repeat(prefix.length + width)}^`;
}
