import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createEndpoint } from '../src/database/merchants/webhook-endpoints.js';
import { putSecret, SECRET_NAMES } from '../src/database/secrets.js';
import { startGoogleWalletSimulator } from '../src/simulators/google/wallet.js';
import { startKlaviyoSimulator } from '../src/simulators/klaviyo/klaviyo.js';
import { startMerchantSimulator } from '../src/simulators/merchant/merchant.js';
import { preparePhones } from './phones.js';
import { startProduct } from './processes.js';
import { benchSecretBox, productEnv } from './product-env.js';
import { ratioOfRounds, type Ratio, type Result } from './result.js';
import { untilUpdated } from './drain-updates.js';
import { acceptUpdates, seedPasses, seedTenant, TENANT } from './seed.js';
import type { BenchDatabase, Servers } from './servers.js';
import { median } from './statistics.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** Fewer than a burst needs, so that each goes alone; of so many tenants, so that no provider's pace is what is measured. */
const EACH = 20;
const TENANTS = 10;
const BURST = Number(process.env['BENCH_COUNT'] ?? 1_000);
const SETTLE_MS = 2_500;
const IDLE_MS = 4_000;
const MERCHANT_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

const google = {
  type: 'loyalty',
  classSuffix: 'bench',
  class: {
    issuerName: 'Bench',
    programName: 'Bench',
    programLogo: { sourceUri: { uri: 'https://images.example/logo.png' } },
  },
  object: { loyaltyPoints: { label: 'Points', balance: { string: '{{points}}' } } },
  notifyOn: [],
};

/** What a number of updates has cost the engine and our database. */
interface Cost {
  events: number;
  transitions: number;
  runs: number;
  commits: number;
  perSecond: number;
}

/** A tenant with everything that an update may bring: Google (where told), write-back with records, a merchant's endpoint. */
async function seedEverything(
  bench: BenchDatabase,
  tenant: string,
  passes: number,
  outside: {
    apiKey: string;
    dataSourceId: string;
    merchantUrl: string;
    google: { issuerId: string; account: string } | null;
  },
): Promise<void> {
  await seedTenant(bench, tenant);
  await seedPasses(bench, passes, tenant);
  const db = bench.database.tenant(tenant);
  const klaviyo = { writeBack: true, dataSourceId: outside.dataSourceId };
  const settings = { klaviyo, ...(outside.google && { google: { issuerId: outside.google.issuerId } }) };
  await bench.owner('update tenants set settings = settings || $2::jsonb where tenant_id = $1', [
    tenant,
    JSON.stringify(settings),
  ]);
  await putSecret(db, SECRET_NAMES.klaviyoApiKey, outside.apiKey, benchSecretBox());
  if (outside.google) {
    await putSecret(db, SECRET_NAMES.googleServiceAccount, outside.google.account, benchSecretBox());
    await bench.owner(
      `update pass_type_versions set design = design || jsonb_build_object('google', $2::jsonb) where tenant_id = $1`,
      [tenant, JSON.stringify(google)],
    );
  }
  const endpoint = {
    tenantId: tenant,
    url: outside.merchantUrl,
    eventTypes: ['pass.updated'],
    secret: MERCHANT_SECRET,
  };
  await createEndpoint(db, { ...endpoint, atMost: 20 }, benchSecretBox());
}

async function dataSourceOf(klaviyoUrl: string, apiKey: string): Promise<string> {
  const attributes = { title: 'Bench', visibility: 'private', namespace: 'custom-objects' };
  const response = await fetch(`${klaviyoUrl}/api/data-sources`, {
    method: 'POST',
    headers: {
      authorization: `Klaviyo-API-Key ${apiKey}`,
      revision: '2026-10-15',
      'content-type': 'application/vnd.api+json',
    },
    body: JSON.stringify({ data: { type: 'data-source', attributes } }),
  });
  return ((await response.json()) as { data: { id: string } }).data.id;
}

