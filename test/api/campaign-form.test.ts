import assert from 'node:assert/strict';
import { test } from 'node:test';
import { campaignBody } from '../../src/api/operator/campaign-form.js';
import { faultsOfForm } from '../../src/api/operator/campaign-form-faults.js';
import { checkJson } from '../../src/api/requests/read-json.js';
import { newCampaign } from '../../src/api/requests/campaign.js';
import { ApiError } from '../../src/api/problems.js';
import { campaignForm } from '../../src/pages/campaign-form.js';
import { FORM_CONTROLS } from '../../src/pages/campaign-words.js';
import type { FormFault } from '../../src/pages/form-faults.js';
import type { PassTypeDesign } from '../../src/passes/pass-type.js';

const designs = [
  {
    fields: [
      { apiFieldName: 'points', type: 'integer' },
      { apiFieldName: 'vip', type: 'boolean' },
      { apiFieldName: 'tier', type: 'text' },
    ],
  },
] as unknown as PassTypeDesign[];
const reading = { zone: 'America/New_York', designs };
const bodyOf = (form: Record<string, string>) => checkJson(campaignBody({ name: 'N', ...form }, reading), newCampaign);

test('the form of a campaign says every audience, action and schedule as the API takes it', () => {
  const parts: [form: Record<string, string>, body: object][] = [
    [{ audience: 'csv' }, { audience: { csv: {} } }],
    [{ audience: 'segment', segment: ' ABC123 ' }, { audience: { segment: 'ABC123' } }],
    [{ audience: 'list', list: 'XYZ' }, { audience: { list: 'XYZ' } }],
    [
      {
        ...{ audience: 'filter', passType: 'basic', 'state-active': 'on', 'state-voided': 'on', installedOn: 'none' },
        ...{ updatedAfter: '2026-01-01T09:00', updatedBefore: '2026-07-01T09:00' },
        ...{ filterField1: 'points', filterIs1: 'greater', filterValue1: '50' },
        ...{ filterField2: 'vip', filterIs2: 'equal', filterValue2: 'true' },
        ...{ filterField3: 'tier', filterIs3: 'unset', filterValue3: 'x' },
      },
      {
        audience: {
          filter: {
            passTypes: ['basic'],
            states: ['active', 'voided'],
            installedOn: 'none',
            updatedAfter: '2026-01-01T09:00:00-05:00',
            updatedBefore: '2026-07-01T09:00:00-04:00',
            fields: [
              { field: 'points', is: 'greater', value: 50 },
              { field: 'vip', is: 'equal', value: true },
              { field: 'tier', is: 'unset' },
            ],
          },
        },
      },
    ],
    [
      { action: 'message', message: 'Hi', title: 'T', link: 'https://a.example', class: 'service', validFor: '1 day' },
      {
        action: {
          type: 'message',
          message: { message: 'Hi', title: 'T', link: 'https://a.example', class: 'service', validFor: '1 day' },
        },
      },
    ],
    [
      {
        ...{ action: 'update', field1: 'points', from1: 'column', value1: 'Points' },
        ...{ field2: 'tier', from2: 'property', value2: 'tier', field3: 'city', from3: 'value', value3: '' },
      },
      { action: { type: 'update', fields: { points: { column: 'Points' }, tier: { property: 'tier' }, city: null } } },
    ],
    [
      { action: 'convert', convertTo: 'premium', field1: 'points', from1: 'value', value1: '7' },
      { action: { type: 'convert', passType: 'premium', fields: { points: 7 } } },
    ],
    [
      {
        ...{
          action: 'offer',
          offerType: 'premium',
          from: '2026-12-01T09:00',
          until: '14 days',
          priority: '3',
          uses: '2',
        },
        ...{ notifyAtEnd: 'on', field1: 'points', value1: '500' },
      },
      {
        action: {
          type: 'offer',
          offer: {
            ...{ passType: 'premium', from: '2026-12-01T09:00', until: '14 days', priority: '3', uses: '2' },
            ...{ notifyAtEnd: true, fields: { points: 500 } },
          },
        },
      },
    ],
    [{ action: 'void' }, { action: { type: 'void' } }],
    [{ when: 'now', at: '2026-12-01T09:00' }, { schedule: {} }],
    [{ when: 'at', at: '2026-12-01T09:00' }, { schedule: { at: '2026-12-01T09:00:00-05:00' } }],
    [
      { when: 'atLocal', at: '2026-12-01T09:00:00', perMinute: '60', hoursFrom: '09:00', hoursUntil: '20:00' },
      { schedule: { atLocal: '2026-12-01T09:00', perMinute: 60, hours: { from: '09:00', until: '20:00' } } },
    ],
    [
      { holdoutPercent: '12.5', test: 'on' },
      { holdoutPercent: 12.5, test: true },
    ],
  ];
  for (const [form, body] of parts) {
    const message = 'action' in form ? {} : { message: 'x' };
    const made = bodyOf({ ...message, ...form }) as unknown as Record<string, unknown>;
    for (const [key, value] of Object.entries(body)) {
      assert.deepEqual(JSON.parse(JSON.stringify(made[key])), value, key);
    }
  }
});

