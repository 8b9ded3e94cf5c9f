import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import path from 'node:path';
import { findOnPath, runCommand, type Environment } from './run-command.js';

/** A file of a Python package index, pinned by its checksum. */
export interface Wheel {
  name: string;
  version: string;
  file: string;
  bytes: number;
  sha256: string;
}

export interface FetchWheel {
  wheel: Wheel;
  /** An empty folder to download to. */
  folder: string;
  env: Environment;
  onBytes: (bytes: number) => void;
}

const LIMIT_MS = 10 * 60_000;
const STALL_MS = 60_000;
const CONNECT_MS = 20_000;
const PUBLIC_INDEX = 'https://pypi.org/simple';
const JSON_INDEX = 'application/vnd.pypi.simple.v1+json';

function sizeBelow(folder: string): number {
  const entries = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.reduce((sum, name) => {
    const found = fs.statSync(path.join(folder, name), { throwIfNoEntry: false });
    return sum + (found?.isFile() ? found.size : 0);
  }, 0);
}

/** Pip as this machine calls it, or undefined: Debian's Python has none of its own. */
async function findPip(env: Environment): Promise<[string, string[]] | undefined> {
  for (const [name, args] of [
    ['python3', ['-m', 'pip']],
    ['python', ['-m', 'pip']],
    ['pip3', []],
    ['pip', []],
  ] as [string, string[]][]) {
    const program = findOnPath(name, env);
    if (program && (await runCommand(program, [...args, '--version'], { env, timeoutMs: 30_000 })).ok) {
      return [program, args];
    }
  }
  return undefined;
}

/** Pip goes first: it knows the index, the proxy and the certificates that this machine was given. */
async function byPip({ wheel, folder, env, onBytes }: FetchWheel): Promise<string | undefined> {
  const pip = await findPip(env);
  if (!pip) return 'no pip on PATH';
  const args = ['download', '--quiet', '--no-input', '--no-deps', '--only-binary=:all:', '--no-cache-dir'];
  let bytes = 0;
  let lastGrowth = Date.now();
  const watch = () => {
    const size = sizeBelow(folder);
    if (size > bytes) lastGrowth = Date.now();
    bytes = size;
    if (bytes > 0) onBytes(bytes);
    return Date.now() - lastGrowth > STALL_MS ? 'no byte came for 60 s' : undefined;
  };
  const result = await runCommand(pip[0], [...pip[1], ...args, '--dest', folder, `${wheel.name}==${wheel.version}`], {
    env: { ...env, TMPDIR: folder, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
    timeoutMs: LIMIT_MS,
    watch,
  });
  return result.ok ? undefined : (/^ERROR: (.*)/m.exec(result.output)?.[1] ?? result.reason);
}

/** The address of the file in a page of the index, whose form is JSON or HTML (PEP 691, PEP 503). */
function addressIn(page: string, type: string, base: string, file: string): string | undefined {
  if (type.startsWith(JSON_INDEX)) {
    const { files } = JSON.parse(page) as { files: { filename: string; url: string }[] };
    const url = files.find((each) => each.filename === file)?.url;
    return url && new URL(url, base).href;
  }
  for (const [, href = ''] of page.matchAll(/href="([^"]+)"/g)) {
    const url = new URL(href.replaceAll('&amp;', '&'), base);
    url.hash = '';
    if (path.posix.basename(decodeURIComponent(url.pathname)) === file) return url.href;
  }
  return undefined;
}

async function bySimpleIndex({ wheel, folder, env, onBytes }: FetchWheel): Promise<string | undefined> {
  const index = (env['PIP_INDEX_URL'] || PUBLIC_INDEX).replace(/\/$/, '');
  try {
    const page = await fetch(`${index}/${wheel.name}/`, {
      headers: { accept: `${JSON_INDEX}, text/html;q=0.5` },
      signal: AbortSignal.timeout(CONNECT_MS),
    });
    if (!page.ok) return `the index answers ${page.status}`;
    const address = addressIn(await page.text(), page.headers.get('content-type') ?? '', page.url, wheel.file);
    if (!address) return `the index does not have ${wheel.file}`;
    const answer = await fetch(address, { signal: AbortSignal.timeout(LIMIT_MS) });
    if (!answer.ok || !answer.body) return `the index answers ${answer.status} for ${wheel.file}`;
    const file = fs.openSync(path.join(folder, wheel.file), 'w');
    try {
      let bytes = 0;
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        fs.writeSync(file, chunk);
        onBytes((bytes += chunk.length));
      }
    } finally {
      fs.closeSync(file);
    }
    return undefined;
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? `${message}: ${cause.message}` : message;
  }
}

/**
 * Fetches a file of a Python package index, by pip as it is set up here, else from the index itself.
 * @returns the file's bytes, which have the pinned checksum, or the reason why there are none.
 */
export async function fetchWheel(fetching: FetchWheel): Promise<{ content: Buffer } | { reason: string }> {
  const { wheel, folder } = fetching;
  const file = path.join(folder, wheel.file);
  const reasons: string[] = [];
  for (const [how, fetchIt] of [
    ['pip', byPip],
    ['the index itself', bySimpleIndex],
  ] as const) {
    fs.rmSync(folder, { recursive: true, force: true });
    fs.mkdirSync(folder, { recursive: true });
    const reason = await fetchIt(fetching);
    const content = reason === undefined && fs.existsSync(file) ? fs.readFileSync(file) : undefined;
    const sum = content && createHash('sha256').update(content).digest('hex');
    if (content && sum === wheel.sha256) return { content };
    const other = sum ? `its SHA-256 is ${sum}, not the pinned ${wheel.sha256}` : `it brought no ${wheel.file}`;
    reasons.push(`${how}: ${reason ?? other}`);
  }
  return { reason: reasons.join('; ') };
}
