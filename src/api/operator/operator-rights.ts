import type Koa from 'koa';
import type { Scope } from '../../common/scopes.js';
import { ApiError } from '../problems.js';
import type { OperatorSession } from './operator-session.js';

/** Whether the key behind a session has a scope. */
export const mays = ({ caller }: OperatorSession, scope: Scope): boolean => caller.scopes.includes(scope);

/** Throws `missing-scope` where the key behind a session lacks what the same call of the API asks for. */
export function demand(session: OperatorSession, scope: Scope): void {
  if (!mays(session, scope)) throw new ApiError('missing-scope', `The key lacks the scope ${scope}.`);
}

/** What every operation says that a button of the operator's pages asks for. */
export const byOperator = (ctx: Koa.Context, { caller }: OperatorSession) =>
  ({
    caller,
    origin: 'operator',
    correlationId: ctx.state['correlationId'] as string,
    idempotencyKey: null,
  }) as const;
