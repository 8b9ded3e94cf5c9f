import { showTime } from './clock.js';
import { template, type Page } from './html.js';
import { operatorPage, type OperatorFrame, type Tone } from './operator-frame.js';

/** Seconds after which a reader without scripts sees a campaign under way anew. */
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
<td data-label="Campaign"><a href="/ops/<%= it.f.tenantId %>/campaigns/<%= c.campaignId %>"><%= c.name %></a><% if (c.test) { %> <span class="tag">test</span><% } %></td>
<td data-label="Action"><%= c.does %></td>
<td data-label="State"><span class="tag <%= c.tone %>"><%= c.state %></span></td>
</tr><% } %></tbody></table></div><% } %>`);

const form = template<{ f: OperatorFrame; passTypes: readonly string[] }>(`
<section class="box"><h2>New campaign</h2>
<p class="soft">Nothing is sent yet: the next page shows whom it reaches.</p>
<form class="filters" method="post" action="/ops/<%= it.f.tenantId %>/campaigns"><input type="hidden" name="csrf" value="<%= it.f.csrf %>">
<label>Name <input name="name" required maxlength="200"></label>
<label>Pass type <select name="passType"><option value="">all</option><% for (const name of it.passTypes) { %><option><%= name %></option><% } %></select></label>
<label>Installed on <select name="installedOn"><option value="any">any wallet</option><option value="apple">Apple</option><option value="google">Google</option><option value="">anything or nothing</option></select></label>
<label>Action <select name="action"><option value="message">Send a message</option><option value="update">Set a field</option></select></label>
<label>Message <input name="message" maxlength="1000"></label>
<label>Field <input name="field" maxlength="100"></label>
<label>Value <input name="value" maxlength="2000"></label>
<label>A minute at most <input name="perMinute" type="number" min="1" max="60000"></label>
<label>Held out, percent <input name="holdoutPercent" type="number" min="0" max="90" value="0"></label>
<button type="submit">Show the dry run</button></form></section>`);

/** The campaigns of a tenant, and the form of a new one. */
export const campaignsPage = (
  frame: OperatorFrame,
  view: { lines: readonly CampaignLine[]; passTypes: readonly string[]; canMake: boolean },
): Page => {
  const lines = view.lines.map((line) => ({ ...line, time: showTime(frame.clock, line.createdAt) }));
  const made = view.canMake ? form({ f: frame, passTypes: view.passTypes }) : '';
  const body = `<h1>Campaigns</h1><section class="box"><h2>All</h2>${table({ f: frame, lines })}</section>${made}`;
  return operatorPage(frame, { title: 'Campaigns', here: '/campaigns', body });
};

export interface CampaignPageView {
  line: CampaignLine;
  reason: string | null;
  /** What the page says first, in a sentence. */
  answer: string;
  facts: [name: string, value: string][];
  progress: { done: number; of: number };
  /** How many rows did not get what they were to get, as what, and why. */
  troubles: [rows: string, what: string, why: string][];
  /** What the lock screens of some customers would say. */
  samples: { pass: string; lines: string[]; problem: string | null }[];
  /** Rows are being read or sent now. */
  moves: boolean;
  /** Nothing of it changes any more. */
  over: boolean;
  /** Commands that are possible now, with what their buttons say. */
  buttons: [command: string, label: string][];
}

const live = template<CampaignPageView>(`
<p><span class="tag <%= it.line.tone %>"><%= it.line.state %></span><% if (it.line.test) { %> <span class="tag">test</span><% } %></p>
<p><strong><%= it.answer %></strong></p><% if (it.reason) { %><p class="banner bad"><%= it.reason %></p><% } %>
<% if (it.progress.of > 0) { %><p><progress aria-label="Progress" max="<%= it.progress.of %>" value="<%= it.progress.done %>"></progress> <%= it.progress.done %> of <%= it.progress.of %></p><% } %>
<dl class="facts"><% for (const [name, value] of it.facts) { %><dt><%= name %></dt><dd><%= value %></dd><% } %></dl>
<% if (it.troubles.length > 0) { %><h2>Why some did not get it</h2><ul class="checks"><% for (const [rows, what, why] of it.troubles) { %><li><p><strong><%= rows %></strong> <span class="tag note"><%= what %></span></p><p class="soft small"><%= why %></p></li><% } %></ul><% } %>`);

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

const one = template<{ f: OperatorFrame; v: CampaignPageView; live: string; base: string }>(`
<h1><%= it.v.line.name %></h1>
<section class="box"><div id="live" data-state="<%= it.v.line.state %>" data-over="<%= it.v.over ? 'yes' : 'no' %>" data-events="<%= it.base %>/events"><%~ it.live %></div>
<div class="bar"><% for (const [command, label] of it.v.buttons) { %><form method="post" action="<%= it.base %>/<%= command %>"><input type="hidden" name="csrf" value="<%= it.f.csrf %>"><button type="submit"<% if (command === 'cancel') { %> class="quiet"<% } %>><%= label %></button></form><% } %></div>
</section>
<% if (it.v.samples.length > 0) { %><section class="box"><h2>What the first of them would see</h2><ul class="checks"><% for (const s of it.v.samples) { %><li><p class="mono"><%= s.pass %></p><% for (const line of s.lines) { %><p><%= line %></p><% } %><% if (s.problem) { %><p class="error"><%= s.problem %></p><% } %></li><% } %></ul></section><% } %>`);

/** One campaign: its dry run, its progress as it goes on, and what can be done with it now. */
export function campaignPage(frame: OperatorFrame, view: CampaignPageView): Page {
  const base = `/ops/${frame.tenantId}/campaigns/${view.line.campaignId}`;
  return operatorPage(frame, {
    title: view.line.name,
    here: '/campaigns',
    body: one({ f: frame, v: view, live: live(view), base }),
    refreshSeconds: view.moves ? AGAIN_SECONDS : null,
    ...(!view.over && { script: FOLLOW }),
  });
}
