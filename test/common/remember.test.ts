import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecent, keepRecent, rememberFor } from '../../src/common/remember.js';

test('a result is read once, again after its time, and never beside a read that is under way', async () => {
  let clock = 0;
  let reads = 0;
  const read = rememberFor({ ttlMs: 100, now: () => clock }, async (name) => `${name}${++reads}`);
  assert.deepEqual(await Promise.all([read('a'), read('a'), read('b')]), ['a1', 'a1', 'b2']);
  clock = 99;
  assert.equal(await read('a'), 'a1');
  clock = 100;
  assert.deepEqual(await Promise.all([read('a'), read('a')]), ['a3', 'a3']);
});

test('failures are not kept, a refresh that fails keeps the old result until its time is over', async () => {
  let clock = 0;
  let fails = true;
  const read = rememberFor({ ttlMs: 100, refreshMs: 50, now: () => clock }, async () => {
    if (fails) throw new Error('down');
    return clock;
  });
  await assert.rejects(read('a'));
  fails = false;
  assert.equal(await read('a'), 0);
  fails = true;
  clock = 60;
  assert.equal(await read('a'), 0);
  clock = 100;
  await assert.rejects(read('a'), /down/);
});

test('what is not to be kept is read each time', async () => {
  let reads = 0;
  const read = rememberFor({ ttlMs: 100, now: () => 0, keeps: (value) => value !== null }, async (name) => {
    reads++;
    return name === 'here' ? name : null;
  });
  for (let i = 0; i < 3; i++) await Promise.all([read('here'), read('gone')]);
  assert.equal(reads, 1 + 3);
});

test('the oldest result makes room, and names of any length cost the same', async () => {
  let reads = 0;
  const read = rememberFor({ ttlMs: Infinity, now: () => 0, maxEntries: 3 }, async (name) => {
    reads++;
    return name;
  });
  for (const name of ['a', 'b', 'c', 'd', 'b', 'c', 'd']) await read(name);
  assert.equal(reads, 4);
  await read('a');
  assert.equal(reads, 5);
  const heap = () => (globalThis.gc?.(), process.memoryUsage().heapUsed);
  const before = heap();
  const names = rememberFor({ ttlMs: Infinity, now: () => 0 }, async () => 1);
  for (let i = 0; i < 20_000; i++) await names(`${i}${'x'.repeat(15_000)}`);
  assert.ok(heap() - before < 50_000_000, 'the names themselves are not kept');
});

test('what was not used for the longest time makes room, by weight', async () => {
  const recent = createRecent<string>(10, (value) => value.length);
  recent.set('a', '1234');
  recent.set('b', '1234');
  assert.equal(recent.get('a')?.value, '1234');
  recent.set('c', '12345');
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => recent.get(name)?.value),
    ['1234', undefined, '12345'],
  );
  // Set again, it counts once.
  for (let i = 0; i < 5; i++) recent.set('a', '12345');
  assert.equal(recent.get('c')?.value, '12345');
  let made = 0;
  const kept = keepRecent<number>(2, () => 1);
  const make = async () => ++made;
  assert.deepEqual(await Promise.all([kept('a', make), kept('a', make)]), [1, 1]);
  await assert.rejects(kept('b', () => Promise.reject(new Error('no'))));
  assert.equal(await kept('b', make), 2);
});
