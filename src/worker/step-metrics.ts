import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { AppleNotifier, StepMeter } from '../activities/deps.js';
import { classify } from '../activities/translate-failures.js';

/** Measures attempts of steps: result, time, and the code of a failure. Steps of test keys and test passes are not counted. */
export function createStepMeter(registry: Registry): StepMeter {
  const duration = new Histogram({
    name: 'passrelay_step_duration_seconds',
    help: 'Time of one attempt of a step, by step and result.',
    labelNames: ['step', 'result'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'passrelay_step_failures_total',
    help: 'Attempts of steps that failed, by step and code; those that are retried count each time.',
    labelNames: ['step', 'code'],
    registers: [registry],
  });
  return async ({ step, test }, work) => {
    if (test) return work();
    const end = duration.startTimer({ step });
    try {
      const output = await work();
      end({ result: 'succeeded' });
      return output;
    } catch (error) {
      end({ result: 'failed' });
      const code = error instanceof ApplicationFailure ? (error.type ?? 'unknown') : classify(error).code;
      failures.inc({ step, code });
      throw error;
    }
  };
}

/** Measures every step that Temporal starts. Goes inside the failure boundary. */
export function measureSteps(registry: Registry, meter = createStepMeter(registry)): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      execute(input, next) {
        const test = (input.args[0] as { test?: boolean } | undefined)?.test === true;
        return meter({ step: context.info.activityType, test }, () => next(input));
      },
    },
  });
}

/** The same notifier, with each push to Apple counted by its result, save those of test keys and test passes. */
export function countPushes(registry: Registry, apple: AppleNotifier): AppleNotifier {
  const pushes = new Counter({
    name: 'passrelay_pushes_total',
    help: 'Pushes to Apple, by result: delivered, gone, throttled, permanent, transient, or failed before Apple was asked.',
    labelNames: ['result'],
    registers: [registry],
  });
  return {
    async push(target) {
      if (target.test) return apple.push(target);
      try {
        const result = await apple.push(target);
        pushes.inc({ result: result.kind });
        return result;
      } catch (error) {
        pushes.inc({ result: 'failed' });
        throw error;
      }
    },
  };
}
