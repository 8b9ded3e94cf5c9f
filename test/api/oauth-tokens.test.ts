import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { createTokenVerifier } from '../../src/api/access/oauth-tokens.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'passrelay';
let published: JWK[] | null = [];
const issuer = createServer((_, response) => {
  if (published === null) return void response.writeHead(500).end();
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: published }));
});

interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  jwk: JWK;
}
async function newSigningKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } };
}

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let other: SeededTenant;
let key: SigningKey;
before(async () => {
  db = await createTestDatabase();
  [tenant, other] = [await seedTenant(db), await seedTenant(db)];
  key = await newSigningKey('first');
  published = [key.jwk];
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
  const tokens = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, jwksUrl, cooldownMs: 0 }, Date.now);
  api = await startTestApi({ database: db.database, tokens });
});
after(async () => {
  await api.close();
  issuer.closeAllConnections();
  await new Promise((resolve) => issuer.close(resolve));
  await db.drop();
});

const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;
const sign = (claims: JWTPayload, by: SigningKey = key) =>
  new SignJWT({ tenant: tenant.tenantId, scope: 'openid Operation.Read', ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: by.kid })
    .sign(by.privateKey);
const valid = () => ({ iss: ISSUER, aud: AUDIENCE, sub: 'client-1', exp: seconds(60) });
const status = async (token: string, path = `/api/${tenant.tenantId}/operations`) =>
  (await api.fetch(path, { key: token })).status;

test('a token of the issuer is taken, for its tenant and scopes only', async () => {
  const token = await sign(valid());
  assert.equal(await status(token), 200);
  assert.equal(await status(token, `/api/${other.tenantId}/operations`), 403);
  assert.equal(await status(token, '/v1/pass-templates'), 403);
  assert.equal(await status(await sign({ ...valid(), scope: ['Pass.Read'] } as JWTPayload), '/v1/pass-templates'), 200);
});

test('every broken claim is a 401', async () => {
  const cases: [string, JWTPayload][] = [
    ['issuer', { ...valid(), iss: 'https://other.example' }],
    ['audience', { ...valid(), aud: 'another product' }],
    ['expired', { ...valid(), exp: seconds(-60) }],
    ['not yet valid', { ...valid(), nbf: seconds(120) }],
    ['no expiry', { iss: ISSUER, aud: AUDIENCE }],
    ['no tenant', { ...valid(), tenant: null }],
    ['unknown tenant', { ...valid(), tenant: 'no-such-tenant' }],
    ['a tenant that no database can hold', { ...valid(), tenant: 'a\0b' }],
  ];
  for (const [what, claims] of cases) assert.equal(await status(await sign(claims)), 401, what);
  assert.equal(await status(await sign({ ...valid(), exp: seconds(-10) })), 200, 'clock skew is forgiven');
});

test('whatever a subject holds, the requests of all others are still counted across processes', async () => {
  const subjects = ['a\0b', 'a\ud800b', randomBytes(4_000).toString('base64'), 5 as unknown as string];
  for (const sub of subjects) assert.equal(await status(await sign({ ...valid(), sub })), 200);
  await api.rateLimiter.share();
  const budgets = await db.owner<{ budget: string }>(`select budget from rate_budgets where budget like $1`, [
    `requests:${tenant.tenantId}:%`,
  ]);
  assert.ok(budgets.length >= 4);
});

test('a forged signature is a 401, whatever algorithm it claims', async () => {
  const forger = await newSigningKey('first');
  assert.equal(await status(await sign(valid(), forger)), 401);
  const [, payload] = (await sign(valid())).split('.');
  const unsigned = Buffer.from('{"alg":"none","kid":"first"}').toString('base64url');
  assert.equal(await status(`${unsigned}.${payload}.`), 401);
  const symmetric = await new SignJWT({ ...valid(), tenant: tenant.tenantId, scope: 'Operation.Read' })
    .setProtectedHeader({ alg: 'HS256', kid: 'first' })
    .sign(Buffer.from(JSON.stringify(key.jwk)));
  assert.equal(await status(symmetric), 401);
});

test('rotation: a key that the issuer publishes later is found; one it withdrew is refused', async () => {
  const next = await newSigningKey('second');
  const byNext = await sign(valid(), next);
  assert.equal(await status(byNext), 401);
  published = [next.jwk];
  assert.equal(await status(byNext), 200);
  assert.equal(await status(await sign(valid(), key)), 401);
});

test('a token is not given up for a key that was published since the keys were read', async () => {
  const jwksUrl = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
  const patient = createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, jwksUrl, cooldownMs: 200 }, Date.now);
  const [next, nameless, another] = await Promise.all(['next', 'nameless', 'another'].map(newSigningKey));
  published = [key.jwk];
  assert.ok(await patient.verify(await sign(valid())));
  assert.equal(await patient.verify(await sign(valid(), next)), null);
  // The keys were read this moment, for somebody else's sake.
  published = [key.jwk, next!.jwk];
  assert.ok(await patient.verify(await sign(valid(), next)));
  // Issuers that name no keys rotate as well; for a while two keys fit.
  const withoutId = (by: SigningKey) =>
    new SignJWT({ ...valid(), tenant: tenant.tenantId }).setProtectedHeader({ alg: 'ES256' }).sign(by.privateKey);
  const bare = ({ jwk: { kid: _, ...rest } }: SigningKey): JWK => rest;
  published = [bare(nameless!)];
  assert.ok(await patient.verify(await withoutId(nameless!)));
  published = [bare(nameless!), bare(another!)];
  assert.ok(await patient.verify(await withoutId(another!)));
  assert.ok(await patient.verify(await withoutId(nameless!)));
  assert.equal(await patient.verify(await withoutId(key)), null);
});

test('keys of the issuer that cannot be read are a 503: a 401 would lose the delivery for good', async () => {
  published = null;
  const stranger = await newSigningKey('third');
  const response = await api.fetch(`/api/${tenant.tenantId}/operations`, { key: await sign(valid(), stranger) });
  assert.equal(response.status, 503);
  assert.ok(response.headers.get('retry-after'));
  // So is a key set that has no end.
  published = [{ ...key.jwk, x5t: 'a'.repeat(300_000) } as JWK];
  assert.equal(await status(await sign(valid(), await newSigningKey('fourth'))), 503);
});
