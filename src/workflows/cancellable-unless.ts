import { CancellationScope } from '@temporalio/workflow';

/** Once something has changed, a cancellation comes too late: phones and merchant must learn what the database holds. */
export const cancellableUnless = <T>(changed: boolean, work: () => Promise<T>): Promise<T> =>
  changed ? CancellationScope.nonCancellable(work) : work();
