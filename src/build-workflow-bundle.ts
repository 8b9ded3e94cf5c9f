import { writeFile } from 'node:fs/promises';
import { workflowBundle } from './worker/workflow-bundle.js';

const targets = [
  { traced: false, target: new URL('../workflow-bundle.js', import.meta.url) },
  { traced: true, target: new URL('../workflow-bundle-traced.js', import.meta.url) },
];

/** Writes the workflow bundles beside the built sources, where a worker looks for it before it bundles by itself. */
async function main(): Promise<void> {
  for (const { traced, target } of targets) {
    const bundle = await workflowBundle(traced);
    if ('code' in bundle) await writeFile(target, bundle.code);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
