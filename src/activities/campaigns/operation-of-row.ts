import { PermanentError } from '../../common/errors.js';
import { fieldsOfRow, type CampaignDefinition } from '../../passes/campaign.js';
import type { LifecycleInput, PushUpdateInput, SendMessageInput } from '../../passes/operation-input.js';
import type { NextRow, RowOperation } from '../../database/campaigns/slices.js';

/** The ordinary operation that carries out an action for one row. */
export function operationOfRow({ action, messageInput, offerTerms }: CampaignDefinition, row: NextRow): RowOperation {
  if (action.type === 'void') {
    const input: LifecycleInput = { passId: row.pass_id };
    return { row, kind: 'void-pass', input };
  }
  const identifiers = [{ kind: 'serialNumber', value: row.serial_number! }];
  if (action.type === 'message') {
    if (!messageInput) throw new PermanentError('invalid-data', 'The campaign holds no message.');
    const input: SendMessageInput = { ...messageInput, passId: row.pass_id, identifiers };
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
