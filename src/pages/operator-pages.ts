import { showTime } from './clock.js';
import { marksOf, type FormFault, type FormMarks, type RefusedForm } from './form-faults.js';
import { page, template, type Page } from './html.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';
import type { OperationLine } from './operator-home.js';

const signIn = template<{ tenantId: string; m: FormMarks; to: string }>(`
<div class="panel">
<h1>Operations</h1>
<p>Sign in with an API key of this tenant that has the scope Operation.Read.</p>
<%~ it.m.summary %>
<form class="main" method="post" action="/ops/<%= it.tenantId %>/sign-in">
<div class="field"><label for="sign-in-key">API key</label><%~ it.m.said('key') %>
<input<%~ it.m.mark('key') %> name="key" type="password" autocomplete="current-password" required></div>
<input type="hidden" name="to" value="<%= it.to %>"><button type="submit">Sign in</button>
</form>
</div>`);

/**
 * The door: says nothing of the tenant, not even whether it exists. `to` is the page that was asked for. A key that was not taken
 * is not sent back.
 */
export const signInPage = (tenantId: string, faults: readonly FormFault[], to: string): Page =>
  page({
    language: 'en',
    title: 'Sign in · Operations',
    brand: 'Operations',
    width: 'narrow',
    body: signIn({ tenantId, m: marksOf('sign-in', faults), to }),
  });

interface ProblemView {
  title: string;
  text: string;
  code: string;
  /** Where the reader can go on; null where the address names no tenant. */
  home: string | null;
}

const problem = template<ProblemView>(`
<div class="panel">
<h1><%= it.title %></h1>
<% if (it.text) { %><p><%= it.text %></p><% } %>
<% if (it.home) { %><p><a class="button quiet" href="<%= it.home %>">To the requests</a></p><% } %>
<p class="code-note">Code <strong><%= it.code %></strong></p>
</div>`);

/** What went wrong with an operator's request; its words are those of the API. */
export const operatorProblemPage = (view: ProblemView): Page =>
  page({
    language: 'en',
    title: `${view.title} · Operations`,
    brand: 'Operations',
    width: 'narrow',
    body: problem(view),
  });

const search = template<{ f: OperatorFrame; m: FormMarks; term: string }>(`
<form class="search" method="post" action="/ops/<%= it.f.tenantId %>/search" role="search"><%~ it.m.summary %>
<input type="hidden" name="csrf" value="<%= it.f.csrf %>">
<div class="one"><input type="search"<%~ it.m.mark('term') %> name="term" aria-label="E-mail, phone, serial number or correlation id"
placeholder="E-mail, phone, serial number or correlation id" maxlength="255" required value="<%= it.term %>"><%~ it.m.said('term') %></div>
<button type="submit">Find</button>
</form>`);

/** Finds a customer, a pass or a request by what somebody names; with what was looked for before. */
export const searchForm = (
  frame: OperatorFrame,
  { values, faults }: RefusedForm = { values: {}, faults: [] },
): string => search({ f: frame, m: marksOf('search', faults), term: values['term'] ?? '' });

export interface DeviceView {
  platform: string;
  deviceId: string;
  since: Date;
  listedAt: Date | null;
  fetchedAt: Date | null;
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
  modifiedAt: Date;
  devices: DeviceView[];
  canVoid: boolean;
  canRestore: boolean;
}

