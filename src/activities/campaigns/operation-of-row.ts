import { fieldsOfRow, type CampaignAction } from '../../passes/campaign.js';
import type { LifecycleInput, PushUpdateInput } from '../../passes/operation-input.js';
import type { NextRow, RowOperation } from '../../database/campaigns/slices.js';

/** The ordinary operation that carries out an action for one row. */
export function operationOfRow(action: CampaignAction, row: NextRow): RowOperation {
  if (action.type === 'void') {
    const input: LifecycleInput = { passId: row.pass_id };
    return { row, kind: 'void-pass', input };
  }
  const given = row.given ?? {};
  const input: PushUpdateInput & LifecycleInput = {
    passId: row.pass_id,
    identifiers: [{ kind: 'serialNumber', value: row.serial_number! }],
    passType: action.type === 'convert' ? action.passType : null,
    data: fieldsOfRow(action.fields, { given, properties: row.properties ?? {} }),
    updateMetadata: false,
  };
  return { row, kind: 'push-update', input };
}
