import { template, type Page } from './html.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';

export interface DiagnosisLine {
  tone: Tone;
  what: string;
  cure: string | null;
}

export interface DiagnosisView {
  heading: string;
  answer: string;
  tone: Tone;
  lines: readonly DiagnosisLine[];
  customerId: string | null;
  passId: string;
}

const body = template<{
  f: OperatorFrame;
  v: DiagnosisView;
}>(`
<h1>Diagnosis: <%= it.v.heading %></h1>
<div class="banner <%= it.v.tone === 'note' ? '' : it.v.tone %>"><p><strong><%= it.v.answer %></strong></p></div>
<section class="box"><h2>What was looked at</h2>
<ul class="checks"><% for (const line of it.v.lines) { %><li class="<%= line.tone %>"><p>
<span class="tag <%= line.tone %>"><%= line.tone === 'good' ? 'ok' : line.tone === 'bad' ? 'wrong' : line.tone === 'note' ? 'look' : 'info' %>
</span> <%= line.what %></p><% if (line.cure) { %><p class="soft small"><%= line.cure %></p><% } %></li><% } %></ul>
<p class="bar">
<% if (it.v.customerId) { %>
<a class="button quiet" href="/ops/<%= it.f.tenantId %>/customers/<%= it.v.customerId %>">Customer and requests</a> <% } %>
<a class="button quiet" href="/ops/<%= it.f.tenantId %>/passes/<%= it.v.passId %>/messages">Messages and offers</a>
</p>
</section>`);

/** Why a pass on a phone is, or is not, what it should be. */
export const diagnosisPage = (frame: OperatorFrame, view: DiagnosisView): Page =>
  operatorPage(frame, { title: 'Diagnosis', body: body({ f: frame, v: view }) });
