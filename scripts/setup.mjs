// Makes sure of what npm does not bring: a browser for the end-to-end tests.
import { existsSync } from 'node:fs';
import { output, run } from './tools.mjs';

/** Path of a Chromium; installs Debian's when there is none. */
export function chromium() {
  const known = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (known !== undefined) return known;
  if (output('apt-get', ['--version']) === undefined) throw new Error('no Chromium found: install one and set CHROMIUM to its path');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const apt = (...args) => run([...sudo, 'apt-get'][0], [...sudo, 'apt-get', ...args].slice(1), { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', 'chromium', 'chromium-driver');
  return '/usr/bin/chromium';
}

if (import.meta.filename === process.argv[1]) console.log(chromium());
