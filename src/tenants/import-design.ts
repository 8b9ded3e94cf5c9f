import { createHash } from 'node:crypto';
import { readAs } from '../common/explain-issue.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../common/json.js';
import { appleDesign, APPLE_STYLES, passTypeDesign, type PassTypeDesign } from '../passes/pass-type.js';
import { FIELD_GROUPS } from '../wallets/apple/pass-fields.js';
import { fieldImport, type BundleKind } from './import-fields.js';
import { imagesOf } from './import-images.js';
import { stringsOf, tellLeftBehind } from './import-texts.js';
import { mendShape } from './mend-shape.js';
import type { BundleFiles } from './read-bundle.js';
import { readJson } from './read-json.js';

export interface ImportedDesign {
  design: PassTypeDesign;
  /** File name to bytes, for `pass-types/<name>/`. */
  images: Map<string, Buffer>;
  /** What a person has to decide or to check, one sentence each. */
  decisions: string[];
}

/** Keys that the server sets for each pass, and what an editor leaves behind. */
const OF_THE_SERVER = [
  'formatVersion',
  'teamIdentifier',
  'serialNumber',
  'webServiceURL',
  'authenticationToken',
  'voided',
  'barcode',
];
const STYLES: readonly string[] = [...APPLE_STYLES, 'posterGeneric'];
const OWN_KEYS = ['passTypeIdentifier', 'organizationName', 'description', 'barcodes'];

const isEmpty = (value: JsonValue): boolean =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isJsonObject(value) && Object.keys(value).length === 0);

/** Without the editor's `_id`, without what is empty. */
function tidy(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(tidy);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => key !== '_id' && !isEmpty(inner))
      .map(([key, inner]) => [key, tidy(inner)]),
  );
}

const slug = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
    .join('-')
    .slice(0, 60);

/**
 * Turns a pass or a template of Pass Designer into a pass type. The key of each field becomes a field of the pass type;
 * values of a pass are somebody's own and are not taken over. Throws where pass.json is unusable.
 */
export function importDesign(files: BundleFiles, options: { name?: string; kind: BundleKind }): ImportedDesign {
  const json = readJson(files.get('pass.json')!.toString('utf8')) as
    { value: JsonValue } | { message: string; cure: string };
  if (!('value' in json) || !isJsonObject(json.value)) {
    throw new Error(`pass.json: ${'value' in json ? 'an object is expected.' : `${json.message} ${json.cure}`}`);
  }
  const decisions: string[] = [];
  const tidied = tidy(json.value) as JsonObject;
  const pass = options.kind === 'pass' ? withoutHolder(tidied, decisions) : tidied;
  const style = styleOf(pass, decisions);
  const name = options.name ?? (slug(String(pass['description'] ?? '')) || 'imported');

  const others = APPLE_STYLES.filter((one) => one !== style && pass[one] !== undefined);
  if (others.length > 0) decisions.push(`${others.join(', ')} was not taken over: a pass has one classic style.`);
  const { fields, importField } = fieldImport(options.kind, decisions);
  const structure = (pass[style] ?? {}) as JsonObject;
  const groupsOf = (from: JsonObject, groups: readonly string[]): JsonObject =>
    Object.fromEntries(
      groups.flatMap((group) => {
        const list = (Array.isArray(from[group]) ? from[group] : []).filter(isJsonObject);
        return list.length > 0 ? [[group, list.map((field) => importField(field, group))]] : [];
      }),
    );
  const apple: JsonObject = { style, passTypeIdentifier: pass['passTypeIdentifier'] ?? 'pass.example.imported' };
  if (typeof structure['transitType'] === 'string') apple['transitType'] = structure['transitType'];
  Object.assign(apple, groupsOf(structure, FIELD_GROUPS));
  if (isJsonObject(pass['posterGeneric'])) {
    apple['posterGeneric'] = groupsOf(pass['posterGeneric'], [...FIELD_GROUPS, 'footerFields']);
  }

  const known = Object.keys(appleDesign.shape);
  const extra: JsonObject = {};
  for (const [key, value] of Object.entries(pass)) {
    if (OF_THE_SERVER.includes(key) || OWN_KEYS.includes(key) || STYLES.includes(key)) continue;
    if (known.includes(key)) apple[key] = value;
    else extra[key] = value;
  }
  if (Object.keys(extra).length > 0) {
    apple['extra'] = extra;
    decisions.push(
      `apple.extra holds ${Object.keys(extra).join(', ')} as they were: check that they suit every customer.`,
    );
  }
  apple['barcodes'] = importBarcodes(pass, decisions);
  if (pass['expirationDate'] !== undefined) {
    decisions.push(
      `apple.expirationDate is ${String(pass['expirationDate'])} for every pass: keep it, or name a field.`,
    );
  }
  decisions.push(
    `apple.passTypeIdentifier is ${String(apple['passTypeIdentifier'])}: put the one of your own certificate there.`,
  );

  const { images, roles, localized, taken } = imagesOf(files, decisions);
  apple['images'] = roles;
  const localizations = localizationsOf(files, localized, decisions);
  tellLeftBehind(files, taken, decisions);
  if (Object.keys(localizations).length > 0) apple['localizations'] = localizations;

  const raw = {
    name,
    id: `ptk_0x${createHash('sha256')
      .update(`${name}\n${String(pass['passTypeIdentifier'])}`)
      .digest('hex')
      .slice(0, 12)}`,
    description: String(pass['description'] ?? name).slice(0, 200),
    organizationName: String(pass['organizationName'] ?? name).slice(0, 100),
    fields,
    apple,
  };
  const read = readAs(passTypeDesign, raw, { whole: 'the pass type', page: 'docs/tenants.md' });
  if ('value' in read) return { design: read.value, images, decisions };
  const said = read.problems.map(({ path, message }) => `${path}: ${message}`);
  const rest = mendShape(passTypeDesign, raw, 'removal');
  if (!rest) throw new Error(`pass.json cannot be used:\n${said.join('\n')}`);
  decisions.push(...said.map((one) => `Not taken over as it was: ${one}`));
  return { design: rest.value, images, decisions };
}

