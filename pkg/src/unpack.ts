/**
 * The engine's second part travels packed, in a module that unpacks it (`src/packing`): here that is run, in a memory of its own. A generator, so
 * that a page can do something else between the pieces.
 */

/** Functions between two pauses. */
const PIECE = 200;

interface Unpacker {
  memory: WebAssembly.Memory;
  /** Where to put so many bytes. */
  room(length: number): number;
  /** Unpacks so many functions; 0 while there are more, then the module's length. */
  step(functions: number): number;
  /** Where the module lies. */
  result(): number;
}

/** The module packed in `module`; undefined when there is none. */
export function unpack(module: WebAssembly.Module): Generator<undefined, Uint8Array<ArrayBuffer>, undefined> | undefined {
  const [packed] = WebAssembly.Module.customSections(module, 'packed');
  return packed && steps(new WebAssembly.Instance(module).exports as unknown as Unpacker, new Uint8Array(packed));
}

function* steps({ memory, room, step, result }: Unpacker, packed: Uint8Array): Generator<undefined, Uint8Array<ArrayBuffer>, undefined> {
  const at = room(packed.length);
  new Uint8Array(memory.buffer).set(packed, at);
  let length = step(PIECE);
  for (; length === 0; length = step(PIECE)) yield;
  return new Uint8Array(memory.buffer as ArrayBuffer, result(), length);
}
