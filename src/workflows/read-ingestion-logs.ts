import { runDurably } from './run-step.js';

export interface ReadIngestionLogs {
  tenantId: string;
}

/** What is left then waits for the next run: the history stays short. */
const MOST_LOOKS = 50;

/** Reads which of a tenant's records Klaviyo has refused, until everything due is read. */
export async function readIngestionLogs({ tenantId }: ReadIngestionLogs): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const { more } = await runDurably('read-ingestion-logs', { tenantId }, 'writeBack');
    if (!more) return;
  }
}