function importBarcodes(pass: JsonObject, decisions: string[]): JsonValue {
  const list = Array.isArray(pass['barcodes'])
    ? pass['barcodes']
    : isJsonObject(pass['barcode'])
      ? [pass['barcode']]
      : [];
  return list.filter(isJsonObject).map((code, index) => {
    if (code['message'] !== pass['serialNumber']) {
      decisions.push(
        `apple.barcodes/${index} held "${String(code['message'] ?? '')}"; it shows the serial number now: name another field if the till expects one.`,
      );
    }
    const { altText, ...rest } = code;
    return {
      ...rest,
      message: '{{pass.serialNumber}}',
      ...(altText !== undefined && { altText: '{{pass.serialNumber}}' }),
    };
  });
}

function localizationsOf(
  files: BundleFiles,
  localized: ReadonlyMap<string, JsonObject>,
  decisions: string[],
): JsonObject {
  const out: JsonObject = {};
  for (const [language, strings] of stringsOf(files, decisions)) out[language] = { strings };
  for (const [language, images] of localized) out[language] = { ...((out[language] ?? {}) as JsonObject), images };
  return out;
}

/** Of several styles phones take the first of these. */
const AS_PHONES_CHOOSE = ['storeCard', 'eventTicket', 'coupon', 'boardingPass', 'generic'] as const;

/** The classic style of a pass; a poster alone gets one for systems before iOS 27. */
function styleOf(pass: JsonObject, decisions: string[]): (typeof AS_PHONES_CHOOSE)[number] {
  const style = AS_PHONES_CHOOSE.find((one) => isJsonObject(pass[one]));
  if (style) return style;
  if (!isJsonObject(pass['posterGeneric'])) {
    throw new Error(`pass.json has none of the styles ${[...APPLE_STYLES, 'posterGeneric'].join(', ')}.`);
  }
  decisions.push('posterGeneric stands alone: give the generic face beside it fields, for systems before iOS 27.');
  return 'generic';
}

/** Tags that say something of the holder of one pass; those of the event or the journey stay. */
const PERSONAL_TAGS =
  /^(?:passengerName|attendeeName|seats|balance|totalPrice|confirmationNumber|boarding(?:Group|SequenceNumber|Zone)|membershipProgram(?:Number|Status)|priorityStatus|passenger\w+|additionalTicketAttributes|wifiAccess|ticketFareClass|internationalDocuments\w+)$/;

/** Takes out of a pass what is its holder's own and no field. */
function withoutHolder(pass: JsonObject, decisions: string[]): JsonObject {
  const { userInfo, ...rest } = pass;
  if (userInfo !== undefined) decisions.push('userInfo was not taken over: it may name the holder of the pass.');
  if (isJsonObject(rest['nfc'])) {
    rest['nfc'] = { ...rest['nfc'], message: '{{pass.serialNumber}}' };
    decisions.push('apple.nfc sends the serial number now: name another field if the terminal expects one.');
  }
  const { semantics } = rest;
  if (!isJsonObject(semantics)) return rest;
  const personal = Object.keys(semantics).filter((tag) => PERSONAL_TAGS.test(tag));
  if (personal.length === 0) return rest;
  decisions.push(`The tags ${personal.join(', ')} were one holder's: add them again with placeholders.`);
  const kept = Object.entries(semantics).filter(([tag]) => !personal.includes(tag));
  return { ...rest, semantics: Object.fromEntries(kept) };
}
