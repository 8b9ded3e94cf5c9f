import type Koa from 'koa';
import { ACCOUNT_ID } from '../../common/account-id.js';
import type { Caller } from '../access/credentials.js';
import { PROBLEMS, toApiError, type ApiError } from '../problems.js';
import { flowIdOf } from '../requests/flow-id.js';
import type { ApiDeps } from '../route.js';

/** Addresses that flows call. `address`: none of them, but below the listeners of a tenant. */
export type Listener = 'pushUpdate' | 'profileSync' | 'sendMessage' | 'issuePass' | 'system' | 'address';

/** What a stranger's refusal says: never anything of the request itself. */
const fixedText = ({ code, message }: ApiError): string =>
  code === 'unauthenticated' ? message : `${PROBLEMS[code].title}. ${PROBLEMS[code].cure}`;

/** What a caller reads again: without values of the body, and without the seconds of a limit. */
const ownText = (error: ApiError): string =>
  error.code === 'rate-limited' ? PROBLEMS[error.code].meaning : (error.options.evidence?.() ?? error.message);

/** Addresses without a tenant have the account beside the key: with a wrong key it is all that says whose flow it is. */
function accountOf(ctx: Koa.Context): string | undefined {
  const account = ctx.get('X-ACCOUNT-ID').trim();
  return ACCOUNT_ID.test(account) ? account : undefined;
}

/** Stores why a delivery was refused, for the people who build flows; `ctx.state.caller` is the owner of a valid key. */
export function noteRefusal(
  deps: Pick<ApiDeps, 'refusals'>,
  ctx: Koa.Context,
  delivery: { listener: Listener; tenantId: string | undefined },
  thrown: unknown,
): void {
  const error = toApiError(thrown);
  const caller = ctx.state['caller'] as Caller | undefined;
  const tenantId = caller?.tenant.tenantId ?? delivery.tenantId ?? accountOf(ctx);
  if (PROBLEMS[error.code].status >= 500 || tenantId === undefined) return;
  deps.refusals.note(tenantId, {
    known_caller: caller !== undefined,
    listener: delivery.listener,
    code: error.code,
    sentence: caller ? ownText(error) : fixedText(error),
    flow_id: caller ? flowIdOf(ctx) : null,
    test: caller?.test ?? false,
  });
}
