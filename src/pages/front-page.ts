import { page, template, type Page } from './html.js';

/** What the demo has, which nobody else's front page may show. */
export interface DemoEntry {
  tenantId: string;
  serialNumber: string;
}

const body = template<{ demo: DemoEntry | null }>(`
<h1>Passrelay runs here</h1>
<p>It carries wallet passes between a brand's Klaviyo account and the phones of its customers.</p>
<h2>You are looking for your card</h2>
<p>Open the link in the message that you were sent. This page does not lead to it.</p>
<h2>You operate this installation</h2>
<% if (it.demo) { %>
<ul>
<li><a href="/p/<%= it.demo.serialNumber %>">The pass of the demo</a>, as its customer sees it</li>
<li><a href="/ops/<%= it.demo.tenantId %>">The operator's page of the demo</a>. The terminal shows the key to sign in with</li>
<li><a href="/readyz">Health</a> of the database, Temporal and the certificates</li>
</ul>
<% } else { %>
<ul>
<li>Your page is <code>/ops/</code> and the tenant's name: <code>/ops/kestrel</code>, say. Sign in with an API key</li>
<li><a href="/readyz">Health</a> of the database, Temporal and the certificates</li>
</ul>
<% } %>
<h2>You connect a program</h2>
<ul>
<li><a href="/docs">All calls</a>, and the same as <a href="/openapi.json">OpenAPI</a></li>
<li><a href="/problems">All problems</a>: what each error means and what to do</li>
</ul>
`);

/** The page at the root of the API: what runs here and where to go on. It names no tenant but the demo's. */
export const frontPage = (demo: DemoEntry | null): Page =>
  page({ language: 'en', title: 'Passrelay', brand: 'Passrelay', width: 'narrow', body: body({ demo }) });
