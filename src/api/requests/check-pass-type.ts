import type { createTenantReaders } from '../../database/tenants/tenant-readers.js';
import { didYouMean } from '../../common/nearest-name.js';
import { withinDeadline } from '../deadline.js';
import { ApiError } from '../problems.js';

type Readers = ReturnType<typeof createTenantReaders>;

/** Refuses a pass type that the tenant does not have, while the sender can still read the answer. */
export async function checkPassType(
  readers: Readers,
  tenantId: string,
  nameOrId: string,
  pointer: string,
): Promise<void> {
  if (await withinDeadline(readers.passTypes.current(tenantId, nameOrId))) return;
  const names = await withinDeadline(readers.passTypes.names(tenantId));
  const message = `There is no pass type "${nameOrId}".`;
  const cure = didYouMean(nameOrId, names);
  throw new ApiError('invalid-request', `${message} ${cure}`, {
    errors: [{ pointer, message, cure }],
    evidence: () => `There is no pass type of this name. ${cure}`,
  });
}
