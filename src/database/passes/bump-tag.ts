import { sql, type Statement } from '../sql.js';

/**
 * Moves the tag by which phones ask for what changed since their last look, and returns the new one; no row for a pass
 * without an Apple type. `from` names what must have a row.
 */
export const bumpTag = (tenantId: string, applePassTypeIdentifier: string | null, from: Statement): Statement => sql`
  insert into update_tags (tenant_id, apple_pass_type_identifier, tag)
  select ${tenantId}, ${applePassTypeIdentifier}::text, 1
    from ${from}
   where ${applePassTypeIdentifier}::text is not null
      on conflict (tenant_id, apple_pass_type_identifier) do update
     set tag = update_tags.tag + 1
  returning tag`;
