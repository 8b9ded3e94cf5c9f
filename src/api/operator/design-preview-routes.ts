import type Koa from 'koa';
import { z } from 'zod';
import { findPassView } from '../../database/passes/pass-view.js';
import { findPassType } from '../../database/tenants/pass-types.js';
import { pointer as pointerOf } from '../../common/clean-text.js';
import { marksOf, type FormFault, type FormMarks } from '../../pages/form-faults.js';
import { template } from '../../pages/html.js';
import { navigation } from '../../pages/operator-frame.js';
import { coerceFields } from '../../passes/field-values.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { sampleCustomers, type SampleCustomer } from '../../passes/sample-customers.js';
import { languagesOf, previewDesign } from '../../previews/design-preview.js';
import { sampleOfPass } from '../../previews/sample-of-pass.js';
import { previewPage } from '../../previews/preview-page.js';
import { sendPage } from '../page-response.js';
import { ApiError } from '../problems.js';
import type { ApiDeps, Route } from '../route.js';
import { createInside, type Form } from './inside.js';
import { createOperatorSessions, type OperatorSession } from './operator-session.js';
import { mays } from './operator-rights.js';

const chooser = template<{
  name: string;
  options: { label: string; name: string; values: string[]; chosen: string }[];
  csrf: string;
  fields: { name: string; value: string }[];
  m: FormMarks;
  isOpen: boolean;
}>(`
<%~ it.m.summary %>
<form class="choose" method="get" role="search" aria-label="What to show">
<% for (const o of it.options) { %>
<div class="one"><label><%= o.label %> <select<%~ it.m.mark(o.name) %> name="<%= o.name %>">
<% for (const value of o.values) { %><option<% if (value === o.chosen) { %> selected<% } %>><%= value %></option><% } %>
</select></label><%~ it.m.said(o.name) %></div>
<% } %>
<button type="submit">Show</button>
</form>
<details class="values"<% if (it.isOpen) { %> open<% } %>><summary>Values of your own</summary>
<form class="choose" method="post" aria-label="Values of your own">
<input type="hidden" name="csrf" value="<%= it.csrf %>">
<% for (const o of it.options) { %><input type="hidden" name="<%= o.name %>" value="<%= o.chosen %>"><% } %>
<% for (const f of it.fields) { const name = 'value:' + f.name; %><div class="one"><label><%= f.name %> <input name="<%= name %>"<%~ it.m.mark(name) %> value="<%= f.value %>" maxlength="4096" autocomplete="off">
</label><%~ it.m.said(name) %></div><% } %>
<button type="submit">Show these</button>
</form></details>`);

const PATH = '/pass-types/:passType/preview';
const query = z.object({
  customer: z.string().max(100).optional(),
  language: z.string().max(35).optional(),
  pass: z.string().max(255).optional(),
});
const VALUE = 'value:';

/** What the page was asked for; `values` are texts of a form, by field. */
interface Wanted {
  customer?: string | undefined;
  language?: string | undefined;
  pass?: string | undefined;
  values?: Readonly<Record<string, string>>;
}

/** A customer with the values of a form, read as those of a request are; a value that does not fit is a fault, and left as it was. */
function withValues(design: PassTypeDesign, customer: SampleCustomer, values: Readonly<Record<string, string>>) {
  const data: SampleCustomer['data'] = { ...customer.data };
  const given = Object.entries(values).filter(([name]) => design.fields.some((field) => field.apiFieldName === name));
  for (const [name] of given.filter(([, text]) => text.trim() === '')) delete data[name];
  const filled = Object.fromEntries(given.filter(([, text]) => text.trim() !== ''));
  const read = coerceFields(design.fields, filled, { mode: 'update', base: '', escaped: false });
  const faults = [...read.problems, ...read.warnings].flatMap(({ pointer, message }): FormFault[] => {
    const found = given.find(([name]) => pointer === pointerOf(name));
    return found
      ? [{ control: `${VALUE}${found[0]}`, text: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` }]
      : [];
  });
  // The form says all values, those of an offer among them.
  const { atGoogle: _, ...rest } = customer;
  return { customer: { ...rest, data: { ...data, ...read.values } }, faults };
}

/**
 * `/ops/{tenantId}/pass-types/{name}/preview`: the current version of a design as wallets show it, for a sample customer,
 * (with Customer.Read) for the data of one pass, or for values of a form, which are posted: addresses are logged and kept.
 */
export const designPreviewRoutes = (deps: ApiDeps): Route[] => {
  const inside = createInside(deps, createOperatorSessions(deps));

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
    const own = wanted.values ? withValues(design, customer, wanted.values) : { customer, faults: [] };
    const languages = languagesOf(design, settings.language);
    const language = languages.find((tag) => tag === wanted.language) ?? languages[0]!;
    const options = [
      { label: 'Customer', name: 'customer', values: samples.map(({ name }) => name), chosen: sample },
      { label: 'Language', name: 'language', values: languages, chosen: language },
    ];
    const strange = options.flatMap(({ label, name, values }): FormFault[] => {
      const asked = wanted[name as 'customer' | 'language'];
      const text = `“${label}” does not take “${asked?.slice(0, 60)}”: choose one of the list.`;
      return asked === undefined || values.includes(asked) ? [] : [{ control: name, text }];
    });
    const faults = [...strange, ...own.faults];
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
          options,
          csrf: session.csrf,
          fields: design.fields.map(({ apiFieldName: name }) => ({
            name,
            value: wanted.values?.[name] ?? String(own.customer.data[name] ?? ''),
          })),
          m: marksOf('preview', faults, 'Not all of it can be shown.'),
          isOpen: wanted.values !== undefined,
        }),
        sheets: previewDesign(source, [own.customer], [language]),
      }),
      faults.length > 0 ? 422 : 200,
    );
  }

  return [
    inside(
      'GET',
      PATH,
      'A design as wallets show it',
      (ctx, session, { passType }) => {
        const read = query.safeParse(ctx.query);
        if (!read.success)
          throw new ApiError('invalid-parameter', 'Each of customer, language and pass may stand once.');
        return show(ctx, session, passType!, read.data);
      },
      { fields: ['customer', 'language', 'pass'] },
    ),
    inside(
      'POST',
      PATH,
      'A design with values of a form',
      (ctx, session, { passType }) => {
        const form = ctx.state['form'] as Form;
        const values = Object.fromEntries(
          Object.entries(form).flatMap(([name, text]) =>
            name.startsWith(VALUE) ? [[name.slice(VALUE.length), text] as const] : [],
          ),
        );
        return show(ctx, session, passType!, { customer: form['customer'], language: form['language'], values });
      },
      { fields: ['customer', 'language', `${VALUE}*`] },
    ),
  ];
};
