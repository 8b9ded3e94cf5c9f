import type { OperationInputs } from '../passes/operation-input.js';
import type * as workflows from '../workflows/index.js';

export interface KindOfOperation {
  /** As the Temporal UI names it. */
  workflow: keyof typeof workflows;
  /** Routes as docs/api.md lists them, commands as docs/settings.md does, other kinds that accept it in their course. */
  acceptedBy: readonly string[];
}

const changeState = (route: string): KindOfOperation => ({ workflow: 'changeState', acceptedBy: [route] });

/**
 * Each kind of operation with its workflow and what accepts it; its input is in `OperationInputs`. A kind without an
 * entry does not compile, and a test compares the routes and commands with those that exist.
 */
export const KINDS_OF_OPERATION: Readonly<Record<keyof OperationInputs, KindOfOperation>> = {
  'push-update': {
    workflow: 'pushUpdate',
    acceptedBy: [
      'POST /api/{tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate',
      'PATCH /v1/passes/{serialNumber}',
      'POST /v1/passes/{serialNumber}',
      'run-campaign',
    ],
  },
  'issue-pass': {
    workflow: 'issuePass',
    acceptedBy: ['POST /v1/passes', 'POST /{tenantId}/mail/enrol'],
  },
  'device-event': {
    workflow: 'deviceEvent',
    acceptedBy: [
      'POST /apple/v1/devices/{device}/registrations/{type}/{serial}',
      'DELETE /apple/v1/devices/{device}/registrations/{type}/{serial}',
      'POST /google/callbacks/{tenantId}',
      'GET /apple/v1/passes/{type}/{serial}',
    ],
  },
  backfill: { workflow: 'backfill', acceptedBy: ['klaviyo backfill'] },
  'void-pass': {
    workflow: 'changeState',
    acceptedBy: ['POST /v1/passes/{serialNumber}/void', 'POST /ops/{tenantId}/passes/{passId}/void', 'run-campaign'],
  },
  'expire-pass': changeState('POST /v1/passes/{serialNumber}/expire'),
  'restore-pass': changeState('POST /v1/passes/{serialNumber}/restore'),
  'delete-pass': changeState('DELETE /v1/passes/{serialNumber}'),
  'notify-pass': { workflow: 'notifyPass', acceptedBy: ['POST /v1/passes/{serialNumber}/notify'] },
  'migrate-passes': { workflow: 'migratePasses', acceptedBy: ['tenant migrate'] },
  'erase-customer': { workflow: 'eraseCustomer', acceptedBy: ['customer erase'] },
  'merge-customers': {
    workflow: 'mergeCustomers',
    acceptedBy: ['POST /api/{tenantId}/customers/{customerId}/merge', 'customer merge'],
  },
  'profile-sync': {
    workflow: 'profileSync',
    acceptedBy: [
      'POST /api/{tenantId}/webhooks/listeners/klaviyo/profiles/sync',
      'POST /api/{tenantId}/webhooks/listeners/klaviyo/system',
    ],
  },
  'retry-operations': {
    workflow: 'retryOperations',
    acceptedBy: ['POST /api/{tenantId}/operations/retry', 'POST /ops/{tenantId}/retry'],
  },
  'run-campaign': {
    workflow: 'runCampaign',
    acceptedBy: ['POST /api/{tenantId}/campaigns', 'POST /ops/{tenantId}/campaigns'],
  },
  'send-message': {
    workflow: 'sendMessage',
    acceptedBy: [
      'POST /api/{tenantId}/webhooks/listeners/klaviyo/passes/notify',
      'POST /v1/passes/{serialNumber}/messages',
      'run-campaign',
    ],
  },
  'end-message': {
    workflow: 'endMessage',
    acceptedBy: [
      'DELETE /v1/passes/{serialNumber}/messages/{messageId}',
      'POST /ops/{tenantId}/messages/{messageId}/end',
      'send-message',
    ],
  },
  'start-offer': {
    workflow: 'startOffer',
    acceptedBy: [
      'POST /v1/passes/{serialNumber}/offers',
      'POST /api/{tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate',
      'run-campaign',
    ],
  },
  'end-offer': {
    workflow: 'endOffer',
    acceptedBy: [
      'DELETE /v1/passes/{serialNumber}/offers/{offerId}',
      'POST /ops/{tenantId}/offers/{offerId}/end',
      'start-offer',
    ],
  },
};
