import { createTestDatabase } from '../test/support/database.js';
import { startEngine } from '../test/support/engine.js';
import { accept, ended } from '../test/support/operations.js';
import { seedTenant, type SeededTenant } from '../test/support/tenant.js';

/**
 * What a flood of one tenant does to another tenant's single update, from acceptance to the last step: the median alone,
 * the median while a thousand updates of the other wait, and their ratio. Needs TEST_TEMPORAL_ADDRESS, like the tests.
 */
const SAMPLES = 15;
const FLOOD = 1_000;
const KEEP_WAITING = 300;

const test = await createTestDatabase();
const quiet = await seedTenant(test, { pushWindowSeconds: 0 });
const loud = await seedTenant(test, { pushWindowSeconds: 0 });
const engine = await startEngine(test);

let value = 0;
const update = (tenant: SeededTenant): Promise<string> =>
  accept(test, tenant, {
    kind: 'push-update',
    input: {
      identifiers: [{ kind: 'email', value: tenant.email }],
      passType: null,
      data: { points: ++value },
      updateMetadata: false,
    },
  });

async function medianMs(between?: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    await between?.();
    const row = await ended(test, quiet.tenantId, await update(quiet));
    times.push(row.ended_at!.getTime() - row.accepted_at.getTime());
  }
  return times.sort((a, b) => a - b)[Math.floor(SAMPLES / 2)]!;
}

async function unfinished(): Promise<number> {
  const [row] = await test.owner<{ n: number }>(
    `select count(*)::int as n from operations where tenant_id = $1 and status in ('accepted', 'running', 'retrying')`,
    [loud.tenantId],
  );
  return row!.n;
}

async function refill(): Promise<void> {
  const missing = FLOOD - (await unfinished());
  if (missing < FLOOD - KEEP_WAITING) return;
  await Promise.all(Array.from({ length: missing }, () => update(loud)));
}

await medianMs();
const alone = await medianMs();
await Promise.all(Array.from({ length: FLOOD }, () => update(loud)));
const flooded = await medianMs(refill);
const left = await unfinished();
console.log(
  JSON.stringify({
    aloneMs: alone,
    floodedMs: flooded,
    ratio: Number((flooded / alone).toFixed(2)),
    stillWaiting: left,
  }),
);
// The rest of the flood is of no interest; the workflows end with their task queue.
await engine.stop();
await test.drop().catch(() => undefined);
process.exit(left > 0 ? 0 : 1);
