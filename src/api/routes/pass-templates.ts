import { WALLETS } from '../../passes/wallet.js';
import { z } from 'zod';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { FIELD_TYPES } from '../../passes/pass-type.js';
import { knownValues } from '../../passes/unlisted-cases.js';
import { ACCOUNT_ID_HEADER, none } from '../parameters.js';
import { route, type ApiDeps, type Route } from '../route.js';

const passTemplate = z.object({
  id: z.string().describe('What POST /v1/passes calls passTemplate'),
  name: z.string(),
  version: z.int(),
  description: z.string(),
  wallets: z.array(z.enum(WALLETS)),
  fields: z.array(
    z.object({
      apiFieldName: z.string(),
      label: z.string().nullable(),
      type: z.enum(FIELD_TYPES),
      required: z.boolean(),
      default: z.union([z.string(), z.number(), z.boolean()]).nullable(),
      maxLength: z.int().nullable(),
      knownValues: z
        .array(z.string())
        .describe('The only values that the field takes, or those that choose a look of the card; empty: any'),
    }),
  ),
});

/** The tenant's pass types with their fields, so that callers need not guess keys. */
export const passTemplateRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/v1/pass-templates',
    scope: 'Pass.Read',
    orScope: 'KlaviyoListener.Write',
    summary: 'Pass types of the tenant with their fields',
    tag: 'Passes',
    operationId: 'listPassTemplates',
    params: none,
    query: none,
    headers: [ACCOUNT_ID_HEADER],
    answers: {
      200: { description: 'The current version of each', schema: z.object({ passTemplates: z.array(passTemplate) }) },
    },
    async handler(ctx, { caller }) {
      const { tenantId } = caller.tenant;
      const types = await listPassTypes(deps.database.tenant(tenantId));
      ctx.body = {
        passTemplates: types.map(({ passTypeId, version, design }) => ({
          id: passTypeId,
          name: design.name,
          version,
          description: design.description,
          wallets: [...(design.apple ? ['apple'] : []), ...(design.google ? ['google'] : [])],
          fields: design.fields.map((field) => ({
            apiFieldName: field.apiFieldName,
            label: field.label ?? null,
            type: field.type,
            required: field.required,
            default: field.default ?? null,
            maxLength: field.maxLength ?? null,
            knownValues: knownValues(design, field.apiFieldName),
          })),
        })),
      };
    },
  }),
];
