import { randomUUID } from 'node:crypto';
import type { Identifier, PushUpdateInput } from '../../passes/operation-input.js';
import type { JsonValue } from '../../common/json.js';
import type { PassTypeVersion } from '../../passes/pass-type.js';
import { personal, SHARED_PHONE_CURE } from '../../passes/choose-recipient.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { Sql, TenantSql } from '../connect.js';
import { own, tellMerchant, updateOwn } from '../operations/fragments.js';
import { findOperation, insertOrFindOperation, type NewOperation } from '../operations/operations.js';
import { findOrCreateRecipient, IdentifiersClash, RecipientRace } from '../customers/recipients.js';
import { raw, sql } from '../sql.js';
import { bumpTag } from './bump-tag.js';
import { findPassOfNobody, lockLivePass, type LivePass } from './live-pass.js';
import { renewPass, replaceExpired } from './renew-pass.js';

/** The pass that an issue led to, as far as the answer names it. */
export interface IssuedPass extends LivePass {
  operationId: string;
}

export interface StoredAnswer {
  status: number;
  body: Record<string, unknown>;
}

export interface IssueOrder {
  /** Of kind `issue-pass`; becomes a `push-update` where the recipient already holds such a pass. */
  operation: NewOperation<'issue-pass'>;
  type: PassTypeVersion;
  /** Complete data of a new pass, defaults included. */
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
  /** What the tenant says of several passes, of contacts as identifiers, and of expired passes. */
  settings: Pick<TenantSettings, 'allowSeveralPasses' | 'identifyBy' | 'issueAfterExpiry'>;
  /** Builds the answer, which is kept with the operation and given again to a repeated delivery. */
  answer(pass: IssuedPass, created: boolean): StoredAnswer;
}

export type IssueOutcome =
  | { outcome: 'answered'; operationId: string; answer: StoredAnswer; repeated: boolean }
  | { outcome: 'key-reused' }
  | { outcome: 'identifiers-clash'; kinds: readonly string[] }
  /** Only by contacts that identify nobody in this tenant. */
  | { outcome: 'nobody-named' };

const TRIES = 4;

/**
 * Accepts an issue and makes its pass in one transaction: operation, customer, pass, first revision and event, or
 * nothing. A recipient's live pass of the same type is updated instead. Two simultaneous requests meet one pass.
 */
export async function issuePass(db: TenantSql, order: IssueOrder): Promise<IssueOutcome> {
  const { identifiers, externalId } = order.operation.input;
  if (externalId === null && personal(identifiers, order.settings.identifyBy).length === 0) {
    return { outcome: 'nobody-named' };
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction((inside) => issueOnce(inside, order));
    } catch (error) {
      if (error instanceof IdentifiersClash) return { outcome: 'identifiers-clash', kinds: error.kinds };
      if (attempt === TRIES || !isRace(error)) throw error;
    }
  }
}

/** Unique violations here come from a twin that was faster: the next look finds what it made. */
const isRace = (error: unknown): boolean =>
  error instanceof RecipientRace || ['23505', '40P01'].includes((error as { code?: string }).code ?? '');

async function issueOnce(db: Sql, order: IssueOrder): Promise<IssueOutcome> {
  const { operation, settings } = order;
  const { tenantId } = db;
  const { input, test = false, bodyHash } = operation;
  const accepted = await insertOrFindOperation(db, operation);
  const { operationId } = accepted;
  if (accepted.duplicate) {
    const twin = await findOperation(db, operationId);
    const answer = twin?.response as StoredAnswer | null | undefined;
    const same = twin?.body_hash != null && bodyHash != null && twin.body_hash.equals(bodyHash);
    return same && answer ? { outcome: 'answered', operationId, answer, repeated: true } : { outcome: 'key-reused' };
  }
  const { allowSeveralPasses: allowSeveral, identifyBy } = settings;
  const { externalId } = input;
  const unnamed = !allowSeveral && externalId !== null && personal(input.identifiers, identifyBy).length === 0;
  const held = unnamed ? await findPassOfNobody(db, externalId, order.type.passTypeId) : undefined;
  if (held && !(await leavesItsPlace(held))) return update(held);
  const { customerId, left } = await findOrCreateRecipient(db, {
    identifiers: input.identifiers,
    name: input.recipient.name,
    test,
    identifyBy,
  });
  if (left.length > 0) await warnOfShared(db, operationId, left);
  const liveKey = `${customerId}:${order.type.passTypeId}`;
  const live = allowSeveral ? undefined : await lockLivePass(db, liveKey);
  if (live && !(await leavesItsPlace(live))) return update(live);
  const made = await insertPass(db, order, {
    customerId,
    liveKey: allowSeveral ? null : liveKey,
    operationId,
    sequence: accepted.acceptanceSequence,
  });
  const answer = order.answer({ ...made, operationId }, true);
  await db.query(sql`
    with ${own({ tenantId, operationId, run: 1 })}
    ${updateOwn(sql`
      pass_id = ${made.passId}::uuid,
      customer_id = ${customerId}::uuid,
      revision = 1,
      changed_fields = ${Object.keys(order.data)}::text[],
      response = ${JSON.stringify(answer)}::jsonb`)}`);
  return { outcome: 'answered', operationId, answer, repeated: false };

  /** Where the tenant wants a new pass after an expired one: the old one stays expired and gives way. */
  async function leavesItsPlace(pass: LivePass): Promise<boolean> {
    if (pass.state !== 'expired' || settings.issueAfterExpiry !== 'new') return false;
    await replaceExpired(db, pass.passId);
    return true;
  }

  async function update(pass: LivePass): Promise<IssueOutcome> {
    const renewed =
      pass.state === 'expired' &&
      (await renewPass(db, { tenantId, operationId, passId: pass.passId }, accepted.acceptanceSequence));
    const change: PushUpdateInput = {
      identifiers: [{ kind: 'serialNumber', value: pass.serialNumber }],
      passType: null,
      data: input.data,
      updateMetadata: true,
      ...(renewed && { renewed }),
    };
    const state = renewed ? 'active' : pass.state;
    const answer = order.answer({ ...pass, state, operationId }, false);
    await db.query(sql`
      with ${own({ tenantId, operationId, run: 1 })}
      ${updateOwn(sql`
        kind = 'push-update',
        input = ${JSON.stringify(change)}::jsonb,
        response = ${JSON.stringify(answer)}::jsonb`)}`);
    return { outcome: 'answered', operationId, answer, repeated: false };
  }
}

