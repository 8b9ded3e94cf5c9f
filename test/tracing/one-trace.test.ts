import assert from 'node:assert/strict';
import { randomUUID, X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { findOperation } from '../../src/database/operations/operations.js';
import { claimBurst } from '../../src/database/bursts/dispatch.js';
import { createEndpoint } from '../../src/database/merchants/webhook-endpoints.js';
import { putCertificate } from '../../src/database/tenants/certificates.js';
import { BURST_SHARES } from '../../src/dispatch/bursts.js';
import { startBurst } from '../../src/dispatch/start-burst.js';
import { newWebhookSecret } from '../../src/merchants/sign.js';
import { startApnsSimulator, type ApnsSimulator } from '../../src/simulators/apns/apns.js';
import { startMerchantSimulator, type MerchantSimulator } from '../../src/simulators/merchant/merchant.js';
import { KEPT_ATTRIBUTES } from '../../src/tracing/attributes.js';
import { startTracing, type Tracing } from '../../src/tracing/start-tracing.js';
import { createThrowawayAuthority } from '../../src/wallets/apple/throwaway-certificates.js';
import { createAppleNotifier } from '../../src/worker/apple-notifier.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestGoogle, updateOf, type TestGoogle } from '../support/google.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended, until } from '../support/operations.js';
import { testSecretBox } from '../support/secret-box.js';
import type { SeededTenant } from '../support/tenant.js';
import { startTraceReceiver, type ReceivedSpan, type TraceReceiver } from '../support/trace-receiver.js';

const TOPIC = 'pass.example.card';
const PUSH_TOKEN = 'ab'.repeat(32);
const VALUE = 'planted-value-of-a-field';
const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
const log = pino({ level: 'silent' });

