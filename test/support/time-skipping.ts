import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTimeSkippingServer } from '../../src/embedded/test-server.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';
import { installRuntime } from './engine.js';

const STARTS = 6;

/** The SDK gives the server five seconds to start, which a Java program on a busy machine does not always do. */
async function startPatiently(path: string, start = 1): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
  } catch (error) {
    if (start === STARTS || !/did not start within/.test((error as Error).message)) throw error;
    return startPatiently(path, start + 1);
  }
}

/**
 * A server whose clock jumps over timers and back-offs while somebody awaits a workflow's result. Await one result at a
 * time: each of them releases the clock once, and a second release takes away the hold of a step that is running. The
 * server then fails its answers to the worker, with a text longer than the connection lets through.
 */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  installRuntime();
  const path = process.env['TEST_TIME_SKIPPING_SERVER'] ?? (await findTimeSkippingServer({ log: () => undefined }));
  const environment = await startPatiently(path);
  const TYPES = { Keyword: 2, KeywordList: 7 } as const;
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, TYPES[type]])),
  });
  return environment;
}
