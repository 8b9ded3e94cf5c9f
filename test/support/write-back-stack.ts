import { after, before, beforeEach } from 'node:test';
import { startTestApi, type TestApi } from './api.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { startEngine, type TestEngine } from './engine.js';
import { startTestKlaviyo, type TestKlaviyo } from './klaviyo.js';

export interface WriteBackStack {
  test: TestDatabase;
  engine: TestEngine;
  klaviyo: TestKlaviyo;
  api: TestApi;
}

/** Database, simulated Klaviyo, API and worker for the suite that calls it; to be read from within its tests. */
export function useWriteBackStack(): WriteBackStack {
  const stack = {} as WriteBackStack;
  before(async () => {
    stack.test = await createTestDatabase();
    stack.klaviyo = await startTestKlaviyo(stack.test);
    stack.api = await startTestApi({ database: stack.test.database });
    stack.engine = await startEngine(stack.test, { deps: { klaviyo: stack.klaviyo.access } });
  });
  after(async () => {
    await stack.engine.stop();
    await stack.api.close();
    await stack.klaviyo.simulator.close();
    await stack.test.drop();
  });
  beforeEach(() => stack.klaviyo.simulator.clearFaults());
  return stack;
}
