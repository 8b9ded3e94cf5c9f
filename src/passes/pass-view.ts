import type { JsonValue } from '../common/json.js';
import { isTimeZone } from '../common/zoned-time.js';
import { nearbyPlaces } from './nearby.js';
import type { PassTypeDesign } from './pass-type.js';
import { renderText, type Times, type View } from './render.js';
import type { TenantSettings } from './tenant-settings.js';

/** What of a tenant's settings a pass shows. */
export type PassLocale = Pick<TenantSettings, 'timeZone' | 'language'>;

/** Values by API name, with the defaults of absent ones. */
export const withDefaults = (design: PassTypeDesign, data: Record<string, JsonValue>): Record<string, JsonValue> => ({
  ...Object.fromEntries(design.fields.flatMap((f) => (f.default === undefined ? [] : [[f.apiFieldName, f.default]]))),
  ...data,
});

/**
 * How days and times of a pass are read: a field's own zone, else that of the pass type (`{{time-zone}}` makes it the
 * customer's), else the tenant's. A zone that a value names and nobody knows counts as none.
 */
export function timesOfPass(
  design: Pick<PassTypeDesign, 'fields' | 'timeZone'>,
  fields: Readonly<Record<string, JsonValue>>,
  locale: PassLocale,
): Times {
  const known = (template: string | undefined): string | undefined => {
    if (template === undefined) return undefined;
    const zone = renderText(template, { fields, visuals: {}, pass: {} }).trim();
    return isTimeZone(zone) ? zone : undefined;
  };
  const zones = design.fields.flatMap(({ apiFieldName, timeZone }): [string, string][] => {
    const zone = known(timeZone);
    return zone === undefined ? [] : [[apiFieldName, zone]];
  });
  return {
    zone: known(design.timeZone) ?? locale.timeZone ?? undefined,
    zones: Object.fromEntries(zones),
    types: Object.fromEntries(design.fields.map(({ apiFieldName, type }) => [apiFieldName, type])),
    language: locale.language,
  };
}

/** What the placeholders of a design can name for one pass; `publicUrl` is the API's origin, without a slash at the end. */
export function viewOfPass(input: {
  design: PassTypeDesign;
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
  serialNumber: string;
  externalId: string | null;
  publicUrl: string;
  locale: PassLocale;
}): View {
  const fields = withDefaults(input.design, input.data);
  const { nearby } = input.design;
  return {
    fields,
    visuals: input.visuals,
    pass: {
      serialNumber: input.serialNumber,
      url: `${input.publicUrl}/p/${encodeURIComponent(input.serialNumber)}`,
      ...(input.externalId !== null && { externalId: input.externalId }),
    },
    times: timesOfPass(input.design, fields, input.locale),
    ...(nearby && { places: () => nearbyPlaces(nearby, fields) }),
  };
}

/** What a view needs of a pass as it is stored. */
export interface StoredPass {
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
  serial_number: string;
  external_id: string | null;
}

/** The same for a stored pass. */
export const viewOfStored = (
  pass: StoredPass,
  by: { design: PassTypeDesign; publicUrl: string; locale: PassLocale },
): View =>
  viewOfPass({
    ...by,
    data: pass.data,
    visuals: pass.visuals,
    serialNumber: pass.serial_number,
    externalId: pass.external_id,
  });
