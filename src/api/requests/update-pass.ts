import { cleanJson } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { BodyReader, own, type Body, type Parsed } from './body-reader.js';

export interface UpdatePassCommand {
  /** Name or id of the pass type that the pass is converted to. */
  passTemplate: string | null;
  /** Fields and custom data to set, as they came. */
  data: Record<string, JsonValue>;
  updateMetadata: boolean;
  idempotencyKey: string | null;
  version: string | null;
}

const KEYS = ['pass', 'passTemplate', 'updateMetadata', 'idempotency_key', 'idempotencyKey', 'version', 'updated_at'];

/** The body of `PATCH` and `POST /v1/passes/{serialNumber}`. All problems at once, each with pointer and cure. */
export function parseUpdatePass(body: Body): Parsed<UpdatePassCommand> {
  const reader = new BodyReader(body);
  const data = reader.object('pass');
  const passTemplate = reader.text('passTemplate');
  if (data === null && own(body, 'pass') == null && passTemplate === null) {
    reader.problem('/pass', 'pass is missing', 'write "pass": { "points": "{{ person|lookup:\'points\' }}", … }');
  }
  const updateMetadata = reader.boolean('updateMetadata');
  const idempotencyKey = reader.idempotencyKey();
  const version = reader.version();
  reader.unknownKeys(KEYS, { place: () => 'a field belongs into "pass"' });
  return reader.finish(() => ({
    passTemplate,
    data: cleanJson({ ...data }) as Record<string, JsonValue>,
    updateMetadata,
    idempotencyKey,
    version,
  }));
}
