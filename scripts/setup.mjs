// Makes sure of what npm does not bring: a browser for the end-to-end tests.
import { existsSync } from 'node:fs';
import { output, run } from './tools.mjs';

/** Path of the WebDriver server that goes with it. */
export function chromedriver() {
  const known = process.env.CHROMEDRIVER ?? ['/usr/bin/chromedriver', '/usr/lib/chromium/chromedriver'].find(existsSync);
  if (known !== undefined) return known;
  install('chromium-driver');
  return '/usr/bin/chromedriver';
}

/** Path of a Chromium; installs Debian's when there is none. */
export function chromium() {
  const known = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
  if (known !== undefined) return known;
  install('chromium', 'chromium-driver');
  return '/usr/bin/chromium';
}

function install(...packages) {
  if (output('apt-get', ['--version']) === undefined) throw new Error(`no ${packages[0]} found: install it, and set CHROMIUM and CHROMEDRIVER to the paths`);
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const apt = (...args) => run([...sudo, 'apt-get'][0], [...sudo, 'apt-get', ...args].slice(1), { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

if (import.meta.filename === process.argv[1]) console.log(chromium());
