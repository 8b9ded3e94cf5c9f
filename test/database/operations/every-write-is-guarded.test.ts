import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { acceptMigrations } from '../../../src/database/bulk/migrate-passes.js';
import {
  lockCustomer,
  recordFetchedProfile,
  recordFoundCustomer,
  writeCustomer,
} from '../../../src/database/customers/customers.js';
import { addToReceipt } from '../../../src/database/customers/erasure.js';
import { beginNotification, recordNotifications } from '../../../src/database/devices/notifications.js';
import { recordCustomerEvent } from '../../../src/database/merchants/events.js';
import { recordPassEvent } from '../../../src/database/merchants/pass-events.js';
import { markCancelled } from '../../../src/database/operations/cancellations.js';
import { endAsCovered } from '../../../src/database/operations/covered.js';
import { startAnew, startNextRun } from '../../../src/database/operations/reconcile.js';
import { retryBatch } from '../../../src/database/operations/retries.js';
import {
  endOperation,
  markStep,
  noteProgress,
  recordFound,
  recordLastStep,
  recordStep,
  type RunRef,
} from '../../../src/database/operations/steps.js';
import { loadForChange } from '../../../src/database/passes/passes.js';
import {
  writeChange,
  writeSequences,
  writeStateSequence,
  writeTypeSequence,
} from '../../../src/database/passes/write-change.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { accept } from '../../support/operations.js';
import { seedTenant, type SeededTenant } from '../../support/tenant.js';
import { rowsOf } from '../../support/rows.js';

const src = fileURLToPath(new URL('../../../src/', import.meta.url));
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name: relative(src, join(src, name)), text: readFileSync(join(src, name), 'utf8') }));

/** Each statement that begins so, from there to the end of its template. */
const statements = (beginning: RegExp) =>
  sources.flatMap(({ name, text }) =>
    [...text.matchAll(beginning)].map(({ index }) => {
      // With the statement around it, whose fragments may be the guard.
      const from = Math.max(text.lastIndexOf('sql`', index), text.lastIndexOf('(`', index), 0);
      return `${name}: ${text.slice(from, index)}${text.slice(index).split(/`\s*[,;)]/)[0]!}`;
    }),
  );

/** The guard of each statement that does not come from the fragment `updateOwn`. A new one must be added here, with its guard. */
const GUARDS: readonly (readonly [string, RegExp])[] = [
  ['database/operations/fragments.ts', /from own/],
  ['database/operations/dispatch.ts', /select operation_id\s+from due/],
  ['database/operations/dispatch.ts', /status = 'accepted'/],
  // It moves the time of the next look, nothing else.
  ['database/under-way.ts', /set dispatch_after = \$\{longAgo\} where \$\{operations\.is\}/],
  // A burst holds its operations: unfinished, and still its own.
  ['database/bursts/find-passes.ts', /heldOperations\(/],
  ['database/bursts/notifications.ts', /heldOperations\(/],
  ['database/bursts/burst-steps.ts', /heldOperations\(/],
  ['database/bursts/burst-steps.ts', /heldOperations\(/],
  ['database/bursts/burst-steps.ts', /burst_id = \$\{ref\.burstId\}\s+and o\.status in \('accepted', 'running'\)/],
  ['database/bursts/changes.ts', /heldOperations\(/],
  ['database/bursts/gather.ts', /o\.burst_id = \$\{ref\.burstId\}\s+and o\.status = 'running'/],
  ['database/bursts/held-back.ts', /heldOperations\(/],
  // What nobody runs until then.
  ['database/bursts/held-back.ts', /status = 'running'\s+-- [^\n]+\s+and dispatched_at is null/],
  ['database/bursts/dispatch.ts', /o\.status = 'accepted' and o\.burst_id is null/],
  ['database/bursts/dispatch.ts', /o\.burst_id = \$\{burstId\}\s+and \$\{isUnfinished\('o'\)\}/],
  ['database/operations/cancellations.ts', /status <> all\(\$\{FINAL_STATUSES\}/],
  ['database/operations/covered.ts', /run = 1\s+and status = 'succeeded'\s+and outcome = 'superseded'/],
  ['database/operations/retries.ts', /ENDED_BADLY/],
  ['database/operations/retries.ts', /wanted|batch/],
  // What nobody has begun, of the campaign that is paused, resumed or cancelled.
  ['database/campaigns/campaigns.ts', /and burst_id is null\s+and \(\$\{which\}\)/],
  ['database/bulk/retention.ts', /isFinished|status|batch/],
  ['database/bulk/retention.ts', /isFinished|status|batch/],
  ['database/customers/forget-operations.ts', /theirs/],
  // Whose history it is, whatever has become of each: nothing of an operation's own changes.
  ['database/customers/merge.ts', /set customer_id = \$\{into\} where/],
  ['database/customers/forget-operations.ts', /\$\{isUnfinished\(\)\}/],
];

describe('every statement that writes operations', () => {
  it('is the guarded fragment, or is listed here with a guard of its own', () => {
    const found = statements(/(?<!For `)update operations(?:\n| set| o set)/g);
    assert.deepEqual(
      found.map((text) => text.split(':')[0]).sort(),
      GUARDS.map(([name]) => name).sort(),
      'a statement was added: let it go through updateOwn, or list it with its guard',
    );
    const left = [...found];
    for (const [name, guard] of GUARDS) {
      const index = left.findIndex((text) => text.startsWith(`${name}:`) && guard.test(text));
      assert.notEqual(index, -1, `${name}: ${guard}`);
      left.splice(index, 1);
    }
  });

  it('writes steps of the guarded operation only', () => {
    const found = statements(/insert into operation_steps/g);
    assert.ok(found.length >= 5);
    for (const text of found) assert.match(text, /from own\b|heldOperations|from \$\{raw\(from\)\}|from done d/, text);
  });
});

