import type Koa from 'koa';
import { cleanText } from '../../common/clean-text.js';
import { ApiError } from '../problems.js';
import { readRawBody } from './raw-body.js';

const FORM_BYTES = 32 * 1024;

/** The fields of a posted form (`application/x-www-form-urlencoded`); of a repeated name the last one counts. */
export async function readForm(ctx: Koa.Context): Promise<Record<string, string>> {
  if (!ctx.is('application/x-www-form-urlencoded')) {
    throw new ApiError('invalid-request', 'This address takes the form of its page.');
  }
  const body = await readRawBody(ctx.req, FORM_BYTES);
  const entries = [...new URLSearchParams(body.toString('utf8'))];
  return Object.fromEntries(entries.map(([name, value]) => [name, cleanText(value).slice(0, 4096)]));
}
