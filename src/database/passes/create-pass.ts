import { randomUUID } from 'node:crypto';
import type { IssuePassInput, PushUpdateInput } from '../../passes/operation-input.js';
import type { JsonValue } from '../../common/json.js';
import type { PassTypeVersion } from '../../passes/pass-type.js';
import type { PassState } from '../../passes/pass.js';
import type { Sql, TenantSql } from '../connect.js';
import { findOperation, insertOrFindOperation, type NewOperation } from '../operations/operations.js';
import { own, tellMerchant, updateOwn } from '../operations/fragments.js';
import { raw, sql as statement } from '../sql.js';
import { bumpTag } from './bump-tag.js';
import { findOrCreateRecipient, IdentifiersClash, namesPerson, RecipientRace } from '../customers/recipients.js';

/** The pass that an issue led to, as far as the answer names it. */
export interface IssuedPass {
  operationId: string;
  passId: string;
  serialNumber: string;
  externalId: string | null;
  passTypeId: string;
  state: PassState;
  createdAt: Date;
}

export interface StoredAnswer {
  status: number;
  body: Record<string, unknown>;
}

export interface IssueOrder {
  /** Of kind `issue-pass`; becomes a `push-update` where the recipient already holds such a pass. */
  operation: NewOperation & { input: IssuePassInput };
  type: PassTypeVersion;
  /** Complete data of a new pass, defaults included. */
  data: Record<string, JsonValue>;
  visuals: Record<string, string>;
  /** Whether a recipient may hold several live passes of one type. */
  allowSeveral: boolean;
  /** Builds the answer, which is kept with the operation and given again to a repeated delivery. */
  answer(pass: IssuedPass, created: boolean): StoredAnswer;
}

export type IssueOutcome =
  | { outcome: 'answered'; operationId: string; answer: StoredAnswer; repeated: boolean }
  | { outcome: 'key-reused' }
  | { outcome: 'identifiers-clash'; kinds: readonly string[] };

const TRIES = 4;

/**
 * Accepts an issue and makes its pass in one transaction: operation, customer, pass, first revision and event, or
 * nothing. A recipient's live pass of the same type is updated instead. Two simultaneous requests meet one pass.
 */
export async function issuePass(sql: TenantSql, order: IssueOrder): Promise<IssueOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await sql.transaction((inside) => issueOnce(inside, order));
    } catch (error) {
      if (error instanceof IdentifiersClash) return { outcome: 'identifiers-clash', kinds: error.kinds };
      if (attempt === TRIES || !isRace(error)) throw error;
    }
  }
}

/** Unique violations here come from a twin that was faster: the next look finds what it made. */
const isRace = (error: unknown): boolean =>
  error instanceof RecipientRace || ['23505', '40P01'].includes((error as { code?: string }).code ?? '');

async function issueOnce(sql: Sql, order: IssueOrder): Promise<IssueOutcome> {
  const { operation } = order;
  const { tenantId } = operation;
  const accepted = await insertOrFindOperation(sql, operation);
  const { operationId } = accepted;
  if (accepted.duplicate) {
    const twin = await findOperation(sql, tenantId, operationId);
    const answer = twin?.response as StoredAnswer | null | undefined;
    const same = twin?.body_hash != null && operation.bodyHash !== null && twin.body_hash.equals(operation.bodyHash);
    return same && answer ? { outcome: 'answered', operationId, answer, repeated: true } : { outcome: 'key-reused' };
  }
  const { input, test = false } = operation;
  const { externalId } = input;
  const unnamed = !order.allowSeveral && externalId !== null && !namesPerson(input.identifiers);
  const held = unnamed ? await findPassOfNobody(sql, tenantId, externalId, order.type.passTypeId) : undefined;
  if (held) return update(held);
  const customerId = await findOrCreateRecipient(sql, tenantId, {
    identifiers: input.identifiers,
    name: input.recipient.name,
    test,
  });
  const liveKey = `${customerId}:${order.type.passTypeId}`;
  const live = order.allowSeveral ? undefined : await findLivePass(sql, tenantId, liveKey);
  if (live) return update(live);
  const made = await insertPass(sql, order, {
    customerId,
    liveKey: order.allowSeveral ? null : liveKey,
    sequence: accepted.acceptanceSequence,
  });
  const answer = order.answer({ ...made, operationId }, true);
  await sql.query(statement`
    with ${own({ tenantId, operationId, run: 1 })}
    ${updateOwn(statement`
      pass_id = ${made.passId}::uuid,
      customer_id = ${customerId}::uuid,
      revision = 1,
      changed_fields = ${Object.keys(order.data)}::text[],
      response = ${JSON.stringify(answer)}::jsonb`)}`);
  return { outcome: 'answered', operationId, answer, repeated: false };

  async function update(pass: Omit<IssuedPass, 'operationId'>): Promise<IssueOutcome> {
    const change: PushUpdateInput = {
      identifiers: [{ kind: 'serialNumber', value: pass.serialNumber }],
      passType: null,
      data: input.data,
      updateMetadata: true,
    };
    const said = order.answer({ ...pass, operationId }, false);
    await sql.query(statement`
      with ${own({ tenantId, operationId, run: 1 })}
      ${updateOwn(statement`
        kind = 'push-update',
        input = ${JSON.stringify(change)}::jsonb,
        response = ${JSON.stringify(said)}::jsonb`)}`);
    return { outcome: 'answered', operationId, answer: said, repeated: false };
  }
}

