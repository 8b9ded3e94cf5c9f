import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateTenantFolder } from '../../src/tenants/check-folder.js';
import { copyTenantFolder, editJson } from '../support/tenant-folder.js';

const BASIC = 'pass-types/basic.json';
const shop = { id: 'shop', latitude: 52.5, longitude: 13.4, relevantText: 'Shop' };

async function validated(nearby: object, stores: unknown) {
  const root = copyTenantFolder();
  try {
    if (stores !== undefined) writeFileSync(join(root, 'pass-types/basic/stores.json'), JSON.stringify(stores));
    editJson(root, BASIC, (design) => (design.nearby = { latitude: '{{points}}', longitude: '{{points}}', ...nearby }));
    const { folder, problems } = await validateTenantFolder(root, { now: Date.now, environment: {} });
    const basic = folder.passTypes.find(({ file }) => file === BASIC);
    return { places: basic?.design.nearby?.places, problems: problems.map(({ file, path }) => `${file}${path}`) };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a list of places is read from its file', async () => {
  const read = await validated({ places: 'stores.json', visited: '{{message}}' }, [shop]);
  assert.deepEqual(read, { places: [shop], problems: [] });
});

test('what is wrong with a list, its file or its fields is named', async () => {
  const paths = async (nearby: object, stores?: unknown) => (await validated(nearby, stores)).problems;
  const file = 'pass-types/basic/stores.json';
  assert.deepEqual(await paths({ places: 'stores.json' }), [file]);
  assert.deepEqual(await paths({ places: 'stores.json' }, [{ ...shop, latitude: 95 }]), [`${file}/0/latitude`]);
  assert.deepEqual(await paths({ places: [shop, shop] }), [`${BASIC}/nearby/places/1/id`]);
  assert.deepEqual(await paths({ places: [shop], latitude: '52.5' }), [`${BASIC}/nearby/latitude`]);
  assert.deepEqual(await paths({ places: [shop], longitude: '{{lng}}' }), [`${BASIC}/nearby/longitude`]);
  assert.deepEqual(await paths({ places: [shop], visited: '{{points}}' }), [`${BASIC}/nearby/visited`]);
  assert.deepEqual(await paths({ places: [{ ...shop, relevantText: '{{pionts}}' }] }), [
    `${BASIC}/nearby/places/0/relevantText`,
  ]);
});
