import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { distance, nearbyPlaces, type Nearby } from '../../src/passes/nearby.js';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { viewOfPass } from '../../src/passes/pass-view.js';
import { applePassJson } from '../../src/wallets/apple/pass-json.js';
import { googleObject, googleWrite } from '../../src/wallets/google/wallet-object.js';

const BERLIN = { latitude: 52.52, longitude: 13.405 };
const nearby = (places: Nearby['places']): Nearby => ({
  places,
  latitude: '{{lat}}',
  longitude: '{{lng}}',
  visited: '{{visited}}',
});
const ids = (list: { id: string }[]) => list.map(({ id }) => id);

test('distances agree with known ones', () => {
  const munich = { latitude: 48.137, longitude: 11.575 };
  assert.ok(Math.abs(distance(BERLIN, munich) - 504_000) < 2_000, 'Berlin to Munich is 504 km');
  assert.equal(distance(BERLIN, BERLIN), 0);
  const across = distance({ latitude: 0, longitude: 179.5 }, { latitude: 0, longitude: -179.5 });
  assert.ok(across < 112_000, 'one degree across the date line');
});

test('of any list the ten nearest that were not visited are chosen, nearest first', () => {
  const point = {
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  };
  fc.assert(
    fc.property(
      fc.array(fc.record(point), { maxLength: 60 }),
      fc.record(point),
      fc.integer({ min: 0, max: 5 }),
      (points, home, seen) => {
        const places = points.map((one, index) => ({ id: `p${index}`, ...one }));
        const visited = places.slice(0, seen).map(({ id }) => id);
        const fields = { lat: home.latitude, lng: home.longitude, visited: visited.join(', ') };
        const chosen = nearbyPlaces(nearby(places), fields);
        const others = places.filter((one) => !visited.includes(one.id) && !chosen.includes(one));
        assert.equal(chosen.length, Math.min(10, places.length - visited.length));
        const metres = chosen.map((one) => distance(home, one));
        assert.deepEqual(
          metres,
          metres.toSorted((a, b) => a - b),
        );
        assert.ok(
          others.every((one) => distance(home, one) >= (metres.at(-1) ?? 0)),
          'no nearer one was passed over',
        );
        assert.ok(!chosen.some(({ id }) => visited.includes(id)), 'none was visited');
      },
    ),
  );
});

test('without the point of a customer the order of the list counts, and * ends them all', () => {
  const places = Array.from({ length: 12 }, (_, index) => ({ id: `p${index}`, latitude: index, longitude: 0 }));
  assert.deepEqual(ids(nearbyPlaces(nearby(places), { lat: 'home' })), ids(places.slice(0, 10)));
  assert.deepEqual(nearbyPlaces(nearby(places), { visited: '*' }), []);
});

test('both wallets carry the places, and lose a visited one with the change of its field', () => {
  const places = Array.from({ length: 15 }, (_, index) => ({
    id: `shop-${index}`,
    latitude: 52.52 + index / 100,
    longitude: 13.405,
    relevantText: `Shop ${index}`,
  }));
  const design = passTypeDesign.parse({
    name: 'card',
    id: 'ptk_0x1',
    description: 'Card',
    organizationName: 'Kestrel',
    fields: [
      { apiFieldName: 'lat', type: 'number' },
      { apiFieldName: 'lng', type: 'number' },
      { apiFieldName: 'visited', type: 'text' },
    ],
    nearby: nearby(places),
    apple: {
      passTypeIdentifier: 'pass.com.example.card',
      style: 'storeCard',
      images: { icon: 'icon' },
      locations: [{ latitude: 1, longitude: 2, relevantText: 'Head office' }],
    },
    google: { type: 'loyalty', classSuffix: 'card' },
  });
  const made = (visited: string) => {
    const view = viewOfPass({
      design,
      data: { lat: 52.52, lng: 13.405, visited },
      visuals: {},
      serialNumber: 's',
      externalId: null,
      publicUrl: 'https://cards.example',
      locale: { timeZone: null, language: 'en' },
    });
    const pass = applePassJson({
      design,
      teamIdentifier: 'T',
      serialNumber: 's',
      authenticationToken: 'x'.repeat(16),
      webServiceUrl: 'https://cards.example',
      view,
      state: 'active',
      modifiedAt: new Date(0),
    });
    const google = googleObject({
      design: design.google!,
      classId: '1.c',
      objectId: '1.o',
      view,
      state: 'ACTIVE',
      notify: false,
    });
    return { google, texts: (pass['locations'] as { relevantText: string }[]).map(({ relevantText }) => relevantText) };
  };
  const shops = (from: number, count: number) => Array.from({ length: count }, (_, index) => `Shop ${from + index}`);
  const [before, after, none] = [made(''), made('shop-0'), made('*')];
  assert.deepEqual(before.texts, ['Head office', ...shops(0, 9)]);
  assert.deepEqual(after.texts, ['Head office', ...shops(1, 9)]);
  assert.deepEqual(none.texts, ['Head office']);
  assert.equal((before.google['merchantLocations'] as unknown[]).length, 10);
  assert.deepEqual((after.google['merchantLocations'] as unknown[])[0], { latitude: 52.53, longitude: 13.405 });
  assert.equal(googleWrite(before.google, none.google).method, 'PATCH');
  const { merchantLocations: _, ...cleared } = none.google;
  assert.equal(googleWrite(cleared, none.google).method, 'none');
});
