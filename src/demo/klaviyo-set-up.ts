import { connectDatabase } from '../database/connect.js';
import { setKlaviyoDataSource } from '../database/tenants.js';
import { createKlaviyoClient } from '../klaviyo/client.js';
import { OBJECT_TITLE, setUpCustomObject } from '../klaviyo/set-up.js';
import { SIMULATED_KLAVIYO_KEY } from './simulators.js';

/**
 * What `passrelay klaviyo setup` does, for the demo tenant in the simulator, at every start: the simulator forgets its data
 * sources. Returns what came of it; throws where the object cannot be made.
 */
export async function setUpKlaviyo(databaseUrl: string, tenantId: string, apiUrl: string): Promise<string> {
  const client = createKlaviyoClient({ apiUrl, apiKey: SIMULATED_KLAVIYO_KEY });
  const { dataSourceId, byHand } = await setUpCustomObject(client);
  if (dataSourceId === null || byHand.length > 0) throw new Error(`Klaviyo wants work by hand: ${byHand.join(' ')}`);
  const database = connectDatabase({ url: databaseUrl, poolMax: 1, applicationName: 'passrelay-demo' });
  try {
    await setKlaviyoDataSource(database.tenant(tenantId), tenantId, dataSourceId);
  } finally {
    await database.close();
  }
  return `custom object ${OBJECT_TITLE}, data source ${dataSourceId}`;
}
