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

describe('committed histories replay on the workflow code of today', () => {
  let bundle: { codePath: string };
  before(async () => {
    installRuntime();
    bundle = await testBundle();
  });
  const replay = async (json: unknown): Promise<void> => {
    await Worker.runReplayHistory({ workflowBundle: bundle, replayName: 'replay' }, historyFromJSON(json));
  };
  const read = (name: string): unknown => JSON.parse(readFileSync(`${folder}${name}`, 'utf8'));

  it('there are histories of the main workflow', () => {
    assert.ok(
      files.filter((name) => name.startsWith('pushUpdate-')).length >= 2,
      'record some: RECORD_HISTORIES=1 npm test',
    );
  });

  for (const name of files) it(name, () => replay(read(name)));

  it('an altered history is refused: the check itself works', async () => {
    const scheduled = /"activityType":\{"name":"([a-z-]+)"\}/;
    const texts = files.map((name) => readFileSync(`${folder}${name}`, 'utf8'));
    const text = texts.find((candidate) => scheduled.test(candidate));
    assert.ok(text, 'a history with a regular activity is needed');
    const altered = text.replace(scheduled, '"activityType":{"name":"another-step"}');
    await assert.rejects(replay(JSON.parse(altered)), DeterminismViolationError);
  });
});
