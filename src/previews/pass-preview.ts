import { convertData } from '../passes/conversion.js';
import { coerceFields } from '../passes/field-values.js';
import type { JsonValue } from '../common/json.js';
import { writtenLanguage } from '../common/language-tag.js';
import { coveredFields, overlay, type ActiveOffer } from '../passes/offer.js';
import type { PassTypeDesign } from '../passes/pass-type.js';
import { timesOfPass, viewOfPass, withDefaults, type PassLocale } from '../passes/pass-view.js';
import type { PassState } from '../passes/pass.js';
import { renderText, type View } from '../passes/render.js';
import { sameJson } from '../common/same-json.js';
import { computeVisuals, followVisuals } from '../passes/visuals.js';
import { changedAppleFields, effectiveChangeMessages, fieldsInDesignOrder } from '../wallets/apple/pass-fields.js';
import { renderField } from '../wallets/apple/pass-fields.js';
import { chooseMessageType, NOTIFICATIONS_PER_DAY } from '../wallets/google/message-budget.js';

export interface PreviewInput {
  pass: {
    serialNumber: string;
    externalId: string | null;
    state: PassState;
    data: Record<string, JsonValue>;
    visuals: Record<string, string>;
    offers: readonly ActiveOffer[];
  };
  /** The design of the type that an active offer shows; null: the pass shows its own. */
  offerDesign: PassTypeDesign | null;
  /** The version that the pass has now. */
  design: PassTypeDesign;
  /** What the update would leave it with: the target of a conversion or, on a recompute, the newest version. */
  nextDesign: PassTypeDesign;
  converts: boolean;
  /** `updateMetadata` of the request; a conversion always recomputes. */
  recomputes: boolean;
  set: Record<string, JsonValue>;
  publicUrl: string;
  /** Numbers of the lock-screen text are written in its language. A phone uses its own. */
  locale: PassLocale;
  appleDevices: number;
  google: GoogleSide | null;
  nowMs: number;
}

/** The object at Google, where the pass is there; times of its last notifications, names not yet brought there. */
export interface GoogleSide {
  notifiedAtMs: number[];
  waitingFields: string[];
}

export interface Change {
  name: string;
  from: JsonValue;
  to: JsonValue;
}

export interface LockScreen {
  kind: 'message' | 'generic' | 'silent';
  text: string | null;
  /** The key of the field that keeps its changeMessage, and of those that lose theirs in this revision. */
  keeps: string | null;
  silenced: string[];
}

export interface Preview {
  problems: string[];
  warnings: string[];
  fields: Change[];
  visuals: Change[];
  apple: LockScreen | null;
  google: { notifies: boolean; why: string };
}

function differences(
  before: Readonly<Record<string, JsonValue>>,
  after: Readonly<Record<string, JsonValue>>,
): Change[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => ({ name, from: before[name] ?? null, to: after[name] ?? null }))
    .filter(({ from, to }) => !sameJson(from, to));
}

const names = (changes: readonly Change[]): string[] => changes.map(({ name }) => name);

