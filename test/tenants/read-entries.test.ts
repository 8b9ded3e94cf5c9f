import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FolderProblem } from '../../src/tenants/folder-problem.js';
import { readBadges } from '../../src/tenants/read-badges.js';
import { listEntries, readCure, readFault } from '../../src/tenants/read-entries.js';
import { readTenantFolder } from '../../src/tenants/read-folder.js';

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });

test('a folder that is there and cannot be read is a problem, not an empty one', async () => {
  const root = mkdtempSync(join(tmpdir(), 'passrelay-entries-'));
  try {
    const problems: FolderProblem[] = [];
    assert.deepEqual(await listEntries(root, 'badges', (problem) => problems.push(problem)), []);
    assert.deepEqual(problems, []);
    for (const name of ['badges', 'pass-types']) writeFileSync(join(root, name), '');
    const { problems: said } = await readTenantFolder(root);
    assert.deepEqual(
      said.map(({ file, message }) => [file, message]),
      [
        ['tenant.json', 'the file does not exist.'],
        ['pass-types', '"pass-types" is no folder.'],
        ['badges', '"badges" is no folder.'],
      ],
    );
    rmSync(join(root, 'badges'));
    mkdirSync(join(root, 'badges/apple.svg'), { recursive: true });
    const { problems: ofBadges } = await readBadges(root);
    assert.deepEqual(
      ofBadges.map(({ file, message }) => [file, message]),
      [['badges/apple.svg', 'the file is a folder.']],
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a file that may not be read is told with who must be let', () => {
  for (const code of ['EACCES', 'EPERM']) {
    assert.equal(readFault(errorOf(code)), 'may not be read');
    assert.match(readCure(errorOf(code), 'otherwise'), /uid 1000/);
  }
  assert.equal(readFault(errorOf('EIO')), 'cannot be read');
  assert.equal(readCure(errorOf('ENOENT'), 'otherwise'), 'otherwise');
});
