import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { findTemporalCli } from '../../src/embedded/temporal-cli.js';
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
    const error = await findTemporalCli({ cacheDir, env: environment(), log }).then(
      () => assert.fail('nothing can be found here'),
      (reason: Error) => reason.message,
    );
    assert.match(error, /bin\/temporal on PATH: it does not run/);
    assert.match(error, /the cache .*: empty/);
    assert.match(error, /the SDK's download: \S/);
    assert.match(error, /found Go 1\.19, needs Go 1\.25 or newer/);
    assert.match(error, /Install the Temporal CLI.*TEMPORAL_ADDRESS/);
    assert.deepEqual(fs.readdirSync(path.join(cacheDir, 'temporal', '1.5.1')), []);
  });

  it('builds with Go where nothing else works, and finds the result in the cache afterwards', async () => {
    program(path.join(folder, 'built'), 'echo temporal version 1.5.1');
    const install = '[ "$1" = install ] && /bin/mkdir -p "$GOBIN" && exec /bin/cp "$HOME/built" "$GOBIN/temporal"';
    program(path.join(bin, 'go'), `${install}\necho go version go1.26.0 linux/amd64`);
    const [one, two] = await Promise.all([
      findTemporalCli({ cacheDir, env: environment(), log }),
      findTemporalCli({ cacheDir, env: environment(), log }),
    ]);
    assert.deepEqual([one.source, two.source].sort(), ['build', 'cache']);
    assert.equal(one.path, two.path);
    program(path.join(bin, 'temporal'), 'echo temporal version 9.9.9');
    const third = await findTemporalCli({ cacheDir, env: environment(), log });
    assert.deepEqual([third.source, third.version], ['PATH', 'temporal version 9.9.9']);
  });

  it('names everything that was tried for the time-skipping server', async () => {
    program(path.join(bin, 'java'), `echo 'openjdk version "1.8.0_402"' >&2`);
    const finding = findTimeSkippingServer({ cacheDir, env: environment(), log });
    await assert.rejects(finding, /SDK's download: \S.*needs 11 or newer.*Install Java 11 or newer and Maven/s);
    assert.deepEqual(fs.readdirSync(path.join(cacheDir, 'temporal-test-server')), []);
  });
});
