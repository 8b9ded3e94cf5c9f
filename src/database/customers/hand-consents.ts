import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** Channels that Klaviyo's subscription job takes from us. */
export const HANDED_CHANNELS = ['email', 'sms'] as const;
export type HandedChannel = (typeof HANDED_CHANNELS)[number];

export interface OpenConsent {
  consentId: string;
  channel: HandedChannel;
  textVersion: string;
  givenAt: Date;
}

/**
 * Consents of a customer to texts that the tenant hands to Klaviyo, not yet handed over, oldest first. Klaviyo's job
 * lifts an unsubscription, so a channel that the person left since is not among them.
 */
export async function listOpenConsents(
  db: Sql,
  customerId: string,
  texts: TenantSettings['consentTexts'],
): Promise<OpenConsent[]> {
  const handed = texts.filter(
    ({ channel, handToKlaviyo }) => handToKlaviyo && (HANDED_CHANNELS as readonly string[]).includes(channel),
  );
  if (handed.length === 0) return [];
  return db.query<OpenConsent>(
    sql`
      select k.consent_id as "consentId", k.channel, k.text_version as "textVersion", k.given_at as "givenAt"
      from consents k
        join customers c on c.tenant_id = k.tenant_id
        and c.customer_id = k.customer_id
        join jsonb_to_recordset(${JSON.stringify(handed.map(({ channel, version }) => ({ channel, version })))}::jsonb) as t (channel text, version text) on t.channel = k.channel
        and t.version = k.text_version
      where k.tenant_id = ${db.tenantId}
        and k.customer_id = ${customerId}
        and k.granted
        and k.handed_over_at is null
        and c.consent -> k.channel ->> 'state' is distinct from 'UNSUBSCRIBED'
      order by k.given_at`,
  );
}

/** Notes that Klaviyo took them. */
export async function markHandedOver(db: Sql, consentIds: readonly string[]): Promise<void> {
  await db.query(
    sql`update consents set handed_over_at = now()
      where tenant_id = ${db.tenantId} and consent_id = any(${consentIds}::uuid[]) and handed_over_at is null`,
  );
}
