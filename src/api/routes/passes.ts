import { z } from 'zod';
import { findPassView } from '../../database/pass-view.js';
import { none, serialNumber } from '../parameters.js';
import { passView, presentPass } from '../present-pass.js';
import { ApiError } from '../problems.js';
import { route, type ApiDeps, type Route } from '../route.js';

/** Reading passes, by the tenant of the key. */
export const passRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/v1/passes/:serialNumber',
    scope: 'Pass.Read',
    summary: 'One pass: type, data, revision, state and where it is installed',
    params: z.object({ serialNumber }),
    query: none,
    headers: [{ name: 'X-ACCOUNT-ID', description: 'Optional; where given it must be the account of the key' }],
    answers: { 200: { description: 'The pass', schema: passView } },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const { tenantId } = caller.tenant;
      const row = await findPassView(deps.database.tenant(tenantId), tenantId, params.serialNumber);
      if (!row) throw new ApiError('not-found', 'No pass with this serial number exists for this tenant.');
      ctx.body = presentPass(deps, row);
    },
  }),
];
