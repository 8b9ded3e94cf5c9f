import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { PASS } from './search-attributes.js';

/** Lets operators find the run by its pass; costs nothing where the dispatcher had already named it. */
export function namePass(passId: string): void {
  if (workflowInfo().typedSearchAttributes.get(PASS) === passId) return;
  upsertSearchAttributes([{ key: PASS, value: passId }]);
}
