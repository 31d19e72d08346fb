// A native server on a free port, for as long as a test needs it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { target } from '../../scripts/tools.mjs';

const candidates = [process.env.TUSKLET_SERVER, join(target, 'debug', 'tusklet'), join(target, 'fast', 'tusklet'), join(target, 'release', 'tusklet')];
export const binary = candidates.find((path) => path !== undefined && existsSync(path));

/** Runs the binary; resolves when it ends. */
export function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (d) => (stdout += d));
    child.stderr.on('data', (d) => (stderr += d));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** A server; `data` for a directory. */
export async function serve(data, listen = '127.0.0.1:0') {
  if (binary === undefined) throw new Error('the server is not built: cargo build -p tusklet-server');
  const child = spawn(binary, ['serve', '--listen', listen, ...(data === undefined ? [] : ['--data', data])], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let stderr = '';
  child.stderr.on('data', (d) => (stderr += d));
  const address = await new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (d) => {
      out += d;
      const m = /listening on (\S+):(\d+)/.exec(out);
      if (m) resolve({ host: m[1], port: Number(m[2]) });
    });
    child.on('error', reject);
    child.on('close', () => reject(new Error(`the server ended: ${stderr}`)));
  });
  return {
    ...address,
    pid: child.pid,
    /** A connected client of the `pg` package. */
    async client(options = {}) {
      const client = new pg.Client({ ...address, user: 'postgres', database: 'postgres', ...options });
      await client.connect();
      // The server's end is what some tests are about.
      client.on('error', () => undefined);
      return client;
    },
    kill(signal = 'SIGKILL') {
      child.kill(signal);
      return ended;
    },
  };
}

/** A directory that goes when the test ends. */
export async function directory(t) {
  const path = await mkdtemp(join(tmpdir(), 'tusklet-'));
  t?.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a promise came to within some milliseconds: `waiting` when to nothing. */
export async function settled(promise, ms = 200) {
  return Promise.race([promise.then(() => 'done', () => 'failed'), sleep(ms).then(() => 'waiting')]);
}