interface LiveRow {
  pass_id: string;
  serial_number: string;
  external_id: string | null;
  pass_type_id: string;
  state: PassState;
  created_at: Date;
}
const LIVE = 'select pass_id, serial_number, external_id, pass_type_id, state, created_at from passes';

async function findLivePass(
  sql: Sql,
  tenantId: string,
  liveKey: string,
): Promise<Omit<IssuedPass, 'operationId'> | undefined> {
  const [row] = await sql.query<LiveRow>(`${LIVE} where tenant_id = $1 and live_key = $2`, [tenantId, liveKey]);
  return row && toIssued(row);
}

/**
 * The live pass that the merchant's own id names, where a request names nobody: a repeated delivery must not make another
 * one. No key of a table stands for such a holder, so requests of one id go one after the other until the commit.
 */
async function findPassOfNobody(
  sql: Sql,
  tenantId: string,
  externalId: string,
  passTypeId: string,
): Promise<Omit<IssuedPass, 'operationId'> | undefined> {
  await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`external-id/${tenantId}/${externalId}`]);
  const [row] = await sql.query<LiveRow>(
    `${LIVE} where tenant_id = $1 and external_id = $2 and pass_type_id = $3 and live_key is not null
      order by created_at limit 1`,
    [tenantId, externalId, passTypeId],
  );
  return row && toIssued(row);
}

function toIssued(row: LiveRow): Omit<IssuedPass, 'operationId'> {
  return {
    passId: row.pass_id,
    serialNumber: row.serial_number,
    externalId: row.external_id,
    passTypeId: row.pass_type_id,
    state: row.state,
    createdAt: row.created_at,
  };
}

/** Pass, tag, first revision and `pass.created` in one statement. */
async function insertPass(
  sql: Sql,
  order: IssueOrder,
  place: { customerId: string; liveKey: string | null; sequence: string },
): Promise<Omit<IssuedPass, 'operationId'>> {
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
    passId: statement`${passId}::uuid`,
    customerId: statement`${place.customerId}::uuid`,
    payload: statement`${JSON.stringify(payload)}::jsonb`,
    from: statement`join pass on true`,
  });
  const [row] = await sql.query<{ created_at: Date }>(statement`
    with ${own({ tenantId: operation.tenantId, operationId: operation.operationId, run: 1 })},
    bumped as (${bumpTag(operation.tenantId, appleType, raw('own'))}),
    pass as (
      insert into passes (
        tenant_id, pass_id, customer_id, serial_number, external_id, pass_type_id, pass_type_version,
        apple_pass_type_identifier, state_sequence, type_sequence, data, field_sequences, visuals,
        update_tag, live_key, test, modified_at)
      values (
        ${operation.tenantId},
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
      select ${operation.tenantId}, ${passId}::uuid, 1, ${operation.operationId}::uuid, 'created', ${JSON.stringify(changed)}::jsonb
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
