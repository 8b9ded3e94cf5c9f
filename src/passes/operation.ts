/** Kinds of operation: one accepted request and all it causes. */
export const OPERATION_KINDS = [
  'push-update',
  'issue-pass',
  'profile-sync',
  'void-pass',
  'expire-pass',
  'restore-pass',
  'delete-pass',
  'notify-pass',
  'device-event',
  'migrate-passes',
  'backfill',
  'erase-customer',
  'merge-customers',
  'retry-operations',
  'run-campaign',
  'send-message',
  'end-message',
  'start-offer',
  'end-offer',
] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

export const OPERATION_STATUSES = ['accepted', 'running', 'retrying', 'succeeded', 'failed', 'cancelled'] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** Outcomes of operations that ended in order but did not do what was asked: worth a retry once the cause is fixed. */
export const REFUSAL_OUTCOMES = [
  'pass-not-found',
  'ambiguous-identifiers',
  'customer-not-found',
  'identifier-conflict',
] as const satisfies readonly Outcome[];

/** Statuses of what is still to be carried out. */
export const UNFINISHED_STATUSES = ['accepted', 'running', 'retrying'] as const satisfies readonly OperationStatus[];

/** Statuses after which nothing happens any more. */
export const FINAL_STATUSES: readonly OperationStatus[] = ['succeeded', 'failed', 'cancelled'];

export const STEPS = [
  'find-pass',
  'create-pass',
  'record-device-event',
  'find-customer',
  'fetch-profile',
  'update-customer',
  'update-passes',
  'change-state',
  'convert-type',
  'apply-data',
  'recompute-metadata',
  'notify-devices',
  'update-google-object',
  'write-back-profile',
  'write-back-object',
  'write-back-event',
  'hand-consents',
  'sync-merchant',
  'migrate-passes',
  'backfill',
  'void-passes',
  'clear-profile',
  'redact-operations',
  'erase-customer',
  'merge-customers',
  'retry-operations',
  'run-campaign',
  'claim-message',
  'show-message',
  'end-message',
  'start-offer',
  'end-offer',
] as const;
export type Step = (typeof STEPS)[number];

export const STEP_STATES = ['waiting', 'running', 'retrying', 'succeeded', 'failed', 'skipped'] as const;
export type StepState = (typeof STEP_STATES)[number];

/** Why an operation ended as it did; a succeeded operation may well have changed nothing. */
export const OUTCOMES = [
  'updated',
  'unchanged',
  'superseded',
  'created',
  'converted',
  'pass-not-found',
  'ambiguous-identifiers',
  'customer-not-found',
  'identifier-conflict',
  'invalid-data',
  'state-conflict',
  'voided',
  'expired',
  'restored',
  'deleted',
  'notified',
  'message-sent',
  'message-held-back',
  'message-ended',
  'offer-planned',
  'offer-started',
  'offer-ended',
  'synced',
  'written-back',
  'recorded',
  'migrated',
  'erased',
  'merged',
  'retried',
  'prepared',
  'paused',
  'sent',
  'provider-refused',
  'gave-up',
  'cancelled',
  'internal-error',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

declare const recorded: unique symbol;
/** An outcome that stands in the database: only the statements that write endings make one. */
export type RecordedOutcome = Outcome & { readonly [recorded]: true };
