import type { PassRow } from '../database/passes/passes.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import { viewOfStored, type PassLocale } from '../passes/pass-view.js';
import { leftOutByApple } from '../wallets/apple/left-out.js';

/** Nothing is sent from here: only the form of the pass's address counts. */
const ANY_URL = 'https://passes.invalid';

/** Warnings of an operation: what phones will not show of the pass as it leaves it. */
export function leftOutOfPass(
  version: Pick<PassTypeVersion, 'design' | 'images'>,
  pass: Pick<PassRow, 'data' | 'visuals' | 'serial_number' | 'external_id'>,
  locale: PassLocale,
): { pointer: string; message: string }[] {
  if (!version.design.apple) return [];
  const view = viewOfStored(pass, { design: version.design, publicUrl: ANY_URL, locale });
  return leftOutByApple(version, view);
}
