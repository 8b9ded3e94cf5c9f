import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonValue } from '../../src/common/json.js';
import { appleFace, APPLE_SYSTEMS } from '../../src/previews/apple-faces.js';
import { createIphone } from '../../src/simulators/iphone/iphone.js';
import { shownFace } from '../../src/simulators/iphone/shown-face.js';
import { buildBundle, passJson } from './support/bundle.js';
import { createTestCertificates, type TestCertificates } from './support/certificates.js';

let certificates: TestCertificates;
before(() => (certificates = createTestCertificates()));
after(() => certificates.remove());

const apns = { registerToken: () => undefined, unregisterToken: () => undefined };
const poster = {
  ...passJson(),
  webServiceURL: undefined,
  authenticationToken: undefined,
  posterGeneric: { primaryFields: [{ key: 'hello', value: 'Hello' }], footerFields: [{ key: 'end', value: 'x' }] },
  barcodes: ['EAN13', 'QR'].map((name) => ({
    format: `PKBarcodeFormat${name}`,
    message: '4006381333931',
    messageEncoding: 'iso-8859-1',
  })),
  featuredActions: ['a', 'b', 'c'].map((identifier) => ({ identifier, type: 'shop', url: 'https://a.example' })),
};

test('a new and an old iPhone take the same pass, and each shows what it knows of it', async () => {
  const bundle = buildBundle(certificates, { json: poster });
  const shown = async (system: 'iOS 27' | 'iOS 18') => {
    const phone = createIphone({ apns, system, caPem: certificates.rootPem });
    await phone.install(bundle);
    return phone.shows('serial-1');
  };
  assert.deepEqual(await shown('iOS 27'), {
    style: 'posterGeneric',
    keys: ['hello', 'end'],
    barcode: 'PKBarcodeFormatEAN13',
    actions: ['a', 'b'],
  });
  assert.deepEqual(await shown('iOS 18'), {
    style: 'storeCard',
    keys: ['points', 'tier'],
    barcode: 'PKBarcodeFormatQR',
    actions: [],
  });
});

test('a face of semantic tags shows where all it needs is there, and has no actions', () => {
  const ticket = {
    ...poster,
    posterGeneric: undefined,
    eventTicket: { primaryFields: [{ key: 'show', value: 'Show' }] },
    preferredStyleSchemes: ['posterEventTicket', 'eventTicket'],
    nfc: { message: 'm', encryptionPublicKey: 'k', requiresAuthentication: false },
    semantics: { eventName: 'Show', venueName: 'Hall' },
  };
  const styles = (json: object) => [
    shownFace({ ...json }, 'eventTicket', 'iOS 27'),
    shownFace({ ...json }, 'eventTicket', 'iOS 18'),
  ];
  assert.deepEqual(
    styles(ticket).map(({ style, actions }) => [style, actions.length]),
    [
      ['posterEventTicket', 0],
      ['eventTicket', 0],
    ],
  );
  assert.equal(styles({ ...ticket, semantics: { eventName: 'Show' } })[0]!.style, 'eventTicket');
  assert.equal(styles({ ...ticket, nfc: undefined })[0]!.style, 'eventTicket');
});

test('a code of iOS 27 alone leaves an old iPhone without one', () => {
  const alone = { ...poster, barcodes: poster.barcodes.slice(0, 1) };
  assert.equal(shownFace(alone, 'storeCard', 'iOS 18').barcode, null);
});

test('the preview and the phone agree on each system', () => {
  for (const system of APPLE_SYSTEMS) {
    const json = JSON.parse(JSON.stringify(poster)) as Record<string, JsonValue>;
    const [drawn, shown] = [appleFace(json, system), shownFace(json, 'storeCard', system)];
    assert.deepEqual([drawn?.style, drawn?.barcode?.format], [shown.style, shown.barcode]);
    assert.deepEqual(drawn?.actions, shown.actions);
  }
});
