import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import pg from 'pg';
import { startPostgres, type RunningPostgres } from '../../src/embedded/postgres.js';
import { isAlive, waitUntilGone } from '../../src/embedded/processes.js';
import { holdServers } from './holder.js';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the PostgreSQL that we run ourselves', () => {
  let dataDir: string;
  let running: RunningPostgres | undefined;
  const lines: string[] = [];
  const start = async (options: { port?: number } = {}) =>
    (running = await startPostgres({ dataDir, log: (line) => lines.push(line), ...options }));
  const clusterOf = () => fs.realpathSync(path.join(dataDir, 'cluster'));
  const postmaster = () => Number(fs.readFileSync(path.join(clusterOf(), 'postmaster.pid'), 'utf8').split('\n')[0]);

  beforeEach(() => {
    dataDir = fs.mkdtempSync(path.join(tmpdir(), 'postgres-'));
    lines.length = 0;
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    const cluster = path.join(dataDir, 'cluster');
    if (fs.existsSync(cluster)) fs.rmSync(fs.realpathSync(cluster), { recursive: true, force: true });
    fs.rmSync(dataDir, { recursive: true, force: true });
  });

  it('keeps committed data and its port when everything is killed, and needs no help to start again', async () => {
    const holder = await holdServers('postgres', dataDir);
    await query(holder.ready.url, 'create table kept (id int)');
    await query(holder.ready.url, 'insert into kept values (42)');
    const server = postmaster();
    process.kill(server, 'SIGKILL');
    await holder.kill();
    assert.ok(await waitUntilGone(server, 10_000));
    const { url } = await start();
    assert.equal(url, holder.ready.url);
    assert.deepEqual(await query(url, 'select id from kept'), [{ id: 42 }]);
    assert.deepEqual(await query(url, "select current_setting('fsync') as fsync"), [{ fsync: 'on' }]);
  });

  it('ends with the process that started it, also after kill -9', async () => {
    const holder = await holdServers('postgres', dataDir);
    const server = postmaster();
    assert.ok(isAlive(server));
    await holder.kill();
    assert.ok(await waitUntilGone(server, 20_000));
  });

  it('stops a server that a killed run left, and refuses a folder that a living process uses', async () => {
    const { url } = await start();
    const first = running;
    const orphan = postmaster();
    await assert.rejects(start(), new RegExp(`in use by process ${process.pid}`));
    // What a killed run leaves behind: an owner that is gone and a server that is not.
    fs.writeFileSync(path.join(dataDir, 'owner.json'), JSON.stringify({ pid: 2 ** 30 }));
    const second = await start();
    assert.equal(isAlive(orphan), false);
    assert.match(lines.join('\n'), new RegExp(`still there \\(process ${orphan}\\)`));
    assert.equal(second.url, url);
    await first?.stop();
    running = second;
    assert.equal((await query(second.url, 'select 1 as one')).length, 1);
  });

  it('starts although the number in the pid file belongs to another program now', async () => {
    await (await start()).stop();
    running = undefined;
    fs.writeFileSync(path.join(clusterOf(), 'postmaster.pid'), `${process.pid}\n${clusterOf()}\n1\n5432\n\n\n\n`);
    const { url } = await start();
    assert.equal((await query(url, 'select 1 as one')).length, 1);
  });

  it('takes another port when its last one is busy, and says so when that port was asked for', async () => {
    const { port } = await start();
    await running?.stop();
    running = undefined;
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(port, '127.0.0.1', resolve));
    try {
      await assert.rejects(start({ port }), new RegExp(`Port ${port}.* is taken`));
      assert.notEqual((await start()).port, port);
    } finally {
      blocker.close();
    }
  });

  it('names the folder and the cure when the data is damaged or of another version, and deletes nothing', async () => {
    await (await start()).stop();
    running = undefined;
    const cluster = clusterOf();
    const version = path.join(cluster, 'PG_VERSION');
    fs.writeFileSync(version, '15\n');
    await assert.rejects(start(), /written by PostgreSQL 15.*mv .*cluster/s);
    fs.rmSync(version);
    await assert.rejects(start(), /is damaged.*mv .*cluster/s);
    fs.writeFileSync(version, '18\n');
    fs.writeFileSync(path.join(cluster, 'global', 'pg_control'), 'rubbish');
    await assert.rejects(start(), /did not start on .*cluster.*mv .*nothing has been deleted/s);
    assert.ok(fs.existsSync(path.join(cluster, 'base')));
  });
});
