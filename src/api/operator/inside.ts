import type Koa from 'koa';
import { z } from 'zod';
import { signInPage } from '../../pages/operator-pages.js';
import { isOwnForm } from '../access/signed-cookie.js';
import { sendPage } from '../page-response.js';
import { tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { readFileForm } from '../requests/read-file-form.js';
import { readForm } from '../requests/read-form.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import type { OperatorSession, OperatorSessions } from './operator-session.js';

export type Form = Record<string, string>;
export type Handle = (ctx: Koa.Context, session: OperatorSession, params: Record<string, string>) => Promise<void>;
/** `file`: the form carries one, which is in `ctx.state.file` as it arrives. */
export type Inside = (
  method: 'GET' | 'POST',
  path: string,
  summary: string,
  handle: Handle,
  form?: 'fields' | 'file',
) => Route;

/** Shows the door, which leads to the page that was asked for; what a form was to do is not done behind it. */
export const askToSignIn = (ctx: Koa.Context, deps: ApiDeps, tenant: string): void =>
  sendPage(ctx, deps, signInPage(tenant, null, ctx.method === 'GET' ? ctx.path : ''), 401);

/** Makes routes for signed-in operators: ids in the path are UUIDs, and a form must belong to its session. */
export function createInside(deps: ApiDeps, sessions: OperatorSessions): Inside {
  return (method, path, summary, handle, kind = 'fields') => {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    const shape = Object.fromEntries(names.map((name) => [name, z.uuid()]));
    return openRoute({
      method,
      path: `/ops/:tenantId${path}`,
      summary,
      hidden: true,
      readers: 'operator',
      params: z.object({ tenantId, ...shape }),
      query: z.looseObject({}),
      answers: { 200: { description: 'The page' } },
      async handler(ctx, { params }) {
        const session = await sessions.current(ctx, params.tenantId);
        if (!session) return askToSignIn(ctx, deps, params.tenantId);
        if (method === 'POST') {
          const read = kind === 'file' ? await readFileForm(ctx.req) : { fields: await readForm(ctx), file: null };
          const { fields: form, file } = read;
          if (!isOwnForm(ctx, session.csrf, form['csrf'] ?? null)) {
            if (file) ctx.req.unpipe().resume();
            throw new ApiError('conflict', 'The form does not belong to this session.');
          }
          ctx.state['form'] = form;
          ctx.state['file'] = file;
        }
        try {
          await handle(ctx, session, params as Record<string, string>);
        } finally {
          // What nobody read of a file is discarded: its sender reads the answer only then.
          if (kind === 'file') ctx.req.resume();
        }
      },
    });
  };
}
