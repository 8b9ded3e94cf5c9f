import type { Database, Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';

export interface ChangedSerials {
  serialNumbers: string[];
  /** Opaque to devices: the highest tag among the passes listed. */
  tag: string;
  /** What `recordListed` takes. */
  devices: { tenantId: string; deviceId: string }[];
}

interface RegisteredPass {
  tenant_id: string;
  device_id: string;
  serial_number: string;
  update_tag: string;
  /** The highest tag that this tenant's type has given out. */
  latest_tag: string;
}

/** Passes of one device and type under one tenant; each tenant counts its own tags. */
interface Share {
  key: string;
  latest: bigint;
  passes: { serialNumber: string; tag: bigint }[];
}

const NUMBER = /^\d{1,18}$/;

/**
 * What one share of the device's passes was told last; undefined where the tag says nothing of it. A device that has
 * passes of several tenants under one type has a tag with one part for each: `<key>:<number>.<key>:<number>`.
 */
function toldTag(tag: string | undefined, share: Share, alone: boolean): bigint | undefined {
  if (tag === undefined) return undefined;
  const part = tag.split('.').find((piece) => piece.startsWith(`${share.key}:`));
  const number = part === undefined ? (alone ? tag : '') : part.slice(share.key.length + 1);
  if (!NUMBER.test(number)) return undefined;
  const told = BigInt(number);
  // From before a restored backup: those numbers are given out again, so it says nothing.
  return told > share.latest ? undefined : told;
}

/**
 * Serial numbers that one device registered under a pass type and that changed since it was given `since`; all of them
 * where it has no tag or one that is not ours. Undefined where nothing changed. Tags are counted under a lock that
 * writers hold until they commit, so a tag that is seen has none below it still to come.
 */
export async function changedSerials(
  system: SystemSql,
  deviceLibraryIdentifier: string,
  passTypeIdentifier: string,
  since: string | undefined,
): Promise<ChangedSerials | undefined> {
  const rows = await system.query<RegisteredPass>(
    sql`
      select
        d.tenant_id,
        d.device_id,
        p.serial_number,
        p.update_tag,
        greatest(coalesce(u.tag, 0), p.update_tag) as latest_tag
      from apple_devices d
        join apple_registrations r on r.device_id = d.device_id
        and r.apple_pass_type_identifier = ${passTypeIdentifier}
        join passes p on p.pass_id = r.pass_id
        left join update_tags u on u.tenant_id = d.tenant_id
        and u.apple_pass_type_identifier = ${passTypeIdentifier}
      where d.device_library_identifier = ${deviceLibraryIdentifier}
      order by d.device_id, p.update_tag, p.serial_number`,
  );
  const shares = new Map<string, Share>();
  for (const row of rows) {
    const share = shares.get(row.device_id) ?? { key: row.device_id.slice(0, 8), latest: 0n, passes: [] };
    shares.set(row.device_id, share);
    const latest = BigInt(row.latest_tag);
    if (latest > share.latest) share.latest = latest;
    share.passes.push({ serialNumber: row.serial_number, tag: BigInt(row.update_tag) });
  }
  const alone = shares.size === 1;
  const serialNumbers: string[] = [];
  const parts: string[] = [];
  for (const share of shares.values()) {
    const told = toldTag(since, share, alone);
    const changed = share.passes.filter(({ tag }) => told === undefined || tag > told);
    serialNumbers.push(...changed.map(({ serialNumber }) => serialNumber));
    const highest = changed.reduce((max, { tag }) => (tag > max ? tag : max), told ?? 0n);
    parts.push(alone ? String(highest) : `${share.key}:${highest}`);
  }
  if (serialNumbers.length === 0) return undefined;
  const devices = new Map(rows.map((row) => [row.device_id, { tenantId: row.tenant_id, deviceId: row.device_id }]));
  return { serialNumbers, tag: parts.join('.'), devices: [...devices.values()] };
}

/** Records that a device asked for changes and got some. */
export async function recordListed(database: Database, passTypeIdentifier: string, listed: ChangedSerials) {
  for (const { tenantId, deviceId } of listed.devices) {
    await database.tenant(tenantId).query(
      sql`
        update apple_registrations r
        set last_listed_at = clock_timestamp()
        from passes p
        where r.tenant_id = ${tenantId}
          and r.device_id = ${deviceId}
          and r.apple_pass_type_identifier = ${passTypeIdentifier}
          and p.tenant_id = ${tenantId}
          and p.pass_id = r.pass_id
          and p.serial_number = any (${listed.serialNumbers}::text[])`,
    );
  }
}

/**
 * Records that a device has a revision. The request names no device: of those that lack the revision, the one that
 * listed last is taken for the one that fetches.
 */
export async function recordFetched(db: Sql, passId: string, revision: number): Promise<void> {
  await db.query(
    sql`
      update apple_registrations
      set last_fetched_at = clock_timestamp(), fetched_revision = greatest(fetched_revision, ${revision}::int)
      where tenant_id = ${db.tenantId}
        and pass_id = ${passId}
        and device_id = (
          select device_id
          from apple_registrations
          where tenant_id = ${db.tenantId} and pass_id = ${passId}
          order by coalesce(fetched_revision, 0) >= ${revision}, last_listed_at desc nulls last, registered_at desc
          limit 1
        )`,
  );
}
