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
