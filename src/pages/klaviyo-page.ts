import { showTime } from './clock.js';
import { FOLLOW_SCRIPT, followNote } from './follow.js';
import { marksOf, type FormMarks, type RefusedForm } from './form-faults.js';
import { template, type Page } from './html.js';
import { COPY_SCRIPT, SNIPPET_STYLES, snippetBox, type SnippetView } from './klaviyo-snippet.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';

export interface PassTypeView {
  name: string;
  id: string;
  description: string;
  fields: { name: string; label: string; type: string; needed: string; values: string }[];
  snippets: SnippetView[];
}

export interface DeliveryLine {
  at: Date;
  correlationId: string;
  /** What it asked for, and what became of it, in the words of somebody who builds flows. */
  asked: string;
  became: string;
  tone: Tone;
  flowId: string | null;
  test: boolean;
  remarks: readonly string[];
}

/** One reason for which deliveries were refused. */
export interface RefusalLine {
  /** When it was met last, and how often. */
  at: Date;
  times: number;
  asked: string;
  refused: string;
  sentence: string;
  fate: string;
  flowId: string | null;
  test: boolean;
  /** False: no valid key came with them, so anybody may have sent them. */
  knownCaller: boolean;
}

export interface KlaviyoPageView {
  frame: OperatorFrame;
  passTypes: readonly PassTypeView[];
  canTest: boolean;
  deliveries: readonly DeliveryLine[];
  refusals: readonly RefusalLine[];
  /** A test event that was not sent: its `passType` is an id. */
  refusedTest: RefusedForm;
  writesBack: boolean;
}

/** So many are seen at once; older ones are folded away. */
const NEWEST = 5;

const deliveries = template<{ f: OperatorFrame; label: string; lines: (DeliveryLine & { time: string })[] }>(`
<div class="scroll" tabindex="0" role="region" aria-label="<%= it.label %>"><table class="rows">
<thead><tr><th scope="col">When</th><th scope="col">What the flow asked for</th><th scope="col">What became of it</th>
<th scope="col">To look at</th></tr></thead><tbody>
<% for (const d of it.lines) { %><tr>
<td data-label="When"><%~ d.time %></td>
<td data-label="Asked for">
<span><a href="/ops/<%= it.f.tenantId %>/operations/<%= d.correlationId %>"><%= d.asked %></a>
 <span class="soft small"><%= d.flowId ? 'flow ' + d.flowId : 'without a flow' %></span><% if (d.test) { %> <span class="tag">test</span><% } %>
</span></td>
<td data-label="Became"><span><span class="tag <%= d.tone %>"><%= d.became %></span></span></td>
<td data-label="To look at"><% if (d.remarks.length > 0) { %><ul><% for (const r of d.remarks) { %><li><%= r %></li>
<% } %></ul><% } else { %><span class="soft">–</span><% } %></td>
</tr><% } %></tbody></table></div>`);

const lastDeliveries = template<{ newest: string; older: string; count: number; flowless: boolean }>(`
<% if (!it.newest) { %><p class="soft">Nothing has arrived from Klaviyo yet.</p><% } else { %><%~ it.newest %>
<% if (it.flowless) { %><p class="soft small">“Without a flow”: no X-Klaviyo-Flow-Id came with it.
 A previewed webhook, a test event of this page and a server of yours send none.</p><% } %>
<% if (it.older) { %><details><summary>Older ones (<%= it.count %>)</summary><div class="inset"><%~ it.older %></div></details><% } %><% } %>`);

const refusals = template<{ label: string; lines: (RefusalLine & { time: string })[] }>(`
<div class="scroll" tabindex="0" role="region" aria-label="<%= it.label %>"><table class="rows">
<thead><tr><th scope="col">Last</th><th scope="col">Times</th><th scope="col">What the flow asked for</th>
<th scope="col">Why it was refused, and what to do</th></tr></thead><tbody>
<% for (const r of it.lines) { %><tr>
<td data-label="Last"><%~ r.time %></td>
<td data-label="Times"><%= r.times %></td>
<td data-label="Asked for">
<span><%= r.asked %><% if (r.flowId) { %> <span class="soft small">flow <%= r.flowId %></span><% } %>
<% if (r.test) { %> <span class="tag">test</span><% } %></span></td>
<td data-label="Why"><span><span class="tag bad"><%= r.refused %></span><br><%= r.sentence %> <span class="soft small"><%= r.fate %></span></span></td>
</tr><% } %></tbody></table></div>`);

const passType = template<{ f: OperatorFrame; t: PassTypeView; m: FormMarks; snippets: string; canTest: boolean }>(`
<section class="box"><h2><%= it.t.name %></h2><p class="soft"><%= it.t.description %></p>
<p class="bar"><a class="button quiet" href="/ops/<%= it.f.tenantId %>/pass-types/<%= it.t.name %>/preview">What the customer sees</a></p>
<% if (it.canTest) { %><form class="bar" method="post" action="/ops/<%= it.f.tenantId %>/klaviyo/test">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>"><input type="hidden" name="passType" value="<%= it.t.id %>">
<button type="submit"<%~ it.m.mark('passType') %>>Send a test event for <%= it.t.name %>
</button><%~ it.m.said('passType') %><span class="soft small">Makes or changes one pass that is marked as a test, and shows what happens.</span>
</form>
<% } else { %><p class="soft small">To send a test event from here, sign in with a key that has Pass.Write, too.</p>
<% } %>
<h3>What a flow sends</h3>
<%~ it.snippets %>
<details><summary>Field names of <%= it.t.name %> (<%= it.t.fields.length %>)</summary><div class="inset">
<div class="scroll" tabindex="0" role="region" aria-label="Fields of <%= it.t.name %>"><table class="rows"><thead><tr>
<th scope="col">Write this</th><th scope="col">The card says</th><th scope="col">Kind</th><th scope="col">Needed</th>
<th scope="col">Values</th></tr></thead><tbody>
<% for (const f of it.t.fields) { %><tr><td data-label="Write this"><code><%= f.name %></code></td>
<td data-label="The card says"><%= f.label %></td><td data-label="Kind"><%= f.type %></td>
<td data-label="Needed"><%= f.needed %></td><td data-label="Values"><%= f.values %></td></tr><% } %>
</tbody></table></div>
<p class="soft small">A value that does not fit is left out, and the rest is carried out. Where the field is needed, the whole request is refused instead.</p>
</div></details>
</section>`);

