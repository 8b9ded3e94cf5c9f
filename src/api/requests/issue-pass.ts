import { z } from 'zod';
import { cleanJson, decodeEntities, isBlankText, isUnrendered, pointer } from '../../common/clean-text.js';
import { tidyText } from '../../common/tidy-text.js';
import { isTakenName, normaliseIdentifier, parseIdentifiers, type Identifier } from '../../passes/identifiers.js';
import type { JsonValue } from '../../common/json.js';
import { declareRequest, IDEMPOTENCY_KEY, VERSION } from './declare-request.js';
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

/** What `recipient` takes, beside the tenant's own identifiers. */
const RECIPIENT: readonly string[] = ['email', 'name', 'phone', 'phone_number'];
const id = z.union([z.string(), z.int()]).nullish();

/** Each field of the request, once. Who receives the pass is read from several of them together. */
export const ISSUE_PASS = declareRequest('The pass to issue', {
  passTemplate: {
    schema: z.string().nullish().describe('Id (`ptk_0x…`) or name of a template; see GET /v1/pass-templates'),
    example: 'basic',
  },
  pass: {
    schema: z.record(z.string(), z.unknown()).describe('Values by the apiFieldName of the template'),
    example: { points: 120 },
  },
  recipient: {
    schema: z
      .looseObject({ email: z.string().nullish(), name: z.string().nullish(), phone: z.string().nullish() })
      .nullish()
      .describe(
        'Who receives the pass, also by identifiers of your own (settings.customIdentifiers); without it, e-mail and phone fields of the pass name the recipient',
      ),
    example: { email: 'sarah.mason@example.com', name: 'Sarah Mason' },
  },
  externalId: { schema: id.describe('An id of your own for the pass') },
  customerId: { schema: id.describe('Your id of the customer') },
  idempotency_key: IDEMPOTENCY_KEY,
  version: VERSION,
});

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

function readName(reader: BodyReader, recipient: Body): string | null {
  const name = own(recipient, 'name');
  if (typeof name !== 'string') return null;
  if (isUnrendered(name)) {
    reader.warn(
      '/recipient/name',
      'name still holds a template tag and was left out: check the spelling of the tag, and send from a live profile',
    );
    return null;
  }
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
    reader.unknownKeys([...RECIPIENT, ...custom], {
      base: '/recipient',
      from: named,
      place: (key) => (ISSUE_PASS.keys.includes(key) ? `"${key}" belongs beside "recipient", not into it` : null),
    });
  }
  const passTemplate = reader.text('passTemplate');
  const ids = readIdentifiers(body, ['externalId', 'customerId', ...custom], options, '');
  const contact = readIdentifiers(
    recipient,
    ['email', 'phone', 'phone_number', ...custom],
    { ...options, beside: ids.identifiers },
    '/recipient',
  );
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
  reader.unknownKeys([...ISSUE_PASS.keys, ...custom], {
    place: (key) => (RECIPIENT.includes(key) ? `"${key}" belongs into "recipient"` : 'a field belongs into "pass"'),
  });
  return reader.finish(() => ({
    passTemplate,
    data: cleanJson({ ...pass }) as Record<string, JsonValue>,
    recipient: { email: valueOf('email'), name: readName(reader, recipient), phone: valueOf('phone') },
    externalId: valueOf('externalId'),
    customerId: valueOf('customerId'),
    identifiers,
    idempotencyKey,
    version,
  }));
}
