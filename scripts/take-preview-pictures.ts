import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { PNG } from 'pngjs';
import { main } from '../src/cli/main.js';
import { AGENTS, launchBrowser, openWindow } from '../test/pages/browser.js';

// Takes the pictures of two brands under docs/screens/ anew, of the pages that "pass-type preview" writes. Needs a Chromium.
const screens = fileURLToPath(new URL('../docs/screens/', import.meta.url));

type Colour = [red: number, green: number, blue: number, alpha: number];

/** Draws an image in three scales; `shade` gets points of the base size. */
function draw(
  folder: string,
  name: string,
  width: number,
  height: number,
  shade: (x: number, y: number) => Colour,
): void {
  for (const scale of [1, 2, 3]) {
    const image = new PNG({ width: width * scale, height: height * scale });
    for (let y = 0; y < image.height; y++) {
      for (let x = 0; x < image.width; x++) {
        image.data.set(shade((x + 0.5) / scale, (y + 0.5) / scale), (y * image.width + x) * 4);
      }
    }
    writeFileSync(join(folder, `${name}${scale === 1 ? '' : `@${scale}x`}.png`), PNG.sync.write(image));
  }
}

const NIGHT: Colour = [24, 33, 84, 255];
const SUN: Colour = [247, 190, 74, 255];
const NOTHING: Colour = [0, 0, 0, 0];
const sun = (middle: number, radius: number, around: Colour) => (x: number, y: number) => {
  const edge = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x - middle, y - middle)));
  if (around[3] === 0) return [SUN[0], SUN[1], SUN[2], Math.round(255 * edge)] as Colour;
  return around.map((part, index) => Math.round(part + (SUN[index]! - part) * edge)) as Colour;
};
/** An evening sky with stripes of light. */
const sky =
  (width: number, height: number) =>
  (x: number, y: number): Colour => {
    const [across, down] = [x / width, y / height];
    const stripe = Math.abs((((x + y) / 34) % 3) - 1.5) < 0.25 ? 34 : 0;
    const glow = Math.max(0, 1 - Math.hypot(across - 0.75, down - 0.2) * 1.4);
    const parts = [24 + 60 * glow + stripe, 33 + 52 * down + stripe, 84 + 90 * glow + 20 * (1 - down) + stripe];
    return [...(parts.map((part) => Math.min(255, Math.round(part))) as [number, number, number]), 255];
  };

const LUMEN = {
  name: 'reader',
  id: 'ptk_0x2a',
  description: 'Lumen reader card',
  organizationName: 'Lumen Books',
  fields: [
    { apiFieldName: 'reader-name', label: 'Reader', type: 'text', default: 'Reader' },
    { apiFieldName: 'stamps', label: 'Stamps', type: 'integer', default: 0 },
    { apiFieldName: 'until', label: 'Until', type: 'date', default: '2027-06-30' },
    { apiFieldName: 'card-number', label: 'Card number', type: 'text', required: true, default: '400638133393' },
  ],
  apple: {
    passTypeIdentifier: 'pass.com.example.lumen',
    style: 'storeCard',
    logoText: 'Lumen Books',
    backgroundColor: 'rgb(24, 33, 84)',
    foregroundColor: 'rgb(255, 255, 255)',
    labelColor: 'rgb(255, 205, 110)',
    headerFields: [{ key: 'stamps', label: 'STAMPS', value: '{{stamps}}', changeMessage: 'You have %@ stamps now.' }],
    primaryFields: [{ key: 'reader', label: 'READER', value: '{{reader-name}}' }],
    secondaryFields: [{ key: 'until', label: 'UNTIL', value: '{{until}}', dateStyle: 'PKDateStyleMedium' }],
    posterGeneric: {
      headerFields: [{ key: 'stamps', label: 'STAMPS', value: '{{stamps}}', changeMessage: 'You have %@ stamps now.' }],
      primaryFields: [{ key: 'reader', value: '{{reader-name}}' }],
      footerFields: [{ key: 'until', value: '{{until}}', dateStyle: 'PKDateStyleMedium' }],
    },
    barcodes: [
      { format: 'PKBarcodeFormatEAN13', message: '{{card-number}}' },
      { format: 'PKBarcodeFormatQR', message: '{{pass.serialNumber}}' },
    ],
    images: { icon: 'icon', logo: 'logo', strip: 'strip', artwork: 'artwork' },
  },
  google: {
    type: 'loyalty',
    classSuffix: 'lumen-reader',
    class: {
      issuerName: 'Lumen Books',
      programName: 'Reader Card',
      programLogo: { sourceUri: { uri: 'https://lumen.example/logo.png' } },
      hexBackgroundColor: '#182154',
    },
    object: {
      accountName: '{{reader-name}}',
      accountId: '{{pass.serialNumber}}',
      loyaltyPoints: { label: 'Stamps', balance: { int: '{{stamps}}' } },
      barcode: { type: 'QR_CODE', value: '{{pass.serialNumber}}' },
    },
  },
};

function lumenFolder(root: string): string {
  const folder = join(root, 'lumen');
  const images = join(folder, 'pass-types', 'reader');
  mkdirSync(images, { recursive: true });
  writeFileSync(join(folder, 'pass-types', 'reader.json'), JSON.stringify(LUMEN));
  draw(images, 'icon', 38, 38, sun(19, 14, NIGHT));
  draw(images, 'logo', 40, 40, sun(20, 15, NOTHING));
  draw(images, 'strip', 375, 144, sky(375, 144));
  draw(images, 'artwork', 358, 448, sky(358, 448));
  return folder;
}

async function shoot(browser: Browser, name: string, output: string, preview: string[]): Promise<void> {
  const said: string[] = [];
  const io = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
  const code = await main(['pass-type', 'preview', ...preview, '--output', output], {}, io);
  if (code !== 0) throw new Error(said.join('\n'));
  const context = await openWindow(browser, { width: 1280, height: 900, userAgent: AGENTS.desktop });
  const page = await context.newPage();
  await page.goto(pathToFileURL(join(output, 'index.html')).href);
  await page
    .getByRole('group', { name: 'Light', exact: true })
    .first()
    .screenshot({ path: `${screens}${name}.png` });
  await context.close();
}

const root = mkdtempSync(join(tmpdir(), 'passrelay-pictures-'));
const browser = await launchBrowser();
try {
  const gold = ['tenants/demo', '--type', 'basic', '--customer', 'tier gold', '--language', 'de'];
  await shoot(browser, 'preview-kestrel', join(root, 'kestrel-page'), gold);
  const reader = ['--customer', 'ordinary', '--set', 'reader-name=Alex', 'stamps=7', 'card-number=400638133393'];
  await shoot(browser, 'preview-lumen', join(root, 'lumen-page'), [lumenFolder(root), ...reader]);
} finally {
  await browser.close();
  rmSync(root, { recursive: true });
}
