import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { main } from '../../src/cli/main.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { until } from '../support/operations.js';
import { seedSegment } from '../support/segment.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

interface Campaign {
  campaignId: string;
  state: string;
  reason: string | null;
  operationId: string;
  reach: Record<string, number> | null;
  heldBack: Record<string, number> | null;
  missing: { source: string; name: string; rows: number }[] | null;
  warnings: { pointer: string; message: string; cure: string }[];
  rows: Record<string, number>;
  expectedSeconds: number | null;
  progress: { fetched: number; ended: number; remaining: number; outcomes: Record<string, number>; pushed: number };
  errors?: { message: string; cure?: string; line?: number; pointer?: string }[];
}

describe('a campaign', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let klaviyo: TestKlaviyo;
  let api: TestApi;
  let shiftMs = 0;
  const now = () => Date.now() + shiftMs;
  before(async () => {
    test = await createTestDatabase();
    const groups = { SEG130: [...Array.from({ length: 130 }, (_, n) => `c${n + 1}@example.com`), 'x@example.com'] };
    klaviyo = await startTestKlaviyo(test, { accounts: [{ apiKey: 'pk_test_campaigns', groups }] });
    engine = await startEngine(test, { deps: { now, klaviyo: klaviyo.access } });
    api = await startTestApi({ database: test.database, now });
  });
  after(async () => {
    await api.close();
    await engine.stop();
    await klaviyo.simulator.close();
    await test.drop();
  });

  async function call(tenant: SeededTenant, method: string, path: string, body?: object | string, headers = {}) {
    const response = await api.fetch(`/api/${tenant.tenantId}/campaigns${path}`, {
      method,
      key: tenant.keys.all,
      headers,
      ...(body !== undefined && {
        body: typeof body === 'string' || Buffer.isBuffer(body) ? (body as string) : JSON.stringify(body),
      }),
    });
    return { status: response.status, body: (await response.json()) as Campaign };
  }
  const make = async (tenant: SeededTenant, body: object) => {
    const { status, body: made } = await call(tenant, 'POST', '', { name: 'Points', ...body });
    assert.equal(status, 202, JSON.stringify(made));
    return made.campaignId;
  };
  const look = async (tenant: SeededTenant, id: string) => (await call(tenant, 'GET', `/${id}`)).body;
  async function reaches(tenant: SeededTenant, id: string, state: string): Promise<Campaign> {
    await until(async () => [state, 'failed'].includes((await look(tenant, id)).state), `the campaign is ${state}`);
    const campaign = await look(tenant, id);
    assert.equal(campaign.state, state, campaign.reason ?? '');
    return campaign;
  }
  async function cli(...args: string[]): Promise<string> {
    const said: string[] = [];
    const io = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
    await main(args, { DATABASE_URL: test.url }, { ...io, dataDir: '/nowhere' });
    return said.join('\n');
  }
  const children = (tenant: SeededTenant, id: string) =>
    test.owner<{ passes: number; operations: number }>(
      `select count(distinct pass_id)::int as passes, count(*)::int as operations
         from operations where tenant_id = $1 and starts_with(idempotency_key, 'campaign:' || $2)`,
      [tenant.tenantId, id],
    );
  const points = (tenant: SeededTenant, value: number) =>
    test.owner<{ n: number }>(
      `select count(*)::int as n from passes where tenant_id = $1 and data ->> 'points' = $2::text`,
      [tenant.tenantId, String(value)],
    );

  it('shows in a dry run whom it reaches, changes nothing before its start, and leaves the holdout alone', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 60);
    const id = await make(tenant, {
      audience: { filter: { installedOn: 'apple', fields: [{ field: 'points', is: 'less', value: 50 }] } },
      action: { type: 'update', fields: { points: 200 } },
      holdoutPercent: 30,
    });
    const dry = await reaches(tenant, id, 'ready');
    assert.equal(dry.rows['all'], 60, 'the pass that is on no phone is no part of it');
    const { holdout, waiting } = dry.rows as { holdout: number; waiting: number };
    assert.ok(holdout > 3 && holdout < 40, `${holdout} of 60 are held out`);
    assert.deepEqual(dry.reach, { apple: waiting, google: 0, both: 0, none: 0 });
    assert.ok(dry.expectedSeconds! > 0, 'it says how long it should take');
    assert.deepEqual(await children(tenant, id), [{ passes: 0, operations: 0 }]);

    const stream = await api.fetch(`/api/${tenant.tenantId}/campaigns/${id}/events`, { key: tenant.keys.all });
    assert.equal((await call(tenant, 'POST', `/${id}/start`)).status, 200);
    const told = (await stream.text()).split('\n\n').flatMap((block): [string, Campaign][] => {
      const [event, data] = block.split('\n');
      return data?.startsWith('data: ') ? [[event!.slice(7), JSON.parse(data.slice(6)) as Campaign]] : [];
    });
    const states = [...new Set(told.map(([, { state }]) => state))];
    assert.deepEqual([states[0], states.at(-1), told.at(-1)?.[0]], ['ready', 'ended', 'end']);
    const done = await reaches(tenant, id, 'ended');
    assert.deepEqual(told.at(-1)?.[1].progress, done.progress, 'the last state is what GET answers');
    assert.deepEqual(done.progress.outcomes, { updated: waiting });
    assert.deepEqual([done.progress.remaining, done.progress.pushed], [0, waiting]);
    assert.deepEqual(await children(tenant, id), [{ passes: waiting, operations: waiting }]);
    assert.deepEqual(await points(tenant, 200), [{ n: waiting }]);
    const again = await call(tenant, 'POST', `/${id}/start`);
    assert.equal(again.status, 409, 'what has ended does not start again');
    const events = await test.owner<{ type: string }>(
      `select type from events where tenant_id = $1 and type like 'campaign.%' order by sequence`,
      [tenant.tenantId],
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['campaign.started', 'campaign.ended'],
    );
  });

  it('stands still for three days of a pause, and goes on exactly', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 40);
    const id = await make(tenant, {
      audience: { filter: {} },
      action: { type: 'update', fields: { points: { property: 'points' }, tier: 'gold' } },
      schedule: { perMinute: 300 },
      confirm: true,
    });
    await until(async () => (await look(tenant, id)).progress.ended > 2, 'the first rows');
    const paused = await call(tenant, 'POST', `/${id}/pause`);
    assert.equal(paused.body.state, 'paused');
    const [{ operations: before } = { operations: -1 }] = await children(tenant, id);
    const { operationId } = paused.body;
    await until(async () => {
      const row = await rowsOf(test).operation(operationId, 'outcome');
      return row.outcome === 'paused';
    }, 'nothing of it is in flight');
    shiftMs += 3 * 86_400_000;
    assert.deepEqual((await children(tenant, id))[0]?.operations, before, 'nothing was accepted after the pause');

    assert.match(await cli('campaign', 'resume', tenant.tenantId, id), /^running: /);
    const done = await reaches(tenant, id, 'ended');
    assert.deepEqual(done.progress.outcomes, { updated: 41 });
    assert.deepEqual(await children(tenant, id), [{ passes: 41, operations: 41 }]);
  });

  it('leaves what was sent and begins nothing more when it is cancelled', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 40);
    const id = await make(tenant, {
      audience: { filter: {} },
      action: { type: 'void' },
      schedule: { perMinute: 120 },
      confirm: true,
    });
    await until(async () => (await look(tenant, id)).progress.ended > 0, 'the first row');
    assert.equal((await call(tenant, 'POST', `/${id}/cancel`)).body.state, 'cancelled');
    const [{ operations } = { operations: -1 }] = await children(tenant, id);
    await until(async () => (await look(tenant, id)).progress.ended === operations, 'what was begun ends');
    assert.ok(operations < 41, `${operations} of 41 were begun`);
    assert.equal((await call(tenant, 'POST', `/${id}/resume`)).status, 409);
  });

  it('takes a file in any order and with faults: each row is found, a duplicate, unreached or named with its cure', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 5);
    const id = await make(tenant, {
      audience: { csv: {} },
      action: { type: 'update', fields: { points: { column: 'Points' }, tier: { column: 'tier' } } },
      confirm: true,
    });
    const upload = (file: string | Buffer) => call(tenant, 'PUT', `/${id}/rows`, file as string);
    const refused: [string | Buffer, RegExp][] = [
      [Buffer.from('e-mail;Points;tier\nj\xf6rg@example.com;1;x', 'latin1'), /UTF-8/],
      [Buffer.from('email,Points,tier\n', 'utf16le'), /UTF-16|NUL/],
      ['mail,Points,tier\na@example.com,1,x\n', /Did you mean ..email/],
      ['email,points,tier\na@example.com,1,x\n', /needs a column ..Points/],
      ['', /empty/],
      ['email,Points,tier\n', /no row below/],
      [Buffer.from('\ufeffemail,Points,tier\n', 'utf16le'), /UTF-16/],
      ['email,Points,Points,tier\na@example.com,1,2,x\n', /two columns are called/],
      [`email,Points,tier\na@example.com,1,${'x'.repeat(70_000)}\n`, /longer than 64 KB.*after line 1/],
      ['email,Points,tier\na@example.com,1,x\nb@example.com,"2,x\nc@example.com,3,x\n', /never closed after line 2/],
      ['email,Points,tier\na@example.com,"1"2,x\nb@example.com,2,x\n', /behind a closing quote after line 1/],
      ['[{"email":"a@example.com"}]', /JSON/],
      // Refused in its middle, long before all of it has come.
      [
        Buffer.from(`email,Points,tier\nj\xf6rg@example.com,1,x\n${'a@example.com,1,x\n'.repeat(400_000)}`, 'latin1'),
        /UTF-8/,
      ],
    ];
    for (const [file, said] of refused) {
      const { status, body } = await upload(file);
      assert.equal(status, 422, JSON.stringify(body));
      assert.match(JSON.stringify(body), said);
    }
    assert.deepEqual((await look(tenant, id)).rows['all'], 0, 'a refused file leaves nothing');
    const lines = ['\ufeffemail;Points;tier', 'c1@example.com;11;"si;lver"', 'C1@EXAMPLE.COM;12;x', 'nobody;1;x'];
    lines.push('c2@example.com;21;', 'unknown@example.com;1;x', 'c3@example.com;31', 'c4@example.com;41;gold');
    const taken = await upload(lines.join('\r\n'));
    assert.equal(taken.status, 200, JSON.stringify(taken.body));
    assert.deepEqual(
      taken.body.errors?.map(({ line }) => line),
      [4, 7],
    );
    assert.match(taken.body.errors![0]!.message, /nobody|e-mail address/);
    const done = await reaches(tenant, id, 'ended');
    const { all, duplicates, unreached, refused: faulty } = done.rows;
    assert.deepEqual([all, duplicates, unreached, faulty], [7, 1, 1, 2]);
    assert.deepEqual(done.progress.outcomes, { updated: 3 });
    const data = await test.owner<{ points: string; tier: string | null }>(
      `select p.data ->> 'points' as points, p.data ->> 'tier' as tier from passes p join customers c using (customer_id)
        where p.tenant_id = $1 and c.email in ('c1@example.com', 'c2@example.com', 'c4@example.com') order by 1`,
      [tenant.tenantId],
    );
    assert.deepEqual(
      data.map(({ points: value }) => value),
      ['11', '21', '41'],
    );
    assert.equal(data[0]?.tier, 'si;lver');
    const rows = await api.fetch(`/api/${tenant.tenantId}/campaigns/${id}/rows?format=csv`, { key: tenant.keys.all });
    const text = await rows.text();
    assert.equal(text.trimEnd().split('\r\n').length, 8, text);
    assert.equal((await upload('email,Points,tier\n')).status, 409, 'a second file comes too late');
  });

  it('reads the members of a segment page by page, and says where Klaviyo knows none', async () => {
    const tenant = await klaviyo.tenant({ klaviyo: { writeBack: false } });
    await seedSegment(test, tenant, 130);
    const action = { type: 'update', fields: { points: 7 } };
    const id = await make(tenant, { audience: { segment: 'SEG130' }, action, confirm: true });
    const done = await reaches(tenant, id, 'ended');
    assert.deepEqual([done.rows['all'], done.rows['unreached']], [131, 1]);
    assert.deepEqual(done.progress.outcomes, { updated: 130 });
    const wrong = await make(tenant, { audience: { list: 'NONE' }, action, confirm: true });
    await until(async () => (await look(tenant, wrong)).state === 'failed', 'the unknown list is refused');
    assert.match((await look(tenant, wrong)).reason!, /Klaviyo knows no list NONE/);
  });

  it('sends a message to everybody as a message of its own, and refuses one that nobody could read', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 3);
    const action = { type: 'message', message: { message: 'Open until nine tonight', validFor: '1 day' } };
    const id = await make(tenant, { audience: { filter: { installedOn: 'apple' } }, action, confirm: true });
    const done = await reaches(tenant, id, 'ended');
    assert.equal(done.progress.ended, 3, JSON.stringify(done.progress));
    const sent = await test.owner('select from messages where tenant_id = $1', [tenant.tenantId]);
    assert.equal(sent.length, 3);
    for (const message of [{ message: 'Hi {{ person.first_name }}' }, {}]) {
      const body = { name: 'No', audience: { filter: {} }, action: { type: 'message', message } };
      const refused = await call(tenant, 'POST', '', body);
      assert.equal(refused.status, 422);
      assert.match(refused.body.errors![0]!.pointer!, /^\/action\/message\/message/);
    }
  });

  it('says before a message goes who has no consent and whose cap is used up, and what lock screens would say', async () => {
    const tenant = await seedTenant(test, { messages: { requireConsent: 'push', cap: { most: 1, hours: 24 } } });
    await seedSegment(test, tenant, 5);
    await test.owner(
      `insert into consents (tenant_id, customer_id, channel, granted, method)
       select $1, customer_id, 'push', email <> 'c2@example.com', 'test' from customers
        where tenant_id = $1 and email in ('c1@example.com', 'c2@example.com', 'c3@example.com', 'c4@example.com')`,
      [tenant.tenantId],
    );
    await test.owner(
      `insert into messages (message_id, tenant_id, pass_id, customer_id, class, content, state, claimed_at)
       select gen_random_uuid(), $1, p.pass_id, p.customer_id, 'marketing', '{"text":"x"}', 'sent', $2
         from passes p join customers c using (customer_id) where p.tenant_id = $1 and c.email in ('c3@example.com', 'c4@example.com')`,
      [tenant.tenantId, new Date(now())],
    );
    const message = { message: 'Hi {property:nick|there}, ' + 'come in. '.repeat(30) };
    const audience = { filter: { installedOn: 'apple' } };
    const id = await make(tenant, { audience, action: { type: 'message', message } });
    const dry = await reaches(tenant, id, 'ready');
    assert.deepEqual(dry.heldBack, { withoutConsent: 2, overCap: 2 });
    assert.deepEqual(dry.reach, { apple: 5, google: 0, both: 0, none: 0 });
    const samples = (await call(tenant, 'GET', `/${id}/samples`)).body as unknown as {
      samples: { apple: { lockScreen: string } | null }[];
    };
    assert.equal(samples.samples.length, 3);
    const said = await cli('campaign', 'dry-run', tenant.tenantId, id);
    assert.match(said, /A start reaches 5 of 5 rows[^]*Without consent 2, over the cap now 2\.[^]*campaign start/);
    assert.deepEqual(await children(tenant, id), [{ passes: 0, operations: 0 }]);
  });

  it('counts before the start who has nothing under a name of the message, and warns where nobody has', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 4);
    await test.owner(
      `update customers set properties = '{"city": "Ulm", "zip": " "}' where tenant_id = $1 and email = 'c1@example.com'`,
      [tenant.tenantId],
    );
    const texts = { message: '{property:city|your town}, {property:ctiy|there}', title: '{property:zip|x}' };
    const id = await make(tenant, {
      audience: { filter: { installedOn: 'apple' } },
      action: { type: 'message', message: texts },
    });
    const dry = await reaches(tenant, id, 'ready');
    const missing = dry.missing!.map(({ source, name, rows }) => `${source} ${name} ${rows}`);
    assert.deepEqual(missing, ['property zip 4', 'property city 3', 'property ctiy 4']);
    const none = ['zip', 'ctiy'].map((name) => `none of the 4 rows that wait has a property "${name}"`);
    assert.equal(String(dry.warnings.map(({ message }) => message)), String(none));
    const said = await cli('campaign', 'dry-run', tenant.tenantId, id);
    assert.match(said, /Without a property "city": 3\.[^]*Warning, \/action: none of the 4 rows/);
  });

  it('writes the values of each row into its message, skips a row without one, and gives a table no formula to run', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 3);
    await test.owner(
      `update passes set serial_number = '=HYPERLINK("https://x.example")' where tenant_id = $1
      and customer_id = (select customer_id from customers where tenant_id = $1 and email = 'c3@example.com')`,
      [tenant.tenantId],
    );
    const texts = { en: 'Hi {column:First|you}, use {column:Code}', de: '{column:Code} für {column:First|dich}' };
    const message = ['--message', JSON.stringify(texts), '--link', 'https://shop.example/?c={column:Code}'];
    const folder = mkdtempSync(join(tmpdir(), 'campaign-'));
    const file = (name: string, text: string | Buffer): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const create = ['campaign', 'create', tenant.tenantId, ...message, '--confirm', '--csv'];
    const latin = Buffer.from('email,First,Code\nc1@example.com,J\xf6rg,1\n', 'latin1');
    assert.match(await cli(...create, file('latin.csv', latin)), /not UTF-8[^]*Save it as/);
    assert.match(await cli(...create, file('short.csv', 'email,First\nc1@example.com,Ada\n')), /needs a column "Code/);
    assert.deepEqual(await test.owner('select from campaigns where tenant_id = $1', [tenant.tenantId]), []);
    const rowsOfFile = 'email,First,Code\nc1@example.com,Ada,A&1\nc2@example.com,Bob,\nc3@example.com,,C3\nx,y\n';
    const made = await cli(...create, file('good.csv', rowsOfFile));
    assert.match(made, /4 rows, 1 of them faulty and left out\.\n {2}line 5: It has 2 values/);
    const id = /Campaign (\S+) is made/.exec(made)![1]!;
    rmSync(folder, { recursive: true });
    const done = await reaches(tenant, id, 'ended');
    assert.deepEqual(done.progress.outcomes, { 'message-sent': 2, 'invalid-data': 1 });
    assert.match(JSON.stringify(done.progress), /no column ..Code.. for this customer/);
    const sent = await test.owner<{ content: object }>(
      `select m.content from messages m join customers c using (customer_id) where m.tenant_id = $1 order by c.email`,
      [tenant.tenantId],
    );
    assert.deepEqual(
      sent.map(({ content }) => content),
      [
        { text: { en: 'Hi Ada, use A&1', de: 'A&1 für Ada' }, title: null, link: 'https://shop.example/?c=A%261' },
        { text: { en: 'Hi you, use C3', de: 'C3 für dich' }, title: null, link: 'https://shop.example/?c=C3' },
      ],
    );
    const rows = (format: string) =>
      api
        .fetch(`/api/${tenant.tenantId}/campaigns/${id}/rows?format=${format}`, { key: tenant.keys.all })
        .then((response) => response.text());
    assert.match(await rows('csv'), /^3,4,"'=HYPERLINK/m);
    const lines = (text: string): string[] => text.trimEnd().split(/\r?\n/);
    assert.deepEqual(lines(await cli('campaign', 'results', tenant.tenantId, id, '--csv')), lines(await rows('csv')));
    assert.match(await rows('ndjson'), /"serialNumber":"=HYPERLINK/);
  });

  it('lays an offer over every pass, and refuses one without an end', async () => {
    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 3);
    const action = { type: 'offer', offer: { fields: { points: 777 }, until: '30 days' } };
    const id = await make(tenant, { audience: { filter: { installedOn: 'apple' } }, action, confirm: true });
    const done = await reaches(tenant, id, 'ended');
    assert.equal(done.progress.ended, 3, JSON.stringify(done.progress));
    const passes = await test.owner<{ points: number }>(
      `select (data ->> 'points')::int as points from passes where tenant_id = $1 and jsonb_array_length(offers) = 1`,
      [tenant.tenantId],
    );
    assert.equal(passes.length, 3);
    assert.ok(!passes.some(({ points }) => points === 777), 'what lies beneath stays as it is');
    const endless = { type: 'offer', offer: { fields: { points: 1 } } };
    const refused = await call(tenant, 'POST', '', { name: 'No', audience: { filter: {} }, action: endless });
    assert.deepEqual([refused.status, refused.body.errors![0]!.pointer], [422, '/action/offer/until']);
  });

  it('has kept its counts as its rows are, whatever wrote them, and counts fetches page by page', async () => {
    const kept = `select campaign_id, state, outcome, rows::int, pushed::int from campaign_counts where rows <> 0 order by 1, 2, 3`;
    const counted = `select campaign_id, state, coalesce(outcome, '') as outcome, count(*)::int as rows,
      count(*) filter (where pushed)::int as pushed from campaign_rows group by 1, 2, 3 order by 1, 2, 3`;
    const rows = await test.owner(kept);
    assert.ok(rows.length > 10, `${rows.length} counts of the campaigns above`);
    assert.deepEqual(rows, await test.owner(counted));

    const tenant = await seedTenant(test);
    await seedSegment(test, tenant, 1);
    await test.owner('update apple_registrations set fetched_revision = 1 where tenant_id = $1', [tenant.tenantId]);
    const id = randomUUID();
    const definition = { audience: { csv: {} }, action: { type: 'void' }, schedule: {}, holdoutPercent: 0 };
    await test.owner(
      `with c as (insert into campaigns (campaign_id, tenant_id, name, definition, state, started_at)
         values ($1, $2, 'Many', $3, 'ended', now()) returning *)
       insert into campaign_rows (tenant_id, campaign_id, row_number, state, outcome, pushed, revision, pass_id)
       select c.tenant_id, campaign_id, n, 'done', 'updated', true, 1,
              case when n = 20001 then (select pass_id from apple_registrations where tenant_id = $2) end
         from c, generate_series(1, 45000) n`,
      [id, tenant.tenantId, JSON.stringify(definition)],
    );
    let seen = await look(tenant, id);
    assert.deepEqual([seen.rows['all'], seen.progress.ended, seen.progress.pushed], [45_000, 45_000, 45_000]);
    for (let i = 0; i < 3 && seen.progress.fetched === 0; i++) seen = await look(tenant, id);
    assert.equal(seen.progress.fetched, 1);
  });
});
