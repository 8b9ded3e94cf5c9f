import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { validateTenantFolder } from '../../src/tenants/check-folder.js';
import { folderNotes } from '../../src/tenants/folder-notes.js';
import { copyTenantFolder } from '../support/tenant-folder.js';

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
