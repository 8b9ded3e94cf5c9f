import type { TenantSql } from '../database/connect.js';
import { releaseGoogleLease, renewGoogleLease, type GoogleLease } from '../database/devices/google-leases.js';
import type { OperationRef } from '../database/operations/steps.js';

/** Renewed while its holder works: after a crash the next attempt waits no longer than this. */
export const LEASE_MS = 12_000;
const RENEW_MS = 3_000;

/** Renews a lease until it is released. One that was lost, as by a process that was frozen, is not taken back. */
export function holdGoogleLease(sql: TenantSql, ref: OperationRef, taken: GoogleLease): { release(): Promise<void> } {
  let lease: GoogleLease | undefined = taken;
  let renewal: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    renewal = renewal.then(async () => {
      if (!lease) return;
      const current = lease;
      // A database that is away for a moment: the next renewal tries again, as long as the lease lasts.
      lease = await renewGoogleLease(sql, ref, current, LEASE_MS).catch(() => current);
    });
  }, RENEW_MS);
  return {
    async release() {
      clearInterval(timer);
      await renewal;
      if (lease) await releaseGoogleLease(sql, ref, lease);
    },
  };
}
