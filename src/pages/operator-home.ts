import { showTime } from './clock.js';
import { marksOf, type FormFault, type FormMarks, type RefusedForm } from './form-faults.js';
import { template, type Page } from './html.js';
import { endpointsBox, type EndpointLine } from './operator-endpoints.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';
import { searchForm } from './operator-pages.js';

/** One thing that is wrong now, with what to do about it. */
export interface TroubleLine {
  tone: 'bad' | 'note';
  what: string;
  cure: string;
}

const trouble = template<{ lines: readonly TroubleLine[] }>(`
<% if (it.lines.length > 0) { %><section class="box trouble" aria-labelledby="trouble"><h2 id="trouble">Wrong now</h2>
<% for (const line of it.lines) { %><div class="banner <%= line.tone === 'bad' ? 'bad' : '' %>"><p>
<strong><%= line.what[0].toUpperCase() + line.what.slice(1) %></strong></p><p class="small"><%= line.cure %></p></div>
<% } %>
</section><% } else { %><p class="banner good">Nothing is wrong now: nothing waits for a worker, and certificates, keys and endpoints are in order.</p><% } %>`);

/** What is under way, in sentences; null where nothing waits for its turn. */
export interface BacklogView {
  waiting: string;
  rate: string | null;
  end: string | null;
  /** What Google's pace still holds, after the phones. */
  google: string | null;
}

const backlog = template<{ b: BacklogView }>(`
<section class="box" aria-labelledby="backlog"><h2 id="backlog">Under way</h2>
<p><%= it.b.waiting %></p>
<% if (it.b.rate) { %><p><%= it.b.rate %></p><% } %>
<% if (it.b.end) { %><p><strong><%= it.b.end %></strong></p><% } %>
<% if (it.b.google) { %><p><%= it.b.google %></p><% } %>
</section>`);

export interface OperationLine {
  correlationId: string;
  kind: string;
  status: string;
  tone: Tone;
  outcome: string | null;
  acceptedAt: Date;
  changed: string;
  /** Why it waits, failed or did nothing. */
  reason: string | null;
  test: boolean;
}

const table = template<{ f: OperatorFrame; lines: (OperationLine & { time: string })[] }>(`
<% if (it.lines.length === 0) { %><p class="soft">None.</p><% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Requests"><table class="rows">
<thead><tr><th scope="col">Accepted</th><th scope="col">Request</th><th scope="col">Status</th>
<th scope="col">Outcome</th><th scope="col">Changed</th></tr></thead>
<tbody>
<% for (const o of it.lines) { %>
<tr>
<td data-label="Accepted"><%~ o.time %></td>
<td data-label="Request">
<a href="/ops/<%= it.f.tenantId %>/operations/<%= o.correlationId %>"><%= o.kind %></a><% if (o.test) { %>
 <span class="tag">test</span><% } %></td>
<td data-label="Status"><span class="tag <%= o.tone %>"><%= o.status %></span></td>
<td data-label="Outcome"><%= o.outcome ?? '' %><% if (o.reason) { %><span class="reason"><%= o.reason %></span><% } %></td>
<td data-label="Changed"><%= o.changed %></td>
</tr>
<% } %>
</tbody></table></div><% } %>`);

export const operationTable = (frame: OperatorFrame, lines: readonly OperationLine[]): string =>
  table({ f: frame, lines: lines.map((line) => ({ ...line, time: showTime(frame.clock, line.acceptedAt) })) });

export interface FilterView {
  /** Name of the query parameter, with its choices and what is chosen. */
  choices: { name: string; label: string; options: readonly string[]; chosen: string }[];
  /** As they were written. */
  from: string;
  to: string;
  active: boolean;
  faults: readonly FormFault[];
}

