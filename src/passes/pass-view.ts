import type { JsonValue } from '../common/json.js';
import type { PassTypeDesign } from './pass-type.js';
import type { View } from './render.js';

/** Values by API name, with the defaults of absent ones. */
export const withDefaults = (design: PassTypeDesign, data: Record<string, JsonValue>): Record<string, JsonValue> => ({
  ...Object.fromEntries(design.fields.flatMap((f) => (f.default === undefined ? [] : [[f.apiFieldName, f.default]]))),
  ...data,
});

/** What the placeholders of a design can name for one pass; `publicUrl` is the API's origin, without a slash at the end. */
export function viewOfPass(input: {
  design: PassTypeDesign;
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
  serialNumber: string;
  externalId: string | null;
  publicUrl: string;
}): View {
  return {
    fields: withDefaults(input.design, input.data),
    visuals: input.visuals,
    pass: {
      serialNumber: input.serialNumber,
      url: `${input.publicUrl}/p/${encodeURIComponent(input.serialNumber)}`,
      ...(input.externalId !== null && { externalId: input.externalId }),
    },
  };
}
