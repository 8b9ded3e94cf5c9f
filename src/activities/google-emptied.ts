import type { Sql } from '../database/connect.js';
import { recordRetired } from '../database/devices/google-objects.js';
import { isErased, markOfferObject } from '../database/devices/google-offers.js';
import { PermanentError } from '../common/errors.js';
import { emptiedObject } from '../wallets/google/wallet-object.js';
import type { ActivityDeps } from './deps.js';
import type { LoadedGoogle } from './google-pass.js';

/**
 * Empties all that Google holds of a pass whose customer is erased: its object, those that it had before conversions, and those
 * of its offers. `record` stores that, with the caller's evidence. Undefined where nobody was erased.
 */
export async function emptyErased(
  deps: ActivityDeps,
  loaded: LoadedGoogle,
): Promise<{ emptied: number; record(within: Sql): Promise<void> } | undefined> {
  const { access, pass, objects, offerObjects } = loaded;
  const sql = deps.database.tenant(pass.tenant_id);
  if (pass.state === 'active' || pass.state === 'expired' || !(await isErased(sql, pass.pass_id))) return undefined;
  const held = [
    ...objects.map(({ object_id: id, object_type: type }) => ({ id, type })),
    ...offerObjects.map(({ objectId: id, objectType: type }) => ({ id, type })),
  ];
  let emptied = 0;
  let failure: unknown;
  for (const { id, type } of held) {
    try {
      const current = await access.client.get(`${type}Object`, id);
      await access.client.put(`${type}Object`, id, emptiedObject(type, current));
      emptied += 1;
    } catch (error) {
      // It never came to Google.
      if (!(error instanceof PermanentError)) throw error;
      // One that is refused must not keep the others filled.
      if (error.code !== 'google-not-found') failure = error;
    }
  }
  if (failure) throw failure;
  return {
    emptied,
    async record(within) {
      for (const { object_id: id } of objects.filter(({ state }) => state === 'live')) await recordRetired(within, id);
      for (const { offerId } of offerObjects) await markOfferObject(within, offerId, 'ended');
    },
  };
}
