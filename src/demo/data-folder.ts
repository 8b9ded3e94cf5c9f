import { accessSync, constants, createWriteStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { claim } from '../embedded/folder-lock.js';

export interface DataFolder {
  folder: string;
  /** Path of a file or folder inside. */
  path(name: string): string;
  /** Gives the folder back to the next start. */
  release(): void;
}

/**
 * Opens the demo's data folder for this process alone.
 * @throws Error with the cure: not a folder, not writable, in use by another start.
 */
export function openDataFolder(folder: string): DataFolder {
  const full = path.resolve(folder);
  try {
    mkdirSync(full, { recursive: true });
    accessSync(full, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new Error(
      `The data folder ${full} cannot be used (${code}): it must be a folder that you may write to. ` +
        'Move away what is there, or set PASSRELAY_DATA_DIR to another folder.',
      { cause },
    );
  }
  const release = claim(
    path.join(full, 'demo.owner.json'),
    `The data folder ${full}`,
    'Stop that one first (Ctrl-C), or set PASSRELAY_DATA_DIR to another folder.',
  );
  return { folder: full, path: (name) => path.join(full, name), release };
}

/** What scripts need to use a running demo. */
export interface DemoFile {
  baseUrl: string;
  temporalAddress: string;
  temporalUiUrl: string | null;
  databaseUrl: string;
  tenantId: string;
  accountId: string;
  apiKeys: Record<'klaviyo' | 'passes' | 'operations' | 'admin', string>;
  pass: { serialNumber: string; passTypeIdentifier: string; identifiers: Record<string, string> };
  /** Null where a provider's URL is set and its simulator therefore off. */
  simulators: Record<'klaviyo' | 'apns' | 'apnsControl' | 'google' | 'merchant', string | null>;
}

/** `demo.json`, there for as long as the demo serves. It holds keys, so its mode is 0600. */
export function createDemoFile(data: DataFolder): { write(content: DemoFile): string; remove(): void } {
  const file = data.path('demo.json');
  return {
    write(content) {
      const partial = `${file}.new`;
      rmSync(partial, { force: true });
      writeFileSync(partial, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
      renameSync(partial, file);
      return file;
    },
    remove: () => rmSync(file, { force: true }),
  };
}

/** The log of API and worker, which would drown the journey on the terminal; the one of the last start is kept. */
export function openLogFile(data: DataFolder): { file: string; write(line: string): void; close(): Promise<void> } {
  const file = data.path('passrelay.log');
  try {
    renameSync(file, data.path('passrelay.previous.log'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  stream.on('error', () => undefined);
  return {
    file,
    write: (line) => void stream.write(line),
    close: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}
