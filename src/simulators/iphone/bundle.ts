import { createHash } from 'node:crypto';
import { judgePassJson, type PassContent } from './pass-json.js';
import { verifySignature } from './signature.js';
import { parseStrings } from './strings.js';
import { readZip } from './zip.js';

export interface BundleRules {
  /** The authorities that a signature's chain must end in; without them any chain that is complete in itself passes. */
  readonly caPem?: string | readonly string[];
  /** Allows http as webServiceURL when it leads to this machine. */
  readonly developerMode: boolean;
  /** Milliseconds. */
  readonly now: number;
}

/** A bundle that a phone would install. */
export interface JudgedBundle {
  readonly content: PassContent;
  /** SHA-256 of manifest.json: the phone's measure of "changed". */
  readonly manifestDigest: string;
  /** `xx` of each `xx.lproj/pass.strings` to its translations. */
  readonly translations: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly files: readonly string[];
}

/** The phone refuses this bundle; `problems` names everything that is wrong with it. */
export class BundleRefused extends Error {
  override readonly name = 'BundleRefused';
  constructor(readonly problems: readonly string[]) {
    super(`The pass cannot be installed: ${problems.join('; ')}`);
  }
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const OUTSIDE_MANIFEST = ['manifest.json', 'signature'];

/** Judges a .pkpass completely: zip, hashes in both directions, signature and chain, pass.json, images. Throws BundleRefused. */
export function judgeBundle(pkpass: Buffer, rules: BundleRules): JudgedBundle {
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  const files = attempt(() => readZip(pkpass), report) ?? new Map<string, Buffer>();
  if (files.size === 0) throw new BundleRefused(problems.length > 0 ? problems : ['the zip is empty']);
  for (const name of ['pass.json', 'manifest.json', 'signature', 'icon.png', 'icon@2x.png'])
    if (!files.has(name)) report(`${name} is missing`);
  for (const [name, data] of files)
    if (name.endsWith('.png') && !data.subarray(0, PNG.length).equals(PNG)) report(`${name} is not a PNG`);

  const manifest = files.get('manifest.json') ?? Buffer.alloc(0);
  judgeManifest(manifest, files, report);
  const content = judgePassJson(files.get('pass.json') ?? Buffer.alloc(0), rules, report);
  const signer = attempt(
    () => verifySignature(files.get('signature') ?? Buffer.alloc(0), manifest, rules),
    (problem) => report(`signature: ${problem}`),
  );
  if (signer !== undefined && content !== undefined) {
    if (signer.passTypeIdentifier !== content.passTypeIdentifier)
      report('passTypeIdentifier differs from the UID of the signing certificate');
    if (signer.teamIdentifier !== content.teamIdentifier)
      report('teamIdentifier differs from the OU of the signing certificate');
  }
  const translations = new Map<string, ReadonlyMap<string, string>>();
  for (const [name, data] of files) {
    const [, language] = /^([^/]+)\.lproj\/pass\.strings$/.exec(name) ?? [];
    const parsed = language === undefined ? undefined : attempt(() => parseStrings(data), report);
    if (language !== undefined && parsed !== undefined) translations.set(language, parsed);
  }
  if (problems.length > 0 || content === undefined) throw new BundleRefused(problems);
  const manifestDigest = createHash('sha256').update(manifest).digest('hex');
  return { content, manifestDigest, translations, files: [...files.keys()] };
}

function judgeManifest(manifest: Buffer, files: ReadonlyMap<string, Buffer>, report: (problem: string) => void): void {
  const hashes = attempt(() => JSON.parse(manifest.toString('utf8')) as unknown, report);
  if (typeof hashes !== 'object' || hashes === null || Array.isArray(hashes))
    return report('manifest.json is not a JSON object');
  for (const [name, hash] of Object.entries(hashes)) {
    const data = files.get(name);
    if (OUTSIDE_MANIFEST.includes(name)) report(`manifest.json must not list ${name}`);
    else if (data === undefined) report(`manifest.json lists ${name}, which is not in the bundle`);
    // SHA-1 is fixed here, also in passes that Apple signs itself.
    else if (createHash('sha1').update(data).digest('hex') !== hash) report(`${name} does not match its hash`);
  }
  for (const name of files.keys())
    if (!OUTSIDE_MANIFEST.includes(name) && !Object.hasOwn(hashes, name)) report(`manifest.json does not list ${name}`);
}

function attempt<T>(action: () => T, report: (problem: string) => void): T | undefined {
  try {
    return action();
  } catch (error) {
    report((error as Error).message);
    return undefined;
  }
}
