import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTimeSkippingServer } from '../../src/embedded/test-server.js';
import { SEARCH_ATTRIBUTES } from '../../src/embedded/temporal.js';
import { installRuntime } from './engine.js';

/** A server whose clock jumps over timers and back-offs while somebody awaits a workflow's result. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  installRuntime();
  const path = process.env['TEST_TIME_SKIPPING_SERVER'] ?? (await findTimeSkippingServer({ log: () => undefined }));
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const KEYWORD = 2;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
  });
  return environment;
}
