import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import { barcodeSvg } from '../../src/pages/barcode.js';
import { BARCODE_FORMATS, NEW_BARCODE_FORMATS } from '../../src/passes/pass-type.js';
import { AGENTS, findBarriers, launchBrowser, openWindow } from './browser.js';
import { startSite, type Site } from './site.js';

// An independent scanner reads what the browser has painted.
const wasm = readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm'));
await prepareZXingModule({ overrides: { wasmBinary: wasm.buffer as ArrayBuffer }, fireImmediately: true });

const SCANNED_AS: Record<(typeof BARCODE_FORMATS)[number], string> = {
  PKBarcodeFormatQR: 'QRCode',
  PKBarcodeFormatPDF417: 'PDF417',
  PKBarcodeFormatAztec: 'Aztec',
  PKBarcodeFormatCode128: 'Code128',
};

let site: Site;
let browser: Browser;
before(async () => {
  browser = await launchBrowser();
  site = await startSite();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test('each of Wallet’s barcodes can be scanned from the page of a phone, light and dark', async () => {
  for (const format of BARCODE_FORMATS) {
    const barcodes = [{ format, message: '{{pass.serialNumber}}', messageEncoding: 'iso-8859-1' }];
    await site.db.owner(`update pass_type_versions set design = jsonb_set(design, '{apple,barcodes}', $1::jsonb)`, [
      JSON.stringify(barcodes),
    ]);
    for (const dark of [false, true]) {
      const screen = { width: 320, height: 700, userAgent: AGENTS.iphone, scale: 3, dark };
      const context = await openWindow(browser, screen);
      const page = await context.newPage();
      const response = await page.goto(`${site.baseUrl}/p/${site.demo.pass.serialNumber}`);
      assert.ok(Buffer.byteLength((await response!.text()) ?? '') <= 60 * 1024, format);
      const painted = await page.getByRole('figure').screenshot();
      const found = await readBarcodes(new Uint8Array(painted), { tryInvert: false });
      assert.deepEqual(
        found.map((code) => [code.format, code.text]),
        [[SCANNED_AS[format], site.demo.pass.serialNumber]],
      );
      assert.deepEqual(await findBarriers(page), []);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(wide <= 320, `${format}: ${wide} px`);
      await context.close();
    }
  }
});

/** Format of iOS 27, what is written, and what a scanner must read. */
const NEW_CODES: Record<(typeof NEW_BARCODE_FORMATS)[number], [scannedAs: string, message: string, read?: string][]> = {
  PKBarcodeFormatCode39: [
    ['Code39', 'KESTREL-42'],
    ['Code39', 'A B.$/+%9'],
  ],
  PKBarcodeFormatCodabar: [
    ['Codabar', 'A12345B'],
    ['Codabar', 'C12-$:/.+9D'],
  ],
  PKBarcodeFormatEAN13: [
    ['EAN13', '4006381333931'],
    ['EAN13', '400638133393', '4006381333931'],
  ],
  PKBarcodeFormatI2of5: [
    ['ITF', '12345678'],
    ['ITF', '0098765432109876'],
  ],
};

test('each barcode of iOS 27 can be scanned from the page of a phone', async () => {
  const screen = { width: 320, height: 700, userAgent: AGENTS.iphone, scale: 3 };
  const context = await openWindow(browser, screen);
  const page = await context.newPage();
  for (const format of NEW_BARCODE_FORMATS) {
    for (const [scannedAs, message, read = message] of NEW_CODES[format]) {
      const barcodes = [{ format, message, messageEncoding: 'iso-8859-1' }];
      await site.db.owner(`update pass_type_versions set design = jsonb_set(design, '{apple,barcodes}', $1::jsonb)`, [
        JSON.stringify(barcodes),
      ]);
      await page.goto(`${site.baseUrl}/p/${site.demo.pass.serialNumber}`);
      const painted = await page.getByRole('figure').screenshot();
      const found = await readBarcodes(new Uint8Array(painted), { tryInvert: false, formats: [] });
      assert.deepEqual(
        found.map((code) => [code.format, code.text]),
        [[scannedAs, read]],
        `${format} ${message}`,
      );
    }
  }
  await context.close();
});

test('what a format of iOS 27 cannot write is no code', () => {
  const wrong: [(typeof NEW_BARCODE_FORMATS)[number], string][] = [
    ['PKBarcodeFormatCode39', 'Größe'],
    ['PKBarcodeFormatCodabar', '12345'],
    ['PKBarcodeFormatCodabar', 'A12X5B'],
    ['PKBarcodeFormatEAN13', '4006381333932'],
    ['PKBarcodeFormatEAN13', '12345'],
    ['PKBarcodeFormatI2of5', '12345'],
    ['PKBarcodeFormatI2of5', '12x4'],
  ];
  for (const [format, message] of wrong)
    assert.equal(barcodeSvg(format, message, 'x'), undefined, `${format} ${message}`);
});

test('a message that a format cannot hold is shown as text, never as a wrong code', async () => {
  assert.equal(barcodeSvg('PKBarcodeFormatCode128', 'Καφές 1', 'x')?.wide, true, 'as UTF-8 bytes');
  for (const format of BARCODE_FORMATS) assert.equal(barcodeSvg(format, 'y'.repeat(8000), 'x'), undefined, format);
  assert.ok(!barcodeSvg('PKBarcodeFormatAztec', '1', '"><script>')!.svg.includes('<script'));
});
