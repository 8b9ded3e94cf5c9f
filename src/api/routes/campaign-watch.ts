import type { z } from 'zod';
import { findCampaign } from '../../database/campaigns/campaigns.js';
import { getTenant } from '../../database/tenants/tenants.js';
import type { ApiDeps } from '../route.js';
import { presentCampaignDetail, type campaignDetail } from './present-campaign.js';

type Detail = z.output<typeof campaignDetail>;

/** How often somebody who watches sees a new state. */
export const WATCH_MS = 1_000;
/** A look is worth this many times what it took: counting a million rows must not become the load. */
const REST = 10;
const MOST_KNOWN = 500;

interface Look {
  found: Promise<Detail | undefined>;
  goodUntilMs: number;
}

/** One read of a campaign for all who watch it in this process; the longer a read takes, the rarer it is. */
export type CampaignWatch = (
  tenantId: string,
  campaignId: string,
  /** No older than now: what follows must not be older than what a page shows already. */
  fresh?: boolean,
) => Promise<Detail | undefined>;

export function createCampaignWatch(deps: Pick<ApiDeps, 'database' | 'now'>): CampaignWatch {
  const looks = new Map<string, Look>();
  const read = async (tenantId: string, campaignId: string): Promise<Detail | undefined> => {
    const db = deps.database.tenant(tenantId);
    const row = await findCampaign(db, campaignId);
    if (!row) return undefined;
    const { settings } = (await getTenant(db))!;
    return presentCampaignDetail(db, row, { nowMs: deps.now(), zone: settings.timeZone ?? 'UTC' });
  };
  return async (tenantId, campaignId, fresh = false) => {
    const key = `${tenantId}/${campaignId}`;
    const known = looks.get(key);
    if (!fresh && known && performance.now() < known.goodUntilMs) return known.found;
    const startedMs = performance.now();
    const look: Look = { found: read(tenantId, campaignId), goodUntilMs: Infinity };
    looks.delete(key);
    looks.set(key, look);
    const [oldest] = looks.keys();
    if (looks.size > MOST_KNOWN) looks.delete(oldest!);
    try {
      return await look.found;
    } catch (error) {
      looks.delete(key);
      throw error;
    } finally {
      const nowMs = performance.now();
      look.goodUntilMs = nowMs + Math.max(WATCH_MS / 2, REST * (nowMs - startedMs));
    }
  };
}

/** Whether nothing of the campaign moves any more. */
export const isOver = ({ state, progress, rows }: Detail): boolean =>
  ['ended', 'cancelled', 'failed'].includes(state) && progress.remaining - rows.waiting <= 0;
