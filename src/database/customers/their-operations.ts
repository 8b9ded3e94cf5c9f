import { sql, type Statement } from '../sql.js';

/** One customer of one tenant. */
export interface CustomerRef {
  tenantId: string;
  customerId: string;
}

/** Ids of a customer's passes, as a subquery. */
export const passesOf = ({ tenantId, customerId }: CustomerRef): Statement =>
  sql`(select pass_id from passes where tenant_id = ${tenantId} and customer_id = ${customerId}::uuid)`;

/**
 * Every identifier that names this customer and nobody else, as rows of kind and value: the CTE `named` that
 * `theirOperations` needs. Ids of passes are the merchant's own and may be on passes of several people.
 */
export const namesOf = (customer: CustomerRef): Statement => {
  const { tenantId, customerId } = customer;
  return sql`named as materialized (
    select kind, value
      from customer_identifiers
     where tenant_id = ${tenantId} and customer_id = ${customerId}::uuid
    union
    select v.kind, v.value
      from customers c
     cross join lateral (values ('email', c.email), ('phone', c.phone), ('customerId', c.external_customer_id),
                                ('klaviyoProfileId', c.klaviyo_profile_id)) v (kind, value)
     where c.tenant_id = ${tenantId} and c.customer_id = ${customerId}::uuid and v.value is not null
    union
    select 'serialNumber', serial_number
      from passes
     where tenant_id = ${tenantId} and customer_id = ${customerId}::uuid
    union
    select 'externalId', external_id
      from passes
     where tenant_id = ${tenantId} and external_id is not null
       and external_id in (select external_id from passes where tenant_id = ${tenantId} and customer_id = ${customerId}::uuid)
     group by external_id
    having count(distinct customer_id) = 1
    union
    select i.kind, i.value
      from pass_identifiers i
      join passes p on p.tenant_id = i.tenant_id and p.pass_id = i.pass_id
     where i.tenant_id = ${tenantId}
       and (i.kind, i.value) in (select kind, value from pass_identifiers
                                  where tenant_id = ${tenantId} and pass_id in ${passesOf(customer)})
     group by i.kind, i.value
    having count(distinct p.customer_id) = 1
  )`;
};

const identifiersOf = (input: Statement): Statement =>
  sql`jsonb_to_recordset(case when jsonb_typeof(${input} -> 'identifiers') = 'array'
                              then ${input} -> 'identifiers' else '[]' end) as i (kind text, value text)`;

const INPUT = sql`o.input`;

/** Characters that no e-mail address of ours holds: what is between two of them is a whole address or none. */
const AROUND_EMAIL = '[\\s"(),:;<>\\[\\]\\\\]+';

/** Whether the input of operation `o` names the customer, identifier by identifier. */
const inputNames = (customer: CustomerRef): Statement => sql`(
  exists (select from ${identifiersOf(INPUT)} join named n on n.kind = i.kind and n.value = i.value)
  or exists (select from named n
              where (n.kind = 'klaviyoProfileId' and n.value in (o.input ->> 'klaviyoProfileId', o.input #>> '{fetched,id}'))
                 or (n.kind = 'serialNumber' and n.value = o.input ->> 'serialNumber')
                 or (n.kind = 'externalId' and n.value = o.input ->> 'externalId'))
  or o.input ->> 'passId' in (select pass_id::text from ${passesOf(customer)} p)
)`;

/** Whether one of operation o's identifiers leads to another customer. */
export const namesOthers = ({ tenantId, customerId }: CustomerRef): Statement => sql`
  exists (select from ${identifiersOf(INPUT)}
            join customer_identifiers other
              on other.tenant_id = ${tenantId} and other.kind = i.kind and other.value = i.value
           where other.customer_id <> ${customerId}::uuid)`;

/** An idempotency key is an identifier, or holds a whole address or phone number; never a part of one. */
const keyNames = (customer: CustomerRef): Statement => sql`(
  o.idempotency_key is not null
  and exists (select from named n
               where n.value = o.idempotency_key
                  or (n.kind = 'email' and n.value = any (regexp_split_to_array(lower(o.idempotency_key), ${AROUND_EMAIL})))
                  or (n.kind = 'phone' and n.value = any (regexp_split_to_array(o.idempotency_key, '[^0-9+]+'))))
  and not ${namesOthers(customer)}
)`;

/**
 * Which operations, as `o`, are the customer's: those that reached them or one of their passes, and those that reached
 * nobody but name them. What reached somebody else is never theirs, whatever it says. Needs the CTE of `namesOf`.
 */
export const theirOperations = (customer: CustomerRef): Statement => sql`(
  o.customer_id = ${customer.customerId}::uuid
  or o.pass_id = any (array${passesOf(customer)})
  or (o.customer_id is null and o.pass_id is null and (${inputNames(customer)} or ${keyNames(customer)}))
)`;

/** Which rows of campaigns, as `r`, are the customer's: those that led to them, and those that led to nobody yet but name them. Needs `namesOf`. */
export const theirCampaignRows = (customer: CustomerRef): Statement => sql`(
  r.customer_id = ${customer.customerId}::uuid
  or r.pass_id = any (array${passesOf(customer)})
  or (r.customer_id is null and r.identifiers is not null
      and exists (select from jsonb_to_recordset(r.identifiers) as i (kind text, value text)
                    join named n on n.kind = i.kind and n.value = i.value))
)`;
