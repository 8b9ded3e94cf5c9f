import type { TroubledEndpointRow } from '../../database/merchants/webhook-endpoints.js';
import { cureOfDelivery } from '../../merchants/delivery-errors.js';
import type { OperatorDelivery } from '../../database/operations/operator.js';
import type { EndpointLine } from '../../pages/operator-endpoints.js';
import type { OperationPageView } from '../../pages/operation-page.js';
import { toneOf } from './present-operator.js';

/** Deliveries of one request to the merchant's endpoints. */
export const presentDeliveries = (
  deliveries: readonly OperatorDelivery[],
  mayWrite: boolean,
): OperationPageView['deliveries'] =>
  deliveries.map((row) => ({
    deliveryId: row.delivery_id,
    type: row.type,
    url: row.url,
    status: row.status,
    tone: toneOf(row.status),
    attempts: row.attempts,
    lastAnswer: row.last_error ?? (row.last_status === null ? '–' : String(row.last_status)),
    endpointOff: row.endpoint_state === 'disabled',
    // What is sent to an endpoint that is switched off is cancelled at once.
    canRedeliver:
      mayWrite &&
      row.endpoint_state === 'enabled' &&
      ['delivered', 'exhausted', 'cancelled', 'retrying'].includes(row.status),
  }));

function lastAnswer({ last }: TroubledEndpointRow): string {
  if (last?.error != null) return `${last.error}: ${cureOfDelivery(last.error)} `;
  return last?.status != null ? `The merchant answered ${last.status}. ` : 'No delivery was taken since then. ';
}

/** An endpoint that is switched off or does not take deliveries. The host alone: paths and queries of webhooks hold secrets. */
export function presentTroubledEndpoint(row: TroubledEndpointRow, mayEnable: boolean): EndpointLine {
  const off = row.state === 'disabled';
  const since = off ? (row.disabled_at ?? row.updated_at) : (row.failing_since ?? row.updated_at);
  return {
    endpointId: row.endpoint_id,
    host: new URL(row.url).host,
    state: off ? 'switched off' : 'failing',
    tone: off ? 'bad' : 'note',
    since,
    why: off ? (row.disabled_reason ?? '–') : `${lastAnswer(row)}After five days without success it is switched off.`,
    canEnable: off && mayEnable,
  };
}
