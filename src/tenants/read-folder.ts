import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { readAs } from '../common/explain-issue.js';
import { placeList } from '../passes/nearby.js';
import { passTypeDesign, type PassTypeDesign } from '../passes/pass-type.js';
import { checkCharacters } from './check-characters.js';
import type { FolderProblem } from './folder-problem.js';
import { mendShape } from './mend-shape.js';
import { readBadges, type BadgeFile } from './read-badges.js';
import { listEntries, readCure, readEntry, readFault } from './read-entries.js';
import { readJson } from './read-json.js';
import { tenantFile, type CertificateFiles, type TenantFile } from './tenant-file.js';

const MAX_IMAGE_BYTES = 4_000_000;
const FILE = { whole: 'the file', page: 'docs/tenants.md' };

export interface PassTypeFile {
  /** `pass-types/basic.json` */
  file: string;
  design: PassTypeDesign;
  /** File name (`strip@2x.png`) to bytes, of every PNG in `pass-types/<name>/`. */
  images: Map<string, Buffer>;
}

/** A pass type that cannot be used, with substitutes where its shape is wrong: the rules check the rest of it. */
export interface MendedPassType extends PassTypeFile {
  mended: readonly string[];
}

/** The PEM texts that one entry of `certificates` points to. */
export interface CertificateTexts {
  /** JSON pointer of the entry. */
  path: string;
  files: CertificateFiles;
  certificatePem: string;
  privateKeyPem: string;
  passphrase: string | undefined;
  wwdrPem: string;
}

/** What could be read of a folder; `tenant` is null where tenant.json is not usable. */
export interface TenantFolder {
  root: string;
  tenant: TenantFile | null;
  passTypes: PassTypeFile[];
  mendedPassTypes: MendedPassType[];
  certificates: CertificateTexts[];
  /** Entries of `certificates` of which a file or variable could not be read. */
  unreadableCertificates: number;
  badges: BadgeFile[];
  googleServiceAccount: string | null;
  klaviyoApiKey: string | null;
}

export interface ReadOptions {
  /** Where `passphraseEnv` and `klaviyoApiKeyEnv` are looked up. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Certificates to use instead of those that tenant.json lists. */
  certificates?: readonly CertificateFiles[];
  /** Instead of `googleServiceAccountFile`. */
  googleServiceAccountFile?: string;
  /** Instead of what tenant.json says of the Klaviyo API key. */
  klaviyoApiKey?: string;
}

const IMAGE_LIMIT = {
  bytes: MAX_IMAGE_BYTES,
  tooLarge: (size: number) => ({
    message: `the image has ${size} bytes.`,
    cure: `save it with less than ${MAX_IMAGE_BYTES} bytes: phones fetch it with every update.`,
  }),
};

