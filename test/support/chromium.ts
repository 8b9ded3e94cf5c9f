import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { moveInPlace } from '../../src/embedded/move-in-place.js';
import { startProgress, type Log } from '../../src/embedded/progress.js';
import { cacheFolder, findOnPath, runCommand, type Environment } from '../../src/embedded/run-command.js';

export interface FoundChromium {
  path: string;
  source: 'PASSRELAY_CHROMIUM' | 'system' | 'Playwright' | 'package';
  /** What the browser needs in its environment beside what is there. */
  env: Record<string, string>;
}

export interface FindChromiumOptions {
  /** Folder of the cache; `passrelay` in the user's cache folder when not given. */
  cacheDir?: string;
  env?: Environment;
  /** Programs of the system outside PATH. */
  places?: readonly string[];
  /** Playwright's executable of its own revision, by which its cache is found. */
  playwright?: string;
  /** `linux-x64`, say: the package carries this one alone. */
  platform?: string;
  log: Log;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ...['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].flatMap((name) =>
    process.env[name] ? [path.join(process.env[name], 'Google', 'Chrome', 'Application', 'chrome.exe')] : [],
  ),
];
const PACKAGE = '@sparticuz/chromium';
const PACKAGED_FOR = 'linux-x64';

/** Why the program does not run, or undefined when it does. Ubuntu's chromium-browser without snap is a stub. */
async function fault(file: string, env: Environment): Promise<string | undefined> {
  if (!fs.existsSync(file)) return 'not there';
  // Chrome for Windows opens a window when it is asked for its version.
  if (process.platform === 'win32') return undefined;
  const { ok, output, reason } = await runCommand(file, ['--version'], { env, timeoutMs: 60_000 });
  return ok && /chrom/i.test(output) ? undefined : `does not run: ${reason}`;
}

/** Playwright keeps its browsers as `<cache>/chromium-<revision>/<platform>/<program>`; the newest of them first. */
function playwrightBrowsers(executable: string): string[] {
  const inside = executable.split(path.sep).slice(-2).join(path.sep);
  const cache = path.resolve(executable, '..', '..', '..');
  const revision = (name: string) => Number(name.split('-')[1]);
  return (fs.existsSync(cache) ? fs.readdirSync(cache) : [])
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort((one, other) => revision(other) - revision(one))
    .map((name) => path.join(cache, name, inside))
    .filter((file) => fs.existsSync(file));
}

// The package unpacks into the folder for temporary files, for everybody, and its libraries only where it believes
// to be in AWS Lambda. A process of its own has both without changing ours.
const UNPACK = 'import(process.argv[1]).then((it) => it.default.executablePath())';

function writeFonts(folder: string, final: string): void {
  fs.writeFileSync(
    path.join(folder, 'fonts.xml'),
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${path.join(final, 'fonts')}</dir>
  <cachedir>${path.join(final, 'fonts-cache')}</cachedir>
</fontconfig>
`,
  );
}

async function unpack(entry: string, final: string, env: Environment, log: Log): Promise<string | undefined> {
  fs.mkdirSync(path.dirname(final), { recursive: true });
  const work = fs.mkdtempSync(`${final}.work-`);
  const progress = startProgress({ label: 'Unpacking Chromium (64 MB)', log });
  try {
    const result = await runCommand(process.execPath, ['-e', UNPACK, pathToFileURL(entry).href], {
      env: { ...env, TMPDIR: work, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' },
      timeoutMs: 5 * 60_000,
    });
    if (!result.ok) return `could not be unpacked to ${final}: ${result.reason}`;
    writeFonts(work, final);
    moveInPlace(work, final);
    return undefined;
  } catch (error) {
    return `could not be unpacked to ${final}: ${(error as Error).message}`;
  } finally {
    progress.end();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

async function packaged(options: FindChromiumOptions, env: Environment): Promise<FoundChromium | { reason: string }> {
  const { platform = `${process.platform}-${process.arch}` } = options;
  if (platform !== PACKAGED_FOR) return { reason: `it is for ${PACKAGED_FOR}, and this machine is ${platform}` };
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    return { reason: 'it is not installed ("npm install" without --omit=dev)' };
  }
  const description = fs.readFileSync(path.resolve(entry, '..', '..', '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(description) as { version: string };
  const folder = path.join(options.cacheDir ?? cacheFolder(env, homedir()), 'chromium', version);
  const reason = fs.existsSync(folder) ? undefined : await unpack(entry, folder, env, options.log);
  if (reason) return { reason };
  const found: FoundChromium = {
    path: path.join(folder, 'chromium'),
    source: 'package',
    env: {
      LD_LIBRARY_PATH: path.join(folder, 'al2023', 'lib'),
      FONTCONFIG_FILE: path.join(folder, 'fonts.xml'),
    },
  };
  const why = await fault(found.path, { ...env, ...found.env });
  return why ? { reason: `it ${why}` } : found;
}

function whatToInstall(): string {
  if (process.platform === 'darwin') return 'brew install --cask google-chrome';
  if (process.platform === 'win32') return 'winget install Google.Chrome';
  return 'sudo apt-get install -y chromium';
}

/**
 * Finds a browser for the tests of the pages: the one that PASSRELAY_CHROMIUM names, Chromium or Chrome of the system,
 * Playwright's, the one in our development dependencies.
 *
 * @throws Error of one line that says what to install.
 */
export async function findChromium(options: FindChromiumOptions): Promise<FoundChromium> {
  const { env = process.env } = options;
  const named = env['PASSRELAY_CHROMIUM'];
  if (named) {
    const why = await fault(named, env);
    if (why)
      throw new Error(`PASSRELAY_CHROMIUM is ${named}, which is ${why}: name a Chromium or Chrome, or unset it.`);
    return { path: named, source: 'PASSRELAY_CHROMIUM', env: {} };
  }
  const onPath = NAMES.map((name) => findOnPath(name, env)).filter((file) => file !== undefined);
  for (const file of new Set([...onPath, ...(options.places ?? PLACES)])) {
    if (!(await fault(file, env))) return { path: file, source: 'system', env: {} };
  }
  for (const file of playwrightBrowsers(options.playwright ?? chromium.executablePath())) {
    if (!(await fault(file, env))) return { path: file, source: 'Playwright', env: {} };
  }
  const last = await packaged(options, env);
  if ('path' in last) return last;
  throw new Error(
    `The tests of the pages need Chromium or Chrome: ${whatToInstall()} (or "npx playwright-core install chromium", or ` +
      `PASSRELAY_CHROMIUM). None is in PATH, the usual folders and Playwright's cache; the package ${PACKAGE}: ${last.reason}.`,
  );
}
