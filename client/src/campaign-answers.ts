export type CampaignState =
  'uploading' | 'preparing' | 'ready' | 'running' | 'paused' | 'ended' | 'cancelled' | 'failed';

/** A value for everybody, or one of each row or profile. */
export type CampaignValue = string | number | boolean | null | { column: string } | { property: string };

export type CampaignAction =
  | { type: 'update'; fields: Record<string, CampaignValue> }
  | { type: 'convert'; passType: string; fields?: Record<string, CampaignValue> }
  | { type: 'void' }
  | { type: 'message'; message: Record<string, unknown> }
  | { type: 'offer'; offer: Record<string, unknown> };

/** One action for many passes, as it was asked for. */
export interface Campaign {
  campaignId: string;
  name: string;
  state: CampaignState;
  reason: string | null;
  test: boolean;
  audience: object;
  action: CampaignAction;
  schedule: object;
  holdoutPercent: number;
  createdAt: string;
  startedAt: string | null;
  pausedAt: string | null;
  endedAt: string | null;
  operationId: string | null;
  /** What is allowed and probably not meant. */
  warnings: { pointer: string; message: string; cure: string }[];
}

/** A campaign with its dry run and its progress. */
export interface CampaignDetail extends Campaign {
  rows: {
    all: number;
    waiting: number;
    holdout: number;
    duplicates: number;
    unreached: number;
    refused: number;
    unresolved: number;
  };
  reach: { apple: number; google: number; both: number; none: number } | null;
  heldBack: { withoutConsent: number; overCap: number } | null;
  missing: { source: 'column' | 'property'; name: string; rows: number }[] | null;
  expectedSeconds: number | null;
  progress: {
    accepted: number;
    ended: number;
    pushed: number;
    /** By an iPhone; Google tells nobody. */
    fetched: number;
    outcomes: Record<string, number>;
    troubles: { outcome: string | null; reason: string; rows: number }[];
    remaining: number;
    perMinute: number;
    /** When the next row begins, where its time has not come or the hours are closed. */
    waitsUntil: string | null;
    expectedEnd: string | null;
  };
}

/** What became of one row. */
export interface CampaignRow {
  row: string;
  line: number | null;
  serialNumber: string | null;
  state: string;
  operationId: string | null;
  outcome: string | null;
  reason: string | null;
  pushed: boolean;
  fetched: boolean;
}

export interface CampaignSample {
  serialNumber: string;
  apple: { lockScreen: string | null; note: string | null } | null;
  google: { notifies: boolean; note: string } | null;
  problem: string | null;
}

/** Faulty rows are left out; the first of them are named. */
export interface UploadedRows {
  rows: number;
  faulty: number;
  errors: { line: number; message: string }[];
}
