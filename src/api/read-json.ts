import type Koa from 'koa';
import type { z } from 'zod';
import { cleanJson, pointer } from '../passes/clean-text.js';
import type { JsonValue } from '../passes/pass-type.js';
import { ApiError } from './problems.js';
import { readRawBody } from './raw-body.js';

/** The JSON body of a call by a program, checked: no repairs here. An empty body is read as `{}`. */
export async function readJson<S extends z.ZodType>(ctx: Koa.Context, schema: S): Promise<z.output<S>> {
  const raw = (await readRawBody(ctx.req)).toString('utf8');
  let parsed: JsonValue;
  try {
    parsed = raw.trim() === '' ? {} : cleanJson(JSON.parse(raw) as JsonValue);
  } catch (error) {
    throw new ApiError('malformed-body', 'The body is not JSON.', { cause: error });
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    pointer: pointer(...issue.path.map(String)),
    message: issue.message,
  }));
  throw new ApiError('invalid-request', errors.map((one) => `${one.pointer}: ${one.message}`).join('; '), { errors });
}
