import {
  cleanText,
  decodeAmpersand,
  decodeEntities,
  isBlank,
  isUnrendered,
  pointer,
  withoutInvisible,
} from '../common/clean-text.js';
import type { FaultKind } from '../common/fault-kind.js';
import { MOST_HINTS, nearest } from '../common/nearest-name.js';
import { EXAMPLE_CONTACTS } from '../common/mask-personal.js';
import { readPhone } from './phone-number.js';

export const IDENTIFIER_KINDS = ['email', 'phone', 'customerId', 'serialNumber', 'externalId', 'passTemplate'] as const;

/** Identifiers that narrow a search but never name one customer. */
const NARROWING: ReadonlySet<string> = new Set(['passTemplate']);

/** What a profile may hold wrongly while it names its customer by something else. */
const CONTACTS: ReadonlySet<string> = new Set(['email', 'phone']);

/** Klaviyo's own names for the same things. */
const ALIASES: Readonly<Record<string, string>> = {
  phone_number: 'phone',
  phoneNumber: 'phone',
  customer_id: 'customerId',
  serial_number: 'serialNumber',
  external_id: 'externalId',
};

/** What bodies of requests call other things: no identifier of a tenant's own may be named so. */
const TAKEN_NAMES: ReadonlySet<string> = new Set([
  ...IDENTIFIER_KINDS,
  ...Object.keys(ALIASES),
  ...['id', 'profile_id', 'klaviyo_id', 'klaviyoProfileId', 'name', 'first_name', 'last_name', 'organization', 'title'],
  ...['locale', 'image', 'location', 'created', 'updated', 'properties', 'consent', 'subscriptions', 'origin', 'data'],
  ...['pass', 'recipient', 'version', 'updated_at', 'idempotency_key', 'idempotencyKey'],
]);
export const isTakenName = (kind: string): boolean => TAKEN_NAMES.has(kind);

/** Where a key belongs that names a person and lies beside `identifiers`. */
export const placeOfIdentifier = (key: string, custom: readonly string[] = []): string | null =>
  [...IDENTIFIER_KINDS, ...Object.keys(ALIASES), ...custom].includes(key)
    ? 'an identifier belongs into "identifiers"'
    : null;

export interface IdentifierOptions {
  /** ISO 3166 country that phone numbers without a country code belong to. */
  defaultCountry?: string | undefined;
  /** Custom identifiers of the tenant. */
  custom?: readonly string[];
  /** What the same request names the customer by in another place. */
  beside?: readonly Identifier[];
}
export interface Identifier {
  kind: string;
  value: string;
}
export interface FieldProblem {
  /** JSON pointer into the request body. */
  pointer: string;
  message: string;
  cure: string;
  kind?: FaultKind;
}
export interface FieldWarning {
  pointer: string;
  message: string;
}
export type NormalisedIdentifier =
  { ok: true; value: string } | { ok: 'absent' } | { ok: false; message: string; cure: string };

