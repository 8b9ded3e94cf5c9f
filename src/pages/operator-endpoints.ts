import { showTime } from './clock.js';
import { template } from './html.js';
import type { OperatorFrame, Tone } from './operator-frame.js';

/** An endpoint of the merchant that does not get what it should. */
export interface EndpointLine {
  endpointId: string;
  host: string;
  state: string;
  tone: Tone;
  since: Date;
  why: string;
  canEnable: boolean;
}

const box = template<{ f: OperatorFrame; lines: readonly (EndpointLine & { time: string })[]; off: boolean }>(`
<section class="box trouble"><h2>Webhooks that do not reach the merchant</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Endpoints in trouble"><table class="rows">
<thead><tr><th scope="col">Endpoint</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Why</th><th scope="col">Action</th></tr></thead>
<tbody><% for (const e of it.lines) { %><tr><td data-label="Endpoint">
<span class="mono"><%= e.host %></span><br><span class="soft small mono"><%= e.endpointId %></span></td>
<td data-label="State"><span class="tag <%= e.tone %>"><%= e.state %></span></td>
<td data-label="Since"><%~ e.time %></td><td data-label="Why"><%= e.why %></td><td data-label="Action">
<% if (e.canEnable) { %>
<form method="post" action="/ops/<%= it.f.tenantId %>/webhook-endpoints/<%= e.endpointId %>/enable">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>"><button class="quiet" type="submit">Switch on again</button>
</form><% } %></td></tr><% } %></tbody>
</table></div>
<% if (it.off) { %>
<p class="soft small">Have the merchant fix it first. To switch one on again a key with Tenant.Admin is needed: the button, or <code>POST /api/<%= it.f.tenantId %>
/webhook-endpoints/{id}/enable</code>. Then <code>POST …/{id}/redeliver</code> sends what it did not take; what came while it was off is in the stream, <code>GET /api/<%= it.f.tenantId %>
/events</code>.</p><% } %>
</section>`);

/** The endpoints in trouble; nothing where there are none. */
export const endpointsBox = (frame: OperatorFrame, lines: readonly EndpointLine[]): string =>
  lines.length === 0
    ? ''
    : box({
        f: frame,
        lines: lines.map((line) => ({ ...line, time: showTime(frame.clock, line.since) })),
        off: lines.some(({ tone }) => tone === 'bad'),
      });
