import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

function startProcess(env: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/start-api.ts'], {
    cwd: new URL('../../', import.meta.url),
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const listening = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const { port } = JSON.parse(line) as { port?: number };
      if (port !== undefined) return port;
    }
    throw new Error(`the process ended: ${stderr}`);
  })();
  listening.catch(() => undefined);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, listening, exited, stderr: () => stderr };
}

test('without its settings the process ends and says what is missing', async () => {
  const api = startProcess({ PORT: '0' });
  const [code] = await api.exited;
  assert.equal(code, 1);
  for (const name of ['DATABASE_URL', 'PUBLIC_URL', 'SECRETS_KEY']) assert.match(api.stderr(), new RegExp(name));
  assert.doesNotMatch(api.stderr(), / at /);
});

test('told to stop, it finishes the request under way, and accepts without Temporal until then', async () => {
  const tenant = await seedTenant(db);
  const api = startProcess({
    PORT: '0',
    DATABASE_URL: db.url,
    PUBLIC_URL: 'https://passes.example',
    SECRETS_KEY: randomBytes(32).toString('base64'),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
  try {
    const port = await api.listening;
    const ready = (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as {
      state: string;
      parts: Record<string, { state: string }>;
    };
    assert.deepEqual([ready.state, ready.parts['temporal']?.state], ['degraded', 'degraded']);

    const post = request({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: `/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`,
      headers: { 'X-API-KEY': tenant.keys.listener, Expect: '100-continue' },
    });
    const answered = once(post, 'response');
    // The server has taken the request when it asks for the body.
    const taken = once(post, 'continue');
    post.flushHeaders();
    await taken;
    api.child.kill('SIGTERM');
    while (
      await fetch(`http://127.0.0.1:${port}/livez`).then(
        () => true,
        () => false,
      )
    );
    post.end(JSON.stringify({ identifiers: { email: tenant.email } }));
    const [response] = (await answered) as [{ statusCode: number; headers: Record<string, string>; resume(): void }];
    response.resume();
    assert.equal(response.statusCode, 200);
    assert.deepEqual(await api.exited, [0, null]);
    const kept = await db.owner('select 1 from operations where operation_id = $1', [
      response.headers['x-correlation-id'],
    ]);
    assert.equal(kept.length, 1);
  } finally {
    api.child.kill('SIGKILL');
    await api.exited;
  }
});
