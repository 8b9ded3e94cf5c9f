import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

/** What the product's workflows take. */
export interface Ids {
  tenantId: string;
  operationId: string;
}
type NoOp = (ids: Ids) => Promise<void>;

const local = proxyLocalActivities<{ noop: NoOp }>({ startToCloseTimeout: '12s' });
const regular = proxyActivities<{ noop: NoOp; last: NoOp }>({ startToCloseTimeout: '10s' });

export async function oneLocalOneRegular(ids: Ids): Promise<void> {
  await local.noop(ids);
  await regular.last(ids);
}

export async function fiveRegular(ids: Ids): Promise<void> {
  for (let step = 1; step <= 4; step += 1) await regular.noop(ids);
  await regular.last(ids);
}
