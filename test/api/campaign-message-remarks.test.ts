import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestApi } from '../support/api.js';
import { createTestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';

test('a campaign warns of its message as a single message would be warned of: one that a lock screen cuts, say', async () => {
  const db = await createTestDatabase();
  const api = await startTestApi({ database: db.database });
  try {
    const tenant = await seedTenant(db);
    const made = async (message: object): Promise<string[]> => {
      const action = { type: 'message', message };
      const answer = await api.fetch(`/api/${tenant.tenantId}/campaigns`, {
        method: 'POST',
        key: tenant.keys.all,
        body: JSON.stringify({ name: 'Roast', audience: { filter: {} }, action }),
      });
      assert.equal(answer.status, 202);
      const { warnings } = (await answer.json()) as { warnings: { pointer: string; message: string }[] };
      return warnings.map(({ pointer, message: said }) => `${pointer} ${said}`);
    };
    assert.deepEqual(await made({ message: 'A new roast is here.' }), []);
    const [said, ...more] = await made({ message: 'A new roast is here. '.repeat(12) });
    assert.match(said!, /^\/action\/message\/message the message has 251 characters: a lock screen shows about/);
    assert.deepEqual(more, []);
    assert.match((await made({ message: '<b>Now</b>' }))[0]!, /held HTML/);
  } finally {
    await api.close();
    await db.drop();
  }
});
