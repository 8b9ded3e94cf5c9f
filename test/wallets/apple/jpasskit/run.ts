import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APPLE_STYLES, passTypeDesign } from '../../../../src/passes/pass-type.js';
import { lintAppleDesign } from '../../../../src/wallets/apple/check-design.js';
import { GENERATED_IMAGES, generatedDesign, generatedPassJson } from '../generated-designs.js';
import { SHARED_FAULTS, TAKEN_BY_JPASSKIT, type Json } from './faults.js';

/**
 * `npm run jpasskit`: holds generated passes against jpasskit, an independent library for Wallet passes. Needs Java 17 and
 * Maven, which fetches it. Sound designs must pass there, and what it refuses our check must refuse.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'passrelay-jpasskit-'));

/** Whether our check refuses a design: by its shape, or by a rule that is no warning. */
function refuses(design: Json): boolean {
  const read = passTypeDesign.safeParse(design);
  return !read.success || lintAppleDesign(read.data, GENERATED_IMAGES).some(({ severity }) => severity === undefined);
}

const write = (name: string, pass: unknown) => writeFileSync(join(folder, `${name}.json`), JSON.stringify(pass));
const run = (command: string, args: string[]): string => {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(done.status, 0, `${command}: ${done.stderr || done.error?.message}`);
  return done.stdout;
};

try {
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < 60; index++) write(`sound-${index}`, generatedPassJson(generatedDesign(index), index));
  assert.equal(new Set(SHARED_FAULTS.map(({ name }) => name)).size, SHARED_FAULTS.length, 'names of faults repeat');
  for (const [index, { base, pass }] of SHARED_FAULTS.entries()) {
    const faulty = generatedPassJson(generatedDesign(base), base) as Json;
    pass(faulty, faulty[APPLE_STYLES[base]!]);
    write(`fault-${index}`, faulty);
  }
  const classpath = join(folder, 'classpath');
  run('mvn', ['-q', '-B', '-f', here, 'dependency:build-classpath', `-Dmdep.outputFile=${classpath}`]);
  const said = run('java', ['-cp', readFileSync(classpath, 'utf8'), join(here, 'CheckPasses.java'), folder]);
  const taken: string[] = [];
  const missed: string[] = [];
  for (const line of said.trim().split('\n')) {
    const [file = '', verdict = ''] = line.split('\t');
    const [, kind, index] = /^(sound|fault)-(\d+)\.json$/.exec(file) ?? [];
    if (kind === 'sound') assert.equal(verdict, 'ok', `design ${index}: ${verdict}`);
    else {
      const { name, base, design: plant } = SHARED_FAULTS[Number(index)]!;
      if (verdict === 'ok') taken.push(name);
      const design = structuredClone(generatedDesign(base)) as Json;
      plant(design);
      if (!refuses(design)) missed.push(`${name} (jpasskit: ${verdict.slice(0, 200)})`);
    }
  }
  assert.deepEqual(missed, [], 'our check does not refuse these');
  // A fault that jpasskit stops refusing makes the comparison weaker: it must be seen.
  assert.deepEqual(taken.sort(), [...TAKEN_BY_JPASSKIT].sort(), 'faults that jpasskit takes');
  const refused = SHARED_FAULTS.length - taken.length;
  process.stdout.write(
    `jpasskit takes 60 generated passes and refuses ${refused} of ${SHARED_FAULTS.length} faults; our check refuses them all.\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
