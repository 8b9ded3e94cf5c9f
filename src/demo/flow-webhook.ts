import type { JourneyContext } from './journey.js';

const ANSWER_MS = 10_000;

export interface FlowWebhook {
  /** Below the API's address. */
  path: string;
  headers: Record<string, string>;
  body: object;
  flowId: string;
}

export interface FlowAnswer {
  status: number | null;
  text: string;
  correlationId: string | null;
}

/** Posts as Klaviyo's flows do: by the simulator with its retries, or once by ourselves where the settings name a Klaviyo. */
export async function fireFlowWebhook({ api, simulators }: JourneyContext, flow: FlowWebhook): Promise<FlowAnswer> {
  const { path, headers, body, flowId } = flow;
  const url = `${api.baseUrl}${path}`;
  if (simulators.klaviyo) {
    const { attempts } = await simulators.klaviyo.fireWebhook({ url, headers, body, flowId });
    const { status, response, headers: answered } = attempts.at(-1)!;
    return { status, text: response, correlationId: answered['x-correlation-id'] ?? null };
  }
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'x-klaviyo-flow-id': flowId },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return {
    status: answer.status,
    text: await answer.text(),
    correlationId: answer.headers.get('x-correlation-id'),
  };
}
