import assert from 'node:assert/strict';
import { test as it } from 'node:test';
import { createTestDatabase } from '../support/database.js';
import { startTestApi } from '../support/api.js';
import { seedTenant } from '../support/tenant.js';

it('a campaign that cannot be meant is refused, with its place and cure, and changes nothing; an unknown field gets a warning', async () => {
  const test = await createTestDatabase();
  const api = await startTestApi({ database: test.database });
  try {
    const tenant = await seedTenant(test);
    const filter = { filter: {} };
    const update = { type: 'update', fields: { points: 1 } };
    const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
    const cases: [object, RegExp][] = [
      [
        {
          audience: filter,
          action: { type: 'message', message: { message: 'x', validUntil: inDays(3) } },
          schedule: { at: inDays(4) },
        },
        /message would be over.*begins/,
      ],
      [
        {
          audience: filter,
          action: { type: 'offer', offer: { fields: { points: 1 }, until: inDays(3) } },
          schedule: { atLocal: inDays(5).slice(0, 16) },
        },
        /offer would be over.*schedule.atLocal/,
      ],
      [{ audience: filter, action: { type: 'convert', passType: 'premum' } }, /Did you mean ..premium/],
      [{ audience: { filter: { passTypes: ['gold'] } }, action: update }, /no pass type ..gold/],
      [{ audience: filter, action: { type: 'update', fields: { pointz: 1 } } }, /field ..pointz.*mean ..points/],
      [
        { audience: filter, action: { type: 'convert', passType: 'premium', fields: { teir: 'gold' } } },
        /field ..teir.*mean ..tier/,
      ],
      [
        { audience: filter, action: { type: 'offer', offer: { fields: { pionts: 1 }, until: '1 day' } } },
        /offer.fields.pionts/,
      ],
      [
        { audience: { filter: { fields: [{ field: 'tierr', is: 'equal', value: 'gold' }] } }, action: update },
        /field ..tierr.*mean ..tier/,
      ],
      [{ audience: filter, action: { type: 'update', fields: { points: '{{ person.points }}' } } }, /template tag/],
      [{ audience: filter, action: { type: 'update', fields: { points: { column: 'p' } } } }, /need a CSV/],
      [{ audience: filter, action: { type: 'message', message: { message: 'Hi {first}' } } }, /nobody would fill/],
      [{ audience: filter, action: { type: 'message', message: { title: '*|F|*', message: 'x' } } }, /message.title/],
      [{ audience: filter, action: { type: 'message', message: { message: '{column:a}' } } }, /need a CSV/],
      [{ audience: filter, action: { type: 'message', message: { message: 'x {property:}' } } }, /nobody would fill/],
      [
        {
          audience: filter,
          action: { type: 'offer', offer: { fields: { points: 1 }, from: '2031-02-02', until: '2031-02-01' } },
        },
        /offer.until/,
      ],
      [
        { audience: filter, action: { type: 'offer', offer: { fields: { tier: '{{ x }}' }, until: '1 day' } } },
        /offer.fields.tier/,
      ],
      [{ audience: filter, action: update, schedule: { at: 'tomorrow' } }, /at/],
      [{ audience: filter, action: update, schedule: { at: '2020-01-01T00:00:00Z' } }, /at has passed/],
      [{ audience: filter, action: update, schedule: { atLocal: '2099-01-01T09:00' } }, /days away/],
      [{ audience: filter, action: update, schedule: { atLocal: '2031-02-30T09:00' } }, /calendar/],
      [{ audience: filter, action: { type: 'update', fields: {} } }, /nothing would change/],
      [{ audience: filter, action: { type: 'mesage' } }, /write ..message/],
      [{ audience: filter, action: { type: 'void', fields: {} } }, /fields.. is not known here/],
      [{ audience: {}, action: update }, /write \{..filter/],
      [{ audience: { filter: { state: ['active'] } }, action: update }, /write ..states/i],
      [{ audience: { segment: 'My VIPs' }, action: update }, /the id of a segment/],
      [
        { audience: { filter: { fields: [{ field: 'points', is: 'equal', value: '5' }] } }, action: update },
        /is a number, and/,
      ],
      [
        {
          audience: { filter: { updatedAfter: '2026-02-01T00:00:00Z', updatedBefore: '2026-01-01T00:00:00Z' } },
          action: update,
        },
        /no pass can be both/,
      ],
      [{ audience: filter, action: { type: 'update', fields: { points: '300,5' } } }, /fields.points.*is not a/],
      [
        { audience: filter, action: { type: 'convert', passType: 'premium', fields: { points: true } } },
        /where a number belongs/,
      ],
      [
        { audience: filter, action: { type: 'offer', offer: { fields: { points: 'many' }, until: '1 day' } } },
        /offer.fields.points/,
      ],
      [{ name: ' ', audience: filter, action: update }, /needs a name/],
      [
        {
          audience: filter,
          action: { type: 'message', message: { message: 'x', identifiers: { email: 'a@b.example' } } },
        },
        /no place in a campaign/,
      ],
      [{ audience: filter, action: update, schedule: { hours: { from: '09:00', until: '09:00' } } }, /differ/],
    ];
    for (const [body, said] of cases) {
      const response = await api.fetch(`/api/${tenant.tenantId}/campaigns`, {
        method: 'POST',
        key: tenant.keys.all,
        body: JSON.stringify({ name: 'Wrong', ...body }),
      });
      const answer = await response.text();
      assert.equal(response.status, 422, answer);
      assert.match(answer, said);
    }
    assert.deepEqual(await test.owner('select from campaigns where tenant_id = $1', [tenant.tenantId]), []);

    // Custom data has any name, so a field that no pass type has is taken, with a word.
    const fields = { points: { property: 'city' }, anniversary: 'x' };
    for (const [filter, who] of [
      [{ fields: [{ field: 'wholly-unknown', is: 'set' }] }, 'no pass type has'],
      [{ fields: [{ field: 'wholly-unknown', is: 'unset' }], passTypes: ['basic'] }, 'no pass type of "basic" has'],
    ] as const) {
      const response = await api.fetch(`/api/${tenant.tenantId}/campaigns`, {
        method: 'POST',
        key: tenant.keys.all,
        body: JSON.stringify({ name: 'Unknown', audience: { filter }, action: { type: 'update', fields } }),
      });
      assert.equal(response.status, 202);
      const { warnings } = (await response.json()) as { warnings: Record<string, string>[] };
      assert.deepEqual(
        warnings.map(({ pointer, message }) => [pointer, message!.split(' a field')[0]]),
        ['/action/fields/anniversary', '/audience/filter/fields/0/field'].map((pointer) => [pointer, who]),
      );
      assert.match(warnings[1]!['cure']!, /known are: .*points/);
    }
  } finally {
    await api.close();
    await test.drop();
  }
});
