import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PKPass } from 'passkit-generator';
import { lintAppleDesign } from '../../../src/wallets/apple/check-design.js';
import { exampleSigning } from './example-pass.js';
import { GENERATED_IMAGES, generatedDesign, generatedPassJson } from './generated-designs.js';

const COUNT = 60;
const { authority, leaf } = exampleSigning();
const certificates = { wwdr: authority.certificatePem, signerCert: leaf.certificatePem, signerKey: leaf.privateKeyPem };
const images = Object.fromEntries(GENERATED_IMAGES.map((name) => [name, Buffer.alloc(64, name)]));

test(`${COUNT} generated designs of all styles have nothing that phones refuse`, () => {
  for (let index = 0; index < COUNT; index++) {
    const found = lintAppleDesign(generatedDesign(index), GENERATED_IMAGES);
    assert.deepEqual(
      found.filter(({ severity }) => severity === undefined),
      [],
      `design ${index}`,
    );
  }
});

test('passkit-generator, which judges by schemas of its own, takes each of them and keeps its values', () => {
  for (let index = 0; index < COUNT; index++) {
    const design = generatedDesign(index);
    const ours = generatedPassJson(design, index);
    const theirs = new PKPass({ ...images, 'pass.json': Buffer.from(JSON.stringify(ours)) }, certificates);
    assert.equal(theirs.type, design.apple!.style);
    for (const key of ['locations', 'beacons', 'barcodes'] as const) {
      assert.deepEqual(theirs.props[key], ours[key], `design ${index}: ${key}`);
    }
    const ends = (date: unknown): number => Date.parse(String(date));
    assert.equal(ends(theirs.props.expirationDate), ends(ours['expirationDate']), `design ${index}`);
  }
});