describe('a worker that was frozen, or a former run', () => {
  let test: TestDatabase;
  let tenant: SeededTenant;
  before(async () => {
    test = await createTestDatabase();
    tenant = await seedTenant(test);
  });
  after(() => test.drop());

  const state = async (operationId: string) => ({
    operation: await rowsOf(test).operation(operationId),
    steps: await rowsOf(test).steps({ operationId }),
    events: await rowsOf(test).events({ operationId }),
    revisions: await rowsOf(test).revisions({ operationId }),
    pass: await rowsOf(test).pass(tenant.pass.id),
    customer: await rowsOf(test).customer(tenant.customerId),
    others: await test.owner('select count(*) from operations where tenant_id = $1', [tenant.tenantId]),
    tags: await test.owner('select * from update_tags'),
  });

  const sql = () => test.database.tenant(tenant.tenantId);
  const step = (ref: RunRef) => ({ ...ref, step: 'apply-data', state: 'retrying' }) as const;
  const ending = { status: 'failed', outcome: 'internal-error', reason: 'late' } as const;
  const loaded = async (ref: RunRef) => (await loadForChange(sql(), { ...ref, passId: tenant.pass.id }, 'data'))!.pass;
  const found = () => ({ customerId: tenant.customerId, matched: ['email'], at: new Date().toISOString() });

  /** Each write that a step can make. */
  const WRITES: Record<string, (ref: RunRef) => Promise<unknown>> = {
    recordStep: (ref) => recordStep(sql(), step(ref)),
    recordFound: (ref) => recordFound(sql(), ref, { passId: tenant.pass.id, ...found() }),
    recordLastStep: (ref) => recordLastStep(sql(), step(ref), ending),
    endOperation: (ref) => endOperation(sql(), { ...ref, ...ending }),
    noteProgress: (ref) => noteProgress(sql(), ref, 'backfill', { late: true }),
    markCancelled: (ref) => markCancelled(sql(), ref),
    startAnew: (ref) => startAnew(sql(), ref),
    startNextRun: (ref) => startNextRun(sql(), ref),
    retryBatch: (ref) => retryBatch(sql(), ref, 1),
    endAsCovered: (ref) => endAsCovered(sql(), ref, randomUUID()),
    async writeChange(ref) {
      const pass = await loaded(ref);
      const after = { ...pass, data: { points: 666 }, apple_pass_type_identifier: 'pass.late' };
      const change = { before: pass, after, change: 'data', changed: {}, changedFields: ['points'] } as const;
      return writeChange(sql(), { ...change, changedFields: ['points'], step: step(ref), found: found() });
    },
    writeSequences: async (ref) => writeSequences(sql(), await loaded(ref), { points: '9' }, step(ref)),
    writeTypeSequence: async (ref) => writeTypeSequence(sql(), await loaded(ref), '9', step(ref)),
    writeStateSequence: async (ref) => writeStateSequence(sql(), await loaded(ref), '9', step(ref)),
    recordPassEvent: (ref) =>
      recordPassEvent(sql(), step(ref), { type: 'pass.installed', passId: tenant.pass.id, payload: {} }),
    recordCustomerEvent: (ref) => recordCustomerEvent(sql(), ref, tenant.customerId),
    beginNotification: (ref) =>
      beginNotification(sql(), { ...ref, passId: tenant.pass.id }, 'pass.updated', { ...ending, status: 'succeeded' }),
    recordNotifications: (ref) => recordNotifications(sql(), step(ref), tenant.pass.id, [], ending),
    recordFoundCustomer: (ref) => recordFoundCustomer(sql(), step(ref), found()),
    recordFetchedProfile: (ref) => recordFetchedProfile(sql(), step(ref), { late: true }),
    async writeCustomer(ref) {
      const row = (await lockCustomer(sql(), tenant.customerId))!;
      const after = { ...row, first_name: 'Late' };
      return writeCustomer(sql(), tenant.customerId, { after, consents: [], changedFields: [], step: step(ref) });
    },
    addToReceipt: (ref) => addToReceipt(sql(), ref, { late: true }),
    acceptMigrations: (ref) =>
      acceptMigrations(sql(), ref, {
        cursor: '00000000-0000-0000-0000-000000000000',
        accepted: 0,
        sweep: null,
        passTypeId: tenant.passTypes.basic,
        version: 9,
        limit: 10,
      }),
  };

  for (const [name, write] of Object.entries(WRITES)) {
    it(`writes nothing by ${name}`, async () => {
      const input = { filter: {}, perSecond: 1, identifiers: [], data: {} };
      const operationId = await accept(test, tenant, { kind: 'push-update', input });
      const ref = { tenantId: tenant.tenantId, operationId, run: 1 };
      for (const late of ['a later run', 'an ending'] as const) {
        await test.owner(
          late === 'an ending'
            ? `update operations set status = 'succeeded', outcome = 'updated', ended_at = now(), run = 1 where operation_id = $1`
            : `update operations set status = 'running', run = 2 where operation_id = $1`,
          [operationId],
        );
        const before = await state(operationId);
        await write(ref).catch((error: { code?: string }) => assert.equal(error.code, 'run-ended', String(error)));
        assert.deepEqual(await state(operationId), before, `after ${late}`);
      }
    });

    if (name === 'endAsCovered') continue; // It needs a second operation: see the test of endings.
    it(`writes by ${name} what is still its own`, async () => {
      const input = { filter: {}, perSecond: 1, identifiers: [], data: {} };
      const operationId = await accept(test, tenant, { kind: 'push-update', input });
      await test.owner(`update operations set status = 'running' where operation_id = $1`, [operationId]);
      const before = await state(operationId);
      await write({ tenantId: tenant.tenantId, operationId, run: 1 });
      assert.notDeepEqual(await state(operationId), before);
    });
  }

  it('leaves no mark of a pause on what has ended', async () => {
    const operationId = await accept(test, tenant, { kind: 'backfill', input: {} });
    await test.owner(`update operations set status = 'failed', ended_at = now() where operation_id = $1`, [
      operationId,
    ]);
    const before = await state(operationId);
    await markStep(sql(), { tenantId: tenant.tenantId, operationId }, 'backfill', { paused: true });
    assert.deepEqual(await state(operationId), before);
  });
});
