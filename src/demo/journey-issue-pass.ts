import { randomBytes } from 'node:crypto';
import type { Iphone } from '../simulators/iphone/iphone.js';
import type { KlaviyoSimulator } from '../simulators/klaviyo/klaviyo.js';
import { openLink } from './browser.js';
import { fireFlowWebhook } from './flow-webhook.js';
import { stepPrinter, type JourneyContext } from './journey.js';
import { recordOf, untilEvent, writtenBack } from './klaviyo-lines.js';
import { untilTold } from './merchant-endpoint.js';
import { newPhone } from './phone.js';

interface Issued {
  serialNumber: string;
  operationId: string;
  urls: { landing: string };
}

/** The customer whom the flow has won. */
export interface NewMember {
  email: string;
  serialNumber: string;
  /** Undefined where pushes go to a real APNs. */
  phone: Iphone | undefined;
}

async function issue(context: JourneyContext, email: string): Promise<Issued> {
  const { tenant } = context;
  const { status, text } = await fireFlowWebhook(context, {
    path: '/v1/passes',
    headers: { 'x-api-key': tenant.apiKeys.passes, 'x-account-id': tenant.accountId },
    body: {
      passTemplate: 'basic',
      pass: { 'member-name': 'Ada Byron', 'member-email': email, tier: 'bronze', points: 10 },
      recipient: { email, name: 'Ada Byron' },
    },
    flowId: 'DemoWelcome',
  });
  if (status !== 201) throw new Error(`POST /v1/passes answered ${status ?? 'nothing'}: ${text}`);
  return JSON.parse(text) as Issued;
}

/** What the simulated Klaviyo holds after the write-back, and the links in it, opened as the customer would. */
async function openLinksOfProfile(
  { print, tenant }: JourneyContext,
  klaviyo: KlaviyoSimulator,
  { email, serialNumber }: { email: string; serialNumber: string },
  tick: (label: string, detail: string) => void,
): Promise<void> {
  const { link, token, lines } = await writtenBack(klaviyo, { email, serialNumber });
  lines.forEach((line) => print.line(print.dim(line)));
  await openLink(link);
  tick('opened', `the link of the profile: ${new URL(link).pathname}`);
  const { origin } = new URL(link);
  const page = await openLink(`${origin}/${tenant.tenantId}/mail?neo.authToken=${token}`);
  if (page !== `/p/${serialNumber}`) throw new Error(`the personal link leads to ${page}, not to the pass`);
  tick('opened', `her personal link /${tenant.tenantId}/mail, which knows her: to the pass`);
}

/**
 * A flow issues a pass to a new customer; the links land in the profile, the pass on her phone, the event in Klaviyo, and
 * the merchant hears of it. Undefined where the demo has no key for the Klaviyo of the settings: nothing would land there.
 */
export async function journeyIssuePass(context: JourneyContext): Promise<NewMember | undefined> {
  const { print, api, tenant, simulators } = context;
  const { klaviyo, merchant } = simulators;
  if (!tenant.writesBack) return undefined;
  print.heading('A Klaviyo flow issues a pass to Ada, who is new');
  const startedAt = performance.now();
  const tick = (label: string, detail: string): void => print.tick(label, detail, performance.now() - startedAt);
  const email = `ada.byron+${randomBytes(4).toString('hex')}@example.com`;
  const { serialNumber, operationId, urls } = await issue(context, email);
  tick('issued', `pass ${serialNumber}`);
  const operation = await api.follow(operationId, stepPrinter(print));
  if (operation.status !== 'succeeded') {
    throw new Error(`issuing ended as ${operation.status}, outcome ${operation.outcome}: ${operation.reason ?? ''}`);
  }
  if (klaviyo) {
    await openLinksOfProfile(context, klaviyo, { email, serialNumber }, tick);
  } else {
    await openLink(urls.landing);
    tick('opened', `the link of the answer: ${new URL(urls.landing).pathname}`);
  }

  let phone: Iphone | undefined;
  if (simulators.apns) {
    phone = newPhone(context, simulators.apns);
    const installed = await phone.install(await api.passFile(serialNumber));
    if (!installed.registered) throw new Error(`the phone could not register: ${phone.complaints.join('; ')}`);
    tick('installed', 'on her phone, which registered for updates');
    if (klaviyo) {
      await untilEvent(klaviyo, 'Pass Installed', serialNumber);
      const record = recordOf(klaviyo, serialNumber);
      tick('Pass Installed', `arrived in Klaviyo; WalletPass: apple_state ${String(record['apple_state'])}`);
    }
  }
  await untilTold(merchant, 'pass.created', { operationId });
  tick('merchant', 'pass.created, signature verified');
  if (phone) {
    await untilTold(merchant, 'pass.installed', { serialNumber });
    tick('merchant', 'pass.installed, signature verified');
  }
  return { email, serialNumber, phone };
}
