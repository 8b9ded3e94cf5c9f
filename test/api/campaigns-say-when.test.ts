import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { main } from '../../src/cli/main.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

interface Detail {
  state: string;
  progress: { waitsUntil: string | null; expectedEnd: string | null };
}

const DAY_MS = 86_400_000;
const OPEN = { from: '09:00', until: '20:00' };

describe('a campaign says when', () => {
  let test: TestDatabase;
  let api: TestApi;
  let tenant: SeededTenant;
  let cookie = '';
  /** Ten in the morning in New York, on a day that has not come. */
  const nowMs = Date.parse('2031-06-10T14:00:00Z');
  before(async () => {
    test = await createTestDatabase();
    api = await startTestApi({ database: test.database, now: () => nowMs });
    tenant = await seedTenant(test, { timeZone: 'America/New_York' });
    const signedIn = await api.fetch(`/ops/${tenant.tenantId}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ key: tenant.keys.all }).toString(),
    });
    cookie = signedIn.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ');
  });
  after(async () => {
    await api.close();
    await test.drop();
  });

  interface Seed {
    state: string;
    type?: string;
    schedule?: object;
    rows: [state: string, count: number, due?: string][];
    startedAt?: string;
  }
  async function seed({ state, type = 'update', schedule = {}, rows, startedAt }: Seed): Promise<string> {
    const id = randomUUID();
    const action = type === 'void' ? { type } : { type, fields: { points: 1 } };
    const definition = { audience: { csv: {} }, action, schedule, holdoutPercent: 0 };
    await test.owner(
      `insert into campaigns (campaign_id, tenant_id, name, definition, state, started_at, confirmed)
       values ($1, $2, 'Sale', $3, $4, $5, true)`,
      [id, tenant.tenantId, JSON.stringify(definition), state, startedAt ?? null],
    );
    let from = 0;
    for (const [rowState, count, due] of rows) {
      await test.owner(
        `insert into campaign_rows (tenant_id, campaign_id, row_number, state, outcome, due_at, done_at)
         select $1, $2, n, $3, case when $3 = 'done' then 'updated' end, $4, case when $3 = 'done' then now() end
           from generate_series($5::int + 1, $5::int + $6::int) n`,
        [tenant.tenantId, id, rowState, due ?? new Date(nowMs - 1_000).toISOString(), from, count],
      );
      from += count;
    }
    return id;
  }
  const look = async (id: string): Promise<Detail> =>
    (await (await api.fetch(`/api/${tenant.tenantId}/campaigns/${id}`, { key: tenant.keys.all })).json()) as Detail;
  const page = async (id: string): Promise<string> =>
    (await api.fetch(`/ops/${tenant.tenantId}/campaigns/${id}`, { headers: { cookie } })).text();
  const sayOf = async (id: string): Promise<string> => /<strong>([^<]*)<\/strong>/.exec(await page(id))![1]!;
  async function cli(...args: string[]): Promise<string> {
    const said: string[] = [];
    const io = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
    await main(args, { DATABASE_URL: test.url }, { ...io, dataDir: '/nowhere' });
    return said.join('\n');
  }

  it('that waits for its time names it everywhere, and expects its end after it', async () => {
    const at = new Date(nowMs + 100 * DAY_MS).toISOString();
    for (const state of ['ready', 'running']) {
      const id = await seed({ state, schedule: { at }, rows: [['waiting', 476, at]] });
      const { progress } = await look(id);
      assert.equal(progress.waitsUntil, at, state);
      if (state === 'running')
        assert.ok(Date.parse(progress.expectedEnd!) > Date.parse(at), 'the end lies after the time');
      const said = await sayOf(id);
      assert.match(said, /it begins at 18 Sept? 2031, 10:00 \(New York\)/, state);
      const shown = await cli('campaign', 'show', tenant.tenantId, id);
      assert.match(shown, /it begins at 18 Sept? 2031, 10:00 \(New York\)/);
      const word = state === 'running' ? 'waiting' : state;
      assert.match(await page(id), new RegExp(`<span class="tag ">${word}</span>`));
      assert.match(shown, new RegExp(`^${word}`));
      assert.match(await cli('campaign', 'list', tenant.tenantId), new RegExp(`^${id} +${word} `, 'm'));
      const list = await (await api.fetch(`/ops/${tenant.tenantId}/campaigns`, { headers: { cookie } })).text();
      assert.match(list, new RegExp(`${id}[^]{1,300}<span class="tag ">${word}</span>`));
    }
  });

  it('reckons with its pace, its hours and the last customer’s clock', async () => {
    const startedAt = new Date(nowMs - 20_000).toISOString();
    const paced = await seed({
      state: 'running',
      schedule: { perMinute: 60 },
      rows: [
        ['done', 4],
        ['waiting', 480],
      ],
      startedAt,
    });
    assert.equal((await look(paced)).progress.expectedEnd, new Date(nowMs + 8 * 60_000).toISOString());
    assert.match(await sayOf(paced), /480 are left\. The end is expected at 10:08 \(New York\)\.$/);

    // Ten hours are open today, the rest of the 1,200 minutes is done tomorrow from nine o'clock on.
    const days = await seed({
      state: 'running',
      schedule: { perMinute: 1, hours: OPEN },
      rows: [['waiting', 1_200]],
      startedAt,
    });
    assert.equal((await look(days)).progress.expectedEnd, '2031-06-11T23:00:00.000Z');

    const last = new Date(nowMs + 6 * 3_600_000).toISOString();
    const local = await seed({
      state: 'running',
      schedule: { atLocal: '2031-06-10T10:00' },
      rows: [
        ['waiting', 1],
        ['waiting', 1, last],
      ],
      startedAt,
    });
    assert.equal((await look(local)).progress.expectedEnd, last);

    const closed = await seed({
      state: 'running',
      schedule: { hours: { from: '18:00', until: '20:00' } },
      rows: [
        ['done', 3],
        ['waiting', 5],
      ],
      startedAt,
    });
    assert.equal((await look(closed)).progress.waitsUntil, '2031-06-10T22:00:00.000Z');
    assert.match(await sayOf(closed), /^It waits: it goes on at 18:00 \(New York\)\. 3 have ended, 5 are left/);
  });

  it('that stands still or is over expects no end', async () => {
    const at = new Date(nowMs + DAY_MS).toISOString();
    for (const [state, said] of [
      ['paused', /^It is paused: 0 have ended, 476 wait until it is resumed\.$/],
      ['cancelled', /^It was cancelled: 0 had ended, 476 were not begun and stay as they are\.$/],
    ] as const) {
      const id = await seed({ state, schedule: { at }, rows: [['waiting', 476, at]] });
      const { progress } = await look(id);
      assert.deepEqual([progress.waitsUntil, progress.expectedEnd], [null, null], state);
      assert.match(await sayOf(id), said);
      assert.doesNotMatch(await cli('campaign', 'show', tenant.tenantId, id), /expected|begins/);
    }
  });

  it('that takes passes out of use is started only by a form and a command that name it', async () => {
    const id = await seed({ state: 'ready', type: 'void', rows: [['waiting', 502]] });
    assert.match(await sayOf(id), /A start voids 502 passes/);
    const html = await page(id);
    assert.match(
      html,
      /<input type="checkbox" id="campaign-passes" name="passes" value="502" required> Yes, take 502 passes out of use/,
    );
    const csrf = /name="csrf" value="([^"]+)"/.exec(html)![1]!;
    const start = (fields: Record<string, string>) =>
      api.fetch(`/ops/${tenant.tenantId}/campaigns/${id}/start`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ csrf, ...fields }).toString(),
      });
    for (const fields of [{}, { passes: '501' }] as Record<string, string>[]) {
      const refused = await start(fields);
      assert.equal(refused.status, 422);
      assert.match(await refused.text(), /Nothing was started\. Tick the box/);
    }
    assert.match(await cli('campaign', 'start', tenant.tenantId, id), /this campaign voids 502 passes\. Add --yes/);
    assert.match(
      await cli('campaign', 'dry-run', tenant.tenantId, id),
      /voids the passes of 502 of 502 rows[^]*--yes$/,
    );
    assert.equal((await look(id)).state, 'ready');
    assert.equal((await start({ passes: '502' })).status, 303);
    assert.equal((await look(id)).state, 'running');
    const other = await seed({ state: 'ready', type: 'void', rows: [['waiting', 2, '2026-01-01']] });
    assert.match(await cli('campaign', 'start', tenant.tenantId, other, '--yes'), /^running/);
  });
});
