/**
 * The engine's second part travels with its code sorted by what it is (`src/xtask/src/split/pack.rs` has the format): here it becomes a
 * module again. A generator, so that a page can do something else between the pieces.
 */

// The order of the streams, as `pack.rs` has it.
const [OPERATOR, LOCALS, LOCAL, CONSTANT, OFFSET, CALL, BRANCH, TYPE, OTHER, STREAMS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/** The natural alignments of the loads and stores from 0x28 on. */
const NATURAL = [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2];
/** Functions between two pauses. */
const PIECE = 400;

/** Where the number of each operator that has one number stands; operators with anything else are looked at by name. */
const PLAIN = new Uint8Array(256).fill(255);
for (const op of [0x25, 0x26, 0x3f, 0x40, 0xd0, 0xd2, 0x42]) PLAIN[op] = OTHER;
for (const op of [0x02, 0x03, 0x04, 0x23, 0x24]) PLAIN[op] = TYPE;
for (const op of [0x20, 0x21, 0x22]) PLAIN[op] = LOCAL;
PLAIN[0x0c] = PLAIN[0x0d] = BRANCH;
PLAIN[0x10] = CALL;
PLAIN[0x41] = CONSTANT;

/** The module in `packed`, a custom section of that name. */
export function* unpack(packed: Uint8Array): Generator<undefined, Uint8Array<ArrayBuffer>, undefined> {
  let at = 0;
  const word = (): number => {
    let n = 0;
    for (let shift = 0; ; shift += 7) {
      const b = packed[at++]!;
      n |= (b & 127) << shift;
      if (b < 128) return n;
    }
  };
  const [before, behind, functions] = [word(), word(), word()];
  const lengths = Array.from({ length: STREAMS }, word);
  const head = at;
  const places = new Uint32Array(STREAMS);
  at += before + behind;
  for (let i = 0; i < STREAMS; i++) {
    places[i] = at;
    at += lengths[i]!;
  }
  // A body is never longer than what it is made of and its alignments; its length stands before it in at most five bytes.
  let out = new Uint8Array(at + lengths[OPERATOR]! + functions * 5 + 16);
  out.set(packed.subarray(head, head + before));
  // The code section's length is known at the end: five bytes are left for it, and taken back where they are not needed.
  let to = before + 6;
  const put = (n: number) => {
    for (; n > 127; n >>>= 7) out[to++] = (n & 127) | 128;
    out[to++] = n;
  };
  /** Moves a number of a stream to the output, and gives it. */
  const move = (stream: number): number => {
    let p = places[stream]!;
    let b = packed[p++]!;
    out[to++] = b;
    let n = b & 127;
    for (let shift = 7; b > 127; shift += 7) {
      b = packed[p++]!;
      out[to++] = b;
      n |= (b & 127) << shift;
    }
    places[stream] = p;
    return n;
  };
  const bytes = (count: number) => {
    const p = places[OTHER]!;
    out.set(packed.subarray(p, p + count), to);
    to += count;
    places[OTHER] = p + count;
  };
  const place = () => {
    move(OTHER);
    move(OFFSET);
  };
  const start = to;
  put(functions);
  for (let f = 0; f < functions; f++) {
    if (f % PIECE === PIECE - 1) yield;
    // The length of a body is known at its end: it is written behind a gap, and moved when the gap is too wide.
    const gap = to;
    to += 3;
    const body = to;
    for (let n = move(LOCALS); n > 0; n--) {
      move(LOCALS);
      out[to++] = packed[places[LOCALS]!++]!;
    }
    for (let depth = 1; depth > 0;) {
      let op = packed[places[OPERATOR]!++]!;
      if (op === 0xff || (op >= 0x28 && op <= 0x3e)) {
        const odd = op === 0xff;
        if (odd) op = packed[places[OPERATOR]!++]!;
        out[to++] = op;
        if (odd) move(OTHER);
        else out[to++] = NATURAL[op - 0x28]!;
        move(OFFSET);
        continue;
      }
      out[to++] = op;
      const stream = PLAIN[op]!;
      if (stream !== 255) {
        if (op <= 0x04) depth++;
        move(stream);
        continue;
      }
      switch (op) {
        case 0x0b: depth--; break;
        case 0x0e: for (let n = move(OTHER); n >= 0; n--) move(OTHER); break;
        case 0x11: move(OTHER); move(OTHER); break;
        case 0x43: bytes(4); break;
        case 0x44: bytes(8); break;
        case 0xfc: {
          const sub = move(OTHER);
          if (sub > 7) move(OTHER);
          if (sub === 8 || sub === 10 || sub === 12 || sub === 14) move(OTHER);
          break;
        }
        case 0xfd: {
          const sub = move(OTHER);
          if (sub <= 11 || sub === 92 || sub === 93) place();
          else if (sub <= 13) bytes(16);
          else if (sub >= 21 && sub <= 34) bytes(1);
          else if (sub >= 84 && sub <= 91) {
            place();
            bytes(1);
          }
        }
      }
    }
    const end = to;
    to = gap;
    put(end - body);
    out.copyWithin(to, body, end);
    to += end - body;
  }
  const end = to;
  to = before;
  out[to++] = 10;
  put(end - start);
  out.copyWithin(to, start, end);
  to += end - start;
  out.set(packed.subarray(head + before, head + before + behind), to);
  out = out.subarray(0, to + behind);
  return out;
}