/** Single updates with a push, Google, write-back and a merchant's webhook, and a burst of them (without Google, whose pace is its own). */
export async function benchEverythingOn(servers: Servers): Promise<Result> {
  const bench = await servers.createDatabase('everything');
  const tenants = Array.from({ length: TENANTS }, (_, i) => `${TENANT}-${i}`);
  const keyOf = (tenant: string): string => `pk_${tenant}`;
  const klaviyo = await startKlaviyoSimulator({
    // Each tenant's own account; the published limits stay on.
    accounts: [TENANT, ...tenants].map((tenant) => ({ apiKey: keyOf(tenant) })),
  });
  servers.onStop(() => klaviyo.close());
  const wallet = await startGoogleWalletSimulator({ settings: { requestsPerSecond: 1_000 } });
  servers.onStop(() => wallet.stop());
  const merchant = await startMerchantSimulator({ secret: MERCHANT_SECRET });
  servers.onStop(() => merchant.stop());
  for (const [place, tenant] of [TENANT, ...tenants].entries()) {
    const alone = tenant !== TENANT;
    await seedEverything(bench, tenant, alone ? EACH : BURST, {
      apiKey: keyOf(tenant),
      dataSourceId: await dataSourceOf(klaviyo.url, keyOf(tenant)),
      merchantUrl: merchant.url,
      google: alone
        ? { issuerId: `33880000000${10_000_000 + place}`, account: JSON.stringify(wallet.serviceAccount()) }
        : null,
    });
  }
  const phones = await preparePhones(bench, servers.folder, { first: 1, last: EACH, tenants });
  servers.onStop(() => phones.apns.stop());
  const env = productEnv(servers, bench, {
    APNS_URL: phones.apns.url,
    APNS_CA_FILE: phones.caFile,
    KLAVIYO_API_URL: klaviyo.url,
    GOOGLE_WALLET_API_URL: wallet.apiUrl,
    GOOGLE_TOKEN_URL: wallet.tokenUrl,
    LOG_LEVEL: 'warn',
  });
  const worker = startProduct('src/start-worker.ts', env, servers.folder);
  servers.onStop(() => worker.stop());
  const connection = await Connection.connect({ address: servers.temporalAddress });
  servers.onStop(() => connection.close());
  const client = new Client({ connection });

  const commits = async (): Promise<number> => {
    const [row] = await bench.owner<{ commits: number }>(
      'select xact_commit::int as commits from pg_stat_database where datname = current_database()',
    );
    return row!.commits;
  };
  const commitsIn = async (work: () => Promise<unknown>): Promise<{ commits: number; ms: number }> => {
    const [before, begun] = [await commits(), performance.now()];
    await work();
    // Connections report what they did a second late.
    await pause(SETTLE_MS);
    return { commits: (await commits()) - before, ms: performance.now() - begun };
  };
  const delivered = async (count: number): Promise<void> => {
    while (merchant.received.length < count) await pause(100);
  };
  let sent = 0;
  const seen = new Set<string>();
  const costOf = async (count: number, drain: () => Promise<number>): Promise<Cost> => {
    const idle = await commitsIn(() => pause(IDLE_MS));
    let perSecond = 0;
    const busy = await commitsIn(async () => {
      perSecond = await drain();
      await delivered((sent += count));
    });
    const cost = { events: 0, transitions: 0, runs: 0 };
    for await (const run of client.workflow.list()) {
      if (seen.has(run.runId)) continue;
      seen.add(run.runId);
      const { raw } = await client.workflow.getHandle(run.workflowId, run.runId).describe();
      cost.runs += 1;
      cost.events += Number(raw.workflowExecutionInfo?.historyLength ?? 0);
      cost.transitions += Number(raw.workflowExecutionInfo?.stateTransitionCount ?? 0);
    }
    const each = (value: number): number => value / count;
    return {
      ...{ runs: each(cost.runs), events: each(cost.events), transitions: each(cost.transitions), perSecond },
      commits: each(busy.commits - (idle.commits * busy.ms) / idle.ms),
    };
  };

  let points = 0;
  const ofTenants = (tenantsOfRound: readonly string[], last: number) => () =>
    untilUpdated(bench, async () => {
      const range = { first: 1, last, points: (points += 100_000) };
      const ids = await Promise.all(tenantsOfRound.map((tenant) => acceptUpdates(bench, { ...range, tenant })));
      return ids.flat();
    });
  const sides = {
    single: () => costOf(TENANTS * EACH, ofTenants(tenants, EACH)),
    burst: () => costOf(BURST, ofTenants([TENANT], BURST)),
  };
  const costs = { single: [] as Cost[], burst: [] as Cost[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of round % 2 === 0 ? (['single', 'burst'] as const) : (['burst', 'single'] as const)) {
      const cost = await sides[name]();
      const told = Object.entries(cost).map(([what, value]) => `${what} ${value.toFixed(2)}`);
      console.error(`  round ${round}: ${name}: ${told.join(', ')}`);
      if (round > 0) costs[name].push(cost);
    }
  }
  const of = (side: keyof typeof costs, what: keyof Cost): number[] => costs[side].map((cost) => cost[what]);
  const most = (what: 'events' | 'transitions' | 'commits', atMost: number): Ratio => ({
    ...{ name: `single update with everything on: ${what}`, value: median(of('single', what)), unit: '' },
    ...{ range: [Math.min(...of('single', what)), Math.max(...of('single', what))], goal: { atMost } },
  });
  const line = (name: string, side: keyof typeof costs, what: keyof Cost, unit: string) => ({
    ...{ name, value: median(of(side, what)), unit },
  });
  return {
    title: 'Push-updates with everything on',
    method:
      `${TENANTS * EACH} push-updates of ${TENANTS} tenants, each with a push, Google, write-back of profile, record and event, and a merchant's ` +
      `webhook, go as single runs; ${BURST} of one tenant go as bursts, with the same but for Google, whose pace is its own. All simulators run on ` +
      `this machine. Events and transitions are those of all runs in Temporal, commits those of our database without its load at rest, each ` +
      `divided by the updates. ${ROUNDS} rounds in turns, one worker process.`,
    lines: [
      line('single, everything on', 'single', 'perSecond', 'per second'),
      line('in bursts, everything on but Google', 'burst', 'perSecond', 'per second'),
      line('in bursts: events', 'burst', 'events', 'each'),
      line('in bursts: transitions', 'burst', 'transitions', 'each'),
      line('in bursts: commits', 'burst', 'commits', 'each'),
    ],
    ratios: [
      most('events', 16),
      most('transitions', 7),
      most('commits', 15),
      ratioOfRounds('events in a burst against a single update', of('burst', 'events'), of('single', 'events'), {
        atMost: 0.05,
      }),
      ratioOfRounds(
        'in bursts against single updates, everything on',
        of('burst', 'perSecond'),
        of('single', 'perSecond'),
      ),
    ],
  };
}
