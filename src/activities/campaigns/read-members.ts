import { PermanentError } from '../../common/errors.js';
import { insertRows } from '../../database/campaigns/audience.js';
import { findCampaignOf, type CampaignRow } from '../../database/campaigns/campaigns.js';
import { changeCampaign, lockCampaign } from '../../database/campaigns/slices.js';
import type { TenantSql } from '../../database/connect.js';
import type { Page } from '../../klaviyo/resources.js';
import { parseIdentifiers } from '../../passes/identifiers.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { ActivityDeps, StepInput } from '../deps.js';
import { KeyRefused, klaviyoCalls } from '../klaviyo-calls.js';
import { ALL_READ, readsMembers } from './freeze-audience.js';

const refused = (message: string): PermanentError => new PermanentError('invalid-data', message);

async function askKlaviyo(deps: ActivityDeps, ref: StepInput, campaign: CampaignRow): Promise<Page> {
  const { audience } = campaign.definition;
  const [of, id] =
    'segment' in audience
      ? (['segments', audience.segment] as const)
      : (['lists', 'list' in audience ? audience.list : ''] as const);
  const account = await deps.klaviyo.forTenant(ref.tenantId);
  if (!account) throw refused('The tenant has no Klaviyo API key: set one, then create the campaign again.');
  const call = klaviyoCalls(deps, { ...ref, step: 'run-campaign' }, account);
  try {
    return await call('members', (client) => client.getMembers(of, id, campaign.audience_cursor));
  } catch (error) {
    if (error instanceof KeyRefused) {
      throw refused('Klaviyo refuses the API key of the tenant: set another one, then create the campaign again.');
    }
    if (!(error instanceof PermanentError) || error.code !== 'klaviyo-not-found') throw error;
    const kind = of.slice(0, -1);
    throw refused(`Klaviyo knows no ${kind} ${id}. Open the ${kind} in Klaviyo: its id is in the address.`);
  }
}

/**
 * Reads the next page of a segment or list into rows, within our share of the account's limits. False where there is none
 * to read. What Klaviyo refuses for good ends the campaign, with the reason.
 */
export async function readMembers(
  deps: ActivityDeps,
  db: TenantSql,
  ref: StepInput,
  settings: TenantSettings,
): Promise<boolean> {
  const seen = await findCampaignOf(db, ref.operationId);
  if (!seen || !readsMembers(seen)) return false;
  let page: Page;
  try {
    page = await askKlaviyo(deps, ref, seen);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    await db.transaction(async (tx) => {
      const campaign = await lockCampaign(tx, ref);
      if (campaign?.state !== 'preparing') return;
      await changeCampaign(tx, campaign.campaign_id, { state: 'failed', reason: error.message, endedAt: new Date() });
    });
    throw error;
  }
  const options = { defaultCountry: settings.defaultCountry };
  const rows = page.resources.map(({ attributes }) => {
    const { email, phone_number: phone, external_id: customerId } = attributes;
    const { identifiers } = parseIdentifiers({ email, phone, customerId }, options);
    const named = identifiers.length > 0;
    return {
      state: named ? ('read' as const) : ('refused' as const),
      line: null,
      identifiers: named ? identifiers : null,
      given: null,
      passId: null,
      customerId: null,
      dueAt: null,
      reason: named ? null : 'The profile has no e-mail address, phone number or external id.',
    };
  });
  await db.transaction(async (tx) => {
    const campaign = await lockCampaign(tx, ref);
    // Another attempt of this step may have written the page.
    if (campaign?.state !== 'preparing' || campaign.audience_cursor !== seen.audience_cursor) return;
    const read = BigInt(campaign.rows_read);
    await insertRows(tx, campaign.campaign_id, read, rows);
    const rowsRead = read + BigInt(rows.length);
    await changeCampaign(tx, campaign.campaign_id, { cursor: page.next ?? ALL_READ, rowsRead });
  });
  return true;
}
