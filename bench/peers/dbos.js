import { load, serve } from './lanes.js';

// One durable workflow of five steps that do nothing: what a push-update would be at least.
const { DBOS } = await load('@dbos-inc/dbos-sdk');

async function fiveSteps() {
  for (const name of ['find-pass', 'convert-type', 'apply-data', 'recompute-metadata', 'notify-devices']) {
    await DBOS.runStep(async () => null, { name });
  }
}
const workflow = DBOS.registerWorkflow(fiveSteps, { name: 'fiveSteps' });
DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: process.env.PEER_DATABASE_URL,
  logLevel: 'error',
  runAdminServer: false,
});
await DBOS.launch();
serve(async () => {
  const handle = await DBOS.startWorkflow(workflow)();
  await handle.getResult();
});
