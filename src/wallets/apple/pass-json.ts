import { PermanentError } from '../../common/errors.js';
import type { PassState } from '../../passes/pass.js';
import type { JsonValue } from '../../common/json.js';
import type { AppleDesign, PassTypeDesign } from '../../passes/pass-type.js';
import { renderText, renderValue, zoneOf, type View } from '../../passes/render.js';
import { appleColour, appleDate, barcodeEncoding, inKeyOrder } from './apple-values.js';
import { effectiveChangeMessages, FIELD_GROUPS, fieldsInDesignOrder, renderField } from './pass-fields.js';

export { effectiveChangeMessages } from './pass-fields.js';
export { checkAppleDesign } from './check-design.js';

type Json = Record<string, JsonValue>;

export interface PassJsonInput {
  design: PassTypeDesign;
  teamIdentifier: string;
  serialNumber: string;
  /** At least 16 characters; never changes during a pass's life. */
  authenticationToken: string;
  /** Base of the PassKit web service, without the `/v1` that devices append. */
  webServiceUrl: string;
  view: View;
  state: PassState;
  /** The revision's own time; an expired pass ends then, so that the same revision gives the same bytes. */
  modifiedAt: Date;
  /** Keys of the Apple fields whose value changed in this revision (`changedAppleFields`). */
  changedFields?: string[];
}

/** Formats that the single `barcode` of iOS 8 and older knows. */
const LEGACY_FORMATS = ['PKBarcodeFormatQR', 'PKBarcodeFormatPDF417', 'PKBarcodeFormatAztec'];

function barcodes(apple: AppleDesign, view: View): Json {
  const list = apple.barcodes.flatMap((barcode) => {
    const message = renderText(barcode.message, view);
    if (message === '') return [];
    const altText = barcode.altText === undefined ? '' : renderText(barcode.altText, view);
    const messageEncoding = barcodeEncoding(message, barcode.messageEncoding);
    return [{ format: barcode.format, message, messageEncoding, ...(altText === '' ? {} : { altText }) }];
  });
  const [first] = list;
  if (!first) return {};
  return { barcodes: list, ...(LEGACY_FORMATS.includes(first.format) ? { barcode: first } : {}) };
}

const objects = (template: Json[] | undefined, view: View): Json[] =>
  (renderValue(template ?? [], view) ?? []) as Json[];

const designedDate = (template: string, view: View, dayAs: 'start' | 'end' = 'start'): string | undefined =>
  appleDate(renderText(template, view), dayAs, zoneOf(template, view));

/** Where and when the pass offers itself on the lock screen; entries without their essential value are left out. */
function relevance(apple: AppleDesign, view: View): Json {
  const locations = objects(apple.locations, view).flatMap((place) => {
    const [latitude, longitude] = [Number(place['latitude']), Number(place['longitude'])];
    const known = place['latitude'] !== undefined && place['longitude'] !== undefined;
    return known && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 ? [{ ...place, latitude, longitude }] : [];
  });
  const beacons = objects(apple.beacons, view).filter((beacon) => typeof beacon['proximityUUID'] === 'string');
  const relevantDates = objects(apple.relevantDates, view).flatMap((entry, index) => {
    const out: Json = { ...entry };
    for (const key of ['date', 'startDate', 'endDate']) {
      const zone = zoneOf(apple.relevantDates?.[index]?.[key], view);
      const date = appleDate(entry[key], key === 'endDate' ? 'end' : 'start', zone);
      if (date === undefined) delete out[key];
      else out[key] = date;
    }
    return 'date' in out || 'startDate' in out ? [out] : [];
  });
  const relevantDate = apple.relevantDate && designedDate(apple.relevantDate, view);
  return {
    ...(locations.length > 0 ? { locations } : {}),
    ...(beacons.length > 0 ? { beacons } : {}),
    ...(relevantDates.length > 0 ? { relevantDates } : {}),
    ...(relevantDate ? { relevantDate } : {}),
  };
}

/** How a pass's state shows: a deleted pass that is still on a phone is void, an expired one ended at its last change. */
function ending(input: PassJsonInput, apple: AppleDesign): Json {
  const ended = `${input.modifiedAt.toISOString().slice(0, 19)}Z`;
  const designed = apple.expirationDate && designedDate(apple.expirationDate, input.view, 'end');
  const expirationDate =
    input.state === 'expired' && !(designed && Date.parse(designed) < Date.parse(ended)) ? ended : designed;
  return {
    ...(expirationDate ? { expirationDate } : {}),
    ...(input.state === 'voided' || input.state === 'deleted' ? { voided: true } : {}),
  };
}

function appearance(apple: AppleDesign, view: View): Json {
  const out: Json = {};
  for (const key of ['backgroundColor', 'foregroundColor', 'labelColor'] as const) {
    const colour = apple[key] === undefined ? undefined : appleColour(renderText(apple[key], view));
    if (colour !== undefined) out[key] = colour;
  }
  for (const key of ['logoText', 'appLaunchURL', 'groupingIdentifier'] as const) {
    const text = apple[key] === undefined ? '' : renderText(apple[key], view);
    if (text !== '') out[key] = text;
  }
  for (const key of ['maxDistance', 'associatedStoreIdentifiers', 'sharingProhibited', 'suppressStripShine'] as const) {
    if (apple[key] !== undefined) out[key] = apple[key];
  }
  const message = apple.nfc ? renderText(apple.nfc.message, view) : '';
  if (apple.nfc && message !== '') out['nfc'] = inKeyOrder({ ...(apple.nfc as Json), message });
  return out;
}

/**
 * pass.json of one revision (Apple, "Pass" in the Wallet Passes documentation). Pure and in a fixed key order: the same
 * input gives the same bytes, since devices take different bytes for a change. What has no value is left out.
 */
export function applePassJson(input: PassJsonInput): Record<string, JsonValue> {
  const { design, view } = input;
  const apple = design.apple;
  if (!apple) {
    throw new PermanentError(
      'no-apple-design',
      `Pass type ${design.name} has no design for Apple Wallet: add "apple".`,
    );
  }
  const spoken = effectiveChangeMessages(fieldsInDesignOrder(apple), input.changedFields ?? []);
  const structure: Json = apple.transitType ? { transitType: apple.transitType } : {};
  for (const group of FIELD_GROUPS) {
    const fields = (apple[group] ?? []).flatMap((field) => renderField(field, view, spoken.has(field.key)) ?? []);
    if (fields.length > 0) structure[group] = fields;
  }
  return inKeyOrder({
    ...((renderValue(apple.extra, view) ?? {}) as Json),
    ...appearance(apple, view),
    ...barcodes(apple, view),
    ...relevance(apple, view),
    ...ending(input, apple),
    formatVersion: 1,
    passTypeIdentifier: apple.passTypeIdentifier,
    teamIdentifier: input.teamIdentifier,
    serialNumber: input.serialNumber,
    authenticationToken: input.authenticationToken,
    webServiceURL: input.webServiceUrl,
    organizationName: renderText(design.organizationName, view),
    description: renderText(design.description, view),
    [apple.style]: structure,
  });
}
