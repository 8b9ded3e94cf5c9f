import type { PassRow } from '../database/passes/passes.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import { viewOfPass, type PassLocale } from '../passes/pass-view.js';
import { leftOutByApple } from '../wallets/apple/left-out.js';
import type { ActivityDeps } from './deps.js';

/** Warnings of an operation: what phones will not show of the pass as it leaves it. */
export function leftOutOfPass(
  deps: Pick<ActivityDeps, 'klaviyo'>,
  version: Pick<PassTypeVersion, 'design' | 'images'>,
  pass: Pick<PassRow, 'data' | 'visuals' | 'serial_number' | 'external_id'>,
  locale: PassLocale,
): { pointer: string; message: string }[] {
  if (!version.design.apple) return [];
  const view = viewOfPass({
    design: version.design,
    data: pass.data,
    visuals: pass.visuals,
    serialNumber: pass.serial_number,
    externalId: pass.external_id,
    publicUrl: deps.klaviyo.publicUrl,
    locale,
  });
  return leftOutByApple(version, view);
}
