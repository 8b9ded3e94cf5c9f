import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { badgeFor } from '../../src/passes/wallet-badges.js';
import { readBadges } from '../../src/tenants/read-badges.js';
import { copyTenantFolder } from '../support/tenant-folder.js';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="110" height="40"><rect width="110" height="40"/></svg>';

test('badges are read by wallet and language, and what is no plain image is refused by its file', async () => {
  const root = copyTenantFolder();
  try {
    assert.deepEqual(await readBadges(root), { badges: [], problems: [] });
    mkdirSync(join(root, 'badges'));
    const files: Record<string, string | Buffer> = {
      'apple.svg': SVG,
      'apple.de.svg': SVG,
      'google.pt-BR.png': readFileSync(join(root, 'pass-types/basic/icon.png')),
      'google.fr.png': 'no png',
      'samsung.svg': SVG,
      'apple.en.svg': SVG.replace('<rect', '<script>alert(1)</script><rect'),
      'apple.es.svg': SVG.replace('<rect', '<rect\nonload="alert(1)"'),
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, 'badges', name), content);
    const { badges, problems } = await readBadges(root);
    assert.deepEqual(
      badges.map(({ name, type }) => [name, type]),
      [
        ['apple.de', 'svg'],
        ['apple', 'svg'],
        ['google.pt-BR', 'png'],
      ],
    );
    assert.deepEqual(problems.map(({ file }) => file).sort(), [
      'badges/apple.en.svg',
      'badges/apple.es.svg',
      'badges/google.fr.png',
      'badges/samsung.svg',
    ]);
    assert.ok(problems.every(({ message, cure }) => message !== '' && cure !== ''));
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a reader gets the badge of their language, of its base, or the common one', () => {
  const badge = (sha256: string) => ({ sha256, type: 'svg' as const });
  const badges = { apple: badge('common'), 'apple.de': badge('german'), 'google.fr': badge('french') };
  assert.equal(badgeFor(badges, 'apple', 'de-AT')?.sha256, 'german');
  assert.equal(badgeFor(badges, 'apple', 'fr')?.sha256, 'common');
  assert.equal(badgeFor(badges, 'google', 'en'), null);
});
