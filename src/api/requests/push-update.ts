import { cleanJson, isBlank } from '../../common/clean-text.js';
import { parseIdentifiers, type Identifier } from '../../passes/identifiers.js';
import type { JsonValue } from '../../common/json.js';
import { BodyReader, own, type Body, type Parsed, type RequestOptions } from './body-reader.js';

export interface PushUpdateCommand {
  identifiers: Identifier[];
  passType: string | null;
  /** Fields and custom data to set, as they came; coerced by the pass type's fields when it is known. */
  data: Record<string, JsonValue>;
  updateMetadata: boolean;
  idempotencyKey: string | null;
  version: string | null;
}

const KEYS = [
  'identifiers',
  'passType',
  'additionalData',
  'updateMetadata',
  'idempotency_key',
  'idempotencyKey',
  'version',
  'updated_at',
];

const isAbsent = (value: JsonValue | undefined): boolean =>
  value == null || (typeof value === 'string' && isBlank(value));

/** The body of `passes/pushUpdate`. All problems at once, each with pointer and cure. */
export function parsePushUpdate(body: Body, options: RequestOptions = {}): Parsed<PushUpdateCommand> {
  const reader = new BodyReader(body);
  const given = reader.object('identifiers');
  let identifiers: Identifier[] = [];
  if (given) identifiers = reader.take(parseIdentifiers(given, options));
  else if (isAbsent(own(body, 'identifiers'))) {
    reader.problem('/identifiers', 'identifiers is missing', 'write "identifiers": { "email": "{{ person.email }}" }');
  }
  const data = reader.object('additionalData');
  const passType = reader.text('passType');
  const updateMetadata = reader.boolean('updateMetadata');
  const idempotencyKey = reader.idempotencyKey();
  const version = reader.version();
  reader.unknownKeys(KEYS, { place: () => 'a field belongs into "additionalData"' });
  return reader.finish(() => ({
    identifiers,
    passType,
    data: cleanJson({ ...data }) as Record<string, JsonValue>,
    updateMetadata,
    idempotencyKey,
    version,
  }));
}
