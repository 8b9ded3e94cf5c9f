import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { startLoop } from '../../common/loop.js';
import type { Database } from '../../database/connect.js';
import { countRefusals, knownTenants, type RefusedDelivery } from '../../database/klaviyo/refused-deliveries.js';
import { isDatabaseUnavailable } from '../../database/unavailable.js';

export type Refusal = Omit<RefusedDelivery, 'reason' | 'times' | 'first_at' | 'last_at'>;

export interface RefusalLog {
  /** Counts one refusal of a tenant; strangers may name tenants, or accounts, that do not exist. Never throws, never waits. */
  note(tenant: string, refusal: Refusal): void;
  /** Writes what was counted; a timer does so, too. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const FLUSH_MS = 2_000;
/** Held between two writes. What is beyond goes uncounted: it is a flood, and its reasons are known by then. */
const MOST_TENANTS = 500;
const MOST_REASONS = 50;
const LONGEST_SENTENCE = 500;

/** Two refusals are the same where only numbers differ: the column of a fault depends on the name before it. */
const reasonOf = (refusal: Refusal): string =>
  createHash('sha256')
    .update(JSON.stringify({ ...refusal, sentence: refusal.sentence.replaceAll(/\d+/g, '0') }))
    .digest('hex');

type Held = Map<string, Map<string, RefusedDelivery>>;

function add(held: Held, tenantId: string, refusal: Refusal, at: Date): void {
  let own = held.get(tenantId);
  if (!own) {
    if (held.size >= MOST_TENANTS) return;
    held.set(tenantId, (own = new Map<string, RefusedDelivery>()));
  }
  const reason = reasonOf(refusal);
  const known = own.get(reason);
  if (!known && own.size >= MOST_REASONS) return;
  const { times = 0, first_at = at } = known ?? {};
  own.set(reason, { ...refusal, reason, times: times + 1, first_at, last_at: at });
}

/**
 * Counts refused deliveries in bounded memory and writes them every two seconds, so that a refusal costs no statement.
 * Strangers are counted apart: they take no place of a tenant's own callers.
 */
export function createRefusalLog({
  database,
  now,
  log,
}: {
  database: Database;
  now: () => number;
  log: Logger;
}): RefusalLog {
  let ofCallers: Held = new Map();
  let ofStrangers: Held = new Map();

  async function write(held: Held, tenantOf: (name: string) => string | undefined): Promise<void> {
    for (const [name, own] of held) {
      const tenantId = tenantOf(name);
      if (tenantId !== undefined) await countRefusals(database.tenant(tenantId), [...own.values()]);
    }
  }
  async function writeAll(): Promise<void> {
    const [callers, strangers] = [ofCallers, ofStrangers];
    [ofCallers, ofStrangers] = [new Map(), new Map()];
    await write(callers, (tenantId) => tenantId);
    if (strangers.size === 0) return;
    const exist = await knownTenants(database.system, [...strangers.keys()]);
    await write(strangers, (name) => exist.get(name));
  }
  let last: Promise<void> = Promise.resolve();
  /** One after the other: the next reader sees what an earlier write is writing, too. Its faults are its caller's. */
  const flush = (): Promise<void> => (last = last.catch(() => undefined).then(writeAll));
  const loop = startLoop({
    name: 'counting refused deliveries',
    firstMs: FLUSH_MS,
    everyMs: FLUSH_MS,
    log,
    isExpected: isDatabaseUnavailable,
    look: () => flush().then(() => false),
  });

  return {
    note(tenantId, refusal) {
      const cut = { ...refusal, sentence: refusal.sentence.slice(0, LONGEST_SENTENCE) };
      add(refusal.known_caller ? ofCallers : ofStrangers, tenantId, cut, new Date(now()));
    },
    flush,
    async close() {
      await loop.stop();
      // The database may be gone by now: counts of the last two seconds are no reason to fail a stop.
      await flush().catch(() => undefined);
    },
  };
}
