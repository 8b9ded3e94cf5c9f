import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { ENDED } from '../replay/record.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant } from '../support/tenant.js';

/** Each query of the guide's chapter on the UI: what stands in code and names an attribute or compares one. */
const guide = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const chapter = guide.split('\n## ').find((part) => part.startsWith('The Temporal UI'))!;
const queries = [...chapter.matchAll(/`([A-Z]\w+ (?:=|<|>|IN|BETWEEN|STARTS_WITH|IS) [^`]+)`/g)].map(
  ([, text]) => text!,
);

let db: TestDatabase;
let engine: TestEngine;
let connection: Connection;
before(async () => {
  db = await createTestDatabase();
  engine = await startEngine(db);
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
});
after(async () => {
  await connection.close();
  await engine.stop();
  await db.drop();
});

it('the server takes every query that we tell people to use, and finds the run that it is about', async () => {
  const tenant = await seedTenant(db);
  const input = {
    identifiers: [{ kind: 'email', value: 'nobody@example.com' }],
    passType: null,
    data: {},
    updateMetadata: false,
  };
  const id = await accept(db, tenant, { kind: 'push-update', input });
  await ended(db, tenant.tenantId, id);
  const { workflow } = new Client({ connection });
  assert.ok(queries.length >= 7, `only ${queries.length} queries found in the guide`);
  for (const query of [...queries, ENDED]) await assert.doesNotReject(workflow.count(query), query);

  const mine = `PassrelayCorrelationId = "${id}"`;
  const about = [`PassrelayTenant = "${tenant.tenantId}"`, 'PassrelayKind = "push-update"', mine];
  await until(async () => {
    const counts = await Promise.all(about.map(async (query) => (await workflow.count(`${query} AND ${mine}`)).count));
    return counts.every((count) => count === 1);
  }, 'the run in each of the lists');
});
