import { showTime } from './clock.js';
import { CAMPAIGN_FORM_STYLES, campaignForm, type CampaignFormView } from './campaign-form.js';
import { marksOf, type FormFault, type FormMarks } from './form-faults.js';
import { template, type Page } from './html.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';

/** Seconds after which the page of a campaign under way reloads where scripts are off. */
const AGAIN_SECONDS = 2;

export interface CampaignLine {
  campaignId: string;
  name: string;
  does: string;
  state: string;
  tone: Tone;
  test: boolean;
  createdAt: Date;
}

const table = template<{ f: OperatorFrame; lines: (CampaignLine & { time: string })[] }>(`
<% if (it.lines.length === 0) { %><p class="soft">There is none yet.</p><% } else { %>
<div class="scroll" tabindex="0" role="region" aria-label="Campaigns"><table class="rows">
<thead><tr><th scope="col">Made</th><th scope="col">Campaign</th><th scope="col">Action</th><th scope="col">State</th></tr></thead><tbody>
<% for (const c of it.lines) { %><tr>
<td data-label="Made"><%~ c.time %></td>
<td data-label="Campaign">
<a href="/ops/<%= it.f.tenantId %>/campaigns/<%= c.campaignId %>"><%= c.name %></a><% if (c.test) { %>
 <span class="tag">test</span><% } %></td>
<td data-label="Action"><%= c.does %></td>
<td data-label="State"><span class="tag <%= c.tone %>"><%= c.state %></span></td>
</tr><% } %></tbody></table></div><% } %>`);

/** The campaigns of a tenant, and the form of a new one. */
export const campaignsPage = (
  frame: OperatorFrame,
  view: {
    lines: readonly CampaignLine[];
    /** Null: the reader may make none. */
    form: Omit<CampaignFormView, 'tenantId' | 'csrf' | 'timeZone'> | null;
  },
): Page => {
  const lines = view.lines.map((line) => ({ ...line, time: showTime(frame.clock, line.createdAt) }));
  const { tenantId, csrf, clock } = frame;
  const made = view.form
    ? campaignForm({ ...view.form, tenantId, csrf, timeZone: clock.timeZone })
    : '<p class="soft">Your key makes no campaigns: sign in with one that has the scope Campaign.Write.</p>';
  const list = `<section class="box"><h2>All</h2>${table({ f: frame, lines })}</section>`;
  // What was not taken comes first: below the list nobody would look for it.
  const parts = view.form?.faults.length ? made + list : list + made;
  const body = `<h1>Campaigns</h1>${parts}`;
  return operatorPage(frame, { title: 'Campaigns', here: '/campaigns', body, styles: CAMPAIGN_FORM_STYLES });
};

export interface CampaignPageView {
  line: CampaignLine;
  reason: string | null;
  /** What the page says first, in a sentence. */
  answer: string;
  facts: [name: string, value: string][];
  /** What it was made to do, for whom and when. */
  order: [name: string, value: string | Date][];
  /** Why nobody is in the audience, and what to change. */
  emptiness: string | null;
  /** What was probably not meant. */
  warnings: string[];
  progress: { done: number; of: number };
  /** How many rows did not get what they were to get, as what, and why. */
  troubles: [rows: string, what: string, why: string][];
  /** What the lock screens of some customers would say. */
  samples: { pass: string; lines: string[]; problem: string | null }[];
  /** Rows are being read or sent now. */
  moves: boolean;
  /** Nothing of it changes any more. */
  over: boolean;
  /** It waits for its file, which this reader may send: the columns that its action takes. */
  upload: { columns: string[] } | null;
  /** Why its file, or a command, was not taken. */
  faults: readonly FormFault[];
  /** What became of each row can be downloaded. */
  hasResults: boolean;
  /** What a start must be told first: how many passes it takes out of use. */
  confirmation: { value: string; label: string } | null;
  /** Commands that are possible now, with what their buttons say. */
  buttons: [command: string, label: string][];
}

const live = template<CampaignPageView>(`
<p><span class="tag <%= it.line.tone %>"><%= it.line.state %></span><% if (it.line.test) { %> <span class="tag">test</span><% } %></p>
<p><strong><%= it.answer %></strong></p><% if (it.reason) { %><p class="banner bad"><%= it.reason %></p><% } %>
<% if (it.emptiness) { %><p class="banner"><%= it.emptiness %></p><% } %>
<% if (it.progress.of > 0) { %><p>
<progress aria-label="Progress" max="<%= it.progress.of %>" value="<%= it.progress.done %>"></progress> <%= it.progress.done %>
 of <%= it.progress.of %></p><% } %>
<% for (const warning of it.warnings) { %><p class="banner"><%= warning %></p><% } %>
<dl class="facts"><% for (const [name, value] of it.facts) { %><dt><%= name %></dt><dd><%= value %></dd><% } %></dl>
<% if (it.troubles.length > 0) { %><h2>Why some did not get it</h2><ul class="checks">
<% for (const [rows, what, why] of it.troubles) { %><li><p>
<strong><%= rows %></strong> <span class="tag note"><%= what %></span></p><p class="soft small"><%= why %></p></li>
<% } %></ul><% } %>`);

