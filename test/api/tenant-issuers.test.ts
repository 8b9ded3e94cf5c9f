import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const ISSUER = 'https://login.brand.example';
let privateKey: CryptoKey;
let db: TestDatabase;
let api: TestApi;
let brand: SeededTenant;
let other: SeededTenant;
let jwks = '';
const issuer = createServer((_, response) => void response.end(jwks));

before(async () => {
  const pair = await generateKeyPair('ES256');
  privateKey = pair.privateKey;
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256' }] });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
  db = await createTestDatabase();
  brand = await seedTenant(db, { oauth: { issuer: ISSUER, audience: 'passrelay', jwksUrl } });
  other = await seedTenant(db);
  api = await startTestApi({ database: db.database });
});
after(async () => {
  await api.close();
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
  await db.drop();
});

const status = async (tenantId: string, claims: object = {}): Promise<number> => {
  const token = await new SignJWT({ tenant: tenantId, scope: 'Operation.Read', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(ISSUER)
    .setAudience('passrelay')
    .setExpirationTime('1m')
    .sign(privateKey);
  return (await api.fetch(`/api/${tenantId}/operations`, { key: token })).status;
};

test("a tenant's own issuer vouches for that tenant alone", async () => {
  assert.equal(await status(brand.tenantId), 200);
  assert.equal(await status(other.tenantId), 401);
  assert.equal(await status(brand.tenantId, { tenant: other.tenantId }), 401);
  assert.equal(await status(brand.tenantId, { scope: 'Pass.Read' }), 403);
});
