import { findPassBySerialNumber } from '../../database/passes/pass-lookup.js';
import type { PassRow } from '../../database/passes/passes.js';
import type { Caller } from '../access/credentials.js';
import { withinDeadline } from '../deadline.js';
import { ApiError } from '../problems.js';
import type { ApiDeps } from '../route.js';

/** The same words for a missing pass and one of another tenant. */
export const noSuchPass = (): ApiError =>
  new ApiError('not-found', 'No pass with this serial number exists for this tenant.');

type Deps = Pick<ApiDeps, 'database'>;

/** The caller's pass of a serial number, in whatever state; throws `not-found`. */
export async function passBySerial(deps: Deps, caller: Caller, serial: string): Promise<PassRow> {
  const pass = await withinDeadline(findPassBySerialNumber(deps.database.tenant(caller.tenant.tenantId), serial));
  if (!pass) throw noSuchPass();
  return pass;
}

/** The same, for what makes no sense on a pass that was deleted. */
export async function undeletedPassBySerial(deps: Deps, caller: Caller, serial: string): Promise<PassRow> {
  const pass = await passBySerial(deps, caller, serial);
  if (pass.state === 'deleted') throw noSuchPass();
  return pass;
}
