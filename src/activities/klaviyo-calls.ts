import { setTimeout as pause } from 'node:timers/promises';
import {
  mayCallKlaviyo,
  recordKeyAccepted,
  recordKeyRefused,
  type CallLicence,
} from '../database/klaviyo/klaviyo-connections.js';
import type { TenantSql } from '../database/connect.js';
import { changeBudget } from '../database/rate-budgets.js';
import { findProgress, noteProgress } from '../database/operations/steps.js';
import type { KlaviyoClient } from '../klaviyo/client.js';
import { emptyWindows, pauseUntil, takeSlot, type EndpointClass } from '../klaviyo/rate-windows.js';
import { PermanentError, TransientError, WaitForTurn } from '../common/errors.js';
import type { Step } from '../passes/operation.js';
import type { ActivityDeps, KlaviyoAccount, StepInput } from './deps.js';
import { accountName } from './klaviyo-account-name.js';

/** Klaviyo refuses the tenant's key: every operation of the tenant waits until another one is set. */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused';
}

/** One call within the account's budget, by the failure rules of write-back. */
export type KlaviyoCall = <T>(endpoint: EndpointClass, run: (client: KlaviyoClient) => Promise<T>) => Promise<T>;

/** A wait this short is spent in place; a longer one gives the worker back and keeps the turn. */
const SHORT_WAIT_MS = 1_500;
/** A Retry-After beyond this is not believed: the call is tried again by then. */
const LONGEST_PAUSE_MS = 3_600_000;
const DEFAULT_PAUSE_MS = 10_000;

const budgetOf = (account: string, endpoint: EndpointClass): string => `klaviyo/${account}/${endpoint}`;

const budgetUsedUp = (waitMs: number) =>
  new WaitForTurn(
    'klaviyo-budget',
    'The account’s calls of this minute are used up; the call is made when its turn comes.',
    waitMs,
  );

type Turns = Partial<Record<EndpointClass, number>>;

/** The turns that an earlier attempt of this step was given. */
async function keptTurns(sql: TenantSql, ref: StepInput & { step: Step }): Promise<Turns> {
  return turnsIn(await findProgress(sql, ref.operationId, ref.step));
}

const turnsIn = (detail: Record<string, unknown>): Turns => (detail['turns'] as Turns | null | undefined) ?? {};

/**
 * Waits for the account's turn, which all workers share. A turn that is further ahead is stored with the step, so that
 * the attempt that comes back then has it, and a crowd does not compete again: TransientError with the wait.
 */
async function takeTurn(
  sql: TenantSql,
  ref: StepInput & { step: Step },
  account: string,
  endpoint: EndpointClass,
  nowMs: number,
  kept: Turns,
): Promise<void> {
  let waitMs: number;
  const turn = kept[endpoint];
  if (turn !== undefined) {
    waitMs = Math.max(0, turn - nowMs);
    if (waitMs <= SHORT_WAIT_MS) {
      delete kept[endpoint];
      await noteProgress(sql, ref, ref.step, { turns: kept });
    }
  } else {
    waitMs = await changeBudget(sql, budgetOf(account, endpoint), emptyWindows, (state) => {
      const slot = takeSlot(state, endpoint, nowMs);
      return { state: slot.windows, result: slot.waitMs };
    });
    if (waitMs > SHORT_WAIT_MS) {
      await noteProgress(sql, ref, ref.step, { turns: { ...kept, [endpoint]: nowMs + waitMs } });
    }
  }
  if (waitMs > SHORT_WAIT_MS) throw budgetUsedUp(waitMs);
  if (waitMs > 0) await pause(waitMs);
}

/** Waits for the account's next turn as long as it takes: for a command, which delays only its caller. */
export async function waitForAccountTurn(
  sql: TenantSql,
  account: Pick<KlaviyoAccount, 'client' | 'keyHash' | 'accountIds'>,
  endpoint: EndpointClass,
): Promise<void> {
  const name = await accountName(sql, account, Date.now());
  const nowMs = Date.now();
  const waitMs = await changeBudget(sql, budgetOf(name, endpoint), emptyWindows, (state) => {
    const slot = takeSlot(state, endpoint, nowMs);
    return { state: slot.windows, result: slot.waitMs };
  });
  if (waitMs > 0) await pause(waitMs);
}

