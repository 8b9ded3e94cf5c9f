import { PermanentError } from '../../common/errors.js';
import type { ConversionStep } from './conversion.js';
import type { GoogleWalletClient } from './objects-client.js';
import type { GoogleType } from './schema.js';
import { googleWrite, type GoogleResource } from './wallet-object.js';

/** Refusals of a changed class that a new object cures; anything else would meet the new object as well. */
const CLASS_REFUSED = new Set(['google-invalid-resource', 'google-refused']);

/**
 * Carries out the steps of a conversion; repeating them is harmless. `body` gives the whole object of the new type under the given
 * id, `ownedFields` are the top-level fields of any design that the object may have had. Returns the id under which the pass
 * lives at Google from now on.
 */
export async function convertGoogleObject(input: {
  client: GoogleWalletClient;
  steps: readonly ConversionStep[];
  objectId: string;
  body: (objectId: string, objectType: GoogleType) => GoogleResource;
  ownedFields?: readonly string[];
}): Promise<{ objectId: string; replaced: boolean }> {
  const { client, body, ownedFields = [] } = input;
  let { objectId } = input;
  for (const step of input.steps) {
    const kind = `${step.objectType}Object` as const;
    switch (step.do) {
      case 'patch-class':
        try {
          const write = googleWrite(
            await client.get(kind, step.objectId),
            body(step.objectId, step.objectType),
            ownedFields,
          );
          if (write.method === 'PUT') await client.put(kind, step.objectId, write.body);
          if (write.method === 'PATCH') await client.patch(kind, step.objectId, write.body);
        } catch (error) {
          if (!(error instanceof PermanentError) || !CLASS_REFUSED.has(error.code)) throw error;
          return convertGoogleObject({ ...input, steps: step.ifRefused });
        }
        break;
      case 'ensure-object':
        await client.ensure(kind, body(step.objectId, step.objectType), ownedFields);
        objectId = step.objectId;
        break;
      case 'link':
        await client.patch(kind, step.objectId, { linkedObjectIds: step.linkedObjectIds });
        break;
      case 'retire':
        await client.patch(kind, step.objectId, { state: step.state });
        break;
    }
  }
  return { objectId, replaced: objectId !== input.objectId };
}
