import { createKlaviyoClient } from '../klaviyo/client.js';
import type { KlaviyoSimulator } from '../simulators/klaviyo/klaviyo.js';
import { stepPrinter, type JourneyContext } from './journey.js';
import type { NewMember } from './journey-issue-pass.js';
import { untilTold } from './merchant-endpoint.js';
import { describeUpdate, phoneLines } from './phone.js';
import { SIMULATED_KLAVIYO_KEY } from './simulators.js';

const FLOW = 'DemoProfileChange';
/** As docs and snippets give it to marketers. */
const TEMPLATE = JSON.stringify({
  email: '{{ person.email }}',
  phone_number: "{{ person.phone_number|default:'' }}",
});
const CHANGE = { loyalty_points: 160 };

/** Changes the profile in Klaviyo and lets a flow tell us, which says who and not what. Returns the correlation ID. */
async function changeProfile({ api, tenant }: JourneyContext, klaviyo: KlaviyoSimulator, email: string) {
  const client = createKlaviyoClient({ apiUrl: klaviyo.url, apiKey: SIMULATED_KLAVIYO_KEY });
  const attributes = { email, properties: CHANGE };
  const { profile } = await client.importProfile({ data: { type: 'profile', attributes } });
  klaviyo.addFlow({
    id: FLOW,
    trigger: { manual: true },
    webhook: {
      url: `${api.baseUrl}/api/${tenant.tenantId}/webhooks/listeners/klaviyo/profiles/sync`,
      headers: { authorization: `Bearer ${tenant.apiKeys.klaviyo}` },
    },
    template: TEMPLATE,
  });
  klaviyo.runFlow(FLOW, profile.id);
  await klaviyo.settled();
  const answer = klaviyo.deliveries.findLast(({ flowId }) => flowId === FLOW)?.attempts.at(-1);
  const correlationId = answer?.headers['x-correlation-id'];
  if (answer?.status !== 202 || !correlationId) {
    throw new Error(`profiles/sync answered ${answer?.status ?? 'nothing'}: ${answer?.response ?? ''}`);
  }
  return correlationId;
}

/** A profile changes in Klaviyo; customer, pass, phone and the merchant's systems follow. */
export async function journeyProfileSync(context: JourneyContext, member: NewMember): Promise<void> {
  const { print, api, simulators } = context;
  const { klaviyo, merchant } = simulators;
  if (!klaviyo) return;
  const { email, serialNumber, phone } = member;
  print.heading("Ada's profile changes in Klaviyo: 160 beans");
  const told = phoneLines(print, phone);
  try {
    const startedAt = performance.now();
    const correlationId = await changeProfile(context, klaviyo, email);
    print.tick('accepted', `correlation ID ${correlationId}`, performance.now() - startedAt);
    const printStep = stepPrinter(print);
    const operation = await api.follow(correlationId, (step, view) => {
      printStep(step, view);
      if (step.step === 'notify-devices' && step.state === 'succeeded') told.show(view);
    });
    if (operation.status !== 'succeeded' || operation.outcome !== 'synced') {
      throw new Error(`the sync ended as ${operation.status}, outcome ${operation.outcome}: ${operation.reason ?? ''}`);
    }
    for (const type of ['customer.updated', 'pass.updated'] as const) {
      const about = { operationId: correlationId, ...(type === 'pass.updated' && { serialNumber }) };
      await untilTold(merchant, type, about);
      print.tick('merchant', `${type}, signature verified`, performance.now() - startedAt);
    }
    if (!phone) return;
    const update = await told.update();
    print.heading('On her phone');
    describeUpdate(update).forEach((text) => print.line(text));
    const wrong = phone.complaints.at(0);
    if (wrong !== undefined) throw new Error(`the phone complains: ${wrong}`);
  } finally {
    told.stop();
  }
}