describe('tracing', () => {
  let test: TestDatabase;
  let receiver: TraceReceiver;
  let tracing: Tracing;
  let api: TestApi;
  let engine: TestEngine;
  let google: TestGoogle;
  let klaviyo: TestKlaviyo;
  let apns: ApnsSimulator;
  let merchant: MerchantSimulator;
  let tenant: SeededTenant;
  let notifier: ReturnType<typeof createAppleNotifier>;
  const authority = createThrowawayAuthority({ commonName: 'Test', now: Date.now });
  const engineOf = (taskQueue?: string, dispatch = true): Promise<TestEngine> =>
    startEngine(test, {
      tracing: tracing.engine,
      dispatch,
      ...(taskQueue !== undefined && { taskQueue }),
      deps: { apple: notifier, google: google.wallet, klaviyo: klaviyo.access },
    });

  before(async () => {
    receiver = await startTraceReceiver();
    Object.assign(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    });
    tracing = (await startTracing({ protocol: 'http/json' }, 'passrelay-test', log))!;
    test = await createTestDatabase();
    google = await startTestGoogle(test);
    klaviyo = await startTestKlaviyo(test);
    tenant = await google.seed();
    const { tenantId } = tenant;
    const other = await klaviyo.tenant();
    await klaviyo.setKey(tenantId, klaviyo.simulator.apiKey);
    await test.owner(
      `update tenants set settings = settings || jsonb_build_object('waitForUnknownPassSeconds', 4, 'klaviyo',
         (select settings->'klaviyo' from tenants where tenant_id = $2)) where tenant_id = $1`,
      [tenantId, other.tenantId],
    );
    const server = authority.issueServerCertificate();
    apns = await startApnsSimulator({
      serverCertificatePem: server.certificatePem,
      serverKeyPem: server.privateKeyPem,
      clientCaPem: authority.certificatePem,
    });
    apns.registerToken(PUSH_TOKEN, TOPIC);
    const pair = authority.issuePassTypeCertificate({
      passTypeIdentifier: TOPIC,
      teamIdentifier: 'TEAM',
      organizationName: 'Test',
    });
    const leaf = new X509Certificate(pair.certificatePem);
    await putCertificate(
      test.database.tenant(tenantId),
      {
        ...{ tenantId, passTypeIdentifier: TOPIC, teamIdentifier: 'TEAM', ...pair },
        fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
        wwdrPem: authority.certificatePem,
        notBefore: new Date(),
        notAfter: new Date(leaf.validTo),
      },
      testSecretBox,
    );
    notifier = createAppleNotifier({
      ...{ database: test.database, secretBox: testSecretBox, apnsUrl: apns.url, caPem: authority.certificatePem },
      ...{ now: Date.now, log },
    });
    const secret = newWebhookSecret();
    merchant = await startMerchantSimulator({ secret });
    await createEndpoint(
      test.database.tenant(tenantId),
      { tenantId, url: merchant.url, eventTypes: ['pass.updated'], secret, atMost: 20 },
      testSecretBox,
    );
    api = await startTestApi({ database: test.database });
    engine = await engineOf();
  });
  after(async () => {
    await engine.stop();
    await notifier.close();
    await api.close();
    await Promise.all([google.stop(), klaviyo.simulator.close(), apns.stop(), merchant.stop()]);
    await tracing.stop();
    await receiver.stop();
    await test.drop();
  });

  const traceOf = (traceId: string): ReceivedSpan[] => receiver.spans.filter((span) => span.traceId === traceId);
  const complete = (traceId: string, names: readonly string[]): Promise<ReceivedSpan[]> =>
    until(
      async () => {
        const trace = traceOf(traceId);
        return names.every((name) => trace.some((span) => span.name === name)) && trace;
      },
      `spans ${names.join(', ')}`,
    ).catch((error: Error) => {
      throw new Error(
        `${error.message}; there are ${traceOf(traceId)
          .map(({ name }) => name)
          .join(', ')}`,
      );
    });
  /** The names on the way from a span up to the caller. */
  const pathOf = (trace: readonly ReceivedSpan[], span: ReceivedSpan): string[] => {
    const parent = trace.find(({ spanId }) => spanId === span.parentSpanId);
    return [span.name, ...(parent ? pathOf(trace, parent) : [])];
  };
  const send = async (body: object, headers: Record<string, string> = {}): Promise<string> => {
    const response = await api.pushUpdate(tenant.tenantId, tenant.keys.listener, body, headers);
    assert.equal(response.status, 200, await response.text());
    return response.headers.get('x-correlation-id')!;
  };
  const assertWhole = (trace: readonly ReceivedSpan[], roots: readonly (string | undefined)[]): void => {
    const ids = trace.map(({ spanId }) => spanId);
    const twice = trace.filter(({ spanId }, index) => ids.indexOf(spanId) !== index);
    assert.deepEqual(
      twice.map(({ name }) => name),
      [],
      'spans came twice',
    );
    for (const span of trace) {
      const known = ids.includes(span.parentSpanId ?? '') || roots.includes(span.parentSpanId || undefined);
      assert.ok(known, `the parent of ${span.name} never came`);
    }
  };

  const REQUEST = 'POST /api/:tenantId/webhooks/listeners/klaviyo/passes/pushUpdate';
  const RUN = ['RunWorkflow:pushUpdate', 'StartWorkflow:pushUpdate', 'dispatch', REQUEST];

  it('goes from the caller over request, dispatch, workflow and steps to each provider and the merchant', async () => {
    const body = { identifiers: { email: tenant.email }, additionalData: { points: 77, tier: VALUE } };
    const operationId = await send(body, { traceparent, baggage: 'email=planted@example.com' });
    await ended(test, tenant.tenantId, operationId);
    const providers = [
      'POST /3/device/{token}',
      'POST /walletobjects/v1/loyaltyClass',
      'POST /walletobjects/v1/loyaltyObject',
      'POST /api/profile-import',
      'POST /api/data-source-record-create-jobs',
      'POST to the merchant',
    ];
    const trace = await complete(CALLER.traceId, [...providers, ...RUN, 'RunWorkflow:deliverWebhook']);
    assertWhole(trace, [CALLER.spanId]);
    const path = (name: string): string[] =>
      pathOf(
        trace,
        trace.find((span) => span.name === name)!,
      );
    const step = (name: string): string[] => [`RunActivity:${name}`, `StartActivity:${name}`, ...RUN];
    const firstTry = (name: string): string[] => [name, ...step('tell-everybody')];
    assert.deepEqual(path('POST /3/device/{token}').slice(1), firstTry('notify-devices'));
    assert.deepEqual(path('POST /walletobjects/v1/loyaltyObject').slice(1), firstTry('update-google-object'));
    assert.deepEqual(path('POST /api/profile-import').slice(1), firstTry('write-back'));
    assert.deepEqual(path('RunActivity:find-pass'), step('find-pass'));
    assert.deepEqual(path('POST to the merchant'), [
      'POST to the merchant',
      'RunActivity:deliver-attempt',
      'StartActivity:deliver-attempt',
      'RunWorkflow:deliverWebhook',
      'StartWorkflow:deliverWebhook',
      'dispatch',
      REQUEST,
    ]);
    assert.equal(trace.find(({ name }) => name === REQUEST)!.parentSpanId, CALLER.spanId);

    for (const span of trace) {
      const { attributes } = span;
      assert.equal(attributes['passrelay.tenant_id'], tenant.tenantId, span.name);
      assert.equal(attributes['passrelay.correlation_id'], operationId, span.name);
      for (const name of Object.keys(attributes)) assert.ok(KEPT_ATTRIBUTES.has(name), `${span.name} has ${name}`);
      assert.equal(span.resource['service.name'], 'passrelay-test');
      assert.equal(span.resource['deployment.environment'], 'test');
    }
    const push = trace.find(({ name }) => name === providers[0])!.attributes;
    assert.equal(push['passrelay.kind'], 'push-update');
    assert.equal(push['passrelay.step'], 'notify-devices');
    assert.equal(push['passrelay.result'], 'delivered');
    const kinds = new Set(trace.map(({ attributes }) => attributes['passrelay.kind']));
    assert.deepEqual([...kinds].sort(), ['deliver-webhook', 'push-update']);
  });

  it('emits nothing twice when another worker replays a run', async () => {
    const caller = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    const operationId = await send(
      { identifiers: { email: 'nobody@example.com' }, additionalData: { points: 1 } },
      { traceparent: `00-${caller.traceId}-${caller.spanId}-01` },
    );
    await complete(caller.traceId, ['RunActivity:find-pass']);
    const { taskQueue } = engine;
    await engine.stop();
    engine = await engineOf(taskQueue);
    await ended(test, tenant.tenantId, operationId);
    const trace = await complete(caller.traceId, RUN);
    assertWhole(trace, [caller.spanId]);
    const count = (name: string): number => trace.filter((span) => span.name === name).length;
    assert.equal(count('RunWorkflow:pushUpdate'), 1);
    assert.ok(count('StartActivity:find-pass') >= 2, 'the run did not look again after the first worker was gone');
    assert.equal(count('StartActivity:find-pass'), count('RunActivity:find-pass'));
  });

  it('links a burst to the traces of its operations', async () => {
    const { taskQueue } = engine;
    await engine.stop();
    engine = await engineOf(taskQueue, false);
    const sql = test.database.tenant(tenant.tenantId);
    const traces = Array.from({ length: 6 }, (_, index) => `${index}`.padStart(32, 'c'));
    const ids: string[] = [];
    for (const [index, traceId] of traces.entries()) {
      const { input } = updateOf(tenant, { points: 100 + index });
      const operationId = await accept(test, tenant, { kind: 'push-update', input });
      ids.push(operationId);
      await test.owner('update operations set trace_context = $2 where operation_id = $1', [
        operationId,
        `00-${traceId}-${'d'.repeat(16)}-01`,
      ]);
    }
    const shares = { ...BURST_SHARES, atLeast: 5, dispatcherId: randomUUID() };
    const { burst } = await claimBurst(test.database.system, 15_000, shares);
    assert.equal(burst!.operationIds.length, ids.length);
    assert.equal(await startBurst(engine.client, burst!, { taskQueue, eager: false }), 'started');
    for (const id of ids) {
      await until(async () => (await findOperation(sql, id))!.started_at !== null, `the burst of ${id}`);
    }
    const dispatched = await until(
      async () => receiver.spans.find(({ name, links }) => name === 'dispatch' && links && links.length > 0),
      'the dispatch of a burst',
    );
    assert.deepEqual(dispatched.links!.map(({ traceId }) => traceId).sort(), traces);
    assert.equal(dispatched.parentSpanId || undefined, undefined, 'a burst begins a trace');
    const trace = await complete(dispatched.traceId, ['StartWorkflow:pushUpdateBurst']);
    for (const { name, attributes } of trace) {
      assert.equal(attributes['passrelay.tenant_id'], tenant.tenantId, name);
      assert.equal(attributes['passrelay.kind'], 'push-update-burst', name);
    }
  });

  it('says nothing personal', () => {
    const said = receiver.raw.join('\n');
    assert.match(said, /RunActivity:find-pass/);
    const planted = [tenant.email, encodeURIComponent(tenant.email), VALUE, PUSH_TOKEN, tenant.pass.serialNumber];
    for (const text of [...planted, 'planted', 'nobody@', tenant.keys.listener, klaviyo.simulator.apiKey]) {
      assert.ok(
        !said.includes(text),
        `a span holds ${text}: ${said.slice(said.indexOf(text) - 300, said.indexOf(text) + 80)}`,
      );
    }
  });
});
