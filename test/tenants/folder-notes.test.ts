import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateTenantFolder } from '../../src/tenants/check-folder.js';
import { folderNotes } from '../../src/tenants/folder-notes.js';
import { copyTenantFolder, editJson } from '../support/tenant-folder.js';

test('a copied folder that still names the tenant it was copied from is told so', async () => {
  const root = copyTenantFolder();
  try {
    const { folder } = await validateTenantFolder(root, { now: Date.now, environment: {} });
    const about = (notes: string[]) => notes.filter((note) => note.includes('/tenantId'));
    assert.match(
      about(folderNotes(folder, { now: Date.now }))[0]!,
      /the tenant "demo": applying it changes that tenant/,
    );
    const named = { ...folder, root: join(root, 'demo/') };
    assert.deepEqual(about(folderNotes(named, { now: Date.now })), []);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a page that asks for consents without a privacy notice or an imprint is noted', async () => {
  const root = copyTenantFolder();
  try {
    const about = async (pages: object) => {
      editJson(root, 'tenant.json', (tenant) => Object.assign(tenant.settings, { pages }));
      const { folder } = await validateTenantFolder(root, { now: Date.now, environment: {} });
      return folderNotes(folder, { now: Date.now }).filter((note) => note.includes('/settings/pages'));
    };
    assert.match((await about({ imprintUrl: 'https://kestrel.example/imprint' }))[0]!, /its foot lacks privacyUrl\./);
    const both = { privacyUrl: 'https://kestrel.example/privacy', imprintUrl: 'https://kestrel.example/imprint' };
    assert.deepEqual(await about(both), []);
  } finally {
    rmSync(root, { recursive: true });
  }
});
