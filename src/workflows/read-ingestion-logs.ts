import { runDurably } from './run-step.js';

export interface ReadIngestionLogs {
  tenantId: string;
}

/** More than this is left to the next run: a history stays short. */
const MOST_LOOKS = 50;

/** Reads back which of a tenant's records Klaviyo refused, until all that is due was read. */
export async function readIngestionLogs({ tenantId }: ReadIngestionLogs): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const { more } = await runDurably('read-ingestion-logs', { tenantId }, 'writeBack');
    if (!more) return;
  }
}
