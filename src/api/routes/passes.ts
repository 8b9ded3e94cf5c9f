import { z } from 'zod';
import { findPassView, listPassViews } from '../../database/passes/pass-view.js';
import { normaliseIdentifier } from '../../passes/identifiers.js';
import { PASS_STATES } from '../../passes/pass.js';
import type { Caller } from '../access/credentials.js';
import { decodePassCursor, encodePassCursor } from '../cursor.js';
import { ACCOUNT_ID_HEADER, none, plainText, serialNumber } from '../parameters.js';
import { passView, presentPass } from './present-pass.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { noSuchPass } from './pass-by-serial.js';

/** An identifier in the form in which it is stored; throws `invalid-parameter`. */
function normalised(caller: Caller, kind: 'email' | 'phone' | 'customerId', given: string): string {
  const result = normaliseIdentifier(kind, given, { defaultCountry: caller.tenant.settings.defaultCountry });
  if (result.ok === true) return result.value;
  const message = result.ok === 'absent' ? 'is blank' : result.message;
  throw new ApiError('invalid-parameter', `${kind} ${message}.`, {
    errors: [
      { parameter: kind, message: `${kind} ${message}`, cure: result.ok === false ? result.cure : 'leave it out' },
    ],
  });
}

/** Reading passes, by the tenant of the key. */
export const passRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/v1/passes/:serialNumber',
    scope: 'Pass.Read',
    summary: 'One pass: type, data, revision, state and where it is installed',
    tag: 'Passes',
    operationId: 'getPass',
    params: z.object({ serialNumber }),
    query: none,
    headers: [ACCOUNT_ID_HEADER],
    answers: { 200: { description: 'The pass', schema: passView } },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const { tenantId } = caller.tenant;
      const row = await findPassView(deps.database.tenant(tenantId), params.serialNumber);
      if (!row) throw noSuchPass();
      ctx.body = presentPass(deps, row);
    },
  }),
  route({
    method: 'GET',
    path: '/v1/passes',
    scope: 'Pass.Read',
    summary: 'Passes, newest first, paged by cursor',
    tag: 'Passes',
    operationId: 'listPasses',
    params: none,
    query: z.object({
      email: plainText.optional(),
      phone: plainText.optional(),
      customerId: plainText.optional(),
      externalId: plainText.optional(),
      passType: plainText.optional().describe('Id or name of the pass type'),
      state: z.enum(PASS_STATES).optional(),
      cursor: z.string().max(200).optional().describe('`next` of the page before'),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    headers: [ACCOUNT_ID_HEADER],
    answers: {
      200: {
        description: 'One page; `next` is null on the last one',
        schema: z.object({ passes: z.array(passView), next: z.string().nullable() }),
      },
    },
    async handler(ctx, { query, caller }) {
      const { tenantId } = caller.tenant;
      const { email, phone, customerId, externalId, passType, state, cursor, limit } = query;
      const { passes, more } = await listPassViews(deps.database.tenant(tenantId), {
        ...(email !== undefined && { email: normalised(caller, 'email', email) }),
        ...(phone !== undefined && { phone: normalised(caller, 'phone', phone) }),
        ...(customerId !== undefined && { customerId: normalised(caller, 'customerId', customerId) }),
        ...(externalId !== undefined && { externalId }),
        ...(passType !== undefined && { passType }),
        ...(state !== undefined && { state }),
        ...(cursor !== undefined && { after: decodePassCursor(cursor) }),
        limit,
      });
      ctx.body = {
        passes: passes.map((row) => presentPass(deps, row)),
        next: more ? encodePassCursor(passes.at(-1)!.pass_id) : null,
      };
    },
  }),
];
