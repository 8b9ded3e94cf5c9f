import { connectDatabase } from '../database/connect.js';
import { setKlaviyoDataSource } from '../database/tenants/tenants.js';
import { createKlaviyoClient } from '../klaviyo/client.js';
import { OBJECT_TITLE, setUpCustomObject } from '../klaviyo/set-up.js';

/**
 * What `passrelay klaviyo setup` does, for the demo tenant, at every start: the simulator forgets its data sources.
 * Returns what came of it; throws where no data source can be made.
 */
export async function setUpKlaviyo(
  databaseUrl: string,
  tenantId: string,
  account: { apiUrl: string; apiKey: string },
): Promise<string> {
  const { dataSourceId, byHand } = await setUpCustomObject(createKlaviyoClient(account));
  if (dataSourceId === null) throw new Error(`Klaviyo wants work by hand: ${byHand.join(' ')}`);
  const database = connectDatabase({ url: databaseUrl, poolMax: 1, applicationName: 'passrelay-demo' });
  try {
    await setKlaviyoDataSource(database.tenant(tenantId), dataSourceId);
  } finally {
    await database.close();
  }
  const object =
    byHand.length > 0 ? `custom object ${OBJECT_TITLE} left to do by hand` : `custom object ${OBJECT_TITLE}`;
  return `${object}, data source ${dataSourceId}`;
}
