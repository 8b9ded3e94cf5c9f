import { own, recordStep, RUNNING, tellMerchant, updateOwn, type RunRef } from '../operations/fragments.js';
import { runEnded } from '../operations/steps.js';
import type { Sql } from '../connect.js';
import { sql, type Statement } from '../sql.js';
import type { CampaignRow } from './campaigns.js';
import type { DryRun } from './dry-run.js';

/**
 * Locks the campaign for one slice, before its operation's own row: pauses wait here. Undefined where a later
 * `run-campaign` has taken over.
 * @throws PermanentError `run-ended` where the operation has ended, or another run has taken over.
 */
export async function lockCampaign(tx: Sql, ref: RunRef): Promise<CampaignRow | undefined> {
  const [campaign] = await tx.query<CampaignRow>(sql`
    select c.*
      from campaigns c
     where c.tenant_id = ${tx.tenantId}
       and c.operation_id = ${ref.operationId}
       for update`);
  const [owned] = await tx.query(sql`with ${own(ref)} select from own`);
  if (!owned) throw runEnded();
  return campaign;
}

/** What a step changes of its campaign: only what is given. */
export interface CampaignChange {
  state?: CampaignRow['state'];
  reason?: string;
  cursor?: string | null;
  rowsRead?: bigint;
  dryRun?: DryRun;
  preparedAt?: Date;
  startedAt?: Date;
  endedAt?: Date;
  pacedUpTo?: Date;
}

/** Writes what a slice changed of the locked campaign. */
export async function changeCampaign(tx: Sql, campaignId: string, change: CampaignChange): Promise<void> {
  await tx.query(sql`
    update campaigns
       set state = coalesce(${change.state ?? null}::text, state),
           reason = coalesce(${change.reason ?? null}::text, reason),
           audience_cursor = coalesce(${change.cursor ?? null}::text, audience_cursor),
           rows_read = coalesce(${change.rowsRead === undefined ? null : String(change.rowsRead)}::bigint, rows_read),
           dry_run = coalesce(${change.dryRun ? JSON.stringify(change.dryRun) : null}::jsonb, dry_run),
           prepared_at = coalesce(${change.preparedAt ?? null}::timestamptz, prepared_at),
           started_at = coalesce(${change.startedAt ?? null}::timestamptz, started_at),
           ended_at = coalesce(${change.endedAt ?? null}::timestamptz, ended_at),
           paced_up_to = coalesce(${change.pacedUpTo ?? null}::timestamptz, paced_up_to)
     where tenant_id = ${tx.tenantId}
       and campaign_id = ${campaignId}`);
}

/** Tells the merchant of a campaign, once for each run and type. */
export async function tellOfCampaign(
  tx: Sql,
  ref: RunRef,
  type: 'campaign.started' | 'campaign.paused' | 'campaign.ended',
  campaign: Pick<CampaignRow, 'campaign_id' | 'name' | 'state'>,
): Promise<void> {
  const told: Statement = tellMerchant({
    type,
    passId: sql`null::uuid`,
    customerId: sql`null::uuid`,
    payload: sql`jsonb_build_object(
      'campaignId', ${campaign.campaign_id}::text,
      'campaign', ${campaign.name}::text,
      'campaignState', ${campaign.state}::text,
      'acceptanceSequence', own.acceptance_sequence::text)`,
    from: sql`where not exists (
      select from events e where e.tenant_id = own.tenant_id and e.operation_id = own.operation_id and e.type = ${type})`,
  });
  await tx.query(sql`with ${own(ref)} ${told}`);
}

/** Shows a slice under the step of the operation, and makes the operation run. */
export async function showSlice(tx: Sql, ref: RunRef, state: 'waiting' | 'succeeded', detail: object): Promise<void> {
  await tx.query(sql`
    with ${own(ref)},
    step as (${recordStep({ step: 'run-campaign', state, detail: { ...detail } })})
    ${updateOwn(RUNNING)}`);
}
