import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConsentText } from '../../src/api/requests/consent-text.js';
import { parseProfileSync } from '../../src/api/requests/index.js';
import { isBlank } from '../../src/common/clean-text.js';
import type { JsonValue } from '../../src/common/json.js';
import { readConsent } from '../../src/klaviyo/consent.js';
import { profileValues } from '../../src/klaviyo/profile-values.js';
import { tenantSettings } from '../../src/passes/tenant-settings.js';

const read = (consent: JsonValue, key = 'consent') => {
  const parsed = parseProfileSync({ email: 'a@example.com', [key]: consent });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { channels, isWhole } = readConsent(parsed.command.consent);
  const states = Object.fromEntries(Object.entries(channels).map(([name, { state }]) => [name, state]));
  return { states, isWhole, named: parsed.warnings.map(({ pointer }) => pointer) };
};

test('a list of channels is read in every form that templates give it, and is whole', () => {
  const both = { email: 'SUBSCRIBED', sms: 'SUBSCRIBED' };
  for (const form of [
    ['email', 'sms'],
    [' Email', 'SMS'],
    ['e-mail', 'text'],
    "['email', 'sms']",
    '["email", "sms"]',
    '[&#x27;email&#x27;, &#x27;sms&#x27;]',
    "('email', 'sms')",
    "{'email', 'sms'}",
    '[email, sms]',
    'email, sms',
    'email;sms',
    "[u'email', u'sms']".replaceAll('u', ''),
  ] as JsonValue[]) {
    assert.deepEqual(read(form), { states: both, isWhole: true, named: [] }, JSON.stringify(form));
  }
  for (const empty of [[], '[]', '()', ' [ ] '] as JsonValue[]) {
    assert.deepEqual(read(empty), { states: {}, isWhole: true, named: [] }, JSON.stringify(empty));
  }
});

test('what says nothing changes nothing, and needs no word', () => {
  for (const nothing of [null, '', 'None', 'null', '-', [''], ['None'], { email: null, sms: '' }, {}] as JsonValue[]) {
    assert.deepEqual(read(nothing), { states: {}, isWhole: false, named: [] }, JSON.stringify(nothing));
  }
});

test('states are read in the words of people and other tools', () => {
  for (const yes of [
    'SUBSCRIBED',
    'subscribed ',
    'opted-in',
    'Opted in',
    'OPT_IN',
    'True',
    true,
    1,
    '1',
    'yes',
    'granted',
  ]) {
    assert.deepEqual(read({ sms: yes as JsonValue }).states, { sms: 'SUBSCRIBED' }, String(yes));
  }
  for (const no of [
    'UNSUBSCRIBED',
    'opted-out',
    'Opt out',
    'optOut',
    'False',
    false,
    0,
    'no',
    'revoked',
    'withdrawn',
    [],
  ]) {
    assert.deepEqual(read({ sms: no as JsonValue }).states, { sms: 'UNSUBSCRIBED' }, String(no));
  }
  assert.deepEqual(read({ sms: 'never subscribed' }).states, { sms: 'NEVER_SUBSCRIBED' });
  const shapes: JsonValue[] = [
    { email: { marketing: { consent: 'UNSUBSCRIBED' }, transactional: { consent: 'SUBSCRIBED' } } },
    { email: { consent: 'UNSUBSCRIBED' }, 'email-transactional': { status: 'opted-in' } },
    [
      { channel: 'email', consent: 'UNSUBSCRIBED' },
      { type: 'email-transactional', state: 'SUBSCRIBED' },
    ],
    "{'email': 'UNSUBSCRIBED', 'email-transactional': True}",
    '{&quot;email&quot;: false, &quot;email-transactional&quot;: true}',
  ];
  for (const shape of shapes) {
    const expected = { email: 'UNSUBSCRIBED', 'email-transactional': 'SUBSCRIBED' };
    assert.deepEqual(read(shape), { states: expected, isWhole: false, named: [] }, JSON.stringify(shape));
  }
  assert.deepEqual(read({ email: ['MARKETING'], sms: ['TRANSACTIONAL'] }).states, {
    email: 'SUBSCRIBED',
    sms: 'UNSUBSCRIBED',
  });
});

