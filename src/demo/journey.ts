import type { DemoTenant } from '../tenants/demo-tenant.js';
import type { ApiCalls, OperationView, StepView } from './api-calls.js';
import type { Printer } from './printer.js';
import type { Simulators } from './simulators.js';

/** What a journey has at hand; everything it does goes over HTTP. */
export interface JourneyContext {
  print: Printer;
  api: ApiCalls;
  tenant: DemoTenant;
  simulators: Simulators;
}

/** What a journey leaves for the reader to open. */
export interface JourneyResult {
  operation: OperationView;
  serialNumber: string;
  /** A command that does the like again. */
  curl: string;
}

/** The words of a step's evidence, without ids. */
export function describeStep(step: StepView): string {
  const words = Object.entries(step.detail)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .filter(([, value]) => !/^[0-9a-f]{8}-/.test(String(value)))
    .map(([name, value]) => `${name} ${String(value)}`);
  if (step.attempts > 1) words.push(`attempt ${step.attempts}`);
  return words.join(', ').slice(0, 60);
}

/** Milliseconds from acceptance to the end of a step, as the database wrote them down. */
export const sinceAccepted = (view: OperationView, at: string): number => Date.parse(at) - Date.parse(view.acceptedAt);

/** Prints each step as its evidence appears. */
export function stepPrinter(print: Printer): (step: StepView, view: OperationView) => void {
  return (step, view) => {
    if (step.state === 'succeeded' || step.state === 'skipped') {
      print.tick(step.step, describeStep(step), sinceAccepted(view, step.endedAt ?? step.startedAt));
    } else if (step.lastError) {
      print.cross(step.step, `${step.state}, attempt ${step.attempts}: ${step.lastError.message}`);
    }
  };
}
