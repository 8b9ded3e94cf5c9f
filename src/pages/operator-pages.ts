import { page, template, type Page } from './html.js';
import { endpointsBox, type EndpointLine } from './operator-endpoints.js';

/** What every page of the operator carries. */
export interface OperatorFrame {
  tenantId: string;
  tenantName: string;
  csrf: string;
}

const frameOf = (frame: OperatorFrame, title: string, body: string): Page =>
  page({
    language: 'en',
    title: `${title} · ${frame.tenantName}`,
    brand: `${frame.tenantName} · Operations`,
    home: `/ops/${frame.tenantId}`,
    width: 'wide',
    body,
  });

const signIn = template<{ tenantId: string; fault: string | null }>(`
<div class="panel">
<h1>Operations</h1>
<p>Sign in with an API key of this tenant that has the scope Operation.Read.</p>
<% if (it.fault) { %><div class="banner bad" role="alert"><p><%= it.fault %></p></div><% } %>
<form class="main" method="post" action="/ops/<%= it.tenantId %>/sign-in">
<div class="field"><label for="key">API key</label><input id="key" name="key" type="password" autocomplete="current-password" required></div>
<button type="submit">Sign in</button>
</form>
</div>`);

/** The door: says nothing of the tenant, not even whether it exists. */
export const signInPage = (tenantId: string, fault: string | null): Page =>
  page({
    language: 'en',
    title: 'Sign in · Operations',
    brand: 'Operations',
    width: 'narrow',
    body: signIn({ tenantId, fault }),
  });

const problem = template<{ title: string; text: string; code: string }>(`
<div class="panel">
<h1><%= it.title %></h1>
<% if (it.text) { %><p><%= it.text %></p><% } %>
<p class="code-note">Code <strong><%= it.code %></strong></p>
</div>`);

/** What went wrong with an operator's request; its words are those of the API. */
export const operatorProblemPage = (view: { title: string; text: string; code: string }): Page =>
  page({
    language: 'en',
    title: `${view.title} · Operations`,
    brand: 'Operations',
    width: 'narrow',
    body: problem(view),
  });

const searchForm = template<{ tenantId: string; csrf: string }>(`
<form class="search" method="post" action="/ops/<%= it.tenantId %>/search" role="search">
<input type="hidden" name="csrf" value="<%= it.csrf %>">
<input type="search" name="term" aria-label="E-mail, phone, serial number or correlation id" placeholder="E-mail, phone, serial number or correlation id" required>
<button type="submit">Find</button>
</form>`);

export interface OperationLine {
  correlationId: string;
  kind: string;
  status: string;
  tone: Tone;
  outcome: string | null;
  acceptedAt: string;
  changed: string;
}
export type Tone = 'good' | 'bad' | 'note' | '';

const operationTable = template<{ tenantId: string; lines: OperationLine[] }>(`
<% if (it.lines.length === 0) { %><p class="soft">None yet.</p><% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Operations"><table>
<thead><tr><th scope="col">Accepted (UTC)</th><th scope="col">Request</th><th scope="col">Status</th><th scope="col">Outcome</th><th scope="col">Changed</th></tr></thead>
<tbody><% for (const o of it.lines) { %><tr><td><time datetime="<%= o.acceptedAt %>"><%= o.acceptedAt.slice(0, 19).replace('T', ' ') %></time></td><td><a href="/ops/<%= it.tenantId %>/operations/<%= o.correlationId %>"><%= o.kind %></a></td><td><span class="tag <%= o.tone %>"><%= o.status %></span></td><td><%= o.outcome ?? '' %></td><td><%= o.changed %></td></tr><% } %></tbody>
</table></div><% } %>`);

export interface CustomerLine {
  customerId: string;
  email: string;
  phone: string;
  name: string;
}

const home = template<{
  f: OperatorFrame;
  search: string;
  found: CustomerLine[] | null;
  table: string;
  endpoints: string;
}>(`
<h1>Operations</h1>
<%~ it.search %>
<% if (it.found) { %><section class="box found"><h2>Found</h2><% if (it.found.length === 0) { %><p>Nobody and nothing has this identifier. E-mail addresses and phone numbers must match as a whole.</p><% } else { %><ul><% for (const c of it.found) { %><li><a href="/ops/<%= it.f.tenantId %>/customers/<%= c.customerId %>"><%= [c.name, c.email, c.phone].filter(Boolean).join(' · ') || c.customerId %></a></li><% } %></ul><% } %></section><% } %>
<%~ it.endpoints %>
<section class="box"><h2>Latest requests</h2><%~ it.table %></section>
<form method="post" action="/ops/<%= it.f.tenantId %>/sign-out"><input type="hidden" name="csrf" value="<%= it.f.csrf %>"><p><button class="quiet" type="submit">Sign out</button></p></form>`);

