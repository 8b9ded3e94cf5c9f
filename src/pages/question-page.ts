import { template, type Page } from './html.js';
import { operatorPage, type OperatorFrame } from './operator-frame.js';

/** What is asked before something is taken away. */
export interface Question {
  title: string;
  /** What happens to whom, and whether and how it can be undone. */
  says: readonly string[];
  /** What the button says that does it. */
  does: string;
  /** Where whoever says no goes: an address behind the tenant's. */
  back: string;
  here?: string;
}

const question = template<{ f: OperatorFrame; q: Question; action: string }>(`
<div class="panel">
<h1><%= it.q.title %></h1>
<% for (const sentence of it.q.says) { %><p><%= sentence %></p><% } %>
<form method="post" action="<%= it.action %>">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>"><input type="hidden" name="confirmed" value="yes">
<p class="bar"><button class="danger" type="submit"><%= it.q.does %></button>
<a class="button quiet" href="/ops/<%= it.f.tenantId %><%= it.q.back %>">No, go back</a></p>
</form>
</div>`);

/** Asks before something is taken away; its form posts to `action` and says that somebody has agreed. */
export const questionPage = (frame: OperatorFrame, action: string, q: Question): Page =>
  operatorPage(frame, { title: q.title, body: question({ f: frame, q, action }), here: q.here ?? 'none' });
