import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { Sql } from '../connect.js';

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
  sql: Sql,
  tenantId: string,
  customerId: string,
  texts: TenantSettings['consentTexts'],
): Promise<OpenConsent[]> {
  const handed = texts.filter(
    ({ channel, handToKlaviyo }) => handToKlaviyo && (HANDED_CHANNELS as readonly string[]).includes(channel),
  );
  if (handed.length === 0) return [];
  return sql.query<OpenConsent>(
    `select k.consent_id as "consentId", k.channel, k.text_version as "textVersion", k.given_at as "givenAt"
       from consents k join customers c on c.tenant_id = k.tenant_id and c.customer_id = k.customer_id
       join jsonb_to_recordset($3::jsonb) as t(channel text, version text)
         on t.channel = k.channel and t.version = k.text_version
      where k.tenant_id = $1 and k.customer_id = $2 and k.granted and k.handed_over_at is null
        and c.consent -> k.channel ->> 'state' is distinct from 'UNSUBSCRIBED'
      order by k.given_at`,
    [tenantId, customerId, JSON.stringify(handed.map(({ channel, version }) => ({ channel, version })))],
  );
}

/** Notes that Klaviyo took them. */
export async function markHandedOver(sql: Sql, tenantId: string, consentIds: readonly string[]): Promise<void> {
  await sql.query(
    `update consents set handed_over_at = now()
      where tenant_id = $1 and consent_id = any($2::uuid[]) and handed_over_at is null`,
    [tenantId, consentIds],
  );
}
