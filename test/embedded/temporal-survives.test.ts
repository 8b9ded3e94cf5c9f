import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { findTemporalCli } from '../../src/embedded/temporal-cli.js';
import { startTemporal, type RunningTemporal, type TemporalOptions } from '../../src/embedded/temporal.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';
import { isAlive, waitUntilGone } from '../../src/embedded/processes.js';
import { holdServers } from './holder.js';

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

describe('the Temporal server that we run ourselves', () => {
  let cliPath: string;
  let folder: string;
  let dbFilename: string;
  let running: RunningTemporal | undefined;
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);
  const start = async (options: Partial<TemporalOptions> = {}) =>
    (running = await startTemporal({
      cliPath,
      dbFilename,
      headless: true,
      searchAttributes: SEARCH_ATTRIBUTES,
      log,
      ...options,
    }));
  const serverPid = () => (JSON.parse(fs.readFileSync(`${dbFilename}.server.json`, 'utf8')) as { pid: number }).pid;

  before(async () => {
    ({ path: cliPath } = await findTemporalCli({ log }));
    folder = fs.mkdtempSync(path.join(tmpdir(), 'temporal-'));
    dbFilename = path.join(folder, 'temporal.db');
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('keeps a workflow and its address when everything is killed, and needs no help to start again', async () => {
    const holder = await holdServers('temporal', dbFilename, cliPath);
    await withClient(holder.ready.address, async (client) => {
      const searchAttributes = { PassrelayTenant: ['demo'], PassrelayKind: ['push-update'] };
      await client.workflow.start('waiting', { taskQueue: 'none', workflowId: 'kept', searchAttributes });
    });
    const server = serverPid();
    process.kill(server, 'SIGKILL');
    await holder.kill();
    assert.ok(await waitUntilGone(server, 10_000));
    const { address } = await start();
    assert.equal(address, holder.ready.address);
    const found = await withClient(address, (client) => client.workflow.getHandle('kept').describe());
    assert.equal(found.status.name, 'RUNNING');
  });

  it('stops a server that a killed run left, and refuses state that a living process uses', async () => {
    const { address } = await start();
    const first = running;
    const orphan = serverPid();
    await assert.rejects(start(), new RegExp(`in use by process ${process.pid}`));
    // What a killed run leaves behind: an owner that is gone and a server that is not.
    fs.writeFileSync(`${dbFilename}.owner.json`, JSON.stringify({ pid: 2 ** 30 }));
    const second = await start();
    assert.equal(isAlive(orphan), false);
    assert.match(lines.join('\n'), new RegExp(`still there \\(process ${orphan}\\)`));
    assert.equal(second.address, address);
    await first?.stop();
    running = second;
  });

  it('serves the Web UI and a namespace of its own, on other ports when the last ones are busy', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    const last = { pid: 2 ** 30, port, uiPort: port };
    fs.writeFileSync(`${dbFilename}.server.json`, JSON.stringify(last));
    try {
      await assert.rejects(start({ port }), new RegExp(`Port ${port}.* is taken`));
      const { address, uiUrl, namespace } = await start({ headless: false, namespace: 'passes' });
      assert.notEqual(address, `127.0.0.1:${port}`);
      assert.equal(namespace, 'passes');
      const answer = await fetch(uiUrl ?? '', { signal: AbortSignal.timeout(10_000) });
      assert.equal(answer.status, 200);
    } finally {
      blocker.close();
    }
  });

  it('names the file and the cure when the state is damaged, and deletes nothing', async () => {
    const damaged = path.join(folder, 'damaged.db');
    fs.writeFileSync(damaged, 'this is no database, whatever its name says '.repeat(100));
    await assert.rejects(start({ dbFilename: damaged }), /damaged\.db is damaged.*mv .*nothing has been deleted/s);
    assert.ok(fs.existsSync(damaged));
  });
});
