import type Koa from 'koa';
import type { z } from 'zod';
import { parseDelivery } from '../klaviyo/tolerant-json.js';
import { cleanJson, pointer } from '../passes/clean-text.js';
import type { JsonValue } from '../passes/pass-type.js';
import { ApiError } from './problems.js';
import { readRawBody } from './raw-body.js';

const isEmpty = (raw: Buffer): boolean => raw.length < 100 && raw.toString('latin1').trim() === '';

/** As deliveries are read (no key twice, no prototype keys, depth and keys limited), with every deviation refused. */
function parseStrictly(raw: Buffer): JsonValue {
  const parsed = parseDelivery(raw);
  const faults = parsed.ok
    ? parsed.repairs
        .filter(({ code }) => code !== 'big-number-as-text')
        .map(({ code, line, column }) => ({ line, column, message: code, cure: 'send plain JSON' }))
    : parsed.problems;
  const [first] = faults;
  if (parsed.ok && !first) return parsed.value;
  throw new ApiError(
    'malformed-body',
    `Line ${first!.line}, column ${first!.column}: ${first!.message}. ${first!.cure}.`,
    { errors: faults.map((fault) => ({ pointer: '', ...fault })) },
  );
}

/** The JSON object of a call by a program, checked: no repairs here. An empty body is read as `{}`. */
export async function readJson<S extends z.ZodType>(ctx: Koa.Context, schema: S): Promise<z.output<S>> {
  const raw = await readRawBody(ctx.req);
  const result = schema.safeParse(isEmpty(raw) ? {} : cleanJson(parseStrictly(raw)));
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    pointer: pointer(...issue.path.map(String)),
    message: issue.message,
  }));
  throw new ApiError('invalid-request', errors.map((one) => `${one.pointer}: ${one.message}`).join('; '), { errors });
}
