import { z } from 'zod';
import { placeOfIdentifier, type Identifier } from '../../passes/identifiers.js';
import { MESSAGE_CLASSES, MOST_TEXT, MOST_TITLE, type Localized, type MessageClass } from '../../passes/message.js';
import { charactersOf, LOCK_SCREEN_CHARACTERS } from '../../passes/lock-screen-cut.js';
import type { SendMessageInput } from '../../passes/operation-input.js';
import { BodyReader, own, type Body, type Parsed, type RequestOptions } from './body-reader.js';
import { declareRequest, IDEMPOTENCY_KEY } from './declare-request.js';
import { readLink, readLocalized } from './message-text.js';
import { PUSH_UPDATE } from './push-update.js';
import { readDuration } from './read-duration.js';
import { LONGEST_DAYS, readMoment, type Clock } from './read-moment.js';

export interface SendMessageCommand extends SendMessageInput {
  idempotencyKey: string | null;
}

const localizedSchema = (what: string) =>
  z
    .union([z.string(), z.record(z.string(), z.string())])
    .describe(`${what}: a text, or texts by language ("en", "de")`);

function readClass(reader: BodyReader): MessageClass {
  const text = reader.text('class')?.toLowerCase();
  if (text === undefined) return 'marketing';
  const known = MESSAGE_CLASSES.find((name) => name === text);
  if (!known)
    reader.problem('/class', `"${text}" is no class of messages`, `send ${MESSAGE_CLASSES.join(' or ')}`, 'form');
  return known ?? 'marketing';
}

const STAYS = 'the message would never end';
const QUIET_HOURS = { without: 'nothing would say whether quiet hours count', give: '"respect" or "ignore"' };

/** `respect` or `ignore`; also inside notBefore, where senders expect it. */
function readQuiet(reader: BodyReader): boolean | null {
  const before = own(reader.body, 'notBefore');
  const inside = before !== null && typeof before === 'object' && !Array.isArray(before) ? before : undefined;
  if (inside) reader.refuseBlank('quietHours', QUIET_HOURS, { base: '/notBefore', from: inside });
  const word = reader.text('quietHours', inside && '/notBefore', inside)?.toLowerCase();
  if (word === undefined) return null;
  if (word === 'respect' || word === 'ignore') return word === 'respect';
  reader.problem(
    inside ? '/notBefore/quietHours' : '/quietHours',
    `"${word}" is unknown`,
    'send "respect" or "ignore"',
    'form',
  );
  return null;
}

/** The text of notBefore; `{ "quietHours": … }` in its place is read elsewhere. */
const notBeforeText = (reader: BodyReader): string | null => {
  const value = own(reader.body, 'notBefore');
  if (value === undefined || value === null || typeof value !== 'object') return reader.text('notBefore');
  if (Array.isArray(value) || own(value as Body, 'quietHours') == null) {
    reader.problem(
      '/notBefore',
      'notBefore is no time, and says nothing of quiet hours',
      'write a time, or { "quietHours": "respect" }',
    );
  }
  return null;
};

/** Each field of the request, once. */
export const SEND_MESSAGE = declareRequest('A message to one pass', {
  identifiers: PUSH_UPDATE.fields.identifiers,
  message: {
    schema: localizedSchema('What the lock screen says, and the back of the card keeps'),
    example: 'Your table is ready. See you in ten minutes!',
    read: (reader: BodyReader) => readLocalized(reader, 'message', MOST_TEXT),
  },
  title: {
    schema: localizedSchema('Above the message; default: the label of the design').nullish(),
    example: 'Tonight',
    read: (reader: BodyReader) => readLocalized(reader, 'title', MOST_TITLE),
  },
  link: {
    schema: z.string().nullish().describe('An https address that the message leads to'),
    example: 'https://shop.example/tonight',
    read: readLink,
  },
  class: {
    schema: z
      .enum(MESSAGE_CLASSES)
      .nullish()
      .describe('`service` passes the cap, never the consent; default marketing'),
    example: 'service',
    read: readClass,
  },
  validUntil: {
    schema: z
      .string()
      .nullish()
      .describe('When the message ends by itself: ISO 8601; without a zone in that of the tenant'),
    bound: { without: STAYS, give: 'a time or a day' },
    read: (reader: BodyReader) => reader.text('validUntil'),
  },
  validFor: {
    schema: z
      .string()
      .nullish()
      .describe('Instead: how long it stays once it is sent, such as "3 days", "48 h" or "P3D"'),
    example: '3 days',
    bound: { without: STAYS, give: 'a length such as "3 days"' },
    read: (reader: BodyReader) => reader.text('validFor'),
  },
  notBefore: {
    schema: z
      .union([z.string(), z.looseObject({ quietHours: z.enum(['respect', 'ignore']) })])
      .nullish()
      .describe('Not sent before this time'),
    bound: { without: 'the message would be sent at once', give: 'a time or a day' },
    read: notBeforeText,
  },
  quietHours: {
    schema: z
      .enum(['respect', 'ignore'])
      .nullish()
      .describe("Whether the tenant's quiet hours count; default: for marketing they do"),
    bound: QUIET_HOURS,
    read: readQuiet,
  },
  idempotency_key: IDEMPOTENCY_KEY,
});

