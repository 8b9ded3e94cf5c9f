import type Koa from 'koa';
import { parseDelivery } from '../klaviyo/tolerant-json.js';
import type { Parsed, RequestOptions } from '../klaviyo/requests.js';
import { cleanJson } from '../passes/clean-text.js';
import type { JsonValue } from '../passes/pass-type.js';
import type { Caller } from './credentials.js';
import { ApiError } from './problems.js';
import { readRawBody } from './raw-body.js';

/** Refuses what the tenant's settings close: the listener itself, or flows beyond the listed ones. */
export function checkListener(ctx: Koa.Context, caller: Caller, listener: 'pushUpdate' | 'profileSync' | 'issuePass') {
  const { listeners, allowedFlowIds } = caller.tenant.settings;
  if (!listeners[listener]) throw new ApiError('listener-closed', `The listener ${listener} of this tenant is closed.`);
  if (allowedFlowIds.length > 0 && !allowedFlowIds.includes(ctx.get('X-Klaviyo-Flow-ID'))) {
    throw new ApiError(
      'flow-not-allowed',
      'The id in X-Klaviyo-Flow-ID is not among the flows that this tenant allows.',
    );
  }
}

type Parse<C> = (body: Readonly<Record<string, JsonValue>>, options: RequestOptions) => Parsed<C>;

/**
 * Reads the body of a Klaviyo delivery into a command. `repairs` lists what was mended or passed over, for the
 * operation. Throws `malformed-body` (400) with line and column, or `invalid-request` (422) with all faults at once.
 */
export async function readDelivery<C>(
  ctx: Koa.Context,
  caller: Caller,
  parse: Parse<C>,
): Promise<{ command: C; repairs: object[] }> {
  const delivery = parseDelivery(await readRawBody(ctx.req));
  if (!delivery.ok) {
    const [first] = delivery.problems;
    throw new ApiError(
      'malformed-body',
      first ? `Line ${first.line}, column ${first.column}: ${first.message}. ${first.cure}.` : 'The body is no JSON.',
      { errors: delivery.problems.map((problem) => ({ pointer: '', ...problem })) },
    );
  }
  const { defaultCountry, customIdentifiers } = caller.tenant.settings;
  const parsed = parse(delivery.value, { defaultCountry, custom: customIdentifiers });
  if (!parsed.ok) {
    throw new ApiError(
      'invalid-request',
      parsed.problems.map(({ message, cure }) => `${message}: ${cure}${cure.endsWith('?') ? '' : '.'}`).join(' '),
      { errors: parsed.problems },
    );
  }
  return {
    command: parsed.command,
    // Pointers and messages name keys as they came: the database takes no NUL.
    repairs: cleanJson([
      ...delivery.repairs.map((repair) => ({ type: 'repair', ...repair })),
      ...parsed.warnings.map((warning) => ({ type: 'warning', ...warning })),
    ]) as object[],
  };
}
