import type { PassRow } from '../passes/passes.js';
import type { TenantSql } from '../connect.js';
import { insertOrFindOperation } from '../operations/operations.js';
import { takeReceived } from './messages.js';

/** A device has fetched the pass as it is: each message that it sees for the first time makes a device event, with it or not at all. */
export async function recordReceived(db: TenantSql, pass: PassRow): Promise<void> {
  if (pass.messages.length === 0) return;
  await db.transaction(async (inside) => {
    for (const { message_id: messageId, received_at: at } of await takeReceived(inside, pass.pass_id, pass.revision)) {
      await insertOrFindOperation(inside, {
        kind: 'device-event',
        origin: 'device',
        input: {
          passId: pass.pass_id,
          platform: 'apple',
          event: 'message-received',
          firstInstall: false,
          at: at.toISOString(),
          messageId,
        },
        test: pass.test,
        passId: pass.pass_id,
        customerId: pass.customer_id,
      });
    }
  });
}
