import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonValue } from '../../src/common/json.js';
import { showPass, type ActiveOffer, type Coverable } from '../../src/passes/offer.js';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { timesOfPass, withDefaults } from '../../src/passes/pass-view.js';
import { computeVisuals, followVisuals } from '../../src/passes/visuals.js';

const locale = { timeZone: 'America/New_York', language: 'en' };
const design = passTypeDesign.parse({
  name: 'basic',
  id: 'ptk_0x1',
  description: 'Card',
  organizationName: 'Test',
  timeZone: '{{home-zone}}',
  fields: [
    { apiFieldName: 'tier', type: 'text', default: 'bronze' },
    { apiFieldName: 'points', type: 'integer' },
    { apiFieldName: 'until', type: 'datetime' },
    { apiFieldName: 'show', type: 'datetime', timeZone: '{{venue-zone}}' },
    { apiFieldName: 'home-zone', type: 'text' },
    { apiFieldName: 'venue-zone', type: 'text' },
  ],
  visuals: {
    strip: { from: 'tier', cases: { gold: 'strip-gold', '': 'strip-none' }, default: 'strip-plain' },
    badge: { from: 'tier', cases: { gold: 'badge' } },
    total: { template: '{{points}} points' },
    title: { template: '{{tier}} / {{ points }}' },
    ends: { template: 'Until {{until}}' },
    begins: { template: 'Begins {{show}}' },
    file: { template: 'strip-{{until}}' },
    from: { from: 'until', cases: {}, default: 'some day' },
  },
});

const DRAWN = {
  tier: fc.constantFrom('gold', 'Gold', 'silver'),
  points: fc.integer({ min: 0, max: 3 }),
  // On both sides of a change of clocks, and of a year.
  until: fc.constantFrom('2026-12-31T23:30:00.000Z', '2026-03-08T06:30:00.000Z', '2026-10-25T00:30:00.000Z'),
  show: fc.constantFrom('2026-03-29T00:30:00.000Z', '2026-11-01T05:30:00.000Z'),
  'home-zone': fc.constantFrom('Europe/Berlin', 'America/Los_Angeles', 'nowhere'),
  'venue-zone': fc.constantFrom('Asia/Kolkata', 'Pacific/Kiritimati'),
};
const data = fc.record(DRAWN, { requiredKeys: [] });
const all = (given: Record<string, JsonValue>): Record<string, string> => {
  const fields = withDefaults(design, given);
  return computeVisuals(design, fields, timesOfPass(design, fields, locale));
};

test('whatever fields change, the visuals are those of the new values, and equal values change none', () => {
  fc.assert(
    fc.property(data, data, (before, after) => {
      const changed = Object.keys(DRAWN).filter((name) => before[name as never] !== after[name as never]);
      const fields = withDefaults(design, after);
      const follow = followVisuals(design, all(before), fields, changed, timesOfPass(design, fields, locale));
      assert.deepEqual(follow.visuals, all(after));
      const again = followVisuals(
        design,
        follow.visuals,
        fields,
        Object.keys(DRAWN),
        timesOfPass(design, fields, locale),
      );
      assert.deepEqual(again.changed, {});
    }),
  );
});

test('an offer shows the visuals of what it covers, and its end those from beneath', async () => {
  const versionOf = (passTypeId: string) => Promise.resolve({ design, passTypeId });
  await fc.assert(
    fc.asyncProperty(data, data, fc.boolean(), async (own, covered, isOtherType) => {
      const passType = isOtherType ? { id: 'other', version: 2 } : null;
      const offer: ActiveOffer = { id: 'o1', sequence: '9', priority: 0, fields: { ...covered }, passType };
      const beneath: Coverable = {
        pass_type_id: 'basic',
        pass_type_version: 1,
        data: { ...own },
        visuals: all(own),
        offers: [],
      };
      const { pass } = await showPass({ ...beneath, offers: [offer] }, locale, versionOf);
      assert.deepEqual(pass.visuals, all({ ...own, ...covered }));
      const ended = await showPass(beneath, locale, versionOf);
      assert.deepEqual(ended.pass.visuals, all(own));
    }),
  );
});
