import { BARCODE_FORMATS } from './shown-face.js';

/** One field of a pass as pass.json has it. */
export interface PassField {
  readonly key: string;
  readonly value: string | number;
  readonly label?: string;
  readonly changeMessage?: string;
  readonly [key: string]: unknown;
}

/** What a phone needs to know of pass.json; everything else stays in `json`. */
export interface PassContent {
  readonly passTypeIdentifier: string;
  readonly serialNumber: string;
  readonly teamIdentifier: string;
  readonly organizationName: string;
  readonly description: string;
  readonly style: string;
  readonly webServiceURL: string | undefined;
  readonly authenticationToken: string | undefined;
  readonly voided: boolean;
  readonly fields: readonly PassField[];
  readonly json: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;
type Report = (problem: string) => void;

export const STYLES = ['boardingPass', 'coupon', 'eventTicket', 'generic', 'storeCard'];
const GROUPS = 'headerFields primaryFields secondaryFields auxiliaryFields backFields additionalInfoFields'.split(' ');
const TRANSIT = ['Air', 'Boat', 'Bus', 'Generic', 'Train'].map((name) => `PKTransitType${name}`);
const COLOUR = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;
const BOOLEANS = ['voided', 'sharingProhibited', 'suppressStripShine', 'suppressesHeaderDarkening'];
const COLOURS = ['backgroundColor', 'foregroundColor', 'labelColor', 'stripColor', 'footerBackgroundColor'];
const MIN_TOKEN_CHARACTERS = 16;
const MAX_LOCATIONS = 10;
const RELEVANT = ['date', 'startDate', 'endDate'];

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isDate = (value: unknown): boolean =>
  typeof value === 'string' && DATE.test(value) && !Number.isNaN(Date.parse(value));

/** Judges pass.json; `report` hears every problem. Undefined when it is too broken to name the pass. `developerMode` allows http to this machine. */
export function judgePassJson(
  bytes: Buffer,
  options: { readonly developerMode: boolean },
  report: Report,
): PassContent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return void report('pass.json is not JSON in UTF-8');
  }
  if (!isObject(json)) return void report('pass.json is not an object');

  if (json.formatVersion !== 1) report('formatVersion must be the number 1');
  const text = (key: string): string => {
    if (!isText(json[key])) report(`${key} must be a non-empty string`);
    return String(json[key]);
  };
  const styles = STYLES.filter((style) => json[style] !== undefined);
  if (styles.length !== 1) report(`there must be exactly one of ${STYLES.join(', ')}, found ${styles.length}`);
  const style = styles[0] ?? 'generic';
  const fields = styles.flatMap((one) => judgeFields(one, json[one], report));
  judgeUniqueKeys(fields, report);
  judgeService(json, options.developerMode, report);
  judgeLooks(json, report);
  judgeBarcodes(json, report);
  judgeRelevance(json, report);
  return {
    passTypeIdentifier: text('passTypeIdentifier'),
    serialNumber: text('serialNumber'),
    teamIdentifier: text('teamIdentifier'),
    organizationName: text('organizationName'),
    description: text('description'),
    style,
    webServiceURL: isText(json.webServiceURL) ? json.webServiceURL : undefined,
    authenticationToken: isText(json.authenticationToken) ? json.authenticationToken : undefined,
    voided: json.voided === true,
    fields,
    json,
  };
}

function judgeFields(style: string, groups: unknown, report: Report): PassField[] {
  if (!isObject(groups)) return (report(`${style} must be an object`), []);
  if (style === 'boardingPass' && !TRANSIT.includes(groups.transitType as string))
    report(`boardingPass.transitType must be one of ${TRANSIT.join(', ')}`);
  return GROUPS.flatMap((group) => {
    const fields = groups[group] ?? [];
    if (!Array.isArray(fields)) return (report(`${style}.${group} must be an array`), []);
    return fields.filter((field, index): field is PassField =>
      judgeField(`${style}.${group}[${index}]`, field, report),
    );
  });
}

