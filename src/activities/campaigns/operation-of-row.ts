import { PermanentError } from '../../common/errors.js';
import { fillMessage, UnfitRow } from '../../passes/campaign-message.js';
import { fieldsOfRow, type CampaignDefinition } from '../../passes/campaign.js';
import type { LifecycleInput, PushUpdateInput, SendMessageInput } from '../../passes/operation-input.js';
import type { NextRow, RowOperation, SkippedRow } from '../../database/campaigns/rows.js';

/** The ordinary operation that carries out an action for one row. Throws `UnfitRow` where its values cannot be sent. */
function operationOfRow({ action, messageInput, offerTerms }: CampaignDefinition, row: NextRow): RowOperation {
  if (action.type === 'void') {
    const input: LifecycleInput = { passId: row.pass_id };
    return { row, kind: 'void-pass', input };
  }
  const identifiers = [{ kind: 'serialNumber', value: row.serial_number! }];
  if (action.type === 'message') {
    if (!messageInput) throw new PermanentError('invalid-data', 'The campaign holds no message.');
    const values = { given: row.given ?? {}, properties: row.properties ?? {} };
    const content = fillMessage(messageInput.content, values);
    const input: SendMessageInput = { ...messageInput, content, passId: row.pass_id, identifiers };
    return { row, kind: 'send-message', input };
  }
  if (action.type === 'offer') {
    if (!offerTerms) throw new PermanentError('invalid-data', 'The campaign holds no offer.');
    return { row, kind: 'start-offer', input: { passId: row.pass_id, identifiers, terms: offerTerms } };
  }
  const given = row.given ?? {};
  const input: PushUpdateInput & LifecycleInput = {
    passId: row.pass_id,
    identifiers,
    passType: action.type === 'convert' ? action.passType : null,
    data: fieldsOfRow(action.fields, { given, properties: row.properties ?? {} }),
    updateMetadata: false,
  };
  return { row, kind: 'push-update', input };
}

/** The operations of some rows, and those that get none: their pass was erased, or their values cannot be sent. */
export function operationsOf(
  definition: CampaignDefinition,
  rows: readonly NextRow[],
): { operations: RowOperation[]; skipped: SkippedRow[] } {
  const operations: RowOperation[] = [];
  const skipped: SkippedRow[] = [];
  for (const row of rows) {
    if (row.serial_number === null) {
      skipped.push({ rowNumber: row.row_number, outcome: 'pass-not-found', reason: null });
      continue;
    }
    try {
      operations.push(operationOfRow(definition, row));
    } catch (error) {
      if (!(error instanceof UnfitRow)) throw error;
      skipped.push({ rowNumber: row.row_number, outcome: 'invalid-data', reason: error.message });
    }
  }
  return { operations, skipped };
}
