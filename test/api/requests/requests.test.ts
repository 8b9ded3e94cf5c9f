import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { parseIssuePass, parseProfileSync, parsePushUpdate, parseUpdatePass } from '../../../src/api/requests/index.js';
import { ISSUE_PASS } from '../../../src/api/requests/issue-pass.js';
import { PROFILE_SYNC } from '../../../src/api/requests/profile-sync.js';
import { PUSH_UPDATE } from '../../../src/api/requests/push-update.js';
import { UPDATE_PASS } from '../../../src/api/requests/update-pass.js';
import { parseDelivery } from '../../../src/api/requests/tolerant-json.js';
import { verifySystemWebhook } from '../../../src/api/requests/klaviyo-signature.js';
import { coerceFields } from '../../../src/passes/field-values.js';
import type { JsonValue } from '../../../src/common/json.js';
import { passField } from '../../../src/passes/pass-type.js';

interface Sample {
  name: string;
  headers: Record<string, string>;
  body: string;
}
const samples = JSON.parse(readFileSync(new URL('payloads.json', import.meta.url), 'utf8')) as Sample[];
const sample = (name: string) => samples.find((one) => one.name === name)!;
const read = (name: string) => {
  const result = parseDelivery(Buffer.from(sample(name).body));
  assert.ok(result.ok);
  return result.value;
};
const pointers = (result: { ok: boolean; problems?: { pointer: string }[] }) => {
  assert.equal(result.ok, false);
  return result.problems!.map(({ pointer }) => pointer);
};
const command = <C>(result: { ok: true; command: C } | { ok: false; problems: unknown }) => {
  assert.ok(result.ok, JSON.stringify(result));
  return result.command;
};

test('pass-create-complete: a pass for Sarah with the number 120', () => {
  const parsed = command(parseIssuePass(read('pass-create-complete')));
  assert.equal(parsed.passTemplate, 'ptk_0x4d5e6f');
  assert.deepEqual(parsed.recipient, { email: 'sarah.mason@klaviyo-demo.com', name: 'Sarah', phone: null });
  assert.deepEqual(parsed.identifiers, [{ kind: 'email', value: 'sarah.mason@klaviyo-demo.com' }]);
  const points = [passField.parse({ apiFieldName: 'points-balance', type: 'number' })];
  const only = { 'points-balance': parsed.data['points-balance']! };
  assert.deepEqual(coerceFields(points, only, { mode: 'create' }).values, { 'points-balance': 120 });
});

test('push-update-complete: two identifiers, a type and typed data', () => {
  assert.deepEqual(command(parsePushUpdate(read('push-update-complete'))), {
    identifiers: [
      { kind: 'email', value: 'sarah.mason@klaviyo-demo.com' },
      { kind: 'customerId', value: 'C-1001' },
    ],
    passType: 'premium',
    data: { points: 1200, tier: 'gold', offer: 'BDAY26' },
    updateMetadata: false,
    idempotencyKey: null,
    version: null,
    offer: null,
  });
});

test('profiles-sync-email-only: one identifier, and nothing is cleared', () => {
  const parsed = command(parseProfileSync(read('profiles-sync-email-only')));
  assert.deepEqual(parsed.identifiers, [{ kind: 'email', value: 'sarah.mason@klaviyo-demo.com' }]);
  assert.deepEqual([parsed.attributes, parsed.properties, parsed.consent], [{}, {}, null]);
});

test('system-webhook-envelope: verified on its own inlet, refused on the flow routes', () => {
  const { headers, body } = sample('system-webhook-envelope');
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const now = () => Date.parse('2026-04-13T22:51:00Z');
  const result = verifySystemWebhook(lower, Buffer.from(body), { secrets: ['example-secret-0123456789'], now });
  assert.ok(result.ok);
  assert.equal(result.events[0]!.externalId, '73WCCK7JKtE');
  const value = read('system-webhook-envelope');
  assert.deepEqual(pointers(parsePushUpdate(value)), ['/identifiers']);
  assert.deepEqual(pointers(parseProfileSync(value)), ['/email']);
  assert.deepEqual(pointers(parseIssuePass(value)), ['/pass', '/recipient']);
});

test('missing-attributes-become-blanks: a blank external id is no key', () => {
  const parsed = command(parseIssuePass(read('missing-attributes-become-blanks')));
  assert.equal(parsed.externalId, null);
  assert.deepEqual(parsed.identifiers, [{ kind: 'email', value: 'a@example.com' }]);
});

