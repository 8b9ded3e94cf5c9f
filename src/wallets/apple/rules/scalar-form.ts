import { isUuid } from '../../../common/uuid.js';
import { isCurrency } from '../../../common/currency.js';
import { unopenable } from '../../../common/openable-address.js';
import type { JsonValue } from '../../../common/json.js';
import { isTimeZone, momentInZone, zoneName } from '../../../common/zoned-time.js';
import { appleColour } from '../apple-values.js';
import type { ScalarRule } from './rule.js';

/** A value in the form that Wallet reads, or why it reads none, with the cure. */
export type Formed = { value: JsonValue } | { refused: string; cure: string };

const refuse = (refused: string, cure: string): Formed => ({ refused, cure });
const URL_FORMS: Readonly<Record<string, Formed>> = {
  incomplete: refuse('is no full address', 'Begin it with https:// and leave out blanks.'),
  'for programs': refuse('is no address that phones open', 'Begin it with https:// and leave out blanks.'),
};
/** Not `0x10` and its like, which are numbers to a program only. */
const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const AMOUNT = /^-?\d+(?:\.\d+)?$/;

/** The number that a value says; undefined where it says none. */
function readNumber(value: JsonValue): number | undefined {
  const number = typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** An amount as a text; of a number without the dust of its binary form: 0.30000000000000004 is 0.3. */
const amountOf = (value: JsonValue): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(15))) : String(value).trim();

function range({ least, most, above }: Extract<ScalarRule, { is: 'number' | 'integer' }>): string {
  if (above !== undefined) return ` above ${above}`;
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  return least === undefined ? '' : ` of at least ${least}`;
}

/** Brings a value into the form that Wallet reads at this place. `zone` is that of days and times. */
export function formOf(
  rule: ScalarRule,
  value: JsonValue,
  place: { zone?: string | undefined; dayAs?: 'start' | 'end' } = {},
): Formed {
  if (rule.is === 'anything') return { value };
  if (value === null) return refuse('is null', 'Leave the key out where there is no value.');
  if (typeof value === 'object') return refuse('is a list or an object', 'Write one value.');
  const said = String(value).trim();
  switch (rule.is) {
    case 'word':
      return typeof value === 'boolean' ? refuse('is no text', 'Write a text ("…").') : { value };
    case 'text':
      return { value: String(value) };
    case 'boolean':
      return said === 'true' || said === 'false'
        ? { value: said === 'true' }
        : refuse('is neither true nor false', 'Write true or false.');
    case 'number':
    case 'integer': {
      const number = readNumber(value);
      const { least = -Infinity, most = Infinity, above = -Infinity } = rule;
      const fits = number !== undefined && number >= least && number <= most && number > above;
      if (fits && (rule.is === 'number' || Number.isSafeInteger(number))) return { value: number };
      const wanted = `a ${rule.is === 'integer' ? 'whole ' : ''}number${range(rule)}`;
      return refuse(`is not ${wanted}`, `Write ${wanted}.`);
    }
    case 'date': {
      const moment = momentInZone(said, place.zone ?? 'UTC', place.dayAs);
      return moment === undefined
        ? refuse('is no date that Wallet can read', 'Write 2026-12-31 or 2026-12-31T18:30.')
        : { value: moment };
    }
    case 'colour': {
      const colour = appleColour(said);
      return colour === undefined
        ? refuse('is no colour that Wallet can read', 'Write #rrggbb or rgb(r, g, b).')
        : { value: colour };
    }
    case 'url':
      return URL_FORMS[unopenable(said) ?? 'whole'] ?? { value: said };
    case 'uuid':
      return isUuid(said) ? { value: said } : refuse('is no UUID', 'Write 8-4-4-4-12 hexadecimal digits.');
    case 'digest':
      return /^[0-9a-f]{64}$/i.test(said)
        ? { value: said }
        : refuse('is no SHA-256', 'Write its 64 hexadecimal digits.');
    case 'zone':
      return isTimeZone(said)
        ? { value: zoneName(said) }
        : refuse('is no time zone', 'Write an IANA name such as Europe/Berlin.');
    case 'currency':
      return /^[A-Z]{3}$/.test(said) && isCurrency(said)
        ? { value: said }
        : refuse('is no currency of ISO 4217', 'Write its three capitals, such as EUR.');
    case 'amount':
      return AMOUNT.test(amountOf(value))
        ? { value: amountOf(value) }
        : refuse('is no amount', 'Write digits with a point, such as "12.50".');
    case 'enum':
      return rule.names.includes(said) || rule.soft
        ? { value: said }
        : refuse('is not a name that Wallet knows here', `Use one of ${rule.names.join(', ')}.`);
  }
}

/** The JSON type that a literal of a rule has; a placeholder may bring a text that is turned into it. */
export function literalType(rule: ScalarRule): 'string' | 'number' | 'boolean' | undefined {
  if (rule.is === 'anything' || rule.is === 'word') return undefined;
  if (rule.is === 'boolean') return 'boolean';
  return rule.is === 'number' || rule.is === 'integer' ? 'number' : 'string';
}
