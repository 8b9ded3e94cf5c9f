import { freePort } from '../src/embedded/free-port.js';
import type { Load } from './load-generator.js';
import { startChild, startProduct, type Child } from './processes.js';
import { productEnv } from './product-env.js';
import { seedTenant, TENANT } from './seed.js';
import type { Servers } from './servers.js';

/** An API of its own on a database of its own, and a load generator in front of it; a call returns latencies in milliseconds. */
export async function startWebhookLoad(servers: Servers): Promise<Child<Load, number[]>> {
  const bench = await servers.createDatabase('acknowledge');
  const key = await seedTenant(bench);
  const port = await freePort([]);
  const baseUrl = `http://127.0.0.1:${port}`;
  const env = productEnv(servers, bench, { PORT: String(port), PUBLIC_URL: baseUrl });
  const api = startProduct('src/start-api.ts', env, servers.folder);
  const url = `${baseUrl}/api/${TENANT}/webhooks/listeners/klaviyo/passes/pushUpdate`;
  const load = startChild<Load, number[]>('load-generator.ts', [servers.temporalAddress, url, key]);
  const stop = async (): Promise<void> => {
    await load.stop();
    await api.stop();
  };
  await untilServing(`${baseUrl}/livez`).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { call: (request) => load.call(request), stop };
}

async function untilServing(url: string): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    await answer?.text();
    if (answer?.status === 200) return;
    if (Date.now() > end) throw new Error(`${url} does not answer: ${answer?.status ?? 'no connection'}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
