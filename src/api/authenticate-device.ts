import type Koa from 'koa';
import { findPassOfDevice } from '../database/devices/devices.js';
import type { PassRow } from '../database/passes/passes.js';
import { answerEmpty } from './empty-answer.js';
import { plainText } from './parameters.js';
import type { ApiDeps } from './route.js';

/**
 * The pass that a device names, where it sent that pass's token (`Authorization: ApplePass <token>`). Else it answers
 * 401, the same for an unknown pass as for a wrong token, and returns undefined.
 */
export async function authenticateDevice(
  deps: Pick<ApiDeps, 'database' | 'passSigner'>,
  ctx: Koa.Context,
  passTypeIdentifier: string,
  serialNumber: string,
): Promise<PassRow | undefined> {
  const token = /^ApplePass +(\S+)$/i.exec(ctx.get('Authorization').trim())?.[1];
  const named = plainText.safeParse(passTypeIdentifier).success && plainText.safeParse(serialNumber).success;
  if (token !== undefined && named) {
    const pass = await findPassOfDevice(deps.database.system, passTypeIdentifier, serialNumber);
    if (pass && (await deps.passSigner.isToken(pass.tenant_id, pass.pass_id, token))) return pass;
  }
  ctx.set('WWW-Authenticate', 'ApplePass');
  answerEmpty(ctx, 401);
  return undefined;
}
