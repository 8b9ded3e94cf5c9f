import { endRun, recordStep } from '../database/operations/steps.js';
import { PermanentError, WaitForTurn } from '../common/errors.js';
import type { EventType } from '../passes/event-type.js';
import type { Outcome, RecordedOutcome, Step } from '../passes/operation.js';
import type { WrittenWallet } from '../passes/wallet.js';
import type { WriteBackEvent } from '../passes/write-back-event.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { inSpan } from '../tracing/spans.js';
import type { ActivityDeps, StepInput, StepMeter } from './deps.js';
import { createFirstTries } from './first-tries.js';
import type { NotifiedDevices, NotifyDevices } from './notify-devices.js';
import { classify } from './translate-failures.js';
import type { UpdatedGoogleObject, UpdateGoogleObject } from './update-google-object.js';
import type { VisitedKlaviyo, WriteBackStepName } from './write-back-visit.js';
import type { WriteBackInput } from './write-back-step.js';

export interface TellEverybody extends StepInput {
  passId: string;
  wallets: readonly WrittenWallet[];
  /** Write also what a wallet has already. */
  again?: true;
  /** The merchant's event that the change makes, if any. */
  eventType: EventType | null;
  /** Absent: Klaviyo is not told. */
  klaviyo?: { event: WriteBackEvent | null };
  /** Where nothing follows, the operation ends with this outcome. */
  endsWith: Outcome | null;
}

/** What is left of a step: it goes on as an activity of its own after `waitMs`, or has failed for good. */
export type Left = { waitMs: number } | { failed: { code: string; message: string } };

export interface ToldEverybody {
  /** The stored ending; null where something is left, or more follows. */
  ended: RecordedOutcome | null;
  /** `window`: nothing is wrong, their push window is closed. */
  devices?: Left & { window?: true };
  wallets?: Partial<Record<WrittenWallet, Left>>;
  klaviyo?: Left & { from?: WriteBackStepName };
}

const STEP_OF_WALLET = { google: 'update-google-object' } as const satisfies Record<WrittenWallet, Step>;

/** Google's answers take a tenth of a second; of 40 slots for workflow tasks these tries hold eight at most. */
const WALLET_TRIES = { atOnce: 8, slowMs: 2_000, restMs: 10_000 };

interface Steps {
  notifyDevices(input: NotifyDevices): Promise<NotifiedDevices>;
  wallets: Record<WrittenWallet, (input: UpdateGoogleObject) => Promise<UpdatedGoogleObject>>;
  visitKlaviyo(input: WriteBackInput): Promise<VisitedKlaviyo>;
}

/**
 * The first try of all steps that tell others of a changed pass, side by side, each with its own evidence under its own
 * name. What is in trouble, or has to wait, is left to the workflow; where nothing is left, the operation ends here.
 */
export function tellEverybodyActivity(deps: ActivityDeps, steps: Steps) {
  const walletTries = createFirstTries(deps.now, WALLET_TRIES);
  const measured: StepMeter = deps.measureStep ?? ((_order, work) => work());

  return async function tellEverybody(input: TellEverybody): Promise<ToldEverybody> {
    const { tenantId, operationId, run, passId, test, klaviyo, endsWith } = input;
    const sql = deps.database.tenant(tenantId);
    const ref = { tenantId, operationId, run };
    const target = { ...ref, passId, ...(test && { test }) };

    const trouble = async (step: Step, error: unknown): Promise<Left> => {
      const { code, message, summary, permanent, retryAfterMs = 0 } = classify(error);
      const waits = error instanceof WaitForTurn;
      const record = waits
        ? ({ state: 'waiting', detail: { waitingFor: message } } as const)
        : ({ state: permanent ? 'failed' : 'retrying', error: { code, message } } as const);
      // It only shows: the step itself is repeated in any case.
      await recordStep(sql, { ...ref, step, ...record }).catch(() => undefined);
      return permanent ? { failed: { code, message: summary } } : { waitMs: retryAfterMs };
    };
    const firstTry = <T>(step: Step | 'write-back', work: () => Promise<T>): Promise<T> =>
      measured({ step, test: test === true }, () =>
        inSpan({ name: step, attributes: { [ATTRIBUTES.step]: step } }, work),
      );

    async function devices(): Promise<ToldEverybody['devices']> {
      const notice = { ...target, eventType: input.eventType, endsWith: null };
      try {
        const told = await firstTry('notify-devices', () => steps.notifyDevices(notice));
        return told.lookAgainAfterMs === null ? undefined : { waitMs: told.lookAgainAfterMs, window: true };
      } catch (error) {
        return trouble('notify-devices', error);
      }
    }

    async function wallet(name: WrittenWallet): Promise<Left | undefined> {
      const step = STEP_OF_WALLET[name];
      const ended = walletTries.take(`${name}/${tenantId}`);
      if (!ended) return { waitMs: 0 };
      try {
        const again = input.again && { again: true };
        await firstTry(step, () => steps.wallets[name]({ ...target, ...again }));
        ended('well');
        return undefined;
      } catch (error) {
        ended(error instanceof PermanentError ? 'well' : 'badly');
        return trouble(step, error);
      }
    }

    async function wallets(): Promise<ToldEverybody['wallets']> {
      const left = await Promise.all(input.wallets.map(async (name) => [name, await wallet(name)] as const));
      const troubled = left.filter(([, what]) => what !== undefined);
      return troubled.length > 0 ? Object.fromEntries(troubled) : undefined;
    }

    async function toldKlaviyo(): Promise<ToldEverybody['klaviyo']> {
      if (!klaviyo) return undefined;
      try {
        // It records the trouble of its own steps.
        const { next, waitMs = 0 } = await firstTry('write-back', () =>
          steps.visitKlaviyo({ ...target, event: klaviyo.event }),
        );
        return next === null ? undefined : { from: next, waitMs };
      } catch (error) {
        const { code, summary, permanent } = classify(error);
        return permanent ? { failed: { code, message: summary } } : { waitMs: 0 };
      }
    }

    const [ofDevices, ofWallets, ofKlaviyo] = await Promise.all([devices(), wallets(), toldKlaviyo()]);
    const isLeft = ofDevices ?? ofWallets ?? ofKlaviyo;
    const ends = !isLeft && endsWith !== null;
    return {
      ended: ends ? await endRun(sql, { ...ref, status: 'succeeded', outcome: endsWith, reason: null }) : null,
      ...(ofDevices && { devices: ofDevices }),
      ...(ofWallets && { wallets: ofWallets }),
      ...(ofKlaviyo && { klaviyo: ofKlaviyo }),
    };
  };
}
