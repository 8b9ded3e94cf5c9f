import { cleanJson, decodeEntities, isBlankText, isUnrendered, pointer } from '../../common/clean-text.js';
import { tidyText } from '../../common/tidy-text.js';
import { isTakenName, normaliseIdentifier, parseIdentifiers, type Identifier } from '../../passes/identifiers.js';
import type { JsonValue } from '../../common/json.js';
import { BodyReader, own, type Body, type Parsed, type RequestOptions } from './body-reader.js';

export interface IssuePassCommand {
  /** `ptk_0x…`; null where the body names none: the account's only pass type is meant, or a problem. */
  passTemplate: string | null;
  /** Values by `apiFieldName` as they came; coerced by the pass type's fields. */
  data: Record<string, JsonValue>;
  recipient: { email: string | null; name: string | null; phone: string | null };
  externalId: string | null;
  customerId: string | null;
  /** Everything above that names the recipient, normalised; never empty. */
  identifiers: Identifier[];
  idempotencyKey: string | null;
  version: string | null;
}

const KEYS = [
  'passTemplate',
  'pass',
  'recipient',
  'externalId',
  'customerId',
  'idempotency_key',
  'idempotencyKey',
  'version',
  'updated_at',
];

/** Where no recipient is named, the pass's own e-mail and phone fields name one, as in PassNinja's requests. */
function recipientFromPass(reader: BodyReader, pass: Body, options: RequestOptions): Body {
  const out: Record<string, JsonValue> = {};
  for (const [kind, pattern] of [
    ['email', /(^|[-_])e-?mail$/i],
    ['phone', /(^|[-_])phone([-_]?number)?$/i],
  ] as const) {
    for (const [key, value] of Object.entries(pass)) {
      if (kind in out || !pattern.test(key)) continue;
      if (normaliseIdentifier(kind, value, options).ok === true) {
        out[kind] = value;
        reader.warn('/recipient', `no recipient is named: its ${kind} was taken from pass${pointer(key)}`);
      }
    }
  }
  return out;
}

/** The identifiers under these keys of an object; keys that are absent are no news. */
const readIdentifiers = (from: Body, keys: readonly string[], options: RequestOptions, base: string) =>
  parseIdentifiers(
    Object.fromEntries(keys.filter((key) => own(from, key) !== undefined).map((key) => [key, from[key]])),
    options,
    base,
  );

function readName(recipient: Body): string | null {
  const name = own(recipient, 'name');
  if (typeof name !== 'string' || isUnrendered(name)) return null;
  const text = tidyText(decodeEntities(name));
  return isBlankText(text) ? null : tidyText(text.slice(0, 255));
}

/** The body of `POST /v1/passes`. All problems at once, each with pointer and cure. */
export function parseIssuePass(body: Body, options: RequestOptions = {}): Parsed<IssuePassCommand> {
  const reader = new BodyReader(body);
  const pass = reader.object('pass');
  if (!pass && own(body, 'pass') == null) {
    reader.problem('/pass', 'pass is missing', 'write "pass": { "member-name": "{{ person.first_name }}", … }');
  }
  const named = reader.object('recipient');
  const recipient = named ?? recipientFromPass(reader, pass ?? {}, options);
  const custom = (options.custom ?? []).filter((kind) => !isTakenName(kind));
  if (named) {
    reader.unknownKeys(['email', 'name', 'phone', 'phone_number', ...custom], {
      base: '/recipient',
      from: named,
      place: (key) => (KEYS.includes(key) ? `"${key}" belongs beside "recipient", not into it` : null),
    });
  }
  const passTemplate = reader.text('passTemplate');
  const ids = readIdentifiers(body, ['externalId', 'customerId', ...custom], options, '');
  const contact = readIdentifiers(recipient, ['email', 'phone', 'phone_number', ...custom], options, '/recipient');
  // "No identifier has a value" counts only when neither place has one.
  const real = [...ids.problems, ...contact.problems].filter(({ pointer: at }) => at !== '' && at !== '/recipient');
  const identifiers = [...contact.identifiers];
  for (const { kind, value } of ids.identifiers) {
    const twin = contact.identifiers.find((one) => one.kind === kind);
    if (!twin) identifiers.push({ kind, value });
    else if (twin.value !== value) {
      reader.problem(pointer(kind), `${kind} contradicts the ${kind} of the recipient`, 'send one of them');
    }
  }
  reader.problems.push(...real);
  reader.warnings.push(...ids.warnings, ...contact.warnings);
  if (identifiers.length === 0 && real.length === 0) {
    reader.problem(
      '/recipient',
      'nobody is named who receives the pass',
      'write "recipient": { "email": "{{ person.email }}" }, and check that the profile has an e-mail address',
    );
  }
  const valueOf = (kind: string) => identifiers.find((identifier) => identifier.kind === kind)?.value ?? null;
  const idempotencyKey = reader.idempotencyKey();
  const version = reader.version();
  reader.unknownKeys([...KEYS, ...custom], { place: () => 'a field belongs into "pass"' });
  return reader.finish(() => ({
    passTemplate,
    data: cleanJson({ ...pass }) as Record<string, JsonValue>,
    recipient: { email: valueOf('email'), name: readName(recipient), phone: valueOf('phone') },
    externalId: valueOf('externalId'),
    customerId: valueOf('customerId'),
    identifiers,
    idempotencyKey,
    version,
  }));
}