/** What a push-update with these values would do to a pass and to the screens of its holder. Pure: nothing is written or sent. */
export function previewUpdate(input: PreviewInput): Preview {
  const { pass, design, nextDesign, set } = input;
  const coerced = coerceFields(nextDesign.fields, set, { mode: 'update', allowCustom: true });
  const unconverted = { data: pass.data, problems: coerced.problems };
  const converted = input.converts ? convertData(nextDesign, pass.data, set) : unconverted;
  const data: Record<string, JsonValue> = { ...converted.data };
  for (const [name, value] of Object.entries(coerced.values)) {
    if (value === null) delete data[name];
    else data[name] = value;
  }
  const recomputes = input.recomputes || input.converts;
  const fields = differences(pass.data, data);
  const values = withDefaults(nextDesign, data);
  const times = timesOfPass(nextDesign, values, input.locale);
  const visuals = recomputes
    ? computeVisuals(nextDesign, values, times)
    : followVisuals(nextDesign, pass.visuals, values, names(fields), times).visuals;
  const { serialNumber, externalId } = pass;
  const { publicUrl, locale } = input;
  /** As phones show it: under its offers. */
  const view = (of: PassTypeDesign, beneath: Record<string, JsonValue>, look: Record<string, string>): View => {
    const shown = under(pass.offers, beneath);
    const shownValues = withDefaults(of, shown);
    const seen = shown === beneath ? look : computeVisuals(of, shownValues, timesOfPass(of, shownValues, locale));
    return viewOfPass({ design: of, data: shown, visuals: seen, serialNumber, externalId, publicUrl, locale });
  };
  const [shownNow, shownNext] = [input.offerDesign ?? design, input.offerDesign ?? nextDesign];
  const before = view(shownNow, pass.data, pass.visuals);
  const after = view(shownNext, data, visuals);
  const hidden = coveredFields(pass.offers);
  const isSeen = ({ name }: Change): boolean => !hidden.has(name);
  const later = fields
    .filter((change) => !isSeen(change))
    .map(({ name }) => `/${name}: it lies under an offer, and shows when that has ended`);
  return {
    problems: converted.problems.map((p) => `${p.pointer}: ${p.message}; ${p.cure}`),
    warnings: [...coerced.warnings.map((warning) => `${warning.pointer}: ${warning.message}`), ...later],
    fields,
    visuals: differences(pass.visuals, visuals),
    apple: lockScreen({ ...input, design: shownNow, nextDesign: shownNext }, before, after),
    google: googleNotification(input, fields.filter(isSeen)),
  };
}

/** Values under the offers of a pass. */
function under(offers: readonly ActiveOffer[], data: Record<string, JsonValue>): Record<string, JsonValue> {
  const bare = { pass_type_id: '', pass_type_version: 0, visuals: {} };
  return overlay({ ...bare, data, offers }).data;
}

/**
 * As the signed pass carries its messages and iOS reads them: a message counts where the field was there before and its
 * value changed; none is silent, one is shown with `%@` filled, several or one without `%@` give the generic line.
 */
function lockScreen({ design, nextDesign, locale }: PreviewInput, before: View, after: View): LockScreen | null {
  const { apple } = nextDesign;
  if (!apple) return null;
  const changed = changedAppleFields(apple, view(before, nextDesign), after);
  const all = fieldsInDesignOrder(apple);
  const spoken = effectiveChangeMessages(all, changed);
  const silenced = all
    .filter(({ key, changeMessage }) => changeMessage && changed.includes(key) && !spoken.has(key))
    .map(({ key }) => key);

  const shownBefore = new Map(
    (design.apple ? fieldsInDesignOrder(design.apple) : []).map((field) => [
      field.key,
      renderField(field, before, false)?.['value'],
    ]),
  );
  const speaking = all.flatMap((field) => {
    const shown = renderField(field, after, spoken.has(field.key));
    const earlier = shownBefore.get(field.key);
    return shown?.['changeMessage'] && earlier !== undefined && earlier !== shown['value'] ? [shown] : [];
  });
  const [field] = speaking;
  if (!field) return { kind: 'silent', text: null, keeps: null, silenced };
  const message = String(field['changeMessage']);
  const keeps = String(field['key']);
  if (speaking.length > 1 || !message.includes('%@')) {
    return { kind: 'generic', text: `${renderText(nextDesign.description, after)} changed`, keeps, silenced };
  }
  const value = written(field, locale.language);
  return { kind: 'message', text: message.replaceAll('%@', () => value), keeps, silenced };
}

/** The earlier values under the design that the pass gets: what the product compares when it signs. */
const view = (before: View, design: PassTypeDesign): View => ({
  ...before,
  fields: withDefaults(design, { ...before.fields }),
});

