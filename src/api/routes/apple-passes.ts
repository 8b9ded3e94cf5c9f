import type Koa from 'koa';
import { z } from 'zod';
import { recordFetched } from '../../database/passes/changed-serials.js';
import { findPassBySerialNumber } from '../../database/passes/pass-lookup.js';
import { recordReceived } from '../../database/messages/received.js';
import type { PassRow } from '../../database/passes/passes.js';
import { PKPASS_TYPE } from '../../wallets/apple/pass-bundle.js';
import { getTenant } from '../../database/tenants/tenants.js';
import { isWithoutForm } from '../pass-file.js';
import { asksForPage } from '../page-response.js';
import { authenticateDevice } from '../authenticate-device.js';
import { createThrottle } from '../access/throttle.js';
import { none, serialNumber } from '../parameters.js';
import { ApiError } from '../problems.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { secretOf, type Speakers } from '../speakers.js';

/** Each is a look into the database at least; one address may stand for many phones. */
const PER_ADDRESS = 3_000;

const NO_FORM = 'This pass has no form for Apple Wallet.';

const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** Whether the device has this state: every revision is at least a second later than the one before. */
function isNotModified(ifModifiedSince: string, lastModified: Date): boolean {
  if (!HTTP_DATE.test(ifModifiedSince)) return false;
  const since = Date.parse(ifModifiedSince);
  return !Number.isNaN(since) && Math.floor(lastModified.getTime() / 1000) <= Math.floor(since / 1000);
}

/** The passes themselves: for devices that update theirs, and for people who add one. */
export function applePassRoutes(deps: ApiDeps, speakers: Speakers): Route[] {
  const { database, log, passSigner } = deps;
  const perAddress = createThrottle(deps.now, PER_ADDRESS);

  /** What is known of devices must not cost one its pass. */
  async function recordFetch(ctx: Koa.Context, pass: PassRow): Promise<void> {
    if (ctx.method !== 'GET') return;
    const sql = database.tenant(pass.tenant_id);
    try {
      await recordFetched(sql, pass.pass_id, pass.revision);
      await recordReceived(sql, pass);
    } catch (err) {
      log.warn({ err, passId: pass.pass_id }, 'fetch of a pass not recorded');
    }
  }

  async function download(ctx: Koa.Context, serial: string): Promise<void> {
    const secrets = [secretOf.pass(serial)];
    speakers.recall(ctx, secrets);
    perAddress.take(deps.clientAddress(ctx));
    const pass = await findPassBySerialNumber(database.system, serial);
    const tenant = pass && asksForPage(ctx) ? await getTenant(database.tenant(pass.tenant_id)) : undefined;
    if (tenant) await speakers.speakFor(ctx, tenant, secrets);
    if (!pass || pass.state === 'deleted' || pass.apple_pass_type_identifier === null) {
      throw new ApiError('not-found', 'No pass for Apple Wallet with this serial number exists.');
    }
    const signed = await passSigner.passToAdd(pass.tenant_id, pass);
    if (!signed) throw new ApiError('not-found', NO_FORM);
    ctx.set('Content-Disposition', 'attachment; filename="pass.pkpass"');
    ctx.set('Last-Modified', signed.lastModified.toUTCString());
    ctx.type = PKPASS_TYPE;
    ctx.body = signed.bytes;
  }

  return [
    openRoute({
      method: 'GET',
      path: '/apple/v1/passes/:type/:serial',
      summary: 'The latest state of a pass, for a device that has it',
      hidden: true,
      params: z.object({ type: z.string().max(255), serial: z.string().max(255) }),
      query: none,
      answers: { 200: { description: 'The pass' }, 304: { description: 'Not modified' } },
      async handler(ctx, { params }) {
        perAddress.take(deps.clientAddress(ctx));
        const pass = await authenticateDevice(deps, ctx, params.type, params.serial);
        if (!pass) return;
        ctx.set('Last-Modified', pass.modified_at.toUTCString());
        // Not the API's no-store: a copy may be kept, but never used without asking.
        ctx.set('Cache-Control', 'private, no-cache');
        if (isNotModified(ctx.get('If-Modified-Since').trim(), pass.modified_at)) {
          ctx.status = 304;
        } else {
          const { bytes } = await passSigner.signedPass(pass.tenant_id, pass).catch((cause: unknown) => {
            throw isWithoutForm(cause) ? new ApiError('not-found', NO_FORM, { cause }) : cause;
          });
          ctx.type = PKPASS_TYPE;
          ctx.body = bytes;
        }
        await recordFetch(ctx, pass);
      },
    }),
    openRoute({
      method: 'GET',
      path: '/p/:serialNumber/pass.pkpass',
      summary: 'The pass for Apple Wallet, to add it; the serial number is the secret',
      tag: 'Links and files',
      operationId: 'downloadPass',
      params: z.object({ serialNumber }),
      query: none,
      answers: { 200: { description: 'The signed pass', schema: z.unknown(), contentType: PKPASS_TYPE } },
      problems: ['not-found', 'conflict', 'unavailable', 'rate-limited'],
      pagesToBrowsers: true,
      handler: (ctx, { params }) => download(ctx, params.serialNumber),
    }),
  ];
}
