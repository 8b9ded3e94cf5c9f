import { z } from 'zod';
import { cleanJson, pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { OfferTerms } from '../../passes/operation-input.js';
import { BodyReader, type Body, type Parsed, type RequestOptions } from './body-reader.js';
import { readDuration } from './read-duration.js';
import { LONGEST_DAYS, readMoment, type Clock } from './read-moment.js';
import { declareRequest, IDEMPOTENCY_KEY, type ReadFields } from './declare-request.js';

const HIGHEST_PRIORITY = 1_000;
const MOST_USES = 1_000_000;

function readWhole(reader: BodyReader, key: string, from: number, to: number): number | null {
  const text = reader.text(key);
  if (text === null) return null;
  const value = /^-?\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (value >= from && value <= to) return value;
  reader.problem(pointer(key), `${key} is no whole number from ${from} to ${to}`, `write "${key}": 1`, 'form');
  return null;
}

/** When an offer is there, and how it lies among others. */
export const OFFER_TIMES = {
  until: {
    schema: z
      .string()
      .nullish()
      .describe(
        'When the change ends by itself (an offer): ISO 8601, without a zone in that of the tenant, or a length such as "14 days"',
      ),
    bound: { without: 'the offer would never end', give: 'a time, a day or a length such as "14 days"' },
    read: (reader: BodyReader) => reader.text('until'),
  },
  from: {
    schema: z.string().nullish().describe('With `until`: not shown before this time; default: at once'),
    bound: { without: 'the offer would begin at once', give: 'a time or a day' },
    read: (reader: BodyReader) => reader.text('from'),
  },
  priority: {
    schema: z
      .int()
      .nullish()
      .describe('With `until`: higher ones lie on top, equal ones in the order of acceptance; default 0'),
    read: (reader: BodyReader) => readWhole(reader, 'priority', -HIGHEST_PRIORITY, HIGHEST_PRIORITY),
  },
  uses: {
    schema: z
      .int()
      .positive()
      .nullish()
      .describe('With `until`: how often the offer can be redeemed; default: no limit'),
    bound: { without: 'the offer could be redeemed without limit', give: 'a whole number' },
    read: (reader: BodyReader) => readWhole(reader, 'uses', 1, MOST_USES),
  },
  notifyAtEnd: {
    schema: z.boolean().nullish().describe('With `until`: whether phones speak at the end, too; default false'),
    read: (reader: BodyReader) => reader.boolean('notifyAtEnd'),
  },
};

/** The terms of an offer; null where no `until` asks for one. Every problem with its pointer. */
export function readTerms(
  reader: BodyReader,
  read: ReadFields<typeof OFFER_TIMES>,
  shown: Pick<OfferTerms, 'passType' | 'fields'> & { at: string },
  clock: Clock,
): OfferTerms | null {
  if (read.until === null) {
    const stray = (['from', 'priority', 'uses'] as const).find((key) => read[key] !== null);
    const named = stray ?? (read.notifyAtEnd ? 'notifyAtEnd' : undefined);
    const isRefused = reader.problems.some(({ pointer: at }) => at === '/until');
    if (named !== undefined && !isRefused) {
      reader.problem('/until', `${named} belongs to an offer, and until is missing`, 'say when the offer ends');
    }
    return null;
  }
  const forSeconds = readDuration(read.until) ?? null;
  const until = forSeconds === null ? readMoment(reader, 'until', read.until, { ...clock, dayAs: 'end' }) : null;
  const from = readMoment(reader, 'from', read.from, { ...clock, dayAs: 'start' });
  if (forSeconds !== null && (forSeconds === 0 || forSeconds > LONGEST_DAYS * 86_400)) {
    reader.problem(
      '/until',
      `"${read.until}" is no length of time up to ${LONGEST_DAYS} days`,
      'write one such as "14 days"',
      'form',
    );
  }
  if (until !== null && new Date(until) <= clock.now) {
    reader.problem('/until', 'until has passed', 'send a time to come', 'passed');
  } else if (until !== null && from !== null && new Date(until) <= new Date(from)) {
    reader.problem('/until', 'until is not after from', 'let the offer end after it begins', 'order');
  }
  if (shown.passType === null && Object.keys(shown.fields).length === 0) {
    reader.problem(shown.at, 'the offer shows nothing', 'name a passType, or the fields that it covers', 'missing');
  }
  return {
    passType: shown.passType,
    fields: shown.fields,
    from,
    until,
    forSeconds,
    priority: read.priority ?? 0,
    uses: read.uses,
    notifyAtEnd: read.notifyAtEnd,
  };
}

/** An offer on one pass that the address names. */
export const OFFER = declareRequest('A time-boxed offer: it lies over the pass and ends by itself', {
  fields: {
    schema: z
      .record(z.string(), z.unknown())
      .nullish()
      .describe('Values that the pass shows meanwhile; null hides one'),
    example: { tier: 'gold' },
    read: (reader: BodyReader) => cleanJson({ ...reader.object('fields') }) as Record<string, JsonValue>,
  },
  passType: {
    schema: z.string().nullish().describe('Name or id of the pass type that the pass shows meanwhile'),
    read: (reader: BodyReader) => reader.text('passType'),
  },
  ...OFFER_TIMES,
  until: { ...OFFER_TIMES.until, example: '14 days' },
  idempotency_key: IDEMPOTENCY_KEY,
});

export interface OfferCommand {
  terms: OfferTerms;
  idempotencyKey: string | null;
}

/** The body of `POST /v1/passes/{serialNumber}/offers`. */
export const offerParser =
  (clock: Clock) =>
  (body: Body, options: RequestOptions = {}): Parsed<OfferCommand> => {
    const reader = new BodyReader(body);
    const read = OFFER.read(reader, options);
    reader.unknownKeys(OFFER.keys, { place: () => 'a field belongs into "fields"' });
    if (read.until === null && !reader.problems.some(({ pointer: at }) => at === '/until')) {
      reader.problem('/until', 'until is missing', 'say when the offer ends', 'missing');
    }
    const terms = readTerms(reader, read, { passType: read.passType, fields: read.fields, at: '/fields' }, clock);
    return reader.finish(() => ({ terms: terms!, idempotencyKey: read.idempotency_key }));
  };