/** Reads a tenant folder without judging its meaning; what cannot be read or has the wrong shape is a problem. */
export async function readTenantFolder(
  folder: string,
  options: ReadOptions = {},
): Promise<{ folder: TenantFolder; problems: FolderProblem[] }> {
  const root = resolve(folder);
  const problems: FolderProblem[] = [];
  const add = (problem: FolderProblem): void => void problems.push(problem);
  const environment = options.environment ?? {};

  async function parseFile<S extends z.ZodType>(
    file: string,
    schema: S,
    refused: (json: unknown) => void = () => undefined,
  ): Promise<z.infer<S> | null> {
    let text: string;
    try {
      text = await readFile(join(root, file), 'utf8');
    } catch (error) {
      const cure = readCure(error, `make ${join(folder, file)}.`);
      problems.push({ file, path: '', message: `the file ${readFault(error)}.`, cure });
      return null;
    }
    const json = readJson(text);
    if (!('value' in json)) {
      problems.push({ file, path: '', ...json });
      return null;
    }
    const unreadable = checkCharacters(json.value);
    problems.push(...unreadable.map((problem) => ({ file, ...problem })));
    const read = readAs(schema, json.value, FILE);
    if ('value' in read) return read.value;
    problems.push(...read.problems.map(({ path, message, cure }) => ({ file, path, message, cure })));
    refused(json.value);
    return null;
  }

  async function readText(path: string, name: string): Promise<string | null> {
    try {
      return await readFile(resolve(root, name), 'utf8');
    } catch (error) {
      problems.push({
        file: 'tenant.json',
        path,
        message: `the file ${name} ${readFault(error)}.`,
        cure: readCure(error, 'correct the path (it starts at the folder of tenant.json), or put the file there.'),
      });
      return null;
    }
  }

  function readVariable(path: string, name: string): string | null {
    const value = environment[name];
    if (value !== undefined && value !== '') return value;
    problems.push({
      file: 'tenant.json',
      path,
      message: `the environment variable ${name} is not set.`,
      cure: `set ${name} and apply again.`,
    });
    return null;
  }

  async function readImages(name: string): Promise<Map<string, Buffer>> {
    const at = `pass-types/${name}`;
    const files = await listEntries(root, at, add);
    const images = new Map<string, Buffer>();
    for (const file of files.filter((entry) => /\.png$/i.test(entry))) {
      const bytes = await readEntry(root, `${at}/${file}`, add, IMAGE_LIMIT);
      if (bytes) images.set(file, bytes);
    }
    return images;
  }

  const tenant = await parseFile('tenant.json', tenantFile);
  const passTypes: PassTypeFile[] = [];
  const mendedPassTypes: MendedPassType[] = [];
  const names = await listEntries(root, 'pass-types', add);
  for (const entry of names.filter((name) => name.endsWith('.json'))) {
    const file = `pass-types/${entry}`;
    const name = basename(entry, '.json');
    let rest: ReturnType<typeof mendShape<typeof passTypeDesign>>;
    const design = await parseFile(file, passTypeDesign, (json) => (rest = mendShape(passTypeDesign, json)));
    if (!design) {
      if (rest) mendedPassTypes.push({ file, design: rest.value, images: await readImages(name), mended: rest.mended });
      continue;
    }
    if (typeof design.nearby?.places === 'string') {
      const places = await parseFile(`pass-types/${name}/${design.nearby.places}`, placeList);
      if (places) design.nearby.places = places;
    }
    passTypes.push({ file, design, images: await readImages(name) });
  }

  const certificates: CertificateTexts[] = [];
  const listed = options.certificates ?? tenant?.certificates ?? [];
  for (const [index, files] of listed.entries()) {
    const path = `/certificates/${index}`;
    const certificatePem = await readText(`${path}/certificateFile`, files.certificateFile);
    const privateKeyPem = await readText(`${path}/privateKeyFile`, files.privateKeyFile);
    const wwdrPem = await readText(`${path}/wwdrFile`, files.wwdrFile);
    const passphrase = files.passphraseEnv && readVariable(`${path}/passphraseEnv`, files.passphraseEnv);
    if (certificatePem === null || privateKeyPem === null || wwdrPem === null || passphrase === null) continue;
    certificates.push({ path, files, certificatePem, privateKeyPem, passphrase, wwdrPem });
  }

  const accountFile = options.googleServiceAccountFile ?? tenant?.googleServiceAccountFile;
  const googleServiceAccount = accountFile ? await readText('/googleServiceAccountFile', accountFile) : null;
  let klaviyoApiKey = options.klaviyoApiKey ?? null;
  if (klaviyoApiKey === null && tenant?.klaviyoApiKeyFile) {
    klaviyoApiKey = (await readText('/klaviyoApiKeyFile', tenant.klaviyoApiKeyFile))?.trim() ?? null;
  } else if (klaviyoApiKey === null && tenant?.klaviyoApiKeyEnv) {
    klaviyoApiKey = readVariable('/klaviyoApiKeyEnv', tenant.klaviyoApiKeyEnv);
  }

  const { badges, problems: ofBadges } = await readBadges(root);
  problems.push(...ofBadges);
  const unreadableCertificates = listed.length - certificates.length;
  return {
    folder: {
      root,
      tenant,
      passTypes,
      mendedPassTypes,
      certificates,
      unreadableCertificates,
      badges,
      googleServiceAccount,
      klaviyoApiKey,
    },
    problems,
  };
}
