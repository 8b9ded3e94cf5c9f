import { setImmediate } from 'node:timers/promises';
import type Koa from 'koa';
import { keepRecent } from '../../common/remember.js';
import { badgeFor } from '../../passes/wallet-badges.js';
import type { Wallet } from '../../passes/wallet.js';
import { z } from 'zod';
import { findPassesForPage, type PassPageRow } from '../../database/passes/pass-page.js';
import { getImage } from '../../database/tenants/pass-types.js';
import { getTenant } from '../../database/tenants/tenants.js';
import { qrCodeSvg } from '../../pages/barcode.js';
import { messagePage } from '../../pages/message-page.js';
import { passPage, previewPage, type PassSlot } from '../../pages/pass-page.js';
import { textsIn, type Language } from '../../pages/texts.js';
import { showInWallet, showPass } from '../../passes/offer.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import { getPassTypeVersion } from '../../database/tenants/pass-types.js';
import { buildPkpasses, MAX_BUNDLE_PASSES, PKPASSES_TYPE } from '../../wallets/apple/pass-bundle.js';
import { detectDevice, hasNoReader } from './detect-device.js';
import { createThrottle } from '../access/throttle.js';
import { sendPage } from '../page-response.js';
import { tenantId } from '../parameters.js';
import { presentCard } from './present-card.js';
import { ApiError } from '../problems.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { secretOf, speakerOf, type Speakers } from '../speakers.js';

const PAGES_PER_MINUTE = 240;
/** A page shows some images of each pass, and browsers keep them. */
const IMAGES_PER_MINUTE = 2_400;

const serials = z.object({ serials: z.string() });
const MAX_TEXT = 2_600;
const split = (text: string): string[] => [...new Set(text.split(',').filter((part) => part !== ''))];
const secretsOf = (text: string): string[] => (text.length > MAX_TEXT ? [] : split(text).map(secretOf.pass));
/** Logos and strips of pages that are opened now: they never change, and are seen while the database is away, too. */
const IMAGE_BYTES = 16 * 1024 * 1024;

