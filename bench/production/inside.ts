import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDemoCertificates } from '../../src/tenants/demo-certificates.js';
import { bringUp } from './bring-up.js';
import type { Programs } from './programs.js';
import { startOutside } from '../outside.js';
import { certificatesFolder } from './settings.js';
import { STAGES } from './stages.js';
import { applyTenant, writeTenantFolder } from './tenant.js';
import { createTopology } from './topology.js';
import { createWorld } from './world.js';

/** The drill itself, in a network of its own: run.ts starts it there. */
const repository = fileURLToPath(new URL('../..', import.meta.url));
const [folder = '', programsJson = '{}'] = process.argv.slice(2);
const programs = JSON.parse(programsJson) as Programs;
const say = (line: string): void => console.error(line);

interface Row {
  stage: string;
  seconds: number;
  result: string;
  passed: boolean;
}

function printTable(rows: readonly Row[]): void {
  console.log('\n| stage | | what it showed | seconds |\n|---|---|---|---|');
  for (const { stage, passed, result, seconds } of rows) {
    console.log(`| ${stage} | ${passed ? 'held' : 'FAILED'} | ${result.replaceAll('|', '\\|')} | ${seconds} |`);
  }
}

// run.ts made them, because Node reads the authority at its start.
const certificates = await ensureDemoCertificates(certificatesFolder(folder), Date.now);
const outside = await startOutside(certificates, folder);
const topology = createTopology({
  programs,
  folder,
  repository,
  tls: { authorityFile: certificates.authorityFile, ...certificates.apnsServerFiles },
  merchantPort: Number(new URL(outside.merchant.controlUrl).port),
  providers: outside.env,
});
const rows: Row[] = [];
try {
  say('Bringing the topology up');
  await bringUp(topology, say);
  mkdirSync(path.join(folder, 'tenants'), { recursive: true });
  const tenantFolder = writeTenantFolder(repository, folder, certificates);
  const apiKey = await applyTenant(topology.passrelay, tenantFolder);
  const world = createWorld({ topology, outside, certificates, apiKey });
  for (const { name, run } of STAGES) {
    say(name);
    const begun = performance.now();
    const [passed, result] = await run({ world, folder, scraped: programs.prometheus !== null, say }).then(
      (text) => [true, text] as const,
      (error: Error) => [false, error.message] as const,
    );
    const seconds = Math.round((performance.now() - begun) / 1000);
    rows.push({ stage: name, passed, result, seconds });
    say(`  ${passed ? 'held' : 'FAILED'}: ${result}`);
    // A topology that a stage left broken says nothing about the next one.
    if (!passed) break;
  }
} catch (error) {
  rows.push({ stage: 'start', passed: false, result: (error as Error).message, seconds: 0 });
} finally {
  await topology.stopAll();
  await outside.stop();
}
printTable(rows);
const lost = rows.filter(({ passed }) => !passed);
if (lost.length > 0) console.log(`\nLogs: ${folder}`);
process.exit(lost.length > 0 ? 1 : 0);
