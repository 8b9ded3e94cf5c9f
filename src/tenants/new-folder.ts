import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';

export interface NewTenant {
  tenantId: string;
  /** The brand's name; default: the id with a capital letter. */
  name?: string;
  /** The folder to make; it must not exist. */
  folder: string;
}

const SCALES = ['', '@2x', '@3x'];
/** Red, green, blue and alpha. */
const BRAND = [0x1f, 0x3a, 0x5f, 0xff];
/** A square of the brand's colour: a picture to replace. */
function square(side: number): Buffer {
  const png = new PNG({ width: side, height: side });
  png.data.fill(Buffer.from(BRAND));
  return PNG.sync.write(png);
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** One card with three fields: enough to issue, change and message a pass, and small enough to read. */
const card = (id: string, organizationName: string) => ({
  name: 'card',
  id,
  description: `${organizationName} card`,
  organizationName,
  fields: [
    { apiFieldName: 'name', label: 'Member', type: 'text', required: true, maxLength: 80, source: 'first_name' },
    { apiFieldName: 'points', label: 'Points', type: 'number', default: 0 },
    { apiFieldName: 'tier', label: 'Tier', type: 'text', default: 'member', oneOf: ['member', 'gold'] },
  ],
  visuals: {
    background: { from: 'tier', cases: { member: 'rgb(31, 58, 95)', gold: 'rgb(150, 111, 26)' } },
  },
  apple: {
    passTypeIdentifier: 'pass.com.example.card',
    style: 'storeCard',
    logoText: organizationName,
    backgroundColor: '{{visual.background}}',
    foregroundColor: 'rgb(255, 255, 255)',
    labelColor: 'rgb(205, 214, 226)',
    headerFields: [{ key: 'points', label: 'POINTS', value: '{{points}}', changeMessage: 'You now have %@ points.' }],
    secondaryFields: [
      { key: 'name', label: 'MEMBER', value: '{{name}}' },
      { key: 'tier', label: 'TIER', value: '{{tier}}' },
    ],
    messages: { label: 'News' },
    barcodes: [{ format: 'PKBarcodeFormatQR', message: '{{pass.serialNumber}}' }],
    images: { icon: 'icon', logo: 'logo' },
  },
});

/**
 * Makes a tenant's folder to begin with: all that it lacks is a certificate of Apple's. Returns the files.
 * Throws where the folder exists.
 */
export function makeTenantFolder({ tenantId, name, folder }: NewTenant): string[] {
  if (existsSync(folder)) throw new Error(`${folder} exists already: name another folder with --to, or remove it.`);
  const brand = name ?? tenantId.charAt(0).toUpperCase() + tenantId.slice(1);
  const files = new Map<string, string | Buffer>([
    [
      'tenant.json',
      json({
        tenantId,
        accountId: `aid_0x${digest(`account/${tenantId}`).slice(0, 12)}`,
        name: brand,
        settings: { language: 'en', timeZone: 'UTC' },
        certificates: [],
      }),
    ],
    ['pass-types/card.json', json(card(`ptk_0x${digest(`card/${tenantId}`).slice(0, 12)}`, brand))],
  ]);
  SCALES.forEach((scale, index) => {
    const factor = index + 1;
    files.set(`pass-types/card/icon${scale}.png`, square(29 * factor));
    files.set(`pass-types/card/logo${scale}.png`, square(50 * factor));
  });
  mkdirSync(join(folder, 'pass-types/card'), { recursive: true });
  for (const [path, content] of files) writeFileSync(join(folder, path), content);
  return [...files.keys()];
}
