import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { workflowBundle } from './workflow-bundle.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Everything that a workflow bundle is made from; the lock file represents the packages. */
const SOURCES = ['src/workflows', 'src/passes', 'src/worker/workflow-bundle.ts', 'package-lock.json'];

async function digestSources(): Promise<string | null> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const full = path.join(root, source);
    if (!existsSync(full)) return null;
    // A source that is one file has no names in it.
    const names = (await readdir(full, { recursive: true }).catch(() => [''])).sort();
    const files = names.map((name) => path.join(full, name)).filter((file) => statSync(file).isFile());
    for (const file of files) hash.update(path.relative(root, file)).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 20);
}

/** The workflow bundle, kept in `folder` as long as its sources stay the same: bundling takes seconds. */
export async function cachedWorkflowBundle(folder: string, traced = false): ReturnType<typeof workflowBundle> {
  const digest = await digestSources();
  if (digest === null) return workflowBundle(traced);
  const ending = traced ? '-traced.js' : '.js';
  const codePath = path.join(folder, digest + ending);
  if (existsSync(codePath)) return { codePath };
  const bundle = await workflowBundle(traced);
  if ('codePath' in bundle) return bundle;
  await mkdir(folder, { recursive: true });
  const earlier = (await readdir(folder)).filter(
    (name) => /^[0-9a-f]{20}(?:-traced)?\.js$/.test(name) && !name.startsWith(digest),
  );
  const partial = `${codePath}.${process.pid}`;
  await writeFile(partial, bundle.code);
  await rename(partial, codePath);
  for (const name of earlier) await rm(path.join(folder, name), { force: true });
  return { codePath };
}
