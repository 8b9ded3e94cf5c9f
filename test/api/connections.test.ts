import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createHttpServer, limitByAddress, type HttpServerOptions } from '../../src/api/http-server.js';
import { parseNetworks } from '../../src/common/networks.js';

const stops: (() => Promise<unknown>)[] = [];
after(() => Promise.all(stops.map((stop) => stop())));

async function listen(listener: RequestListener, options: HttpServerOptions): Promise<number> {
  const server = createHttpServer(listener, { publicUrl: 'https://passes.example' }, options);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  // A reset is how the server lets go.
  socket.on('error', () => undefined);
  return socket;
}

const LARGE = Buffer.alloc(32 * 1024 * 1024);

test('a reader that never reads its answer loses its connection', async () => {
  let end: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const port = await listen(
    (request, response) => {
      request.socket.once('close', end);
      response.end(LARGE);
    },
    { silenceMs: 300 },
  );
  const socket = open(port);
  socket.pause().write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(8));
  await ended;
  socket.destroy();
});

test('an answer that is read too slowly is given up, a stream of events is not', async () => {
  let end: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const port = await listen(
    (request, response) => {
      if (request.url === '/file') {
        // The reader would learn of it only once it has read what the kernel holds for it.
        request.socket.once('close', end);
        return void response.end(LARGE);
      }
      response.setHeader('Content-Type', 'text/event-stream');
      response.write('one');
      setTimeout(() => response.end('two'), 900);
    },
    { answerMs: 300, silenceMs: 60_000 },
  );
  const slow = open(port);
  slow.pause().write('GET /file HTTP/1.1\r\nHost: x\r\n\r\n');
  const dribble = setInterval(() => slow.read(1024), 20);
  await ended;
  clearInterval(dribble);
  slow.destroy();
  assert.ok(slow.bytesRead < LARGE.length);
  const events = await fetch(`http://127.0.0.1:${port}/events`);
  assert.equal(await events.text(), 'onetwo');
});

test('beyond the most connections new ones are closed, and there is room again when one goes', async () => {
  const port = await listen((_, response) => void response.end('here'), { maxConnections: 2 });
  const held = [open(port), open(port)];
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  const refused = open(port);
  await once(refused.resume(), 'close');
  held[0]!.destroy();
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    if (answer?.ok) break;
  }
  held[1]!.destroy();
});

test('one public address has a part of the connections; proxies of ours and private peers have any', () => {
  const server = new EventEmitter();
  limitByAddress(server as unknown as Server, {
    maxConnectionsPerAddress: 2,
    trustedProxies: parseNetworks('192.0.2.0/24,93.184.215.0/24'),
  });
  const arrive = (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), { remoteAddress, destroyed: false, destroy: () => {} });
    socket.destroy = () => void (socket.destroyed = true);
    server.emit('connection', socket);
    return socket;
  };
  const refusals = (address: string) => [1, 2, 3].map(() => arrive(address)).map(({ destroyed }) => destroyed);
  assert.deepEqual(refusals('9.9.9.9'), [false, false, true]);
  assert.deepEqual(refusals('2606:4700::1'), [false, false, true]);
  assert.equal(arrive('2606:4700::2').destroyed, true);
  for (const address of ['10.0.0.1', '::1', '93.184.215.14'])
    assert.deepEqual(refusals(address), [false, false, false]);
  const leaver = arrive('8.8.8.8');
  arrive('8.8.8.8');
  leaver.emit('close');
  assert.equal(arrive('8.8.8.8').destroyed, false);
});
