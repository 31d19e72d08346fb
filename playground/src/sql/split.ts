/** Where the statements of a script begin and end. Offsets are UTF-16, as the editor's. */
export interface Piece {
  /** First character that is neither space nor comment. */
  start: number;
  /** One past the last character, without the semicolon. */
  end: number;
}

const IDENT = /[\p{L}_\p{N}$]/u;

/** Splits at semicolons that are not inside quotes, comments, parentheses or a `BEGIN ATOMIC` body. */
export function split(sql: string): Piece[] {
  const out: Piece[] = [];
  let i = 0;
  let start = -1;
  let end = 0;
  let parens = 0;
  let atomic = 0;
  let words: string[] = [];
  const n = sql.length;
  const push = (): void => {
    if (start >= 0) out.push({ start, end });
    start = -1;
    parens = 0;
    atomic = 0;
    words = [];
  };
  const token = (to: number): void => {
    if (start < 0) start = i;
    i = Math.min(to, n);
    end = i;
  };
  while (i < n) {
    const c = sql[i];
    if (c === '-' && sql[i + 1] === '-') {
      const nl = sql.indexOf('\n', i);
      i = nl < 0 ? n : nl;
    } else if (c === '/' && sql[i + 1] === '*') {
      let depth = 1;
      i += 2;
      while (i < n && depth > 0) {
        if (sql.startsWith('/*', i)) { depth++; i += 2; }
        else if (sql.startsWith('*/', i)) { depth--; i += 2; }
        else i++;
      }
    } else if (c === "'" || c === '"') {
      const escapes = c === "'" && /[eE]/.test(sql[i - 1] ?? '') && !IDENT.test(sql[i - 2] ?? ' ');
      let j = i + 1;
      while (j < n) {
        if (escapes && sql[j] === '\\') j += 2;
        else if (sql[j] === c) {
          if (sql[j + 1] !== c) break;
          j += 2;
        } else j++;
      }
      token(j + 1);
    } else if (c === '$' && !IDENT.test(sql[i - 1] ?? ' ')) {
      const tag = /^\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/u.exec(sql.slice(i, i + 66))?.[0];
      if (tag === undefined) token(i + 1);
      else {
        const close = sql.indexOf(tag, i + tag.length);
        token(close < 0 ? n : close + tag.length);
      }
    } else if (c === ';') {
      if (parens > 0 || atomic > 0) token(i + 1);
      else {
        push();
        i++;
      }
    } else if (/\s/.test(c)) i++;
    else if (/[\p{L}_]/u.test(c)) {
      let j = i + 1;
      while (j < n && IDENT.test(sql[j])) j++;
      const word = sql.slice(i, j).toLowerCase();
      // The body of an SQL function or procedure holds statements of its own.
      if (word === 'atomic' && words.at(-1) === 'begin' && words[0] === 'create') atomic = 1;
      else if (atomic > 0 && word === 'case') atomic++;
      else if (atomic > 0 && word === 'end') atomic--;
      words = words.length === 0 ? [word] : [words[0], word];
      token(j);
    } else {
      if (c === '(') parens++;
      else if (c === ')') parens = Math.max(0, parens - 1);
      token(i + 1);
    }
  }
  push();
  return out;
}

/** The statement the cursor is in, or just behind. */
export function statementAt(sql: string, cursor: number): Piece | undefined {
  const pieces = split(sql);
  let best: Piece | undefined;
  for (const p of pieces) {
    if (p.start > cursor && best !== undefined) {
      // Between two statements the one before it is meant, unless the cursor is on the next one's line.
      const gap = sql.slice(best.end, p.start);
      const before = sql.slice(best.end, cursor);
      if (before.includes('\n') && gap.includes('\n')) return p;
      break;
    }
    best = p;
    if (p.end >= cursor) break;
  }
  return best;
}