/** Search and what happened last. */
export function operatorHomePage(view: {
  frame: OperatorFrame;
  found: CustomerLine[] | null;
  operations: OperationLine[];
  /** Those of the merchant that are in trouble. */
  endpoints: EndpointLine[];
}): Page {
  const { frame, found } = view;
  const search = searchForm(frame);
  const table = operationTable({ tenantId: frame.tenantId, lines: view.operations });
  const endpoints = endpointsBox(frame, view.endpoints);
  return frameOf(frame, 'Operations', home({ f: frame, search, found, table, endpoints }));
}

export interface DeviceView {
  platform: string;
  deviceId: string;
  since: string;
  listedAt: string | null;
  fetchedAt: string | null;
  fetchedRevision: number | null;
  note: string;
  tone: Tone;
}
export interface OperatorPassView {
  passId: string;
  /** Cut short for readers who may not see the page that it opens. */
  serialNumber: string;
  url: string | null;
  type: string;
  state: string;
  tone: Tone;
  revision: number;
  modifiedAt: string;
  devices: DeviceView[];
  canVoid: boolean;
}

const passBox = template<{ f: OperatorFrame; p: OperatorPassView }>(`
<section class="box">
<h2><%= it.p.type %> <span class="tag <%= it.p.tone %>"><%= it.p.state %></span></h2>
<dl class="facts"><dt>Serial</dt><dd class="mono"><% if (it.p.url) { %><a href="<%= it.p.url %>"><%= it.p.serialNumber %></a><% } else { %><%= it.p.serialNumber %><% } %></dd><dt>Revision</dt><dd><%= it.p.revision %>, <time><%= it.p.modifiedAt %></time></dd></dl>
<% if (it.p.devices.length === 0) { %><p class="soft">On no phone: nothing can be pushed. The customer has to add it first.</p><% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Devices of <%= it.p.serialNumber %>"><table><thead><tr><th scope="col">Device</th><th scope="col">Since</th><th scope="col">Listed</th><th scope="col">Fetched</th><th scope="col">Has</th></tr></thead><tbody>
<% for (const d of it.p.devices) { %><tr><td><%= d.platform %> <span class="mono"><%= d.deviceId %></span></td><td><%= d.since %></td><td><%= d.listedAt ?? '–' %></td><td><%= d.fetchedAt ?? '–' %></td><td><span class="tag <%= d.tone %>"><%= d.note %></span></td></tr><% } %>
</tbody></table></div><% } %>
<% if (it.p.canVoid) { %><form class="bar" method="post" action="/ops/<%= it.f.tenantId %>/passes/<%= it.p.passId %>/void"><input type="hidden" name="csrf" value="<%= it.f.csrf %>"><p><button class="danger" type="submit">Void this pass</button></p></form><% } %>
</section>`);

export interface TimelineEntry {
  at: string;
  what: string;
  detail: string[];
  tone: Tone;
}

export interface HistoryEntry {
  line: OperationLine;
  answer: string | null;
  timeline: TimelineEntry[];
}

const timeline = template<{ timeline: TimelineEntry[] }>(`
<ol class="timeline"><% for (const e of it.timeline) { %><li class="<%= e.tone %>"><time datetime="<%= e.at %>"><%= e.at.slice(0, 23).replace('T', ' ') %></time><p><strong><%= e.what %></strong></p><% for (const line of e.detail) { %><p class="soft small"><%= line %></p><% } %></li><% } %></ol>`);

const history = template<{ tenantId: string; entries: (HistoryEntry & { list: string })[] }>(`
<% if (it.entries.length === 0) { %><p class="soft">No request about this person yet.</p><% } %>
<% it.entries.forEach((h, i) => { %>
<details class="request"<% if (i < 2) { %> open<% } %>><summary><span><%= h.line.kind %></span> <span class="tag <%= h.line.tone %>"><%= h.line.outcome ?? h.line.status %></span> <time class="soft small" datetime="<%= h.line.acceptedAt %>"><%= h.line.acceptedAt.slice(0, 19).replace('T', ' ') %></time></summary>
<% if (h.answer) { %><p class="answer"><%= h.answer %></p><% } %>
<p class="small"><a href="/ops/<%= it.tenantId %>/operations/<%= h.line.correlationId %>">This request: <%= h.line.kind %> <%= h.line.correlationId.slice(0, 8) %></a></p>
<%~ h.list %>
</details>
<% }) %>`);