const body = template<{
  v: KlaviyoPageView;
  m: FormMarks;
  follow: string;
  deliveries: string;
  refused: string;
  count: string;
  strangers: string;
  strangersCount: string;
  types: string;
}>(`
<h1>Klaviyo</h1>
<%~ it.m.summary %>
<section class="box"><h2>From nothing to a card in an e-mail</h2>
<ol class="steps">
<li>In Klaviyo, make a flow and choose its trigger: a list for new members, or a metric such as Placed Order. Add the action <strong>Webhook</strong>.</li>
<li>Below, open “Issue the pass” of your card, and copy URL, each header and body into the action. Put your key for flows where the header says so.</li>
<li>In the action, choose <strong>Preview</strong>, pick your own profile and send a test. It appears under “Last deliveries” below.</li>
<li>Put the link into your e-mail: <code>{{ person|lookup:'wallet_pass_url' }}</code>. <% if (it.v.writesBack) { %>
The link is in the profile a few seconds after the pass was issued, so start the e-mail from the metric <strong>Pass Created</strong>, or wait five minutes after the webhook.<% } else { %>
<strong>Write-back is switched off for this account</strong>: ask your engineer to set settings.klaviyo.writeBack, else the profile does not get the link.<% } %>
</li>
<li>Set the flow to <strong>Live</strong>.</li>
</ol></section>
<%~ it.types %>
<section class="box"><h2>Last deliveries</h2><%~ it.follow %><div id="deliveries" data-live><%~ it.deliveries %></div></section>
<section class="box" id="refused"><h2>Refused deliveries</h2><div id="refusals" data-live>
<% if (it.refused) { %><details><summary><%= it.count %></summary><div class="inset"><%~ it.refused %></div></details>
<% } else { %><p class="soft">None of the last 30 days.</p><% } %>
<% if (it.strangers) { %><details><summary>Without a valid key: <%= it.strangersCount %></summary><div class="inset">
<p>These named your account, in the address or in X-ACCOUNT-ID. If your flow is missing above, correct its key or its address as the line says. Otherwise somebody else sent them, and they changed nothing.</p>
<%~ it.strangers %></div></details><% } %></div>
<p class="soft small">Nothing of these was carried out. Each reason is listed once, with how often it was met in the last 30 days. What the deliveries said of people is not kept: the activity log of the flow in Klaviyo shows whom each was about.</p>
</section>`);

/** "3 reasons, the last one 2 min ago" without the times of each. */
const reasons = (lines: readonly RefusalLine[]): string => {
  const times = lines.reduce((sum, { times: n }) => sum + n, 0);
  return `${lines.length} ${lines.length === 1 ? 'reason' : 'reasons'}, met ${times === 1 ? 'once' : `${times} times`}`;
};

/** Everything that somebody who builds flows needs, on one page. */
export function klaviyoPage(view: KlaviyoPageView): Page {
  const { frame } = view;
  const { values, faults } = view.refusedTest;
  const types = view.passTypes.map((t) =>
    passType({
      f: frame,
      t,
      m: marksOf(`test-${t.id}`, t.id === values['passType'] ? faults.filter(({ control }) => control !== null) : []),
      snippets: t.snippets.map(snippetBox).join(''),
      canTest: view.canTest,
    }),
  );
  const timed = <T extends { at: Date }>(lines: readonly T[]) =>
    lines.map((line) => ({ ...line, time: showTime(frame.clock, line.at) }));
  const lines = timed(view.deliveries);
  const shown = (label: string, some: typeof lines): string =>
    some.length === 0 ? '' : deliveries({ f: frame, label, lines: some });
  const [known, strangers] = [true, false].map((is) => view.refusals.filter(({ knownCaller }) => knownCaller === is));
  const refusedLines = (label: string, some: readonly RefusalLine[]): string =>
    some.length === 0 ? '' : refusals({ label, lines: timed(some) });
  return operatorPage(frame, {
    title: 'Klaviyo',
    here: '/klaviyo',
    styles: SNIPPET_STYLES,
    script: COPY_SCRIPT + FOLLOW_SCRIPT,
    body: body({
      v: view,
      m: marksOf(
        'test',
        faults.filter(({ control }) => control === null),
      ),
      follow: followNote({ what: 'What arrives appears here by itself.' }),
      deliveries: lastDeliveries({
        newest: shown('Last deliveries', lines.slice(0, NEWEST)),
        older: shown('Older deliveries', lines.slice(NEWEST)),
        count: Math.max(0, lines.length - NEWEST),
        flowless: lines.slice(0, NEWEST).some(({ flowId }) => flowId === null),
      }),
      refused: refusedLines('Refused deliveries', known!),
      count: reasons(known!),
      strangers: refusedLines('Deliveries without a valid key', strangers!),
      strangersCount: reasons(strangers!),
      types: types.join(''),
    }),
  });
}