test('what cannot be read is named with its place, and never takes a consent back', () => {
  for (const [consent, named] of [
    ['SUBSCRIBED', ['/consent']],
    [true, ['/consent']],
    [{ sms: 'pending', email: 'yes' }, ['/consent/sms']],
    [{ sms: { marketing: { can_receive_sms_marketing: false } } }, ['/consent/sms/marketing']],
    [['email', 7], ['/consent/1']],
    [{ 'über mail': true }, ['/consent/über mail']],
    ['{{ person.consent }}', ['/consent']],
    ['[broken', ['/consent']],
  ] as [JsonValue, string[]][]) {
    const result = read(consent);
    assert.deepEqual([result.named, result.isWhole], [named, false], JSON.stringify(consent));
  }
});

const isNothing = (value: JsonValue): boolean =>
  value === null ||
  (typeof value === 'string' && isBlank(value)) ||
  (typeof value === 'object' && Object.values(value).every((inner) => inner === null || isNothing(inner as JsonValue)));

test('property: whatever comes is read or named, and reading never throws', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const parsed = parseProfileSync({ email: 'a@example.com', consent: value as JsonValue });
      if (!parsed.ok) return;
      const { channels, isWhole, unreadable } = readConsent(parsed.command.consent);
      const said = Object.keys(channels).length > 0 || isWhole || unreadable.length > 0;
      assert.ok(said || isNothing(parsed.command.consent), JSON.stringify(value));
      const named = parsed.warnings.filter(({ pointer }) => pointer.startsWith('/consent'));
      assert.ok(unreadable.length === 0 || named.length > 0, JSON.stringify(value));
    }),
    { numRuns: 2_000 },
  );
});

const settings = tenantSettings.parse({});
const values = (consent: JsonValue, subscriptions: JsonValue, more: Record<string, JsonValue> = {}) =>
  profileValues(
    {
      identifiers: [],
      klaviyoProfileId: null,
      attributes: {},
      properties: {},
      consent,
      fetched: { id: '01P', attributes: { subscriptions, ...more } },
    },
    settings,
  );
const never = { marketing: { consent: 'NEVER_SUBSCRIBED' } };

test('Klaviyo’s "never subscribed" takes no word of the webhook back; what it knows still wins', () => {
  const stateOf = (result: ReturnType<typeof values>, channel: string) =>
    (result.customer[`consent.${channel}`] as { state: string } | undefined)?.state;
  for (const word of ['SUBSCRIBED', 'UNSUBSCRIBED']) {
    assert.equal(stateOf(values({ email: word }, { email: never }), 'email'), word);
    assert.equal(
      stateOf(values({ email: word }, { email: { marketing: { consent: 'SUBSCRIBED' } } }), 'email'),
      'SUBSCRIBED',
    );
  }
  assert.equal(stateOf(values(null, { email: never }), 'email'), 'NEVER_SUBSCRIBED');
  const short = values(['email'], { email: never, sms: never });
  assert.deepEqual([stateOf(short, 'email'), stateOf(short, 'sms')], ['SUBSCRIBED', undefined]);
  assert.ok(short.unlisted.includes('sms') && !short.unlisted.includes('email'));
  const kept = values(['email'], { sms: { marketing: { consent: 'SUBSCRIBED' } } });
  assert.ok(!kept.unlisted.includes('sms'));
});

test('a null of Klaviyo changes nothing: attributes, properties and what stands inside them', () => {
  const { customer, sources } = values(null, null, {
    first_name: null,
    last_name: '',
    location: { city: null, country: 'France' },
    properties: { offer: null, tier: 'None', points: 0, deep: { gone: null } },
  });
  assert.deepEqual(customer, { klaviyoProfileId: '01P' });
  assert.deepEqual(sources, {
    location: { country: 'France' },
    'location.country': 'France',
    'properties.points': 0,
    'properties.deep': {},
  });
});

test('what is longer than all channels together is named as unreadable, not read', () => {
  const many = Array.from({ length: 60 }, (_, i) => `channel${i}`);
  const byName = Object.fromEntries(many.map((name) => [name, true]));
  for (const consent of [many, byName]) {
    assert.deepEqual(readConsent(consent), { channels: {}, isWhole: false, unreadable: [''] });
  }
  for (const text of ['email,', "['c', ", '|', '{', 'None,']) {
    const long = text.repeat(5_000);
    assert.equal(readConsentText(long), long);
  }
});
