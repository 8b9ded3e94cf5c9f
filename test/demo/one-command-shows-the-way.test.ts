import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { isAlive, waitUntilGone } from '../../src/embedded/processes.js';
import { startDemo, temporaryDataDir, type DemoProcess } from './demo-process.js';

const SERVING = 'Everything keeps running';
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
  const assertJourney = (output: string): void => {
    const lines = output.split('\n').map((line) => line.trim());
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
    assertJourney(demo.output());
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const json = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, never> & {
      baseUrl: string;
      temporalUiUrl: string;
      apiKeys: Record<string, string>;
      pass: { serialNumber: string; identifiers: { email: string } };
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

  it('heals after kill -9 and converts the pass back', async () => {
    const killed = start({});
    await killed.printed('demo.json');
    const pids = servers();
    killed.child.kill('SIGKILL');
    assert.equal(await killed.exited, 'SIGKILL');
    const demo = start({}, '--exit-after-demo');
    assert.equal(await demo.exited, 0, demo.output());
    assertJourney(demo.output());
    for (const pid of pids) assert.ok(await waitUntilGone(pid, 20_000));
    assert.equal(fs.existsSync(file), false);
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
