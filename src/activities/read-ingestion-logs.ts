import { maskContacts } from '../common/mask-personal.js';
import { PermanentError } from '../common/errors.js';
import type { TenantSql } from '../database/connect.js';
import {
  addToSteps,
  beginRecordCheck,
  continueRecordCheck,
  endRecordCheck,
  findWritersOfRecords,
  pauseRecordChecks,
  rememberObjectType,
  stopRecordChecks,
  type RecordCheck,
} from '../database/klaviyo/record-checks.js';
import { needingScopes } from '../klaviyo/api-failures.js';
import { LOGS_SCOPE, type IngestionLog, type IngestionLogPage } from '../klaviyo/ingestion-logs.js';
import { OBJECT_TITLE } from '../klaviyo/set-up.js';
import type { ActivityDeps } from './deps.js';
import { backgroundCalls, type KlaviyoCall } from './klaviyo-calls.js';

export interface ReadIngestionLogs {
  tenantId: string;
}

/** `more`: entries of this look are left, for the next call. */
export interface ReadLogs {
  more: boolean;
}

/** Fifty entries a page; our share of the limit is seven calls a minute for the whole account. */
const PAGES = 5;
/** A key may get another scope, and somebody may publish the object. */
const PAUSE_S = 6 * 3_600;
const SOON_S = 60;
const MOST_ERRORS = 10;
const MESSAGE_CHARACTERS = 200;
const MOST_WARNINGS = 20;

const CURE =
  'Compare the properties of the custom object with those that "passrelay klaviyo setup" makes, then write the pass again (notify or backfill).';

interface Warning {
  /** Serial number of the pass. */
  record: string;
  at: string;
  pointer: string;
  code: string;
  message: string;
  cure: string;
}

/** Property and kind of fault; never the value that Klaviyo quotes. */
function warningsOf(record: string, { at, errors }: IngestionLog): Warning[] {
  const refused = `Klaviyo refused the record ${record}`;
  const named = errors.slice(0, MOST_ERRORS).map(({ property, code, message }) => ({
    pointer: `/${property.replaceAll('.', '/')}`,
    message: `${refused}: ${maskContacts(message).slice(0, MESSAGE_CHARACTERS)} (${code})`,
  }));
  const told = named.length > 0 ? named : [{ pointer: '', message: `${refused} and does not say why` }];
  return told.map((one) => ({ record, at: at.toISOString(), ...one, code: 'klaviyo-record-refused', cure: CURE }));
}

/** The warnings of a step with new ones: of each record those of its last refusal, of all records the newest. */
function merged(known: unknown, added: readonly Warning[]): Warning[] {
  const before = (Array.isArray(known) ? (known as Warning[]) : []).filter(
    (warning) => !added.some(({ record, at }) => record === warning.record && at >= warning.at),
  );
  const fresh = added.filter(({ record, at }) => !before.some((old) => old.record === record && old.at > at));
  return [...before, ...fresh].sort((a, b) => (a.at < b.at ? -1 : 1)).slice(-MOST_WARNINGS);
}

/** Makes each refusal a warning of the step that wrote the record. Read again, an entry changes nothing. */
async function markRefused(sql: TenantSql, logs: readonly IngestionLog[]): Promise<void> {
  // Newest first: of each record its last refusal.
  const byRecord = new Map<string, IngestionLog>();
  for (const log of logs) {
    if (log.recordId !== null && !byRecord.has(log.recordId)) byRecord.set(log.recordId, log);
  }
  if (byRecord.size === 0) return;
  const refused = [...byRecord].map(([serialNumber, { at }]) => ({ serialNumber, at }));
  const steps = new Map<string, Parameters<typeof addToSteps>[1][number]>();
  for (const writer of await findWritersOfRecords(sql, refused)) {
    const { operation_id, step, serial_number: record } = writer;
    const known = (steps.get(operation_id + step) ?? writer).detail['warnings'];
    const warnings = merged(known, warningsOf(record, byRecord.get(record)!));
    steps.set(operation_id + step, { operation_id, step, detail: { warnings } });
  }
  if (steps.size > 0) await addToSteps(sql, [...steps.values()]);
}

/**
 * Reads Klaviyo's ingestion logs for a tenant: Klaviyo answers 204 for each record and validates it later. Refusals
 * become warnings of the operations that wrote the records. Each call reads a few pages; the next call continues.
 */
export function readIngestionLogsActivity(deps: ActivityDeps) {
  return async function readIngestionLogs({ tenantId }: ReadIngestionLogs): Promise<ReadLogs> {
    const sql = deps.database.tenant(tenantId);
    const [account, { klaviyo }] = await Promise.all([deps.klaviyo.forTenant(tenantId), deps.tenantSettings(tenantId)]);
    if (!account || klaviyo.dataSourceId === null) {
      await stopRecordChecks(sql);
      return { more: false };
    }
    const check = await beginRecordCheck(sql);
    if (!check) return { more: false };
    try {
      const call = await backgroundCalls(deps, sql, account);
      const objectTypeId = check.object_type_id ?? (await findObjectType(call));
      if (objectTypeId !== check.object_type_id) await rememberObjectType(sql, objectTypeId);
      const next = await readPages(sql, call, objectTypeId, check);
      await (next === null ? endRecordCheck(sql) : continueRecordCheck(sql, next));
      return { more: next !== null };
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      // Another account, or the object was recreated: it is looked up again soon.
      const isGone = error.code === 'klaviyo-not-found' && check.object_type_id !== null;
      if (isGone) await rememberObjectType(sql, null);
      await pauseRecordChecks(sql, `${error.code}: ${error.summary}`, isGone ? SOON_S : PAUSE_S);
      return { more: false };
    }
  };
}

/** @throws PermanentError `klaviyo-not-found` where the account has none. */
async function findObjectType(call: KlaviyoCall): Promise<string> {
  const types = await call('custom-objects', (client) => needingScopes(LOGS_SCOPE, () => client.listObjectTypes()));
  const found = types.find(({ attributes }) => attributes['title'] === OBJECT_TITLE);
  if (found) return found.id;
  throw new PermanentError(
    'klaviyo-not-found',
    `The account has no custom object named ${OBJECT_TITLE}: run "passrelay klaviyo setup".`,
  );
}

/** Marks what a few pages say; returns the page that is next, null where all were read. */
async function readPages(
  sql: TenantSql,
  call: KlaviyoCall,
  objectTypeId: string,
  { read_from: from, begun_at: until, read_cursor: first }: RecordCheck,
): Promise<string | null> {
  let cursor = first;
  for (let page = 0; page < PAGES; page++) {
    const { logs, next }: IngestionLogPage = await call('ingestion-logs', (client) =>
      client.listIngestionLogs(objectTypeId, { from, until, cursor }),
    );
    await markRefused(sql, logs);
    if (next === null) return null;
    cursor = next;
  }
  return cursor;
}
