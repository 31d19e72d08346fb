// A static file server for the built page: what any static host does, no special headers.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml', '.json': 'application/json', '.map': 'application/json', '.data': 'application/octet-stream',
};

/** Serves `root`, and other folders below paths like `/www`; resolves with the server when it listens. */
export function serve(root, port = 0, host = '127.0.0.1', mounts = {}) {
  const server = createServer(async (request, response) => {
    try {
      const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
      const mount = Object.keys(mounts).find((m) => path === m || path.startsWith(m + sep));
      if (path === mount) {
        // Relative addresses of its pages start below it.
        response.writeHead(301, { location: `${mount}/` }).end();
        return;
      }
      const base = mount === undefined ? root : mounts[mount];
      let file = join(base, path.slice(mount?.length ?? 0));
      if (file !== base && !file.startsWith(base.endsWith(sep) ? base : base + sep)) throw new Error('outside');
      if ((await stat(file)).isDirectory()) file = join(file, 'index.html');
      const info = await stat(file);
      // Hashed names never change.
      const cache = /-[A-Za-z0-9_-]{8}\.\w+$/.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache';
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-length': info.size, 'cache-control': cache });
      if (request.method === 'HEAD') response.end();
      else createReadStream(file).pipe(response);
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
