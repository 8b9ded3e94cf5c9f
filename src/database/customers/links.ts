import { randomBytes, timingSafeEqual } from 'node:crypto';
import { deriveLinkToken, hashLinkToken, type LinkPurpose } from '../../passes/link-token.js';
import type { Sql } from '../connect.js';
import { secretContext, type SecretBox } from '../secret-box.js';
import { getSecret } from '../secrets.js';
import { empty, sql } from '../sql.js';

export const LINK_KEY_SECRET = 'link-token-key';

const DAY_MS = 86_400_000;

/** The tenant's key of link tokens and page sessions, made at its first use. */
export async function getLinkKey(db: Sql, box: SecretBox): Promise<Buffer> {
  const kept = await getSecret(db, LINK_KEY_SECRET, box);
  if (kept) return kept;
  const sealed = box.seal(randomBytes(32), secretContext(db.tenantId, LINK_KEY_SECRET));
  // The first of two simultaneous makers wins; both then read the same key.
  await db.query(
    sql`
      insert into tenant_secrets (tenant_id, name, key_id, ciphertext)
      values (${db.tenantId}, ${LINK_KEY_SECRET}, ${sealed.keyId}, ${sealed.ciphertext})
      on conflict do nothing`,
  );
  return (await getSecret(db, LINK_KEY_SECRET, box))!;
}

export interface LinkOrder {
  tenantId: string;
  customerId: string;
  purpose: LinkPurpose;
  /** `links` of the tenant's settings. */
  settings: { expiryDays: number; graceDays: number };
  now: () => number;
  /** A fresh token although the present one is good; that one ends after the grace time. */
  rotate?: boolean;
}

interface NewestLink {
  /** Of the tenant's key, which stands beside each link; null where there is none yet. */
  key_id: string | null;
  ciphertext: Buffer | null;
  /** Null in a row that has the key alone. */
  customer_id: string | null;
  token_hash: Buffer;
  generation: number;
  expires_at: Date;
  revoked_at: Date | null;
}

/**
 * The customer's token for a link in a message, made or derived again: the same one until less than the grace time of its
 * life is left, so that a mail sent today works that long at least. An older token works on until its own end.
 */
export async function mintLink(db: Sql, box: SecretBox, order: LinkOrder): Promise<string> {
  const { customerId, ...others } = order;
  return (await mintLinks(db, box, { ...others, customerIds: [customerId] })).get(customerId)!;
}

/** `mintLink` for many customers in as many round trips as for one. */
export async function mintLinks(
  db: Sql,
  box: SecretBox,
  order: Omit<LinkOrder, 'customerId'> & { customerIds: readonly string[] },
): Promise<Map<string, string>> {
  const { tenantId, customerIds, purpose, settings, now } = order;
  const links = await db.query<NewestLink>(
    sql`
      select k.key_id, k.ciphertext, l.*
      from (select) one
        left join tenant_secrets k on k.tenant_id = ${tenantId} and k.name = ${LINK_KEY_SECRET}
        left join (
          select distinct on (customer_id) customer_id, token_hash, generation, expires_at, revoked_at
          from link_tokens
          where tenant_id = ${tenantId} and customer_id = any(${customerIds}::uuid[]) and purpose = ${purpose}
          order by customer_id, generation desc
        ) l on true`,
  );
  const { key_id: keyId, ciphertext } = links[0]!;
  const context = secretContext(tenantId, LINK_KEY_SECRET);
  const key = keyId && ciphertext ? box.open({ keyId, ciphertext }, context) : await getLinkKey(db, box);
  const newestOf = new Map(links.map((link) => [link.customer_id, link]));
  const graceMs = Math.min(settings.graceDays, settings.expiryDays / 2) * DAY_MS;
  const tokens = new Map<string, string>();
  const made: { customer_id: string; generation: number; hash: string }[] = [];
  for (const customerId of new Set(customerIds)) {
    const newest = newestOf.get(customerId);
    const derive = (generation: number) => deriveLinkToken(key, { tenantId, customerId, purpose, generation });
    if (newest && !newest.revoked_at && !order.rotate && newest.expires_at.getTime() - now() > graceMs) {
      const token = derive(newest.generation);
      tokens.set(customerId, token);
      // Another hash means another key: a database restored without its secret, say. Then a new generation helps.
      if (timingSafeEqual(hashLinkToken(token), newest.token_hash)) continue;
    }
    const generation = (newest?.generation ?? 0) + 1;
    const token = derive(generation);
    tokens.set(customerId, token);
    made.push({ customer_id: customerId, generation, hash: hashLinkToken(token).toString('hex') });
  }
  if (made.length === 0) return tokens;
  await db.query(
    sql`
      with
        wanted as materialized (
          select customer_id, generation, decode(hash, 'hex') as token_hash
          from jsonb_to_recordset(${JSON.stringify(made)}::jsonb) as w (customer_id uuid, generation int, hash text)
        ),
        made as (
          insert into link_tokens (token_hash, tenant_id, customer_id, purpose, generation, created_at, expires_at)
          select token_hash, ${tenantId}, customer_id, ${purpose}, generation, ${new Date(now())}::timestamptz, ${new Date(now() + settings.expiryDays * DAY_MS)}::timestamptz
          from wanted
          on conflict (token_hash) do nothing
        )
      update link_tokens l
      set expires_at = least(l.expires_at, ${new Date(now() + settings.graceDays * DAY_MS)}::timestamptz)
      from wanted w
      where l.tenant_id = ${tenantId}
        and l.customer_id = w.customer_id
        and l.purpose = ${purpose}
        and l.generation < w.generation
        and l.revoked_at is null`,
  );
  return tokens;
}

