import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mintLink } from '../../src/database/customers/links.js';
import { startTestApi } from '../support/api.js';
import { createTestDatabase } from '../support/database.js';
import { accept } from '../support/operations.js';
import { seedTenant } from '../support/tenant.js';
import { testSecretBox } from '../support/secret-box.js';

test('behind TLS cookies are secure, each answer asks for TLS from then on, and operators find the run in Temporal', async () => {
  const db = await createTestDatabase();
  const api = await startTestApi({ database: db.database });
  try {
    const { tenantId, customerId, keys, pass } = await seedTenant(db);
    const token = await mintLink(db.database.tenant(tenantId), testSecretBox, {
      tenantId,
      customerId,
      purpose: 'mail',
      settings: { expiryDays: 90, graceDays: 14 },
      now: Date.now,
    });
    const arrived = await api.fetch(`/${tenantId}/mail/confirm?neo.authToken=${token}`);
    const signedIn = await api.fetch(`/ops/${tenantId}/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ key: keys.all }),
    });
    for (const [response, path] of [
      [arrived, `/${tenantId}/mail`],
      [signedIn, `/ops/${tenantId}`],
    ] as const) {
      assert.equal(response.status, 303);
      const cookie = response.headers.get('set-cookie')!;
      for (const attribute of ['Secure', 'HttpOnly', 'SameSite=Lax', `Path=${path};`]) {
        assert.ok(cookie.includes(attribute), `${attribute} in ${cookie}`);
      }
    }
    const pages = [
      '/p/unknown',
      `/p/${pass.serialNumber}`,
      '/p/unknown/google',
      `/${tenantId}/mail`,
      `/ops/${tenantId}`,
    ];
    for (const response of [arrived, signedIn, ...(await Promise.all(pages.map((page) => api.fetch(page))))]) {
      assert.match(response.headers.get('strict-transport-security') ?? '', /^max-age=\d{8}/, response.url);
      assert.equal(response.headers.get('referrer-policy'), 'no-referrer');
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    }
    const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };
    const id = await accept(db, { tenantId }, { kind: 'push-update', input });
    const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
    const page = await (await api.fetch(`/ops/${tenantId}/operations/${id}`, { headers: { cookie } })).text();
    const run = encodeURIComponent(`push-update/${id}`);
    assert.ok(page.includes(`href="http://temporal.example:8233/namespaces/default/workflows/${run}"`));
  } finally {
    await api.close();
    await db.drop();
  }
});
