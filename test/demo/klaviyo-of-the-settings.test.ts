import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { parseDemoConfig } from '../../src/config.js';
import { demoKlaviyoKey } from '../../src/demo/demo-data.js';
import { startKlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';
import { startDemo, temporaryDataDir } from './demo-process.js';

describe('npm start with a Klaviyo of the settings', () => {
  const { dataDir, remove } = temporaryDataDir();
  after(remove);

  it('walks the journey with it and leaves there what a flow needs', async () => {
    const klaviyo = await startKlaviyoSimulator({ accounts: [{ apiKey: 'pk_of_the_settings' }] });
    try {
      const demo = startDemo(
        { PASSRELAY_DATA_DIR: dataDir, PORT: '0', KLAVIYO_API_URL: klaviyo.url, KLAVIYO_API_KEY: 'pk_of_the_settings' },
        '--exit-after-demo',
      );
      assert.equal(await demo.exited, 0, demo.output());
      assert.match(demo.output(), /✔ Simulators +APNs and an iPhone, Google Wallet, a merchant/);
      assert.match(demo.output(), /✔ Klaviyo set-up +custom object WalletPass, data source/);
      const metrics = new Set(klaviyo.events().map(({ metric }) => metric));
      assert.ok(metrics.has('Pass Created') && metrics.has('Pass Updated'), [...metrics].join(', '));
      assert.ok(klaviyo.profiles().every(({ attributes }) => attributes.properties['wallet_pass_url'] !== undefined));
      assert.ok(klaviyo.records().length > 0);
      assert.deepEqual(
        klaviyo.requests().filter(({ status }) => [400, 401, 403, 409, 422].includes(status ?? 0)),
        [],
      );
    } finally {
      await klaviyo.close();
    }
  });

  it('has no key for Klaviyo’s own service but the one of the settings', () => {
    const keyFor = (env: Record<string, string>) => demoKlaviyoKey(parseDemoConfig(env));
    assert.equal(keyFor({}), 'pk_simulator');
    assert.equal(keyFor({ KLAVIYO_API_URL: 'http://127.0.0.1:9000' }), 'pk_simulator');
    assert.equal(keyFor({ KLAVIYO_API_URL: 'https://a.klaviyo.com' }), null);
    assert.equal(keyFor({ KLAVIYO_API_URL: 'https://a.klaviyo.com', KLAVIYO_API_KEY: 'pk_own' }), 'pk_own');
  });
});
