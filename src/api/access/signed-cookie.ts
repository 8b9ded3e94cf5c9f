import { createHmac, timingSafeEqual } from 'node:crypto';
import type Koa from 'koa';

/** A key of its own for each use, so that a session of one page is none of another. */
const keyFor = (key: Buffer, use: string): Buffer => createHmac('sha256', key).update(`cookie:${use}`).digest();

const sign = (key: Buffer, use: string, text: string): string =>
  createHmac('sha256', keyFor(key, use)).update(text).digest('base64url');

export interface SignedCookies<T extends object> {
  /** Sets the cookie and returns its content; it ends after `maxAgeMs`, in the browser and by its own content. */
  set(ctx: Koa.Context, key: Buffer, value: T): string;
  /** What the browser sent, signed or not. */
  given(ctx: Koa.Context): string;
  /** What the cookie says, or null where it is absent, expired or not ours. */
  read(ctx: Koa.Context, key: Buffer): { value: T; csrf: string } | null;
  clear(ctx: Koa.Context): void;
}

/**
 * A session that is stored in the browser alone: signed, never readable by scripts, sent to its own path. `csrf` belongs to
 * one session; a form sends it back.
 */
export function signedCookies<T extends object>(options: {
  name: string;
  path: string;
  use: string;
  maxAgeMs: number;
  secure: boolean;
  now: () => number;
}): SignedCookies<T> {
  const { name, path, use, maxAgeMs, now } = options;
  const attributes = `Path=${path}; HttpOnly; SameSite=Lax${options.secure ? '; Secure' : ''}`;
  const given = (ctx: Koa.Context): string => ctx.cookies.get(name) ?? '';
  return {
    set(ctx, key, value) {
      const text = Buffer.from(JSON.stringify({ value, until: now() + maxAgeMs })).toString('base64url');
      const content = `${text}.${sign(key, use, text)}`;
      ctx.append('Set-Cookie', `${name}=${content}; Max-Age=${Math.floor(maxAgeMs / 1000)}; ${attributes}`);
      return content;
    },
    given,
    read(ctx, key) {
      const content = given(ctx);
      const [text = '', signature = ''] = content.split('.');
      const expected = Buffer.from(sign(key, use, text));
      const presented = Buffer.from(signature);
      if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) return null;
      const { value, until } = JSON.parse(Buffer.from(text, 'base64url').toString()) as { value: T; until: number };
      return until > now() ? { value, csrf: sign(key, `${use}:csrf`, content) } : null;
    },
    clear: (ctx) => ctx.append('Set-Cookie', `${name}=; Max-Age=0; ${attributes}`),
  };
}

/** Whether a form carries the token of its session, and no other site sent it. */
export function isOwnForm(ctx: Koa.Context, expected: string, given: string | null): boolean {
  const site = ctx.get('Sec-Fetch-Site');
  if (site !== '' && site !== 'same-origin') return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(given ?? '')];
  return a.length === b.length && timingSafeEqual(a, b);
}
