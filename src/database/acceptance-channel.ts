import pg from 'pg';
import type { Logger } from 'pino';
import type { Database } from './connect.js';

const CHANNEL = 'passrelay_accepted';

/** After the answers of those that came together. */
const GATHER_MS = 5;
/** In a flood dispatchers look by themselves every 25 ms; each announcement is a commit that waits for all others. */
const APART_MS = 15;

/** Tells dispatchers in other processes that something was accepted: one notification for a burst. */
export function createAnnouncer(database: Database): () => void {
  let pending = false;
  let announcedAtMs = -Infinity;
  return () => {
    if (pending) return;
    pending = true;
    const waitMs = Math.max(GATHER_MS, announcedAtMs + APART_MS - performance.now());
    setTimeout(() => {
      pending = false;
      announcedAtMs = performance.now();
      // A lost notification does no harm: every dispatcher sweeps.
      database.system.query(`select pg_notify('${CHANNEL}', '')`).catch(() => undefined);
    }, waitMs);
  };
}

/** Listens for announcements and comes back after a lost connection. */
export function listenForAccepted(url: string, onAccepted: () => void, log: Logger): { stop(): Promise<void> } {
  let client: pg.Client | null = null;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const fresh = new pg.Client({ connectionString: url, application_name: 'passrelay-listen', keepAlive: true });
    const lost = (): void => {
      if (stopped || client !== fresh) return;
      client = null;
      retry = setTimeout(() => void connect(), 1_000);
    };
    client = fresh;
    fresh.on('error', lost);
    fresh.on('end', lost);
    fresh.on('notification', onAccepted);
    try {
      await fresh.connect();
      await fresh.query(`listen ${CHANNEL}`);
      onAccepted();
    } catch (error) {
      log.debug({ err: error }, 'the acceptance channel is not available; the sweep goes on');
      lost();
    }
  }

  void connect();
  return {
    async stop() {
      stopped = true;
      clearTimeout(retry);
      // A connection that is lost already cannot be ended.
      await client?.end().catch(() => undefined);
    },
  };
}
