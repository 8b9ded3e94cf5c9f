import type { Fields, JournalLine } from './journal.js';

export interface SeenOperation {
  readonly operationId: string;
  /** Null for what the product began by itself, such as a device's registration. */
  readonly key: string | null;
  readonly kind: string;
  readonly status: string;
  readonly outcome: string | null;
}

export interface SeenRevision {
  readonly subject: string;
  readonly revision: number;
  readonly operationId: string;
  /** The fields that it changed, with their new values. */
  readonly changed: Fields;
}

export interface SeenEvent {
  readonly eventId: string;
  readonly type: string;
  readonly operationId: string | null;
}

/** What something shows of a customer's pass. */
export interface Shown {
  readonly subject: string;
  readonly fields: Fields;
}

/** A pass in the database. */
export interface SeenPass extends Shown {
  readonly serialNumber: string;
  readonly revision: number;
  readonly state: string;
  /** The time that its last revision gave it, later with each. */
  readonly changedAt: string;
}

/** Everything that the judge compares, collected once all work has ended. */
export interface Picture {
  readonly journal: readonly JournalLine[];
  readonly database: {
    readonly operations: readonly SeenOperation[];
    readonly passes: readonly SeenPass[];
    readonly revisions: readonly SeenRevision[];
    readonly events: readonly SeenEvent[];
  };
  readonly temporal: {
    /** Workflow ids of the runs that are open. */
    readonly open: readonly string[];
  };
  readonly phones: readonly Shown[];
  /** Null: the tenant has no passes there. */
  readonly google: readonly Shown[] | null;
  /** Null: the tenant has no account there. */
  readonly klaviyo: {
    /** What write-back told of the pass: Klaviyo gets its state, not its fields. */
    readonly profiles: readonly Pick<SeenPass, 'subject' | 'serialNumber' | 'state'>[];
    /** The last record of each pass. */
    readonly records: readonly Pick<SeenPass, 'serialNumber' | 'state' | 'changedAt'>[];
    readonly events: readonly { readonly uniqueId: string; readonly metric: string }[];
  } | null;
  /** What the merchant's endpoint took: one entry for each delivery that it answered with 2xx. */
  readonly merchant: readonly (SeenEvent & { readonly content: string })[];
}

/** Of a tenant that has everything. */
export type FullPicture = Picture & {
  readonly google: NonNullable<Picture['google']>;
  readonly klaviyo: NonNullable<Picture['klaviyo']>;
};

/** The answer to a request that changed a pass; what is `superseded` was overtaken by a later one. */
export const CHANGED_OUTCOMES: readonly string[] = ['updated', 'created', 'converted', 'message-sent'];
