import { isGrpcServiceError } from '@temporalio/client';

/** `INVALID_ARGUMENT` of gRPC. */
const INVALID_ARGUMENT = 3;

const grpcErrorOf = (error: unknown) => {
  if (isGrpcServiceError(error)) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  return isGrpcServiceError(cause) ? cause : undefined;
};

/** Whether Temporal, and not the operation, is why a workflow could not be started. */
export const isTemporalTrouble = (error: unknown): boolean => grpcErrorOf(error) !== undefined;

/** Whether Temporal refuses what a start says, as it does where it has lost the search attributes with its data. */
export const isRefusedStart = (error: unknown): boolean => grpcErrorOf(error)?.code === INVALID_ARGUMENT;

/** Calls `repair` after a refused start, no more often than `everyMs`: each start of a burst is refused alike. */
export function repairAfterRefusal(repair: () => Promise<void>, everyMs: number): (error: unknown) => Promise<void> {
  let next = 0;
  return async (error) => {
    if (!isRefusedStart(error) || performance.now() < next) return;
    next = performance.now() + everyMs;
    await repair();
  };
}