/** Where Klaviyo throttles, nobody calls before it says so, and this call waits as well; any other error as it is. */
async function heedThrottle(
  sql: TenantSql,
  account: string | null,
  endpoint: EndpointClass,
  error: unknown,
  nowMs: number,
): Promise<unknown> {
  if (!(error instanceof TransientError) || error.code !== 'klaviyo-throttled') return error;
  const pauseMs = Math.min(error.retryAfterMs ?? DEFAULT_PAUSE_MS, LONGEST_PAUSE_MS);
  if (account !== null) {
    await changeBudget(sql, budgetOf(account, endpoint), emptyWindows, (state) => ({
      state: pauseUntil(state, nowMs + pauseMs),
      result: undefined,
    }));
  }
  // Spread: calls that were throttled together must not come back together.
  return new WaitForTurn(error.code, error.message, pauseMs + Math.round(Math.random() * 1_000));
}

/**
 * Calls on behalf of no operation, within the account's budget. Nothing can keep a turn for them: where it is far, WaitForTurn
 * says how long, and the turn stays free. The caller decides what a refused key means.
 */
export async function backgroundCalls(
  deps: ActivityDeps,
  sql: TenantSql,
  account: KlaviyoAccount,
): Promise<KlaviyoCall> {
  const name = await accountName(sql, account, deps.now());
  return async (endpoint, run) => {
    const nowMs = deps.now();
    const waitMs = await changeBudget(sql, budgetOf(name, endpoint), emptyWindows, (state) => {
      const slot = takeSlot(state, endpoint, nowMs);
      return { state: slot.waitMs > SHORT_WAIT_MS ? state : slot.windows, result: slot.waitMs };
    });
    if (waitMs > SHORT_WAIT_MS) throw budgetUsedUp(waitMs);
    if (waitMs > 0) await pause(waitMs);
    try {
      return await run(account.client);
    } catch (error) {
      throw await heedThrottle(sql, name, endpoint, error, deps.now());
    }
  };
}

/** What a caller has read before, and what the calls of one step learn for the next one's. */
export interface KnownOfCalls {
  /** What the step has noted: its kept turns are in it. */
  detail?: Record<string, unknown>;
  /** The account's name in budgets. */
  accountName?: string;
  /** The key was not refused a moment ago. */
  licence?: 'open';
}

/** Calls of one step to one account. Throws KeyRefused where the account's key is known to be refused. */
export function klaviyoCalls(
  deps: ActivityDeps,
  ref: StepInput & { step: Step },
  account: KlaviyoAccount,
  known: KnownOfCalls = {},
): KlaviyoCall {
  const { tenantId } = ref;
  const sql = deps.database.tenant(tenantId);
  let licence: CallLicence | null = known.licence ?? null;
  let kept: Turns | null = known.detail ? turnsIn(known.detail) : null;
  let name: string | null = known.accountName ?? null;
  return async (endpoint, run) => {
    const { keyVersion } = account;
    if (account.refused === false) licence ??= 'open';
    licence ??= await mayCallKlaviyo(sql, { tenantId, keyVersion, call: endpoint, nowMs: deps.now() });
    if (licence === 'refused') throw new KeyRefused();
    if (licence === 'open') known.licence = licence;
    kept ??= await keptTurns(sql, ref);
    try {
      name ??= await accountName(sql, account, deps.now());
      known.accountName = name;
      await takeTurn(sql, ref, name, endpoint, deps.now(), kept);
      const result = await run(account.client);
      if (licence === 'trial') {
        const accepted = await recordKeyAccepted(sql, { tenantId, keyVersion, call: endpoint });
        if (accepted) deps.klaviyo.keyAccepted(tenantId);
        licence = 'open';
      }
      return result;
    } catch (error) {
      if (error instanceof PermanentError && error.code === 'klaviyo-unauthorized') {
        const call = error.details['status'] === 403 ? endpoint : null;
        const refusal = { tenantId, keyVersion, call, reason: error.message, nowMs: deps.now() };
        if (await recordKeyRefused(sql, refusal)) deps.klaviyo.keyRefused(tenantId, error.message);
        throw new KeyRefused();
      }
      throw await heedThrottle(sql, name, endpoint, error, deps.now());
    }
  };
}
