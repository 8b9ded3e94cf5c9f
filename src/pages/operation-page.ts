import { FOLLOW_AGAIN_SECONDS, FOLLOW_SCRIPT, followNote } from './follow.js';
import { template, type Page } from './html.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';
import { passBox, searchForm, timeline, type OperatorPassView, type TimelineEntry } from './operator-pages.js';

const operation = template<{
  f: OperatorFrame;
  v: OperationPageView;
  search: string;
  pass: string;
  timeline: string;
  follow: string;
}>(`
<h1 id="state" data-live><%= it.v.kind %> <span class="tag <%= it.v.tone %>"><%= it.v.status %></span></h1>
<%~ it.search %>
<% if (it.v.follows) { %><%~ it.follow %><% } %>
<div id="answer" role="status" data-live><% if (it.v.answer) { %><div class="banner <%= it.v.tone === 'note' ? '' : it.v.tone %>"><p><%= it.v.answer %></p></div><% } %></div>
<div id="rest" data-live>
<% if (it.v.progress) { %><div class="banner">
<p><%= it.v.progress.done %> of <%= it.v.progress.of %> retried.</p>
<progress max="<%= it.v.progress.of || 1 %>" value="<%= it.v.progress.done %>" aria-label="Retried"></progress></div>
<% } %>
<% if (it.v.warnings.length > 0) { %><div class="banner"><p><strong>To look at</strong></p><ul>
<% for (const warning of it.v.warnings) { %><li><%= warning %></li><% } %></ul></div><% } %>
<div class="grid two">
<section class="box"><h2>Request</h2>
<dl class="facts"><% for (const [name, value] of it.v.facts) { %><dt><%= name %></dt><dd class="mono"><%= value %></dd><% } %></dl>
<p class="bar">
<% if (it.v.customerId) { %>
<a class="button quiet" href="/ops/<%= it.f.tenantId %>/customers/<%= it.v.customerId %>">Customer</a><% } %>
<% if (it.v.temporalUrl) { %>
 <a class="button quiet" href="<%= it.v.temporalUrl %>" rel="noreferrer">Temporal</a><% } %></p>
<% if (it.v.canRetry) { %>
<form method="post" action="/ops/<%= it.f.tenantId %>/operations/<%= it.v.correlationId %>/retry">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>">
<p class="bar"><button type="submit">Retry</button></p></form><% } %>
</section>
<div class="grid">
<section class="box"><h2>What happened</h2>
<%~ it.timeline %>
</section>
<% if (it.v.deliveries.length > 0) { %><section class="box"><h2>Deliveries to the merchant</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Deliveries"><table class="rows"><thead><tr>
<th scope="col">Event</th><th scope="col">To</th><th scope="col">Status</th><th scope="col">Attempts</th>
<th scope="col">Last answer</th><th scope="col">Action</th></tr></thead><tbody>
<% for (const d of it.v.deliveries) { %><tr><td data-label="Event"><%= d.type %></td>
<td data-label="To" class="mono"><%= d.url %></td>
<td data-label="Status"><span class="tag <%= d.tone %>"><%= d.status %></span></td>
<td data-label="Attempts"><%= d.attempts %></td>
<td data-label="Last answer"><%= d.lastAnswer %>
<% if (d.endpointOff) { %> <span class="tag bad">endpoint switched off</span><% } %></td>
<td data-label="Action"><% if (d.canRedeliver) { %>
<form method="post" action="/ops/<%= it.f.tenantId %>/deliveries/<%= d.deliveryId %>/redeliver">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>">
<input type="hidden" name="operation" value="<%= it.v.correlationId %>">
<button class="quiet" type="submit">Redeliver</button></form><% } %></td></tr><% } %>
</tbody></table></div></section><% } %>
<%~ it.pass %>
</div>
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
  /** What was repaired, ignored or refused in the request; first, because nobody looks for it below. */
  warnings: string[];
  /** Of a request that retries others. */
  progress: { done: number; of: number } | null;
  facts: [string, string][];
  customerId: string | null;
  temporalUrl: string | null;
  canRetry: boolean;
  /** It is under way: the page goes on to show it. */
  follows: boolean;
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
  const pass = view.pass ? passBox(view.frame, view.pass) : '';
  const search = searchForm(view.frame);
  const follow = followNote({ what: 'What happens next appears here by itself.' });
  const body = operation({ f: view.frame, v: view, search, pass, timeline: timeline(view), follow });
  return operatorPage(view.frame, {
    title: view.kind,
    body,
    ...(view.follows && { script: FOLLOW_SCRIPT, refreshSeconds: FOLLOW_AGAIN_SECONDS }),
  });
}