test('autoescaped-text: entities are decoded exactly once', () => {
  const parsed = command(parseIssuePass(read('autoescaped-text')));
  assert.equal(parsed.recipient.email, 'zoe@example.com');
  const fields = [
    passField.parse({ apiFieldName: 'member-name', type: 'text' }),
    passField.parse({ apiFieldName: 'member-email', type: 'text' }),
    passField.parse({ apiFieldName: 'shop-url', type: 'url' }),
  ];
  const { values, problems } = coerceFields(fields, parsed.data, { mode: 'create' });
  assert.deepEqual(problems, []);
  assert.equal(values['member-name'], 'Zoë O\'Brien & Co "VIP"');
  assert.equal(values['shop-url'], 'https://x.com/?a=1&b=2');
});

test('unquoted-missing-values: holes are absent, each reported', () => {
  const delivery = parseDelivery(Buffer.from(sample('unquoted-missing-values').body));
  assert.ok(delivery.ok);
  assert.equal(delivery.repairs.length, 3);
  const parsed = command(parsePushUpdate(delivery.value));
  assert.deepEqual([parsed.data, parsed.updateMetadata], [{}, false]);
});

test('template-never-rendered: refused, and the e-mail is named', () => {
  const result = parseProfileSync(read('template-never-rendered'));
  assert.deepEqual(pointers(result), ['/email', '/phone_number']);
  assert.ok(!result.ok && /email still holds a template tag/.test(result.problems[0]!.message));
});

test('all problems come at once, with pointers', () => {
  const result = parsePushUpdate({
    identifiers: 'x',
    additionalData: [],
    passType: {},
    updateMetadata: 'maybe',
    version: [],
  });
  assert.deepEqual(pointers(result), ['/identifiers', '/additionalData', '/passType', '/updateMetadata', '/version']);
  const issue = parseIssuePass({ pass: 'a', recipient: [], passTemplate: '{{ x }}', externalId: {} });
  assert.deepEqual(pointers(issue), ['/pass', '/recipient', '/passTemplate', '/externalId']);
});

test('updateMetadata takes what templates write; unknown keys are ignored with a hint', () => {
  const identifiers = { email: 'a@x.org' };
  for (const updateMetadata of [true, 'true', 'True', 1] as JsonValue[]) {
    assert.equal(command(parsePushUpdate({ identifiers, updateMetadata })).updateMetadata, true);
  }
  for (const updateMetadata of [false, 'False', null, '', 'None'] as JsonValue[]) {
    assert.equal(command(parsePushUpdate({ identifiers, updateMetadata })).updateMetadata, false);
  }
  const hinted = parsePushUpdate({ identifiers, additonalData: {} });
  assert.deepEqual(hinted.warnings, [
    {
      pointer: '/additonalData',
      message: '"additonalData" is unknown and was ignored; did you mean "additionalData"?',
    },
  ]);
});

test('keys and versions: blank is none, a template tag is refused, versions have one form', () => {
  const identifiers = { email: 'a@x.org' };
  assert.equal(command(parsePushUpdate({ identifiers, idempotency_key: ' k1 ' })).idempotencyKey, 'k1');
  assert.equal(command(parsePushUpdate({ identifiers, idempotency_key: 'None' })).idempotencyKey, null);
  assert.deepEqual(pointers(parsePushUpdate({ identifiers, idempotency_key: '{{ event.id }}' })), ['/idempotency_key']);
  assert.equal(command(parsePushUpdate({ identifiers, version: '007' })).version, '7');
  const updated_at = '2026-01-31 21:04:00+02:00';
  assert.equal(command(parsePushUpdate({ identifiers, updated_at })).version, '2026-01-31T19:04:00.000Z');
  assert.equal(parsePushUpdate({ identifiers, version: 'Jan. 1' }).warnings.length, 1);
});

test('profile sync takes Klaviyo’s own object, keeps dotted keys whole, and lets null clear', () => {
  const attributes = {
    email: 'A@x.org',
    phone_number: null,
    external_id: 'E1',
    first_name: 'Zoë',
    last_name: null,
    properties: { 'neostore.wallet.basic': 'x', blank: '', gone: null, tag: '{{ x }}' },
    subscriptions: { email: { marketing: { consent: 'SUBSCRIBED' } } },
  };
  const parsed = parseProfileSync({ data: { type: 'profile', id: '01M1', attributes } });
  assert.deepEqual(command(parsed), {
    identifiers: [
      { kind: 'email', value: 'a@x.org' },
      { kind: 'externalId', value: 'E1' },
    ],
    origin: 'klaviyo',
    profileId: '01M1',
    attributes: { first_name: 'Zoë', last_name: null },
    properties: { 'neostore.wallet.basic': 'x', gone: null },
    consent: attributes.subscriptions,
    idempotencyKey: null,
    version: null,
  });
  assert.deepEqual(
    parsed.warnings.map(({ pointer }) => pointer),
    ['/data/attributes/properties/tag'],
  );
});

