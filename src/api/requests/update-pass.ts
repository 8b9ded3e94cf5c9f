import { z } from 'zod';
import { cleanJson } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { BodyReader, own, type Body, type Parsed } from './body-reader.js';
import { declareRequest, IDEMPOTENCY_KEY, VERSION } from './declare-request.js';

export interface UpdatePassCommand {
  /** Name or id of the pass type that the pass is converted to. */
  passTemplate: string | null;
  /** Fields and custom data to set, as they came. */
  data: Record<string, JsonValue>;
  updateMetadata: boolean;
  idempotencyKey: string | null;
  version: string | null;
}

/** A change of the type alone needs no `pass`. */
function readTemplate(reader: BodyReader): string | null {
  const template = reader.text('passTemplate');
  if (template === null && own(reader.body, 'pass') == null) {
    reader.problem('/pass', 'pass is missing', 'write "pass": { "points": "{{ person|lookup:\'points\' }}", … }');
  }
  return template;
}

/** Each field of the request, once: a new one is added here, and used below. */
export const UPDATE_PASS = declareRequest('The change to one pass', {
  pass: {
    schema: z
      .record(z.string(), z.unknown())
      .nullish()
      .describe('Fields and custom data to set; null clears a field, a blank text changes nothing'),
    example: { points: 1200 },
    read: (reader: BodyReader) => reader.object('pass'),
  },
  passTemplate: {
    schema: z.string().nullish().describe('Name or id of the template that the pass is converted to'),
    read: readTemplate,
  },
  updateMetadata: {
    schema: z
      .boolean()
      .nullish()
      .describe('Move the pass to the newest version of its design and recompute all visuals; default false'),
    read: (reader: BodyReader) => reader.boolean('updateMetadata'),
  },
  idempotency_key: IDEMPOTENCY_KEY,
  version: VERSION,
});

/** The body of `PATCH` and `POST /v1/passes/{serialNumber}`. All problems at once, each with pointer and cure. */
export function parseUpdatePass(body: Body): Parsed<UpdatePassCommand> {
  const reader = new BodyReader(body);
  const { pass, idempotency_key: idempotencyKey, ...rest } = UPDATE_PASS.read(reader, {});
  reader.unknownKeys(UPDATE_PASS.keys, { place: () => 'a field belongs into "pass"' });
  return reader.finish(() => ({ ...rest, data: cleanJson({ ...pass }) as Record<string, JsonValue>, idempotencyKey }));
}
