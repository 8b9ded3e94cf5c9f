import type { DeviceResultRow } from '../../database/operations/device-results.js';
import type { ListedOperation } from '../../database/operations/list-operations.js';
import type { StepRow } from '../../database/operations/operations.js';
import type { OperatorDevice, OperatorPass } from '../../database/operations/operator.js';
import type { Tone } from '../../pages/operator-frame.js';
import type { OperationLine } from '../../pages/operator-home.js';
import type { DeviceView, HistoryEntry, OperatorPassView, TimelineEntry } from '../../pages/operator-pages.js';
import { answerOf } from './answer-of-operation.js';
import type { Evidence } from './operator-evidence.js';
import { REFUSAL_OUTCOMES } from '../../passes/operation.js';
import { TRANSITIONS } from '../../passes/pass.js';

const TONES: Readonly<Record<string, Tone>> = {
  succeeded: 'good',
  delivered: 'good',
  covered: 'good',
  active: 'good',
  failed: 'bad',
  refused: 'bad',
  exhausted: 'bad',
  voided: 'bad',
  deleted: 'bad',
  expired: 'bad',
  gone: 'note',
  retrying: 'note',
  scheduled: 'note',
  pending: 'note',
};
export const toneOf = (word: string): Tone => TONES[word] ?? '';

const minute = (date: Date | null): string | null => date && date.toISOString().slice(0, 19).replace('T', ' ');
const optional = (text: string | null, change: (text: string) => string): string | null => text && change(text);
const short = (id: string | null): string => (id === null ? '' : id.slice(0, 8));

/** A request that was carried out and led nowhere is no success to somebody who asks why nothing changed. */
export const toneOfOperation = ({ status, outcome }: Pick<ListedOperation, 'status' | 'outcome'>): Tone =>
  outcome !== null && (REFUSAL_OUTCOMES as readonly string[]).includes(outcome) ? 'note' : toneOf(status);

/** Why a request waits, failed or did nothing: its own reason, else the last error of the step that is in trouble. */
function whyOf(row: ListedOperation, steps: readonly Pick<StepRow, 'state' | 'last_error'>[]): string | null {
  if (row.reason !== null) return row.reason;
  if (row.status !== 'retrying') return null;
  const error = steps.find(({ state, last_error }) => state === 'retrying' && last_error !== null)?.last_error;
  return error ? `${error.code}: ${error.message}` : null;
}

/** One request as a line of a list. */
export const presentLine = (
  row: ListedOperation,
  known: { steps: readonly Pick<StepRow, 'state' | 'last_error'>[]; readable: (text: string) => string },
): OperationLine => ({
  correlationId: row.operation_id,
  kind: row.kind,
  status: row.status,
  tone: toneOfOperation(row),
  outcome: row.outcome,
  acceptedAt: row.accepted_at,
  changed: (row.changed_fields ?? []).slice(0, 6).join(', '),
  reason: optional(whyOf(row, known.steps), known.readable),
  test: row.test,
});

function noteOfDevice(device: OperatorDevice, revision: number): [string, Tone] {
  const has = device.fetched_revision;
  if (device.gone_at) return [`unreachable since ${minute(device.gone_at)}`, 'bad'];
  if (has === null) return ['nothing fetched yet', 'note'];
  return has >= revision ? [`revision ${has}, up to date`, 'good'] : [`revision ${has} of ${revision}`, 'note'];
}

function presentDevice(device: OperatorDevice, revision: number): DeviceView {
  const [note, tone] = noteOfDevice(device, revision);
  return {
    platform: device.platform === 'apple' ? 'Apple' : 'Google',
    deviceId: short(device.device_id),
    since: device.since,
    listedAt: device.listed_at,
    fetchedAt: device.fetched_at,
    fetchedRevision: device.fetched_revision,
    note,
    tone,
  };
}

/** A pass with the devices that have it. */
export const presentOperatorPass = (
  pass: OperatorPass,
  devices: readonly OperatorDevice[],
  may: { write: boolean; read: boolean },
): OperatorPassView => ({
  passId: pass.pass_id,
  serialNumber: may.read ? pass.serial_number : `${pass.serial_number.slice(0, 4)}•••`,
  url: may.read ? `/p/${encodeURIComponent(pass.serial_number)}` : null,
  type: pass.type_name,
  state: pass.state,
  tone: toneOf(pass.state),
  revision: pass.revision,
  modifiedAt: pass.modified_at,
  devices: devices
    .filter(({ pass_id }) => pass_id === pass.pass_id)
    .map((device) => presentDevice(device, pass.revision)),
  canVoid: may.write && TRANSITIONS.void.from.includes(pass.state),
  canRestore: may.write && TRANSITIONS.restore.from.includes(pass.state),
});

const PUSH: Readonly<Record<DeviceResultRow['state'], string>> = {
  pending: 'Push is being sent',
  scheduled: 'Push waits for the window of this device',
  delivered: 'Push taken by the wallet service',
  covered: 'Another push notified this device as well',
  gone: 'Device is gone: the wallet service refused its token',
  refused: 'Push refused',
  failed: 'Push failed',
};

/** Where in the body, as people say it; nothing where the text begins with it already. */
function placeIn(pointer: string, text: string): string {
  const path = pointer.split('/').slice(1);
  const name = path.at(-1)?.replaceAll('~1', '/').replaceAll('~0', '~');
  return name === undefined || text.startsWith(name) ? '' : `${name}: `;
}

