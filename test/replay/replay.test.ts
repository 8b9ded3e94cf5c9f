import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { installRuntime, testBundle } from '../support/engine.js';

const folder = fileURLToPath(new URL('./histories/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

for (const traced of [false, true]) {
  describe(`committed histories replay on the workflow code of today${traced ? ', traced' : ''}`, () =>
    replayAll(traced));
}

function replayAll(traced: boolean): void {
  let bundle: { codePath: string };
  const failures = new Map<string, Error | undefined>();
  const read = (name: string): unknown => JSON.parse(readFileSync(`${folder}${name}`, 'utf8'));
  let emitted = 0;
  // All by one worker: a worker for each would take most of the time.
  before(async () => {
    installRuntime();
    bundle = await testBundle(traced);
    const histories = files.map((name) => ({ workflowId: name, history: historyFromJSON(read(name)) }));
    const sinks = { exporter: { export: { callDuringReplay: false, fn: () => void emitted++ } } };
    const options = { workflowBundle: bundle, replayName: 'replay', sinks };
    for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
      failures.set(workflowId, error);
    }
  });

  it('there are histories of the workflows that run for weeks or carry the most', () => {
    const bursts = ['pushUpdateBurst', 'changeStateBurst', 'writeBackBurst', 'sendMessageBurst', 'endMessageBurst'];
    bursts.push('startOfferBurst', 'endOfferBurst');
    const main = ['pushUpdate', 'sendMessage', 'endMessage', 'startOffer', 'endOffer', 'runCampaign', ...bursts];
    const missing = main.filter((type) => !files.some((name) => name.startsWith(`${type}-`)));
    assert.deepEqual(missing, [], 'record some: RECORD_HISTORIES=1 npm test');
  });

  for (const name of files) {
    it(name, () => {
      assert.ok(failures.has(name), 'it was not replayed');
      assert.ifError(failures.get(name));
    });
  }

  it('no span comes of a replay', () => assert.equal(emitted, 0));

  it('an altered history is refused: the check itself works', async () => {
    const scheduled = /"activityType":\{"name":"([a-z-]+)"\}/;
    const texts = files.map((name) => readFileSync(`${folder}${name}`, 'utf8'));
    const text = texts.find((candidate) => scheduled.test(candidate));
    assert.ok(text, 'a history with a regular activity is needed');
    const altered = text.replace(scheduled, '"activityType":{"name":"another-step"}');
    const replay = Worker.runReplayHistory(
      { workflowBundle: bundle, replayName: 'replay' },
      historyFromJSON(JSON.parse(altered)),
    );
    await assert.rejects(replay, DeterminismViolationError);
  });
}
