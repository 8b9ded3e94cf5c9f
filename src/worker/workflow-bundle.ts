import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type BundleOptions, bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const built = (traced: boolean): string =>
  fileURLToPath(new URL(`../../workflow-bundle${traced ? '-traced' : ''}.js`, import.meta.url));
const source = fileURLToPath(new URL('../workflows/index', import.meta.url));

/** How workflow code is bundled, everywhere alike. */
export const bundleOptions: Pick<BundleOptions, 'logger' | 'webpackConfigHook' | 'preloadModules'> = {
  logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {}, log() {} },
  // Production mode without its minifier, which takes most of the time to bundle, and names out of stack traces.
  webpackConfigHook: (config) => ({
    ...config,
    mode: 'production',
    optimization: { ...config.optimization, minimize: false },
  }),
  // Evaluated once instead of for every workflow, which took most of its CPU. The SDK shares the modules of this package
  // that hold state (scopes, flags) anyway; what a workflow owns hangs on its activator.
  preloadModules: ['@temporalio/workflow'],
};

/**
 * Workflow code with interceptors that make spans; they change no command. A bundle of its own, for each workflow
 * evaluates OpenTelemetry again.
 */
export const tracedBundleOptions = (): Pick<BundleOptions, 'workflowInterceptorModules'> => ({
  workflowInterceptorModules: [
    createRequire(import.meta.url).resolve('@temporalio/interceptors-opentelemetry/lib/workflow-interceptors'),
  ],
});

/** The bundle that `npm run build` made, or (run from the sources) one made now, which takes a few seconds. */
export async function workflowBundle(traced = false): Promise<WorkflowBundleWithSourceMap | { codePath: string }> {
  if (
    await readFile(built(traced)).then(
      () => true,
      () => false,
    )
  )
    return { codePath: built(traced) };
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return bundleWorkflowCode({
    ...bundleOptions,
    ...(traced && tracedBundleOptions()),
    workflowsPath: source + extension,
  });
}
