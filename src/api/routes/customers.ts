import { z } from 'zod';
import { findCustomer } from '../../database/customers/customers.js';
import { listCustomerIdentifiers } from '../../database/customers/enrolment.js';
import { listPassViewsOfCustomer } from '../../database/passes/pass-view.js';
import { plainText, none, tenantId } from '../parameters.js';
import { passView, presentPass } from './present-pass.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';

const time = z.iso.datetime();
const channelConsent = z.looseObject({
  state: z.string().optional(),
  at: z.string().nullish(),
  method: z.string().nullish(),
});

export const customerView = z.object({
  id: z.uuid(),
  customerId: z.string().nullable().describe('Your id of the customer'),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  klaviyoProfileId: z.string().nullable(),
  identifiers: z.record(z.string(), z.string()).describe('Identifiers of your own kinds'),
  firstName: z.string().nullable(),
  lastName: z.string().nullable(),
  language: z.string().nullable(),
  consent: z.record(z.string(), channelConsent),
  properties: z.record(z.string(), z.unknown()),
  test: z.boolean(),
  createdAt: time,
  updatedAt: time,
  passes: z.array(passView),
});

/** A customer as the merchant asks for it: what is known, every pass, and where each is installed. */
export const customerRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/api/:tenantId/customers/:customerId',
    scope: 'Customer.Read',
    summary: 'One customer with passes and where they are installed',
    tag: 'Customers',
    operationId: 'getCustomer',
    params: z.object({ tenantId, customerId: plainText.describe('Your id of the customer, or ours') }),
    query: none,
    answers: { 200: { description: 'The customer', schema: customerView } },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const { tenantId: tenant } = caller.tenant;
      const sql = deps.database.tenant(tenant);
      const row = await findCustomer(sql, params.customerId);
      if (!row) throw new ApiError('not-found', 'No customer with this id exists for this tenant.');
      const [passes, identifiers] = await Promise.all([
        listPassViewsOfCustomer(sql, row.customer_id),
        listCustomerIdentifiers(sql, row.customer_id),
      ]);
      const own = identifiers.filter(({ kind }) => caller.tenant.settings.customIdentifiers.includes(kind));
      ctx.body = {
        id: row.customer_id,
        customerId: row.external_customer_id,
        email: row.email,
        phone: row.phone,
        klaviyoProfileId: row.klaviyo_profile_id,
        identifiers: Object.fromEntries(own.map(({ kind, value }) => [kind, value])),
        firstName: row.first_name,
        lastName: row.last_name,
        language: row.language,
        consent: row.consent as z.output<typeof customerView>['consent'],
        properties: row.properties,
        test: row.test,
        createdAt: row.created_at.toISOString(),
        updatedAt: row.updated_at.toISOString(),
        passes: passes.map((pass) => presentPass(deps, pass)),
      };
    },
  }),
];