/** One repair or warning about a body, with its place. */
function remarkOf(remark: object): string {
  const { pointer, message, code, line, cure } = remark as Record<string, string | number | undefined>;
  const text = String(message ?? `repaired: ${String(code ?? 'unknown').replaceAll('-', ' ')}`);
  const place = typeof pointer === 'string' ? placeIn(pointer, text) : '';
  return `${place}${text}${line === undefined ? '' : ` (line ${line})`}${cure ? `: ${cure}` : ''}`;
}

/** What a step says of its work, where it is for people. */
function remarksOf({ detail, state }: Pick<StepRow, 'detail' | 'state'>): string[] {
  const { note, reason, superseded, waitingFor, until, message } = detail;
  // What was waited for says nothing once the step is over.
  const waits = typeof waitingFor === 'string' && state === 'waiting';
  // A profile sync changes several passes: each has its own part of the detail.
  const parts = [detail, ...Object.values(detail)].flatMap((part) =>
    typeof part === 'object' && part !== null && 'warnings' in part ? [part.warnings] : [],
  );
  return [
    ...[note, reason].filter((text): text is string => typeof text === 'string'),
    ...parts.flatMap((warnings) => (Array.isArray(warnings) ? warnings : [])).map((one) => remarkOf(one as object)),
    ...(waits
      ? [typeof until === 'string' ? `held back until ${until}, for ${waitingFor}` : `waits: ${waitingFor}`]
      : []),
    ...(typeof message === 'string' ? [`notification of the message at Google: ${message}`] : []),
    ...(Array.isArray(superseded) ? [`set by a later request already: ${superseded.join(', ')}`] : []),
  ];
}

/** What was repaired, ignored or refused in a request. It is at the top of its page, because a timeline hides it. */
export const warningsOf = ({ operation, steps, readable }: Evidence): string[] =>
  warningsOfRow(operation, steps).map(readable);

export const warningsOfRow = (
  operation: Pick<ListedOperation, 'repairs'>,
  steps: readonly Pick<StepRow, 'detail' | 'state'>[],
): string[] => [...new Set([...operation.repairs.map(remarkOf), ...steps.flatMap(remarksOf)])];

/** Everything that is known of one request, in the order in which it happened. */
export function timelineOf(evidence: Evidence): TimelineEntry[] {
  const { operation, steps, results, devices, log, deliveries, until, readable } = evidence;
  const since = (at: Date): boolean => at >= operation.accepted_at && (until === null || at < until);
  const entries: TimelineEntry[] = [];
  const add = (at: Date, what: string, detail: (string | null | false)[], tone: Tone = ''): void =>
    void entries.push({
      at: at.toISOString(),
      what,
      detail: detail.filter((line): line is string => Boolean(line)).map(readable),
      tone,
    });
  add(operation.accepted_at, `Accepted from ${operation.origin}`, [
    operation.flow_id && `flow ${operation.flow_id}`,
    ...operation.repairs.map(remarkOf),
  ]);
  for (const step of steps) {
    const took = step.ended_at && `${step.ended_at.getTime() - step.started_at.getTime()} ms`;
    add(
      step.started_at,
      `Step ${step.step}: ${step.state}`,
      [
        `${step.attempts} ${step.attempts === 1 ? 'attempt' : 'attempts'}${took ? `, ${took}` : ''}`,
        ...remarksOf(step),
        step.last_error && `${step.last_error.code}: ${step.last_error.message}`,
      ],
      toneOf(step.state),
    );
  }
  for (const result of results) {
    const name = result.platform === 'apple' ? `Apple device ${short(result.device_id)}` : 'Google';
    add(
      result.updated_at,
      `${name}: ${PUSH[result.state]}`,
      [
        result.attempts > 1 && `${result.attempts} attempts`,
        result.reason,
        result.covered_by && `by request ${short(result.covered_by)}`,
      ],
      toneOf(result.state),
    );
  }
  for (const device of devices) {
    const name = `Apple device ${short(device.device_id)}`;
    if (device.listed_at && since(device.listed_at)) add(device.listed_at, `${name} asked what changed`, []);
    if (device.fetched_at && since(device.fetched_at)) {
      add(device.fetched_at, `${name} fetched revision ${device.fetched_revision ?? '?'}`, [], 'good');
    }
  }
  for (const line of log) {
    if (since(line.received_at)) {
      add(line.received_at, `Apple device ${short(line.device_id)} reported`, [line.message], 'note');
    }
  }
  for (const delivery of deliveries) {
    add(
      delivery.ended_at ?? delivery.created_at,
      `Merchant: ${delivery.type} ${delivery.status}`,
      [delivery.url],
      toneOf(delivery.status),
    );
  }
  if (operation.ended_at) {
    add(
      operation.ended_at,
      `Ended: ${operation.outcome ?? operation.status}`,
      [operation.reason],
      toneOfOperation(operation),
    );
  }
  return entries.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** One request with its answer and its timeline, for a page that shows several. */
export const presentHistory = (evidence: Evidence): HistoryEntry => ({
  line: presentLine(evidence.operation, evidence),
  answer: answerOf(evidence),
  timeline: timelineOf(evidence),
});
