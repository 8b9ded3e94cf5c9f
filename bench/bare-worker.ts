import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bundleOptions } from '../src/worker/workflow-bundle.js';
import { tuning } from '../src/worker/create-worker.js';
import { connectionTuning } from '../src/worker/connection-tuning.js';
import { serve } from './processes.js';

export interface BareRun {
  workflow: 'oneLocalOneRegular' | 'fiveRegular';
  count: number;
}
export interface BareAnswer {
  ms: number;
  cpuMs: number;
}

/** As many starts under way as the product's dispatcher has. */
const STARTS_IN_FLIGHT = 64;
const [address, manner] = process.argv.slice(2) as [string, 'as-ours' | 'sdk-defaults'];
const asOurs = manner === 'as-ours';
const taskQueue = `bare-${manner}`;

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address, ...(asOurs && connectionTuning) });
const workflowsPath = fileURLToPath(new URL('./bare-workflows.ts', import.meta.url));
let finished = 0;
let onFinished: () => void = () => undefined;
const worker = await Worker.create({
  connection,
  taskQueue,
  activities: {
    noop: async () => undefined,
    async last() {
      finished += 1;
      onFinished();
    },
  },
  ...(asOurs
    ? { ...tuning, workflowBundle: await bundleWorkflowCode({ ...bundleOptions, workflowsPath }) }
    : { workflowsPath }),
});
const running = worker.run();
running.catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
const client = new Client({ connection: asOurs ? connection : await Connection.connect({ address }) });

serve<BareRun, BareAnswer>(async ({ workflow, count }) => {
  finished = 0;
  const all = new Promise<void>((resolve) => {
    onFinished = () => finished === count && resolve();
  });
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const operationId = randomUUID();
      await client.workflow.start(workflow, {
        workflowId: `${workflow}/${operationId}`,
        taskQueue,
        args: [{ tenantId: 'bench', operationId }],
        ...(asOurs && { requestEagerStart: true }),
      });
    }
  };
  await Promise.all([...Array.from({ length: STARTS_IN_FLIGHT }, lane), all]);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 };
});
