import { writeFile } from 'node:fs/promises';
import { workflowBundle } from './worker/workflow-bundle.js';

const target = new URL('../workflow-bundle.js', import.meta.url);

/** Writes the workflow bundle beside the built sources, where a worker looks for it before it bundles by itself. */
async function main(): Promise<void> {
  const bundle = await workflowBundle();
  if ('code' in bundle) await writeFile(target, bundle.code);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
