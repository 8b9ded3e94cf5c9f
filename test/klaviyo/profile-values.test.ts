import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileValues } from '../../src/klaviyo/profile-values.js';
import { tenantSettings } from '../../src/passes/tenant-settings.js';

const settings = tenantSettings.parse({});
const customerIdOf = (externalId: string | null) =>
  profileValues(
    {
      identifiers: [],
      klaviyoProfileId: null,
      attributes: {},
      properties: {},
      consent: null,
      fetched: { id: '01P', attributes: { external_id: externalId } },
    },
    settings,
  ).customer['customerId'];

test('what imports write into external_id for nothing is nobody’s id', () => {
  assert.equal(customerIdOf(' C-1 '), 'C-1');
  for (const nothing of [null, '', ' ', 'N/A', 'None', 'null', '\u200b', '{{ person.id }}', 'x'.repeat(300)]) {
    assert.equal(customerIdOf(nothing), undefined, JSON.stringify(nothing));
  }
});
