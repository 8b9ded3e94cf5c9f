import { setTimeout as pause } from 'node:timers/promises';
import { createEndpoint } from '../src/database/merchants/webhook-endpoints.js';
import { startMerchantSimulator, type MerchantSimulator } from '../src/simulators/merchant/merchant.js';
import { startProduct } from './processes.js';
import { benchSecretBox, productEnv } from './product-env.js';
import { ratioOfRounds, type Result } from './result.js';
import { acceptUpdates, seedPasses, seedTenant } from './seed.js';
import type { BenchDatabase, Servers } from './servers.js';
import { median } from './statistics.js';

const LOUD = 'loud';
const QUIET = 'quiet';
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const SAMPLES = 9;
const REDELIVERIES = 4_000;
/** As many as a tenant may have. */
const ENDPOINTS = 20;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

interface Times {
  updateMs: number;
  deliveryMs: number;
}

async function addEndpoint({ database }: BenchDatabase, tenantId: string, url: string): Promise<void> {
  const endpoint = { tenantId, url, eventTypes: ['pass.updated'], secret: SECRET, atMost: ENDPOINTS };
  await createEndpoint(database.tenant(tenantId), endpoint, benchSecretBox());
}

/** Failed deliveries of the loud tenant, spread over its endpoints, all asked for again. */
async function redeliverAll({ owner }: BenchDatabase): Promise<void> {
  await owner(
    `with made as (
       insert into events (event_id, tenant_id, type, payload, fanned_out)
       select gen_random_uuid(), $1, 'pass.updated', '{}', true from generate_series(1, $2) returning event_id
     ),
     numbered as (select event_id, row_number() over () as n from made),
     endpoints as (
       select endpoint_id, row_number() over (order by endpoint_id) as n from webhook_endpoints where tenant_id = $1
     )
     insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, run, attempts)
     select gen_random_uuid(), $1, e.endpoint_id, m.event_id, 2, 10
       from numbered m join endpoints e on e.n = m.n % $3 + 1`,
    [LOUD, REDELIVERIES, ENDPOINTS],
  );
}

const waiting = async ({ owner }: BenchDatabase): Promise<number> =>
  (
    await owner<{ n: number }>(
      `select count(*)::int as n from deliveries where tenant_id = $1 and status in ('accepted', 'delivering')`,
      [LOUD],
    )
  )[0]!.n;

/** One update of the quiet tenant to its last step, and its event from the commit to the merchant's answer. */
async function single({ owner, ...bench }: BenchDatabase, points: number): Promise<Times> {
  const [id] = await acceptUpdates({ owner, ...bench }, { tenant: QUIET, first: 1, last: 1, points });
  await owner(`select pg_notify('passrelay_accepted', '')`);
  for (;;) {
    const [row] = await owner<{ updateMs: number | null; deliveryMs: number | null; status: string }>(
      `select o.status, (extract(epoch from o.ended_at - o.accepted_at) * 1000)::float8 as "updateMs",
              (select (extract(epoch from d.ended_at - e.created_at) * 1000)::float8
                 from events e join deliveries d using (event_id)
                where e.operation_id = o.operation_id and d.status = 'delivered') as "deliveryMs"
         from operations o where o.operation_id = $1`,
      [id],
    );
    const { updateMs, deliveryMs, status } = row!;
    if (status === 'failed') throw new Error('an update of the bench failed: see the log of the worker');
    if (updateMs !== null && deliveryMs !== null) return { updateMs, deliveryMs };
    await pause(20);
  }
}

async function turn(bench: BenchDatabase, nextPoints: () => number): Promise<Times> {
  const times: Times[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) times.push(await single(bench, nextPoints()));
  return {
    updateMs: median(times.map(({ updateMs }) => updateMs)),
    deliveryMs: median(times.map(({ deliveryMs }) => deliveryMs)),
  };
}

