import { ACTIONS, AUDIENCES, COMPARISONS, INSTALLED } from './campaign-words.js';
import { template } from './html.js';

/** Rows of the form in which fields are named. */
export const MOST_FORM_FIELDS = 5;
export const MOST_FORM_COMPARISONS = 3;

const TIMES = [
  ['now', 'Now'],
  ['at', 'At a time'],
  ['atLocal', "At a time on each customer's clock"],
] as const;
const SOURCES = [
  ['value', 'the same for all'],
  ['column', 'column of the file'],
  ['property', 'property of the profile'],
] as const;

/** What is wrong with the form, at which control; null: at the whole. */
export interface FormFault {
  control: string | null;
  text: string;
}

export interface CampaignFormView {
  tenantId: string;
  csrf: string;
  passTypes: readonly string[];
  timeZone: string;
  /** What was filled in before; empty for a new form. */
  values: Readonly<Record<string, string>>;
  /** Why the form was not taken. */
  faults: readonly FormFault[];
  /** The key behind the session makes test campaigns only. */
  testOnly: boolean;
}

const numbers = (most: number): string => JSON.stringify(Array.from({ length: most }, (_, index) => index + 1));

/** Parts of the form, and the choices with which they are seen. */
const PARTS: readonly [part: string, control: string, seenWith: readonly string[]][] = [
  ['for-filter', 'audience', ['filter']],
  ['for-csv', 'audience', ['csv']],
  ['for-segment', 'audience', ['segment']],
  ['for-list', 'audience', ['list']],
  ['for-message', 'action', ['message']],
  ['for-convert', 'action', ['convert']],
  ['for-offer', 'action', ['offer']],
  ['for-void', 'action', ['void']],
  ['for-fields', 'action', ['update', 'convert', 'offer']],
  ['for-source', 'action', ['update', 'convert']],
  ['for-time', 'when', ['at', 'atLocal']],
];

/** Without a script: only what belongs to the choices is seen. A browser that does not know `:has` shows everything. */
export const CAMPAIGN_FORM_STYLES = [
  '.choices{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.2rem 0 .6rem}',
  '.choices label{display:inline-flex;gap:.45rem;align-items:center;min-height:2.5rem}',
  '.choices input{width:1.25rem;height:1.25rem;margin:0;accent-color:var(--focus)}',
  '.box+.box{margin-top:1rem}.filters input{padding:.5rem .75rem;font:inherit;color:var(--text);background:var(--page);border:1px solid #8a867e;border-radius:10px}',
  // The parts of a time take the focus from their control.
  '.filters input:focus,.filters input:focus-within{outline:3px solid var(--focus);outline-offset:3px}',
  '.filters .long{flex:1 1 18rem;min-width:0}.filters .long input{width:100%}',
  ...PARTS.map(([part, control, seenWith]) => {
    const others = seenWith.map((value) => `:not(:has([name=${control}][value=${value}]:checked))`).join('');
    return `form:has([name=${control}]:checked)${others} .${part}{display:none}`;
  }),
].join('');

const radios = (name: string, choices: string, first: string): string => `
<% for (const [value, text] of ${choices}) { %>
<label><input type="radio" name="${name}" value="<%= value %>"<% if ((it.values.${name} ?? '${first}') === value) { %> checked<% } %>> <%= text %>
</label><% } %>`;
const select = (name: string, label: string, choices: string, first = ''): string => `
<label>${label} <select name="${name}"<%~ it.mark('${name}') %>>
<% for (const [value, text] of ${choices}) { %>
<option value="<%= value %>"<% if ((it.values['${name}'] ?? '${first}') === value) { %> selected<% } %>><%= text %>
</option><% } %></select></label><%~ it.said('${name}') %>`;
const input = (name: string, label: string, more = ''): string =>
  `<label>${label} <input name="${name}"<%~ it.mark('${name}') %> value="<%= it.values['${name}'] ?? '' %>"${more}></label><%~ it.said('${name}') %>`;
const long = (name: string, label: string, more = ''): string =>
  input(name, label, more).replace('<label>', '<label class="long">');