const filters = template<{ f: OperatorFrame; v: FilterView; m: FormMarks }>(`
<%~ it.m.summary %>
<form class="filters" method="get" action="/ops/<%= it.f.tenantId %>" aria-label="Filter requests">
<% for (const c of it.v.choices) { %>
<div class="one"><label><span><%= c.label %></span><select<%~ it.m.mark(c.name) %> name="<%= c.name %>"><option value="">any</option>
<% for (const o of c.options) { %><option<% if (o === c.chosen) { %> selected<% } %>><%= o %></option>
<% } %></select></label><%~ it.m.said(c.name) %></div>
<% } %>
<% for (const [name, label, value] of [['from', 'From', it.v.from], ['to', 'Until', it.v.to]]) { %>
<div class="one"><label><span><%= label %> (UTC)</span><input type="text"<%~ it.m.mark(name) %> name="<%= name %>" size="16" placeholder="2026-01-31 14:00" autocomplete="off" value="<%= value %>">
</label><%~ it.m.said(name) %></div>
<% } %>
<button class="quiet" type="submit">Filter</button>
<% if (it.v.active) { %><a class="button quiet" href="/ops/<%= it.f.tenantId %>">All</a><% } %>
</form>`);

export interface CustomerLine {
  customerId: string;
  email: string;
  phone: string;
  name: string;
}

export interface HomeView {
  frame: OperatorFrame;
  trouble: readonly TroubleLine[];
  backlog: BacklogView | null;
  found: CustomerLine[] | null;
  /** What was looked for, and why it could not be. */
  search: RefusedForm;
  filter: FilterView;
  /** Null: the filter cannot be read, and shows nothing. */
  operations: OperationLine[] | null;
  /** Addresses of the newer first page and of the next older one. */
  newestUrl: string | null;
  olderUrl: string | null;
  /** Fields of a form that retries what the filter shows; null where nothing of it can be retried or the key may not. */
  retry: Record<string, string> | null;
  endpoints: EndpointLine[];
}

const home = template<{
  v: HomeView;
  search: string;
  trouble: string;
  backlog: string;
  filters: string;
  table: string;
  endpoints: string;
}>(`
<h1>Operations</h1>
<%~ it.search %>
<% if (it.v.found) { %><section class="box found"><h2>Found</h2>
<% if (it.v.found.length === 0) { %>
<p>Nobody and nothing has this identifier. E-mail addresses and phone numbers must match as a whole.</p>
<% } else { %><ul><% for (const c of it.v.found) { %><li>
<a href="/ops/<%= it.v.frame.tenantId %>/customers/<%= c.customerId %>"><%= [c.name, c.email, c.phone].filter(Boolean).join(' · ') || c.customerId %>
</a></li><% } %></ul><% } %></section><% } %>
<%~ it.trouble %>
<%~ it.backlog %>
<%~ it.endpoints %>
<section class="box"><h2><%= it.v.filter.active ? 'Requests that match' : 'Latest requests' %></h2>
<%~ it.filters %>
<%~ it.table %>
<p class="bar">
<% if (it.v.newestUrl) { %><a class="button quiet" href="<%= it.v.newestUrl %>">Newest</a><% } %>
<% if (it.v.olderUrl) { %><a class="button quiet" href="<%= it.v.olderUrl %>" rel="next">Older</a><% } %>
</p>
<% if (it.v.retry) { %><form class="bar" method="post" action="/ops/<%= it.v.frame.tenantId %>/retry">
<input type="hidden" name="csrf" value="<%= it.v.frame.csrf %>"><% for (const [name, value] of Object.entries(it.v.retry)) { %>
<input type="hidden" name="<%= name %>" value="<%= value %>"><% } %>
<button type="submit">Retry all that match</button><span class="soft small">Ten a second, as a request of its own that shows the progress. What ended well is left alone.</span>
</form><% } %>
</section>
<form method="post" action="/ops/<%= it.v.frame.tenantId %>/sign-out">
<input type="hidden" name="csrf" value="<%= it.v.frame.csrf %>"><p>
<button class="quiet" type="submit">Sign out</button></p></form>`);

/** What is wrong now, search, and what happened last. */
export function operatorHomePage(view: HomeView): Page {
  const { frame } = view;
  const body = home({
    v: view,
    search: searchForm(frame, view.search),
    trouble: trouble({ lines: view.trouble }),
    backlog: view.backlog ? backlog({ b: view.backlog }) : '',
    filters: filters({ f: frame, v: view.filter, m: marksOf('filter', view.filter.faults) }),
    table: view.operations
      ? operationTable(frame, view.operations)
      : '<p class="soft">Nothing is listed while the filter cannot be read.</p>',
    endpoints: endpointsBox(frame, view.endpoints),
  });
  return operatorPage(frame, { title: 'Operations', body, here: '' });
}
