import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApplicationFailure } from '@temporalio/common';
import type { Logger } from 'pino';
import { classify, translateFailures } from '../../src/activities/translate-failures.js';
import { TransientError } from '../../src/common/errors.js';
import type { Database } from '../../src/database/connect.js';
import { isDatabaseUnavailable, LostConnection } from '../../src/database/unavailable.js';

const failure = (code: string) => Object.assign(new Error('the server said so'), { code });

test('worker and API call the same states of the database unavailable', () => {
  for (const code of [
    '25006',
    '28000',
    '28P01',
    '3D000',
    '08006',
    '53300',
    '57P01',
    '58000',
    '40001',
    '40P01',
    '55P03',
  ]) {
    const { code: called, permanent } = classify(failure(code));
    assert.deepEqual([called, permanent], ['database-unavailable', false], code);
    assert.ok(isDatabaseUnavailable(failure(code)), code);
  }
});

test('our own failures are counted apart from those of a provider', async () => {
  const log = { warn: () => undefined } as unknown as Logger;
  const translated = translateFailures({ database: null as unknown as Database, log });
  let ownFailures = 0;
  const pauses = { initialMs: 2_000, coefficient: 2, longestMs: 600_000 };
  const delayAfter = async (number: number, error: Error): Promise<number | undefined> => {
    const attempt = { number, pauses, ownFailures, keepOwnFailures: (count: number) => (ownFailures = count) };
    const failure = await translated('a-step', {}, () => Promise.reject(error), attempt).catch(
      (thrown: unknown) => thrown as ApplicationFailure,
    );
    return failure.nextRetryDelay as number | undefined;
  };
  const provider = new TransientError('klaviyo-unavailable', 'Klaviyo answered 503.');
  assert.equal(await delayAfter(1, provider), undefined, 'Temporal keeps to the policy');
  for (let number = 2; number < 30; number++) {
    const soonest = Math.min(1_000 * 2 ** (number - 2), number <= 13 ? 8_000 : 30_000);
    const pauseMs = (await delayAfter(number, failure('57P01')))!;
    assert.ok(pauseMs >= soonest / 2 && pauseMs <= soonest, `${pauseMs} ms after attempt ${number}`);
  }
  assert.equal(await delayAfter(30, provider), 4_000, 'the second failure of the provider');
  assert.equal(await delayAfter(31, new TransientError('klaviyo-throttled', 'Wait.', 7_000)), 7_000, 'as it asked for');
  assert.equal(await delayAfter(60, provider), 600_000, 'no longer than the policy says');
});

test('a read-only database is called by its name, and a refused statement is not an outage', () => {
  assert.match(classify(failure('25006')).message, /read-only/);
  assert.equal(classify(failure('23505')).code, 'database-refused');
});

test('a connection that ended is an outage by its class, and a mistake of ours with such words is none', () => {
  const ended = new LostConnection(new Error('Connection terminated unexpectedly'));
  assert.equal(classify(ended).code, 'database-unavailable');
  assert.ok(isDatabaseUnavailable(new Error('a transaction failed', { cause: ended })), 'as a cause');
  const ours = new TypeError("Cannot read properties of undefined (reading 'timeout')");
  assert.equal(classify(ours).code, 'internal-error');
  assert.ok(!isDatabaseUnavailable(ours), 'the message says nothing');
});
