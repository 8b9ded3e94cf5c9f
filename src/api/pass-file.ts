import type { Database } from '../database/connect.js';
import { getSigningMaterial } from '../database/tenants/certificates.js';
import { getImage } from '../database/tenants/pass-types.js';
import { listLatestChanges } from '../database/passes/pass-revisions.js';
import type { PassRow } from '../database/passes/passes.js';
import { isSecretTrouble, type SecretBox } from '../database/secret-box.js';
import { getSecret, SECRET_NAMES } from '../database/secrets.js';
import { PermanentError } from '../common/errors.js';
import type { JsonValue } from '../common/json.js';
import { keepRecent, rememberFor } from '../common/remember.js';
import { MESSAGE_CHANGE } from '../passes/message.js';
import { spokenChanges } from '../passes/offer.js';
import type { PassTypeDesign, PassTypeVersion } from '../passes/pass-type.js';
import { timesOfPass, viewOfStored, withDefaults, type PassLocale } from '../passes/pass-view.js';
import type { View } from '../passes/render.js';
import { authenticationToken, isAuthenticationToken } from '../wallets/apple/authentication-token.js';
import { loadSigningCertificate } from '../wallets/apple/certificates.js';
import { buildPkpassParts } from '../wallets/apple/pass-bundle.js';
import { messageStrings } from '../wallets/apple/message-fields.js';
import { changedAppleFields } from '../wallets/apple/pass-fields.js';
import { prepareImages, selectImages, type ArchiveEntry, type PreparedFile } from '../wallets/apple/pass-images.js';
import { applePassJson } from '../wallets/apple/pass-json.js';
import { localizedStrings } from '../wallets/apple/pass-strings.js';
import { createSigner, type ManifestSigner } from '../wallets/apple/sign-manifest.js';
import { appleForm } from './apple-form.js';
import { ApiError } from './problems.js';

/** What the operator has to fix in the tenant's folder: no fault of ours, and the same request fails until then. */
const UNSIGNABLE = /^(?:certificate|private-key)-/;

export interface SignedPass {
  bytes: Buffer;
  /** The time of the pass's own last change: whole seconds, later with every revision. */
  lastModified: Date;
}

/** Whether a failure says that the pass never had a form for Apple Wallet. */
export const isWithoutForm = (error: unknown): boolean =>
  error instanceof PermanentError && error.code === 'no-apple-design';

export interface PassSigner {
  /**
   * The pass as a .pkpass. The same revision gives the same manifest. Throws PermanentError where it cannot be made, and
   * `conflict` where the tenant's certificate has to be renewed first.
   */
  signedPass(tenantId: string, pass: PassRow): Promise<SignedPass>;
  /** The same for somebody who adds it; undefined where its type has no form for Apple Wallet, or has none any more. */
  passToAdd(tenantId: string, pass: PassRow): Promise<SignedPass | undefined>;
  /** Whether passes of this identifier can be signed now; false while their certificate is over or a secret unreadable. */
  canSign(tenantId: string, passTypeIdentifier: string): Promise<boolean>;
  /** Whether this is the pass's authentication token; compared in constant time. */
  isToken(tenantId: string, passId: string, presented: string): Promise<boolean>;
}

export interface PassSignerDeps {
  database: Database;
  secretBox: SecretBox;
  readers: {
    passTypes: { version(tenantId: string, passTypeId: string, version: number): Promise<PassTypeVersion> };
    tenantSettings(tenantId: string): Promise<PassLocale>;
  };
  /** Origin under which phones reach us, without a slash at the end. */
  publicUrl: string;
  now: () => number;
}

/** A rotated certificate signs within this time. */
const CERTIFICATE_MS = 60_000;
/** What revisions add to the images of their template. */
const SIGNED_BYTES = 64 * 1024 * 1024;
const TEMPLATE_BYTES = 128 * 1024 * 1024;

interface Template {
  images: Map<string, PreparedFile>;
  strings: ArchiveEntry[];
}

interface Certificate {
  fingerprint: string;
  teamIdentifier: string;
  signer: ManifestSigner;
}

/** What pass and visuals were before the changes, as the audit trail tells it: `{ name: { from, to } }`, oldest first. */
function viewBefore(
  design: PassTypeDesign,
  pass: PassRow,
  after: View,
  changes: Record<string, unknown>[],
  locale: PassLocale,
): View {
  const data = { ...pass.data };
  const visuals = { ...pass.visuals };
  for (const [name, change] of changes
    .reverse()
    .flatMap((changed) => Object.entries(spokenChanges(changed, pass.offers)))) {
    const from = (change as { from?: JsonValue } | null)?.from ?? null;
    const [place, key] = name.startsWith('visual.') ? [visuals, name.slice(7)] : [data, name];
    if (from === null) delete place[key];
    else (place as Record<string, JsonValue>)[key] = from;
  }
  const fields = withDefaults(design, data);
  return { ...after, fields, visuals, times: timesOfPass(design, fields, locale) };
}