/** Pass links: what the customer sees, and the images on it. */
export const passPageRoutes = (deps: ApiDeps, speakers: Speakers): Route[] => {
  const { database, publicUrl } = deps;
  const pages = createThrottle(deps.now, PAGES_PER_MINUTE);
  const images = createThrottle(deps.now, IMAGES_PER_MINUTE);
  const keptImages = keepRecent<Buffer>(IMAGE_BYTES, (bytes) => bytes.length);

  /** Passes of one tenant, in the order asked for; nothing where one is unknown, so that guesses learn nothing. */
  async function find(text: string): Promise<PassPageRow[]> {
    const wanted = split(text);
    if (
      text.length > MAX_TEXT ||
      wanted.length === 0 ||
      wanted.length > MAX_BUNDLE_PASSES ||
      /[\p{Cc}\p{Cs}]/u.test(text)
    )
      return [];
    const rows = await findPassesForPage(database.system, wanted);
    const sameTenant = rows.every((row) => row.tenant_id === rows[0]!.tenant_id);
    return rows.length === wanted.length && sameTenant ? rows : [];
  }

  async function slotOf(row: PassPageRow, language: Language, settings: TenantSettings): Promise<PassSlot> {
    const sql = database.tenant(row.tenant_id);
    const locale = { ...settings, language };
    const versionOf = async (id: string, number: number) => {
      const found = await getPassTypeVersion(sql, id, number);
      if (!found) throw new Error('a version of a pass type is missing');
      return found;
    };
    const { pass, version } = await showPass(row, locale, versionOf);
    // Each card draws a code: others are answered between two of them.
    await setImmediate();
    const address = `/p/${encodeURIComponent(row.serial_number)}`;
    const has = async (wallet: Wallet): Promise<boolean> => {
      if (version.design[wallet] || row.offers.length === 0) return version.design[wallet] !== undefined;
      return (await showInWallet(wallet, row, locale, versionOf)).version.design[wallet] !== undefined;
    };
    const identifier = (await has('apple')) ? row.apple_pass_type_identifier : null;
    const forGoogle = settings.google.issuerId !== null && (await has('google'));
    const [apple, google] = await Promise.all([
      identifier !== null && deps.passSigner.canSign(row.tenant_id, identifier),
      forGoogle && deps.google.canSave(row.tenant_id),
    ]);
    return {
      card: presentCard({
        pass,
        version,
        locale: { timeZone: settings.timeZone, language },
        ownLanguage: settings.language,
        publicUrl,
      }),
      state: row.state,
      updating: row.updating,
      installed: row.installed,
      appleUrl: apple ? `${address}/pass.pkpass` : null,
      googleUrl: google ? `${address}/google` : null,
      unavailable: [
        ...(identifier !== null && !apple ? (['apple'] as const) : []),
        ...(forGoogle && !google ? (['google'] as const) : []),
      ],
    };
  }

  async function show(ctx: Koa.Context, text: string): Promise<void> {
    const secrets = secretsOf(text);
    speakers.recall(ctx, secrets);
    pages.take(deps.clientAddress(ctx));
    const rows = await find(text);
    const [first] = rows;
    const tenant = first && (await getTenant(database.tenant(first.tenant_id)));
    if (!first || !tenant) {
      const view = { ...speakerOf(ctx), kind: 'pass-unknown', code: 'P-01', cure: null } as const;
      deps.log.info({ code: view.code, reason: view.kind }, 'pass link refused');
      return sendPage(ctx, deps, messagePage(view), 404);
    }
    await speakers.speakFor(ctx, tenant, secrets);
    const speaker = speakerOf(ctx);
    const { language } = speaker;
    if (hasNoReader(ctx)) return sendPage(ctx, deps, previewPage(speaker));
    const slots = await Promise.all(rows.map((row) => slotOf(row, language, tenant.settings)));
    const selfUrl = `/p/${rows.map((row) => encodeURIComponent(row.serial_number)).join(',')}`;
    const forApple = slots.filter((slot) => slot.state === 'active' && slot.appleUrl !== null);
    const badgeUrl = (wallet: Wallet): string | null => {
      const badge = badgeFor(tenant.badges, wallet, language);
      return badge && `/assets/${tenant.tenantId}/${badge.sha256}.${badge.type}`;
    };
    const view = {
      ...speaker,
      slots,
      device: detectDevice(ctx.get('User-Agent')),
      bundleUrl: forApple.length > 1 ? `${selfUrl}/passes.pkpasses` : null,
      qrSvg: qrCodeSvg(`${publicUrl}${selfUrl}`, textsIn(language).scanLabel) ?? null,
      selfUrl,
      badges: { apple: badgeUrl('apple'), google: badgeUrl('google') },
    };
    sendPage(ctx, deps, passPage(view));
  }

  async function download(ctx: Koa.Context, text: string): Promise<void> {
    const secrets = secretsOf(text);
    speakers.recall(ctx, secrets);
    pages.take(deps.clientAddress(ctx));
    const found = await find(text);
    const tenant = found[0] && (await getTenant(database.tenant(found[0].tenant_id)));
    if (tenant) await speakers.speakFor(ctx, tenant, secrets);
    const rows = found.filter((row) => row.state === 'active' && row.apple_pass_type_identifier !== null);
    if (rows.length === 0) throw new ApiError('not-found', 'There is nothing at this address.');
    const made = await Promise.all(rows.map((row) => deps.passSigner.passToAdd(row.tenant_id, row)));
    const signed = made.filter((one) => one !== undefined);
    if (signed.length === 0) throw new ApiError('not-found', 'There is nothing at this address.');
    ctx.type = PKPASSES_TYPE;
    ctx.set('Content-Disposition', 'attachment; filename="passes.pkpasses"');
    ctx.body = buildPkpasses(signed.map(({ bytes }) => bytes));
  }

  return [
    openRoute({
      method: 'GET',
      path: '/p/:serials',
      summary: 'The page of a pass',
      hidden: true,
      params: serials,
      query: z.object({}),
      answers: { 200: { description: 'The page' } },
      readers: 'customer',
      handler: (ctx, { params }) => show(ctx, params.serials),
    }),
    openRoute({
      method: 'GET',
      path: '/p/:serials/passes.pkpasses',
      summary: 'Several passes in one file, for Apple Wallet',
      hidden: true,
      params: serials,
      query: z.object({}),
      answers: { 200: { description: 'The bundle' } },
      pagesToBrowsers: true,
      handler: (ctx, { params }) => download(ctx, params.serials),
    }),
    openRoute({
      method: 'GET',
      path: '/assets/:tenantId/:file',
      summary: "An image of a tenant's pass types, or a badge",
      hidden: true,
      params: z.object({ tenantId, file: z.string().regex(/^[0-9a-f]{64}\.(png|svg)$/) }),
      query: z.object({}),
      answers: { 200: { description: 'The image' } },
      async handler(ctx, { params }) {
        images.take(deps.clientAddress(ctx));
        const { tenantId: id, file } = params;
        const sha256 = file.slice(0, 64);
        const bytes = await keptImages(`${id}/${sha256}`, async () => {
          const found = await getImage(database.tenant(id), sha256);
          if (!found) throw new ApiError('not-found', 'There is no such image.');
          return found;
        });
        if (file.endsWith('.svg')) {
          ctx.type = 'image/svg+xml';
          // Opened alone, an image is a document of ours: it may run and fetch nothing.
          ctx.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox");
        } else ctx.type = 'image/png';
        // Named by its digest: it never changes, and it is the same for every customer.
        ctx.set('Cache-Control', 'public, max-age=31536000, immutable');
        ctx.body = bytes;
      },
    }),
  ];
};
