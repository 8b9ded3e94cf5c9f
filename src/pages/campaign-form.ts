import {
  ACTIONS,
  AUDIENCES,
  COMPARISONS,
  FORM_CONTROLS,
  INSTALLED,
  MOST_FORM_COMPARISONS,
  MOST_FORM_FIELDS,
} from './campaign-words.js';
import { marksOf, type FormMarks, type RefusedForm } from './form-faults.js';
import { template } from './html.js';

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

export interface CampaignFormView extends RefusedForm {
  tenantId: string;
  csrf: string;
  passTypes: readonly string[];
  timeZone: string;
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
const labelled = (name: string, control: string, more: { rows?: boolean; part?: string } = {}): string => {
  const [code, label] = more.rows
    ? [`'${name}' + n`, `<%= it.labels['${name}' + n] %>`]
    : [`'${name}'`, FORM_CONTROLS[name]!.label];
  return `<div class="one${more.part ? ` ${more.part}` : ''}"><label>${label} ${control.replace('@', `name="<%= ${code} %>"<%~ it.mark(${code}) %>`)}</label><%~ it.said(${code}) %></div>`;
};
const options = (name: string, choices: string, first = ''): string =>
  `<% for (const [value, text] of ${choices}) { %><option value="<%= value %>"<% if ((it.values[${name}] ?? '${first}') === value) { %> selected<% } %>><%= text %></option><% } %>`;
const select = (name: string, choices: readonly (readonly [string, string])[], first = ''): string =>
  labelled(name, `<select @>${options(`'${name}'`, JSON.stringify(choices), first)}</select>`);
const selectType = (name: string, none?: string): string =>
  labelled(
    name,
    `<select @>${none === undefined ? '' : `<option value="">${none}</option>`}${options(`'${name}'`, 'it.passTypes.map((one) => [one, one])')}</select>`,
  );
const input = (name: string, more = '', part = ''): string =>
  labelled(name, `<input @ value="<%= it.values['${name}'] ?? '' %>"${more}>`, { part });
const rowInput = (name: string, more: string): string =>
  labelled(name, `<input @ value="<%= it.values['${name}' + n] ?? '' %>"${more}>`, { rows: true });
const rowSelect = (name: string, choices: readonly (readonly [string, string])[], part = ''): string =>
  labelled(name, `<select @>${options(`'${name}' + n`, JSON.stringify(choices))}</select>`, { rows: true, part });

const fieldRows = `
<% for (const n of ${numbers(MOST_FORM_FIELDS)}) { %><div class="filters">
${rowInput('field', ' maxlength="100"')}
${rowSelect('from', SOURCES, 'for-source')}
${rowInput('value', ' maxlength="2000"')}</div><% } %>`;
const comparisonRows = `
<% for (const n of ${numbers(MOST_FORM_COMPARISONS)}) { %><div class="filters">
${rowInput('filterField', ' maxlength="100"')}
${rowSelect('filterIs', Object.entries(COMPARISONS))}
${rowInput('filterValue', ' maxlength="500"')}</div><% } %>`;

const form = template<CampaignFormView & FormMarks & { labels: Readonly<Record<string, string>> }>(`
<section class="box"><h2 id="new">New campaign</h2>
<p class="soft">Nothing is sent yet: the next page shows whom it reaches.</p>
<%~ it.summary %>
<form method="post" action="/ops/<%= it.tenantId %>/campaigns" aria-labelledby="new"><input type="hidden" name="csrf" value="<%= it.csrf %>">
<div class="filters">${input('name', ' required maxlength="200"', 'long')}</div>
<fieldset><legend>Who</legend><div class="choices">${radios('audience', JSON.stringify(AUDIENCES), 'filter')}</div>
<div class="for-filter"><div class="filters">
${selectType('passType', 'all')}
${select('installedOn', INSTALLED, 'any')}
${input('updatedAfter', ' type="datetime-local"')}
${input('updatedBefore', ' type="datetime-local"')}</div>
<div class="choices" role="group" aria-label="State of the pass">
<% for (const state of ['active', 'expired', 'voided']) { %>
<label><input type="checkbox" name="state-<%= state %>"<% if (it.values['state-' + state] !== undefined || (state === 'active' && it.values.name === undefined)) { %> checked<% } %>> <%= state %>
</label><% } %></div>
${comparisonRows}</div>
<p class="for-csv soft">The next page takes the file: UTF-8, its first line names the columns, one of them an identifier such as email.</p>
<div class="for-segment"><div class="filters">${input('segment', ' maxlength="40"')}</div></div>
<div class="for-list"><div class="filters">${input('list', ' maxlength="40"')}</div></div>
</fieldset>
<fieldset><legend>What</legend><div class="choices">${radios('action', JSON.stringify(ACTIONS), 'message')}</div>
<div class="for-message">
<div class="filters">${input('message', ' maxlength="1000"', 'long')}${input('title', ' maxlength="100"')}${input('link', ' maxlength="2000" placeholder="https://"')}
${select(
  'class',
  [
    ['marketing', 'marketing'],
    ['service', 'service'],
  ],
  'marketing',
)}
${input('validFor', ' placeholder="3 days"')}${input('notBefore', ' type="datetime-local"')}
${select('quietHours', [
  ['', 'as the class says'],
  ['respect', 'wait for their end'],
  ['ignore', 'do not count'],
])}</div>
<p class="soft small">{column:Code} is a value of the file's row, {property:first_name|there} one of the profile with a text for those without it.</p></div>
<div class="for-convert"><div class="filters">${selectType('convertTo')}</div></div>
<div class="for-offer"><div class="filters">${selectType('offerType', 'its own')}
${input('from', ' type="datetime-local"')}${input('until', ' placeholder="14 days"')}
${input('priority', ' inputmode="numeric"')}${input('uses', ' inputmode="numeric"')}</div>
<div class="choices">
<label><input type="checkbox" name="notifyAtEnd"<% if (it.values.notifyAtEnd !== undefined) { %> checked<% } %>> ${FORM_CONTROLS['notifyAtEnd']!.label}</label>
</div></div>
<div class="for-fields">${fieldRows}<p class="soft small">A field without a value is emptied; an offer hides it.</p></div>
<p class="for-void soft">Voided passes stay on the phones, marked as no longer valid.</p>
</fieldset>
<fieldset><legend>When</legend><div class="choices">${radios('when', JSON.stringify(TIMES), 'now')}</div>
<div class="filters">${input('at', ' type="datetime-local"', 'for-time')}
${input('perMinute', ' type="number" min="1" max="60000"')}
${input('hoursFrom', ' type="time"')}${input('hoursUntil', ' type="time"')}
${input('holdoutPercent', ' type="number" min="0" max="90" step="any"')}</div>
<p class="soft small">Times are those of <%= it.timeZone %>, where nothing else is said.</p>
<div class="choices">
<% if (it.testOnly) { %><p class="soft">This key reaches passes that are marked as tests, and no others.</p>
<% } else { %>
<label><input type="checkbox" name="test"<% if (it.values.test !== undefined) { %> checked<% } %>> Only to passes that are marked as tests</label><% } %>
</div>
</fieldset>
<button type="submit">Show the dry run</button></form></section>`);

const labels = Object.fromEntries(Object.entries(FORM_CONTROLS).map(([name, { label }]) => [name, label]));

/** The names of all its controls. */
export const CAMPAIGN_CONTROLS: readonly string[] = [
  ...Object.keys(FORM_CONTROLS),
  ...['audience', 'action', 'when', 'test'],
  ...['active', 'expired', 'voided'].map((state) => `state-${state}`),
];

/** The form of a new campaign, as it was filled in before where it was not taken. */
export const campaignForm = (view: CampaignFormView): string =>
  form({ ...view, labels, ...marksOf('campaign', view.faults, 'Nothing was made.') });
