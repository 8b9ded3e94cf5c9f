import { listOpenConsents, markHandedOver } from '../database/hand-consents.js';
import type { ActivityDeps } from './deps.js';
import { writeBackStep, type WriteBackInput, type WroteBack } from './write-back-step.js';

const E164 = /^\+[1-9]\d{7,14}$/;

/** Hands what the person agreed to on enrolment to Klaviyo, once; only texts of which the tenant says so. */
export function handConsentsActivity(deps: ActivityDeps) {
  return async function handConsents(input: WriteBackInput): Promise<WroteBack> {
    return writeBackStep(deps, input, 'hand-consents', async (session) => {
      const { tenantId } = input;
      const [settings, subject] = await Promise.all([deps.tenantSettings(tenantId), session.subject()]);
      if (!subject) return { skipped: 'The pass has gone, or nothing names its holder in Klaviyo.' };
      const { email, phone, customer_id: customerId } = subject.row;
      const reachable = { email, sms: phone !== null && E164.test(phone) ? phone : null };
      const open = await listOpenConsents(session.sql, tenantId, customerId, settings.consentTexts);
      const consents = open.filter(({ channel }) => reachable[channel] !== null);
      if (consents.length === 0) return { skipped: 'There is no consent to hand over, or no address that it is for.' };
      const channels = [...new Set(consents.map(({ channel }) => channel))];
      const versions = consents.map(({ channel, textVersion }) => `${channel} ${textVersion}`);
      const { partialFailure } = await session.call('subscriptions', (client) =>
        client.subscribe({
          email: channels.includes('email') ? reachable.email : null,
          phone: channels.includes('sms') ? reachable.sms : null,
          source: `Wallet enrolment page (${[...new Set(versions)].join(', ')})`,
        }),
      );
      await markHandedOver(
        session.sql,
        tenantId,
        consents.map(({ consentId }) => consentId),
      );
      return { detail: { channels, ...(partialFailure.length > 0 && { dropped: partialFailure }) } };
    });
  };
}
