import type Koa from 'koa';
import { parseDelivery } from './tolerant-json.js';
import type { Parsed, RequestOptions } from './index.js';
import { cleanJson, cleanText } from '../../common/clean-text.js';
import type { FieldProblem, FieldWarning } from '../../passes/identifiers.js';
import type { JsonValue } from '../../common/json.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { Caller } from '../access/credentials.js';
import { malformedBody } from './malformed-body.js';
import { ApiError, type ProblemCode } from '../problems.js';
import { createEvidenceMask } from '../refusals/evidence.js';
import { readRawBody } from './raw-body.js';

/** Refuses what the tenant's settings close: the listener itself, or flows beyond the listed ones. */
export function checkListener(ctx: Koa.Context, caller: Caller, listener: keyof TenantSettings['listeners']) {
  const { listeners, allowedFlowIds } = caller.tenant.settings;
  if (!listeners[listener]) throw new ApiError('listener-closed', `The listener ${listener} of this tenant is closed.`);
  if (allowedFlowIds.length > 0 && !allowedFlowIds.includes(ctx.get('X-Klaviyo-Flow-ID'))) {
    throw new ApiError(
      'flow-not-allowed',
      'The id in X-Klaviyo-Flow-ID is not among the flows that this tenant allows.',
    );
  }
}

/** Warnings that a refusal repeats. */
const MOST_WARNINGS = 5;
/** Notes that an accepted delivery keeps: lists and pages show a hundred operations with theirs. */
const MOST_NOTES = 100;

function kept(notes: readonly JsonValue[]): object[] {
  const more = notes.length - MOST_NOTES;
  const rest = { type: 'warning', pointer: '', message: `${more} more repairs and warnings are not listed` };
  return cleanJson(more > 0 ? [...notes.slice(0, MOST_NOTES), rest] : [...notes]) as object[];
}

interface Refused {
  problems: readonly FieldProblem[];
  warnings: readonly FieldWarning[];
}

/** Why a body is refused, each fault with its cure; and what was passed over in it, which mostly is the reason. */
function describeRefusal(refused: Refused): string {
  const end = (text: string): string => (text.endsWith('?') ? text : `${text}.`);
  const faults = refused.problems.map(({ message, cure }) => end(`${message}: ${cure}`));
  const besides = refused.warnings.map(({ message }) => message.slice(0, 200)).slice(0, MOST_WARNINGS);
  return cleanText([...faults, ...(besides.length > 0 ? [end(`Besides: ${besides.join('; ')}`)] : [])].join(' '));
}

/** The refusal of a body, with all faults at once. */
export function refusal(code: ProblemCode, body: Body, refused: Refused): ApiError {
  const masked = (): Refused => {
    const mask = createEvidenceMask(body);
    return {
      problems: refused.problems.map((one) => ({ ...one, message: mask(one.message), cure: mask(one.cure) })),
      warnings: refused.warnings.map((one) => ({ ...one, message: mask(one.message) })),
    };
  };
  return new ApiError(code, describeRefusal(refused), {
    errors: [...refused.problems],
    evidence: () => describeRefusal(masked()),
  });
}

type Body = Readonly<Record<string, JsonValue>>;
type Parse<C> = (body: Body, options: RequestOptions) => Parsed<C>;

/**
 * Reads the body of a Klaviyo delivery into a command. `repairs` lists what was repaired or ignored, for the
 * operation. Throws `malformed-body` (400) with line and column, or `invalid-request` (422) with all faults at once.
 */
export async function readDelivery<C>(
  ctx: Koa.Context,
  caller: Caller,
  parse: Parse<C>,
): Promise<{ command: C; repairs: object[] }> {
  const delivery = parseDelivery(await readRawBody(ctx.req));
  if (!delivery.ok) throw malformedBody(delivery.problems);
  const { defaultCountry, customIdentifiers } = caller.tenant.settings;
  const holes = new Set(delivery.holes);
  const parsed = parse(delivery.value, { defaultCountry, custom: customIdentifiers, holes });
  if (!parsed.ok) throw refusal('invalid-request', delivery.value, parsed);
  return {
    command: parsed.command,
    // Pointers and messages name keys as they came: the database takes no NUL.
    repairs: kept([
      ...delivery.repairs.map((repair) => ({ type: 'repair', ...repair })),
      ...parsed.warnings.map((warning) => ({ type: 'warning', ...warning })),
    ]),
  };
}
