import type { Readable } from 'node:stream';
import type Koa from 'koa';
import { z } from 'zod';
import type { FormFault, RefusedForm } from '../../pages/form-faults.js';
import { signInPage } from '../../pages/operator-pages.js';
import { isOwnForm } from '../access/signed-cookie.js';
import { sendPage } from '../page-response.js';
import { tenantId } from '../parameters.js';
import { ApiError, noteFailure, type ProblemCode } from '../problems.js';
import { readFileForm } from '../requests/read-file-form.js';
import { readForm } from '../requests/read-form.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import type { OperatorSession, OperatorSessions } from './operator-session.js';

export type Form = Record<string, string>;
type Params = Record<string, string>;
export type Handle = (ctx: Koa.Context, session: OperatorSession, params: Params) => Promise<void>;

/** A form that cannot be meant: its page is shown again, with each fault beside its control. */
export class FormRefused extends Error {
  override readonly name = 'FormRefused';
  constructor(readonly faults: readonly FormFault[]) {
    super(faults.map(({ text }) => text).join(' '));
  }
}

/** What a form brings, and how its page is shown again where it is not taken. */
interface FormOf {
  /** Names of its fields, `a*` for all that begin so; what else comes is left out. */
  fields?: readonly string[];
  /** The control of a file, which is in `ctx.state.file` as it arrives. */
  file?: string;
  again?: (ctx: Koa.Context, session: OperatorSession, params: Params, refused: RefusedForm) => Promise<void>;
}
/** A form without fields is a button. */
export type Inside = (method: 'GET' | 'POST', path: string, summary: string, handle: Handle, form?: FormOf) => Route;

/** Shows the door, which leads to the page that was asked for; what a form was to do is not done behind it. */
export const askToSignIn = (ctx: Koa.Context, deps: ApiDeps, tenant: string): void =>
  sendPage(ctx, deps, signInPage(tenant, [], ctx.method === 'GET' ? ctx.path : ''), 401);

/** Ids are UUIDs; the parts of an address that are none. */
const NAMES: Readonly<Record<string, z.ZodType>> = { passType: z.string().max(80) };

/** Refusals of a form that can be sent again as it is, or otherwise. */
const AGAIN: ReadonlySet<ProblemCode> = new Set(['conflict', 'invalid-request', 'body-too-large', 'rate-limited']);

const isDeclared = (fields: readonly string[], name: string): boolean =>
  fields.some((field) => (field.endsWith('*') ? name.startsWith(field.slice(0, -1)) : name === field));

/** Makes routes for signed-in operators: a form must belong to its session, and brings what its route declares. */
export function createInside(deps: ApiDeps, sessions: OperatorSessions): Inside {
  /** The fields of a form that belongs to the session, without its token; its file is kept for the handler. */
  async function readOwn(ctx: Koa.Context, session: OperatorSession, { fields = [], file }: FormOf): Promise<Form> {
    const read = file === undefined ? { fields: await readForm(ctx), file: null } : await readFileForm(ctx.req);
    if (!isOwnForm(ctx, session.csrf, read.fields['csrf'] ?? null)) {
      if (read.file) ctx.req.unpipe().resume();
      throw new ApiError('conflict', 'The form does not belong to this session: open its page anew.');
    }
    ctx.state['file'] = read.file satisfies Readable | null;
    return Object.fromEntries(Object.entries(read.fields).filter(([name]) => isDeclared(fields, name)));
  }

  async function post(ctx: Koa.Context, session: OperatorSession, params: Params, handle: Handle, of: FormOf) {
    const values = await readOwn(ctx, session, of);
    ctx.state['form'] = values;
    try {
      if (of.file !== undefined && ctx.state['file'] === null) {
        throw new FormRefused([{ control: of.file, text: 'No file was chosen: choose one.' }]);
      }
      await handle(ctx, session, params);
    } catch (error) {
      const isTold = error instanceof FormRefused || (error instanceof ApiError && AGAIN.has(error.code));
      if (!isTold || !of.again) throw error;
      const isForm = error instanceof FormRefused;
      const status = isForm ? 422 : noteFailure(ctx, deps.log, error, 'page').status;
      const faults = isForm ? error.faults : [{ control: null, text: error.message }];
      await of.again(ctx, session, params, { values, faults });
      ctx.status = status;
    } finally {
      // What nobody read of a file is discarded: its sender reads the answer only then.
      if (of.file !== undefined) ctx.req.resume();
    }
  }

  return (method, path, summary, handle, form = {}) => {
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    const shape = Object.fromEntries(names.map((name) => [name, NAMES[name] ?? z.uuid()]));
    return openRoute({
      method,
      path: `/ops/:tenantId${path}`,
      summary,
      hidden: true,
      readers: 'operator',
      form: [...(form.fields ?? []), ...(form.file === undefined ? [] : [form.file])],
      params: z.object({ tenantId, ...shape }),
      query: z.looseObject({}),
      answers: { 200: { description: 'The page' } },
      async handler(ctx, { params }) {
        const session = await sessions.current(ctx, params.tenantId);
        if (!session) return askToSignIn(ctx, deps, params.tenantId);
        if (method === 'POST') await post(ctx, session, params as Params, handle, form);
        else await handle(ctx, session, params as Params);
      },
    });
  };
}
