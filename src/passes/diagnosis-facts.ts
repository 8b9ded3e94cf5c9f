import type { PassState } from './pass.js';

/** What is known of a pass and of the places that have it. */
export interface DiagnosisFacts {
  now: number;
  state: PassState;
  revision: number;
  modifiedAt: Date;
  /** Null: it is not made for that wallet. */
  apple: {
    passTypeIdentifier: string;
    /** Null: there is no certificate for it. */
    certificateEnds: Date | null;
    signable: boolean;
    devices: {
      name: string;
      since: Date;
      tokenGoneAt: Date | null;
      listedAt: Date | null;
      fetchedAt: Date | null;
      fetchedRevision: number | null;
      /** The last push about this pass: what became of it and when. */
      push: { state: string; reason: string | null; at: Date } | null;
      /** When the push that waits in the window is due. */
      dueAt: Date | null;
    }[];
  } | null;
  google: {
    signable: boolean;
    /** Null: it was never written to Google. */
    object: {
      state: string;
      savedAt: Date | null;
      removedAt: Date | null;
      syncedRevision: number | null;
      /** Times of notifications within the last day. */
      notifiedAt: Date[];
      createdAt: Date;
    } | null;
    /** Whether Google has ever called back for this tenant. */
    calledBack: boolean;
  } | null;
  /** Offers that lie over the pass now: names of what they cover, and when they go. */
  offers: { covers: readonly string[]; until: Date }[];
  /** When each message came that the pass shows, oldest first. */
  messages: Date[];
}

export interface Finding {
  /** Stable word for programs. */
  code: string;
  severity: 'ok' | 'info' | 'look' | 'wrong';
  message: string;
  cure: string | null;
}

export const finding = (
  code: string,
  severity: Finding['severity'],
  message: string,
  cure: string | null = null,
): Finding => ({
  code,
  severity,
  message,
  cure,
});

export const day = (date: Date): string => date.toISOString().slice(0, 10);
export const minute = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
