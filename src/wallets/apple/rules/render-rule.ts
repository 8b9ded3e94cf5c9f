import type { JsonValue } from '../../../common/json.js';
import { pointer } from '../../../common/clean-text.js';
import { isTimeZone } from '../../../common/zoned-time.js';
import { renderShownText, renderValue, zoneOf, type View } from '../../../passes/render.js';
import type { Rule } from './rule.js';
import { formOf } from './scalar-form.js';

/** A part of a pass that was left out because phones would refuse the pass, or lose the part, for it. */
export interface LeftOut {
  /** JSON pointer into the pass type. */
  pointer: string;
  message: string;
}
export type LeaveOut = (part: LeftOut) => void;

const excerpt = (value: JsonValue): string => {
  const text = JSON.stringify(value);
  return text.length > 42 ? `${text.slice(0, 41)}…"` : text;
};

/** Keys whose day lasts until its end. */
const ENDS = /^endDate$|EndDate$|CloseDate$/;

const OFFSET = /(?:Z|[+-]\d{2}:?\d{2})$/i;

/** Tags that name the zone of others: a time without an offset beside them is one of that place's clock. */
const ZONES_BESIDE: readonly [dates: RegExp, zones: readonly string[]][] = [
  [/^date$/, ['timeZone']],
  [/^(?:event|venue)\w+Date$/, ['eventTimeZone']],
  [/^(?:original|current)(?:Boarding|Departure)Date$/, ['departureLocationTimeZone', 'departureAirportTimeZone']],
  [/^(?:original|current)ArrivalDate$/, ['destinationLocationTimeZone', 'destinationAirportTimeZone']],
];

function zoneBeside(key: string, owner: Readonly<Record<string, JsonValue>>, view: View): string | undefined {
  const [, names = []] = ZONES_BESIDE.find(([dates]) => dates.test(key)) ?? [];
  const zones = names.flatMap((name) => (Object.hasOwn(owner, name) ? [renderValue(owner[name]!, view)] : []));
  return zones.find((zone): zone is string => typeof zone === 'string' && isTimeZone(zone));
}

/** Shops write `eur` as well; a design does not. */
const inCapitals = (rule: Rule, value: JsonValue): JsonValue =>
  rule.is === 'currency' && typeof value === 'string' ? value.toUpperCase() : value;

/**
 * Fills a part of a design and brings it into the form that Wallet reads. What has no value is left out; so is what a
 * value would break, and `leaveOut` is told.
 */
export function renderRule(
  rule: Rule,
  template: JsonValue,
  view: View,
  at: { path: string; leaveOut: LeaveOut; filled?: boolean; dayAs?: 'start' | 'end'; zone?: string | undefined },
): JsonValue | undefined {
  const { path, leaveOut, filled = false } = at;
  const isText = typeof template === 'string';
  const value = isText && !filled ? renderValue(template, view) : template;
  if (value === undefined || value === null) return undefined;
  const drop = (why: string): undefined =>
    leaveOut({ pointer: path, message: `${excerpt(value)} ${why}; it was left out` }) as undefined;
  const inside = { leaveOut, filled: filled || isText };
  if (rule.is === 'object') {
    if (typeof value !== 'object' || Array.isArray(value)) return drop('is no object');
    const out: Record<string, JsonValue> = {};
    for (const [key, inner] of Object.entries(value)) {
      const of = Object.hasOwn(rule.keys, key) ? rule.keys[key]! : ({ is: 'anything' } as const);
      const dayAs = ENDS.test(key) ? 'end' : 'start';
      const place = { ...inside, path: path + pointer(key), dayAs, zone: zoneBeside(key, value, view) } as const;
      const rendered = renderRule(of, inner, view, place);
      if (rendered !== undefined) out[key] = rendered;
    }
    const missing = (rule.required ?? []).filter((key) => !Object.hasOwn(out, key));
    if (missing.length === 0) return out;
    // Where a field is empty its part is not there; that is how optional parts are written.
    if (missing.some((key) => Object.hasOwn(value, key))) return undefined;
    return rule.harmless ? out : drop(`has no ${missing.join(', ')}`);
  }
  if (rule.is === 'list') {
    if (!Array.isArray(value)) return drop('is no list');
    const items = value.flatMap((item, index) => {
      const rendered = renderRule(rule.of, item, view, { ...inside, path: path + pointer(index) });
      return rendered === undefined ? [] : [rendered];
    });
    if (rule.most !== undefined && items.length > rule.most) {
      leaveOut({ pointer: path, message: `Wallet takes ${rule.most} entries: those after them were left out` });
    }
    return items.slice(0, rule.most);
  }
  if (rule.is === 'anything') {
    return isText && !filled && typeof value !== 'string'
      ? value
      : filled
        ? value
        : (renderValue(template, view) ?? undefined);
  }
  const ofPlace = typeof value === 'string' && OFFSET.test(value) ? undefined : at.zone;
  const zone = zoneOf(filled ? undefined : template, view, ofPlace);
  const said = rule.is === 'text' && isText && !filled ? renderShownText(template, view) : inCapitals(rule, value);
  if (said === '' && rule.is !== 'text') return undefined;
  const formed = formOf(rule, said, { zone, ...(at.dayAs && { dayAs: at.dayAs }) });
  return 'value' in formed ? formed.value : drop(formed.refused);
}
