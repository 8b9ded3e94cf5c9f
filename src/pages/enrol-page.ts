import { page, template, type Page } from './html.js';
import { peekCard, type CardView } from './pass-page.js';
import { besideCards, speaking, type Brand } from './brand.js';
import { textsIn, type Language, type Texts } from './texts.js';

export interface AskedField {
  name: string;
  label: string;
  input: 'text' | 'email' | 'tel' | 'number' | 'date' | 'url' | 'yes-no' | 'choice';
  /** The values of a choice. */
  choices: readonly { value: string; text: string }[];
  autocomplete: string | null;
  value: string;
  fault: 'missing' | 'wrong' | null;
}

export interface ConsentView {
  channel: string;
  text: string;
}

export interface EnrolPageView {
  /** The card that is to be had. */
  card: CardView;
  language: Language;
  brand: Brand;
  firstName: string | null;
  fields: AskedField[];
  consents: ConsentView[];
  action: string;
  csrf: string;
}

const body = template<{ v: EnrolPageView; t: Texts; hasFaults: boolean; card: string }>(`
<div class="panel enrol">
<%~ it.card %>
<h1><%= it.v.firstName ? it.t.hello(it.v.firstName) : it.t.yourCard(it.v.brand.name) %></h1>
<p><%= it.t.enrolIntro(it.v.brand.name) %></p>
<% if (it.hasFaults) { %><div class="banner bad" role="alert"><p><%= it.t.fix %></p></div><% } %>
<form class="main" method="post" action="<%= it.v.action %>" novalidate>
<input type="hidden" name="csrf" value="<%= it.v.csrf %>">
<% it.v.fields.forEach((f, i) => { const id = 'field-' + i; %>
<div class="field">
<label for="<%= id %>"><%= f.label %> <span class="soft small">(<%= it.t.required %>)</span></label>
<% if (f.fault) { %><p class="error" id="<%= id %>-fault"><%= f.fault === 'missing' ? it.t.fieldMissing : it.t.fieldWrong %></p><% } %>
<% if (f.input === 'yes-no') { %>
<select id="<%= id %>" name="f.<%= f.name %>" required><option value=""></option>
<option value="true"<% if (f.value === 'true') { %> selected<% } %>><%= it.t.yes %></option>
<option value="false"<% if (f.value === 'false') { %> selected<% } %>><%= it.t.no %></option></select>
<% } else if (f.input === 'choice') { %>
<select id="<%= id %>" name="f.<%= f.name %>" required<% if (f.fault) { %> aria-invalid="true" aria-describedby="<%= id %>-fault"<% } %>>
<option value=""></option>
<% f.choices.forEach((choice) => { %>
<option value="<%= choice.value %>"<% if (f.value === choice.value) { %> selected<% } %>><%= choice.text %></option>
<% }) %></select>
<% } else { %>
<input id="<%= id %>" name="f.<%= f.name %>" type="<%= f.input %>" value="<%= f.value %>" required<% if (f.input === 'number') { %> step="any"<% } %>
<% if (f.autocomplete) { %> autocomplete="<%= f.autocomplete %>"<% } %>
<% if (f.fault) { %> aria-invalid="true" aria-describedby="<%= id %>-fault"<% } %>>
<% } %>
</div>
<% }) %>
<% if (it.v.consents.length > 0) { %>
<fieldset><legend><%= it.t.consents %></legend>
<% it.v.consents.forEach((c, i) => { %>
<div class="check"><input type="checkbox" id="consent-<%= i %>" name="c.<%= c.channel %>" value="yes"><label for="consent-<%= i %>"><%= c.text %></label></div>
<% }) %>
<p class="soft small"><%= it.t.consentNote %></p>
</fieldset>
<% } %>
<button type="submit"><%= it.t.getCard %></button>
</form>
</div>`);

/** The first visit by a personal link: greets, asks for what the pass still needs, offers consents, none of them ticked. */
export function enrolPage(view: EnrolPageView): Page {
  const t = textsIn(view.language);
  return page({
    ...speaking(besideCards(view.brand, [view.card]), view.language),
    title: t.yourCard(view.brand.name),
    width: 'narrow',
    themes: [view.card.theme],
    body: body({
      v: view,
      t,
      card: peekCard(view.card),
      hasFaults: view.fields.some(({ fault }) => fault !== null),
    }),
  });
}
