import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { findOnPath, runCommand } from '../src/embedded/run-command.js';

/**
 * `npm run runtimes`: the packed client in Deno and Bun, from PATH or from their npm packages, beside Node. Ends with 3 where
 * one of them cannot be had: what could be had was tried.
 */
const WANTED = [
  {
    name: 'deno',
    version: '2.9.6',
    words: ['run', '--quiet', '--allow-net', '--allow-env', '--node-modules-dir=manual'],
  },
  { name: 'bun', version: '1.4.5', words: ['run'] },
];

const folder = mkdtempSync(join(tmpdir(), 'passrelay-runtimes-'));
writeFileSync(join(folder, 'package.json'), JSON.stringify({ allowScripts: { deno: true, bun: true } }));

/** From its npm package, whose script puts the executable in place; null where that is not to be had. */
async function install(name: string, version: string): Promise<string | null> {
  await runCommand('npm', ['install', '--no-audit', '--no-fund', `${name}@${version}`], {
    env: process.env,
    cwd: folder,
    timeoutMs: 300_000,
  });
  const executable = join(folder, 'node_modules/.bin', name);
  if (!existsSync(executable)) return null;
  return spawnSync(executable, ['--version'], { timeout: 60_000 }).status === 0 ? executable : null;
}

const runtimes: Record<string, string[]> = {};
const missing: string[] = [];
for (const { name, version, words } of WANTED) {
  const found = findOnPath(name, process.env) ?? (await install(name, version));
  if (found === null) missing.push(`${name} ${version}`);
  else runtimes[name] = [found, ...words];
}
const env = { ...process.env, PASSRELAY_RUNTIMES: JSON.stringify(runtimes) };
const tried = spawnSync(process.execPath, ['--import', 'tsx', 'test/run.ts', 'client/own-package'], {
  env,
  stdio: 'inherit',
});
rmSync(folder, { recursive: true, force: true });
if (missing.length > 0) process.stderr.write(`runtimes: not tried, cannot be had here: ${missing.join(', ')}\n`);
process.exit(tried.status || (missing.length > 0 ? 3 : 0));