/** Notes with the operation that a phone number stayed with its owner. */
async function warnOfShared(db: Sql, operationId: string, left: readonly Identifier[]): Promise<void> {
  const warnings = left.map(({ kind }) => ({
    type: 'warning',
    pointer: `/recipient/${kind}`,
    message: `this ${kind} belongs to another customer and stayed there; the pass was issued without it. One person: merge the two customers. ${SHARED_PHONE_CURE}`,
  }));
  await db.query(sql`
    with ${own({ tenantId: db.tenantId, operationId, run: 1 })}
    ${updateOwn(sql`repairs = operations.repairs || ${JSON.stringify(warnings)}::jsonb`)}`);
}

/** Pass, tag, first revision and `pass.created` in one statement. */
async function insertPass(
  db: Sql,
  order: IssueOrder,
  place: { customerId: string; liveKey: string | null; operationId: string; sequence: string },
): Promise<LivePass> {
  const { operation, type, data } = order;
  const { input } = operation;
  const passId = randomUUID();
  const changed = Object.fromEntries(Object.entries(data).map(([field, to]) => [field, { from: null, to }]));
  const appleType = type.design.apple?.passTypeIdentifier ?? null;
  const sequences = Object.fromEntries(Object.keys(data).map((field) => [field, place.sequence]));
  const payload = {
    changedFields: Object.keys(data),
    revision: 1,
    state: 'active',
    passTemplate: type.passTypeId,
    acceptanceSequence: place.sequence,
  };
  const told = tellMerchant({
    type: 'pass.created',
    passId: sql`${passId}::uuid`,
    customerId: sql`${place.customerId}::uuid`,
    payload: sql`${JSON.stringify(payload)}::jsonb`,
    from: sql`join pass on true`,
  });
  const [row] = await db.query<{ created_at: Date }>(sql`
    with ${own({ tenantId: db.tenantId, operationId: place.operationId, run: 1 })},
    bumped as (${bumpTag(db.tenantId, appleType, raw('own'))}),
    pass as (
      insert into passes (
        tenant_id, pass_id, customer_id, serial_number, external_id, pass_type_id, pass_type_version,
        apple_pass_type_identifier, state_sequence, type_sequence, data, field_sequences, visuals,
        update_tag, live_key, test, modified_at)
      values (
        ${db.tenantId},
        ${passId}::uuid,
        ${place.customerId}::uuid,
        ${input.serialNumber},
        ${input.externalId},
        ${type.passTypeId},
        ${type.version}::int,
        ${appleType},
        ${place.sequence}::bigint,
        ${place.sequence}::bigint,
        ${JSON.stringify(data)}::jsonb,
        ${JSON.stringify(sequences)}::jsonb,
        ${JSON.stringify(order.visuals)}::jsonb,
        coalesce((select tag from bumped), 0),
        ${place.liveKey},
        ${operation.test ?? false},
        date_trunc('second', now()))
      returning created_at
    ),
    audit as (
      insert into pass_revisions (tenant_id, pass_id, revision, operation_id, change, changed)
      select ${db.tenantId}, ${passId}::uuid, 1, ${place.operationId}::uuid, 'created', ${JSON.stringify(changed)}::jsonb
        from pass
    ),
    told as (${told})
    select created_at from pass`);
  return {
    passId,
    serialNumber: input.serialNumber,
    externalId: input.externalId,
    passTypeId: type.passTypeId,
    state: 'active',
    createdAt: row!.created_at,
  };
}
