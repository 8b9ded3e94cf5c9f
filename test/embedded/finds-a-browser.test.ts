import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { chromium } from 'playwright-core';
import { findChromium } from '../support/chromium.js';

function program(file: string, text: string): string {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
}
const browser = (file: string) => program(file, 'echo Chromium 143.0.1.2');

describe('finding a browser', () => {
  let folder: string;
  const log = () => undefined;
  const at = (...parts: string[]) => path.join(folder, ...parts);
  const find = (more: { named?: string; platform?: string } = {}) =>
    findChromium({
      cacheDir: at('cache'),
      env: { PATH: at('bin'), ...(more.named && { PASSRELAY_CHROMIUM: more.named }) },
      places: [at('opt', 'chrome')],
      playwright: at('playwright', 'chromium-1200', 'chrome-linux64', 'chrome'),
      platform: more.platform ?? 'plan9-mips',
      log,
    });

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), 'browsers-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('takes the named one, then the system’s, then Playwright’s, passing over what does not run', async () => {
    const older = browser(at('playwright', 'chromium-999', 'chrome-linux64', 'chrome'));
    assert.deepEqual(await find(), { path: older, source: 'Playwright', env: {} });
    const newer = browser(at('playwright', 'chromium-1100', 'chrome-linux64', 'chrome'));
    assert.equal((await find()).path, newer);
    const system = browser(at('opt', 'chrome'));
    assert.deepEqual([(await find()).path, (await find()).source], [system, 'system']);
    program(at('bin', 'chromium-browser'), 'echo Chromium needs snap >&2; exit 1');
    assert.equal((await find()).path, system);
    const onPath = browser(at('bin', 'google-chrome'));
    assert.equal((await find()).path, onPath);
    const named = browser(at('mine'));
    assert.equal((await find({ named })).source, 'PASSRELAY_CHROMIUM');
  });

  it('says in one line what to install where there is none, and where the named one is not there', async () => {
    const message = await find().then(
      () => assert.fail('there is none'),
      (error: Error) => error.message,
    );
    assert.match(message, /apt-get|brew|winget/);
    assert.match(message, /it is for linux-x64, and this machine is plan9-mips/);
    assert.equal(message.split('\n').length, 1);
    await assert.rejects(find({ named: at('gone') }), /PASSRELAY_CHROMIUM is .*gone, which is not there/);
  });

  it('opens a page with the packaged one, from an empty cache and with nothing of the system', async (t) => {
    if (`${process.platform}-${process.arch}` !== 'linux-x64') {
      await assert.rejects(find({ platform: `${process.platform}-${process.arch}` }), /it is for linux-x64/);
      return;
    }
    const found = await Promise.all([find({ platform: 'linux-x64' }), find({ platform: 'linux-x64' })]);
    assert.deepEqual(found[0], found[1]);
    assert.equal(found[0].source, 'package');
    const opened = await chromium.launch({
      executablePath: found[0].path,
      env: { ...process.env, ...found[0].env },
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    t.after(() => opened.close());
    const page = await opened.newPage();
    await page.setContent('<h1>Hello</h1>');
    assert.equal(await page.textContent('h1'), 'Hello');
    assert.ok((await page.screenshot()).length > 1_000);
    assert.deepEqual(fs.readdirSync(at('cache', 'chromium')).length, 1, 'nothing half unpacked stays');
  });
});
