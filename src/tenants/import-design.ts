import { createHash } from 'node:crypto';
import { explainIssues } from '../common/explain-issue.js';
import type { JsonValue } from '../common/json.js';
import {
  appleDesign,
  APPLE_STYLES,
  passTypeDesign,
  type FieldType,
  type PassField,
  type PassTypeDesign,
} from '../passes/pass-type.js';
import { FIELD_GROUPS } from '../wallets/apple/pass-fields.js';
import { imagesOf } from './import-images.js';
import type { BundleFiles } from './read-bundle.js';
import { readJson } from './read-json.js';
import { readStrings } from './read-strings.js';

type Json = Record<string, JsonValue>;

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
const OWN_KEYS = ['passTypeIdentifier', 'organizationName', 'description', 'barcodes'];
/** A text of the back this long is the same for everybody: terms, an address. */
const STATIC_LENGTH = 60;

const isObject = (value: JsonValue | undefined): value is Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const isEmpty = (value: JsonValue): boolean =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/** Without the editor's `_id`, without what is empty. */
function tidy(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(tidy);
  if (!isObject(value)) return value;
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

function fieldName(key: string, taken: ReadonlySet<string>): string {
  const plain =
    key
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^[^A-Za-z]+/, '')
      .slice(0, 60) || 'field';
  let name = plain;
  for (let n = 2; taken.has(name); n++) name = `${plain}-${n}`;
  return name;
}

function typeOf(field: Json): FieldType {
  const { value } = field;
  if (typeof value === 'number') return 'number';
  if ('dateStyle' in field || 'timeStyle' in field) return 'datetime';
  if (typeof value === 'string' && /^https?:\/\/\S+$/.test(value)) return 'url';
  return 'text';
}

/**
 * Turns a pass or a template of Pass Designer into a pass type. The key of each field becomes a field of the pass type;
 * values of a pass are somebody's own and are not taken over. Throws where pass.json is unusable.
 */
export function importDesign(
  files: BundleFiles,
  options: { name?: string; kind: 'pass' | 'template' },
): ImportedDesign {
  const json = readJson(files.get('pass.json')!.toString('utf8')) as
    { value: JsonValue } | { message: string; cure: string };
  if (!('value' in json) || !isObject(json.value)) {
    throw new Error(`pass.json: ${'value' in json ? 'an object is expected.' : `${json.message} ${json.cure}`}`);
  }
  const pass = tidy(json.value) as Json;
  const decisions: string[] = [];
  const style = APPLE_STYLES.find((one) => isObject(pass[one]));
  if (style === undefined) throw new Error(`pass.json has none of the styles ${APPLE_STYLES.join(', ')}.`);
  const name = options.name ?? (slug(String(pass['description'] ?? '')) || 'imported');

  const fields: PassField[] = [];
  const structure = pass[style] as Json;
  const apple: Json = { style, passTypeIdentifier: pass['passTypeIdentifier'] ?? 'pass.example.imported' };
  if (typeof structure['transitType'] === 'string') apple['transitType'] = structure['transitType'];
  for (const group of FIELD_GROUPS) {
    const list = (Array.isArray(structure[group]) ? structure[group] : []).filter(isObject);
    if (list.length > 0) apple[group] = list.map((field) => importField(field, group, fields, options.kind, decisions));
  }

  const known = Object.keys(appleDesign.shape);
  const extra: Json = {};
  for (const [key, value] of Object.entries(pass)) {
    if (OF_THE_SERVER.includes(key) || OWN_KEYS.includes(key) || key === style) continue;
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

  const { images, roles, localized } = imagesOf(files, decisions);
  apple['images'] = roles;
  const localizations = localizationsOf(files, localized);
  if (Object.keys(localizations).length > 0) apple['localizations'] = localizations;

  const raw = {
    name,
    id: `ptk_0x${createHash('sha256')
      .update(`${name}\n${String(pass['passTypeIdentifier'])}`)
      .digest('hex')
      .slice(0, 12)}`,
    description: String(pass['description'] ?? name),
    organizationName: String(pass['organizationName'] ?? name),
    fields,
    apple,
  };
  const parsed = passTypeDesign.safeParse(raw);
  if (!parsed.success) {
    const what = { whole: 'the pass type', page: 'docs/tenants.md' };
    const issues = explainIssues(parsed.error, raw as JsonValue, passTypeDesign, what);
    throw new Error(
      `pass.json cannot be used:\n${issues.map(({ path, message }) => `${path}: ${message}`).join('\n')}`,
    );
  }
  return { design: parsed.data, images, decisions };
}

function importField(
  field: Json,
  group: string,
  fields: PassField[],
  kind: 'pass' | 'template',
  decisions: string[],
): Json {
  const { value, label, textAlignment, ...rest } = field;
  const kept: Json = { ...rest, ...(label !== undefined && { label }) };
  if (textAlignment !== undefined && textAlignment !== 'PKTextAlignmentNatural') kept['textAlignment'] = textAlignment;
  const text = String(value ?? '');
  if (group === 'backFields' && (text.length >= STATIC_LENGTH || text.includes('\n'))) {
    decisions.push(`${String(field['key'])} on the back keeps its text for everybody: make it a field if it differs.`);
    return { ...kept, value: text };
  }
  const apiFieldName = fieldName(String(field['key'] ?? 'field'), new Set(fields.map((one) => one.apiFieldName)));
  const type = typeOf(field);
  fields.push({
    apiFieldName,
    ...(typeof label === 'string' && label !== '' && { label: label.slice(0, 100) }),
    type,
    required: false,
  });
  // A sample value that became a default would one day stand on the card of a customer without a value.
  const sample = kind === 'template' && text !== '' ? ` (the template shows ${JSON.stringify(value)})` : '';
  decisions.push(`fields: ${apiFieldName}${sample} has no default; set one, or "required", or a "source" in Klaviyo.`);
  return { ...kept, value: `{{${apiFieldName}}}` };
}

function importBarcodes(pass: Json, decisions: string[]): JsonValue {
  const list = Array.isArray(pass['barcodes']) ? pass['barcodes'] : isObject(pass['barcode']) ? [pass['barcode']] : [];
  return list.filter(isObject).map((code, index) => {
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

function localizationsOf(files: BundleFiles, localized: ReadonlyMap<string, Record<string, string>>): Json {
  const out: Json = {};
  for (const [name, bytes] of files) {
    const language = /^([^/]+)\.lproj\/pass\.strings$/.exec(name)?.[1];
    if (language !== undefined) out[language] = { strings: readStrings(bytes) };
  }
  for (const [language, images] of localized) out[language] = { ...((out[language] ?? {}) as Json), images };
  return out;
}
