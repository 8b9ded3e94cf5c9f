import { pointer } from '../../common/clean-text.js';
import { PermanentError } from '../../common/errors.js';
import type { PassState } from '../../passes/pass.js';
import type { JsonValue } from '../../common/json.js';
import type { ShownMessage } from '../../passes/message.js';
import type { AppleDesign, AppleField, PassTypeDesign } from '../../passes/pass-type.js';
import { MOST_PLACES } from '../../passes/nearby.js';
import { lookup, placeholders, renderShownText, renderText, type View } from '../../passes/render.js';
import { symbologyOf, unfitMessage } from '../../passes/symbology.js';
import { barcodeEncoding, inKeyOrder } from './apple-values.js';
import { messageFields } from './message-fields.js';
import { effectiveChangeMessages, FIELD_GROUPS, fieldsInDesignOrder, renderField } from './pass-fields.js';
import { BEACON, DESIGN_KEYS, EXTRA_KEYS, LOCATION, OPEN_OBJECTS, RELEVANT_DATE } from './rules/pass-keys.js';
import { renderRule, type LeaveOut } from './rules/render-rule.js';
import { anything, list } from './rules/rule.js';
import { NFC_MOST_BYTES } from './check-nfc.js';
import { unfitPeriod } from './check-relevance.js';
import { putWords, wordsForKeys } from './words-for-keys.js';

export { effectiveChangeMessages } from './pass-fields.js';
export { checkAppleDesign } from './check-design.js';

type Json = Record<string, JsonValue>;

export interface PassJsonInput {
  /** What localisation keys read for languages without strings; default: the language of the pass. */
  ownLanguage?: string;
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
  /** Messages to the pass, newest last. */
  messages?: readonly ShownMessage[];
  /** This revision brings the newest message: nothing else speaks. */
  messageSpeaks?: boolean;
  /** Hears of every part that was left out because a phone would refuse the pass, or lose the part, for it. */
  leaveOut?: LeaveOut;
}

/** Formats that the single `barcode` of iOS 8 and older knows. */
const LEGACY_FORMATS = ['PKBarcodeFormatQR', 'PKBarcodeFormatPDF417', 'PKBarcodeFormatAztec'];

/** Whether a text says anything of this pass: one whose placeholders are all without a value is only its frame. */
const hasValue = (template: string, view: View): boolean => {
  const names = placeholders(template);
  return names.length === 0 || names.some((name) => (lookup(name, view) ?? '') !== '');
};

/** The codes that the values allow; one that a phone could not draw is left out, and the next of the list shows. */
function barcodes(apple: AppleDesign, view: View, leaveOut: LeaveOut): Json {
  const codes = apple.barcodes.flatMap((barcode, index) => {
    const message = hasValue(barcode.message, view) ? renderText(barcode.message, view) : '';
    const unfit = unfitMessage(symbologyOf(barcode.format), message);
    if (unfit) {
      const at = pointer('apple', 'barcodes', index);
      leaveOut({ pointer: at, message: `the barcode was left out: its message ${unfit.refused}` });
      return [];
    }
    const altText = barcode.altText === undefined ? '' : renderShownText(barcode.altText, view);
    const messageEncoding = barcodeEncoding(message, barcode.messageEncoding);
    return [{ format: barcode.format, message, messageEncoding, ...(altText === '' ? {} : { altText }) }];
  });
  const [first] = codes;
  if (!first) return {};
  return { barcodes: codes, ...(LEGACY_FORMATS.includes(first.format) ? { barcode: first } : {}) };
}

/** A key that a design may write under `apple` itself or under `extra`, and where it is. */
function designed(apple: AppleDesign, key: string): { template: JsonValue | undefined; path: string } {
  const own = (apple as unknown as Record<string, JsonValue | undefined>)[key];
  if (own !== undefined) return { template: own, path: pointer('apple', key) };
  return { template: apple.extra[key], path: pointer('apple', 'extra', key) };
}

const PLACES = { locations: list(LOCATION, 10), beacons: list(BEACON, 10), relevantDates: list(RELEVANT_DATE) };

/** Where and when the pass offers itself on the lock screen; entries without their essential value are left out. */
function relevance(apple: AppleDesign, view: View, leaveOut: LeaveOut): Json {
  const out: Json = {};
  for (const [key, rule] of Object.entries(PLACES)) {
    const { template, path } = designed(apple, key);
    const entries = template && renderRule(rule, template, view, { path, leaveOut });
    const whole = (Array.isArray(entries) ? (entries as Json[]) : []).filter((entry) => {
      if (key !== 'relevantDates') return true;
      const unfit = unfitPeriod(entry);
      if (unfit) leaveOut({ pointer: path, message: `${JSON.stringify(entry)} was left out: ${unfit}` });
      return !unfit && ('date' in entry || ('startDate' in entry && 'endDate' in entry));
    });
    if (whole.length > 0) out[key] = whole;
  }
  const places = (view.places?.() ?? []).map(({ latitude, longitude, relevantText }): Json => ({
    latitude,
    longitude,
    ...(relevantText !== undefined && { relevantText: renderShownText(relevantText, view) }),
  }));
  const all = [...((out['locations'] ?? []) as Json[]), ...places].slice(0, MOST_PLACES);
  if (all.length > 0) out['locations'] = all;
  return out;
}

