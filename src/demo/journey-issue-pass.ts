import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { KlaviyoSimulator } from '../simulators/klaviyo.js';
import type { Iphone } from '../simulators/iphone.js';
import { stepPrinter, type JourneyContext } from './journey.js';

const EVENT_MS = 20_000;
const OPEN_MS = 10_000;

interface Issued {
  serialNumber: string;
  operationId: string;
}

async function issue(context: JourneyContext, klaviyo: KlaviyoSimulator, email: string): Promise<Issued> {
  const { api, tenant } = context;
  const { attempts } = await klaviyo.fireWebhook({
    url: `${api.baseUrl}/v1/passes`,
    headers: { 'x-api-key': tenant.apiKeys.passes, 'x-account-id': tenant.accountId },
    body: {
      passTemplate: 'basic',
      pass: { 'member-name': 'Ada Byron', 'member-email': email, tier: 'bronze', points: 10 },
      recipient: { email, name: 'Ada Byron' },
    },
    flowId: 'DemoWelcome',
  });
  const { status, response } = attempts.at(-1)!;
  if (status !== 201) throw new Error(`POST /v1/passes answered ${status ?? 'nothing'}: ${response}`);
  return JSON.parse(response) as Issued;
}

/** Waits until the simulated Klaviyo has an event of this pass. */
async function untilEvent(klaviyo: KlaviyoSimulator, metric: string, serialNumber: string): Promise<void> {
  const deadline = Date.now() + EVENT_MS;
  const arrived = (): boolean =>
    klaviyo.events().some((event) => event.metric === metric && event.properties['serial_number'] === serialNumber);
  while (!arrived()) {
    if (Date.now() > deadline) throw new Error(`the event "${metric}" did not reach Klaviyo in ${EVENT_MS / 1000} s`);
    await pause(25);
  }
}

/** A flow issues a pass to a new customer; the link lands in the profile, the pass on the phone, the event in Klaviyo. */
export async function journeyIssuePass(context: JourneyContext, phone: Iphone | undefined): Promise<void> {
  const { print, api, simulators } = context;
  const { klaviyo } = simulators;
  // A real account is not filled with people who do not exist.
  if (!klaviyo) return;
  print.heading('A Klaviyo flow issues a pass to Ada, who is new');
  const startedAt = performance.now();
  const elapsed = (): number => performance.now() - startedAt;
  const email = `ada.byron+${randomBytes(4).toString('hex')}@example.com`;
  const { serialNumber, operationId } = await issue(context, klaviyo, email);
  print.tick('issued', `pass ${serialNumber}`, elapsed());
  const operation = await api.follow(operationId, stepPrinter(print));
  if (operation.status !== 'succeeded') {
    throw new Error(`issuing ended as ${operation.status}, outcome ${operation.outcome}: ${operation.reason ?? ''}`);
  }
  const profile = klaviyo.profiles().find(({ attributes }) => attributes['email'] === email);
  const link = profile?.attributes.properties['wallet_pass_url'];
  if (typeof link !== 'string') throw new Error('the profile in Klaviyo has no link to the pass');
  const page = await fetch(link, { signal: AbortSignal.timeout(OPEN_MS) });
  await page.text();
  if (page.status !== 200) throw new Error(`the link in the profile answers ${page.status}`);
  print.tick('opened', `the link of the profile: ${link}`, elapsed());
  if (!phone) return;
  const installed = await phone.install(await api.passFile(serialNumber));
  if (!installed.registered) throw new Error(`the phone could not register: ${phone.complaints.join('; ')}`);
  print.tick('installed', 'on the phone, which registered for updates', elapsed());
  await untilEvent(klaviyo, 'Pass Installed', serialNumber);
  print.tick('Pass Installed', 'the event has arrived in Klaviyo', elapsed());
}
