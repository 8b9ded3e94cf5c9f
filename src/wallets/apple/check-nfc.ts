import { createPublicKey } from 'node:crypto';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { isAlwaysThere, possibleValues } from '../../passes/possible-values.js';
import type { Add } from './design-problem.js';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Bytes of a P-256 key as SubjectPublicKeyInfo with a compressed point. */
const COMPRESSED_BYTES = 59;
/** Bytes of a message that terminals get; the rest is cut off. */
export const NFC_MOST_BYTES = 64;

/** What of `nfc` keeps terminals from reading the pass, or phones from taking it. */
export function checkNfc(design: PassTypeDesign, add: Add): void {
  const { nfc } = design.apple!;
  if (!nfc) return;
  const path = '/apple/nfc/encryptionPublicKey';
  const cure =
    'Write the Base64 of the DER of a P-256 public key with a compressed point, as your terminal provider gives it.';
  const bytes = BASE64.test(nfc.encryptionPublicKey) ? Buffer.from(nfc.encryptionPublicKey, 'base64') : undefined;
  if (!bytes || bytes.length === 0 || !isP256(bytes)) add(path, 'This is no public key for NFC.', cure);
  else if (bytes.length !== COMPRESSED_BYTES) add(path, 'The point of the key is not compressed.', cure, 'warning');
  if (nfc.message === '') add('/apple/nfc/message', 'The message is empty.', 'Write it, or leave nfc out.');
  if (!isAlwaysThere(nfc.message, design)) {
    const cure = 'Make its field required, or give it a default.';
    add('/apple/nfc/message', 'Passes without a value here have no nfc.', cure, 'warning');
  }
  const [longest = ''] = (possibleValues(nfc.message, design) ?? []).toSorted(
    (a, b) => Buffer.byteLength(b) - Buffer.byteLength(a),
  );
  if (Buffer.byteLength(longest) > NFC_MOST_BYTES) {
    add(
      '/apple/nfc/message',
      `The message is longer than ${NFC_MOST_BYTES} bytes: the rest is cut off.`,
      'Shorten it.',
    );
  }
}

function isP256(der: Buffer): boolean {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' }).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    // Whatever is wrong with the bytes: they are no key.
    return false;
  }
}