/** The part of the page that moves. */
export const campaignProgress = (view: CampaignPageView): string => live(view);

/** Shows what the server sends; where no stream can be had, the page is loaded again. */
const FOLLOW = `
const box=document.getElementById('live'),source=new EventSource(box.dataset.events);
const again=()=>location.reload();
source.addEventListener('campaign',({data})=>{const next=JSON.parse(data);
if(next.state!==box.dataset.state)return again();box.innerHTML=next.html});
source.addEventListener('end',()=>{source.close();if(box.dataset.over!=='yes')again()});
source.onerror=()=>{if(source.readyState===2)setTimeout(again,5000)};
`.trim();

const one = template<{
  f: OperatorFrame;
  v: CampaignPageView;
  m: FormMarks;
  live: string;
  base: string;
  time: (at: Date) => string;
}>(`
<h1><%= it.v.line.name %></h1>
<%~ it.m.summary %>
<section class="box">
<div id="live" data-state="<%= it.v.line.state %>" data-over="<%= it.v.over ? 'yes' : 'no' %>" data-events="<%= it.base %>/events"><%~ it.live %>
</div>
<div class="bar">
<% for (const [command, label] of it.v.buttons) { %><% if (command === 'cancel') { %>
<a class="button quiet" href="<%= it.base %>/cancel"><%= label %></a><% } else { %><form method="post" action="<%= it.base %>/<%= command %>">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>"><% if (command === 'start' && it.v.confirmation) { %>
<label><input type="checkbox"<%~ it.m.mark('passes') %> name="passes" value="<%= it.v.confirmation.value %>" required> <%= it.v.confirmation.label %></label><%~ it.m.said('passes') %> <% } %>
<button type="submit"><%= label %>
</button></form><% } %><% } %></div>
<% if (it.v.hasResults) { %><p><a href="<%= it.base %>/rows">What became of each row, as CSV</a></p><% } %>
</section>
<section class="box"><h2>What it does</h2><dl class="facts">
<% for (const [name, value] of it.v.order) { %><dt><%= name %></dt><dd><% if (value instanceof Date) { %><%~ it.time(value) %><% } else { %><%= value %><% } %></dd>
<% } %></dl></section>
<% if (it.v.upload) { %><section class="box"><h2 id="file">Its file</h2>
<p class="soft">CSV in UTF-8, up to 1,000,000 rows. The first line names the columns: an identifier such as email, phone or customerId<% if (it.v.upload.columns.length > 0) { %>
, and <strong><%= it.v.upload.columns.join(', ') %></strong><% } %>.</p>
<form class="filters" method="post" enctype="multipart/form-data" action="<%= it.base %>/rows" aria-labelledby="file">
<input type="hidden" name="csrf" value="<%= it.f.csrf %>"><div class="one"><label>File <input type="file" name="file"<%~ it.m.mark('file') %> required
accept=".csv,.tsv,.txt,text/csv"></label><%~ it.m.said('file') %></div> <button type="submit">Upload, and show the dry run</button>
</form></section><% } %>
<% if (it.v.samples.length > 0) { %><section class="box"><h2>What the first of them would see</h2><ul class="checks">
<% for (const s of it.v.samples) { %><li><p class="mono"><%= s.pass %></p>
<% for (const line of s.lines) { %><p><%= line %></p>
<% } %><% if (s.problem) { %><p class="error"><%= s.problem %></p><% } %></li><% } %></ul></section><% } %>`);

/** One campaign: its dry run, its progress as it goes on, and what can be done with it now. */
export function campaignPage(frame: OperatorFrame, view: CampaignPageView): Page {
  const base = `/ops/${frame.tenantId}/campaigns/${view.line.campaignId}`;
  return operatorPage(frame, {
    title: view.line.name,
    here: '/campaigns',
    body: one({
      f: frame,
      v: view,
      m: marksOf('campaign', view.faults),
      live: live(view),
      base,
      time: (at) => showTime(frame.clock, at),
    }),
    refreshSeconds: view.moves ? AGAIN_SECONDS : null,
    ...(!view.over && { script: FOLLOW }),
  });
}
