import { randomUUID } from 'node:crypto';
import { freezeSlice } from '../src/activities/campaigns/freeze-audience.js';
import { readFile, writeResults } from '../src/api/routes/campaign-files.js';
import { createCampaign, findCampaign, moveCampaign } from '../src/database/campaigns/campaigns.js';
import { presentCampaignDetail } from '../src/api/routes/present-campaign.js';
import { uploadRows } from '../src/database/campaigns/upload.js';
import { campaignDefinition } from '../src/passes/campaign.js';
import { tenantSettings } from '../src/passes/tenant-settings.js';
import { createTestDatabase } from '../test/support/database.js';
import { seedSegment } from '../test/support/segment.js';
import { seedTenant } from '../test/support/tenant.js';

/** `npm run drill:audience`: a file of a million rows is uploaded, frozen, counted and downloaded; memory must stay flat. */
const ROWS = Number(process.env['DRILL_ROWS'] ?? 1_000_000);
const CHUNK = 100_000;

const test = await createTestDatabase();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs one part, and tells its time and the most memory in its first and second half. */
async function measure<T>(name: string, part: () => Promise<T>): Promise<T> {
  const memory: number[] = [];
  const timer = setInterval(() => memory.push(Math.round(process.memoryUsage().rss / 1e6)), 100);
  const startedMs = performance.now();
  try {
    return await part();
  } finally {
    clearInterval(timer);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const middle = Math.ceil(memory.length / 2);
    const [first, second] = [memory.slice(0, middle), memory.slice(middle)].map((half) => Math.max(0, ...half));
    say(`| ${name} | ${seconds} s | ${first} MB, ${second} MB |`);
  }
}

async function* file(): AsyncGenerator<Buffer> {
  yield Buffer.from('email,points\n');
  for (let row = 1; row <= ROWS; row += 1_000) {
    const lines = Array.from({ length: Math.min(1_000, ROWS - row + 1) }, (_, n) => `c${row + n}@example.com,${n}\n`);
    yield Buffer.from(lines.join(''));
  }
}

try {
  const tenant = await seedTenant(test);
  for (let from = 1; from <= ROWS; from += CHUNK) {
    await seedSegment(test, tenant, Math.min(ROWS, from + CHUNK - 1), from);
  }
  for (const table of ['customers', 'customer_identifiers', 'passes', 'apple_registrations', 'apple_devices']) {
    await test.owner(`vacuum analyze ${table}`);
  }
  const db = test.database.tenant(tenant.tenantId);
  const settings = tenantSettings.parse({});
  const campaignId = randomUUID();
  const definition = campaignDefinition.parse({
    audience: { csv: {} },
    action: { type: 'update', fields: { points: { column: 'points' } } },
  });
  await createCampaign(db, { campaignId, name: 'Drill', definition, test: false, confirmed: false });
  say(`| ${ROWS} rows | time | most memory in the first and the second half |\n| --- | --- | --- |`);
  await measure('upload', () => uploadRows(db, campaignId, readFile(file(), { defaultCountry: undefined }, [])));
  await moveCampaign(db, campaignId, 'uploaded');
  const { operation_id: operationId } = (await findCampaign(db, campaignId))!;
  const ref = { tenantId: tenant.tenantId, operationId: operationId!, run: 1 };
  await measure('freeze and dry run', async () => {
    while (!(await freezeSlice(db, ref, settings, new Date())));
  });
  const campaign = (await findCampaign(db, campaignId))!;
  const { dry_run: dryRun, state } = campaign;
  if (state !== 'ready' || dryRun?.apple !== ROWS) throw new Error(`${state}: ${JSON.stringify(dryRun)}`);
  await test.owner(
    `update campaign_rows set state = 'done', outcome = 'updated', pushed = true, revision = 1, done_at = now()`,
  );
  await test.owner('update apple_registrations set fetched_revision = 1');
  await measure('one look at its progress', () =>
    presentCampaignDetail(db, { ...campaign, started_at: new Date() }, { nowMs: Date.now(), zone: 'UTC' }),
  );
  let looks = 1;
  await measure('looks until all fetches are counted', async () => {
    for (;;) {
      const row = { ...(await findCampaign(db, campaignId))!, started_at: new Date() };
      looks++;
      const { progress } = await presentCampaignDetail(db, row, { nowMs: Date.now(), zone: 'UTC' });
      if (progress.fetched === ROWS) return;
    }
  });
  say(`${looks} looks`);
  await measure('download of the results', async () => {
    let bytes = 0;
    for await (const text of writeResults(db, campaignId, { faulty: false, csv: true })) bytes += text.length;
    if (bytes < ROWS * 20) throw new Error(`${bytes} bytes`);
  });
} finally {
  await test.drop();
}
