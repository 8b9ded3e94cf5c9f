import { strayBraces, textsIn } from '../passes/check-braces.js';
import { placeholders } from '../passes/render.js';
import type { JsonValue } from '../common/json.js';
import type { PassTypeDesign } from '../passes/pass-type.js';
import { pointer } from '../common/clean-text.js';
import { isTakenName } from '../passes/identifiers.js';
import { nearest } from '../common/nearest-name.js';
import { PASS_KEYS, lintAppleDesign } from '../wallets/apple/check-design.js';
import { checkGoogleDesign } from '../wallets/google/check-design.js';
import { checkCertificates } from './check-certificates.js';
import { checkNearby } from './check-nearby.js';
import { checkClassSuffixes } from './check-google-classes.js';
import { checkImages } from './check-images.js';
import { checkSettings } from './check-settings.js';
import type { FolderProblem } from './folder-problem.js';
import { checkFieldsAcross, fieldProblem, fieldWarnings, zoneProblem } from './check-fields.js';
import { checkVisuals, cureField } from './check-visuals.js';
import { isMended } from './mend-shape.js';
import { readTenantFolder, type PassTypeFile, type ReadOptions, type TenantFolder } from './read-folder.js';

type Add = (path: string, message: string, cure: string, severity?: 'warning') => void;

const isError = ({ severity }: FolderProblem): boolean => severity === undefined;

/** What the rules say of designs that phones take all the same, and show less of than their author thinks. */
export const designWarnings = (folder: Pick<TenantFolder, 'passTypes' | 'mendedPassTypes'>): FolderProblem[] =>
  judged(folder).filter((problem) => !isError(problem));

/** What the rules say of every design; of one with a wrong shape, what they say of the rest. */
const judged = ({
  passTypes,
  mendedPassTypes,
}: Pick<TenantFolder, 'passTypes' | 'mendedPassTypes'>): FolderProblem[] => [
  ...passTypes.flatMap((passType) => checkPassType(passType)),
  ...mendedPassTypes.flatMap((passType) =>
    checkPassType(passType).filter(({ path }) => !isMended(path, passType.mended)),
  ),
];

/** Everything that is wrong with the meaning of what was read; an empty list is good. */
export function checkTenantFolder(folder: TenantFolder, options: { now: () => number }): FolderProblem[] {
  const problems = judged(folder).filter(isError);
  problems.push(
    ...checkNames(folder.passTypes),
    ...checkFieldsAcross(folder.passTypes),
    ...checkClassSuffixes(folder.passTypes),
  );
  if (folder.tenant) {
    problems.push(...checkSettings(folder), ...checkIdentifierKinds(folder), ...checkGoogleAccess(folder));
    problems.push(...checkCertificates(folder, options));
  }
  if (folder.passTypes.length === 0 && folder.tenant) {
    problems.push({
      file: 'pass-types',
      path: '',
      message: 'no pass type could be read.',
      cure: 'put at least one pass-types/<name>.json there; docs/tenants.md has a complete one.',
    });
  }
  return problems;
}

/** Reads and checks: all problems at once, those of unreadable files first. */
export async function validateTenantFolder(
  root: string,
  options: ReadOptions & { now: () => number },
): Promise<{ folder: TenantFolder; problems: FolderProblem[] }> {
  const { folder, problems } = await readTenantFolder(root, options);
  const unread = new Set(problems.map(({ file }) => file));
  const more = checkTenantFolder(folder, options).filter(
    ({ file }) => !(file === 'pass-types' && [...unread].some((name) => name.startsWith('pass-types/'))),
  );
  return { folder, problems: [...problems, ...more] };
}

