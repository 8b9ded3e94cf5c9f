/** The surface of the workflow bundle: every name here is a workflow type in Temporal. */
export { deliverWebhook } from './deliver-webhook.js';
export { deliverWebhooks } from './deliver-webhooks.js';
export { eraseCustomer } from './erase-customer.js';
export { profileSync } from './profile-sync.js';
export { changeState } from './change-state.js';
export { mergeCustomers } from './merge-customers.js';
export { migratePasses } from './migrate-passes.js';
export { endMessage, sendMessage } from './send-message.js';
export { endOffer, startOffer } from './offer.js';
export { notifyPass } from './notify-pass.js';
export { retryOperations } from './retry-operations.js';
export { pushUpdate } from './push-update.js';
export { pushUpdateBurst } from './push-update-burst.js';
export { writeBackBurst } from './write-back-burst.js';
export { deviceEvent } from './device-event.js';
export { issuePass } from './issue-pass.js';
export { backfill } from './backfill.js';
export { runCampaign } from './run-campaign.js';