/** Signs passes on demand and keeps the newest ones; each revision is signed once, however many phones ask at once. */
export function createPassSigner(deps: PassSignerDeps): PassSigner {
  const { database, secretBox, now } = deps;
  const tokenKeys = rememberFor({ ttlMs: CERTIFICATE_MS, now }, async (tenantId: string) => {
    const key = await getSecret(database.tenant(tenantId), SECRET_NAMES.passTokenKey, secretBox);
    if (key) return key;
    throw new PermanentError(
      'pass-token-key-missing',
      'The tenant has no key for authentication tokens: apply its folder again.',
    );
  });

  const certificates = rememberFor({ ttlMs: CERTIFICATE_MS, now }, async (key: string): Promise<Certificate> => {
    const [tenantId, passTypeIdentifier] = key.split('\n') as [string, string];
    const material = await getSigningMaterial(database.tenant(tenantId), passTypeIdentifier, secretBox, now);
    const certificate = loadSigningCertificate({ ...material, now });
    return {
      fingerprint: material.fingerprint,
      teamIdentifier: certificate.teamIdentifier,
      signer: createSigner(certificate),
    };
  });

  const templates = keepRecent<Template>(TEMPLATE_BYTES, ({ images }) =>
    [...images.values()].reduce((sum, { size }) => sum + size, 1024),
  );
  const templateOf = (
    { tenantId, passTypeId, version, design, images }: PassTypeVersion,
    language: string,
  ): Promise<Template> =>
    templates(`${tenantId}\n${passTypeId}\n${version}\n${language}`, async () => {
      const sql = database.tenant(tenantId);
      const files: { name: string; bytes: Buffer }[] = [];
      for (const [name, sha256] of Object.entries(images)) {
        const bytes = await getImage(sql, sha256);
        if (bytes) files.push({ name, bytes });
      }
      return { images: prepareImages(files), strings: localizedStrings(design, language) };
    });

  async function build(
    tenantId: string,
    own: PassRow,
    passTypeIdentifier: string,
    certificate: Certificate,
    locale: PassLocale,
  ) {
    const { pass, version, ended } = await appleForm(database.tenant(tenantId), own, locale, (id, number) =>
      deps.readers.passTypes.version(tenantId, id, number),
    );
    const [template, changes, tokenKey] = await Promise.all([
      templateOf(version, locale.language),
      listLatestChanges(database.tenant(tenantId), pass.pass_id, pass.revision),
      tokenKeys(tenantId),
    ]);
    const { apple } = version.design;
    // The pass keeps the identity it was installed under, whatever its present design names.
    const design = { ...version.design, apple: apple && { ...apple, passTypeIdentifier } };
    const translations = messageStrings(pass.messages, locale.language);
    const view = viewOfStored(pass, { design, publicUrl: deps.publicUrl, locale });
    const passJson = applePassJson({
      design,
      teamIdentifier: certificate.teamIdentifier,
      serialNumber: pass.serial_number,
      authenticationToken: authenticationToken(tokenKey, pass.pass_id),
      webServiceUrl: `${deps.publicUrl}/apple`,
      view,
      state: ended && pass.state !== 'deleted' ? 'voided' : pass.state,
      modifiedAt: pass.modified_at,
      messages: pass.messages,
      ownLanguage: locale.language,
      messageSpeaks: changes.some(
        ({ [MESSAGE_CHANGE]: change }) => (change as { to?: unknown } | undefined)?.to != null,
      ),
      changedFields: apple ? changedAppleFields(apple, viewBefore(design, pass, view, changes, locale), view) : [],
    });
    const images = selectImages(design, view, template.images);
    const { parts, size } = await buildPkpassParts({
      passJson,
      images,
      strings:
        Object.keys(translations).length === 0
          ? template.strings
          : localizedStrings(design, locale.language, translations),
      signer: certificate.signer,
      at: new Date(now()),
    });
    const shared = images.reduce((sum, { file }) => sum + file.size, 0);
    return { parts, size, own: size - shared, ended };
  }

  // Kept as parts that share the template's images: some 6 KB a revision instead of 400.
  const signed = keepRecent<Awaited<ReturnType<typeof build>>>(SIGNED_BYTES, ({ own }) => own);
  async function make(tenantId: string, pass: PassRow): Promise<SignedPass & { ended: boolean }> {
    const passTypeIdentifier = pass.apple_pass_type_identifier;
    if (passTypeIdentifier === null) {
      throw new PermanentError('no-apple-design', 'This pass is not for Apple Wallet: its pass type has no "apple".');
    }
    const certificate = await certificates(`${tenantId}\n${passTypeIdentifier}`).catch((cause: unknown) => {
      if (!(cause instanceof PermanentError && UNSIGNABLE.test(cause.code))) throw cause;
      throw new ApiError('conflict', 'The pass cannot be signed: its certificate has to be renewed.', {
        cause,
        page: 'unavailable',
      });
    });
    const locale = await deps.readers.tenantSettings(tenantId);
    const shownIn = `${locale.timeZone ?? ''}/${locale.language}`;
    const key = `${pass.pass_id}/${pass.lock_version}/${certificate.fingerprint}/${shownIn}`;
    const { parts, size, ended } = await signed(key, () =>
      build(tenantId, pass, passTypeIdentifier, certificate, locale),
    );
    return { bytes: Buffer.concat(parts, size), lastModified: pass.modified_at, ended };
  }

  return {
    signedPass: make,
    async passToAdd(tenantId, pass) {
      try {
        const { ended, ...signedPass } = await make(tenantId, pass);
        return ended ? undefined : signedPass;
      } catch (error) {
        if (isWithoutForm(error)) return undefined;
        throw error;
      }
    },
    async canSign(tenantId, passTypeIdentifier) {
      try {
        await Promise.all([certificates(`${tenantId}\n${passTypeIdentifier}`), tokenKeys(tenantId)]);
        return true;
      } catch (error) {
        if (isSecretTrouble(error) || error instanceof PermanentError) return false;
        throw error;
      }
    },
    async isToken(tenantId, passId, presented) {
      return isAuthenticationToken(await tokenKeys(tenantId), passId, presented);
    },
  };
}
