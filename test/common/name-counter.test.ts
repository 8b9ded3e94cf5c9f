import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNameCounter } from '../../src/common/name-counter.js';

test('each name counts for itself, until its window ends', () => {
  let clock = 60_000;
  const counter = createNameCounter({ windowMs: 60_000, now: () => clock });
  assert.deepEqual(
    [counter.add('a'), counter.add('a').count, counter.add('b').count],
    [{ count: 1, endsInMs: 60_000 }, 2, 1],
  );
  clock = 90_000;
  assert.deepEqual(counter.add('a'), { count: 3, endsInMs: 30_000 });
  clock = 120_000;
  assert.equal(counter.add('a').count, 1);
});

test('no flood of other names sets a count back, or takes memory', () => {
  const counter = createNameCounter({ windowMs: 60_000, now: () => 0 });
  for (let i = 0; i < 500; i++) counter.add('the one');
  const before = process.memoryUsage();
  for (let i = 0; i < 200_000; i++) counter.add(`name ${i}`);
  const { count } = counter.add('the one');
  assert.ok(count >= 501, `${count}`);
  // With three names a cell on average, one that is new is hardly ever taken for many.
  const fresh = Array.from({ length: 100 }, (_, i) => counter.add(`fresh ${i}`).count);
  assert.ok(Math.max(...fresh) < 20, `${fresh}`);
  assert.ok(process.memoryUsage().arrayBuffers - before.arrayBuffers < 5_000_000);
});
