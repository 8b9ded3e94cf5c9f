import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findOperation, listSteps } from '../../src/database/operations/operations.js';
import { createSecretBox, type SecretBox } from '../../src/database/secret-box.js';
import { getSecret, putSecret } from '../../src/database/secrets.js';
import { describeUnreadable, listUnreadableSecrets } from '../../src/database/unreadable-secrets.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createKlaviyoConnections } from '../../src/worker/klaviyo-connections.js';
import { pino } from 'pino';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended, until } from '../support/operations.js';

const box = (id: string, fill: number): SecretBox => createSecretBox({ keys: [{ id, key: Buffer.alloc(32, fill) }] });

describe('a wrong SECRETS_KEY', () => {
  let test: TestDatabase;
  let klaviyo: TestKlaviyo;
  let engine: TestEngine;
  /** The key that the worker has at the moment; deployments change it. */
  let present: SecretBox = box('wrong', 9);
  before(async () => {
    test = await createTestDatabase();
    klaviyo = await startTestKlaviyo(test);
    const changing = {
      get currentKeyId() {
        return present.currentKeyId;
      },
      get keyIds() {
        return present.keyIds;
      },
      seal: (...given: Parameters<SecretBox['seal']>) => present.seal(...given),
      open: (...given: Parameters<SecretBox['open']>) => present.open(...given),
    } satisfies SecretBox;
    const access = createKlaviyoConnections({
      database: test.database,
      secretBox: changing,
      tenantSettings: createTenantReaders(test.database).tenantSettings,
      apiUrl: klaviyo.simulator.url,
      publicUrl: 'https://passes.example',
      log: pino({ level: 'silent' }),
      now: Date.now,
    });
    engine = await startEngine(test, { deps: { klaviyo: access } });
  });
  after(async () => {
    await engine.stop();
    await klaviyo.simulator.close();
    await test.drop();
  });

  for (const [what, wrong] of [
    ['that lacks the key', box('wrong', 9)],
    ['that has the key with another value', box('test', 9)],
  ] as const) {
    it(`${what}: an operation waits, and ends well once it is right again`, async () => {
      present = wrong;
      const tenant = await klaviyo.tenant();
      const operationId = await accept(test, tenant, {
        kind: 'push-update',
        input: {
          identifiers: [{ kind: 'email', value: tenant.email }],
          passType: null,
          data: { points: 11 },
          updateMetadata: false,
        },
      });
      const sql = test.database.tenant(tenant.tenantId);
      const trouble = await until(async () => {
        const steps = await listSteps(sql, operationId);
        return steps.find(({ state }) => state === 'retrying');
      }, 'a step that waits');
      assert.match(trouble.last_error!.code, /^secret-(key-missing|unreadable)$/);
      assert.equal((await findOperation(sql, operationId))!.status, 'retrying');
      present = klaviyo.secretBox;
      assert.equal((await ended(test, tenant.tenantId, operationId)).status, 'succeeded');
    });
  }

  it('is found by the id of the key or by samples, names the tenants, and one altered row condemns no key', async () => {
    const tenant = await klaviyo.tenant();
    const { system } = test.database;
    assert.deepEqual(await listUnreadableSecrets(system, klaviyo.secretBox), []);
    const missing = await listUnreadableSecrets(system, box('other', 1));
    assert.ok(missing.some(({ tenantId, problem }) => tenantId === tenant.tenantId && problem === 'missing'));
    assert.match(describeUnreadable(missing)!, /^SECRETS_KEY lacks the key "test"/);
    const altered = await listUnreadableSecrets(system, box('test', 1));
    assert.match(describeUnreadable(altered)!, /^SECRETS_KEY holds the key "test" with another value/);
    await test.owner(`update tenant_secrets set ciphertext = '\\x01' where tenant_id = $1`, [tenant.tenantId]);
    assert.deepEqual(await listUnreadableSecrets(system, klaviyo.secretBox), []);
    // Setting the secret again is the cure that the message names.
    const sql = test.database.tenant(tenant.tenantId);
    await assert.rejects(getSecret(sql, 'klaviyo-api-key', klaviyo.secretBox), {
      code: 'secret-unreadable',
    });
    assert.equal(await putSecret(sql, 'klaviyo-api-key', 'pk_again', klaviyo.secretBox), true);
  });
});
