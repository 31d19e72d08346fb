// `npm start`: builds and serves the playground, and the site below /www/. PORT chooses the port; `-- --no-wasm`, `-- --dev` go to the build.
import { join } from 'node:path';
import { build } from './build.mjs';
import { serve } from './serve.mjs';
import { root } from './tools.mjs';

await build(process.argv.slice(2));
const wanted = Number(process.env.PORT ?? 8080);
const server = await serve(join(root, 'playground', 'dist'), wanted, undefined, { '/www': join(root, 'www', 'dist') }).catch((error) => {
  if (error.code !== 'EADDRINUSE') throw error;
  console.error(`port ${wanted} is taken; choose another: PORT=${wanted + 1} npm start`);
  process.exit(1);
});
const url = `http://127.0.0.1:${server.address().port}/`;
console.log(`Tusklet's playground: ${url}\nGuide and reference:  ${url}www/`);
