import type { SimulatedAccount, SimulatedProfile } from './account.js';
import { invalid, notFound, type Json, type SimulatedAnswer } from './errors.js';
import { noteIdentifiers, owners } from './profiles.js';
import type { BodyOf } from './schemas.js';

/** Makes one profile of two: the source's id is gone; what only the source has is kept, its events move over. */
export function mergeProfiles(
  account: SimulatedAccount,
  sourceId: string,
  targetId: string,
  nowMs: number,
): SimulatedProfile {
  const source = account.profiles.get(sourceId);
  const target = account.profiles.get(targetId);
  if (!source || !target) throw notFound('A profile with that id does not exist.');
  if (source === target)
    throw invalid('A profile cannot be merged with itself.', '/data/relationships/profiles/data/0/id');
  account.profiles.delete(sourceId);
  for (const [name, value] of Object.entries(source.attributes)) {
    if (name !== 'properties') target.attributes[name] ??= value;
  }
  noteIdentifiers(account, target);
  target.attributes.properties = { ...source.attributes.properties, ...target.attributes.properties };
  const subscribed = (channel: Json[string]): boolean =>
    JSON.stringify(channel ?? null).includes('SUBSCRIBED') && !JSON.stringify(channel).includes('NEVER_SUBSCRIBED');
  for (const [channel, said] of Object.entries(source.subscriptions)) {
    if (!subscribed(target.subscriptions[channel])) target.subscriptions[channel] = said;
  }
  target.updated = new Date(nowMs).toISOString();
  for (const [key, event] of account.events) {
    if (event.profileId !== sourceId) continue;
    account.events.delete(key);
    event.profileId = targetId;
    account.events.set(JSON.stringify([targetId, event.metric, event.uniqueId]), event);
  }
  return target;
}

/**
 * Klaviyo merges by itself what one action of a person names together: a profile known by e-mail alone and one known by
 * phone alone. An external id merges nothing.
 */
export function mergeNamedTogether(account: SimulatedAccount, attributes: Json, nowMs: number): void {
  const [byEmail] = owners(account, { email: attributes['email'] });
  const [byPhone] = owners(account, { phone_number: attributes['phone_number'] });
  if (byEmail && byPhone && byEmail !== byPhone) mergeProfiles(account, byPhone.id, byEmail.id, nowMs);
}

/** `POST /api/profile-merge`: one source, which is deleted. */
export function mergeByCall(account: SimulatedAccount, body: BodyOf<'profileMerge'>, nowMs: number): SimulatedAnswer {
  const { id, relationships } = body.data;
  const target = mergeProfiles(account, relationships.profiles.data[0]!.id, id, nowMs);
  return { status: 201, body: { data: { type: 'profile', id: target.id } } };
}
