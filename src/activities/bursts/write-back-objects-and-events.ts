import { loadUnwritten, type UnwrittenOperation } from '../../database/bursts/write-back.js';
import { noteRecordsWritten } from '../../database/klaviyo/record-checks.js';
import { walletPassRecord } from '../../klaviyo/wallet-pass-record.js';
import { eventBody } from '../../klaviyo/write-back.js';
import type { ActivityDeps } from '../deps.js';
import { writeBackEventOfChange } from '../../passes/change-ending.js';
import type { WriteBackEvent } from '../../passes/write-back-event.js';
import { eventStep, isLate, metricOf } from '../write-back-event.js';
import type { Subject } from '../write-back-step.js';
import type { BurstStepInput } from './burst-step.js';
import { GONE, inGathering, skipped, subjectsOf, type WroteMany } from './gathering.js';
import { fitting, MOST_RECORDS, RECORD_BYTES, sendInJobs, type Refused } from './in-jobs.js';

const OBJECT = 'write-back-object';
const EVENT = 'write-back-event';
const MOST_EVENTS = 1_000;
const EVENT_BYTES = 4_800_000;

interface Due {
  operations: UnwrittenOperation[];
  subject: Subject;
}

interface DueEvent extends Due {
  event: WriteBackEvent;
}

/** Writes the complete WalletPass record of each pass of a gathering, 500 in a job. */
export function writeManyObjectsActivity(deps: ActivityDeps) {
  return (ref: BurstStepInput): Promise<WroteMany> =>
    inGathering(deps, ref, OBJECT, 'write-back-profile', async (gathering) => {
      const operations = await loadUnwritten(gathering.tenant, ref, OBJECT, 'write-back-profile', MOST_RECORDS);
      if (operations.length === 0) return 'done';
      const { dataSourceId } = gathering.settings;
      if (dataSourceId === null) {
        const note = 'No custom object is set up: run "passrelay klaviyo setup" where the account allows it.';
        await gathering.record(operations.map((operation) => skipped(operation, note)));
        return 'more';
      }
      const subjects = await subjectsOf(gathering, operations);
      const due = new Map<string, Due>();
      const without: ReturnType<typeof skipped>[] = [];
      for (const operation of operations) {
        const subject = subjects.get(operation.passId);
        if (!subject) without.push(skipped(operation, GONE));
        else if (subject.row.test)
          without.push(skipped(operation, 'A test pass has no record: segments must not count it.'));
        else if (due.has(operation.passId)) due.get(operation.passId)!.operations.push(operation);
        else due.set(operation.passId, { operations: [operation], subject });
      }
      await gathering.record(without);
      const recordOf = ({ subject }: Due) => walletPassRecord(subject.pass, subject.recipient);
      const part = fitting([...due.values()], recordOf, MOST_RECORDS, RECORD_BYTES);
      // The first operation that is left keeps the account's turn: the next attempt begins with it.
      const callFor = (items: readonly Due[]) => gathering.callFor(items[0]!.operations);
      await sendInJobs(
        part,
        async (items) => {
          await callFor(items)('record-bulk', (client) => client.createRecords(dataSourceId, items.map(recordOf)));
          await noteRecordsWritten(gathering.tenant);
        },
        (items) =>
          gathering.record(
            items.flatMap(({ operations: told }) =>
              told.map(({ operationId }) => ({
                operationId,
                state: 'succeeded' as const,
                detail: { inJobOf: items.length },
              })),
            ),
          ),
        (refused) => gathering.leave(leaversOf(refused)),
        'many',
      );
      return 'more';
    });
}

/** Sends the events of a gathering's operations, 1,000 in a job. They come last: the flows that they start find link and record. */
export function writeManyEventsActivity(deps: ActivityDeps) {
  return (ref: BurstStepInput): Promise<WroteMany> =>
    inGathering(deps, ref, EVENT, OBJECT, async (gathering) => {
      const operations = await loadUnwritten(gathering.tenant, ref, EVENT, OBJECT, MOST_EVENTS);
      if (operations.length === 0) return 'done';
      const subjects = await subjectsOf(gathering, operations);
      const due: DueEvent[] = [];
      const without: ReturnType<typeof skipped>[] = [];
      for (const operation of operations) {
        const subject = subjects.get(operation.passId);
        const event = writeBackEventOfChange(operation.kind);
        if (!event) without.push(skipped(operation, 'Nothing happened that Klaviyo has an event for.'));
        else if (subject) due.push({ operations: [operation], subject, event });
        else without.push(skipped(operation, GONE));
      }
      await gathering.record(without);
      const nowMs = deps.now();
      const told = ({ operations: [operation], subject, event }: DueEvent) => ({
        metric: metricOf(event, gathering.settings, subject.row),
        backfill: isLate(operation!.run, operation!.happenedAt, nowMs),
      });
      const bodyOf = (one: DueEvent) => {
        const { operationId, passId, happenedAt, changedFields } = one.operations[0]!;
        const { metric, backfill } = told(one);
        return eventBody(metric, one.subject.pass, one.subject.recipient, {
          operationId,
          step: eventStep(passId),
          backfill,
          time: happenedAt.toISOString(),
          ...(one.event === 'updated' && { changedFields: changedFields ?? [] }),
          ...(one.event === 'message-sent' && { messageId: operationId }),
        });
      };
      const part = fitting(due, bodyOf, MOST_EVENTS, EVENT_BYTES);
      // The first operation that is left keeps the account's turn: the next attempt begins with it.
      const callFor = (items: readonly Due[]) => gathering.callFor(items[0]!.operations);
      await sendInJobs(
        part,
        (items) => callFor(items)('event-bulk', (client) => client.createEvents(items.map(bodyOf))),
        (items) =>
          gathering.record(
            items.map((one) => ({
              operationId: one.operations[0]!.operationId,
              state: 'succeeded' as const,
              detail: { ...told(one), inJobOf: items.length },
            })),
          ),
        (refused) => gathering.leave(leaversOf(refused)),
      );
      return 'more';
    });
}

const leaversOf = (refused: readonly Refused<Due>[]) =>
  refused.flatMap(({ item, error: { code, message } }) =>
    item.operations.map(({ operationId }) => ({ operationId, error: { code, message } })),
  );
