import type Koa from 'koa';
import { z } from 'zod';
import { changedSerials, recordListed } from '../../database/passes/changed-serials.js';
import { appendDeviceLog, MAX_LOG_MESSAGES } from '../../database/devices/device-log.js';
import { registerDevice, unregisterDevice } from '../../database/devices/devices.js';
import type { PassRow } from '../../database/passes/passes.js';
import { authenticateDevice } from '../authenticate-device.js';
import { answerEmpty } from '../empty-answer.js';
import { createThrottle, DAY_MS } from '../access/throttle.js';
import { none, plainText } from '../parameters.js';
import { ApiError } from '../problems.js';
import { parseStrictly } from '../requests/read-json.js';
import { readRawBody } from '../requests/raw-body.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';

const REGISTRATION_LIMIT_BYTES = 16 * 1024;
/** One address may stand for a whole mobile network: many phones that are told of the same campaign. */
const PER_ADDRESS = 3_000;
const REPORTS_PER_ADDRESS = 120;
/** Changes of one pass's registrations: a first and a last device make events for the merchant. */
const CHANGES_PER_PASS = 60;
const CHANGES_PER_PASS_AND_DAY = 500;

/** Refused by its length before anything is done with it. */
const name = z.string().max(255);
const device = z.object({ device: name, type: name });
const registration = device.extend({ serial: name });
/** As pushes can carry it; Apple says only that it is a text. */
const pushToken = z.object({ pushToken: z.string().regex(/^[0-9a-f]{1,400}$/i) });
const logs = z.object({ logs: z.array(z.unknown()) });

const readJson = async (ctx: Koa.Context, limit?: number): Promise<unknown> =>
  parseStrictly(await readRawBody(ctx.req, limit));

/**
 * The devices' part of Apple's PassKit web service ("Adding a Web Service to Update Passes"). Devices take 200 and 201
 * for success, 204 in the list only, and every other status for a failure that they repeat.
 */
export function appleDeviceRoutes(deps: ApiDeps): Route[] {
  const { database } = deps;
  const perAddress = createThrottle(deps.now, PER_ADDRESS);
  const reports = createThrottle(deps.now, REPORTS_PER_ADDRESS);
  const changes = createThrottle(deps.now, CHANGES_PER_PASS);
  const changesADay = createThrottle(deps.now, CHANGES_PER_PASS_AND_DAY, DAY_MS);

  /** The pass that a device may change the registrations of; undefined where it was answered already. */
  async function passToChange(ctx: Koa.Context, type: string, serial: string): Promise<PassRow | undefined> {
    perAddress.take(deps.clientAddress(ctx));
    const pass = await authenticateDevice(deps, ctx, type, serial);
    if (!pass) return undefined;
    changes.take(pass.pass_id);
    changesADay.take(pass.pass_id);
    return pass;
  }
  const path = '/apple/v1/devices/:device/registrations/:type';
  return [
    openRoute({
      method: 'POST',
      path: `${path}/:serial`,
      summary: 'A device registers for the changes of a pass',
      hidden: true,
      params: registration,
      query: none,
      answers: { 200: { description: 'Registered before' }, 201: { description: 'Registered now' } },
      async handler(ctx, { params }) {
        const pass = await passToChange(ctx, params.type, params.serial);
        if (!pass) return;
        const body = pushToken.safeParse(await readJson(ctx, REGISTRATION_LIMIT_BYTES));
        if (!body.success || !plainText.safeParse(params.device).success) {
          throw new ApiError('malformed-body', 'A registration needs a device and a pushToken of hexadecimal digits.');
        }
        const done = await registerDevice(database.tenant(pass.tenant_id), {
          tenantId: pass.tenant_id,
          passId: pass.pass_id,
          deviceLibraryIdentifier: params.device,
          pushToken: body.data.pushToken,
        });
        if (done?.event) deps.notifyAccepted();
        answerEmpty(ctx, done ? (done.created ? 201 : 200) : 401);
      },
    }),
    openRoute({
      method: 'DELETE',
      path: `${path}/:serial`,
      summary: 'A device removes its registration',
      hidden: true,
      params: registration,
      query: none,
      answers: { 200: { description: 'Gone, now or before' } },
      async handler(ctx, { params }) {
        const pass = await passToChange(ctx, params.type, params.serial);
        if (!pass) return;
        if (plainText.safeParse(params.device).success) {
          const done = await unregisterDevice(database.tenant(pass.tenant_id), {
            tenantId: pass.tenant_id,
            passId: pass.pass_id,
            deviceLibraryIdentifier: params.device,
          });
          if (done.event) deps.notifyAccepted();
        }
        answerEmpty(ctx, 200);
      },
    }),
    openRoute({
      method: 'GET',
      path,
      summary: 'Serial numbers that changed, for a device; without Authorization, as Apple specifies',
      hidden: true,
      params: device,
      query: z.object({ passesUpdatedSince: z.unknown().optional() }),
      answers: { 200: { description: 'What changed' }, 204: { description: 'Nothing' } },
      async handler(ctx, { params, query }) {
        perAddress.take(deps.clientAddress(ctx));
        const named = plainText.safeParse(params.device).success && plainText.safeParse(params.type).success;
        const since = typeof query.passesUpdatedSince === 'string' ? query.passesUpdatedSince : undefined;
        const changed = named ? await changedSerials(database.system, params.device, params.type, since) : undefined;
        if (!changed) {
          ctx.status = 204;
          return;
        }
        await recordListed(database, params.type, changed);
        ctx.body = { serialNumbers: changed.serialNumbers, lastUpdated: changed.tag };
      },
    }),
    openRoute({
      method: 'POST',
      path: '/apple/v1/log',
      summary: 'Devices report what was wrong with our answers',
      hidden: true,
      params: none,
      query: none,
      answers: { 200: { description: 'Taken' } },
      async handler(ctx) {
        reports.take(deps.clientAddress(ctx));
        const body = logs.safeParse(await readJson(ctx));
        const messages = body.success ? body.data.logs.filter((message) => typeof message === 'string') : [];
        const kept = await appendDeviceLog(database, messages);
        const sent = body.success ? body.data.logs.length : 0;
        if (sent > 0) deps.log.warn({ sent, kept, most: MAX_LOG_MESSAGES }, 'a device complains: see its pass');
        answerEmpty(ctx, 200);
      },
    }),
  ];
}
