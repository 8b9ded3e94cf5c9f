import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { AppleNotifier } from '../activities/deps.js';
import { classify } from '../activities/translate-failures.js';

/**
 * Measures each attempt of a step: result, time, and the code of a failure. Goes inside the failure boundary. Steps of test
 * keys and test passes are not counted.
 */
export function measureSteps(registry: Registry): ActivityInterceptorsFactory {
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
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const step = context.info.activityType;
        if ((input.args[0] as { test?: boolean } | undefined)?.test === true) return next(input);
        const end = duration.startTimer({ step });
        try {
          const output = await next(input);
          end({ result: 'succeeded' });
          return output;
        } catch (error) {
          end({ result: 'failed' });
          const code = error instanceof ApplicationFailure ? (error.type ?? 'unknown') : classify(error).code;
          failures.inc({ step, code });
          throw error;
        }
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