test('what the form cannot mean is said with its place, and the form keeps what was filled in', () => {
  const values = { name: 'Sale <b>', audience: 'segment', segment: 'My VIPs', action: 'offer', when: 'at', at: '' };
  let faults: FormFault[] = [];
  assert.throws(
    () => bodyOf(values),
    (error) => {
      faults = faultsOfForm((error as ApiError).options.errors!, values);
      return error instanceof ApiError;
    },
  );
  const texts = faults.map(({ text }) => text).join('\n');
  assert.match(texts, /“Id of the segment” does not take “My VIPs”: copy [^]*“Time” is empty: choose /);
  assert.deepEqual(
    faults.map(({ control }) => control),
    ['segment', 'at'],
  );
  const view = { tenantId: 't', csrf: 'c', passTypes: ['basic'], timeZone: 'UTC', testOnly: false };
  const html = campaignForm({ ...view, values, faults });
  assert.match(html, /value="Sale &lt;b>"|value="Sale &lt;b&gt;"/);
  assert.match(html, /value="segment" checked/);
  assert.match(html, /value="My VIPs"/);
  assert.match(html, /role="alert"/);
  for (const control of ['segment', 'at']) {
    const id = `campaign-${control}`;
    assert.match(html, new RegExp(`name="${control}" id="${id}" aria-invalid="true" aria-describedby="${id}-fault"`));
    assert.equal(html.split(`id="${id}-fault"`).length, 2, `${control} is said beside it, once`);
    assert.equal(html.split(`href="#${id}"`).length, 2, `the summary leads to ${control}`);
  }
});

/** Wrong inputs by the control that they are said at, each with what a filled-in form has otherwise. */
const WRONG: readonly [control: string, form: Record<string, string>][] = [
  ['name', { name: '' }],
  ['name', { name: 'Sale {{ x }}' }],
  ['segment', { audience: 'segment', segment: '' }],
  ['list', { audience: 'list', list: 'my list' }],
  ['installedOn', { installedOn: 'watch' }],
  ['updatedAfter', { updatedAfter: 'yesterday' }],
  ['updatedBefore', { updatedAfter: '2026-02-01T00:00', updatedBefore: '2026-01-01T00:00' }],
  ['filterField2', { filterField2: 'x'.repeat(101), filterIs2: 'set' }],
  ['filterValue1', { filterField1: 'tier', filterIs1: 'equal', filterValue1: 'x'.repeat(501) }],
  ['value1', { action: 'update', field1: 'tier', from1: 'value', value1: '{{ tier }}' }],
  ['value3', { action: 'update', field3: 'tier', from3: 'column', value3: '' }],
  ['value1', { action: 'update', field1: 'tier', from1: 'value', value1: 'x'.repeat(2001) }],
  ['field1', { action: 'update' }],
  ['convertTo', { action: 'convert', convertTo: '' }],
  ['at', { when: 'at', at: '' }],
  ['at', { when: 'atLocal', at: '2026-02-30T10:00' }],
  ['perMinute', { perMinute: '0' }],
  ['perMinute', { perMinute: 'many' }],
  ['hoursFrom', { hoursUntil: '20:00' }],
  ['hoursUntil', { hoursFrom: '09:00', hoursUntil: '09:00' }],
  ['holdoutPercent', { holdoutPercent: '91' }],
];

/** Words of the API that nobody finds on the form. */
const OF_THE_API = /["{}]|\/docs|\bJSON\b|\b(?:updatedBefore|updatedAfter|atLocal|perMinute|holdoutPercent|passType)\b/;

test('every wrong input is said at its control, in the words of the form', () => {
  for (const [control, form] of WRONG) {
    const what = JSON.stringify(form);
    let faults: FormFault[] = [];
    try {
      bodyOf({ message: 'x', ...form });
    } catch (error) {
      assert.ok(error instanceof ApiError, what);
      faults = faultsOfForm(error.options.errors!, { name: 'N', message: 'x', ...form });
    }
    const found = faults.find((fault) => fault.control === control);
    assert.ok(found, `${what} is said at ${control}: ${JSON.stringify(faults)}`);
    assert.match(found.text, new RegExp(`“${FORM_CONTROLS[control]!.label}”`), what);
    for (const { text } of faults) assert.doesNotMatch(text.replaceAll(/“[^”]*”/g, ''), OF_THE_API, what);
  }
});

test('every place of the body that the form fills is said at its control, and nowhere as a place of the API', () => {
  const form = { filterField2: 'points', filterValue2: 'x', field3: 'tier', value3: 'gold' };
  const places: [pointer: string, control: string][] = [
    ['/name', 'name'],
    ['/audience/filter/passTypes/0', 'passType'],
    ['/audience/filter/fields/0/field', 'filterField2'],
    ['/audience/filter/fields/0/value', 'filterValue2'],
    ['/audience/filter/updatedBefore', 'updatedBefore'],
    ['/action/message/title/en', 'title'],
    ['/action/message/link', 'link'],
    ['/action/fields/tier', 'value3'],
    ['/action/offer/fields/tier', 'value3'],
    ['/action/passType', 'convertTo'],
    ['/action/offer/passType', 'offerType'],
    ['/action/offer/until', 'until'],
    ['/schedule/atLocal', 'at'],
    ['/schedule/hours/from', 'hoursFrom'],
    ['/schedule/perMinute', 'perMinute'],
    ['/holdoutPercent', 'holdoutPercent'],
  ];
  const view = { tenantId: 't', csrf: 'c', passTypes: ['basic'], timeZone: 'UTC', testOnly: false, values: form };
  for (const [pointer, control] of places) {
    const faults = faultsOfForm([{ pointer, message: '"x" is missing.', cure: 'add "x".', kind: 'missing' }], form);
    assert.equal(faults[0]!.control, control, pointer);
    assert.doesNotMatch(faults[0]!.text, OF_THE_API, pointer);
    assert.match(
      campaignForm({ ...view, faults }),
      new RegExp(`name="${control}" id="campaign-${control}" aria-invalid`),
    );
  }
});
