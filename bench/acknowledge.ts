import { ratioOfRounds, type Result } from './result.js';
import type { Servers } from './servers.js';
import { median, percentile } from './statistics.js';
import { startWebhookLoad } from './webhook-load.js';

const ROUNDS = 11;
const COUNT = 500;
const CONCURRENCY = 16;

/** How long a webhook waits for its 200 against how long a caller waits for a bare `client.workflow.start`. */
export async function benchAcknowledge(servers: Servers): Promise<Result> {
  const load = await startWebhookLoad(servers);
  const seen = { webhook: [] as number[][], start: [] as number[][] };
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const order = round % 2 === 0 ? (['webhook', 'start'] as const) : (['start', 'webhook'] as const);
      for (const target of order) {
        const latencies = await load.call({ target, count: COUNT, concurrency: CONCURRENCY });
        if (round > 0) seen[target].push(latencies);
      }
    }
  } finally {
    await load.stop();
  }
  const at = (rounds: number[][], share: number): number[] => rounds.map((samples) => percentile(samples, share));
  const line = (name: string, rounds: number[][], share: number) => ({
    name: `${name}, p${share * 100}`,
    value: median(at(rounds, share)),
    unit: 'ms',
  });
  return {
    title: 'Acknowledging a webhook',
    method:
      `A pushUpdate over HTTP (authenticated, validated, committed to disk) against a bare \`client.workflow.start\`, both from one ` +
      `load generator in a process of its own with ${CONCURRENCY} requests under way, over kept-alive connections. The API is the real ` +
      `process. ${ROUNDS} rounds of ${COUNT} each, the two sides in turns; no worker runs meanwhile.`,
    lines: [
      line('webhook answered', seen.webhook, 0.5),
      line('webhook answered', seen.webhook, 0.99),
      line('bare client.workflow.start', seen.start, 0.5),
      line('bare client.workflow.start', seen.start, 0.99),
    ],
    ratios: [
      ratioOfRounds('acknowledge p50 against a bare start', at(seen.webhook, 0.5), at(seen.start, 0.5)),
      ratioOfRounds('acknowledge p99 against a bare start', at(seen.webhook, 0.99), at(seen.start, 0.99), {
        atMost: 1,
      }),
    ],
  };
}