async function startMerchants(servers: Servers): Promise<{ hanging: MerchantSimulator; well: MerchantSimulator }> {
  const [hanging, well] = await Promise.all(
    [0, 1].map(async () => {
      const merchant = await startMerchantSimulator({ secret: SECRET });
      servers.onStop(() => merchant.stop());
      return merchant;
    }),
  );
  hanging!.answerWith({ silent: true });
  return { hanging: hanging!, well: well! };
}

/** What one tenant's redeliveries to endpoints that hang do to another tenant's update and delivery. */
export async function benchDeliveries(servers: Servers): Promise<Result> {
  const bench = await servers.createDatabase('deliveries');
  const { hanging, well } = await startMerchants(servers);
  for (const tenant of [LOUD, QUIET]) await seedTenant(bench, tenant);
  await seedPasses(bench, 1, QUIET);
  for (let number = 1; number <= ENDPOINTS; number++) await addEndpoint(bench, LOUD, `${hanging.url}/${number}`);
  await addEndpoint(bench, QUIET, well.url);
  const worker = startProduct('src/start-worker.ts', productEnv(servers, bench, {}), servers.folder);
  servers.onStop(() => worker.stop());

  let points = 0;
  const next = (): number => (points += 1);
  const alone: Times[] = [];
  const beside: Times[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const quiet = await turn(bench, next);
    const before = hanging.deliveries.length;
    await redeliverAll(bench);
    // Until they hang.
    while (hanging.deliveries.length === before) await pause(20);
    const loud = await turn(bench, next);
    if ((await waiting(bench)) === 0) throw new Error('the redeliveries were over before the last sample');
    // The next round begins with none: what waits is called off, what was started finds an answer.
    hanging.answerWith({});
    await bench.owner(
      `update deliveries set status = 'cancelled', ended_at = now() where tenant_id = $1 and status = 'accepted'`,
      [LOUD],
    );
    while ((await waiting(bench)) > 0) await pause(200);
    await bench.owner('delete from deliveries where tenant_id = $1', [LOUD]);
    await bench.owner(`update webhook_endpoints set failing_since = null, state = 'enabled' where tenant_id = $1`, [
      LOUD,
    ]);
    hanging.answerWith({ silent: true });
    console.error(
      `  round ${round}: update ${quiet.updateMs.toFixed(0)} and ${loud.updateMs.toFixed(0)} ms, ` +
        `delivery ${quiet.deliveryMs.toFixed(0)} and ${loud.deliveryMs.toFixed(0)} ms`,
    );
    if (round === 0) continue;
    alone.push(quiet);
    beside.push(loud);
  }
  const of = (times: readonly Times[], what: keyof Times): number[] => times.map((one) => one[what]);
  return {
    title: "One tenant's redeliveries to hanging endpoints and another's update and delivery",
    method:
      `The product's worker process carries out single updates of one tenant, ${SAMPLES} in a row, and delivers their events: with nothing else ` +
      `to do, and while ${REDELIVERIES} redeliveries of another tenant to ${ENDPOINTS} endpoints that never answer are under way. An update is ` +
      `timed from acceptance to its last step, a delivery from the event's commit to the merchant's answer. ${ROUNDS} rounds; the figures are medians.`,
    lines: [
      { name: 'update, alone', value: median(of(alone, 'updateMs')), unit: 'ms' },
      { name: 'update, beside the redeliveries', value: median(of(beside, 'updateMs')), unit: 'ms' },
      { name: 'delivery, alone', value: median(of(alone, 'deliveryMs')), unit: 'ms' },
      { name: 'delivery, beside the redeliveries', value: median(of(beside, 'deliveryMs')), unit: 'ms' },
    ],
    ratios: [
      ratioOfRounds('update beside redeliveries against alone', of(beside, 'updateMs'), of(alone, 'updateMs'), {
        atMost: 2,
      }),
      ratioOfRounds('delivery beside redeliveries against alone', of(beside, 'deliveryMs'), of(alone, 'deliveryMs'), {
        atMost: 2,
      }),
    ],
  };
}
