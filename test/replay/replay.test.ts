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
    const name = files.find(
      (file) => readFileSync(`${folder}${file}`, 'utf8').includes('"notify-devices"') && file.startsWith('pushUpdate-'),
    );
    const text = readFileSync(`${folder}${name ?? files[0]!}`, 'utf8');
    const altered = text.replaceAll('"notify-devices"', '"another-step"');
    assert.notEqual(altered, text, 'a history with a regular notify-devices activity is needed');
    await assert.rejects(
      replay(JSON.parse(altered)),
      (error: Error) => error instanceof DeterminismViolationError || error.name === 'DeterminismViolationError',
    );
  });
});
