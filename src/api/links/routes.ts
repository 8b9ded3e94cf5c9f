import type Koa from 'koa';
import { z } from 'zod';
import { listCustomerPasses } from '../../database/customers/enrolment.js';
import { findLink, recordLinkUse } from '../../database/customers/links.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { enrolPage } from '../../pages/enrol-page.js';
import { previewPage } from '../../pages/pass-page.js';
import { hashLinkToken, readLinkToken } from '../../passes/link-token.js';
import { hasNoReader } from './detect-device.js';
import { createThrottle } from '../access/throttle.js';
import {
  enrol,
  languageOfForm,
  prepareEnrolment,
  presentAsked,
  presentConsents,
  presentOffer,
  textsOf,
} from './enrol.js';
import { MAX_BUNDLE_PASSES } from '../../wallets/apple/pass-bundle.js';
import { createLinkSessions } from './link-session.js';
import { sendPage, redirect } from '../page-response.js';
import { tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { readForm } from '../requests/read-form.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { secretOf, speakerOf, type Speakers } from '../speakers.js';
import { noteAccepted } from '../metrics.js';
import { isOwnForm } from '../access/signed-cookie.js';

const PER_ADDRESS = 120;
const PER_TOKEN = 30;

/** Personal links out of e-mail and SMS: a token is exchanged for a short session, and the address is clean from then on. */
export const linkRoutes = (deps: ApiDeps, speakers: Speakers): Route[] => {
  const { database } = deps;
  const sessions = createLinkSessions(deps, speakers);
  const perAddress = createThrottle(deps.now, PER_ADDRESS);
  const perToken = createThrottle(deps.now, PER_TOKEN);

  const toPasses = (ctx: Koa.Context, serialNumbers: readonly string[]): void =>
    redirect(ctx, `/p/${serialNumbers.slice(0, MAX_BUNDLE_PASSES).map(encodeURIComponent).join(',')}`);

  /** Exchanges the token of an address for a session, and leads on to `next` under a clean one. */
  async function arrive(ctx: Koa.Context, id: string, next: string): Promise<void> {
    // Some mail programs leave the "&amp;" of a template's HTML as it is.
    const given = readLinkToken(ctx.query['neo.authToken'] ?? ctx.query['amp;neo.authToken']);
    const tokenHash = given.kind === 'token' ? hashLinkToken(given.token) : null;
    const secrets = tokenHash ? [secretOf.link(id, tokenHash.toString('hex'))] : [];
    speakers.recall(ctx, secrets);
    perAddress.take(deps.clientAddress(ctx));
    if (given.kind !== 'token' || !tokenHash) {
      if (given.kind === 'missing' && (await sessions.current(ctx, id))) return redirect(ctx, next);
      return sessions.refuse(ctx, id, given.kind === 'token' ? 'token-unknown' : `token-${given.kind}`);
    }
    perToken.take(tokenHash.toString('hex'));
    const sql = database.tenant(id);
    const [tenant, link] = await Promise.all([
      sessions.tenant(id),
      findLink(sql, { tenantId: id, tokenHash, purpose: 'mail', now: deps.now }),
    ]);
    // Nothing of the tenant is shown for a token that is not its own: the page is the same for one that does not exist.
    if (!tenant || link.state === 'unknown') return sessions.refuse(ctx, id, 'token-unknown');
    await speakers.speakFor(ctx, tenant, secrets);
    if (link.state !== 'valid') return sessions.refuse(ctx, id, `token-${link.state}`);
    if (hasNoReader(ctx)) return sendPage(ctx, deps, previewPage(speakerOf(ctx)));
    await recordLinkUse(sql, tokenHash);
    await sessions.open(ctx, tenant, { customerId: link.customerId, tokenHash: tokenHash.toString('hex') });
    redirect(ctx, next);
  }

  async function showPasses(ctx: Koa.Context, id: string): Promise<void> {
    sessions.recall(ctx, id);
    perAddress.take(deps.clientAddress(ctx));
    const session = await sessions.require(ctx, id);
    if (!session) return;
    const passes = await listCustomerPasses(database.tenant(id), session.customerId);
    const active = passes.filter(({ state }) => state === 'active');
    const shown = active.length > 0 ? active : passes.slice(-1);
    if (shown.length === 0) {
      const types = await listPassTypes(database.tenant(id));
      const enrolUrl = types.length > 0 ? `/${id}/mail/enrol` : null;
      return sessions.refuse(ctx, id, 'no-pass', enrolUrl);
    }
    toPasses(
      ctx,
      shown.map(({ serialNumber }) => serialNumber),
    );
  }

  async function showForm(ctx: Koa.Context, id: string): Promise<void> {
    sessions.recall(ctx, id);
    perAddress.take(deps.clientAddress(ctx));
    const reader = await sessions.require(ctx, id);
    if (!reader) return;
    const session = { ...reader, language: languageOfForm(reader) };
    const enrolment = await prepareEnrolment(deps, session);
    if (!enrolment) return sessions.refuse(ctx, id, 'no-pass');
    if (enrolment.holds) return toPasses(ctx, [enrolment.holds]);
    const posted = ctx.method === 'POST' ? await readForm(ctx) : null;
    if (posted && !isOwnForm(ctx, session.csrf, posted['csrf'] ?? null)) {
      throw new ApiError('conflict', 'The form does not belong to this session.');
    }
    const done = posted && (await enrol(deps, session, enrolment, posted));
    if (done && 'serialNumber' in done) {
      noteAccepted(ctx, { kind: 'issue-pass', test: enrolment.test });
      return toPasses(ctx, [done.serialNumber]);
    }
    const page = enrolPage({
      card: presentOffer(deps, session, enrolment),
      language: session.language,
      brand: session.brand,
      firstName: enrolment.firstName,
      fields: presentAsked(enrolment.asked, textsOf(session, enrolment), posted ?? {}, done?.faults),
      consents: presentConsents(enrolment, posted ?? {}),
      action: `/${id}/mail/enrol`,
      csrf: session.csrf,
    });
    sendPage(ctx, deps, page, done ? 422 : 200);
  }

  const forPerson = (
    method: 'GET' | 'POST',
    path: string,
    summary: string,
    handle: (ctx: Koa.Context, id: string) => Promise<void>,
  ): Route =>
    openRoute({
      method,
      path,
      summary,
      hidden: true,
      params: z.object({ tenantId: z.string() }),
      query: z.looseObject({}),
      answers: { 200: { description: 'The page' } },
      readers: 'customer',
      async handler(ctx, { params }) {
        // What cannot be a tenant is one that does not exist: a page, not problem+json.
        if (tenantId.safeParse(params.tenantId).success) await handle(ctx, params.tenantId);
        else sessions.refuse(ctx, 'none', 'token-unknown');
      },
    });

  return [
    forPerson('GET', '/:tenantId/mail', 'Enrolment by a personal link', (ctx, id) =>
      arrive(ctx, id, `/${id}/mail/enrol`),
    ),
    forPerson('GET', '/:tenantId/mail/confirm', "A person's passes by a personal link", (ctx, id) =>
      arrive(ctx, id, `/${id}/mail/pass`),
    ),
    forPerson('GET', '/:tenantId/mail/pass', "A person's passes", showPasses),
    forPerson('GET', '/:tenantId/mail/enrol', 'The enrolment form', showForm),
    forPerson('POST', '/:tenantId/mail/enrol', 'Enrols', showForm),
  ];
};
