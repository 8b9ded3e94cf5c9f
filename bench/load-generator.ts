import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { serve } from './processes.js';

export interface Load {
  target: 'webhook' | 'start';
  count: number;
  concurrency: number;
}

const [address, url, key] = process.argv.slice(2) as [string, string, string];
const client = new Client({ connection: Connection.lazy({ address }) });
const agent = new Agent({ keepAlive: true, maxSockets: 256 });
let sequence = 0;

function postWebhook(): Promise<void> {
  const number = ++sequence;
  const body = JSON.stringify({
    identifiers: { email: `c${number}@example.com` },
    additionalData: { points: number, tier: 'gold' },
    updateMetadata: true,
  });
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'idempotency-key': randomUUID(),
        },
      },
      (response) => {
        response.resume();
        response.on('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`the webhook answered ${response.statusCode}`));
        });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

async function startBare(): Promise<void> {
  const operationId = randomUUID();
  const args = [{ tenantId: 'bench', operationId }];
  await client.workflow.start('oneLocalOneRegular', { workflowId: `bare/${operationId}`, taskQueue: 'nobody', args });
}

serve<Load, number[]>(async ({ target, count, concurrency }) => {
  const act = target === 'webhook' ? postWebhook : startBare;
  const latencies: number[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const start = performance.now();
      await act();
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return latencies;
});