/** Everything that is known to be wrong with one design, warnings among it. */
export function checkPassType({ file, design, images }: PassTypeFile): FolderProblem[] {
  const problems: FolderProblem[] = [];
  const add: Add = (path, message, cure, severity) =>
    void problems.push({ file, path, message, cure, ...(severity && { severity }) });
  const name = file.replace(/^.*\/|\.json$/g, '');
  if (name !== design.name) {
    add('/name', `the name is "${design.name}", the file is ${name}.json.`, `name it "${name}", or rename the file.`);
  }
  const seen = new Map<string, number>();
  for (const [index, field] of design.fields.entries()) {
    const first = seen.get(field.apiFieldName);
    if (first !== undefined) {
      add(
        pointer('fields', index, 'apiFieldName'),
        `the field "${field.apiFieldName}" is already used at /fields/${first}.`,
        'give each field its own apiFieldName.',
      );
    } else seen.set(field.apiFieldName, index);
    const wrong = fieldProblem(field);
    if (wrong) add(pointer('fields', index, wrong.key), wrong.message, wrong.cure);
    for (const { key, message, cure } of fieldWarnings(field)) {
      add(pointer('fields', index, key), message, cure, 'warning');
    }
    const zone = zoneProblem(field.timeZone, design.fields);
    if (zone) add(pointer('fields', index, 'timeZone'), zone.message, zone.cure);
  }
  const zone = zoneProblem(design.timeZone, design.fields);
  if (zone) add('/timeZone', zone.message, zone.cure);
  checkVisuals(design, add);
  checkNearby(design, add);
  checkBraces({ visuals: design.visuals, nearby: design.nearby, google: design.google }, add);
  checkPlaceholders(design, (design.nearby?.places ?? []) as JsonValue, '/nearby/places', add);
  if (!design.apple && !design.google) {
    add('', 'the pass type has no design for any wallet.', 'add "apple", "google" or both.');
  }
  for (const { path, message, cure, severity } of lintAppleDesign(design, images.keys())) {
    add(path, message, cure, severity);
  }
  if (design.google) {
    for (const problem of checkGoogleDesign(design.google, design)) {
      add(pointer('google', ...problem.path.split('.')), `${problem.message}.`, problem.cure, problem.severity);
    }
    checkPlaceholders(design, design.google.object, '/google/object', add);
    for (const [index, field] of design.google.notifyOn.entries()) {
      if (!seen.has(field)) {
        add(pointer('google', 'notifyOn', index), `there is no field "${field}".`, cureField(field, design.fields));
      }
    }
  }
  return [...problems, ...checkImages(`pass-types/${name}`, images, design)];
}

/** Braces outside the Apple part, which looks at its own. */
function checkBraces(parts: unknown, add: Add): void {
  for (const [path, text] of textsIn(parts as JsonValue)) {
    const stray = strayBraces(text);
    if (stray === undefined) continue;
    const cure = 'write {{field}}, without filters and tags.';
    add(path, `${stray} is no placeholder: customers would see it as it is.`, cure);
  }
}

/** The same rule that the Apple library holds for its part, for any other JSON with placeholders. */
function checkPlaceholders(design: PassTypeDesign, value: JsonValue, path: string, add: Add): void {
  if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) checkPlaceholders(design, inner, path + pointer(key), add);
    return;
  }
  for (const name of placeholders(value)) {
    const pass = PASS_KEYS.map((key) => `pass.${key}`);
    const visuals = Object.keys(design.visuals).map((key) => `visual.${key}`);
    const fields = design.fields.map((field) => field.apiFieldName);
    const known = name.startsWith('pass.') ? pass : name.startsWith('visual.') ? visuals : fields;
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    add(
      path,
      `the placeholder {{${name}}} names nothing.`,
      near ? `write {{${near}}}.` : `use one of ${[...fields, ...visuals, ...pass].join(', ')}.`,
    );
  }
}

function checkNames(passTypes: readonly PassTypeFile[]): FolderProblem[] {
  const byId = new Map<string, string>();
  return passTypes.flatMap(({ file, design }) => {
    const first = byId.get(design.id);
    if (first === undefined) byId.set(design.id, file);
    if (first === undefined) return [];
    const message = `the id ${design.id} is also that of ${first}.`;
    return [{ file, path: '/id', message, cure: 'give each pass type an id of its own.' }];
  });
}

function checkIdentifierKinds({ tenant }: TenantFolder): FolderProblem[] {
  return tenant!.settings.customIdentifiers.flatMap((kind, index) =>
    isTakenName(kind)
      ? {
          file: 'tenant.json',
          path: pointer('settings', 'customIdentifiers', index),
          message: `"${kind}" has a meaning of its own in the bodies of requests.`,
          cure: 'name your identifier otherwise, such as "loyaltyId".',
        }
      : [],
  );
}

function checkGoogleAccess({ tenant, passTypes, googleServiceAccount }: TenantFolder): FolderProblem[] {
  const problems: FolderProblem[] = [];
  const file = 'tenant.json';
  const wants = passTypes.find(({ design }) => design.google);
  if (wants && tenant!.settings.google.issuerId === null) {
    problems.push({
      file,
      path: '/settings/google/issuerId',
      message: `${wants.file} has a Google design, but the tenant has no issuer id.`,
      cure: 'write the issuer id of the Google Pay & Wallet Console, digits between quotes; without one, remove "google" from the pass types.',
    });
  }
  if (googleServiceAccount === null) return problems;
  const path = '/googleServiceAccountFile';
  const cure = 'download a new JSON key of the service account (Google Cloud > IAM > Service accounts > Keys).';
  let account: Record<string, unknown> = {};
  try {
    account = JSON.parse(googleServiceAccount) as Record<string, unknown>;
  } catch {
    return [...problems, { file, path, message: 'the service-account key is not JSON.', cure }];
  }
  for (const key of ['client_email', 'private_key']) {
    if (typeof account[key] !== 'string' || account[key] === '') {
      problems.push({ file, path, message: `the service-account key has no ${key}.`, cure });
    }
  }
  return problems;
}
