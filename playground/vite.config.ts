import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const dev = (file: string): string => fileURLToPath(new URL(`./dev/${file}`, import.meta.url));

// While the engine is being built the page can run against PGlite, which has the same interface.
const pglite = process.env['TUSKLET_BACKEND'] === 'pglite';

export default defineConfig({
  base: './',
  resolve: { alias: pglite ? { 'tusklet/worker': dev('pglite.ts'), 'tusklet/dns': dev('dns.ts') } : {} },
  optimizeDeps: { exclude: ['tusklet', '@electric-sql/pglite'] },
  worker: { format: 'es' },
  build: { target: 'es2022', outDir: pglite ? 'dist-pglite' : 'dist', chunkSizeWarningLimit: 1000 },
});
