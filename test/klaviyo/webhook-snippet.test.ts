import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIssuePass } from '../../src/api/requests/index.js';
import { webhookSnippet } from '../../src/klaviyo/webhook-snippet.js';

test('the snippet names the recipient by the tenant’s own identifiers too, where the profile holds them', () => {
  const place = { publicUrl: 'https://passes.example', accountId: 'aid_0x1', own: { loyaltyId: 'loyalty_number' } };
  const { body } = webhookSnippet({ id: 'ptk_0x101', fields: [] }, place);
  const rendered = body
    .replace(/\{\{ person\|lookup:'loyalty_number'\|default:'' \}\}/, 'L-1')
    .replace(/\{\{.*?\}\}/g, '');
  const parsed = parseIssuePass(JSON.parse(rendered), { custom: ['loyaltyId'] });
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.command.identifiers, [{ kind: 'loyaltyId', value: 'L-1' }]);
});
