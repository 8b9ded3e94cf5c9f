import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lintAppleDesign } from '../../../../src/wallets/apple/check-design.js';
import { GENERATED_IMAGES, generatedDesign, generatedPassJson } from '../generated-designs.js';

/**
 * `npm run jpasskit`: holds generated passes against jpasskit, an independent library for Wallet passes. Needs Java 17 and
 * Maven, which fetches it. Sound designs must pass there, and what it refuses our check must refuse.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'passrelay-jpasskit-'));

/** Passes are loose JSON here: faults are put into them freely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

/** The same fault in the design and in the pass that a careless writer would make of it. */
const FAULTS: Readonly<Record<string, { design: (apple: Json) => void; pass: (pass: Json, style: Json) => void }>> = {
  alignment: {
    design: (apple) => apple.backFields.push({ key: 'x', value: 'x', textAlignment: 'right' }),
    pass: (_, style) => (style.backFields ??= []).push({ key: 'x', value: 'x', textAlignment: 'right' }),
  },
  'date style': {
    design: (apple) => apple.backFields.push({ key: 'x', value: '{{until}}', dateStyle: 'short' }),
    pass: (_, style) => (style.backFields ??= []).push({ key: 'x', value: '2026-12-31T00:00:00Z', dateStyle: 'short' }),
  },
  'date style on a text': {
    design: (apple) => apple.backFields.push({ key: 'x', value: 'soon', dateStyle: 'PKDateStyleShort' }),
    pass: (_, style) => (style.backFields ??= []).push({ key: 'x', value: 'soon', dateStyle: 'PKDateStyleShort' }),
  },
  'currency on a text': {
    design: (apple) => apple.backFields.push({ key: 'x', value: 'much', currencyCode: 'EUR' }),
    pass: (_, style) => (style.backFields ??= []).push({ key: 'x', value: 'much', currencyCode: 'EUR' }),
  },
  'number style and currency': {
    design: (apple) =>
      apple.backFields.push({ key: 'x', value: 5, currencyCode: 'EUR', numberStyle: 'PKNumberStyleDecimal' }),
    pass: (_, style) =>
      (style.backFields ??= []).push({ key: 'x', value: 5, currencyCode: 'EUR', numberStyle: 'PKNumberStyleDecimal' }),
  },
  'change message': {
    design: (apple) => apple.backFields.push({ key: 'x', value: 'x', changeMessage: 'Changed' }),
    pass: (_, style) => (style.backFields ??= []).push({ key: 'x', value: 'x', changeMessage: 'Changed' }),
  },
  'barcode without a message': {
    design: (apple) => (apple.barcodes = [{ format: 'PKBarcodeFormatQR', message: '', messageEncoding: 'utf-8' }]),
    pass: (pass) => (pass.barcodes = [{ format: 'PKBarcodeFormatQR', messageEncoding: 'utf-8' }]),
  },
  'location without a latitude': {
    design: (apple) => (apple.locations = [{ longitude: 1 }]),
    pass: (pass) => (pass.locations = [{ longitude: 1 }]),
  },
  'altitude in words': {
    design: (apple) => (apple.locations = [{ latitude: 1, longitude: 1, altitude: 'ten' }]),
    pass: (pass) => (pass.locations = [{ latitude: 1, longitude: 1, altitude: 'ten' }]),
  },
  'beacon without a UUID': {
    design: (apple) => (apple.beacons = [{ major: 1 }]),
    pass: (pass) => (pass.beacons = [{ major: 1 }]),
  },
  'expiry that is no date': {
    design: (apple) => (apple.expirationDate = '31.12.2026'),
    pass: (pass) => (pass.expirationDate = '31.12.2026'),
  },
  'NFC without a key': {
    design: (apple) => (apple.nfc = { message: 'm', encryptionPublicKey: '' }),
    pass: (pass) => (pass.nfc = { message: 'm' }),
  },
  'event type': {
    design: (apple) => (apple.extra = { semantics: { eventType: 'PKEventTypeConcert' } }),
    pass: (pass) => (pass.semantics = { eventType: 'PKEventTypeConcert' }),
  },
};

const write = (name: string, pass: unknown) => writeFileSync(join(folder, `${name}.json`), JSON.stringify(pass));
const run = (command: string, args: string[]): string => {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(done.status, 0, `${command}: ${done.stderr || done.error?.message}`);
  return done.stdout;
};

try {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < 60; index++) write(`sound-${index}`, generatedPassJson(generatedDesign(index), index));
  for (const [name, { pass }] of Object.entries(FAULTS)) {
    const faulty = generatedPassJson(generatedDesign(4), 4) as Json;
    pass(faulty, faulty.storeCard);
    write(`fault-${name}`, faulty);
  }
  const classpath = join(folder, 'classpath');
  run('mvn', ['-q', '-B', '-f', here, 'dependency:build-classpath', `-Dmdep.outputFile=${classpath}`]);
  const said = run('java', ['-cp', readFileSync(classpath, 'utf8'), join(here, 'CheckPasses.java'), folder]);
  let refused = 0;
  for (const line of said.trim().split('\n')) {
    const [file = '', verdict = ''] = line.split('\t');
    const name = file.replace(/^(?:sound|fault)-|\.json$/g, '');
    if (file.startsWith('sound-')) assert.equal(verdict, 'ok', `design ${name}: ${verdict}`);
    else if (verdict !== 'ok') {
      refused++;
      const design = generatedDesign(4) as Json;
      FAULTS[name]!.design(design.apple);
      const found = lintAppleDesign(design, GENERATED_IMAGES).filter(({ severity }) => severity === undefined);
      assert.ok(found.length > 0, `jpasskit refuses "${name}" (${verdict}), and our check does not`);
    }
  }
  assert.ok(refused > 0, 'jpasskit refused none of the faults: the comparison says nothing');
  process.stdout.write(
    `jpasskit takes 60 generated passes and refuses ${refused} of ${Object.keys(FAULTS).length} faults, all of which our check refuses.\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
