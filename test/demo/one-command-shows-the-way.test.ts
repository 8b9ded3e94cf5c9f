import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { openLink } from '../../src/demo/browser.js';
import { isAlive, waitUntilGone } from '../../src/embedded/processes.js';
import { startKlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';
import { startDemo, temporaryDataDir, type DemoProcess } from './demo-process.js';
import { until } from '../support/operations.js';

/** The last of the lines that a start ends with. */
const SERVING = '    Change it ';
/** What the terminal cannot tell where Klaviyo is not ours to look into. */
const SEEN_IN_KLAVIYO = [
  '✔ opened                 the link of the profile',
  '✔ opened                 her personal link',
  '✔ Pass Installed         arrived in Klaviyo; WalletPass: apple_state installed',
];
/** The beginnings of the lines of a new pass, then of a changed profile. */
const ISSUED = [
  'A Klaviyo flow issues a pass',
  '✔ issued ',
  '✔ create-pass ',
  '✔ write-back-profile ',
  '✔ write-back-object      the WalletPass record is complete',
  '✔ write-back-event       event “Pass Created” in Klaviyo',
  SEEN_IN_KLAVIYO[0]!,
  SEEN_IN_KLAVIYO[1]!,
  '✔ installed ',
  SEEN_IN_KLAVIYO[2]!,
  '✔ merchant               pass.created, signature verified',
  '✔ merchant               pass.installed, signature verified',
];
const CAMPAIGN = [
  'A campaign changes the cards of 500 guests',
  '✔ dry run                500 cards, 500 on an iPhone',
  '✔ paused ',
  '✔ resumed                500 accepted, 500 phones notified',
];
const SYNCED = [
  "Ada's profile changes in Klaviyo",
  '✔ find-customer          matched by email',
  '✔ fetch-profile ',
  '✔ update-customer ',
  '✔ update-passes          changed points',
  '✔ merchant               customer.updated, signature verified',
  '✔ merchant               pass.updated, signature verified',
  'On her phone',
  'BEANS   10  →  160',
  'Lock screen: Kestrel Coffee Roasters: “You now have 160 beans.”',
];
const STEPS = [
  'accepted',
  'find-pass',
  'convert-type',
  'apply-data',
  'recompute-metadata',
  'notify-devices',
  'push',
  'fetched',
];

const MERCHANT_EVENTS = [
  'customer.updated',
  'message.received',
  'message.sent',
  'pass.created',
  'pass.installed',
  'pass.updated',
];

const simulator = async <T>(url: string, what: string): Promise<T> =>
  (await (await fetch(`${url}/simulator/${what}`)).json()) as T;

async function deliveries(merchant: string): Promise<{ type: string; fault?: string }[]> {
  type Told = { deliveries: { payload: { type: string }; fault?: string }[] };
  const { deliveries: all } = await simulator<Told>(merchant, 'deliveries');
  return all.map(({ payload: { type }, fault }) => ({ type, ...(fault !== undefined && { fault }) }));
}

describe('npm start', () => {
  const { dataDir, remove } = temporaryDataDir();
  const started: DemoProcess[] = [];
  const start = (settings: Record<string, string>, ...args: string[]): DemoProcess => {
    const demo = startDemo({ PASSRELAY_DATA_DIR: dataDir, PORT: '0', ...settings }, ...args);
    started.push(demo);
    return demo;
  };
  const file = path.join(dataDir, 'demo.json');
  const servers = (): number[] => [
    Number(fs.readFileSync(path.join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]),
    (JSON.parse(fs.readFileSync(path.join(dataDir, 'temporal', 'temporal.db.server.json'), 'utf8')) as { pid: number })
      .pid,
  ];
  const assertJourney = (output: string, parts: readonly (readonly string[])[]): void => {
    const all = output.split('\n').map((line) => line.trim());
    for (const beginnings of parts) {
      let place = 0;
      for (const beginning of beginnings) {
        const next = all.findIndex((line, index) => index >= place && line.startsWith(beginning));
        assert.ok(next !== -1, `“${beginning}” is missing, or in another place, of\n${output}`);
        place = next;
      }
    }
    const [from, to] = ['A Klaviyo flow moves', 'A Klaviyo flow sends'].map((text) =>
      all.findIndex((line) => line.startsWith(text)),
    );
    const lines = all.slice(from, to);
    const places = STEPS.map((step) => lines.findIndex((line) => line.startsWith(`✔ ${step} `)));
    assert.ok(!places.includes(-1), `steps ${STEPS.join(', ')} stand at ${places.join(', ')} of\n${output}`);
    assert.ok(places.indexOf(Math.min(...places)) === 0 && places[7] === Math.max(...places), output);
    assert.match(output, /TIER +\S+ +→ +\S+/);
    assert.match(output, /Lock screen: .*tier is now/);
  };

  after(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await Promise.all(started.map(({ exited }) => exited));
    remove();
  });

  it('walks the journey, serves what demo.json names, and stops all of it on Ctrl-C', async () => {
    const demo = start({});
    await demo.printed(SERVING);
    assertJourney(demo.output(), [ISSUED, SYNCED, CAMPAIGN]);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const json = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, never> & {
      baseUrl: string;
      temporalUiUrl: string;
      apiKeys: Record<string, string>;
      pass: { serialNumber: string; identifiers: { email: string } };
      simulators: { klaviyo: string; merchant: string };
    };
    assert.deepEqual(Object.keys(json), [
      ...['baseUrl', 'temporalAddress', 'temporalUiUrl', 'databaseUrl', 'tenantId', 'accountId'],
      ...['apiKeys', 'pass', 'simulators'],
    ]);
    assert.equal((await fetch(`${json.baseUrl}/readyz`)).status, 200);
    assert.equal((await fetch(json.temporalUiUrl)).status, 200);
    const passUrl = `${json.baseUrl}/v1/passes/${json.pass.serialNumber}`;
    const read = await fetch(passUrl, { headers: { 'x-api-key': json.apiKeys['passes']! } });
    assert.equal(((await read.json()) as { passType: string }).passType, 'premium');

    const metrics = [
      'Pass Created',
      'Pass Installed',
      'Pass Updated',
      'Wallet Message Received',
      'Wallet Message Sent',
    ];
    const told = await until(async () => {
      const events = await simulator<{ metric: string }[]>(json.simulators.klaviyo, 'events');
      const delivered = await deliveries(json.simulators.merchant);
      const isComplete =
        metrics.every((name) => events.some(({ metric }) => metric === name)) &&
        MERCHANT_EVENTS.every((name) => delivered.some(({ type }) => type === name));
      return isComplete && delivered;
    }, 'Klaviyo and the merchant to hear of everything');
    const records = await simulator<{ record: { state: string } }[]>(json.simulators.klaviyo, 'records');
    assert.deepEqual([...new Set(records.map(({ record }) => record.state))], ['active']);
    // Those of the campaign wait behind five hundred others.
    const types = told.map(({ type }) => type).filter((type) => !type.startsWith('campaign.'));
    assert.deepEqual(new Set(types), new Set(MERCHANT_EVENTS));
    assert.deepEqual(
      told.filter(({ fault }) => fault !== undefined),
      [],
    );

    const ending = demo.output().trimEnd().split('\n').slice(-5);
    const labels = ending.map((line) => line.trim().split(/\s{1,}(?=http|curl)/)[0]);
    assert.deepEqual(labels, ['Pass', 'Operator', 'Status', 'Docs', 'Change it']);
    for (const line of ending) assert.ok(/http:\/\/\S+/.exec(line)![0].length <= 90, line);
    const front = await (await fetch(json.baseUrl)).text();
    for (const way of [`/p/${json.pass.serialNumber}`, '/ops/demo', '/docs', '/problems', '/readyz']) {
      assert.ok(front.includes(`href="${way}"`), way);
      assert.ok((await fetch(`${json.baseUrl}${way}`)).status < 402, way);
    }

    // The links that it prints, as somebody who clicks them.
    const [mail] = /http:\S+\/demo\/mail\?neo\.authToken=\S+/.exec(demo.output())!;
    assert.match(await openLink(mail), /^\/(?:p\/[\w-]+|demo\/mail\/enrol)$/);
    assert.equal(await openLink(`${json.baseUrl}/p/${json.pass.serialNumber}`), `/p/${json.pass.serialNumber}`);
    const [, ops, key] = /(http:\S+\/ops\/demo), sign in with (\S+)/.exec(demo.output())!;
    assert.match(await (await fetch(ops!)).text(), /name="key"/);
    const signedIn = await fetch(`${ops}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ key: key! }),
    });
    assert.match(signedIn.headers.get('set-cookie') ?? '', /passrelay_ops/);

    // The curl that it offers, from outside: the phone on the terminal shows it.
    const answer = await fetch(`${json.baseUrl}/api/demo/webhooks/listeners/klaviyo/passes/pushUpdate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${json.apiKeys['klaviyo']}` },
      body: JSON.stringify({ identifiers: json.pass.identifiers, additionalData: { points: 4321 } }),
    });
    assert.equal(answer.status, 200);
    await demo.printed('“You now have 4,321 beans.”');

    const second = start({});
    assert.equal(await second.exited, 1);
    assert.match(second.output(), new RegExp(`in use by process ${demo.pid}`));
    assert.ok(fs.existsSync(file), 'the refused start leaves the running one alone');

    const pids = servers();
    assert.ok(pids.every(isAlive));
    demo.child.kill('SIGINT');
    assert.equal(await demo.exited, 0);
    assert.match(demo.output(), /✔ PostgreSQL +stopped/);
    assert.deepEqual(pids.filter(isAlive), []);
    assert.equal(fs.existsSync(file), false);
  });

  it('keeps one merchant endpoint, heals after kill -9, and converts the pass back with a Klaviyo of the settings', async () => {
    const killed = start({});
    await killed.printed('demo.json');
    const { baseUrl, apiKeys, simulators } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
      baseUrl: string;
      apiKeys: { admin: string };
      simulators: { merchant: string };
    };
    const listed = await fetch(`${baseUrl}/api/demo/webhook-endpoints`, {
      headers: { authorization: `Bearer ${apiKeys.admin}` },
    });
    const { endpoints } = (await listed.json()) as { endpoints: { url: string }[] };
    assert.deepEqual(
      endpoints.map(({ url }) => new URL(url).origin),
      [simulators.merchant],
      'the endpoint of the first start, at the new port',
    );
    const pids = servers();
    killed.child.kill('SIGKILL');
    assert.equal(await killed.exited, 'SIGKILL');
    const klaviyo = await startKlaviyoSimulator({ accounts: [{ apiKey: 'pk_of_the_settings' }] });
    try {
      const settings = { KLAVIYO_API_URL: klaviyo.url, KLAVIYO_API_KEY: 'pk_of_the_settings' };
      const demo = start(settings, '--exit-after-demo');
      assert.equal(await demo.exited, 0, demo.output());
      assertJourney(demo.output(), [ISSUED.filter((line) => !SEEN_IN_KLAVIYO.includes(line)), CAMPAIGN]);
      for (const pid of pids) assert.ok(await waitUntilGone(pid, 20_000), `process ${pid} is still there`);
      assert.equal(fs.existsSync(file), false);
      assert.match(demo.output(), /✔ Simulators +APNs and an iPhone, Google Wallet, a merchant/);
      assert.match(demo.output(), /✔ Klaviyo set-up +custom object WalletPass, data source/);
      const metrics = new Set(klaviyo.events().map(({ metric }) => metric));
      assert.ok(metrics.has('Pass Created') && metrics.has('Pass Updated'), [...metrics].join(', '));
      assert.ok(
        klaviyo.profiles().every(({ attributes }) => attributes.properties['wallet_pass_url'] !== undefined),
        'every profile has its link',
      );
      assert.ok(klaviyo.records().length > 0, 'there are WalletPass records');
      assert.deepEqual(
        klaviyo.requests().filter(({ status }) => [400, 401, 403, 409, 422].includes(status ?? 0)),
        [],
      );
    } finally {
      await klaviyo.close();
    }
  });
});

describe('npm start that cannot', () => {
  const { dataDir, remove } = temporaryDataDir();
  after(remove);
  const failure = async (settings: Record<string, string>): Promise<string> => {
    const demo = startDemo({ PASSRELAY_DATA_DIR: dataDir, ...settings }, '--exit-after-demo');
    assert.equal(await demo.exited, 1);
    return demo.output();
  };

  it('says that the port of the settings is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    try {
      const output = await failure({ PORT: String(port) });
      assert.match(output, new RegExp(`Port ${port} is in use: .*PORT`));
      assert.doesNotMatch(output, /\n +at /);
    } finally {
      holder.close();
    }
  });

  it('says that the database of the settings does not answer, without its password', async () => {
    const output = await failure({ PORT: '0', DATABASE_URL: 'postgres://someone:hunter2@127.0.0.1:1/passes' });
    assert.match(output, /127\.0\.0\.1:1\/passes of DATABASE_URL cannot be used: .*ECONNREFUSED/);
    assert.doesNotMatch(output, /hunter2|\n +at /);
  });

  it('says that the data folder is none', async () => {
    const taken = path.join(dataDir, 'a-file');
    fs.writeFileSync(taken, '');
    assert.match(await failure({ PASSRELAY_DATA_DIR: taken }), /a-file cannot be used .*PASSRELAY_DATA_DIR/s);
  });
});
