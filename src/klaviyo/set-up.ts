import { PermanentError } from '../common/errors.js';
import type { KlaviyoClient } from './client.js';
import { WALLET_PASS_PROPERTIES } from './wallet-pass-record.js';

export const OBJECT_TITLE = 'WalletPass';
export const SOURCE_TITLE = 'Wallet passes';
const RELATIONSHIP = 'owner';

export interface SetUp {
  /** For `settings.klaviyo.dataSourceId`; null where the account has no custom objects. */
  dataSourceId: string | null;
  /** What was made or found, in order. */
  done: string[];
  /** What has to be done by hand in Klaviyo, in order; empty where nothing. */
  byHand: string[];
}

const titled = (resources: { id: string; attributes: Record<string, unknown> }[], title: string) =>
  resources.find(({ attributes }) => attributes['title'] === title);

const NO_CUSTOM_OBJECTS =
  'this account lacks custom objects, a paid feature of Klaviyo (or the key the scope custom-objects:write, which "klaviyo check" shows). Ask Klaviyo for the feature, then run this again. Profiles and events are written without it.';

/** What to do in Klaviyo's object manager where the API does not allow it. */
const MANUALLY = (dataSourceId: string): string[] => [
  'In Klaviyo open Settings > Objects > Create object (custom objects are a paid feature: ask Klaviyo where it is missing).',
  `Name it ${OBJECT_TITLE}, take the data source "${SOURCE_TITLE}" (${dataSourceId}), id path $['id'].`,
  `Add the properties ${WALLET_PASS_PROPERTIES.map(({ name, type }) => `${name} (${type})`).join(', ')}, each from the path of its name.`,
  `Relate it to the profile as "${RELATIONSHIP}" by klaviyo_profile_id (Klaviyo id), external_id (external id) and email, then publish it.`,
];

/**
 * Makes data source, object type with schema and mapping, relationship, and publishes them; what is there already is
 * taken. Safe to repeat after any failure. Where the account does not allow it, says what to do by hand.
 */
export async function setUpCustomObject(client: KlaviyoClient): Promise<SetUp> {
  const done: string[] = [];
  const known = titled(await client.listDataSources(), SOURCE_TITLE);
  const source = known ?? (await client.createDataSource(SOURCE_TITLE));
  done.push(`data source "${SOURCE_TITLE}" ${source.id}: ${known ? 'was there' : 'made'}`);
  try {
    const before = titled(await client.listObjectTypes(), OBJECT_TITLE);
    const type = before ?? (await client.createWalletPassType(source.id, OBJECT_TITLE));
    done.push(`object type ${OBJECT_TITLE} ${type.id}: ${before ? 'was there' : 'made, with schema and mapping'}`);
    const draft = await client.getDraftSchema(type.id).catch((error: unknown) => {
      if (error instanceof PermanentError && error.code === 'klaviyo-not-found') return null;
      throw error;
    });
    if (!draft) {
      done.push('schema: was published');
      return { dataSourceId: source.id, done, byHand: [] };
    }
    let [relationship] = await client.listProfileRelationships(draft.id);
    if (!relationship) {
      await client.relateToProfiles(draft.id, RELATIONSHIP);
      [relationship] = await client.listProfileRelationships(draft.id);
    }
    if (!relationship) throw new PermanentError('klaviyo-invalid', 'Klaviyo does not show the new relationship.');
    done.push(`relationship to the profile as "${RELATIONSHIP}"`);
    const mapping = await client.getSourceMapping(draft.id);
    await client.mapRelationship(mapping.id, relationship.id, source.id);
    done.push('mapping: by Klaviyo id, external id and e-mail');
    await client.activateSchema(draft.id);
    done.push('schema: published');
    return { dataSourceId: source.id, done, byHand: [] };
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    // The same scope has just served for the data source, so that a refusal speaks of the account.
    const isRefused = error.details['status'] === 403;
    done.push(`Klaviyo does not allow the rest: ${isRefused ? NO_CUSTOM_OBJECTS : error.message}`);
    // Records to a source without an object are taken and lead nowhere: harmless, and right once the object is there.
    return { dataSourceId: source.id, done, byHand: MANUALLY(source.id) };
  }
}