export type LinkState =
  | { state: 'valid'; customerId: string; expiresAt: Date; revokedAt: null }
  | { state: 'expired' | 'revoked'; customerId: string; expiresAt: Date; revokedAt: Date | null }
  | { state: 'unknown' };

/**
 * What a token of this tenant opens. Another tenant's looks like one that never was: row level security hides it from
 * the same statement, in the same time.
 */
export async function findLink(
  db: Sql,
  ask: { tenantId: string; tokenHash: Buffer; purpose: LinkPurpose; now: () => number },
): Promise<LinkState> {
  const [row] = await db.query<{ customer_id: string; expires_at: Date; revoked_at: Date | null }>(
    sql`
      select customer_id, expires_at, revoked_at
      from link_tokens
      where token_hash = ${ask.tokenHash} and tenant_id = ${ask.tenantId} and purpose = ${ask.purpose}`,
  );
  if (!row) return { state: 'unknown' };
  const { customer_id: customerId, expires_at: expiresAt, revoked_at: revokedAt } = row;
  if (revokedAt) return { state: 'revoked', customerId, expiresAt, revokedAt };
  if (expiresAt.getTime() <= ask.now()) return { state: 'expired', customerId, expiresAt, revokedAt: null };
  return { state: 'valid', customerId, expiresAt, revokedAt: null };
}

/** Notes that a person, not a preview, opened a link. */
export async function recordLinkUse(db: Sql, tokenHash: Buffer): Promise<void> {
  await db.query(
    sql`update link_tokens set last_used_at = now() where tenant_id = ${db.tenantId} and token_hash = ${tokenHash}`,
  );
}

/** Ends links now: one by its hash, those of one customer, or all of the tenant. Returns how many were good before. */
export async function revokeLinks(db: Sql, which: { tokenHash?: Buffer; customerId?: string }): Promise<number> {
  const rows = await db.query(
    sql`
      update link_tokens
      set revoked_at = now()
      where tenant_id = ${db.tenantId}
        and revoked_at is null
        and expires_at > now()
        ${which.tokenHash ? sql`and token_hash = ${which.tokenHash}` : empty}
        ${which.customerId ? sql`and customer_id = ${which.customerId}` : empty}
      returning 1`,
  );
  return rows.length;
}

/** Whom a link can be sent to. */
export interface LinkRecipientRow {
  customer_id: string;
  email: string | null;
  phone: string | null;
  external_customer_id: string | null;
  klaviyo_profile_id: string | null;
}

/** Customers by id, with or without a pass, for a walk over all of them; `after` continues where the page before ended. */
export async function listLinkRecipients(db: Sql, after: string | null, limit: number): Promise<LinkRecipientRow[]> {
  return db.query<LinkRecipientRow>(
    sql`select customer_id, email, phone, external_customer_id, klaviyo_profile_id from customers
      where tenant_id = ${db.tenantId} and (${after}::uuid is null or customer_id > ${after})
        and (email is not null or phone is not null or klaviyo_profile_id is not null)
      order by customer_id limit ${limit}`,
  );
}
