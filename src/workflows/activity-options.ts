import { ActivityCancellationType, type ActivityOptions, type LocalActivityOptions } from '@temporalio/workflow';

/**
 * How each failure character is retried. A step is first tried once as a local activity, which needs no round trip to the
 * server. A step in trouble goes on as a regular activity: the Temporal UI shows it as pending, with its last error.
 */
export type FailureCharacter = 'database' | 'wallet' | 'writeBack' | 'merchant' | 'bulk' | 'burst' | 'slices';

/** Longer than the longest time-out inside a step (a push: 10 s), so that nothing is tried again that may still succeed. */
export const FIRST_TRY: LocalActivityOptions = {
  startToCloseTimeout: '12s',
  retry: { maximumAttempts: 1 },
  // A step under way may be about to commit: only its answer says whether a cancellation came in time.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** Local activities that are tried once, and whose caller goes on where they fail. */
export const ONCE = {
  step: FIRST_TRY,
  // A merchant may take 15 s to answer: the message is not sent again while that may still come.
  delivery: { ...FIRST_TRY, startToCloseTimeout: '20s' },
} satisfies Record<string, LocalActivityOptions>;

export const DURABLE: Record<FailureCharacter, ActivityOptions> = {
  // Short statements: a hung connection is cut after 5 s (the statement time-out); an outage may last a working day.
  database: {
    startToCloseTimeout: '10s',
    scheduleToCloseTimeout: '24h',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
  },
  // APNs and Google: one batch of pushes fits in 60 s; the provider's own delay comes as nextRetryDelay.
  wallet: {
    startToCloseTimeout: '60s',
    // The worker beats while its process lives: an attempt that died with it is given out again within seconds.
    heartbeatTimeout: '10s',
    scheduleToCloseTimeout: '24h',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10m' },
  },
  // Klaviyo: calls are cut after 8 s; its windows are shared by all workers, so waits are common and cheap.
  writeBack: {
    startToCloseTimeout: '30s',
    heartbeatTimeout: '10s',
    scheduleToCloseTimeout: '24h',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '10m' },
  },
  // One attempt is one delivery; the Standard Webhooks schedule is kept by the workflow, not by the retry policy.
  merchant: {
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: '10m',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  },
  // Hundreds of operations at once: a few statements, or hundreds of pushes. A step whose worker died takes smaller slices.
  burst: {
    startToCloseTimeout: '60s',
    scheduleToCloseTimeout: '24h',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
  },
  // Slices of a burst at the pace of Google or Klaviyo: each lasts 20 s, and its last operation may wait 60 s more.
  slices: {
    startToCloseTimeout: '3m',
    scheduleToCloseTimeout: '7d',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  },
  // Batches over a whole tenant: long, with heartbeats, resumed from the last cursor.
  bulk: {
    startToCloseTimeout: '10m',
    scheduleToCloseTimeout: '7d',
    heartbeatTimeout: '30s',
    retry: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '5m' },
  },
};
