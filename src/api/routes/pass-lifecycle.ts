import { z } from 'zod';
import type { LifecycleInput, LifecycleKind } from '../../passes/operation-input.js';
import { acceptOperation } from '../accept-operation.js';
import { ACCOUNT_ID_HEADER, none, serialNumber } from '../parameters.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { statusUrl } from '../status-url.js';
import { passBySerial } from './pass-by-serial.js';

const accepted = z.object({
  operationId: z.uuid().describe('Correlation id: leads to the status of everything that follows'),
  statusUrl: z.url(),
});

interface Call {
  method: 'POST' | 'DELETE';
  path: string;
  kind: LifecycleKind;
  operationId: string;
  summary: string;
}

const CALLS: Call[] = [
  {
    method: 'POST',
    path: '/void',
    kind: 'void-pass',
    operationId: 'voidPass',
    summary: 'Void a pass: it stays on the phone, marked invalid',
  },
  {
    method: 'POST',
    path: '/expire',
    kind: 'expire-pass',
    operationId: 'expirePass',
    summary: 'Expire a pass from now on',
  },
  {
    method: 'POST',
    path: '/restore',
    kind: 'restore-pass',
    operationId: 'restorePass',
    summary: 'Make a voided or expired pass valid again',
  },
  {
    method: 'DELETE',
    path: '',
    kind: 'delete-pass',
    operationId: 'deletePass',
    summary: 'Delete a pass permanently; devices that have it see it voided',
  },
  {
    method: 'POST',
    path: '/notify',
    kind: 'notify-pass',
    operationId: 'notifyPass',
    summary: 'Notify every wallet of a pass again',
  },
];

/** What becomes of a pass: 202 as soon as the request is durable; the status tells how it ended. */
export const passLifecycleRoutes = (deps: ApiDeps): Route[] =>
  CALLS.map(({ method, path, kind, operationId: name, summary }) =>
    route({
      method,
      path: `/v1/passes/:serialNumber${path}`,
      scope: 'Pass.Write',
      summary,
      tag: 'Passes',
      operationId: name,
      params: z.object({ serialNumber }),
      query: none,
      headers: [
        ACCOUNT_ID_HEADER,
        { name: 'Idempotency-Key', description: 'The same key again leads to the same operation' },
      ],
      answers: { 202: { description: 'Accepted and durable; Location leads to its status', schema: accepted } },
      problems: ['not-found', 'idempotency-key-reused'],
      async handler(ctx, { params, caller, correlationId }) {
        const { tenantId } = caller.tenant;
        const pass = await passBySerial(deps, caller, params.serialNumber);
        const input: LifecycleInput = { passId: pass.pass_id };
        const { operationId } = await acceptOperation(deps, ctx, {
          caller,
          kind,
          origin: 'api',
          correlationId,
          input,
          idempotencyKey: null,
        });
        ctx.status = 202;
        ctx.body = {
          operationId,
          statusUrl: statusUrl(deps, tenantId, operationId),
        } satisfies z.output<typeof accepted>;
      },
    }),
  );
