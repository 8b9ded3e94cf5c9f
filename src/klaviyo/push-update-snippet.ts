import type { PassTypeDesign } from '../passes/pass-type.js';
import { webhookSnippet, type WebhookSnippet } from './webhook-snippet.js';

/**
 * The webhook action of a flow that changes a pass. It sends no fallback: a profile without the property says nothing of
 * the field, and the pass keeps what it has.
 */
export function pushUpdateSnippet(
  design: Pick<PassTypeDesign, 'id' | 'fields'>,
  place: { publicUrl: string; accountId: string; tenantId: string },
): WebhookSnippet {
  const issue = webhookSnippet({ ...design, fields: design.fields.map(({ default: _, ...field }) => field) }, place);
  const { pass } = JSON.parse(issue.body) as { pass: Record<string, string> };
  const body = {
    identifiers: {
      email: "{{ person.email|default:'' }}",
      phone: "{{ person.phone_number|default:'' }}",
    },
    additionalData: pass,
  };
  return {
    url: `${place.publicUrl}/api/${place.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`,
    headers: { ...issue.headers, 'X-API-KEY': '<an API key with the scope KlaviyoListener.Write>' },
    body: JSON.stringify(body, null, 2),
    notes: ['Keep only the fields that this flow changes; delete the other lines.'],
  };
}
