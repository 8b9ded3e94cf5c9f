import { applyDataActivity } from './apply-data.js';
import { convertTypeActivity } from './convert-type.js';
import type { ActivityDeps } from './deps.js';
import { endOperationActivity } from './end-operation.js';
import { fetchProfileActivity } from './fetch-profile.js';
import { findCustomerActivity } from './find-customer.js';
import { findPassActivity } from './find-pass.js';
import { notifyDevicesActivity } from './notify-devices.js';
import { recomputeMetadataActivity } from './recompute-metadata.js';
import { syncMerchantActivity } from './sync-merchant.js';
import { updateCustomerActivity } from './update-customer.js';
import { updatePassesActivity } from './update-passes.js';
import { updateGoogleObjectActivity } from './update-google-object.js';

/** All steps by the names that the Temporal UI shows. */
export function createActivities(deps: ActivityDeps) {
  return {
    'find-pass': findPassActivity(deps),
    'convert-type': convertTypeActivity(deps),
    'apply-data': applyDataActivity(deps),
    'recompute-metadata': recomputeMetadataActivity(deps),
    'notify-devices': notifyDevicesActivity(deps),
    'update-google-object': updateGoogleObjectActivity(deps),
    'find-customer': findCustomerActivity(deps),
    'fetch-profile': fetchProfileActivity(deps),
    'update-customer': updateCustomerActivity(deps),
    'update-passes': updatePassesActivity(deps),
    'sync-merchant': syncMerchantActivity(deps),
    'record-outcome': endOperationActivity(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
