import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from './database/connect.js';
import { findSchemaState } from './database/schema-state.js';
import type { SecretBox } from './database/secret-box.js';
import { describeUnreadable, listUnreadableSecrets } from './database/unreadable-secrets.js';

const LOOK_AGAIN_MS = 2_000;

/** Whether the schema fits; null where the database does not answer, which may pass by itself. Says in the log what is wrong. */
async function schemaFits(database: Database, log: Logger): Promise<boolean | null> {
  try {
    const { state, cure } = await findSchemaState(database.system);
    if (cure !== null) log.error({ schema: state }, cure);
    return cure === null;
  } catch (err) {
    log.warn({ err }, 'PostgreSQL does not answer; whether schema and secrets fit is not known');
    return null;
  }
}

/** Throws where secrets exist that SECRETS_KEY cannot open: customers would be the first to notice otherwise. */
async function refuseWrongKey(database: Database, box: SecretBox): Promise<void> {
  const broken = describeUnreadable(await listUnreadableSecrets(database.system, box));
  if (broken !== null) throw new Error(`${broken}.`);
}

/** Before the API listens: a wrong SECRETS_KEY ends the start; a schema that is behind is logged, and `/readyz` says it until it fits. */
export async function checkBeforeListening(database: Database, box: SecretBox, log: Logger): Promise<void> {
  if (await schemaFits(database, log)) await refuseWrongKey(database, box);
}

/** Before a worker takes anything: it waits for the schema, because steps would fail on it; a wrong SECRETS_KEY ends the start. */
export async function checkBeforeWorking(
  database: Database,
  box: SecretBox,
  log: Logger,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    const fits = await schemaFits(database, log);
    if (fits) return refuseWrongKey(database, box);
    // Without an answer the dispatcher itself waits for the database.
    if (fits === null) return;
    await pause(LOOK_AGAIN_MS, undefined, { ...(signal && { signal }) });
  }
}
