import type { ApiCalls, OperationView, StepView } from './api-calls.js';
import type { PreparedTenant } from './demo-data.js';
import type { Printer } from './printer.js';
import type { Simulators } from './simulators.js';

/** What a journey has at hand; everything it does goes over HTTP. */
export interface JourneyContext {
  print: Printer;
  api: ApiCalls;
  tenant: PreparedTenant;
  simulators: Simulators;
}

/** What a journey leaves for the reader to open. */
export interface JourneyResult {
  operation: OperationView;
  serialNumber: string;
  /** A command that does something similar again. */
  curl: string;
}

const list = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : '');
const visuals = (value: unknown): string =>
  Array.isArray(value) ? value.map((name) => String(name).replace(/^visual\./, '')).join(', ') : '';

function describeDevices(view: OperationView): string {
  const devices = view.devices.filter(({ platform }) => platform === 'apple');
  const count = (state: string): number => devices.filter((device) => device.state === state).length;
  const gone = count('gone');
  const told = `${count('delivered') + count('covered')} of ${devices.length} notified`;
  return gone === 0 ? told : `${told}, ${gone} that ${gone === 1 ? 'is' : 'are'} gone forgotten`;
}

const changedOfPasses = (detail: StepView['detail']): string[] =>
  Object.values(detail).flatMap((one) => (one as { changed?: string[] } | null)?.changed ?? []);

const describePasses = (detail: StepView['detail']): string =>
  `changed ${changedOfPasses(detail).join(', ') || 'nothing'}`;

/** The words of a step's evidence. */
export function describeStep({ step, state, detail, attempts }: StepView, view: OperationView): string {
  const words: Partial<Record<StepView['step'], () => string>> = {
    'find-pass': () => `matched by ${list(detail['matched'])}`,
    'convert-type': () => `${String(detail['from'])} → ${String(detail['to'])}`,
    'apply-data': () => `changed ${list(detail['changed']) || 'nothing'}`,
    'recompute-metadata': () => `changed ${visuals(detail['changed'] ?? changedOfPasses(detail)) || 'nothing'}`,
    'notify-devices': () => describeDevices(view),
    'find-customer': () => `matched by ${list(detail['matched'])}`,
    'fetch-profile': () => (detail['found'] === true ? 'asked Klaviyo what the profile says now' : 'not found'),
    'update-customer': () => `changed ${list(detail['changed']) || 'nothing'}`,
    'update-passes': () => describePasses(detail),
    'sync-merchant': () => 'an event for the merchant, to be delivered',
    'claim-message': () => 'nothing holds it back',
    'show-message': () => 'on the pass, until it ends',
    'create-pass': () => 'the pass is live',
    'update-google-object': () =>
      detail['covered'] === true
        ? "another request brings Google's object up to date"
        : `Google's object has revision ${String(detail['revision'])}`,
    'write-back-profile': () => 'link, state and data stand in the Klaviyo profile',
    'write-back-object': () => 'the WalletPass record is complete in Klaviyo',
    'write-back-event': () => `event “${String(detail['metric'])}” in Klaviyo`,
  };
  const text = state === 'skipped' ? `skipped. ${String(detail['note'] ?? '')}` : (words[step]?.() ?? '');
  return attempts > 1 ? `${text} (attempt ${attempts})` : text;
}

/** Milliseconds from acceptance to the end of a step, as the database wrote them down. */
export const sinceAccepted = (view: OperationView, at: string): number => Date.parse(at) - Date.parse(view.acceptedAt);

/** Prints each step as its evidence appears. */
export function stepPrinter(print: Printer): (step: StepView, view: OperationView) => void {
  return (step, view) => {
    if (step.state === 'succeeded' || step.state === 'skipped') {
      print.tick(step.step, describeStep(step, view), sinceAccepted(view, step.endedAt ?? step.startedAt));
    } else if (step.lastError) {
      print.cross(step.step, `${step.state}, attempt ${step.attempts}: ${step.lastError.message}`);
    }
  };
}