const customer = template<{
  heading: string;
  facts: [string, string][];
  search: string;
  passes: string;
  history: string;
}>(`
<h1><%= it.heading %></h1>
<%~ it.search %>
<div class="grid two">
<section class="box"><h2>Customer</h2><dl class="facts"><% for (const [name, value] of it.facts) { %><dt><%= name %></dt><dd><%= value %></dd><% } %></dl></section>
<div class="grid"><%~ it.passes %><section class="box"><h2>What happened</h2><%~ it.history %></section></div>
</div>`);

/** One customer: passes, where they are, and every request about them. */
export function operatorCustomerPage(view: {
  frame: OperatorFrame;
  heading: string;
  facts: [string, string][];
  passes: OperatorPassView[];
  /** Newest first. */
  history: HistoryEntry[];
}): Page {
  const { frame } = view;
  const passes = view.passes.map((p) => passBox({ f: frame, p })).join('');
  const entries = view.history.map((entry) => ({ ...entry, list: timeline(entry) }));
  const told = history({ tenantId: frame.tenantId, entries });
  const body = customer({ heading: view.heading, facts: view.facts, search: searchForm(frame), passes, history: told });
  return frameOf(frame, 'Customer', body);
}

const operation = template<{
  f: OperatorFrame;
  v: OperationPageView;
  search: string;
  pass: string;
  timeline: string;
}>(`
<h1><%= it.v.kind %> <span class="tag <%= it.v.tone %>"><%= it.v.status %></span></h1>
<%~ it.search %>
<% if (it.v.answer) { %><div class="banner <%= it.v.tone === 'note' ? '' : it.v.tone %>"><p><%= it.v.answer %></p></div><% } %>
<div class="grid two">
<section class="box"><h2>Request</h2>
<dl class="facts"><% for (const [name, value] of it.v.facts) { %><dt><%= name %></dt><dd class="mono"><%= value %></dd><% } %></dl>
<p class="bar"><% if (it.v.customerId) { %><a class="button quiet" href="/ops/<%= it.f.tenantId %>/customers/<%= it.v.customerId %>">Customer</a><% } %><% if (it.v.temporalUrl) { %> <a class="button quiet" href="<%= it.v.temporalUrl %>" rel="noreferrer">Temporal</a><% } %></p>
<% if (it.v.canRetry) { %><form method="post" action="/ops/<%= it.f.tenantId %>/operations/<%= it.v.correlationId %>/retry"><input type="hidden" name="csrf" value="<%= it.f.csrf %>"><p class="bar"><button type="submit">Retry</button></p></form><% } %>
</section>
<div class="grid">
<section class="box"><h2>What happened</h2>
<%~ it.timeline %>
</section>
<% if (it.v.deliveries.length > 0) { %><section class="box"><h2>Deliveries to the merchant</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Deliveries"><table><thead><tr><th scope="col">Event</th><th scope="col">To</th><th scope="col">Status</th><th scope="col">Attempts</th><th scope="col">Last answer</th><th scope="col">Action</th></tr></thead><tbody>
<% for (const d of it.v.deliveries) { %><tr><td><%= d.type %></td><td class="mono"><%= d.url %></td><td><span class="tag <%= d.tone %>"><%= d.status %></span></td><td><%= d.attempts %></td><td><%= d.lastAnswer %><% if (d.endpointOff) { %> <span class="tag bad">endpoint switched off</span><% } %></td><td><% if (d.canRedeliver) { %><form method="post" action="/ops/<%= it.f.tenantId %>/deliveries/<%= d.deliveryId %>/redeliver"><input type="hidden" name="csrf" value="<%= it.f.csrf %>"><input type="hidden" name="operation" value="<%= it.v.correlationId %>"><button class="quiet" type="submit">Redeliver</button></form><% } %></td></tr><% } %>
</tbody></table></div></section><% } %>
<%~ it.pass %>
</div>
</div>`);

export interface OperationPageView {
  frame: OperatorFrame;
  correlationId: string;
  kind: string;
  status: string;
  tone: Tone;
  /** Why this phone did or did not change, in one sentence. */
  answer: string | null;
  facts: [string, string][];
  customerId: string | null;
  temporalUrl: string | null;
  canRetry: boolean;
  timeline: TimelineEntry[];
  deliveries: {
    deliveryId: string;
    type: string;
    url: string;
    status: string;
    tone: Tone;
    attempts: number;
    lastAnswer: string;
    endpointOff: boolean;
    canRedeliver: boolean;
  }[];
  pass: OperatorPassView | null;
}

/** One request with all it caused, on one screen. */
export function operationPage(view: OperationPageView): Page {
  const pass = view.pass ? passBox({ f: view.frame, p: view.pass }) : '';
  const search = searchForm(view.frame);
  return frameOf(view.frame, view.kind, operation({ f: view.frame, v: view, search, pass, timeline: timeline(view) }));
}
