import type { Sql } from '../connect.js';
import { own, recordStep, updateOwn } from '../operations/fragments.js';
import { sql } from '../sql.js';

/**
 * Makes an expired pass, locked by the caller, valid again under the operation that issues it again. False where it was
 * expired by a request that was accepted later than this one.
 */
export async function renewPass(
  db: Sql,
  ref: { tenantId: string; operationId: string; passId: string },
  sequence: string,
): Promise<boolean> {
  const { tenantId, operationId, passId } = ref;
  const change = { from: 'expired', to: 'active' };
  const [row] = await db.query<{ revision: number }>(sql`
    with ${own({ tenantId, operationId, run: 1 })},
    pass as (
      select apple_pass_type_identifier as apple_type
        from passes
       where tenant_id = ${tenantId}
         and pass_id = ${passId}
         and state = 'expired'
         and state_sequence < ${sequence}::bigint
    ),
    bumped as (
      insert into update_tags (tenant_id, apple_pass_type_identifier, tag)
      select ${tenantId}, apple_type, 1
        from pass
       where apple_type is not null
          on conflict (tenant_id, apple_pass_type_identifier) do update
         set tag = update_tags.tag + 1
      returning tag
    ),
    renewed as (
      update passes
         set state = 'active',
             state_sequence = ${sequence}::bigint,
             revision = revision + 1,
             lock_version = lock_version + 1,
             update_tag = coalesce((select tag from bumped), update_tag),
             modified_at = greatest(date_trunc('second', now()), date_trunc('second', modified_at) + interval '1 second')
       where tenant_id = ${tenantId}
         and pass_id = ${passId}
         and exists (select from pass)
      returning revision
    ),
    audit as (
      insert into pass_revisions (tenant_id, pass_id, revision, operation_id, change, changed)
      select ${tenantId}, ${passId}::uuid, revision, ${operationId}::uuid, 'state', ${JSON.stringify({ state: change })}::jsonb
        from renewed
    ),
    step as (
      ${recordStep({ step: 'change-state', state: 'succeeded', detail: change }, sql`and exists (select from renewed)`)}
    ),
    summary as (
      ${updateOwn(
        sql`changed_fields = '{state}', revision = (select revision from renewed)`,
        sql`and exists (select from renewed)`,
      )}
    )
    select revision from renewed`);
  return row !== undefined;
}

/** Takes an expired pass, locked by the caller, from its place: another one of its type may be issued. */
export async function replaceExpired(db: Sql, passId: string): Promise<void> {
  await db.query(sql`
    update passes
       set live_key = null, lock_version = lock_version + 1
     where tenant_id = ${db.tenantId} and pass_id = ${passId}`);
}