/** Keys with one value each, in the form of their rule. */
function single(apple: AppleDesign, view: View, leaveOut: LeaveOut): Json {
  const out: Json = {};
  for (const [key, rule] of Object.entries(DESIGN_KEYS)) {
    const { template, path } = designed(apple, key);
    if (key in PLACES || template === undefined) continue;
    const dayAs = key === 'expirationDate' ? 'end' : 'start';
    const value = renderRule(rule, template, view, { path, leaveOut, dayAs });
    if (value !== undefined && value !== '') out[key] = value;
  }
  const message = apple.nfc && hasValue(apple.nfc.message, view) ? renderText(apple.nfc.message, view) : '';
  if (apple.nfc && message === '') {
    leaveOut({ pointer: '/apple/nfc/message', message: 'nfc was left out: its message has no value' });
  } else if (Buffer.byteLength(message) > NFC_MOST_BYTES) {
    const cut = `the message is longer than ${NFC_MOST_BYTES} bytes: terminals get its beginning only`;
    leaveOut({ pointer: '/apple/nfc/message', message: cut });
  }
  if (apple.nfc && message !== '') out['nfc'] = inKeyOrder({ ...(apple.nfc as Json), message });
  return out;
}

/** How a pass's state shows: a deleted pass that is still on a phone is void, an expired one ended at its last change. */
function ending(input: PassJsonInput, designed: JsonValue | undefined): Json {
  const ended = `${input.modifiedAt.toISOString().slice(0, 19)}Z`;
  const isOver = typeof designed === 'string' && Date.parse(designed) < Date.parse(ended);
  return {
    ...(input.state === 'expired' && !isOver ? { expirationDate: ended } : {}),
    ...(input.state === 'voided' || input.state === 'deleted' ? { voided: true } : {}),
  };
}

/** `apple.extra`: what is known of a key brings its value into form, the rest goes through as it is. */
function extra(apple: AppleDesign, view: View, leaveOut: LeaveOut): Json {
  const out: Json = {};
  for (const [key, template] of Object.entries(apple.extra)) {
    if (Object.hasOwn(DESIGN_KEYS, key)) continue;
    const rule = Object.hasOwn(EXTRA_KEYS, key) ? EXTRA_KEYS[key]! : anything;
    const path = pointer('apple', 'extra', key);
    const value = renderRule(OPEN_OBJECTS.has(key) ? anything : rule, template, view, { path, leaveOut });
    if (value !== undefined) out[key] = value;
  }
  return out;
}

/** Phones refuse a pass without these: one whose fields are all empty says what the other one says, or the style's name. */
function names(design: PassTypeDesign, view: View, leaveOut: LeaveOut): Json {
  const shown = {
    organizationName: renderShownText(design.organizationName, view).trim(),
    description: renderShownText(design.description, view).trim(),
  };
  const out: Json = {};
  for (const [key, text] of Object.entries(shown)) {
    out[key] = text || shown.organizationName || shown.description || design.name;
    if (text !== '') continue;
    const message = `the ${key} has no value, which phones need: "${String(out[key])}" is used instead`;
    leaveOut({ pointer: pointer(key), message });
  }
  return out;
}

type Groups = Partial<Record<string, AppleField[]>>;

/** One style's groups of fields, under their path in the design. */
function structureOf(
  groups: Groups,
  path: string,
  context: { view: View; spoken: ReadonlySet<string>; leaveOut: LeaveOut },
): Json {
  const { view, spoken, leaveOut } = context;
  const out: Json = {};
  for (const group of [...FIELD_GROUPS, 'footerFields']) {
    const fields = (groups[group] ?? []).flatMap((field, index) => {
      const at = path + pointer(group, index);
      return renderField(field, view, spoken.has(field.key), { path: at, leaveOut }) ?? [];
    });
    if (fields.length > 0) out[group] = fields;
  }
  return out;
}

/** A structure with the messages on its back. */
function withMessages(structure: Json, messages: Json[], place: 'first' | 'last'): Json {
  if (messages.length === 0) return structure;
  const designed = (structure['backFields'] as Json[] | undefined) ?? [];
  return { ...structure, backFields: place === 'first' ? [...messages, ...designed] : [...designed, ...messages] };
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
  const leaveOut = input.leaveOut ?? (() => undefined);
  const fields = fieldsInDesignOrder(apple);
  const changed = input.changedFields ?? [];
  const spoken = input.messageSpeaks ? new Set<string>() : effectiveChangeMessages(fields, changed);
  const isOthersTurn = fields.some(({ key, changeMessage }) => changeMessage && changed.includes(key));
  // A phone may skip the revision that brought the message: it speaks in each one after, where no changed field does.
  const speaks = input.messageSpeaks === true || (!isOthersTurn && input.messages?.at(-1)?.quiet !== true);
  const language = view.times?.language ?? 'en';
  const place = apple.messages?.place ?? 'first';
  const messages = messageFields(input.messages ?? [], { apple, speaks, language });
  const context = { view, spoken, leaveOut };
  const structure: Json = {
    ...(apple.transitType ? { transitType: apple.transitType } : {}),
    ...withMessages(structureOf(apple as unknown as Groups, '/apple', context), messages, place),
  };
  const keys = single(apple, view, leaveOut);
  const passJson = inKeyOrder({
    ...extra(apple, view, leaveOut),
    ...keys,
    ...barcodes(apple, view, leaveOut),
    ...relevance(apple, view, leaveOut),
    ...ending(input, keys['expirationDate']),
    formatVersion: 1,
    passTypeIdentifier: apple.passTypeIdentifier,
    teamIdentifier: input.teamIdentifier,
    serialNumber: input.serialNumber,
    authenticationToken: input.authenticationToken,
    webServiceURL: input.webServiceUrl,
    ...names(design, view, leaveOut),
    [apple.style]: structure,
    ...(apple.posterGeneric && {
      posterGeneric: withMessages(structureOf(apple.posterGeneric, '/apple/posterGeneric', context), messages, place),
    }),
  });
  return putWords(passJson, wordsForKeys(apple.localizations, input.ownLanguage ?? language));
}
