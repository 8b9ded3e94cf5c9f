import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCampaignCsv } from '../../../src/api/requests/campaign-csv.js';
import { maskContacts } from '../../../src/common/mask-personal.js';
import { normaliseIdentifier } from '../../../src/passes/identifiers.js';

async function rowOf(header: string, values: string, wanted: string[] = []) {
  const source = (async function* () {
    yield Buffer.from(`${header}\n${values}\n`);
  })();
  for await (const row of readCampaignCsv(source, wanted, { custom: ['loyaltyId'] })) return row;
  throw new Error('no row');
}

test('a file names its customers as Klaviyo exports them, in any case, and its own columns exactly', async () => {
  for (const [header, values, identifiers] of [
    ['Email,First Name', 'ann@example.com,Ann', [['email', 'ann@example.com']]],
    ['EMAIL', 'ann@example.com', [['email', 'ann@example.com']]],
    ['Phone Number', '+12125550123', [['phone', '+12125550123']]],
    [
      'External ID,loyalty_id',
      'E1,L1',
      [
        ['externalId', 'E1'],
        ['loyaltyId', 'L1'],
      ],
    ],
    ['email,Email', 'ann@example.com,bob@example.com', [['email', 'ann@example.com']]],
  ] as const) {
    const row = await rowOf(header, values);
    assert.deepEqual([row.fault, row.identifiers.map(({ kind, value }) => [kind, value])], [null, identifiers], header);
  }
  assert.deepEqual((await rowOf('Email,Code', 'ann@example.com,7', ['Code'])).given, { Code: '7' });
  await assert.rejects(rowOf('Email,Code', 'ann@example.com,7', ['code']), /needs a column "code"/);
});

test('an example in a cure is shown as it is, and what a customer has is masked beside it', () => {
  for (const [kind, value] of [
    ['email', 'nobody'],
    ['phone', '12'],
  ] as const) {
    const read = normaliseIdentifier(kind, value);
    assert.ok(read.ok === false);
    assert.equal(maskContacts(read.cure), read.cure);
  }
  assert.equal(maskContacts('ann@example.com, +12125550123'), 'a•••@example.com, •••23');
});
