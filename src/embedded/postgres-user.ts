import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';

/** The account PostgreSQL runs as; it refuses to run as root. */
export interface ServerAccount {
  uid: number;
  gid: number;
}

const NAME = 'postgres';

function idOf(flag: '-u' | '-g'): number | undefined {
  const result = spawnSync('id', [flag, NAME], { encoding: 'utf8' });
  return result.status === 0 ? Number(result.stdout.trim()) : undefined;
}

function lookUp(): ServerAccount | undefined {
  const uid = idOf('-u');
  const gid = idOf('-g');
  return uid !== undefined && gid !== undefined && uid !== 0 ? { uid, gid } : undefined;
}

// The first two commands are those of most distributions, the last two those of Alpine.
const CREATE: readonly (readonly [string, readonly string[]])[] = [
  ['groupadd', ['--system', NAME]],
  ['useradd', ['--system', '--no-create-home', '--shell', '/bin/false', '-g', NAME, NAME]],
  ['addgroup', ['-S', NAME]],
  ['adduser', ['-S', '-D', '-H', '-G', NAME, NAME]],
];

/**
 * The account to run PostgreSQL as: undefined when we are no root and simply use our own, else the system user
 * `postgres`, created when it does not exist.
 */
export function serverAccount(): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  let account = lookUp();
  for (const [command, args] of CREATE) {
    if (account) break;
    spawnSync(command, [...args], { stdio: 'ignore' });
    account = lookUp();
  }
  if (account) return account;
  throw new Error(
    'PostgreSQL does not run as root, and the system user "postgres" could not be created. ' +
      'Create it (useradd --system postgres), run as another user, or set DATABASE_URL to a PostgreSQL server of yours.',
  );
}

/** Tells whether the account may pass through every folder that leads to `target` (mode bits only, no ACLs). */
export function canReach(account: ServerAccount, target: string): boolean {
  const parent = path.dirname(target);
  if (parent === target) return true;
  const { mode, uid, gid } = statSync(parent);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0 && canReach(account, parent);
}
