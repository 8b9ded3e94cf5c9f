import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type Client, ServiceError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import { createCampaign, findCampaign, moveCampaign } from '../../src/database/campaigns/campaigns.js';
import type { CampaignDefinition } from '../../src/passes/campaign.js';
import type { OperationKind } from '../../src/passes/operation.js';
import { startReconciler } from '../../src/dispatch/reconcile.js';
import { workflowId } from '../../src/workflows/workflow-ids.js';
import { seedSegment } from '../support/segment.js';
import { claimUnderWay } from '../../src/database/operations/reconcile.js';
import { recoverEngine } from '../../src/worker/recover-engine.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';
import { startDispatcher } from '../../src/dispatch/dispatcher.js';
import { startDeliveryReconciler } from '../../src/dispatch/reconcile-deliveries.js';
import { TransientError, WaitForTurn } from '../../src/common/errors.js';
import { main } from '../../src/cli/main.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const log = pino({ level: 'silent' });
const grpc = (code: number) =>
  new ServiceError('Failed to start Workflow', {
    cause: Object.assign(new Error('no mapping defined for search attribute'), { code, details: '', metadata: {} }),
  });

describe("where Temporal's data was lost", () => {
  let test: TestDatabase;
  let tenant: SeededTenant;
  before(async () => {
    test = await createTestDatabase();
    tenant = await seedTenant(test);
  });
  after(() => test.drop());
  const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };

  it('makes the search attributes anew after a refused start, and starts the oldest first', async () => {
    const ids = [];
    for (let n = 0; n < 6; n++) ids.push(await accept(test, tenant, { kind: 'push-update', input }));
    const [sequence, started]: [string[], string[]] = [[], []];
    let refused = true;
    const client = {
      workflow: {
        async start(_type: string, { args }: { args: [{ operationId: string }] }) {
          sequence.push(args[0].operationId);
          if (refused) throw grpc(3);
          started.push(args[0].operationId);
          await test.owner(`update operations set status = 'running' where operation_id = $1`, [args[0].operationId]);
        },
      },
    } as unknown as Client;
    let repairs = 0;
    const repair = async () => {
      repairs++;
      // What comes meanwhile must not overtake what waits.
      ids.push(await accept(test, tenant, { kind: 'push-update', input }));
      refused = false;
    };
    const options = { database: test.database, client, log, taskQueue: 'none', eager: false, sweepMs: 50, repair };
    const dispatcher = startDispatcher({ ...options, batch: 1 });
    await until(async () => started.length === 7, 'all to start');
    await dispatcher.stop();
    assert.equal(repairs, 1);
    assert.deepEqual([...started].sort(), [...ids].sort());
    assert.equal(started.at(-1), ids.at(-1), 'what came meanwhile overtook nobody');
    await test.owner(`update operations set status = 'cancelled', ended_at = now()`);
  });

  it('makes them anew after a refused burst, too: there may be nothing else to start', async () => {
    for (let n = 0; n < 6; n++) await accept(test, tenant, { kind: 'push-update', input });
    let refused = true;
    const types: string[] = [];
    const client = {
      workflow: {
        async start(type: string) {
          types.push(type);
          if (refused) throw grpc(3);
          await test.owner(`update operations set status = 'running' where status = 'accepted'`);
        },
      },
    } as unknown as Client;
    let repairs = 0;
    const repair = async () => {
      repairs++;
      refused = false;
    };
    const options = { database: test.database, client, log, taskQueue: 'none', eager: false, sweepMs: 50, repair };
    const dispatcher = startDispatcher({ ...options, burstShares: { atLeast: 5, most: 50 } });
    await until(async () => types.length >= 2 && !refused, 'the burst to start');
    await dispatcher.stop();
    assert.deepEqual([...new Set(types)], ['pushUpdateBurst']);
    assert.equal(repairs, 1);
    await test.owner(`update operations set status = 'cancelled', ended_at = now(), burst_id = null`);
    await test.owner('delete from bursts');
  });

  it('delivers anew what Temporal does not know', async () => {
    const engine = await startEngine(test, { dispatch: false });
    const reconciler = startDeliveryReconciler({ database: test.database, client: engine.client, log, everyMs: 25 });
    const [row] = await test.owner<{ delivery_id: string }>(
      `with endpoint as (
         insert into webhook_endpoints (tenant_id, url, event_types) values ($1, 'https://merchant.example', '{pass.updated}')
         returning endpoint_id
       ), event as (
         insert into events (event_id, tenant_id, type, payload, fanned_out)
         values (gen_random_uuid(), $1, 'pass.updated', '{}', true) returning event_id
       )
       insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, status, next_attempt_at, dispatch_after)
       select gen_random_uuid(), $1, endpoint_id, event_id, 'retrying', now() + interval '20 hours', now() - interval '6 minutes'
         from endpoint, event returning delivery_id`,
      [tenant.tenantId],
    );
    const now = async () =>
      (
        await test.owner<{ status: string; run: number }>('select status, run from deliveries where delivery_id = $1', [
          row!.delivery_id,
        ])
      )[0]!;
    await until(async () => (await now()).run === 2, 'the next run');
    assert.equal((await now()).status, 'accepted');
    await reconciler.stop();
    await engine.stop();
  });

  it('compares what is under way soon, where the search attributes had to be registered again, and only there', async () => {
    const id = await accept(test, tenant, { kind: 'push-update', input });
    await test.owner(`update operations set status = 'running', dispatch_after = now() where operation_id = $1`, [id]);
    const due = async () =>
      (await claimUnderWay(test.database.system, 10, { settledMs: 300_000, againMs: 600_000 })).map(
        ({ operationId }) => operationId,
      );
    const known: Record<string, number> = { PassrelayTenant: 2 };
    const connection = {
      operatorService: {
        listSearchAttributes: async () => ({ customAttributes: { ...known } }),
        addSearchAttributes: async (added: { searchAttributes: object }) =>
          void Object.assign(known, added.searchAttributes),
      },
    } as unknown as NativeConnection;
    assert.deepEqual(await due(), []);
    const late = await accept(test, tenant, { kind: 'push-update', input });
    await recoverEngine(connection, 'default', test.database.system, log, 200);
    assert.deepEqual(Object.keys(known).sort(), Object.keys(SEARCH_ATTRIBUTES).sort());
    assert.deepEqual(await due(), [id]);
    // A step of the lost run was at work meanwhile: it says so only now.
    const start = `update operations set status = 'running', dispatch_after = now() where operation_id = $1`;
    await test.owner(start, [late]);
    await until(async () => (await due()).includes(late), 'the second comparison');
    await test.owner(`update operations set status = 'cancelled', ended_at = now() where operation_id = $1`, [late]);
    await test.owner(`update operations set dispatch_after = now() where operation_id = $1`, [id]);
    await recoverEngine(connection, 'default', test.database.system, log);
    assert.deepEqual(await due(), []);
    await test.owner(`update operations set status = 'cancelled', ended_at = now() where operation_id = $1`, [id]);
  });

  it('a campaign goes on with the rows that are left, in flight and paused: nobody is left out, nobody told twice', async () => {
    const brand = await seedTenant(test, { pushWindowSeconds: 0 });
    await seedSegment(test, brand, 12);
    const db = test.database.tenant(brand.tenantId);
    const campaignId = randomUUID();
    // Rows are due when the campaign was made, by the clock of the database.
    let nowMs = Date.now() + 60_000;
    let phonesAreAway = true;
    const pushed: string[] = [];
    const push = async ({ pushToken }: { pushToken: string }) => {
      if (phonesAreAway && pushed.length >= 3) throw new TransientError('apns-unreachable', 'The network is away.');
      pushed.push(pushToken);
      return { kind: 'delivered' as const, apnsId: 'test' };
    };
    const begin = async () => {
      const engine = await startEngine(test, { deps: { now: () => nowMs, apple: { push } } });
      const { client } = engine;
      const looks = startReconciler({
        database: test.database,
        client,
        log,
        everyMs: 100,
        settledMs: 0,
        againMs: 1_000,
      });
      return { engine, looks };
    };
    /** Everything stops, and the engine's data are gone. */
    const lose = async ({ engine, looks }: Awaited<ReturnType<typeof begin>>) => {
      const { client } = engine;
      await looks.stop();
      const open = await test.owner<{ kind: OperationKind; operation_id: string; run: number }>(
        'select kind, operation_id, run from operations where tenant_id = $1 and ended_at is null',
        [brand.tenantId],
      );
      for (const { kind, operation_id: operationId, run } of open) {
        const workflowExecution = { workflowId: workflowId({ kind, operationId, run }) };
        const known = () => client.workflow.getHandle(workflowExecution.workflowId).describe();
        await client.workflowService
          .deleteWorkflowExecution({ namespace: 'default', workflowExecution })
          .catch((error: unknown) => assert.equal((error as { code?: number }).code, 5, 'only what was never started'));
        await until(
          () =>
            known().then(
              () => false,
              () => true,
            ),
          'the workflow to be gone',
        );
      }
      await engine.stop();
      return open.length;
    };
    const rows = () =>
      test.owner<{ state: string; outcome: string | null; n: number }>(
        'select state, outcome, count(*)::int as n from campaign_rows where campaign_id = $1 group by 1, 2 order by 1',
        [campaignId],
      );
    const done = async (n: number) => (await rows()).some((row) => row.state === 'done' && row.n === n);

    let running = await begin();
    const content = { text: 'Open until nine', title: null, link: null };
    const times = { validUntil: null, validForSeconds: null, notBefore: null, respectQuietHours: null };
    await createCampaign(db, {
      campaignId,
      name: 'Late opening',
      definition: {
        audience: { filter: { installedOn: 'apple', states: ['active'], fields: [] } },
        action: { type: 'message', message: { message: content.text } },
        messageInput: { content, class: 'service', ...times },
        schedule: { perMinute: 600 },
        holdoutPercent: 0,
      } as CampaignDefinition,
      test: false,
      confirmed: true,
    });
    await until(() => done(1), 'the first row');
    nowMs += 500;
    await until(
      async () => (await done(3)) && (await rows()).some(({ state, n }) => state === 'accepted' && n === 3),
      'six',
    );
    assert.deepEqual(await moveCampaign(db, campaignId, 'pause'), { state: 'paused', moved: true });
    assert.ok((await lose(running)) >= 4, 'the campaign and three of its messages are under way');
    phonesAreAway = false;
    nowMs += 3 * 86_400_000;
    running = await begin();
    await until(() => done(6), 'what was in flight to end');
    assert.deepEqual(
      (await rows()).map(({ state, n }) => [state, n]),
      [
        ['done', 6],
        ['waiting', 6],
      ],
    );
    await moveCampaign(db, campaignId, 'resume');
    await until(async () => {
      nowMs += 1_000;
      return done(12);
    }, 'the rest');
    await until(async () => (await findCampaign(db, campaignId))?.state === 'ended', 'its end');
    await running.looks.stop();
    await running.engine.stop();
    assert.deepEqual(await rows(), [{ state: 'done', outcome: 'message-sent', n: 12 }]);
    assert.deepEqual([pushed.length, new Set(pushed).size], [12, 12], 'each phone was told once');
    const [counted] = await test.owner<{ messages: number; revisions: number; operations: number }>(
      `select (select count(*)::int from messages where tenant_id = $1) as messages,
              (select count(*)::int from pass_revisions where tenant_id = $1) as revisions,
              (select count(*)::int from operations where tenant_id = $1 and kind = 'send-message') as operations`,
      [brand.tenantId],
    );
    assert.deepEqual(counted, { messages: 12, revisions: 12, operations: 12 });
  });

  it('a person sets it going with one command, after a look at what it would do', async () => {
    const id = await accept(test, tenant, { kind: 'push-update', input });
    await test.owner(`update operations set status = 'running', dispatch_after = now() where operation_id = $1`, [id]);
    const run = async (...args: string[]) => {
      const lines: string[] = [];
      const say = (line: string) => void lines.push(line);
      const env = {
        DATABASE_URL: test.url,
        TEMPORAL_ADDRESS: process.env['TEST_TEMPORAL_ADDRESS']!,
        PASSRELAY_ENV: 'production',
      };
      assert.equal(await main(['temporal', 'recover', ...args], env, { out: say, err: say }), 0, lines.join());
      return lines.join(' ');
    };
    const age = async () =>
      (
        await test.owner<{ old: boolean }>(
          `select dispatch_after < now() - interval '6 minutes' as old from operations where operation_id = $1`,
          [id],
        )
      )[0]!.old;
    assert.match(await run(), /1 operations .* under way.*--yes/);
    assert.equal(await age(), false);
    assert.match(await run('--yes'), /search attributes are there.*1 operations/);
    assert.equal(await age(), true);
  });
});

