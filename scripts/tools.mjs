// What the other scripts share: running commands, and where tools that are not npm packages live.
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Installed tools, outside the tree so that a fresh clone finds them again. */
export const tools = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tusklet', 'tools');
export const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');

/** Runs a command, showing what it prints; ends this process when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) {
    console.error(`failed: ${command} ${args.join(' ')}`);
    process.exit(status ?? 1);
  }
}

/** What a command prints, or undefined when it cannot be run. */
export function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
