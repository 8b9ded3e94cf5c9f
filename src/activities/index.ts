import { applyDataActivity } from './apply-data.js';
import { backfillActivity } from './backfill.js';
import { claimMessagesActivity } from './bursts/claim-messages.js';
import {
  applyDataToManyActivity,
  changeStatesActivity,
  convertTypesActivity,
  recomputeManyActivity,
} from './bursts/changes.js';
import { endBurstActivity } from './bursts/end-burst.js';
import { findPassesActivity } from './bursts/find-passes.js';
import { endOffersActivity, startOffersActivity } from './bursts/offers.js';
import { endMessagesActivity, showMessagesActivity } from './bursts/messages.js';
import { beginGatheredActivity, gatherToldActivity } from './bursts/gathering.js';
import { notifyManyDevicesActivity } from './bursts/notify-devices.js';
import { endToldActivity, updateManyGoogleObjectsActivity, writeBackManyActivity } from './bursts/told-elsewhere.js';
import { writeManyProfilesActivity } from './bursts/write-back-profiles.js';
import { writeManyEventsActivity, writeManyObjectsActivity } from './bursts/write-back-objects-and-events.js';
import { changeStateActivity } from './change-state.js';
import { convertTypeActivity } from './convert-type.js';
import { createPassActivity } from './create-pass.js';
import { deliverAttemptActivity } from './deliver-attempt.js';
import { deliverFirstAttemptsActivity } from './deliver-first-attempts.js';
import type { ActivityDeps } from './deps.js';
import { recordOutcomeActivity } from './record-outcome.js';
import {
  clearProfileActivity,
  eraseCustomerActivity,
  redactOperationsActivity,
  voidPassesActivity,
} from './erase-customer.js';
import { fetchProfileActivity } from './fetch-profile.js';
import { findCustomerActivity } from './find-customer.js';
import { findPassActivity } from './find-pass.js';
import { createFoundPasses } from './loaded-pass-cache.js';
import { handConsentsActivity } from './hand-consents.js';
import { mergeCustomersActivity } from './merge-customers.js';
import { migratePassesActivity } from './migrate-passes.js';
import { notifyDevicesActivity } from './notify-devices.js';
import { recomputeMetadataActivity } from './recompute-metadata.js';
import { readIngestionLogsActivity } from './read-ingestion-logs.js';
import { recordDeviceEventActivity } from './record-device-event.js';
import { retryOperationsActivity } from './retry-operations.js';
import { runCampaignActivity } from './run-campaign.js';
import { endOfferActivity, startOfferActivity } from './offer.js';
import { claimMessageActivity, endMessageActivity, showMessageActivity } from './send-message.js';
import { syncMerchantActivity } from './sync-merchant.js';
import { tellEverybodyActivity } from './tell-everybody.js';
import { updateCustomerActivity } from './update-customer.js';
import { updatePassesActivity } from './update-passes.js';
import { updateGoogleObjectActivity } from './update-google-object.js';
import { writeBackEventActivity } from './write-back-event.js';
import { writeBackObjectActivity } from './write-back-object.js';
import { writeBackProfileActivity } from './write-back-profile.js';
import { writeBackVisitActivity } from './write-back-visit.js';

/** All steps by the names that the Temporal UI shows. */
export function createActivities(deps: ActivityDeps) {
  const foundPasses = createFoundPasses();
  const attemptDelivery = deliverAttemptActivity(deps);
  const notifyDevices = notifyDevicesActivity(deps);
  const updateGoogleObject = updateGoogleObjectActivity(deps);
  const visitKlaviyo = writeBackVisitActivity(deps);
  return {
    'find-pass': findPassActivity(deps, foundPasses),
    'convert-type': convertTypeActivity(deps, foundPasses),
    'apply-data': applyDataActivity(deps, foundPasses),
    'recompute-metadata': recomputeMetadataActivity(deps),
    'claim-message': claimMessageActivity(deps),
    'show-message': showMessageActivity(deps),
    'end-message': endMessageActivity(deps),
    'start-offer': startOfferActivity(deps),
    'end-offer': endOfferActivity(deps),
    'notify-devices': notifyDevices,
    'update-google-object': updateGoogleObject,
    'tell-everybody': tellEverybodyActivity(deps, {
      notifyDevices,
      wallets: { google: updateGoogleObject },
      visitKlaviyo,
    }),
    'burst-find-pass': findPassesActivity(deps),
    'burst-convert-type': convertTypesActivity(deps),
    'burst-apply-data': applyDataToManyActivity(deps),
    'burst-recompute-metadata': recomputeManyActivity(deps),
    'burst-change-state': changeStatesActivity(deps),
    'burst-claim-message': claimMessagesActivity(deps),
    'burst-show-message': showMessagesActivity(deps),
    'burst-end-message': endMessagesActivity(deps),
    'burst-start-offer': startOffersActivity(deps),
    'burst-end-offer': endOffersActivity(deps),
    'burst-notify-devices': notifyManyDevicesActivity(deps),
    'burst-update-google-object': updateManyGoogleObjectsActivity(deps),
    'burst-write-back': writeBackManyActivity(deps),
    'burst-end-told': endToldActivity(deps),
    'burst-gather': gatherToldActivity(deps),
    'burst-begin-gathered': beginGatheredActivity(deps),
    'burst-write-back-profile': writeManyProfilesActivity(deps),
    'burst-write-back-object': writeManyObjectsActivity(deps),
    'burst-write-back-event': writeManyEventsActivity(deps),
    'end-burst': endBurstActivity(deps),
    'write-back': visitKlaviyo,
    'find-customer': findCustomerActivity(deps),
    'fetch-profile': fetchProfileActivity(deps),
    'update-customer': updateCustomerActivity(deps),
    'update-passes': updatePassesActivity(deps),
    'sync-merchant': syncMerchantActivity(deps),
    'change-state': changeStateActivity(deps),
    'migrate-passes': migratePassesActivity(deps),
    'create-pass': createPassActivity(deps),
    'record-device-event': recordDeviceEventActivity(deps),
    backfill: backfillActivity(deps),
    'write-back-profile': writeBackProfileActivity(deps),
    'write-back-object': writeBackObjectActivity(deps),
    'write-back-event': writeBackEventActivity(deps),
    'read-ingestion-logs': readIngestionLogsActivity(deps),
    'hand-consents': handConsentsActivity(deps),
    'deliver-attempt': attemptDelivery,
    'deliver-first-attempts': deliverFirstAttemptsActivity(attemptDelivery),
    'void-passes': voidPassesActivity(deps),
    'clear-profile': clearProfileActivity(deps),
    'redact-operations': redactOperationsActivity(deps),
    'erase-customer': eraseCustomerActivity(deps),
    'merge-customers': mergeCustomersActivity(deps),
    'retry-operations': retryOperationsActivity(deps),
    'run-campaign': runCampaignActivity(deps),
    'record-outcome': recordOutcomeActivity(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
