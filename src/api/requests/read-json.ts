import type Koa from 'koa';
import type { z } from 'zod';
import { parseDelivery, type RepairCode } from './tolerant-json.js';
import { cleanJson } from '../../common/clean-text.js';
import { inWords, readAs } from '../../common/explain-issue.js';
import type { JsonValue } from '../../common/json.js';
import { malformedBody } from './malformed-body.js';
import { ApiError } from '../problems.js';
import { readRawBody } from './raw-body.js';

const BODY = { whole: 'the body', page: '/docs' };

const isEmpty = (raw: Buffer): boolean => raw.length < 100 && raw.toString('latin1').trim() === '';

/** What a delivery would be forgiven, in words. The repairs that are missing here are repairs of valid JSON. */
const DEVIATIONS: Readonly<Partial<Record<RepairCode, string>>> = {
  'trailing-comma': 'there is a comma before the end',
  'python-literal': 'True, False or None is used where JSON writes true, false or null',
  'missing-value': 'a value is missing',
  'single-quotes': 'single quotes stand where JSON writes double ones',
};

/** As deliveries are read (no key twice, no prototype keys, depth and keys limited), with every deviation refused. */
export function parseStrictly(raw: Buffer): JsonValue {
  const parsed = parseDelivery(raw);
  if (!parsed.ok) throw malformedBody(parsed.problems);
  const faults = parsed.repairs.flatMap(({ code, line, column }) => {
    const message = DEVIATIONS[code];
    return message === undefined ? [] : [{ line, column, message, cure: 'send plain JSON' }];
  });
  if (faults.length > 0) throw malformedBody(faults);
  return parsed.value;
}

/** The JSON object of a call by a program, checked: no repairs here. An empty body is read as `{}`. */
export async function readJson<S extends z.ZodType>(ctx: Koa.Context, schema: S): Promise<z.output<S>> {
  const raw = await readRawBody(ctx.req);
  return checkJson(isEmpty(raw) ? {} : cleanJson(parseStrictly(raw)), schema);
}

/** A value in the form that a call takes; throws `invalid-request` with place and cure. */
export function checkJson<S extends z.ZodType>(value: unknown, schema: S): z.output<S> {
  const read = readAs(schema, value, BODY);
  if ('value' in read) return read.value;
  const errors = read.problems.map(({ path, ...said }) => ({
    pointer: path,
    ...said,
  }));
  throw new ApiError('invalid-request', errors.map(inWords).join(' '), {
    errors,
  });
}
