import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from '../../src/activities/translate-failures.js';
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