function written(field: Readonly<Record<string, JsonValue>>, wanted: string): string {
  const language = writtenLanguage(wanted);
  const { value, currencyCode, numberStyle } = field;
  if (typeof value !== 'number') return String(value);
  if (typeof currencyCode === 'string') {
    return new Intl.NumberFormat(language, { style: 'currency', currency: currencyCode }).format(value);
  }
  const style = numberStyle === 'PKNumberStylePercent' ? 'percent' : 'decimal';
  return new Intl.NumberFormat(language, { style }).format(value);
}

function googleNotification(input: PreviewInput, fields: readonly Change[]): Preview['google'] {
  const { google: side, nextDesign, pass, nowMs } = input;
  const quiet = (why: string) => ({ notifies: false, why });
  if (!nextDesign.google) return quiet(`pass type ${nextDesign.name} has no design for Google Wallet`);
  if (!side) return quiet('the pass is not in Google Wallet');
  const { type, notifyOn } = nextDesign.google;
  const before = input.design.google;
  if (before && (before.type !== type || before.classSuffix !== nextDesign.google.classSuffix)) {
    return quiet('the object moves to another class, which never notifies');
  }
  if (pass.state !== 'active') return quiet(`the pass is ${pass.state}`);
  const changed = new Set([...side.waitingFields, ...fields.map(({ name }) => name)]);
  const announced = notifyOn.filter((name) => changed.has(name));
  if (announced.length === 0) {
    return quiet(`none of the changed fields is in notifyOn (${notifyOn.join(', ') || 'which is empty'})`);
  }
  const recent = side.notifiedAtMs.filter((at) => at > nowMs - 24 * 60 * 60_000).length;
  if (chooseMessageType(side.notifiedAtMs, nowMs) === 'TEXT') {
    return quiet(`the holder was notified ${recent} times in 24 hours, Google allows ${NOTIFICATIONS_PER_DAY}`);
  }
  const how = type === 'generic' ? 'by a message' : 'with the changed field (notifyPreference)';
  return {
    notifies: true,
    why: `${announced.join(', ')} changed: ${how}; ${recent} of ${NOTIFICATIONS_PER_DAY} in 24 hours so far`,
  };
}

const shown = (value: JsonValue): string => (value === null ? '–' : JSON.stringify(value));
const rows = (changes: readonly Change[]): string[] =>
  changes.map(({ name, from, to }) => `  ${name}: ${shown(from)} → ${shown(to)}`);

/** The preview as the terminal shows it. */
export function previewText(preview: Preview, input: PreviewInput): string {
  const { fields, visuals, apple, google, problems, warnings } = preview;
  if (problems.length > 0) return ['The update would be refused:', ...problems.map((text) => `  ${text}`)].join('\n');
  const type = input.converts ? [`Pass type: ${input.design.name} → ${input.nextDesign.name}`] : [];
  const changes = fields.length + visuals.length > 0 || input.converts;
  const notes = warnings.map((text) => `Note: ${text}`);
  if (!changes) return [...notes, 'Nothing changes: no revision, and no notification.'].join('\n');
  const lock =
    apple === null
      ? 'the pass type has no design for Apple Wallet'
      : apple.kind === 'silent'
        ? 'no text: no changed field has a changeMessage that was on the pass before'
        : `${apple.kind === 'generic' ? 'generic ' : ''}"${apple.text}"`;
  const silenced = apple?.silenced.length
    ? [
        `  Two or more changed fields with a changeMessage would give a generic text: ${apple.keeps ?? 'the first'} keeps its own, ` +
          `${apple.silenced.join(', ')} stay${apple.silenced.length === 1 ? 's' : ''} silent this time.`,
      ]
    : [];
  return [
    ...notes,
    ...type,
    'Fields:',
    ...(fields.length > 0 ? rows(fields) : ['  unchanged']),
    'Visuals:',
    ...(visuals.length > 0 ? rows(visuals) : ['  unchanged']),
    `iOS lock screen (${input.appleDevices} device${input.appleDevices === 1 ? '' : 's'} registered): ${lock}`,
    ...silenced,
    `Google Wallet: ${google.notifies ? 'notifies' : 'does not notify'}; ${google.why}`,
    'Nothing was written or sent.',
  ].join('\n');
}
