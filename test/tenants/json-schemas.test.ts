import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { jsonSchemas } from '../../src/tenants/json-schemas.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the committed schemas are those of the code ("npx passrelay schemas write" renews them)', () => {
  for (const [name, text] of Object.entries(jsonSchemas())) assert.equal(read(`schemas/${name}`), text, name);
});

test('another validator accepts the demo under them, and refuses a mistyped key', () => {
  const ajv = new Ajv2020({ strict: false });
  for (const [schema, file] of [
    ['tenant', 'tenant.json'],
    ['pass-type', 'pass-types/basic.json'],
    ['pass-type', 'pass-types/premium.json'],
  ] as const) {
    const validate = ajv.compile(JSON.parse(read(`schemas/${schema}.schema.json`)) as object);
    const json = JSON.parse(read(`tenants/demo/${file}`)) as object;
    assert.equal(validate(json), true, JSON.stringify(validate.errors));
    assert.equal(validate({ ...json, nmae: 'x' }), false);
  }
});

type Google = { google: { class: Record<string, unknown>; object: Record<string, unknown> } };

test('editors mark what Google would refuse, and take placeholders', () => {
  const validate = new Ajv2020({ strict: false }).compile(JSON.parse(read('schemas/pass-type.schema.json')) as object);
  const design = JSON.parse(read('tenants/demo/pass-types/basic.json')) as Google;
  const places = Array(11).fill({ latitude: 1, longitude: 2 });
  const uri = { uri: 'shop.example/a.png' };
  const money = { micros: 'five', currencyCode: 'euro' };
  for (const [object, key] of [
    [{ accountNam: 'x' }, 'accountNam'],
    [{ heroImage: { sourceUri: uri } }, 'uri'],
    [{ merchantLocations: places }, 'merchantLocations'],
    [{ barcode: { type: 'QRCode', value: 'x' } }, 'type'],
    [{ loyaltyPoints: { balance: { money } } }, 'currencyCode'],
    [{ validTimeInterval: { end: { date: '31.12.2026' } } }, 'date'],
  ] as const) {
    const changed = { ...design, google: { ...design.google, object: { ...design.google.object, ...object } } };
    assert.equal(validate(changed), false, key);
    assert.match(JSON.stringify(validate.errors), new RegExp(`/google.*${key}`), key);
  }
  const open = { loyaltyPoints: { balance: { int: '{{points}}' } }, validTimeInterval: { end: { date: '{{until}}' } } };
  const sound = { ...design, google: { ...design.google, object: { ...design.google.object, ...open } } };
  assert.equal(validate(sound), true, JSON.stringify(validate.errors));
});
