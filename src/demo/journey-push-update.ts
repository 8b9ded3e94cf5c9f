import { randomUUID } from 'node:crypto';
import type { PassView } from './api-calls.js';
import { fireFlowWebhook } from './flow-webhook.js';
import { stepPrinter, type JourneyContext, type JourneyResult } from './journey.js';
import type { Iphone } from '../simulators/iphone/iphone.js';
import { describeUpdate, phoneLines } from './phone.js';

/** What a flow gives for reaching the higher tier, and takes when it is lost. */
const POINTS = 380;

interface Change {
  passType: 'basic' | 'premium';
  tier: string;
  points: number;
}

/** The other tier than the one the pass has, so that every start changes something. */
function nextChange(pass: PassView): Change {
  const points = Number(pass.data['points'] ?? 0);
  return pass.passType === 'premium'
    ? { passType: 'basic', tier: 'silver', points: Math.max(0, points - POINTS) }
    : { passType: 'premium', tier: 'gold', points: points + POINTS };
}

/** Returns the correlation ID. */
async function postPushUpdate(context: JourneyContext, body: object): Promise<string> {
  const { tenant } = context;
  const { status, text, correlationId } = await fireFlowWebhook(context, {
    path: `/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`,
    headers: { authorization: `Bearer ${tenant.apiKeys.klaviyo}`, 'idempotency-key': randomUUID() },
    body,
    flowId: 'DemoTier',
  });
  if (status !== 200 || !correlationId) throw new Error(`pushUpdate answered ${status ?? 'nothing'}: ${text}`);
  return correlationId;
}

const shellQuote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function curlFor({ api, tenant }: JourneyContext, points: number): string {
  const body = { identifiers: { email: tenant.pass.identifiers.email }, additionalData: { points } };
  return [
    `curl ${api.baseUrl}/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`,
    `-H ${shellQuote(`Authorization: Bearer ${tenant.apiKeys.klaviyo}`)}`,
    `-H 'Content-Type: application/json' -d ${shellQuote(JSON.stringify(body))}`,
  ].join(' ');
}

/** A flow moves a customer to another tier: from the webhook to the changed card on the phone. */
export async function journeyPushUpdate(context: JourneyContext, phone: Iphone | undefined): Promise<JourneyResult> {
  const { print, api, tenant } = context;
  const { serialNumber, identifiers } = tenant.pass;
  const before = await api.pass(serialNumber);
  const { passType, tier, points } = nextChange(before);
  print.heading(`A Klaviyo flow moves Sarah to ${passType}`);
  print.line(
    print.dim(
      `pass ${serialNumber}: ${before.passType}, tier ${String(before.data['tier'])}, revision ${before.revision}`,
    ),
  );

  const told = phoneLines(print, phone);
  try {
    const firedAt = performance.now();
    const correlationId = await postPushUpdate(context, {
      identifiers: { email: identifiers.email },
      passType,
      additionalData: { tier, points },
      updateMetadata: true,
    });
    print.tick('accepted', `correlation ID ${correlationId}`, performance.now() - firedAt);
    const printStep = stepPrinter(print);
    const operation = await api.follow(correlationId, (step, view) => {
      printStep(step, view);
      if (step.step === 'notify-devices' && step.state === 'succeeded') told.show(view);
    });
    if (operation.status !== 'succeeded' || operation.outcome !== 'converted') {
      const failed = operation.steps.find((step) => step.lastError !== null);
      const why = operation.reason ?? failed?.lastError?.message ?? 'no reason given';
      throw new Error(`the operation ended as ${operation.status}, outcome ${operation.outcome}: ${why}`);
    }
    if (phone) {
      const update = await told.update();
      print.heading('On the phone');
      describeUpdate(update).forEach((text) => print.line(text));
      const wrong = phone.complaints.at(0);
      if (wrong !== undefined) throw new Error(`the phone complains: ${wrong}`);
    } else {
      print.line('APNS_URL is set: no simulated phone listens.');
    }
    return { operation, serialNumber, curl: curlFor(context, points + 20) };
  } finally {
    told.stop();
  }
}
