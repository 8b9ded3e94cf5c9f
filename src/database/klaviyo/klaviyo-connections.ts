import type { Sql } from '../connect.js';
import { secretContext, type SecretBox } from '../secret-box.js';
import { SECRET_NAMES, SECRET_VERSION } from '../secrets.js';
import { sql } from '../sql.js';

/** How long a refused key rests before one operation tries it again: a 403 may come from an outage in front of Klaviyo. */
const PROBE_MS = 15 * 60_000;
/** Longer than the longest pause of an operation that waits for a key. */
const NOBODY_PROBES_MS = 2 * 3_600_000;

/** `trial`: a call may be made, and its success ends a refusal. */
export type CallLicence = 'open' | 'trial' | 'refused';

/**
 * Whether a call of this kind may be made with this version of the tenant's key. After a refusal only another key may, or
 * once in a while one operation that looks whether the refusal still holds: by the kind of call that was refused, and
 * where nobody comes with one, by any.
 */
export async function mayCallKlaviyo(
  db: Sql,
  ask: { tenantId: string; keyVersion: string; call: string; nowMs: number },
): Promise<CallLicence> {
  const [row] = await db.query<{ key_version: string }>(
    sql`select key_version from klaviyo_connections where tenant_id = ${ask.tenantId} and state = 'refused'`,
  );
  if (!row) return 'open';
  if (row.key_version !== ask.keyVersion) return 'trial';
  const probing = await db.query(
    sql`
      update klaviyo_connections
      set probe_after = ${new Date(ask.nowMs)}::timestamptz + ${PROBE_MS}::double precision * interval '1 millisecond'
      where tenant_id = ${ask.tenantId}
        and (probe_after <= ${new Date(ask.nowMs)} and coalesce(refused_call = ${ask.call}, true) or probe_after <= ${new Date(ask.nowMs - NOBODY_PROBES_MS)})
      returning 1`,
  );
  return probing.length > 0 ? 'trial' : 'refused';
}

/** The refused key is worth a try now, by any call: somebody says that it may more than before. */
export async function tryKeyAgain(db: Sql): Promise<void> {
  await db.query(sql`update klaviyo_connections set probe_after = '-infinity' where tenant_id = ${db.tenantId}`);
}

export interface OpenedKey {
  value: Buffer;
  /** Changes with the value. */
  version: string;
  /** Whether Klaviyo refuses this key, or one before it: then `mayCallKlaviyo` says who may try. */
  refused: boolean;
}

/** The tenant's private key, with whether its calls are refused; undefined where it has none. */
export async function openKlaviyoKey(db: Sql, box: SecretBox): Promise<OpenedKey | undefined> {
  const { tenantId } = db;
  const name = SECRET_NAMES.klaviyoApiKey;
  const [row] = await db.query<{ key_id: string; ciphertext: Buffer; version: string; refused: boolean }>(sql`
    select key_id,
           ciphertext,
           ${SECRET_VERSION} as version,
           exists (select from klaviyo_connections c where c.tenant_id = ${tenantId} and c.state = 'refused') as refused
      from tenant_secrets
     where tenant_id = ${tenantId}
       and name = ${name}`);
  if (!row) return undefined;
  const { key_id: keyId, ciphertext, version, refused } = row;
  return { value: box.open({ keyId, ciphertext }, secretContext(tenantId, name)), version, refused };
}

/** Stops a tenant's write-back; `call` is the kind of call that the key may not make, null where it may none. True the first time for this key: then somebody has to be told, once. */
export async function recordKeyRefused(
  db: Sql,
  refusal: { tenantId: string; keyVersion: string; call: string | null; reason: string; nowMs: number },
): Promise<boolean> {
  const rows = await db.query(
    sql`
      insert into klaviyo_connections as c (tenant_id, state, reason, key_version, refused_call, since, probe_after)
      values
        (
          ${refusal.tenantId},
          'refused',
          ${refusal.reason},
          ${refusal.keyVersion},
          ${refusal.call},
          ${new Date(refusal.nowMs)}::timestamptz,
          ${new Date(refusal.nowMs)}::timestamptz + ${PROBE_MS}::double precision * interval '1 millisecond'
        )
      on conflict (tenant_id) do update
      set
        state = 'refused',
        reason = excluded.reason,
        key_version = excluded.key_version,
        refused_call = excluded.refused_call,
        since = excluded.since,
        probe_after = excluded.probe_after
      where c.state <> 'refused' or c.key_version <> excluded.key_version
      returning 1`,
  );
  return rows.length > 0;
}

/**
 * Klaviyo took the key for one kind of call. True where that ends a refusal: with another key always, with the refused one
 * where the same kind of call goes through again. A key that lacks one scope must not raise the alarm again and again.
 */
export async function recordKeyAccepted(
  db: Sql,
  accepted: { tenantId: string; keyVersion: string; call: string },
): Promise<boolean> {
  const rows = await db.query(
    sql`
      update klaviyo_connections
      set state = 'working', reason = null, since = now()
      where tenant_id = ${accepted.tenantId}
        and state = 'refused'
        and (key_version <> ${accepted.keyVersion} or refused_call is null or refused_call = ${accepted.call})
      returning 1`,
  );
  return rows.length > 0;
}

export interface RefusedConnection {
  tenant_id: string;
  reason: string;
  since: Date;
}

/** Tenants whose key Klaviyo refuses. */
export async function listRefusedConnections(db: Sql): Promise<RefusedConnection[]> {
  return db.query<RefusedConnection>(
    sql`select tenant_id, reason, since from klaviyo_connections where state = 'refused' order by since`,
  );
}

/** The private key of a tenant changes its version with its value. */
export async function findSecretVersion(db: Sql, name: string): Promise<string | null> {
  const [row] = await db.query<{ version: string }>(
    sql`
      select ${SECRET_VERSION} as version
      from tenant_secrets
      where tenant_id = ${db.tenantId} and name = ${name}`,
  );
  return row?.version ?? null;
}