function judgeField(path: string, field: unknown, report: Report): field is PassField {
  if (!isObject(field) || !isText(field.key)) return (report(`${path} must have a key`), false);
  const { value } = field;
  if (typeof value !== 'string' && !(typeof value === 'number' && Number.isFinite(value)))
    return (report(`${path} (${field.key}) must have a value that is a string or a number`), false);
  for (const key of [
    'label',
    'changeMessage',
    'dateStyle',
    'timeStyle',
    'numberStyle',
    'currencyCode',
    'textAlignment',
  ])
    if (field[key] !== undefined && typeof field[key] !== 'string') report(`${path}.${key} must be a string`);
  if ((field.dateStyle !== undefined || field.timeStyle !== undefined) && !isDate(value))
    report(`${path} (${field.key}) has a date style, so its value must be an ISO 8601 date with a zone`);
  if ((field.currencyCode !== undefined || field.numberStyle !== undefined) && typeof value !== 'number')
    report(`${path} (${field.key}) has a number style, so its value must be a number`);
  return true;
}

function judgeUniqueKeys(fields: readonly PassField[], report: Report): void {
  const seen = new Set<string>();
  for (const { key } of fields) {
    if (seen.has(key)) report(`field key ${key} is used twice`);
    seen.add(key);
  }
}

function judgeService(json: Json, developerMode: boolean, report: Report): void {
  const { webServiceURL: url, authenticationToken: token } = json;
  if ((url === undefined) !== (token === undefined)) report('webServiceURL and authenticationToken must come together');
  if (token !== undefined && (typeof token !== 'string' || token.length < MIN_TOKEN_CHARACTERS))
    report(`authenticationToken must be a string of at least ${MIN_TOKEN_CHARACTERS} characters`);
  if (url === undefined) return;
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  const local = parsed !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname);
  if (parsed === undefined) report('webServiceURL must be a URL');
  else if (parsed.protocol !== 'https:' && !(developerMode && local && parsed.protocol === 'http:'))
    report('webServiceURL must be https (http only to this machine, in developer mode)');
}

function judgeLooks(json: Json, report: Report): void {
  for (const key of COLOURS) {
    const colour = json[key];
    if (colour === undefined) continue;
    const parts = typeof colour === 'string' ? COLOUR.exec(colour)?.slice(1) : undefined;
    if (parts === undefined || parts.some((part) => Number(part) > 255)) report(`${key} must read rgb(r, g, b)`);
  }
  for (const key of BOOLEANS)
    if (json[key] !== undefined && typeof json[key] !== 'boolean') report(`${key} must be true or false`);
  if (json.logoText !== undefined && typeof json.logoText !== 'string') report('logoText must be a string');
}

function judgeBarcodes(json: Json, report: Report): void {
  const many = json.barcodes;
  if (many !== undefined && !Array.isArray(many)) return report('barcodes must be an array');
  const all = [...((many as unknown[] | undefined) ?? []), ...(json.barcode === undefined ? [] : [json.barcode])];
  for (const barcode of all) {
    if (!isObject(barcode)) {
      report('each barcode must be an object');
      continue;
    }
    const { format, message, messageEncoding } = barcode;
    if (!BARCODE_FORMATS.includes(format as string))
      report(`barcode format must be one of ${BARCODE_FORMATS.join(', ')}`);
    if (!isText(message)) report('barcode message must be a non-empty string');
    if (!isText(messageEncoding)) report('barcode messageEncoding must be a string');
    else if (
      /^(iso-8859-1|latin1)$/i.test(messageEncoding) &&
      [...String(message)].some((character) => (character.codePointAt(0) as number) > 0xff)
    )
      report('barcode message cannot be expressed in its messageEncoding iso-8859-1');
  }
}

function judgeRelevance(json: Json, report: Report): void {
  for (const key of ['expirationDate', 'relevantDate'])
    if (json[key] !== undefined && !isDate(json[key])) report(`${key} must be an ISO 8601 date with a zone`);
  const dates = json.relevantDates ?? [];
  if (!Array.isArray(dates)) report('relevantDates must be an array');
  else
    for (const entry of dates)
      if (
        !isObject(entry) ||
        !RELEVANT.some((key) => key in entry) ||
        !RELEVANT.every((key) => entry[key] === undefined || isDate(entry[key]))
      )
        report('each of relevantDates must hold ISO 8601 dates with a zone');
  const { locations = [] } = json;
  if (!Array.isArray(locations)) return report('locations must be an array');
  if (locations.length > MAX_LOCATIONS) report(`at most ${MAX_LOCATIONS} locations`);
  for (const place of locations)
    if (!isObject(place) || typeof place.latitude !== 'number' || typeof place.longitude !== 'number')
      report('each location must have a numeric latitude and longitude');
}
