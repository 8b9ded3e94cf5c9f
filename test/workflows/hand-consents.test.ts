import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recordConsents } from '../../src/database/customers/enrolment.js';
import { listSteps } from '../../src/database/operations/operations.js';
import { retryOperation } from '../../src/database/operations/retries.js';
import { ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { useWriteBackStack } from '../support/write-back-stack.js';

const JOBS = '/api/profile-subscription-bulk-create-jobs';
const text = (channel: string, handToKlaviyo: boolean) => ({
  channel,
  version: '2026-01',
  text: { en: 'Yes' },
  handToKlaviyo,
});
const given = (channel: string, textVersion = '2026-01') => ({ channel, textVersion, method: 'enrolment-page' });

describe('consents of the enrolment page', () => {
  const stack = useWriteBackStack();

  async function seed(consentTexts: object[], writeBack = true): Promise<SeededTenant> {
    const tenant = await seedTenant(stack.test, { consentTexts, klaviyo: { writeBack } });
    await stack.klaviyo.setKey(tenant.tenantId, stack.klaviyo.simulator.apiKey);
    return tenant;
  }
  const consent = (tenant: SeededTenant, ...consents: ReturnType<typeof given>[]) =>
    recordConsents(stack.test.database.tenant(tenant.tenantId), tenant.customerId, consents);
  const end = (tenant: SeededTenant, operationId: string) => ended(stack.test, tenant.tenantId, operationId);
  async function issue(tenant: SeededTenant) {
    const response = await stack.api.fetch('/v1/passes', {
      method: 'POST',
      headers: { 'X-API-KEY': tenant.keys.all, 'X-ACCOUNT-ID': tenant.accountId },
      body: JSON.stringify({ passTemplate: 'premium', pass: {}, recipient: { email: tenant.email } }),
    });
    assert.equal(response.status, 201, await response.clone().text());
    return ((await response.json()) as { operationId: string }).operationId;
  }
  const stepOf = async (tenant: SeededTenant, operationId: string) =>
    (await listSteps(stack.test.database.tenant(tenant.tenantId), operationId)).find(
      ({ step }) => step === 'hand-consents',
    );
  const jobsOf = (tenant: SeededTenant) =>
    stack.klaviyo.simulator.subscriptionJobs().filter((job) => JSON.stringify(job).includes(tenant.email));
  const openOf = (tenant: SeededTenant) =>
    stack.test.owner<{ channel: string }>(
      'select channel from consents where tenant_id = $1 and handed_over_at is null order by channel',
      [tenant.tenantId],
    );

  it('reach Klaviyo in one job, each channel with its address, after the profile is there', async () => {
    const tenant = await seed([text('email', true), text('sms', true)]);
    await stack.test.owner(`update customers set phone = '+14155552699' where customer_id = $1`, [tenant.customerId]);
    await consent(tenant, given('email'), given('sms'));
    const operationId = await issue(tenant);
    assert.equal((await end(tenant, operationId)).outcome, 'created');
    assert.deepEqual(jobsOf(tenant), [
      {
        custom_source: 'Wallet enrolment page (email 2026-01, sms 2026-01)',
        profiles: {
          data: [
            {
              type: 'profile',
              attributes: {
                email: tenant.email,
                phone_number: '+14155552699',
                subscriptions: {
                  email: { marketing: { consent: 'SUBSCRIBED' } },
                  sms: { marketing: { consent: 'SUBSCRIBED' } },
                },
              },
            },
          ],
        },
      },
    ]);
    const profile = stack.klaviyo.simulator.profiles().find(({ attributes }) => attributes['email'] === tenant.email)!;
    const { email } = profile.subscriptions as { email: { marketing: { consent: string } } };
    assert.equal(email.marketing.consent, 'SUBSCRIBED');
    assert.deepEqual(await openOf(tenant), []);
  });

  it('stay here where the tenant does not say so, nothing was agreed to, or the person has left since', async () => {
    const silent = await seed([text('email', false)]);
    await consent(silent, given('email'));
    const unasked = await seed([text('email', true)]);
    const otherText = await seed([text('email', true)]);
    await consent(otherText, given('email', '2025-07'));
    const left = await seed([text('email', true)]);
    await consent(left, given('email'));
    await stack.test.owner(
      `update customers set consent = '{"email": {"state": "UNSUBSCRIBED"}}' where customer_id = $1`,
      [left.customerId],
    );
    for (const tenant of [silent, unasked, otherText, left]) {
      const operationId = await issue(tenant);
      assert.equal((await end(tenant, operationId)).outcome, 'created');
      assert.equal(await stepOf(tenant, operationId), undefined);
      assert.deepEqual(jobsOf(tenant), []);
    }
  });

  it('a channel without its address waits, and the others go', async () => {
    const tenant = await seed([text('email', true), text('sms', true)]);
    await consent(tenant, given('email'), given('sms'));
    await end(tenant, await issue(tenant));
    assert.equal(jobsOf(tenant).length, 1);
    assert.ok(!JSON.stringify(jobsOf(tenant)).includes('sms":{'));
    assert.deepEqual(await openOf(tenant), [{ channel: 'sms' }]);
  });

  it('go once, through an outage and another run; without write-back, too', async () => {
    const tenant = await seed([text('email', true)], false);
    await consent(tenant, given('email'));
    stack.klaviyo.simulator.setFault({ path: JOBS, status: 503 });
    const operationId = await issue(tenant);
    assert.equal((await end(tenant, operationId)).status, 'succeeded');
    assert.equal((await stepOf(tenant, operationId))!.attempts, 2);
    assert.equal(jobsOf(tenant).length, 1);
    await stack.test.owner(`update operations set status = 'failed' where operation_id = $1`, [operationId]);
    assert.equal(await retryOperation(stack.test.database.tenant(tenant.tenantId), operationId), 2);
    assert.equal((await end(tenant, operationId)).status, 'succeeded');
    assert.equal(jobsOf(tenant).length, 1);
  });

  it('a key without the scope fails the operation with the cure, stops no write-back, and a retry hands them over', async () => {
    const tenant = await seed([text('email', true)]);
    await consent(tenant, given('email'));
    stack.klaviyo.simulator.setFault({ path: JOBS, status: 403 });
    const operationId = await issue(tenant);
    const failed = await end(tenant, operationId);
    assert.deepEqual([failed.status, failed.outcome], ['failed', 'provider-refused']);
    assert.match(failed.reason!, /subscriptions:write.*retry/);
    await retryOperation(stack.test.database.tenant(tenant.tenantId), operationId);
    assert.equal((await end(tenant, operationId)).status, 'succeeded');
    assert.equal(jobsOf(tenant).length, 1);
  });

  it('a lost answer makes no second job where the profile shows the first, and none where the person has left since', async () => {
    const tenant = await seed([text('email', true)]);
    await consent(tenant, given('email'));
    stack.klaviyo.simulator.setFault({ path: JOBS, dropResponse: true });
    const operationId = await issue(tenant);
    assert.equal((await end(tenant, operationId)).status, 'succeeded');
    assert.equal((await stepOf(tenant, operationId))!.attempts, 2);
    assert.equal(jobsOf(tenant).length, 1, 'taken with the first, whose answer was lost');
    assert.deepEqual(await openOf(tenant), []);

    const profile = stack.klaviyo.simulator.profiles().find(({ attributes }) => attributes['email'] === tenant.email)!;
    profile.subscriptions['email'] = {
      marketing: { consent: 'UNSUBSCRIBED', timestamp: new Date(Date.now() + 60_000).toISOString() },
    };
    await stack.test.owner('update consents set handed_over_at = null where tenant_id = $1', [tenant.tenantId]);
    await stack.test.owner(`update operations set status = 'failed' where operation_id = $1`, [operationId]);
    stack.klaviyo.simulator.setFault({ path: JOBS, reset: true });
    await retryOperation(stack.test.database.tenant(tenant.tenantId), operationId);
    assert.equal((await end(tenant, operationId)).status, 'succeeded');
    assert.equal(jobsOf(tenant).length, 1, 'subscribing would lift the unsubscription');
  });

  it('after two lost answers that left no trace further jobs keep a distance', async () => {
    const tenant = await seed([text('email', true)]);
    await consent(tenant, given('email'));
    stack.klaviyo.simulator.setFault({ path: JOBS, reset: true, times: 2 });
    const operationId = await issue(tenant);
    const unclear = await until(async () => {
      const step = await stepOf(tenant, operationId);
      return step?.last_error?.code === 'klaviyo-consent-unclear' && step;
    }, 'the third try to wait');
    assert.equal(unclear.state, 'retrying');
    assert.equal(jobsOf(tenant).length, 0);
    await stack.test.owner(
      `update operation_steps set detail = jsonb_set(detail, '{unanswered,at}', '0') where operation_id = $1 and step = 'hand-consents'`,
      [operationId],
    );
    await stack.test.owner(`update operations set status = 'failed' where operation_id = $1`, [operationId]);
    await retryOperation(stack.test.database.tenant(tenant.tenantId), operationId);
    assert.equal((await end(tenant, operationId)).status, 'succeeded');
    assert.equal(jobsOf(tenant).length, 1);
  });
});
