import type { JsonValue } from '../../common/json.js';
import { placeholders } from '../../passes/render.js';
import type { Report } from './check-design.js';

const KNOWN = /^(?:totp_value_\d+|totp_timestamp_millis|totp_timestamp_seconds)$/;

/** A rotating barcode: what its pattern names must be there, and something must rotate. */
export function checkRotatingBarcode(value: Readonly<Record<string, JsonValue>>, report: Report): void {
  const { valuePattern, totpDetails, initialRotatingBarcodeValues } = value;
  if (initialRotatingBarcodeValues !== undefined) {
    report('initialRotatingBarcodeValues are for transit passes', 'Use totpDetails, or remove them.', 'warning');
  }
  if (typeof valuePattern !== 'string') return;
  const substitutions = [...valuePattern.matchAll(/(?<!\{)\{([A-Za-z_]\w*)\}/g)].map(([, name = '']) => name);
  for (const name of substitutions.filter((one) => !KNOWN.test(one))) {
    report(
      `{${name}} is no substitution of Google's`,
      'Use {totp_value_0}, {totp_timestamp_millis} or {totp_timestamp_seconds}.',
    );
  }
  if (
    substitutions.length === 0 &&
    placeholders(valuePattern).length === 0 &&
    initialRotatingBarcodeValues === undefined
  ) {
    report('nothing of the valuePattern rotates', 'Put {totp_value_0} or {totp_timestamp_seconds} into it.', 'warning');
  }
  const { periodMillis } = (totpDetails ?? {}) as { periodMillis?: JsonValue };
  if (/^-?\d+$/.test(String(periodMillis)) && Number(periodMillis) <= 0) {
    report('a code with a period of 0 never changes', 'Write the milliseconds of one code, such as "3000".');
  }
  const parameters = (totpDetails as { parameters?: JsonValue } | undefined)?.parameters;
  const given = Array.isArray(parameters) ? parameters.length : 0;
  for (const name of new Set(substitutions.filter((one) => one.startsWith('totp_value_')))) {
    const index = Number(name.slice('totp_value_'.length));
    if (index < given) continue;
    report(`{${name}} has no entry ${index} in totpDetails.parameters`, `Add ${index + 1 - given} of them.`);
  }
}
