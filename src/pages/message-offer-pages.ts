import { showTime } from './clock.js';
import { template, type Page } from './html.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';

/** A button beside a line: the address behind the tenant's of the page that asks first, and what it says. */
export interface LineAction {
  path: string;
  label: string;
}

export interface MessageLine {
  messageId: string;
  passId: string | null;
  /** Who holds the pass, as far as the reader may see it. */
  whom: string | null;
  text: string;
  state: string;
  tone: Tone;
  /** Why it waits, was held back or failed. */
  why: string | null;
  test: boolean;
  askedAt: Date;
  sentAt: Date | null;
  receivedAt: Date | null;
  until: Date | null;
  action: LineAction | null;
}

export interface OfferLine {
  offerId: string;
  passId: string;
  whom: string | null;
  covers: string;
  state: string;
  tone: Tone;
  uses: string | null;
  from: Date;
  until: Date;
  action: LineAction | null;
}

export interface MessagesView {
  /** The pass that the page is about; null: all of the tenant. */
  passId: string | null;
  messages: readonly MessageLine[];
  offers: readonly OfferLine[];
}

interface Shown {
  f: OperatorFrame;
  v: MessagesView;
  time: (at: Date | null) => string;
}

const action = template<{ f: OperatorFrame; action: LineAction | null; of: string }>(
  `<% if (it.action) { %><span class="bar"><a class="button quiet" href="/ops/<%= it.f.tenantId %><%= it.action.path %>" aria-label="<%= it.action.label %>: <%= it.of %>"><%= it.action.label %>
</a></span><% } %>`,
);

const messages = template<Shown & { button: (line: MessageLine) => string }>(`
<section class="box"><h2>Messages</h2>
<% if (it.v.messages.length === 0) { %><p class="soft">Nobody was sent one yet.</p><% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Messages"><table class="rows">
<thead><tr><th scope="col">Asked for</th><th scope="col">Message</th><th scope="col">State</th>
<th scope="col">Sent</th><th scope="col">Fetched</th><th scope="col">Until</th><th scope="col">Now</th></tr></thead>
<tbody>
<% for (const m of it.v.messages) { %><tr>
<td data-label="Asked for"><%~ it.time(m.askedAt) %></td>
<td data-label="Message">
<a href="/ops/<%= it.f.tenantId %>/operations/<%= m.messageId %>"><%= m.text %></a><% if (m.test) { %>
 <span class="tag">test</span><% } %><% if (m.passId && !it.v.passId) { %>
 <a class="small" href="/ops/<%= it.f.tenantId %>/passes/<%= m.passId %>/messages"><%= m.whom ?? 'pass ' + m.passId.slice(0, 8) %>
</a><% } %></td>
<td data-label="State"><span><span class="tag <%= m.tone %>"><%= m.state %></span><% if (m.why) { %><span class="reason"><%= m.why %></span><% } %></span></td>
<td data-label="Sent"><%~ it.time(m.sentAt) %></td>
<td data-label="Fetched"><%~ it.time(m.receivedAt) %></td>
<td data-label="Until"><%~ it.time(m.until) %></td>
<td data-label="Now"><%~ it.button(m) %></td>
</tr><% } %></tbody></table></div>
<p class="soft small">Fetched: by an iPhone. Google tells nobody who has seen a message.</p><% } %></section>`);

const offers = template<Shown & { button: (line: OfferLine) => string }>(`
<section class="box"><h2>Offers</h2>
<% if (it.v.offers.length === 0) { %><p class="soft">No pass has had one yet.</p><% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Offers"><table class="rows">
<thead><tr><th scope="col">From</th><th scope="col">Covers</th><th scope="col">State</th><th scope="col">Until</th><th scope="col">Now</th></tr></thead><tbody>
<% for (const o of it.v.offers) { %><tr>
<td data-label="From"><%~ it.time(o.from) %></td>
<td data-label="Covers">
<a href="/ops/<%= it.f.tenantId %>/operations/<%= o.offerId %>"><%= o.covers %></a><% if (!it.v.passId) { %>
 <a class="small" href="/ops/<%= it.f.tenantId %>/passes/<%= o.passId %>/messages"><%= o.whom ?? 'pass ' + o.passId.slice(0, 8) %>
</a><% } %></td>
<td data-label="State">
<span><span class="tag <%= o.tone %>"><%= o.state %></span><% if (o.uses) { %>
<span class="reason"><%= o.uses %></span><% } %></span></td>
<td data-label="Until"><%~ it.time(o.until) %></td>
<td data-label="Now"><%~ it.button(o) %></td>
</tr><% } %></tbody></table></div><% } %></section>`);

/** The newest messages and offers, of all passes or of one: their state, why one is held back, and what can be done now. */
export function messagesPage(frame: OperatorFrame, view: MessagesView): Page {
  const shown: Shown = { f: frame, v: view, time: (at) => showTime(frame.clock, at) };
  const button = (line: { action: LineAction | null }, of: string): string =>
    action({ f: frame, action: line.action, of });
  const title = view.passId === null ? 'Messages and offers' : `Messages and offers of pass ${view.passId.slice(0, 8)}`;
  const body = [
    `<h1>${title}</h1><div class="grid">`,
    messages({ ...shown, button: (line) => button(line, line.text) }),
    offers({ ...shown, button: (line) => button(line, line.covers) }),
    '</div>',
  ].join('');
  return operatorPage(frame, { title, here: view.passId === null ? '/messages' : 'none', body });
}
