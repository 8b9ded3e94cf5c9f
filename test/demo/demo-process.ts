import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const OURS =
  /^(?:TEMPORAL_|DATABASE_|PORT$|PUBLIC_URL|PASSRELAY_|SECRETS_|APNS_|GOOGLE_|KLAVIYO_|OAUTH_|LOG_LEVEL|NO_COLOR)/;

export interface DemoProcess {
  pid: number;
  child: ChildProcess;
  /** All that was printed so far, standard error included. */
  output(): string;
  /** Resolves when the text was printed; rejects when the process ends without it. */
  printed(text: string): Promise<void>;
  /** The exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals>;
}

/** Starts `npm start` as npm would, with these settings alone. */
export function startDemo(settings: Record<string, string>, ...args: string[]): DemoProcess {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/start-demo.ts', ...args], {
    cwd: root,
    env: { ...env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const waiting = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const look of waiting) look();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  return {
    pid: child.pid!,
    child,
    output: () => text,
    exited,
    printed: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!text.includes(wanted)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void exited.then((code) => reject(new Error(`ended with ${code} before it printed "${wanted}":\n${text}`)));
      }),
  };
}

/** A data folder of its own, and how to remove it with what the embedded servers put elsewhere. */
export function temporaryDataDir(): { dataDir: string; remove(): void } {
  const dataDir = fs.mkdtempSync(path.join(tmpdir(), 'passrelay-demo-'));
  return {
    dataDir,
    remove() {
      const cluster = path.join(dataDir, 'postgres', 'cluster');
      if (fs.existsSync(cluster)) fs.rmSync(fs.realpathSync(cluster), { recursive: true, force: true });
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
