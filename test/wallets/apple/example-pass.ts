import { randomFillSync } from 'node:crypto';
import { passTypeDesign, type PassTypeDesign } from '../../../src/passes/pass-type.js';
import type { View } from '../../../src/passes/render.js';
import { loadSigningCertificate } from '../../../src/wallets/apple/certificates.js';
import { buildPkpass } from '../../../src/wallets/apple/pass-bundle.js';
import { prepareImages, selectImages } from '../../../src/wallets/apple/pass-images.js';
import { applePassJson, type PassJsonInput } from '../../../src/wallets/apple/pass-json.js';
import { localizedStrings } from '../../../src/wallets/apple/pass-strings.js';
import { createSigner } from '../../../src/wallets/apple/sign-manifest.js';
import { createThrowawayAuthority } from '../../../src/wallets/apple/throwaway-certificates.js';

export const PASS_TYPE = 'pass.com.example.membership';
export const TEAM = 'ABCDE12345';
export const NOW = Date.parse('2026-11-21T08:00:00Z');
export const now = (): number => NOW;

/** A loyalty card with everything that a design can hold; `apple` replaces parts of it. */
export function exampleDesign(apple: Record<string, unknown> = {}): PassTypeDesign {
  return passTypeDesign.parse({
    name: 'premium',
    id: 'ptk_0x2a',
    description: 'Membership of Example',
    organizationName: 'Exämple',
    fields: [
      { apiFieldName: 'first_name', type: 'text' },
      { apiFieldName: 'points', type: 'integer' },
      { apiFieldName: 'tier', type: 'text' },
      { apiFieldName: 'ends', type: 'date' },
      { apiFieldName: 'message', type: 'text' },
    ],
    visuals: {
      strip: { from: 'tier', cases: { gold: 'strip-gold', silver: 'strip-silver' }, default: 'strip-silver' },
    },
    apple: {
      passTypeIdentifier: PASS_TYPE,
      style: 'storeCard',
      logoText: 'Example',
      backgroundColor: '#1e3a5f',
      headerFields: [{ key: 'points', label: 'Points', value: '{{points}}', changeMessage: 'Points: %@' }],
      primaryFields: [{ key: 'name', label: 'Name', value: '{{first_name}}' }],
      secondaryFields: [{ key: 'ends', label: 'Until', value: '{{ends}}', dateStyle: 'PKDateStyleShort' }],
      auxiliaryFields: [{ key: 'tier', label: 'Tier', value: '{{tier}}', changeMessage: 'You are %@ now' }],
      backFields: [{ key: 'message', label: 'News', value: '{{message}}', changeMessage: '%@' }],
      barcodes: [{ format: 'PKBarcodeFormatQR', message: '{{pass.serialNumber}}' }],
      images: { icon: 'icon', logo: 'logo', strip: '{{visual.strip}}' },
      localizations: {
        de: { strings: { Points: 'Punkte', 'Points: %@': 'Punkte: "%@"' }, images: { logo: 'logo-de' } },
      },
      ...apple,
    },
  });
}

export const exampleView = (fields: View['fields'] = {}): View => ({
  fields: { first_name: 'Zoë', points: 5, tier: 'gold', ends: '2027-05-01', ...fields },
  visuals: { strip: 'strip-gold' },
  pass: { serialNumber: 'S-1', url: 'https://example.com/p/S-1' },
});

export const IMAGE_NAMES = ['icon', 'logo', 'logo-de', 'strip-gold', 'strip-silver'].flatMap((name) => [
  `${name}.png`,
  `${name}@2x.png`,
]);

/** Bytes that do not compress, as PNGs do not. */
export const exampleImages = (bytesEach: number): { name: string; bytes: Buffer }[] =>
  IMAGE_NAMES.map((name) => ({ name, bytes: randomFillSync(Buffer.alloc(bytesEach)) }));

export const passJsonInput = (over: Partial<PassJsonInput> = {}): PassJsonInput => ({
  design: exampleDesign(),
  teamIdentifier: TEAM,
  serialNumber: 'S-1',
  authenticationToken: 'token-of-16-chars-or-more',
  webServiceUrl: 'https://passes.example.com/apple/',
  view: exampleView(),
  state: 'active',
  modifiedAt: new Date('2026-11-20T10:00:00Z'),
  ...over,
});

/** A throw-away authority with one leaf for PASS_TYPE, and the signer that uses it. */
export function exampleSigning() {
  const authority = createThrowawayAuthority({ commonName: 'Imitation of WWDR', now });
  const leaf = authority.issuePassTypeCertificate({
    passTypeIdentifier: PASS_TYPE,
    teamIdentifier: TEAM,
    organizationName: 'Exämple',
  });
  const certificate = loadSigningCertificate({ ...leaf, wwdrPem: authority.certificatePem, now });
  return { authority, leaf, certificate, signer: createSigner(certificate) };
}

export function buildExample(input: { signer: ReturnType<typeof createSigner>; imageBytes?: number; at?: Date }) {
  const design = exampleDesign();
  const images = prepareImages(exampleImages(input.imageBytes ?? 1000));
  return buildPkpass({
    passJson: applePassJson(passJsonInput()),
    images: selectImages(design, exampleView(), images),
    strings: localizedStrings(design, 'en'),
    signer: input.signer,
    at: input.at ?? new Date(NOW),
  });
}
