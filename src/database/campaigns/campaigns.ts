import { randomUUID } from 'node:crypto';
import type { CampaignDefinition, CampaignState } from '../../passes/campaign.js';
import type { Sql, TenantSql } from '../connect.js';
import { insertOrFindOperation } from '../operations/operations.js';
import type { DryRun } from './dry-run.js';
import type { FetchCount } from './progress.js';
import { sql, type Statement } from '../sql.js';

export interface CampaignRow {
  campaign_id: string;
  name: string;
  definition: CampaignDefinition;
  state: CampaignState;
  reason: string | null;
  test: boolean;
  confirmed: boolean;
  operation_id: string | null;
  audience_cursor: string | null;
  rows_read: string;
  created_at: Date;
  prepared_at: Date | null;
  started_at: Date | null;
  paused_at: Date | null;
  ended_at: Date | null;
  paced_up_to: Date | null;
  /** Null: nothing was counted, because it starts at once. */
  dry_run: DryRun | null;
  /** Null: not counted yet. */
  fetch_count: FetchCount | null;
}

export interface NewCampaign {
  campaignId: string;
  name: string;
  definition: CampaignDefinition;
  test: boolean;
  confirmed: boolean;
}

/**
 * Makes a campaign, and sets it going where its audience needs no upload. `twin`: it was made before; `conflict`: another
 * one was made under its id.
 */
export async function createCampaign(db: TenantSql, campaign: NewCampaign): Promise<'made' | 'twin' | 'conflict'> {
  const uploads = 'csv' in campaign.definition.audience;
  return db.transaction(async (tx) => {
    const made = await tx.query(sql`
      insert into campaigns (campaign_id, tenant_id, name, definition, state, test, confirmed)
      values (
        ${campaign.campaignId},
        ${tx.tenantId},
        ${campaign.name},
        ${JSON.stringify(campaign.definition)},
        ${uploads ? 'uploading' : 'preparing'},
        ${campaign.test},
        ${campaign.confirmed})
          on conflict (campaign_id) do nothing
      returning campaign_id`);
    if (made.length > 0) {
      if (!uploads) await setGoing(tx, campaign);
      return 'made';
    }
    const [same] = await tx.query(sql`
      select
        from campaigns
       where tenant_id = ${tx.tenantId}
         and campaign_id = ${campaign.campaignId}
         and name = ${campaign.name}
         and definition = ${JSON.stringify(campaign.definition)}::jsonb
         and test = ${campaign.test}`);
    return same ? 'twin' : 'conflict';
  });
}

/** Accepts the next `run-campaign`; the one before it, should it sleep, changes nothing more. */
async function setGoing(tx: Sql, campaign: { campaignId: string; test: boolean }): Promise<string> {
  const operationId = randomUUID();
  await insertOrFindOperation(tx, {
    operationId,
    kind: 'run-campaign',
    origin: 'operator',
    input: { campaignId: campaign.campaignId },
    test: campaign.test,
  });
  await tx.query(sql`
    update campaigns
       set operation_id = ${operationId}
     where tenant_id = ${tx.tenantId}
       and campaign_id = ${campaign.campaignId}`);
  return operationId;
}

/** One campaign of the tenant, or undefined. */
export async function findCampaign(db: Sql, campaignId: string): Promise<CampaignRow | undefined> {
  const [row] = await db.query<CampaignRow>(sql`
    select *
      from campaigns
     where tenant_id = ${db.tenantId}
       and campaign_id = ${campaignId}`);
  return row;
}

/** The campaign whose turn it is by this operation, or undefined. */
export async function findCampaignOf(db: Sql, operationId: string): Promise<CampaignRow | undefined> {
  const [row] = await db.query<CampaignRow>(sql`
    select *
      from campaigns
     where tenant_id = ${db.tenantId}
       and operation_id = ${operationId}`);
  return row;
}

/** Newest first; `before` is the last one of the page before. */
export async function listCampaigns(db: Sql, limit: number, before?: string): Promise<CampaignRow[]> {
  return db.query<CampaignRow>(sql`
    select *
      from campaigns
     where tenant_id = ${db.tenantId}
       and (${before ?? null}::uuid is null or (created_at, campaign_id) < (
             select created_at, campaign_id
               from campaigns
              where tenant_id = ${db.tenantId}
                and campaign_id = ${before ?? null}::uuid))
     order by created_at desc, campaign_id desc
     limit ${limit}`);
}

