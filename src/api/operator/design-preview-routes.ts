import type Koa from 'koa';
import { z } from 'zod';
import { findPassView } from '../../database/passes/pass-view.js';
import { findPassType } from '../../database/tenants/pass-types.js';
import { askToSignIn } from './inside.js';
import { template } from '../../pages/html.js';
import { navigation } from '../../pages/operator-frame.js';
import { coerceFields } from '../../passes/field-values.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { sampleCustomers, type SampleCustomer } from '../../passes/sample-customers.js';
import { languagesOf, previewDesign } from '../../previews/design-preview.js';
import { sampleOfPass } from '../../previews/sample-of-pass.js';
import { previewPage } from '../../previews/preview-page.js';
import { isOwnForm } from '../access/signed-cookie.js';
import { sendPage } from '../page-response.js';
import { tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { readForm } from '../requests/read-form.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { createOperatorSessions, type OperatorSession } from './operator-session.js';
import { mays } from './operator-rights.js';

const chooser = template<{
  name: string;
  options: { label: string; name: string; values: string[]; chosen: string }[];
  csrf: string;
  fields: { name: string; value: string }[];
  remarks: string[];
  isOpen: boolean;
}>(`
<form class="choose" method="get" role="search" aria-label="What to show">
<% for (const o of it.options) { %>
<label><%= o.label %> <select name="<%= o.name %>">
<% for (const value of o.values) { %><option<% if (value === o.chosen) { %> selected<% } %>><%= value %></option><% } %>
</select></label>
<% } %>
<button type="submit">Show</button>
</form>
<% if (it.remarks.length > 0) { %><div class="banner" role="status"><p><strong>Not taken</strong></p><ul><% for (const r of it.remarks) { %><li><%= r %></li><% } %></ul></div><% } %>
<details class="values"<% if (it.isOpen) { %> open<% } %>><summary>Values of your own</summary>
<form class="choose" method="post" aria-label="Values of your own">
<input type="hidden" name="csrf" value="<%= it.csrf %>">
<% for (const o of it.options) { %><input type="hidden" name="<%= o.name %>" value="<%= o.chosen %>"><% } %>
<% for (const f of it.fields) { %><label><%= f.name %> <input name="value:<%= f.name %>" value="<%= f.value %>" maxlength="4096" autocomplete="off"></label><% } %>
<button type="submit">Show these</button>
</form></details>`);

const PATH = '/ops/:tenantId/pass-types/:passType/preview';
const params = z.object({ tenantId, passType: z.string().max(80) });
const VALUE = 'value:';

/** What the page was asked for; `values` are texts of a form, by field. */
interface Wanted {
  customer?: string | undefined;
  language?: string | undefined;
  pass?: string | undefined;
  values?: Readonly<Record<string, string>>;
}

/** A customer with the values of a form, read as those of a request are; a value that does not fit is reported and left as it was. */
function withValues(design: PassTypeDesign, customer: SampleCustomer, values: Readonly<Record<string, string>>) {
  const data: SampleCustomer['data'] = { ...customer.data };
  const given = Object.entries(values).filter(([name]) => design.fields.some((field) => field.apiFieldName === name));
  for (const [name] of given.filter(([, text]) => text.trim() === '')) delete data[name];
  const filled = Object.fromEntries(given.filter(([, text]) => text.trim() !== ''));
  const read = coerceFields(design.fields, filled, { mode: 'update', base: '', escaped: false });
  const remarks = [...read.problems, ...read.warnings].map(({ message }) => message);
  // The form says all values, those of an offer among them.
  const { atGoogle: _, ...rest } = customer;
  return { customer: { ...rest, data: { ...data, ...read.values } }, remarks };
}

/**
 * `/ops/{tenantId}/pass-types/{name}/preview`: the current version of a design as wallets show it, for a sample customer,
 * (with Customer.Read) for the data of one pass, or for values of a form, which are posted: addresses are logged and kept.
 */
export const designPreviewRoutes = (deps: ApiDeps): Route[] => {
  const sessions = createOperatorSessions(deps);

  async function show(ctx: Koa.Context, session: OperatorSession, passType: string, wanted: Wanted): Promise<void> {
    const { tenantId: id, settings } = session.tenant;
    const sql = deps.database.tenant(id);
    const version = await findPassType(sql, passType);
    if (!version) throw new ApiError('not-found', 'No such pass type.');
    const { design, images } = version;

    const samples = sampleCustomers(design);
    let customer = samples.find(({ name }) => name === wanted.customer) ?? samples[0]!;
    const sample = customer.name;
    if (wanted.pass !== undefined) {
      if (!mays(session, 'Customer.Read')) {
        throw new ApiError('missing-scope', 'The data of a pass needs a key with Customer.Read.');
      }
      const pass = await findPassView(sql, wanted.pass);
      if (!pass) throw new ApiError('not-found', 'No such pass.');
      customer = sampleOfPass(pass, version.passTypeId);
    }
    const own = wanted.values ? withValues(design, customer, wanted.values) : { customer, remarks: [] };
    const languages = languagesOf(design, settings.language);
    const language = languages.find((tag) => tag === wanted.language) ?? languages[0]!;
    const imageUrl = (name: string): string | undefined =>
      Object.hasOwn(images, name) ? `/assets/${id}/${images[name]!}.png` : undefined;
    const source = {
      design,
      imageUrl,
      now: new Date(deps.now()),
      publicUrl: deps.publicUrl,
      timeZone: settings.timeZone,
      ownLanguage: settings.language,
    };
    sendPage(
      ctx,
      deps,
      previewPage({
        heading: `Preview of ${design.name}`,
        brand: `${session.frame.tenantName} · Operations`,
        home: `/ops/${id}`,
        menu: navigation({ tenantId: id, here: 'none' }),
        chooser: chooser({
          name: design.name,
          options: [
            { label: 'Customer', name: 'customer', values: samples.map(({ name }) => name), chosen: sample },
            { label: 'Language', name: 'language', values: languages, chosen: language },
          ],
          csrf: session.csrf,
          fields: design.fields.map(({ apiFieldName: name }) => ({
            name,
            value: wanted.values?.[name] ?? String(own.customer.data[name] ?? ''),
          })),
          remarks: own.remarks,
          isOpen: wanted.values !== undefined,
        }),
        sheets: previewDesign(source, [own.customer], [language]),
      }),
    );
  }

  return [
    openRoute({
      method: 'GET',
      path: PATH,
      summary: 'A design as wallets show it',
      hidden: true,
      readers: 'operator',
      params,
      query: z.looseObject({
        customer: z.string().max(100).optional(),
        language: z.string().max(35).optional(),
        pass: z.string().max(255).optional(),
      }),
      answers: { 200: { description: 'The page' } },
      async handler(ctx, { params: { tenantId: id, passType }, query }) {
        const session = await sessions.current(ctx, id);
        if (!session) return askToSignIn(ctx, deps, id);
        await show(ctx, session, passType, query);
      },
    }),
    openRoute({
      method: 'POST',
      path: PATH,
      summary: 'A design with values of a form',
      hidden: true,
      readers: 'operator',
      params,
      query: z.looseObject({}),
      answers: { 200: { description: 'The page' } },
      async handler(ctx, { params: { tenantId: id, passType } }) {
        const session = await sessions.current(ctx, id);
        if (!session) return askToSignIn(ctx, deps, id);
        const form = await readForm(ctx);
        if (!isOwnForm(ctx, session.csrf, form['csrf'] ?? null)) {
          throw new ApiError('conflict', 'The form does not belong to this session.');
        }
        const values = Object.fromEntries(
          Object.entries(form).flatMap(([name, text]) =>
            name.startsWith(VALUE) ? [[name.slice(VALUE.length), text] as const] : [],
          ),
        );
        await show(ctx, session, passType, { customer: form['customer'], language: form['language'], values });
      },
    }),
  ];
};