const passTemplate = template<{ f: OperatorFrame; p: OperatorPassView; time: (at: Date | null) => string }>(`
<section class="box">
<h2><%= it.p.type %> <span class="tag <%= it.p.tone %>"><%= it.p.state %></span></h2>
<dl class="facts"><dt>Serial number</dt><dd class="mono"><%= it.p.serialNumber %></dd>
<dt>Revision</dt><dd><%= it.p.revision %>, changed <%~ it.time(it.p.modifiedAt) %></dd></dl>
<% if (it.p.devices.length === 0) { %><p class="soft">On no phone: nothing can be pushed. The customer has to add it first.</p><% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Devices of <%= it.p.serialNumber %>"><table class="rows">
<thead><tr><th scope="col">Device</th><th scope="col">Since</th><th scope="col">Listed</th>
<th scope="col">Fetched</th><th scope="col">Has</th></tr></thead><tbody>
<% for (const d of it.p.devices) { %><tr>
<td data-label="Device"><%= d.platform %> <span class="mono"><%= d.deviceId %></span></td>
<td data-label="Since"><%~ it.time(d.since) %></td><td data-label="Listed"><%~ it.time(d.listedAt) %></td>
<td data-label="Fetched"><%~ it.time(d.fetchedAt) %></td>
<td data-label="Has"><span class="tag <%= d.tone %>"><%= d.note %></span></td></tr><% } %>
</tbody></table></div><% } %>
<p class="bar">
<% if (it.p.url) { %><a class="button quiet" href="<%= it.p.url %>">See the card</a><% } %>
<a class="button quiet" href="/ops/<%= it.f.tenantId %>/passes/<%= it.p.passId %>/diagnosis">Diagnose this pass</a>
<a class="button quiet" href="/ops/<%= it.f.tenantId %>/passes/<%= it.p.passId %>/messages">Messages and offers</a>
</p>
<% if (it.p.canRestore) { %>
<form class="bar" method="post" action="/ops/<%= it.f.tenantId %>/passes/<%= it.p.passId %>/restore">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>">
<p><button type="submit">Restore this pass</button></p><span class="soft small">Makes it valid again, on phones as well.</span></form><% } %>
<% if (it.p.canVoid) { %>
<p class="bar"><a class="button danger" href="/ops/<%= it.f.tenantId %>/passes/<%= it.p.passId %>/void">Void this pass</a></p><% } %>
</section>`);

export const passBox = (frame: OperatorFrame, pass: OperatorPassView): string =>
  passTemplate({ f: frame, p: pass, time: (at) => showTime(frame.clock, at) });

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

export const timeline = template<{ timeline: TimelineEntry[] }>(`
<ol class="timeline"><% for (const e of it.timeline) { %><li class="<%= e.tone %>">
<time datetime="<%= e.at %>"><%= e.at.slice(0, 23).replace('T', ' ') %></time><p><strong><%= e.what %></strong></p>
<% for (const line of e.detail) { %><p class="soft small"><%= line %></p><% } %></li><% } %></ol>`);

const history = template<{ tenantId: string; entries: (HistoryEntry & { list: string; time: string })[] }>(`
<% if (it.entries.length === 0) { %><p class="soft">No request about this person yet.</p><% } %>
<% it.entries.forEach((h, i) => { %>
<details class="request"<% if (i < 2) { %> open<% } %>><summary>
<span><%= h.line.kind %></span> <span class="tag <%= h.line.tone %>"><%= h.line.outcome ?? h.line.status %>
</span> <span class="soft small"><%~ h.time %></span></summary>
<% if (h.answer) { %><p class="answer"><%= h.answer %></p><% } %>
<p class="small">
<a href="/ops/<%= it.tenantId %>/operations/<%= h.line.correlationId %>">This request: <%= h.line.kind %>
 <%= h.line.correlationId.slice(0, 8) %></a></p>
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
<section class="box"><h2>Customer</h2><dl class="facts">
<% for (const [name, value] of it.facts) { %><dt><%= name %></dt><dd><%= value %></dd><% } %></dl></section>
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
  const passes = view.passes.map((p) => passBox(frame, p)).join('');
  const entries = view.history.map((entry) => ({
    ...entry,
    list: timeline(entry),
    time: showTime(frame.clock, entry.line.acceptedAt),
  }));
  const told = history({ tenantId: frame.tenantId, entries });
  const body = customer({ heading: view.heading, facts: view.facts, search: searchForm(frame), passes, history: told });
  return operatorPage(frame, { title: 'Customer', body });
}
