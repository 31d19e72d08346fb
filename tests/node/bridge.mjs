// The package behind a socket: each database a client names is a memory database of its own, each connection a session of it.
// Authentication and cancel requests are not its business: it carries bytes to `execProtocolRaw` and back.
import { createServer } from 'node:net';
import { Tusklet } from 'tusklet';

const message = (kind, body) => {
  const out = Buffer.alloc(body.length + 5);
  out.write(kind, 0, 'latin1');
  out.writeInt32BE(body.length + 4, 1);
  body.copy(out, 5);
  return out;
};

/** Name and value pairs of a startup packet. */
function startup(body) {
  const words = body.subarray(4).toString('utf8').split('\0');
  const out = {};
  for (let i = 0; i + 1 < words.length && words[i] !== ''; i += 2) out[words[i]] = words[i + 1];
  return out;
}

const NOT_SETTINGS = new Set(['user', 'database', 'options', 'replication']);

/** Listens; resolves with the server. */
export function bridge(port = 0) {
  const databases = new Map();
  let pid = 0;
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    let pending = Buffer.alloc(0);
    let session;
    let name;
    let chain = Promise.resolve();
    const open = async (body) => {
      const { user = 'postgres', database = 'postgres', ...rest } = startup(body);
      name = database;
      const settings = Object.fromEntries(Object.entries(rest).filter(([k]) => !NOT_SETTINGS.has(k)));
      let entry = databases.get(name);
      if (entry === undefined) databases.set(name, (entry = { db: Tusklet.create('memory://', { settings }), users: 0 }));
      entry.users++;
      session = await (await entry.db).session({ username: user });
      const key = Buffer.alloc(8);
      key.writeInt32BE(++pid, 0);
      socket.write(Buffer.concat([message('R', Buffer.alloc(4)), message('K', key), message('Z', Buffer.from('I'))]));
    };
    const serve = async (bytes) => {
      if (session === undefined) {
        while (bytes.length >= 8 && session === undefined) {
          const length = bytes.readInt32BE(0);
          if (bytes.length < length) break;
          const body = bytes.subarray(4, length);
          bytes = bytes.subarray(length);
          if (body.readInt32BE(0) === 80877103) socket.write('N');
          else await open(body);
        }
        if (session === undefined) {
          pending = bytes;
          return;
        }
      }
      if (bytes.length > 0) socket.write(await session.execProtocolRaw(bytes));
    };
    socket.on('data', (bytes) => {
      chain = chain.then(() => {
        const all = Buffer.concat([pending, bytes]);
        pending = Buffer.alloc(0);
        return serve(all);
      }).catch((error) => {
        const text = Buffer.from(`SFATAL\0VFATAL\0C${error.code ?? 'XX000'}\0M${error.message ?? error}\0\0`);
        socket.end(message('E', text));
      });
    });
    socket.on('error', () => undefined);
    socket.on('close', async () => {
      const entry = databases.get(name);
      if (entry === undefined) return;
      session?.cancel();
      await session?.close().catch(() => undefined);
      if (--entry.users === 0) {
        databases.delete(name);
        await (await entry.db).close().catch(() => undefined);
      }
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (import.meta.filename === process.argv[1]) {
  const server = await bridge(Number(process.argv[2] ?? 0));
  console.log(`listening on 127.0.0.1:${server.address().port}`);
}
