import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { claimSync } from '../../../src/database/customers/sync-claim.js';
import type { ProfileSyncInput } from '../../../src/passes/operation-input.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { accept } from '../../support/operations.js';
import { addCustomer, seedProfileTenant, type ProfileTenant } from '../../support/profiles.js';

let db: TestDatabase;
let tenant: ProfileTenant;
before(async () => {
  db = await createTestDatabase();
  tenant = await seedProfileTenant(db);
});
after(() => db.drop());

type Input = Partial<ProfileSyncInput>;
let counter = 0;

/** What becomes of a sync while a later one of the same customer waits. */
async function claimBefore(mine: Input, later: Input, origin: 'klaviyo' | 'merchant' = 'klaviyo'): Promise<string> {
  const { customerId } = await addCustomer(db, tenant, { email: `window${++counter}@example.com` });
  const add = async (input: Input, from: 'klaviyo' | 'merchant') => {
    const full = { identifiers: [], klaviyoProfileId: null, attributes: {}, properties: {}, consent: null, ...input };
    const id = await accept(db, tenant, { kind: 'profile-sync', origin: from, input: full });
    await db.owner('update operations set customer_id = $2 where operation_id = $1', [id, customerId]);
    return id;
  };
  const operationId = await add(mine, 'klaviyo');
  await add(later, origin);
  const { tenantId } = tenant;
  return (await claimSync(db.database.tenant(tenantId), { tenantId, operationId, customerId, windowMs: 1_000 })).claim;
}

const email = { kind: 'email', value: 'a@example.com' };
const phone = { kind: 'phone', value: '+12125550101' };

test('a later sync covers an earlier one only if nothing of it is lost', async () => {
  const covered: [what: string, mine: Input, later: Input][] = [
    ['the same keys', { identifiers: [email, phone] }, { identifiers: [phone, { ...email, value: 'b@example.com' }] }],
    ['more keys', { identifiers: [phone] }, { identifiers: [phone, email], klaviyoProfileId: '01A' }],
    ['more data', { properties: { a: 1 } }, { properties: { a: 2, b: 3 }, consent: { sms: true } }],
    ['a newer version', { version: '9' }, { version: '10' }],
    ['a newer time', { version: '2026-03-01T10:00:00.000Z' }, { version: '2026-03-01T10:00:01.000Z' }],
    ['a version beside none', {}, { version: '1' }],
  ];
  for (const [what, mine, later] of covered) assert.equal(await claimBefore(mine, later), 'covered', what);
  const kept: [what: string, mine: Input, later: Input][] = [
    ['an address is missing', { identifiers: [email, phone] }, { identifiers: [phone] }],
    ['the profile id is missing', { klaviyoProfileId: '01A' }, {}],
    ['a name is missing', { attributes: { first_name: 'A' } }, { attributes: { last_name: 'B' } }],
    ['a property is missing', { properties: { a: 1 } }, { properties: { b: 1 } }],
    ['consent is missing', { consent: { sms: true } }, {}],
    ['an older version', { version: '10' }, { version: '9' }],
    ['no version', { version: '10' }, {}],
    ['an address that was handed over', { handedOver: ['email'] }, { identifiers: [phone] }],
  ];
  for (const [what, mine, later] of kept) assert.equal(await claimBefore(mine, later), 'go', what);
  assert.equal(await claimBefore({}, {}, 'merchant'), 'go', 'another origin: the merchant would not hear of it');
});
