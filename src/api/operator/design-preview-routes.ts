import { z } from 'zod';
import { findPassView } from '../../database/passes/pass-view.js';
import { findPassType } from '../../database/tenants/pass-types.js';
import { signInPage } from '../../pages/operator-pages.js';
import { template } from '../../pages/html.js';
import { sampleCustomers } from '../../passes/sample-customers.js';
import { languagesOf, previewDesign } from '../../previews/design-preview.js';
import { previewPage } from '../../previews/preview-page.js';
import { sendPage } from '../page-response.js';
import { tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { createOperatorSessions } from './operator-session.js';
import { mays } from './operator-rights.js';

const chooser = template<{
  name: string;
  options: { label: string; name: string; values: string[]; chosen: string }[];
}>(`
<form class="choose" method="get" role="search" aria-label="What to show">
<% for (const o of it.options) { %>
<label><%= o.label %> <select name="<%= o.name %>">
<% for (const value of o.values) { %><option<% if (value === o.chosen) { %> selected<% } %>><%= value %></option><% } %>
</select></label>
<% } %>
<button type="submit">Show</button>
</form>`);

/**
 * `/ops/{tenantId}/pass-types/{name}/preview`: the current version of a design as wallets show it, for a sample customer
 * or (with Customer.Read) for the data of one pass.
 */
export const designPreviewRoutes = (deps: ApiDeps): Route[] => {
  const sessions = createOperatorSessions(deps);
  return [
    openRoute({
      method: 'GET',
      path: '/ops/:tenantId/pass-types/:passType/preview',
      summary: 'A design as wallets show it',
      hidden: true,
      readers: 'operator',
      params: z.object({ tenantId, passType: z.string().max(80) }),
      query: z.looseObject({
        customer: z.string().max(100).optional(),
        language: z.string().max(35).optional(),
        pass: z.string().max(255).optional(),
      }),
      answers: { 200: { description: 'The page' } },
      async handler(ctx, { params, query }) {
        const session = await sessions.current(ctx, params.tenantId);
        if (!session) return sendPage(ctx, deps, signInPage(params.tenantId, null), 401);
        const sql = deps.database.tenant(params.tenantId);
        const version = await findPassType(sql, params.passType);
        if (!version) throw new ApiError('not-found', 'No such pass type.');
        const { design, images } = version;

        const samples = sampleCustomers(design);
        let customer = samples.find(({ name }) => name === query.customer) ?? samples[0]!;
        if (query.pass !== undefined) {
          if (!mays(session, 'Customer.Read')) {
            throw new ApiError('missing-scope', 'The data of a pass needs a key with Customer.Read.');
          }
          const pass = await findPassView(sql, query.pass);
          if (!pass) throw new ApiError('not-found', 'No such pass.');
          customer = { name: `pass ${pass.serial_number}`, data: pass.data };
        }
        const languages = languagesOf(design, session.tenant.settings.language);
        const language = languages.find((tag) => tag === query.language) ?? languages[0]!;
        const imageUrl = (name: string): string | undefined =>
          Object.hasOwn(images, name) ? `/assets/${params.tenantId}/${images[name]!}.png` : undefined;
        const { timeZone, language: ownLanguage } = session.tenant.settings;
        const source = {
          design,
          imageUrl,
          now: new Date(deps.now()),
          publicUrl: deps.publicUrl,
          timeZone,
          ownLanguage,
        };
        sendPage(
          ctx,
          deps,
          previewPage({
            heading: `Preview of ${design.name}`,
            brand: `${session.frame.tenantName} · Operations`,
            home: `/ops/${params.tenantId}`,
            chooser: chooser({
              name: design.name,
              options: [
                {
                  label: 'Customer',
                  name: 'customer',
                  values: samples.map(({ name }) => name),
                  chosen: customer.name,
                },
                { label: 'Language', name: 'language', values: languages, chosen: language },
              ],
            }),
            sheets: previewDesign(source, [customer], [language]),
          }),
        );
      },
    }),
  ];
};
