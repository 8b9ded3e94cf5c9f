import { CancellationScope } from '@temporalio/workflow';

/** What the database holds, phones and merchant must learn: once something has changed, a cancellation comes too late. */
export const cancellableUnless = <T>(changed: boolean, work: () => Promise<T>): Promise<T> =>
  changed ? CancellationScope.nonCancellable(work) : work();
