import { rememberFor } from '../common/remember.js';
import { noteRecordsWritten } from '../database/klaviyo/record-checks.js';
import { walletPassRecord } from '../klaviyo/wallet-pass-record.js';
import type { ActivityDeps } from './deps.js';
import { writeBackStep, type VisitMemory, type WriteBackInput, type WroteBack } from './write-back-step.js';
import { versionOf } from './write-back-subject.js';

const ROUNDS = 3;
/** A crowd of records is noted once: the logs are read a minute later in any case. */
const NOTE_EVERY_MS = 15_000;

/** The complete WalletPass record; Klaviyo answers before it processes it, and the same record again is the same. */
export function writeBackObjectActivity(deps: ActivityDeps) {
  const noteWritten = rememberFor({ ttlMs: NOTE_EVERY_MS, now: deps.now }, (tenantId) =>
    noteRecordsWritten(deps.database.tenant(tenantId)),
  );
  return async function writeBackObject(input: WriteBackInput, memory: VisitMemory = {}): Promise<WroteBack> {
    return writeBackStep(
      deps,
      input,
      'write-back-object',
      async (session) => {
        const { dataSourceId } = session.settings;
        if (dataSourceId === null) {
          return { skipped: 'No custom object is set up: run "passrelay klaviyo setup" where the account allows it.' };
        }
        let written = session.operation.detail['version'] ?? null;
        for (let round = 0; round < ROUNDS; round++) {
          const subject = round === 0 ? await session.lastSubject() : await session.subject();
          if (!subject) return { skipped: 'The pass has gone, or nothing names its holder in Klaviyo.' };
          if (subject.row.test) return { skipped: 'A test pass has no record: segments must not count it.' };
          const version = versionOf(subject.row);
          if (written === version) break;
          const record = walletPassRecord(subject.pass, subject.recipient);
          await session.call('records', (client) => client.createRecord(dataSourceId, record));
          await noteWritten(input.tenantId);
          written = version;
          // In the first round the record of the step follows at once; the same record again is the same.
          if (round > 0) await session.note({ version });
        }
        return { detail: { version: null } };
      },
      memory,
    );
  };
}
