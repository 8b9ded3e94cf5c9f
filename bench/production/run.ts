import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDemoCertificates } from '../../src/tenants/demo-certificates.js';
import { MissingProgram } from '../../scripts/go-program.js';
import { findPrograms } from './programs.js';
import { certificatesFolder, HOSTS, MERCHANT_ADDRESS } from './settings.js';

/**
 * `npm run drill:production`: the topology of the deployment guide without containers. It prints a table, and ends with 1
 * where something was lost and with 3 where a program is missing that it cannot build.
 */
const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The drill's own network and hosts file: ports are free, nothing reaches the outside, and a public address exists. */
const ENTER = `
set -e
hosts=$1; shift
ip link set lo up
ip addr add ${MERCHANT_ADDRESS}/32 dev lo
mount --bind "$hosts" /etc/hosts
echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
exec "$@"`;

function build(): void {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const built = spawnSync(npm, ['run', 'build'], { cwd: repository, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new Error('npm run build failed');
}

/** As root the network is enough; anybody else needs a user namespace for it, in which the own account is kept. */
function enter(command: readonly string[], hostsFile: string): readonly string[] {
  const setUp = ['sh', '-c', ENTER, 'enter', hostsFile];
  if (process.getuid?.() === 0) return ['unshare', '--net', '--mount', ...setUp, ...command];
  const own = ['unshare', '--user', `--map-user=${process.getuid!()}`, `--map-group=${process.getgid!()}`];
  return ['unshare', '--user', '--map-root-user', '--net', '--mount', ...setUp, ...own, ...command];
}

async function run(): Promise<number> {
  const programs = await findPrograms((line) => console.error(line));
  console.error('Building the product');
  build();
  const folder = mkdtempSync(path.join(tmpdir(), 'passrelay-production-'));
  // Run as root, PostgreSQL has another account, which must get through to its data.
  chmodSync(folder, 0o711);
  const { authorityFile } = await ensureDemoCertificates(certificatesFolder(folder), Date.now, Object.values(HOSTS));
  const hostsFile = path.join(folder, 'hosts');
  writeFileSync(hostsFile, `127.0.0.1 localhost ${HOSTS.api}\n${MERCHANT_ADDRESS} ${HOSTS.merchant}\n`);
  const inside = fileURLToPath(new URL('inside.ts', import.meta.url));
  const [command, ...args] = enter(
    [process.execPath, '--import', 'tsx', inside, folder, JSON.stringify(programs)],
    hostsFile,
  );
  const child = spawn(command!, args, {
    cwd: repository,
    stdio: 'inherit',
    env: { ...process.env, NODE_EXTRA_CA_CERTS: authorityFile },
  });
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  if (code === 0) rmSync(folder, { recursive: true, force: true });
  return code;
}

process.exitCode = await run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return error instanceof MissingProgram ? 3 : 1;
});