const MAX_LENGTH = 255;
const EMAIL = /^[^\s@"(),:;<>[\\\]]+@[^\s@"(),:;<>[\\\]]+\.[^\s@"(),.:;<>[\\\]]+$/;
const refuse = (message: string, cure: string): NormalisedIdentifier => ({ ok: false, message, cure });

function normaliseEmail(text: string): NormalisedIdentifier {
  const value = text.normalize('NFC').toLowerCase().normalize('NFC');
  if (value.length > 254 || !EMAIL.test(value)) {
    return refuse('is not an e-mail address', `send one plain address such as ${EXAMPLE_CONTACTS.email}`);
  }
  return { ok: true, value };
}

/**
 * One identifier in the form in which it is stored and looked up; applying it twice changes nothing more.
 * Blanks and what templates leave for nothing (`None`, `null`, `nan`, ...) are absent, never a value that could match.
 */
export function normaliseIdentifier(kind: string, raw: unknown, options: IdentifierOptions = {}): NormalisedIdentifier {
  if (raw === null || raw === undefined) return { ok: 'absent' };
  if (typeof raw === 'number') {
    if (!Number.isSafeInteger(raw))
      return refuse('is a number that JSON cannot carry exactly', 'put it between quotes');
  } else if (typeof raw !== 'string') {
    return refuse(
      `is ${Array.isArray(raw) ? 'a list' : `of the JSON type ${typeof raw}`}`,
      'send one text between quotes',
    );
  }
  const given = withoutInvisible(cleanText(String(raw))).trim();
  if (isBlank(given)) return { ok: 'absent' };
  if (isUnrendered(given)) {
    return refuse('still holds a template tag', 'check the spelling of the tag, and send from a live profile');
  }
  // Entities may stand for invisible characters, too.
  const text = withoutInvisible(kind === 'email' ? decodeEntities(given) : decodeAmpersand(given)).trim();
  if (isBlank(text)) return { ok: 'absent' };
  if (kind === 'email') return normaliseEmail(text);
  if (kind === 'phone') {
    const phone = readPhone(text, options.defaultCountry);
    return phone === null
      ? refuse(
          'is not a phone number that can be dialled from abroad',
          options.defaultCountry
            ? `send it with its country code, such as ${EXAMPLE_CONTACTS.phone}`
            : `send it as ${EXAMPLE_CONTACTS.phone}, or set the default country of the tenant`,
        )
      : { ok: true, value: phone };
  }
  const value = text.normalize('NFC');
  return value.length > MAX_LENGTH
    ? refuse(`is longer than ${MAX_LENGTH} characters`, 'check which property the tag inserts')
    : { ok: true, value };
}

/**
 * Reads an object of identifiers. Every problem is collected; an e-mail address or phone number that cannot be read is
 * only a warning where there is another identifier beside it. `base` is the pointer of the object in the body.
 */
export function parseIdentifiers(
  object: Readonly<Record<string, unknown>>,
  options: IdentifierOptions = {},
  base = '/identifiers',
): { identifiers: Identifier[]; problems: FieldProblem[]; warnings: FieldWarning[] } {
  const known = [...IDENTIFIER_KINDS, ...(options.custom ?? [])];
  const found = new Map<string, string>();
  const problems: FieldProblem[] = [];
  const warnings: FieldWarning[] = [];
  const unreadable: FieldProblem[] = [];
  let unknown = 0;
  for (const [key, raw] of Object.entries(object)) {
    const kind = known.includes(key) ? key : Object.hasOwn(ALIASES, key) ? ALIASES[key]! : null;
    const at = base + pointer(key);
    if (kind === null) {
      if (++unknown > MOST_HINTS) continue;
      const near = nearest(key, known);
      warnings.push({
        pointer: at,
        message: `"${key.slice(0, 100)}" is not an identifier here and was ignored${near ? `; did you mean "${near}"?` : ''}`,
      });
      continue;
    }
    const result = normaliseIdentifier(kind, raw, options);
    if (result.ok === 'absent') continue;
    if (result.ok === false) {
      const problem = { pointer: at, message: `${key} ${result.message}`, cure: result.cure };
      // Old profiles hold what nobody ever wrote to; a tag that was not rendered is a fault of the template.
      const isData = CONTACTS.has(kind) && typeof raw === 'string' && !isUnrendered(raw);
      (isData ? unreadable : problems).push(problem);
    } else if (found.has(kind) && found.get(kind) !== result.value) {
      problems.push({ pointer: at, message: `${key} contradicts another ${kind}`, cure: 'send one of them' });
    } else found.set(kind, result.value);
  }
  if (unknown > MOST_HINTS) {
    const message = `${unknown - MOST_HINTS} more names are no identifiers here and were ignored`;
    warnings.push({ pointer: base, message });
  }
  const identifiers = [...found].map(([kind, value]) => ({ kind, value }));
  const usable = [...identifiers, ...(options.beside ?? [])].some(({ kind }) => !NARROWING.has(kind));
  if (usable)
    warnings.push(
      ...unreadable.map(({ pointer: at, message, cure }) => ({
        pointer: at,
        message: `${message} and was ignored: ${cure}`,
      })),
    );
  else problems.push(...unreadable);
  if (!usable && problems.length === 0) {
    problems.push({
      pointer: base,
      message: 'no identifier has a value',
      cure: `send at least one of ${known.filter((kind) => !NARROWING.has(kind)).join(', ')}; check that the profile has it`,
    });
  }
  return { identifiers, problems, warnings };
}