/**
 * The body of a message. All problems at once, each with pointer and cure. `named`: the address names the pass. Times without a zone are
 * those of the tenant.
 */
export const sendMessageParser =
  ({ zone, now, named }: Clock & { named: boolean }) =>
  (body: Body, options: RequestOptions = {}): Parsed<SendMessageCommand> => {
    const reader = new BodyReader(named && !Object.hasOwn(body, 'identifiers') ? { ...body, identifiers: {} } : body);
    const read = SEND_MESSAGE.read(reader, options);
    if (named)
      reader.problems.splice(
        0,
        reader.problems.length,
        ...reader.problems.filter(({ pointer: at }) => !at.startsWith('/identifiers')),
      );
    reader.unknownKeys(SEND_MESSAGE.keys, {
      place: (key) =>
        (named ? null : placeOfIdentifier(key, options.custom)) ?? 'the text of the message belongs into "message"',
    });
    if (read.message === null && !reader.problems.some(({ pointer: at }) => at.startsWith('/message'))) {
      reader.problem('/message', 'message is missing or blank', 'write "message": "Your table is ready"', 'missing');
    }
    const times = readTimes(reader, read, { zone, now });
    const longest = Math.max(
      0,
      ...(read.message === null ? [] : textsOf(read.message)).map((text) => charactersOf(text).length),
    );
    if (longest > LOCK_SCREEN_CHARACTERS) {
      reader.warn(
        '/message',
        `the message has ${longest} characters: a lock screen shows about the first ${LOCK_SCREEN_CHARACTERS}`,
      );
    }
    return reader.finish(() => ({
      identifiers: (read.identifiers ?? []) as Identifier[],
      content: { text: read.message!, title: read.title, link: read.link },
      class: read.class,
      ...times,
      respectQuietHours: read.quietHours,
      idempotencyKey: read.idempotency_key,
    }));
  };

const textsOf = (text: Localized): string[] => (typeof text === 'string' ? [text] : Object.values(text));

/** When the message may be sent and when it ends; what contradicts itself is a problem. */
function readTimes(
  reader: BodyReader,
  read: Record<'validUntil' | 'validFor' | 'notBefore', string | null>,
  { zone, now }: Clock,
): Pick<SendMessageInput, 'validUntil' | 'validForSeconds' | 'notBefore'> {
  const validUntil = readMoment(reader, 'validUntil', read.validUntil, { zone, now, dayAs: 'end' });
  const notBefore = readMoment(reader, 'notBefore', read.notBefore, { zone, now, dayAs: 'start' });
  const validForSeconds = read.validFor === null ? null : (readDuration(read.validFor) ?? NaN);
  if (Number.isNaN(validForSeconds) || validForSeconds === 0 || (validForSeconds ?? 0) > LONGEST_DAYS * 86_400) {
    reader.problem(
      '/validFor',
      `"${String(read.validFor).slice(0, 60)}" is no length of time up to ${LONGEST_DAYS} days`,
      'write one such as "3 days"',
      'form',
    );
  }
  if (validUntil !== null && validForSeconds !== null) {
    reader.problem('/validFor', 'validFor and validUntil exclude each other', 'send one of them');
  }
  if (validUntil !== null && new Date(validUntil) <= now) {
    reader.problem('/validUntil', 'validUntil has passed', 'send a time to come');
  }
  if (validUntil !== null && notBefore !== null && notBefore >= validUntil) {
    reader.problem('/validUntil', 'validUntil is not after notBefore', 'let the message end after it begins');
  }
  return { validUntil, validForSeconds, notBefore };
}
