import { z } from 'zod';
import type { SimulatedAnswer } from './errors.js';
import { faultSchema, type Fault } from './faults.js';
import type { Flow, WebhookRequest } from './flows.js';

export interface Controls {
  setFault(fault: Fault): void;
  clearFaults(): void;
  fireWebhook(request: WebhookRequest): { id: string };
  addFlow(flow: Flow): string;
  replaceKey(from: string, to: string): void;
  setCustomObjects(apiKey: string, allowed: boolean): void;
  mergeProfiles(sourceId: string, targetId: string, apiKey?: string): void;
  read: Readonly<Record<string, () => unknown>>;
}

const headers = z.record(z.string(), z.string()).optional();
const webhook = z.strictObject({ url: z.url(), headers, body: z.unknown(), flowId: z.string().optional() });
const flow = z.strictObject({
  id: z.string().optional(),
  trigger: z.union([z.strictObject({ metric: z.string() }), z.strictObject({ manual: z.literal(true) })]),
  webhook: z.strictObject({ url: z.url(), headers }),
  template: z.string(),
});
const keys = z.strictObject({ from: z.string(), to: z.string() });
const merge = z.strictObject({ from: z.string(), into: z.string(), apiKey: z.string().optional() });
const entitlement = z.strictObject({ apiKey: z.string(), allowed: z.boolean() });

/** The simulator's own paths under /simulator: faults, flows, webhooks and reading of its state. */
export function answerControl(method: string, path: string, raw: Buffer, controls: Controls): SimulatedAnswer {
  const name = path.slice('/simulator/'.length);
  try {
    if (method === 'GET' && Object.hasOwn(controls.read, name)) return { status: 200, body: controls.read[name]!() };
    if (method === 'DELETE' && name === 'faults') {
      controls.clearFaults();
      return { status: 204 };
    }
    if (method !== 'POST') return { status: 404, body: { error: 'not found' } };
    const body: unknown = JSON.parse(raw.toString('utf8'));
    if (name === 'faults') controls.setFault(faultSchema.parse(body));
    else if (name === 'keys') controls.replaceKey(keys.parse(body).from, keys.parse(body).to);
    else if (name === 'custom-objects') {
      const { apiKey, allowed } = entitlement.parse(body);
      controls.setCustomObjects(apiKey, allowed);
    } else if (name === 'merges') {
      const { from, into, apiKey } = merge.parse(body);
      controls.mergeProfiles(from, into, apiKey);
    } else if (name === 'webhooks') {
      return { status: 202, body: { id: controls.fireWebhook(webhook.parse(body) as WebhookRequest).id } };
    } else if (name === 'flows') return { status: 201, body: { id: controls.addFlow(flow.parse(body) as Flow) } };
    else return { status: 404, body: { error: 'not found' } };
    return { status: 204 };
  } catch (error) {
    return { status: 400, body: { error: error instanceof Error ? error.message : 'bad request' } };
  }
}
