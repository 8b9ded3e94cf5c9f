import assert from 'node:assert/strict';
import { mock, it } from 'node:test';
import { startProgress } from '../../src/embedded/progress.js';

it('speaks after two seconds, then only when there is something new, and of short work not at all', (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  t.after(() => mock.timers.reset());
  const lines: string[] = [];
  const start = (label: string) => startProgress({ label, log: (line) => lines.push(line), intervalMs: 5_000 });

  const tick = (seconds: number) => {
    for (let n = 0; n < seconds * 10; n++) mock.timers.tick(100);
  };

  const short = start('Short');
  tick(1.9);
  short.end('Did the short one');
  assert.deepEqual(lines, []);

  const long = start('Fetching (45 MB)');
  tick(2);
  long.note('10 of 45 MB');
  tick(60);
  long.note('30 of 45 MB');
  tick(60);
  long.end('Fetched');
  tick(60);
  assert.deepEqual(lines, [
    'Fetching (45 MB) … 2 s',
    'Fetching (45 MB): 10 of 45 MB … 7 s',
    'Fetching (45 MB): 30 of 45 MB … 1 min 7 s',
    'Fetched (2 min 2 s)',
  ]);
});
