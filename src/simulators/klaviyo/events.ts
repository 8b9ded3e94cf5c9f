import { newId, type SimulatedAccount, type SimulatedEvent } from './account.js';
import { invalid, type Json, type SimulatedAnswer } from './errors.js';
import { mergeNamedTogether } from './merge-profiles.js';
import { upsertProfile } from './profiles.js';
import type { BodyOf } from './schemas.js';

const YEAR_MS = 365 * 24 * 3_600_000;
const MAX_TEXT = 100 * 1024;

type EventAttributes = Pick<BodyOf<'event'>['data']['attributes'], 'properties' | 'time' | 'unique_id' | 'metric'>;

function checkEvent(attributes: EventAttributes, nowMs: number, at: string): number {
  if (attributes.metric.data.attributes.name.length >= 128) {
    throw invalid('Metric names stay under 128 characters.', `${at}/metric/data/attributes/name`);
  }
  const timeMs = attributes.time == null ? nowMs : Date.parse(attributes.time);
  if (timeMs < Date.UTC(1990, 0, 1) || timeMs > nowMs + YEAR_MS) {
    throw invalid('The time must be after 1990 and at most one year ahead.', `${at}/time`);
  }
  const values = Object.entries(attributes.properties);
  if (values.length > 400) throw invalid('An event can have at most 400 properties.', `${at}/properties`);
  for (const [name, value] of values) {
    if (typeof value === 'string' && Buffer.byteLength(value) > MAX_TEXT) {
      throw invalid('A text can have at most 100 KB.', `${at}/properties/${name}`);
    }
  }
  return Math.floor(timeMs / 1000) * 1000;
}

/** Records one event; null where profile and metric already have one with this unique id: the first wins. */
function record(
  account: SimulatedAccount,
  attributes: EventAttributes,
  profileId: string,
  timeMs: number,
  backfill: boolean,
): SimulatedEvent | null {
  const time = new Date(timeMs).toISOString();
  const metric = attributes.metric.data.attributes.name;
  // Without a unique id the time in whole seconds replaces it, as the description says.
  const uniqueId = attributes.unique_id ?? String(timeMs / 1000);
  const key = JSON.stringify([profileId, metric, uniqueId]);
  if (account.events.has(key)) return null;
  const properties: Json = { ...attributes.properties, $event_id: uniqueId };
  const event = { id: newId(), metric, profileId, uniqueId, time, properties, backfill };
  account.events.set(key, event);
  return event;
}

type Recorded = (event: SimulatedEvent) => void;
type ProfileData = { id?: string | null | undefined; attributes: Json };

export function createEvent(
  account: SimulatedAccount,
  body: BodyOf<'event'>,
  nowMs: number,
  recorded: Recorded,
): SimulatedAnswer {
  const { attributes } = body.data;
  const timeMs = checkEvent(attributes, nowMs, '/data/attributes');
  const named = attributes.profile.data as ProfileData;
  if (!named.id) mergeNamedTogether(account, named.attributes, nowMs);
  const { profile, partialFailure } = upsertProfile(account, named, nowMs);
  const event = record(account, attributes, profile.id, timeMs, attributes.backfill === true);
  if (event) recorded(event);
  return { status: 202, headers: partialFailure === null ? {} : { 'x-klaviyo-partial-failure': partialFailure } };
}

export function createEvents(
  account: SimulatedAccount,
  body: BodyOf<'eventBulk'>,
  nowMs: number,
  recorded: Recorded,
): SimulatedAnswer {
  const entries = body.data.attributes['events-bulk-create'].data;
  const count = entries.reduce((sum, entry) => sum + entry.attributes.events.data.length, 0);
  const at = '/data/attributes/events-bulk-create/data';
  if (count > 1000) throw invalid('At most 1000 events in one job.', at);
  const times = entries.map((entry, i) =>
    entry.attributes.events.data.map((event, j) =>
      checkEvent(event.attributes, nowMs, `${at}/${i}/attributes/events/data/${j}/attributes`),
    ),
  );
  for (const [i, entry] of entries.entries()) {
    const { profile } = upsertProfile(account, entry.attributes.profile.data as ProfileData, nowMs);
    for (const [j, { attributes }] of entry.attributes.events.data.entries()) {
      const event = record(account, attributes, profile.id, times[i]![j]!, entry.attributes.backfill === true);
      if (event) recorded(event);
    }
  }
  return { status: 202 };
}
