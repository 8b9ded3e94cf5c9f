import { isJsonObject, type JsonObject, type JsonValue } from '../../common/json.js';

const DEEPEST = 8;

function* profilesIn(value: JsonValue, depth = 0): Generator<JsonObject> {
  if (depth > DEEPEST || value === null || typeof value !== 'object') return;
  if (isJsonObject(value) && value['type'] === 'profile' && typeof value['id'] === 'string') yield value;
  for (const inner of Object.values(value)) yield* profilesIn(inner as JsonValue, depth + 1);
}

/**
 * The profile that an event of a system webhook is about, as a body of `profiles/sync`: the resource itself where the
 * payload carries it, else its id alone (a sync then reads the profile); null where the event names none.
 */
export function profileOfEvent(payload: unknown): JsonObject | null {
  const all = [...profilesIn(payload as JsonValue)];
  const whole = all.find((profile) => isJsonObject(profile['attributes']));
  if (whole) return { data: { id: whole['id']!, type: 'profile', attributes: whole['attributes']! } };
  return all[0] ? { profile_id: all[0]['id']! } : null;
}