export type CampaignCommand = 'start' | 'pause' | 'resume' | 'cancel' | 'uploaded';

/** The state as it is now, and whether a call changed it. */
export interface MovedCampaign {
  state: CampaignState;
  moved: boolean;
}

interface Transition {
  from: readonly CampaignState[];
  to: CampaignState;
  set: Statement;
  goes: boolean;
}

const TRANSITIONS: Readonly<Record<CampaignCommand, Transition>> = {
  uploaded: { from: ['uploading'], to: 'preparing', set: sql`reason = null`, goes: true },
  start: { from: ['ready'], to: 'running', set: sql`confirmed = true`, goes: true },
  pause: { from: ['running'], to: 'paused', set: sql`paused_at = now()`, goes: false },
  resume: { from: ['paused'], to: 'running', set: sql`paced_up_to = null, paused_at = null`, goes: true },
  cancel: {
    from: ['uploading', 'preparing', 'ready', 'running', 'paused'],
    to: 'cancelled',
    set: sql`ended_at = now()`,
    goes: true,
  },
};

/**
 * Changes the state of a campaign and of its queued operations: a pause holds those that have not begun, a resume
 * releases them, a cancellation ends them. Waits for a running slice, so that nothing is accepted afterwards. Returns
 * the state and whether this call changed it; undefined if there is no such campaign.
 */
export const moveCampaign = (
  db: TenantSql,
  campaignId: string,
  command: CampaignCommand,
): Promise<MovedCampaign | undefined> => db.transaction((tx) => moveWithin(tx, campaignId, command));

/** The same within a transaction that does more, such as the upload of the rows. */
export async function moveWithin(
  tx: Sql,
  campaignId: string,
  command: CampaignCommand,
): Promise<MovedCampaign | undefined> {
  const { from, to, set, goes } = TRANSITIONS[command];
  const [row] = await tx.query<{ state: CampaignState; test: boolean }>(sql`
    select state, test
      from campaigns
     where tenant_id = ${tx.tenantId}
       and campaign_id = ${campaignId}
       for update`);
  if (!row) return undefined;
  if (!from.includes(row.state)) return { state: row.state, moved: false };
  await tx.query(sql`
    update campaigns
       set state = ${to}, ${set}
     where tenant_id = ${tx.tenantId}
       and campaign_id = ${campaignId}`);
  // A message that is held back finds the pause when its time comes; a resume checks it at once.
  if (command === 'pause') await moveQueued(tx, campaignId, sql`dispatch_after = 'infinity'`, QUEUED);
  if (command === 'resume')
    await moveQueued(tx, campaignId, sql`dispatch_after = now()`, sql`${QUEUED} or ${HELD_BACK}`);
  if (command === 'cancel') {
    await moveQueued(tx, campaignId, sql`cancel_requested = true`, sql`${QUEUED} or ${HELD_BACK} or ${SLEEPING}`);
  }
  if (goes) await setGoing(tx, { campaignId, test: row.test });
  return { state: to, moved: true };
}

/** No dispatcher has taken it. */
const QUEUED = sql`(status = 'accepted' and (dispatch_after <= now() or dispatch_after = 'infinity'))`;
/** A message that waits for its time as a row. */
const HELD_BACK = sql`(kind = 'send-message' and status = 'running' and dispatched_at is null)`;
/** A message that waits for its time as a timer of its run. */
const SLEEPING = sql`(kind = 'send-message' and status = 'running' and exists (
  select from operation_steps s
   where s.operation_id = operations.operation_id
     and s.step = 'claim-message'
     and s.state = 'waiting'))`;

/** Changes the campaign's operations that have not begun, or that wait for their time. */
const moveQueued = (tx: Sql, campaignId: string, change: Statement, which: Statement): Promise<object[]> =>
  tx.query(sql`
    update operations
       set ${change}
     where tenant_id = ${tx.tenantId}
       and operation_id in (
             select operation_id
               from campaign_rows
              where tenant_id = ${tx.tenantId}
                and campaign_id = ${campaignId}
                and state = 'accepted')
       and burst_id is null
       and (${which})`);
