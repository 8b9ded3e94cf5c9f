import type Koa from 'koa';
import { redeliver } from '../../database/merchants/redeliveries.js';
import { updateEndpoint } from '../../database/merchants/webhook-endpoints.js';
import type { ListedOperation } from '../../database/operations/list-operations.js';
import { listOperatorDevices, listOperatorPasses } from '../../database/operations/operator.js';
import { retryOperation } from '../../database/operations/retries.js';
import { REFUSAL_OUTCOMES } from '../../passes/operation.js';
import type { LifecycleInput, RetryOperationsInput } from '../../passes/operation-input.js';
import { acceptOperation } from '../accept-operation.js';
import { readFilter } from './home.js';
import { askFirst } from './ask-first.js';
import { FormRefused, type Form, type Handle, type Inside } from './inside.js';
import { byOperator, demand } from './operator-rights.js';
import type { OperatorSession } from './operator-session.js';
import { nameCustomer } from './person.js';
import { redirect } from '../page-response.js';
import { ApiError } from '../problems.js';
import type { ApiDeps, Route } from '../route.js';

const RETRIES_PER_SECOND = 10;

/** What the buttons of the operator's pages do; each asks for the scope that the same call of the API asks for. */
export function createOperatorActions(deps: ApiDeps) {
  const { database } = deps;

  return {
    /** What the button is offered for; a stuck one can be retried through the API. */
    canRetry: (row: Pick<ListedOperation, 'status' | 'outcome' | 'forgotten_at'>): boolean =>
      row.forgotten_at === null &&
      (['failed', 'cancelled', 'retrying'].includes(row.status) ||
        (row.status === 'succeeded' && (REFUSAL_OUTCOMES as readonly (string | null)[]).includes(row.outcome))),

    async retry(ctx: Koa.Context, session: OperatorSession, params: Record<string, string>): Promise<void> {
      demand(session, 'Operation.Write');
      const { tenantId } = session.tenant;
      const operationId = params['correlationId']!;
      const again = await retryOperation(database.tenant(tenantId), operationId);
      if (again === undefined) throw new ApiError('conflict', 'There is nothing to retry: the request is on its way.');
      deps.notifyAccepted();
      redirect(ctx, `/ops/${tenantId}/operations/${operationId}`);
    },

    /** Retries what the filter of the first page shows, as one request that shows its progress. */
    async retryAll(ctx: Koa.Context, session: OperatorSession): Promise<void> {
      demand(session, 'Operation.Write');
      const { filter: read, faults } = readFilter(ctx.state['form'] as Form);
      if (faults.length > 0) throw new FormRefused(faults);
      const { status, outcome, kind, from, to } = read;
      const conditions = { status, outcome, kind, from: from?.toISOString(), to: to?.toISOString() };
      const filter = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined));
      if (Object.keys(filter).length === 0) {
        const text = 'Nothing was retried: choose first, with the filter, what is to be retried.';
        throw new FormRefused([{ control: null, text }]);
      }
      const { operationId } = await acceptOperation(deps, ctx, {
        ...byOperator(ctx, session),
        kind: 'retry-operations',
        input: { filter, perSecond: RETRIES_PER_SECOND } satisfies RetryOperationsInput,
      });
      redirect(ctx, `/ops/${session.tenant.tenantId}/operations/${operationId}`);
    },

    /** Voids a pass after a question, and makes it valid again. */
    lifecycle(inside: Inside): Route[] {
      const find = async (session: OperatorSession, params: Record<string, string>) => {
        demand(session, 'Pass.Write');
        const [pass] = await listOperatorPasses(database.tenant(session.tenant.tenantId), {
          passId: params['passId']!,
        });
        if (!pass) throw new ApiError('not-found', 'No such pass.');
        return pass;
      };
      const change =
        (kind: 'void-pass' | 'restore-pass'): Handle =>
        async (ctx, session, params) => {
          const input: LifecycleInput = { passId: (await find(session, params)).pass_id };
          const { operationId } = await acceptOperation(deps, ctx, { ...byOperator(ctx, session), kind, input });
          redirect(ctx, `/ops/${session.tenant.tenantId}/operations/${operationId}`);
        };
      return [
        ...askFirst(deps, inside, {
          path: '/passes/:passId/void',
          summary: 'Voids a pass',
          async ask(session, params) {
            const pass = await find(session, params);
            const db = database.tenant(session.tenant.tenantId);
            const [who, devices] = [
              await nameCustomer(db, session, pass.customer_id),
              await listOperatorDevices(db, [pass.pass_id]),
            ];
            const on = devices.filter(({ gone_at }) => gone_at === null).length;
            return {
              title: 'Void this pass?',
              says: [
                `It is the ${pass.type_name} pass of ${who}, ${on === 0 ? 'on no phone' : on === 1 ? 'on one phone or wallet' : `on ${on} phones or wallets`}.`,
                'Wallets show it as no longer valid, and it takes no changes and no messages.',
                'It can be undone: the page of the customer has “Restore this pass” then.',
              ],
              does: 'Void it',
              back: pass.customer_id === null ? '' : `/customers/${pass.customer_id}`,
            };
          },
          act: change('void-pass'),
        }),
        inside('POST', '/passes/:passId/restore', 'Makes a pass valid again', change('restore-pass')),
      ];
    },

    async enableEndpoint(ctx: Koa.Context, session: OperatorSession, params: Record<string, string>): Promise<void> {
      demand(session, 'Tenant.Admin');
      const { tenantId } = session.tenant;
      const sql = database.tenant(tenantId);
      const enabled = await updateEndpoint(sql, params['endpointId']!, { enable: true });
      if (!enabled) throw new ApiError('not-found', 'No such endpoint.');
      redirect(ctx, `/ops/${tenantId}`);
    },

    async redeliver(ctx: Koa.Context, session: OperatorSession, params: Record<string, string>): Promise<void> {
      demand(session, 'Operation.Write');
      const { tenantId } = session.tenant;
      const became = await redeliver(database.tenant(tenantId), params['deliveryId']!);
      if (became === 'endpoint-off')
        throw new ApiError('conflict', 'Its endpoint is switched off: switch it on first.');
      if (became !== 'again') {
        throw new ApiError('conflict', 'This delivery is still on its way, or does not exist.');
      }
      deps.notifyAccepted();
      const operation = (ctx.state['form'] as Record<string, string>)['operation'] ?? '';
      redirect(ctx, `/ops/${tenantId}${/^[0-9a-f-]{36}$/.test(operation) ? `/operations/${operation}` : ''}`);
    },
  };
}
