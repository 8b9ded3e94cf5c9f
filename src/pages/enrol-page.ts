import { marksOf, type FormFault, type FormMarks } from './form-faults.js';
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
  /** Ticked by the reader in a form that was not taken; never by us. */
  given: boolean;
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

const body = template<{ v: EnrolPageView; t: Texts; m: FormMarks; card: string }>(`
<div class="panel enrol">
<%~ it.card %>
<h1><%= it.v.firstName ? it.t.hello(it.v.firstName) : it.t.yourCard(it.v.brand.name) %></h1>
<p><%= it.t.enrolIntro(it.v.brand.name) %></p>
<%~ it.m.summary %>
<form class="main" method="post" action="<%= it.v.action %>" novalidate>
<input type="hidden" name="csrf" value="<%= it.v.csrf %>">
<% it.v.fields.forEach((f, i) => { %>
<div class="field">
<label for="field-<%= i %>"><%= f.label %> <span class="soft small">(<%= it.t.required %>)</span></label>
<%~ it.m.said(String(i)) %>
<% if (f.input === 'yes-no') { %>
<select<%~ it.m.mark(String(i)) %> name="f.<%= f.name %>" required><option value=""></option>
<option value="true"<% if (f.value === 'true') { %> selected<% } %>><%= it.t.yes %></option>
<option value="false"<% if (f.value === 'false') { %> selected<% } %>><%= it.t.no %></option></select>
<% } else if (f.input === 'choice') { %>
<select<%~ it.m.mark(String(i)) %> name="f.<%= f.name %>" required>
<option value=""></option>
<% f.choices.forEach((choice) => { %>
<option value="<%= choice.value %>"<% if (f.value === choice.value) { %> selected<% } %>><%= choice.text %></option>
<% }) %></select>
<% } else { %>
<input<%~ it.m.mark(String(i)) %> name="f.<%= f.name %>" type="<%= f.input %>" value="<%= f.value %>" required<% if (f.input === 'number') { %> step="any"<% } %>
<% if (f.autocomplete) { %> autocomplete="<%= f.autocomplete %>"<% } %>>
<% } %>
</div>
<% }) %>
<% if (it.v.consents.length > 0) { %>
<fieldset><legend><%= it.t.consents %></legend>
<% it.v.consents.forEach((c, i) => { %>
<div class="check"><input type="checkbox" id="consent-<%= i %>" name="c.<%= c.channel %>" value="yes"<% if (c.given) { %> checked<% } %>><label for="consent-<%= i %>"><%= c.text %></label></div>
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
  const faults = view.fields.flatMap(({ fault, label }, index): FormFault[] =>
    fault === null
      ? []
      : [{ control: String(index), text: fault === 'missing' ? t.fieldMissing : t.fieldWrong, summary: label }],
  );
  return page({
    ...speaking(besideCards(view.brand, [view.card]), view.language),
    title: t.yourCard(view.brand.name),
    width: 'narrow',
    themes: [view.card.theme],
    body: body({
      v: view,
      t,
      card: peekCard(view.card),
      m: marksOf('field', faults, t.fix),
    }),
  });
}
