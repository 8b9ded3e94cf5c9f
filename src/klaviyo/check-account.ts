import { randomUUID } from 'node:crypto';
import { PermanentError, TransientError } from '../common/errors.js';
import type { KlaviyoClient } from './client.js';

/** Named so that somebody who meets it in Klaviyo's log knows whose it was. */
const NO_SOURCE = 'passrelay-check';

export interface CheckedScope {
  what: string;
  scope: string;
  ok: boolean;
  /** What failed, without the key. */
  detail: string | null;
}

export interface AccountCheck {
  account: string | null;
  checks: CheckedScope[];
}

/**
 * Tries a key: the account, each scope that write-back needs, and a round trip that writes a profile and reads it back.
 * The event carries `backfill`, so that it starts no flow; the record goes to no data source, so that none is left behind.
 */
export async function checkAccount(
  client: KlaviyoClient,
  testEmail: string,
  dataSourceId: string | null,
): Promise<AccountCheck> {
  const checks: CheckedScope[] = [];
  const attempt = async <T>(what: string, scope: string, run: () => Promise<T>): Promise<T | null> => {
    try {
      const result = await run();
      checks.push({ what, scope, ok: true, detail: null });
      return result;
    } catch (error) {
      const known = error instanceof PermanentError || error instanceof TransientError;
      if (!known) throw error;
      checks.push({ what, scope, ok: false, detail: error.message });
      return null;
    }
  };
  const accounts = await attempt('the key opens an account', 'accounts:read', () => client.getAccounts());
  const marker = randomUUID();
  const imported = await attempt('a profile is written', 'profiles:write', () =>
    client.importProfile({
      data: { type: 'profile', attributes: { email: testEmail, properties: { passrelay_check: marker } } },
    }),
  );
  await attempt('the profile is read back', 'profiles:read', async () => {
    if (!imported) throw new PermanentError('klaviyo-invalid', 'There is nothing to read: writing failed.');
    const { attributes } = await client.getProfile(imported.profile.id);
    const properties = attributes['properties'] as Record<string, unknown> | undefined;
    if (properties?.['passrelay_check'] !== marker) {
      throw new PermanentError('klaviyo-invalid', 'What was written is not (yet) what is read.');
    }
  });
  await attempt('an event is recorded, without starting flows', 'events:write', () =>
    client.createEvent({
      data: {
        type: 'event',
        attributes: {
          unique_id: marker,
          backfill: true,
          properties: {},
          metric: { data: { type: 'metric', attributes: { name: 'Passrelay Check' } } },
          profile: { data: { type: 'profile', attributes: { email: testEmail } } },
        },
      },
    }),
  );
  const sources = await attempt('custom objects are read', 'custom-objects:read', () => client.listDataSources());
  await attempt('custom objects may be written', 'custom-objects:write', async () => {
    try {
      await client.createRecord(NO_SOURCE, { id: marker });
    } catch (error) {
      // Any answer but a refusal of the key says that it may: the source does not exist.
      if (!(error instanceof PermanentError) || error.code === 'klaviyo-unauthorized') throw error;
    }
  });
  if (sources && dataSourceId !== null) {
    await attempt('the tenant’s records have a data source', 'custom-objects:read', async () => {
      if (sources.some(({ id }) => id === dataSourceId)) return;
      throw new PermanentError(
        'klaviyo-not-found',
        `this account has no data source ${dataSourceId}: run "passrelay klaviyo setup"`,
      );
    });
  }
  return { account: accounts?.[0]?.id ?? null, checks };
}