const fieldRows = `
<% for (const n of ${numbers(MOST_FORM_FIELDS)}) { %><div class="filters">
<label>Field <%= n %> <input name="field<%= n %>"<%~ it.mark('field' + n) %> maxlength="100" value="<%= it.values['field' + n] ?? '' %>"></label><%~ it.said('field' + n) %>
<label class="for-source">Value from, <%= n %> <select name="from<%= n %>">
<% for (const [value, text] of ${JSON.stringify(SOURCES)}) { %>
<option value="<%= value %>"<% if (it.values['from' + n] === value) { %> selected<% } %>><%= text %></option>
<% } %></select></label>
<label>Value <%= n %> <input name="value<%= n %>"<%~ it.mark('value' + n) %> maxlength="2000" value="<%= it.values['value' + n] ?? '' %>"></label><%~ it.said('value' + n) %></div><% } %>`;

interface Marks {
  /** Attributes of a control: what is said of it is its description. */
  mark(control: string): string;
  /** What is said of a control, beside it. */
  said(control: string): string;
}

const saidOf = template<{ control: string; texts: string }>(
  `<span class="error small" id="fault-<%= it.control %>"><%= it.texts %></span>`,
);

const form = template<CampaignFormView & Marks>(`
<section class="box"><h2 id="new">New campaign</h2>
<p class="soft">Nothing is sent yet: the next page shows whom it reaches.</p>
<% if (it.faults.length > 0) { %><div class="banner bad" role="alert"><p>Nothing was made.</p><ul>
<% for (const fault of it.faults) { %><li><%= fault.text %></li><% } %></ul></div><% } %>
<form method="post" action="/ops/<%= it.tenantId %>/campaigns" aria-labelledby="new"><input type="hidden" name="csrf" value="<%= it.csrf %>">
<div class="filters">${long('name', 'Name', ' required maxlength="200"')}</div>
<fieldset><legend>Who</legend><div class="choices">${radios('audience', JSON.stringify(AUDIENCES), 'filter')}</div>
<div class="for-filter"><div class="filters">
<label>Pass type <select name="passType"<%~ it.mark('passType') %>><option value="">all</option>
<% for (const name of it.passTypes) { %>
<option<% if (it.values.passType === name) { %> selected<% } %>><%= name %></option><% } %></select></label><%~ it.said('passType') %>
${select('installedOn', 'Installed on', JSON.stringify(INSTALLED), 'any')}
${input('updatedAfter', 'Changed since', ' type="datetime-local"')}
${input('updatedBefore', 'Not changed since', ' type="datetime-local"')}</div>
<div class="choices" role="group" aria-label="State of the pass">
<% for (const state of ['active', 'expired', 'voided']) { %>
<label><input type="checkbox" name="state-<%= state %>"<% if (it.values['state-' + state] !== undefined || (state === 'active' && it.values.name === undefined)) { %> checked<% } %>> <%= state %>
</label><% } %></div>
<% for (const n of ${numbers(MOST_FORM_COMPARISONS)}) { %><div class="filters">
<label>Only if field, <%= n %> <input name="filterField<%= n %>"<%~ it.mark('filterField' + n) %> maxlength="100" value="<%= it.values['filterField' + n] ?? '' %>"></label><%~ it.said('filterField' + n) %>
<label>Comparison <%= n %> <select name="filterIs<%= n %>">
<% for (const [value, text] of ${JSON.stringify(Object.entries(COMPARISONS))}) { %>
<option value="<%= value %>"<% if (it.values['filterIs' + n] === value) { %> selected<% } %>><%= text %></option>
<% } %></select></label>
<label>Compared with, <%= n %> <input name="filterValue<%= n %>"<%~ it.mark('filterValue' + n) %> maxlength="500" value="<%= it.values['filterValue' + n] ?? '' %>"></label><%~ it.said('filterValue' + n) %></div><% } %></div>
<p class="for-csv soft">The next page takes the file: UTF-8, its first line names the columns, one of them an identifier such as email.</p>
<div class="for-segment"><div class="filters">${input('segment', 'Id of the segment', ' maxlength="40"')}</div></div>
<div class="for-list"><div class="filters">${input('list', 'Id of the list', ' maxlength="40"')}</div></div>
</fieldset>
<fieldset><legend>What</legend><div class="choices">${radios('action', JSON.stringify(ACTIONS), 'message')}</div>
<div class="for-message">
<div class="filters">${long('message', 'Message', ' maxlength="1000"')}${input('title', 'Title', ' maxlength="100"')}${input('link', 'Link', ' maxlength="2000" placeholder="https://"')}
${select(
  'class',
  'Class',
  JSON.stringify([
    ['marketing', 'marketing'],
    ['service', 'service'],
  ]),
  'marketing',
)}
${input('validFor', 'Taken off after', ' placeholder="3 days"')}${input('notBefore', 'Not before', ' type="datetime-local"')}
${select(
  'quietHours',
  'Quiet hours',
  JSON.stringify([
    ['', 'as the class says'],
    ['respect', 'wait for their end'],
    ['ignore', 'do not count'],
  ]),
)}</div>
<p class="soft small">{column:Code} is a value of the file's row, {property:first_name|there} one of the profile with a text for those without it.</p></div>
<div class="for-convert"><div class="filters"><label>New type <select name="convertTo"<%~ it.mark('convertTo') %>>
<% for (const name of it.passTypes) { %>
<option<% if (it.values.convertTo === name) { %> selected<% } %>><%= name %></option>
<% } %></select></label><%~ it.said('convertTo') %></div></div>
<div class="for-offer"><div class="filters"><label>Show the type <select name="offerType"<%~ it.mark('offerType') %>>
<option value="">its own</option>
<% for (const name of it.passTypes) { %>
<option<% if (it.values.offerType === name) { %> selected<% } %>><%= name %></option><% } %></select></label><%~ it.said('offerType') %>
${input('from', 'From', ' type="datetime-local"')}${input('until', 'Until, or for', ' placeholder="14 days"')}
${input('priority', 'Priority', ' inputmode="numeric"')}${input('uses', 'Uses', ' inputmode="numeric"')}</div>
<div class="choices">
<label><input type="checkbox" name="notifyAtEnd"<% if (it.values.notifyAtEnd !== undefined) { %> checked<% } %>> Phones speak at the end, too</label>
</div></div>
<div class="for-fields">${fieldRows}<p class="soft small">A field without a value is emptied; an offer hides it.</p></div>
<p class="for-void soft">Voided passes stay on the phones, marked as no longer valid.</p>
</fieldset>
<fieldset><legend>When</legend><div class="choices">${radios('when', JSON.stringify(TIMES), 'now')}</div>
<div class="filters"><label class="for-time">Time <input name="at"<%~ it.mark('at') %> type="datetime-local" value="<%= it.values.at ?? '' %>"></label><%~ it.said('at') %>
${input('perMinute', 'A minute at most', ' type="number" min="1" max="60000"')}
${input('hoursFrom', 'Only from', ' type="time"')}${input('hoursUntil', 'Only until', ' type="time"')}
${input('holdoutPercent', 'Held out, percent', ' type="number" min="0" max="90"')}</div>
<p class="soft small">Times are those of <%= it.timeZone %>, where nothing else is said.</p>
<div class="choices">
<% if (it.testOnly) { %><p class="soft">This key reaches passes that are marked as tests, and no others.</p>
<% } else { %>
<label><input type="checkbox" name="test"<% if (it.values.test !== undefined) { %> checked<% } %>> Only to passes that are marked as tests</label><% } %>
</div>
</fieldset>
<button type="submit">Show the dry run</button></form></section>`);

/** The form of a new campaign, as it was filled in before where it was not taken. */
export function campaignForm(view: CampaignFormView): string {
  const textsOf = (control: string): string =>
    view.faults.flatMap((fault) => (fault.control === control ? [fault.text] : [])).join(' ');
  return form({
    ...view,
    mark: (control) => (textsOf(control) === '' ? '' : ` aria-invalid="true" aria-describedby="fault-${control}"`),
    said: (control) => (textsOf(control) === '' ? '' : saidOf({ control, texts: textsOf(control) })),
  });
}
