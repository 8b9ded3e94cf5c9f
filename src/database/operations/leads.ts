import { raw, sql, type Statement } from '../sql.js';

/** Of rows `asked a`: the customer that has this identifier, by one index probe. */
export const ownerOfAsked = (tenantId: string): Statement => sql`
  cross join lateral (
    select customer_id
      from customer_identifiers c
     where c.tenant_id = ${tenantId}
       and c.kind = a.kind
       and c.value = a.value
    offset 0
  ) c`;

/** Of rows `asked a`: the pass that has this serial number, by one index probe. */
export const passOfAskedSerial = (tenantId: string): Statement => sql`
  cross join lateral (
    select pass_id, customer_id
      from passes p
     where p.serial_number = a.value
       and p.tenant_id = ${tenantId}
    offset 0
  ) p`;

/**
 * The passes that identifiers lead to, as rows of `key`, kind and pass_id: from rows `asked (key, kind, value)`. `offset 0`
 * keeps the planner at one index probe for each identifier: it would else read whole tables for hundreds of them.
 */
export function leadsOf(tenantId: string, key: 'operation_id' | 'row_number'): Statement {
  const lead = sql`select a.${raw(key)}, a.kind, p.pass_id`;
  return sql`
      ${lead}
        from asked a
        ${ownerOfAsked(tenantId)}
       cross join lateral (select pass_id from passes p
                            where p.customer_id = c.customer_id and p.tenant_id = ${tenantId} offset 0) p
      union
      ${lead}
        from asked a
       cross join lateral (select pass_id from pass_identifiers p
                            where p.tenant_id = ${tenantId} and p.kind = a.kind and p.value = a.value offset 0) p
      union
      ${lead}
        from asked a
        ${passOfAskedSerial(tenantId)}
       where a.kind = 'serialNumber'
      union
      ${lead}
        from asked a
       cross join lateral (select pass_id from passes p
                            where p.tenant_id = ${tenantId} and p.external_id = a.value and p.external_id is not null
                           offset 0) p
       where a.kind = 'externalId'`;
}
