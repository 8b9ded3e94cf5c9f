import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createCampaign, moveCampaign } from '../../src/database/campaigns/campaigns.js';
import { acceptHeldBack } from '../../src/database/bursts/held-back.js';
import { listMessages } from '../../src/database/messages/messages.js';
import { recordReceived } from '../../src/database/messages/received.js';
import { listSteps } from '../../src/database/operations/operations.js';
import type { PassRow } from '../../src/database/passes/passes.js';
import { createActivities } from '../../src/activities/index.js';
import { claimMessageActivity, showMessageActivity } from '../../src/activities/send-message.js';
import { campaignDefinition } from '../../src/passes/campaign.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestGoogle, type TestGoogle } from '../support/google.js';
import { accept, ended, until } from '../support/operations.js';
import { acceptMany, formBurst, messageInput, messageTo, seedSegment } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('messages to a pass', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let google: TestGoogle;
  let pushes = 0;

  before(async () => {
    test = await createTestDatabase();
    google = await startTestGoogle(test);
    const apple = { push: async () => (pushes++, { kind: 'delivered' as const, apnsId: null }) };
    engine = await startEngine(test, { burstShares: { atLeast: 20 }, deps: { google: google.wallet, apple } });
  });
  after(async () => {
    await engine.stop();
    await google.stop();
    await test.drop();
  });

  const begin = (tenant: SeededTenant, text: object | string, more: object = {}) =>
    accept(test, tenant, {
      kind: 'send-message',
      input: messageInput(tenant.email, { content: { text, title: null, link: null }, ...more }),
    });
  const send = async (tenant: SeededTenant, text: object | string, more: object = {}) =>
    ended(test, tenant.tenantId, await begin(tenant, text, more));
  const passOf = async (tenant: SeededTenant): Promise<PassRow> => await rowsOf(test).pass(tenant.pass.id);
  const rows = (tenant: SeededTenant) => listMessages(test.database.tenant(tenant.tenantId), tenant.pass.id, 20);
  const atGoogle = async (tenant: SeededTenant): Promise<Record<string, unknown>[]> => {
    const { object_id: objectId } = await google.live(tenant);
    return (google.simulator.object(objectId)?.['messages'] ?? []) as Record<string, unknown>[];
  };

  it('shows on both wallets, tells the merchant, and comes off again at its time, quietly', async () => {
    const tenant = await google.seed();
    await send(tenant, 'The first one');
    await google.simulator.save((await google.live(tenant)).object_id);
    const before = pushes;
    const row = await send(tenant, { en: 'Ready', de: 'Fertig' }, { validForSeconds: 2 });
    assert.deepEqual([row.status, row.outcome, row.revision], ['succeeded', 'message-sent', 3]);
    assert.equal(pushes, before + 1);
    const steps = await listSteps(test.database.tenant(tenant.tenantId), row.operation_id);
    assert.deepEqual(
      steps.map(({ step, state }) => `${step} ${state}`).sort(),
      ['claim-message', 'find-pass', 'notify-devices', 'show-message', 'update-google-object'].map(
        (s) => `${s} succeeded`,
      ),
    );
    const shown = await atGoogle(tenant);
    assert.deepEqual(
      shown.map(({ body, messageType }) => [body, messageType]),
      [
        ['The first one', 'TEXT'],
        ['Ready', 'TEXT_AND_NOTIFY'],
      ],
      'a new object is not announced',
    );
    const events = await rowsOf(test).events({ operationId: row.operation_id }, 'type');
    assert.deepEqual(events, [{ type: 'message.sent' }]);

    // What others changed meanwhile stays.
    const data = { points: 77 };
    const input = {
      identifiers: [{ kind: 'email', value: tenant.email }],
      passType: null,
      data,
      updateMetadata: false,
    };
    await ended(test, tenant.tenantId, await accept(test, tenant, { kind: 'push-update', input }));
    await until(async () => (await rows(tenant))[0]!.state === 'ended', 'the message to end');
    const [end] = await test.owner<{ operation_id: string }>(
      "select operation_id from operations where tenant_id = $1 and kind = 'end-message'",
      [tenant.tenantId],
    );
    assert.equal((await ended(test, tenant.tenantId, end!.operation_id)).outcome, 'message-ended');
    const pass = await passOf(tenant);
    assert.deepEqual([pass.messages.map(({ text }) => text), pass.data['points']], [['The first one'], 77]);
    assert.deepEqual(
      (await atGoogle(tenant)).map(({ body }) => body),
      ['The first one'],
    );
  });

  it('notifies at Google three times in 24 hours, then arrives quietly and says so; the last five stay', async () => {
    const tenant = await google.seed();
    await send(tenant, 'zero');
    await google.simulator.save((await google.live(tenant)).object_id);
    const details: unknown[] = [];
    for (const text of ['one', 'two', 'three', 'four', 'five']) {
      const row = await send(tenant, text);
      const steps = await listSteps(test.database.tenant(tenant.tenantId), row.operation_id);
      details.push(steps.find(({ step }) => step === 'update-google-object')!.detail['message']);
    }
    assert.deepEqual(details, ['sent', 'sent', 'sent', 'quiet: 3 in 24 h', 'quiet: 3 in 24 h']);
    const texts = ['one', 'two', 'three', 'four', 'five'];
    assert.deepEqual(
      (await passOf(tenant)).messages.map(({ text }) => text),
      texts,
    );
    assert.deepEqual(
      (await atGoogle(tenant)).map(({ body }) => body),
      texts,
    );
  });

  it('holds back by cap and consent as the tenant says, service passes the cap, and many at once do not slip through', async () => {
    const tenant = await google.seed();
    const rules = { cap: { most: 2, hours: 24 }, heldBack: 'drop' };
    await test.owner(
      "update tenants set settings = settings || jsonb_build_object('messages', $2::jsonb) where tenant_id = $1",
      [tenant.tenantId, JSON.stringify(rules)],
    );
    const ids = await Promise.all(Array.from({ length: 6 }, (_, i) => begin(tenant, `message ${i}`)));
    const ends = await Promise.all(ids.map((id) => ended(test, tenant.tenantId, id)));
    const count = (outcome: string) => ends.filter((row) => row.outcome === outcome).length;
    assert.deepEqual([count('message-sent'), count('message-held-back')], [2, 4]);
    assert.match(ends.find((row) => row.outcome === 'message-held-back')!.reason!, /cap/);
    assert.equal((await send(tenant, 'Your table', { class: 'service' })).outcome, 'message-sent');
  });

  it('is received once a phone fetched the pass with it, once', async () => {
    const tenant = await google.seed();
    const { operation_id: messageId } = await send(tenant, 'Hello');
    const sql = test.database.tenant(tenant.tenantId);
    await Promise.all([recordReceived(sql, await passOf(tenant)), recordReceived(sql, await passOf(tenant))]);
    const received = () =>
      test.owner<{ payload: { messageId: string } }>(
        "select payload from events where tenant_id = $1 and type = 'message.received'",
        [tenant.tenantId],
      );
    const events = await until(async () => {
      const found = await received();
      return found.length > 0 && found;
    }, 'the event');
    assert.deepEqual(
      events.map(({ payload }) => payload.messageId),
      [messageId],
    );
    assert.ok((await rows(tenant))[0]!.received_at !== null, 'the row says it too');
  });

  it('is not shown where it was ended between its turn and its beginning', async () => {
    const tenant = await google.seed();
    const operationId = randomUUID();
    const text = { text: 'Too late', title: null, link: null };
    const times = { validUntil: null, validForSeconds: null, notBefore: null, respectQuietHours: null };
    await test.owner(
      `insert into operations (operation_id, tenant_id, kind, origin, input, dispatch_after)
       values ($1, $2, 'send-message', 'api', $3, 'infinity')`,
      [operationId, tenant.tenantId, JSON.stringify({ identifiers: [], content: text, class: 'service', ...times })],
    );
    const ref = { tenantId: tenant.tenantId, operationId, run: 1, passId: tenant.pass.id };
    assert.deepEqual(await claimMessageActivity(engine.deps)(ref), { result: 'send' });
    const input = { passId: tenant.pass.id, messageId: operationId };
    const end = await ended(test, tenant.tenantId, await accept(test, tenant, { kind: 'end-message', input }));
    assert.equal(end.outcome, 'unchanged');
    assert.deepEqual(await showMessageActivity(engine.deps)(ref), { revision: null });
    assert.deepEqual((await passOf(tenant)).messages, []);
    assert.equal((await rows(tenant))[0]!.state, 'ended');
  });

  it('refuses a pass that is no longer valid, before its turn is taken', async () => {
    const tenant = await google.seed();
    await test.owner("update passes set state = 'voided' where pass_id = $1", [tenant.pass.id]);
    const row = await send(tenant, 'Hello');
    assert.deepEqual([row.status, row.outcome], ['failed', 'state-conflict']);
    assert.deepEqual(await rows(tenant), []);
  });

  it('of a burst come to Google as single ones do: all are there, and the newest speaks', async () => {
    const tenant = await google.seed();
    await send(tenant, 'The first one');
    await google.simulator.save((await google.live(tenant)).object_id);
    const texts = ['The second one', 'The third one'];
    const inputs = texts.map((text) =>
      messageTo(1, { passId: tenant.pass.id, content: { text, title: null, link: null } }),
    );
    const ids = await acceptMany(test, tenant, inputs, { kinds: inputs.map(() => 'send-message'), later: true });
    const ref = await formBurst(test, tenant.tenantId, ids, 'send-message');
    const steps = createActivities(engine.deps);
    await steps['burst-find-pass'](ref);
    await steps['burst-claim-message'](ref);
    await steps['burst-show-message'](ref);
    await steps['burst-notify-devices']({ ...ref, ends: false });
    await steps['burst-update-google-object']({ ...ref, from: 0 });
    await steps['burst-end-told'](ref);
    const outcomes = await test.owner<{ outcome: string }>(
      'select outcome from operations where operation_id = any($1)',
      [ids],
    );
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['message-sent', 'message-sent'],
    );
    const there = (await atGoogle(tenant)).map(({ messageType }) => messageType);
    assert.deepEqual(there.slice(1), ['TEXT', 'TEXT_AND_NOTIFY']);
  });

  it('are held while their campaign stands still, after quiet hours too, and none of them goes when it is cancelled', async () => {
    const clock = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    const tenant = await seedTenant(test, { messages: { quietHours: { from: clock(-2), until: clock(2) } } });
    const count = 80;
    await seedSegment(test, tenant, count);
    const sql = test.database.tenant(tenant.tenantId);
    const campaignId = randomUUID();
    const action = { type: 'message', message: { message: 'Hello' } };
    const asked = campaignDefinition.parse({ audience: { filter: { installedOn: 'apple' } }, action });
    const { identifiers: _, ...messageInput } = messageTo(1);
    const definition = { ...asked, messageInput };
    await createCampaign(sql, { campaignId, name: 'Sale', definition, test: false, confirmed: true });
    const held = async (reason: string) => {
      const [row] = await test.owner<{ n: number; rows: number }>(
        `select count(*)::int as n, count(*) filter (where dispatched_at is null)::int as rows
           from operations o join operation_steps s using (operation_id)
          where o.tenant_id = $1 and s.step = 'claim-message' and s.state = 'waiting' and detail ->> 'heldBack' = $2`,
        [tenant.tenantId, reason],
      );
      return row!;
    };
    await until(async () => (await held('quiet-hours')).n === count, 'all to be held back');
    const { rows } = await held('quiet-hours');
    assert.ok(rows > 0, 'some wait as rows');
    assert.equal((await moveCampaign(sql, campaignId, 'pause'))?.state, 'paused');
    // Their time comes while the campaign stands still.
    await acceptHeldBack(test.database.system, new Date(Date.now() + 3 * 3_600_000), 1_000);
    await until(async () => (await held('paused')).n === rows, 'them to find the pause');
    assert.equal((await moveCampaign(sql, campaignId, 'resume'))?.state, 'running');
    await acceptHeldBack(test.database.system, new Date(), 1_000);
    // Those that sleep in runs of their own see it seconds later.
    await until(async () => (await held('quiet-hours')).n > count - rows, 'them to be judged again');
    assert.equal((await moveCampaign(sql, campaignId, 'cancel'))?.state, 'cancelled');
    const ends = () =>
      test.owner<{ outcome: string; n: number }>(
        `select outcome, count(*)::int as n from operations where tenant_id = $1 and kind = 'send-message' group by 1`,
        [tenant.tenantId],
      );
    await until(async () => (await ends()).every(({ outcome }) => outcome !== null), 'all of them to end');
    assert.deepEqual(await ends(), [{ outcome: 'cancelled', n: count }]);
    assert.deepEqual(await test.owner('select from messages where tenant_id = $1', [tenant.tenantId]), []);
  });
});
