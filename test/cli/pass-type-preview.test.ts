import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { servePreview } from '../../src/previews/preview-server.js';
import { copyTenantFolder, editJson } from '../support/tenant-folder.js';

async function run(...args: string[]) {
  const out: string[] = [];
  const io = { out: (line: string) => void out.push(line), err: (line: string) => void out.push(line) };
  return { code: await main(['pass-type', ...args], {}, io), out: out.join('\n') };
}

test('the preview of a folder is a page with its images beside it, and unknown names are told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'passrelay-preview-'));
  try {
    const made = await run('preview', 'tenants/demo', '--type', 'basic', '--language', 'de', '--output', folder);
    assert.equal(made.code, 0, made.out);
    const html = readFileSync(join(folder, 'index.html'), 'utf8');
    for (const [, src] of html.matchAll(/src="(images\/[^"]+)"/g)) assert.ok(existsSync(join(folder, src!)), src);
    assert.match(html, /BOHNEN/);
    assert.doesNotMatch(html, /BEANS/);

    const own = await run(
      'preview',
      'tenants/demo',
      '--type',
      'basic',
      '--output',
      folder,
      '--set',
      'points=4711',
      'tier=gold',
    );
    assert.equal(own.code, 0, own.out);
    assert.match(readFileSync(join(folder, 'index.html'), 'utf8'), /4,711/);
    const wrong = await run('preview', 'tenants/demo', '--type', 'basic', '--output', folder, '--set', 'points=many');
    assert.equal(wrong.code, 1);
    assert.match(wrong.out, /points/);

    const misspelt = await run('preview', 'tenants/demo', '--type', 'basik', '--output', folder);
    assert.equal(misspelt.code, 1);
    assert.match(misspelt.out, /Did you mean "basic"/);
    const nobody = await run(
      'preview',
      'tenants/demo',
      '--type',
      'basic',
      '--customer',
      'tier golt',
      '--output',
      folder,
    );
    assert.match(nobody.out, /Did you mean "tier gold"/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the watching server tells its page of a change and shows a broken file as what is wrong with it', async () => {
  const tenant = copyTenantFolder();
  let changes = 0;
  const server = await servePreview({
    folder: join(tenant, 'pass-types'),
    port: 0,
    async render() {
      const text = readFileSync(join(tenant, 'pass-types/basic.json'), 'utf8');
      if (!text.includes('Kestrel')) throw new Error('no <Kestrel> here');
      return { html: '<html><body>sound</body></html>', files: new Map([['images/a b.png', Buffer.from('png')]]) };
    },
    changed: () => void changes++,
  });
  try {
    const page = async () => (await fetch(server.url)).text();
    assert.match(await page(), /sound.*EventSource/s);
    assert.equal(await (await fetch(`${server.url}/images/a%20b.png`)).text(), 'png');
    const stream = (await fetch(`${server.url}/changes`)).body!.getReader();
    await stream.read();
    const told = stream.read();
    editJson(tenant, 'pass-types/basic.json', (json) => {
      for (const key of Object.keys(json as object)) delete (json as Record<string, unknown>)[key];
    });
    assert.match(Buffer.from((await told).value!).toString(), /changed/);
    assert.ok(changes > 0);
    assert.match(await page(), /no &lt;Kestrel> here/);
    await stream.cancel();
  } finally {
    await server.close();
    rmSync(tenant, { recursive: true });
  }
});
