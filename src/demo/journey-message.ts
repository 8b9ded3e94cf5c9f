import { randomUUID } from 'node:crypto';
import type { Iphone } from '../simulators/iphone/iphone.js';
import { fireFlowWebhook } from './flow-webhook.js';
import { stepPrinter, type JourneyContext } from './journey.js';
import { describeUpdate, phoneLines } from './phone.js';

/** A flow sends a message: from the webhook to the lock screen. */
export async function journeyMessage(context: JourneyContext, phone: Iphone | undefined): Promise<void> {
  const { print, api, tenant } = context;
  print.heading('A Klaviyo flow sends Sarah a message');
  const told = phoneLines(print, phone);
  try {
    const firedAt = performance.now();
    const { status, text, correlationId } = await fireFlowWebhook(context, {
      path: `/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/notify`,
      headers: { authorization: `Bearer ${tenant.apiKeys.klaviyo}`, 'idempotency-key': randomUUID() },
      body: {
        identifiers: { email: tenant.pass.identifiers.email },
        message: 'Your table is ready. See you in ten minutes!',
        link: 'https://shop.example/tonight',
        class: 'service',
        validFor: '2 hours',
      },
      flowId: 'DemoMessage',
    });
    if (status !== 200 || !correlationId) throw new Error(`notify answered ${status ?? 'nothing'}: ${text}`);
    print.tick('accepted', `correlation ID ${correlationId}`, performance.now() - firedAt);
    const printStep = stepPrinter(print);
    const operation = await api.follow(correlationId, (step, view) => {
      printStep(step, view);
      if (step.step === 'notify-devices' && step.state === 'succeeded') told.show(view);
    });
    if (operation.outcome !== 'message-sent') {
      throw new Error(`the message ended as ${operation.status}, outcome ${operation.outcome}`);
    }
    if (!phone) return;
    const update = await told.update();
    print.heading('On the phone');
    describeUpdate(update).forEach((line) => print.line(line));
    if (update.lockScreen.kind !== 'message') throw new Error('the lock screen does not show the message');
  } finally {
    told.stop();
  }
}
