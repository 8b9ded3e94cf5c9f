import assert from 'node:assert/strict';
import { test } from 'node:test';
import { campaignBody } from '../../src/api/operator/campaign-form.js';
import { faultsOfForm } from '../../src/api/operator/campaign-form-faults.js';
import { checkJson } from '../../src/api/requests/read-json.js';
import { newCampaign } from '../../src/api/requests/campaign.js';
import { ApiError } from '../../src/api/problems.js';
import { campaignForm, type FormFault } from '../../src/pages/campaign-form.js';
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
  assert.match(texts, /“Id of the segment” is .*My VIPs[^]*“Time” is empty: choose a day and a time/);
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
    assert.match(html, new RegExp(`name="${control}" aria-invalid="true" aria-describedby="fault-${control}"`));
    assert.equal(html.split(`id="fault-${control}"`).length, 2, `${control} is said beside it, once`);
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
    ['/action/fields/tier', 'field3'],
    ['/action/offer/fields/tier', 'field3'],
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
    const key = pointer.split('/').at(-1)!;
    const faults = faultsOfForm([{ pointer, message: `"${key}" is missing.`, cure: `add "${key}": a text.` }], form);
    assert.equal(faults[0]!.control, control, pointer);
    assert.doesNotMatch(faults[0]!.text, /[/"{}]/, pointer);
    assert.match(campaignForm({ ...view, faults }), new RegExp(`name="${control}" aria-invalid="true"`), pointer);
  }
});