test('profile sync without e-mail and phone is refused; an id alone is enough where the two keys are left out', () => {
  const ids = { profile_id: '01M1', external_id: 'C-1' };
  for (const body of [
    { email: null, phone_number: null },
    { email: ' ', phone_number: 'None' },
    { email: null, phone_number: '', ...ids },
    {},
  ]) {
    assert.deepEqual(pointers(parseProfileSync(body)), ['/email']);
  }
  assert.equal(command(parseProfileSync({ email: null, phone_number: null, phone: '+12125550101' })).profileId, null);
  assert.equal(command(parseProfileSync({ external_id: 'C-1' })).identifiers[0]?.value, 'C-1');
  assert.equal(command(parseProfileSync({ profile_id: '01M1' })).profileId, '01M1');
});

test('blank identifiers name nobody, whatever stands in their place', () => {
  for (const identifiers of ['', ' ', 'None', null]) {
    const parsed = parsePushUpdate({ identifiers, additionalData: { points: 1 } });
    assert.ok(!parsed.ok && parsed.problems.some(({ pointer }) => pointer === '/identifiers'), String(identifiers));
  }
});

test('no body makes a parser throw, and no accepted command is without a person', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom('identifiers', 'pass', 'recipient', 'email', 'data', 'id', 'version', 'x'),
        fc.jsonValue(),
      ),
      (body) => {
        const given = body as Record<string, JsonValue>;
        const update = parsePushUpdate(given);
        if (update.ok) assert.ok(update.command.identifiers.length > 0);
        const issue = parseIssuePass(given);
        if (issue.ok) assert.ok(issue.command.identifiers.length > 0);
        const sync = parseProfileSync(given);
        if (sync.ok) assert.ok(sync.command.identifiers.length > 0 || sync.command.profileId !== null);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('what stands in the wrong place is told where it belongs', () => {
  const said = (parsed: { warnings: { pointer: string; message: string }[] }) =>
    parsed.warnings.map(({ pointer, message }) => `${pointer} ${message}`);
  assert.match(
    said(parsePushUpdate({ identifiers: { email: 'a@x.org' }, points: 5 }))[0]!,
    /^\/points .*"additionalData"/,
  );
  const atTop = { identifiers: { email: 'a@x.org' }, phone_number: '+12125550123' };
  assert.match(said(parsePushUpdate(atTop))[0]!, /an identifier belongs into "identifiers"/);
  const named = parseIssuePass({ pass: {}, email: 'a@x.org', recipient: { name: 'A' }, customerId: 'C-1' });
  assert.match(said(named).join(), /"email" belongs into "recipient"/);
  assert.match(said(parseUpdatePass({ pass: { tier: 'x' }, points: 5 }))[0]!, /^\/points .*"pass"/);
  const issue = parseIssuePass({ pass: {}, points: 5, recipient: { email: 'a@x.org', customerId: 'C-1', zzz: 1 } });
  assert.deepEqual(said(issue), [
    '/recipient/customerId "customerId" is unknown and was ignored; "customerId" belongs beside "recipient", not into it',
    '/recipient/zzz "zzz" is unknown and was ignored',
    '/points "points" is unknown and was ignored; a field belongs into "pass"',
  ]);
});

test('a name with an unrendered tag is left out, and that is said', () => {
  const parsed = parseIssuePass({ pass: {}, recipient: { email: 'a@x.org', name: '{{ person.frist_name }} Mason' } });
  assert.ok(parsed.ok);
  assert.equal(parsed.command.recipient.name, null);
  assert.deepEqual(
    parsed.warnings.map(({ pointer }) => pointer),
    ['/recipient/name'],
  );
});

test('what a request shows of itself is what it reads: every advertised key is known, and its example is accepted', () => {
  for (const [declared, parse] of [
    [PUSH_UPDATE, parsePushUpdate],
    [UPDATE_PASS, parseUpdatePass],
    [ISSUE_PASS, parseIssuePass],
    [PROFILE_SYNC, parseProfileSync],
  ] as const) {
    const shown = Object.keys((z.toJSONSchema(declared.schema) as { properties: object }).properties);
    assert.deepEqual(
      shown.filter((key) => !declared.keys.includes(key)),
      [],
    );
    assert.equal(new Set(declared.keys).size, declared.keys.length, 'no key twice');
    const parsed = parse(declared.example);
    assert.deepEqual([parsed.ok, parsed.warnings], [true, []]);
    assert.ok(declared.schema.safeParse(declared.example).success);
  }
});
