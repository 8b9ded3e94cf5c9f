import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type Koa from 'koa';
import { createSpeakers } from '../../../src/api/speakers.js';
import { createThrottle } from '../../../src/api/access/throttle.js';
import { ApiError } from '../../../src/api/problems.js';
import type { ApiDeps, Route } from '../../../src/api/route.js';
import { googleRoutes } from '../../../src/api/routes/google-callbacks.js';
import { systemWebhookRoutes } from '../../../src/api/routes/klaviyo/system-webhook.js';

const LIMIT = 3;

/** Everything behind the throttle: each look at it is counted, and the caller is nobody known. */
function counting(): { deps: ApiDeps; looks(): number } {
  let looks = 0;
  const look = async (): Promise<never[]> => {
    looks++;
    return [];
  };
  const sql = { tenantId: 'demo', query: look };
  const deps = {
    now: () => 0,
    database: { system: sql, tenant: () => sql },
    google: {
      async verifyCallback() {
        looks++;
        return { ok: false, code: 'malformed', message: 'no callback' };
      },
    },
    clientAddress: (ctx: Koa.Context) => ctx.ip,
  } as unknown as ApiDeps;
  return { deps, looks: () => looks };
}

async function refusal(route: Route, ip: string): Promise<string> {
  const body = Buffer.from('{}');
  const req = Object.assign(Readable.from([body]), { headers: { 'content-length': String(body.length) } });
  const ctx = { ip, req, headers: {}, get: () => '', set: () => undefined } as unknown as Koa.Context;
  const handler = route.handler as unknown as (ctx: Koa.Context, given: object) => Promise<void>;
  try {
    await handler(ctx, { params: { tenantId: 'demo' } });
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof ApiError, `not an answer: ${String(error)}`);
    return error.code;
  }
}

const ROUTES: Readonly<Record<string, (deps: ApiDeps) => Route>> = {
  "Google's callbacks": (deps) =>
    googleRoutes(deps, createSpeakers(deps), undefined, createThrottle(deps.now, LIMIT))[0]!,
  "Klaviyo's system webhooks": (deps) => systemWebhookRoutes(deps, createThrottle(deps.now, LIMIT))[0]!,
};

for (const [name, routeOf] of Object.entries(ROUTES)) {
  test(`${name}: an address that forges them is refused before anything is looked up, another one is not`, async () => {
    const { deps, looks } = counting();
    const route = routeOf(deps);
    for (let call = 0; call < LIMIT; call++) assert.notEqual(await refusal(route, '192.0.2.1'), 'rate-limited');
    const before = looks();
    assert.ok(before > 0, 'nothing was looked up at all');
    assert.equal(await refusal(route, '192.0.2.1'), 'rate-limited');
    assert.equal(looks(), before);
    assert.notEqual(await refusal(route, '192.0.2.2'), 'rate-limited');
  });
}