describe('a step that waits for its turn', () => {
  it('fails no attempt by it: the next real fault is met by the first pause again', async () => {
    const test = await createTestDatabase();
    const tenant = await seedTenant(test, { google: { issuerId: '1' }, pushWindowSeconds: 0 });
    let turns = 0;
    let finds = 0;
    const engine = await startEngine(test, {
      stepInterceptors: [
        (context) => ({
          inbound: {
            async execute(given, next) {
              const { activityType } = context.info;
              // After trouble at the first step the others are activities of their own.
              if (activityType === 'find-pass' && finds++ === 0)
                throw new TransientError('database-unavailable', 'It is away.');
              if (activityType === 'update-google-object' && turns++ < 4) {
                throw new WaitForTurn('google-budget', 'The requests are queueing up.', 20);
              }
              return next(given);
            },
          },
        }),
      ],
    });
    try {
      const identifiers = [{ kind: 'email', value: tenant.email }];
      const update = { identifiers, passType: null, data: { points: 5 }, updateMetadata: false };
      const id = await accept(test, tenant, { kind: 'push-update', input: update });
      assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'updated');
      assert.equal(turns, 5);
      const { events } = await engine.client.workflow.getHandle(`push-update/${id}`).fetchHistory();
      const attempts = events!.flatMap((event) => event.activityTaskStartedEventAttributes?.attempt ?? []);
      assert.deepEqual(attempts, [1, 1, 1, 1, 1, 1]);
    } finally {
      await engine.stop();
      await test.drop();
    }
  });
});
